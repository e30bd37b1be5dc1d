// Numbers below the normal ones count as 0 while a pass runs. They come by the million where a rule's averages die away
// at a neuron that is at rest, and processors take longer over them.
#pragma once

#include <cstdint>

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace backlit {

// Of the thread that makes it, until it is gone.
class NoDenormals {
#if defined(__x86_64__) || defined(_M_X64)
    unsigned before = _mm_getcsr();

  public:
    NoDenormals() { _mm_setcsr(before | 0x8040); } // results to 0 (FTZ) and operands (DAZ)
    ~NoDenormals() { _mm_setcsr(before); }
#elif defined(__aarch64__) && defined(__GNUC__)
    std::uint64_t before = 0;

  public:
    NoDenormals() {
        asm volatile("mrs %0, fpcr" : "=r"(before));
        asm volatile("msr fpcr, %0" : : "r"(before | (std::uint64_t(1) << 24))); // FZ
    }
    ~NoDenormals() { asm volatile("msr fpcr, %0" : : "r"(before)); }
#else
  public:
    NoDenormals() {}
#endif
    NoDenormals(const NoDenormals&) = delete;
    NoDenormals& operator=(const NoDenormals&) = delete;
};

} // namespace backlit
