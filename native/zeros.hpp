// Products that leave out what a hidden layer holds of zeros (N10: where a^{l−1}_k = 0, neither z^l nor ∂C/∂w^l needs
// the product; and where relu is at rest or dropout was at work, δ is zero too). Which numbers are not zero is kept as
// bits: by an example's neurons for a^l and δ^l, by a neuron's examples for a^l turned. Sums run in matrix.hpp's order,
// 64 numbers at a time, so that leaving out changes hardly a bit of a product, only its time.
#pragma once

#include <bit>

#include "matrix.hpp"

namespace backlit::BACKLIT_ISA {

// Worth it only where a product has as many vectors at once as hide the latency of adding to each of them.
constexpr bool SKIPS_HIDDEN = TILE_VECTORS >= 4;
constexpr i64 WORD = 64;

struct Bits {
    std::uint64_t* word = nullptr; // (rows, words), a bit for each number that is not zero
    i64 words = 0;
    i64 count = 0; // of all bits that are set
};

BACKLIT_INLINE i64 words_of(i64 n) { return (n + WORD - 1) / WORD; }

// Of each row of a(m × n), n numbers that are followed by padding.
template <class T> void find_in_rows(i64 m, i64 n, const T* a, i64 lda, Bits& to) {
    to.words = words_of(n);
    to.count = 0;
    for (i64 x = 0; x < m; ++x)
        for (i64 w = 0; w < to.words; ++w) {
            const T* from = a + x * lda + w * WORD;
            const i64 here = n - w * WORD < WORD ? n - w * WORD : WORD;
            std::uint64_t bits = 0;
#if BACKLIT_AVX512
            for (i64 k = 0; k < here; k += WIDTH<T>) bits |= std::uint64_t(lanes_not_zero<T>(load(from + k))) << k;
            if (here < WORD) bits &= (std::uint64_t(1) << here) - 1;
#else
            for (i64 k = 0; k < here; ++k) bits |= std::uint64_t(from[k] != T(0)) << k;
#endif
            to.word[x * to.words + w] = bits;
            to.count += std::popcount(bits);
        }
}

// Of each column of a(m × n), n padded.
template <class T> void find_in_columns(i64 m, i64 n, const T* a, i64 lda, Bits& to) {
    using Int = typename Simd<T>::Int;
    constexpr i64 part = i64(sizeof(Int)) * 8; // bits of a lane
    to.words = words_of(m);
    std::memset(to.word, 0, std::size_t(n * to.words) * sizeof(std::uint64_t));
    for (i64 j = 0; j < n; j += WIDTH<T>)
        for (i64 first = 0; first < m; first += part) {
            const i64 end = first + part < m ? first + part : m;
            IVec<T> bits{};
            for (i64 x = first; x < end; ++x)
                bits |=
                    load(a + x * lda + j) != Vec<T>{} ? IVec<T>{} + Int(std::uint64_t(1) << (x - first)) : IVec<T>{};
            std::make_unsigned_t<Int> each[WIDTH<T>];
            std::memcpy(each, &bits, sizeof each);
            for (i64 k = 0; k < WIDTH<T>; ++k)
                to.word[(j + k) * to.words + first / WORD] |= std::uint64_t(each[k]) << first % WORD;
        }
}

// Whether leaving out pays in a product of so many rows with K numbers each: a number costs a little more than in a
// tile, and a row's end is not foreseen.
BACKLIT_INLINE bool pays(const Bits& bits, i64 rows, i64 K) {
    return SKIPS_HIDDEN && bits.count * 5 / 4 + rows * 5 < rows * K;
}

// C = A B as ``product`` does it, by the numbers of A that are not zero; K in words of 64, whose rows of B stay near.
template <class T, int vectors, bool turned, Into into>
BACKLIT_INLINE void panel_of_nonzeros(i64 rows, i64 first_row, const Bits& bits, const T* BACKLIT_RESTRICT a, i64 lda,
                                      const T* BACKLIT_RESTRICT b, i64 ldb, T* BACKLIT_RESTRICT c, i64 ldc,
                                      const T* BACKLIT_RESTRICT beside, T scale) {
    using V = Vec<T>;
    const i64 words = bits.words;
    const std::uint64_t* word = bits.word + first_row * words;
    for (i64 w = 0; w < words; ++w) {
        const bool begins = w == 0, ends = w + 1 == words;
        const T *a_w = a + w * WORD * (turned ? lda : 1), *b_w = b + w * WORD * ldb;
        for (i64 i = 0; i < rows; ++i) {
            T* to = c + i * ldc;
            const T* by = into == Into::where_positive ? beside + i * ldc : beside;
            V sum[vectors];
            BACKLIT_UNROLL for (int v = 0; v < vectors; ++v) {
                const i64 at = v * WIDTH<T>;
                if (!begins && into != Into::add)
                    sum[v] = load(to + at);
                else
                    sum[v] = has_bias(into) ? load(by + at) : V{};
            }
            for (std::uint64_t left = word[i * words + w]; left; left &= left - 1) {
                const i64 k = std::countr_zero(left);
                const V one = splat(turned ? a_w[k * lda + i] : a_w[i * lda + k]);
                const T* row = b_w + k * ldb;
                BACKLIT_UNROLL for (int v = 0; v < vectors; ++v) sum[v] += one * load(row + v * WIDTH<T>);
            }
            BACKLIT_UNROLL for (int v = 0; v < vectors; ++v) {
                T* at = to + v * WIDTH<T>;
                if (ends || into == Into::add)
                    store(at, finished<T, into>(sum[v], at, by + v * WIDTH<T>, scale));
                else
                    store(at, sum[v]);
            }
        }
    }
}

// ``product``, its whole panels by the numbers of A that are not zero where ``on`` (not null) tells them; C's first row
// is first_row of A there.
template <class T, bool turned, Into into>
void product_of_nonzeros(const Bits* on, i64 first_row, i64 rows, i64 N, i64 K, const T* a, i64 lda, const T* b,
                         i64 ldb, T* c, i64 ldc, const T* beside, T scale) {
    i64 j = 0;
    if constexpr (SKIPS_HIDDEN)
        for (; on && j + PANEL_OF<T> <= N; j += PANEL_OF<T>)
            panel_of_nonzeros<T, TILE_VECTORS, turned, into>(rows, first_row, *on, a, lda, b + j, ldb, c + j, ldc,
                                                             beside + j, scale);
    product<T, turned, into>(rows, N - j, K, a, lda, b + j, ldb, c + j, ldc, beside + j, scale);
}

} // namespace backlit::BACKLIT_ISA
