// Products of matrices in register tiles: C(rows × N) from A(rows × K) and B(K × N), N padded to whole vectors.
//
// A is read one number at a time and spread over a vector, B and C by vectors along their rows. The sum over K runs in
// one order whatever the tile, so an entry's bits don't depend on how the work was divided.
#pragma once

#include "simd.hpp"

namespace backlit::BACKLIT_ISA {

#if BACKLIT_AVX512
constexpr int TILE_ROWS = 6, TILE_VECTORS = 4; // 24 sums of 32 registers
#elif BACKLIT_VECTORS
constexpr int TILE_ROWS = 6, TILE_VECTORS = 2;
#else
constexpr int TILE_ROWS = 4, TILE_VECTORS = 4;
#endif

template <class T> constexpr i64 PANEL_OF = TILE_VECTORS * WIDTH<T>; // columns of a product that are worked on together

// What becomes of a tile's sums: they are put down, begin at a bias, go through relu as well, are kept where what stands
// beside is positive (relu's slope), or are added, scaled.
enum class Into { replace, with_bias, with_bias_relu, where_positive, add };

constexpr bool has_bias(Into into) { return into == Into::with_bias || into == Into::with_bias_relu; }

template <class T, Into into> BACKLIT_INLINE Vec<T> finished(Vec<T> sum, const T* at, const T* beside, T scale) {
    const Vec<T> zero{};
    if constexpr (into == Into::with_bias_relu)
        return sum < zero ? zero : sum; // NaN stays
    else if constexpr (into == Into::where_positive)
        return load(beside) > zero ? sum : zero;
    else if constexpr (into == Into::add)
        return load(at) + sum * scale;
    else
        return sum;
}

// A(i, k) is a[i·lda + k], or a[k·lda + i] where turned.
template <class T, int rows, int vectors, bool turned, Into into>
BACKLIT_INLINE void tile(i64 K, const T* BACKLIT_RESTRICT a, i64 lda, const T* BACKLIT_RESTRICT b, i64 ldb,
                         T* BACKLIT_RESTRICT c, i64 ldc, const T* BACKLIT_RESTRICT beside, T scale) {
    using V = Vec<T>;
    V sum[rows][vectors];
    BACKLIT_UNROLL for (int i = 0; i < rows; ++i) {
        BACKLIT_UNROLL for (int v = 0; v < vectors; ++v) {
            sum[i][v] = has_bias(into) ? load(beside + v * WIDTH<T>) : V{};
        }
    }
    for (i64 k = 0; k < K; ++k) {
        V row[vectors];
        BACKLIT_UNROLL for (int v = 0; v < vectors; ++v) row[v] = load(b + v * WIDTH<T>);
        BACKLIT_UNROLL for (int i = 0; i < rows; ++i) {
            const V one = splat(turned ? a[i] : a[i * lda]);
            BACKLIT_UNROLL for (int v = 0; v < vectors; ++v) sum[i][v] += one * row[v];
        }
        a += turned ? lda : 1;
        b += ldb;
    }
    BACKLIT_UNROLL for (int i = 0; i < rows; ++i) {
        BACKLIT_UNROLL for (int v = 0; v < vectors; ++v) {
            const i64 at = i * ldc + v * WIDTH<T>;
            store(c + at, finished<T, into>(sum[i][v], c + at, beside + at, scale));
        }
    }
}

template <class T, int vectors, bool turned, Into into>
BACKLIT_INLINE void column_of_tiles(i64 rows, i64 K, const T* a, i64 lda, const T* b, i64 ldb, T* c, i64 ldc,
                                    const T* beside, T scale) {
    constexpr int tall = vectors * 2 <= TILE_VECTORS ? TILE_ROWS * 2 : TILE_ROWS; // few vectors leave room for rows
    const i64 step = turned ? 1 : lda, down = into == Into::where_positive ? ldc : 0;
    for (; rows >= tall; rows -= tall, a += tall * step, c += tall * ldc, beside += tall * down)
        tile<T, tall, vectors, turned, into>(K, a, lda, b, ldb, c, ldc, beside, scale);
    for (; rows >= TILE_ROWS;
         rows -= TILE_ROWS, a += TILE_ROWS * step, c += TILE_ROWS * ldc, beside += TILE_ROWS * down)
        tile<T, TILE_ROWS, vectors, turned, into>(K, a, lda, b, ldb, c, ldc, beside, scale);
    switch (rows) {
    case 1: tile<T, 1, vectors, turned, into>(K, a, lda, b, ldb, c, ldc, beside, scale); break;
    case 2: tile<T, 2, vectors, turned, into>(K, a, lda, b, ldb, c, ldc, beside, scale); break;
    case 3: tile<T, 3, vectors, turned, into>(K, a, lda, b, ldb, c, ldc, beside, scale); break;
    case 4: tile<T, 4, vectors, turned, into>(K, a, lda, b, ldb, c, ldc, beside, scale); break;
    case 5: tile<T, 5, vectors, turned, into>(K, a, lda, b, ldb, c, ldc, beside, scale); break;
    default: break;
    }
}

// C = A B and what ``into`` makes of it, for N numbers a row, a multiple of the vector's width. ``beside`` is a bias for
// all rows, or numbers of C's shape.
template <class T, bool turned, Into into>
void product(i64 rows, i64 N, i64 K, const T* a, i64 lda, const T* b, i64 ldb, T* c, i64 ldc, const T* beside,
             T scale) {
    constexpr i64 panel = TILE_VECTORS * WIDTH<T>;
    i64 j = 0;
    for (; j + panel <= N; j += panel)
        column_of_tiles<T, TILE_VECTORS, turned, into>(rows, K, a, lda, b + j, ldb, c + j, ldc, beside + j, scale);
    const i64 left = (N - j) / WIDTH<T>;
    if (left == 1) column_of_tiles<T, 1, turned, into>(rows, K, a, lda, b + j, ldb, c + j, ldc, beside + j, scale);
    if constexpr (TILE_VECTORS > 2) {
        if (left == 2) column_of_tiles<T, 2, turned, into>(rows, K, a, lda, b + j, ldb, c + j, ldc, beside + j, scale);
        if (left == 3) column_of_tiles<T, 3, turned, into>(rows, K, a, lda, b + j, ldb, c + j, ldc, beside + j, scale);
    }
}

#if BACKLIT_VECTORS
template <class T, int... i>
BACKLIT_INLINE void interleave(Vec<T> a, Vec<T> b, Vec<T>& low, Vec<T>& high, std::integer_sequence<int, i...>) {
    constexpr int W = WIDTH<T>;
    low = shuffled<T, (i % 2 * W + i / 2)...>(a, b);
    high = shuffled<T, (i % 2 * W + i / 2 + W / 2)...>(a, b);
}

// A square of WIDTH rows: interleaving the first half of the rows with the second, log₂ WIDTH times, turns it.
template <class T> BACKLIT_INLINE void transpose_square(const T* from, i64 ld_from, T* to, i64 ld_to) {
    constexpr int W = WIDTH<T>;
    Vec<T> r[W], t[W];
    BACKLIT_UNROLL for (int i = 0; i < W; ++i) r[i] = load(from + i * ld_from);
    BACKLIT_UNROLL for (int half = 1; half < W; half *= 2) {
        BACKLIT_UNROLL for (int i = 0; i < W / 2; ++i)
            interleave<T>(r[i], r[i + W / 2], t[2 * i], t[2 * i + 1], std::make_integer_sequence<int, W>{});
        BACKLIT_UNROLL for (int i = 0; i < W; ++i) r[i] = t[i];
    }
    BACKLIT_UNROLL for (int i = 0; i < W; ++i) store(to + i * ld_to, r[i]);
}
#else
template <class T> BACKLIT_INLINE void transpose_square(const T* from, i64, T* to, i64) { *to = *from; }
#endif

// to(n × m) = from(m × n)ᵀ, exact sizes.
template <class T>
void transpose(i64 m, i64 n, const T* BACKLIT_RESTRICT from, i64 ld_from, T* BACKLIT_RESTRICT to, i64 ld_to) {
    constexpr i64 W = WIDTH<T>;
    for (i64 i = 0; i < m; i += W)
        for (i64 j = 0; j < n; j += W) {
            if (i + W <= m && j + W <= n) {
                transpose_square<T>(from + i * ld_from + j, ld_from, to + j * ld_to + i, ld_to);
                continue;
            }
            for (i64 l = j; l < (j + W < n ? j + W : n); ++l)
                for (i64 k = i; k < (i + W < m ? i + W : m); ++k) to[l * ld_to + k] = from[k * ld_from + l];
        }
}

} // namespace backlit::BACKLIT_ISA
