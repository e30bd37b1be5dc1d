#define BACKLIT_ISA avx512
#define BACKLIT_BYTES 64
#include "kernels.hpp"
