#define BACKLIT_ISA plain
#define BACKLIT_BYTES 16
#include "kernels.hpp"
