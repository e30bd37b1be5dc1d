// Dropout masks from Philox4x32-10 of (step, layer, position in the batch, neuron): dropout.py, in every engine alike.
#pragma once

#include "simd.hpp"

namespace backlit::BACKLIT_ISA {

// The generator's first word.
BACKLIT_INLINE std::uint32_t philox(std::uint32_t c0, std::uint32_t c1, std::uint32_t c2, std::uint32_t c3,
                                    std::uint64_t key) {
    std::uint32_t k0 = std::uint32_t(key), k1 = std::uint32_t(key >> 32);
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t high = std::uint64_t(0xD2511F53u) * c0, low = std::uint64_t(0xCD9E8D57u) * c2;
        const std::uint32_t n0 = std::uint32_t(low >> 32) ^ c1 ^ k0, n2 = std::uint32_t(high >> 32) ^ c3 ^ k1;
        c1 = std::uint32_t(low);
        c3 = std::uint32_t(high);
        c0 = n0;
        c2 = n2;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return c0;
}

// One layer's dropout in one step.
template <class T> struct Mask {
    std::uint32_t step, layer;
    std::uint64_t key, least; // kept where the word is below ``least``
    T scale;

    Mask(double keep, std::uint64_t key_, i64 step_, i64 layer_)
        : step(std::uint32_t(step_)), layer(std::uint32_t(layer_)), key(key_),
          least(std::uint64_t(keep * 4294967296.0)), scale(T(1 / keep)) {}

    BACKLIT_INLINE T at(i64 x, i64 j) const {
        return philox(step, layer, std::uint32_t(x), std::uint32_t(j), key) < least ? scale : T(0);
    }
    void fill(i64 rows, i64 n, T* to, i64 ld, i64 first) const { // of positions ``first`` on
        for (i64 x = 0; x < rows; ++x)
            for (i64 j = 0; j < n; ++j) to[x * ld + j] = at(first + x, j);
    }
};

} // namespace backlit::BACKLIT_ISA
