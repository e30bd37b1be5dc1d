#define BACKLIT_ISA avx2
#define BACKLIT_BYTES 32
#include "kernels.hpp"
