// z of a layer with few neurons, whose weights are kept as the note has them, a neuron's in a row: in vectors of
// neurons most lanes would be empty, in vectors along k none are.
#pragma once

#include "simd.hpp"

namespace backlit::BACKLIT_ISA {

// Neurons that are worked on together, 1, 2 or 4; 0 where a layer has too many.
template <class T> constexpr int narrow_neurons(i64 out) {
    return out * 4 > WIDTH<T> ? 0 : out == 1 ? 1 : out == 2 ? 2 : 4;
}

// z(m × neurons) = a wᵀ + b from w(neurons × ldw), in tiles of as many sums as a vector has lanes.
template <class T, int neurons>
void forward_narrow(i64 m, i64 n, const T* a, i64 lda, const T* w, i64 ldw, const T* bias, T* z, i64 ldz) {
    using V = Vec<T>;
    constexpr int W = WIDTH<T>, examples = W / neurons;
    T b[W], found[W];
    for (int i = 0; i < W; ++i) b[i] = bias[i % neurons];
    for (i64 x = 0; x < m; x += examples) {
        const T* from[examples];
        for (int i = 0; i < examples; ++i) from[i] = a + (x + i < m ? x + i : m - 1) * lda;
        V sum[W] = {};
        for (i64 k = 0; k < n; k += W) {
            V row[neurons];
            BACKLIT_UNROLL for (int j = 0; j < neurons; ++j) row[j] = load(w + j * ldw + k);
            BACKLIT_UNROLL for (int i = 0; i < examples; ++i) {
                const V in = k + W <= n ? load(from[i] + k) : first_lanes<T>(load(from[i] + k), n - k);
                BACKLIT_UNROLL for (int j = 0; j < neurons; ++j) sum[i * neurons + j] += in * row[j];
            }
        }
        store(found, sums_of_lanes<T>(sum) + load(b));
        for (int i = 0; i < examples && x + i < m; ++i)
            std::memcpy(z + (x + i) * ldz, found + i * neurons, neurons * sizeof(T));
    }
}

// Of w with the biases behind it.
template <class T>
void forward_narrow(int neurons, i64 m, i64 n, const T* a, i64 lda, const T* w, i64 ldw, T* z, i64 ldz) {
    const T* bias = w + neurons * ldw;
    if (neurons == 1) return forward_narrow<T, 1>(m, n, a, lda, w, ldw, bias, z, ldz);
    if constexpr (WIDTH<T> >= 8)
        if (neurons == 2) return forward_narrow<T, 2>(m, n, a, lda, w, ldw, bias, z, ldz);
    if constexpr (WIDTH<T> >= 16) forward_narrow<T, 4>(m, n, a, lda, w, ldw, bias, z, ldz);
}

} // namespace backlit::BACKLIT_ISA
