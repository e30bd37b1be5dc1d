// All kernels of one instruction set, behind one table. Included once by each kernels_*.cpp, which says which.
#pragma once

#include <cstdlib>
#include <type_traits>

#if BACKLIT_BYTES > 16
#include <immintrin.h>
#endif
#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "cpu.hpp"
#include "team.hpp"

#include "few.hpp"
#include "step.hpp"

#define BACKLIT_STRING(name) #name
#define BACKLIT_NAME(name) BACKLIT_STRING(name)

namespace backlit::BACKLIT_ISA {

const Kernels kernels = {
    BACKLIT_NAME(BACKLIT_ISA), &run_epoch<float>, &run_epoch<double>,     &run_pass<float>,        &run_pass<double>,
    &run_few<float>,           &run_few<double>,  &run_activation<float>, &run_activation<double>,
};

} // namespace backlit::BACKLIT_ISA
