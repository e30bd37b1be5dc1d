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

template <class T> constexpr i64 LINE = 64 / i64(sizeof(T)); // numbers of a cache line

// Lines that the sums will meet, asked for one at a time while they are made: all at once they would wait in a queue.
template <class T> struct Soon {
    i64 lines = 0; // of each
    const T* from[4] = {};
    BACKLIT_INLINE void ask(i64 k) const {
        if (k / 4 < lines && from[k % 4]) BACKLIT_PREFETCH(from[k % 4] + k / 4 * LINE<T>);
    }
};

// sum += A B on a tile, where A(i, k) is a[i·lda + k], or a[k·lda + i] where turned.
template <class T, bool turned, int rows, int vectors, class... Ahead>
BACKLIT_INLINE void add_products(Vec<T> (&sum)[rows][vectors], i64 K, const T* BACKLIT_RESTRICT a, i64 lda,
                                 const T* BACKLIT_RESTRICT b, i64 ldb, const Ahead&... soon) {
    using V = Vec<T>;
    for (i64 k = 0; k < K; ++k) {
        (soon.ask(k), ...);
        V row[vectors];
        BACKLIT_UNROLL for (int v = 0; v < vectors; ++v) row[v] = load(b + v * WIDTH<T>);
        BACKLIT_UNROLL for (int i = 0; i < rows; ++i) {
            const V one = splat(turned ? a[i] : a[i * lda]);
            BACKLIT_UNROLL for (int v = 0; v < vectors; ++v) sum[i][v] += one * row[v];
        }
        a += turned ? lda : 1;
        b += ldb;
    }
}

template <class T, Into into, int rows, int vectors>
BACKLIT_INLINE void store_sums(const Vec<T> (&sum)[rows][vectors], T* c, i64 ldc, const T* beside, T scale) {
    BACKLIT_UNROLL for (int i = 0; i < rows; ++i) {
        BACKLIT_UNROLL for (int v = 0; v < vectors; ++v) {
            const i64 at = i * ldc + v * WIDTH<T>;
            store(c + at, finished<T, into>(sum[i][v], c + at, beside + at, scale));
        }
    }
}

template <class T, int rows, int vectors, bool turned, Into into>
BACKLIT_INLINE void tile(i64 K, const T* a, i64 lda, const T* b, i64 ldb, T* c, i64 ldc, const T* beside, T scale) {
    using V = Vec<T>;
    V sum[rows][vectors];
    BACKLIT_UNROLL for (int i = 0; i < rows; ++i) {
        BACKLIT_UNROLL for (int v = 0; v < vectors; ++v) {
            sum[i][v] = has_bias(into) ? load(beside + v * WIDTH<T>) : V{};
        }
    }
    add_products<T, turned>(sum, K, a, lda, b, ldb);
    store_sums<T, into>(sum, c, ldc, beside, scale);
}

template <int n> using Constant = std::integral_constant<int, n>;

// f(count, vectors, i) for tiles that cover rows × N numbers, N at most a panel; count and vectors are constants.
template <class T, class F> BACKLIT_INLINE void in_tiles(i64 rows, i64 N, F f) {
    const auto down = [&](auto vectors) {
        constexpr int tall = vectors * 2 <= TILE_VECTORS ? TILE_ROWS * 2 : TILE_ROWS; // few vectors leave room for rows
        i64 i = 0;
        for (; i + tall <= rows; i += tall) f(Constant<tall>{}, vectors, i);
        for (; i + TILE_ROWS <= rows; i += TILE_ROWS) f(Constant<TILE_ROWS>{}, vectors, i);
        switch (rows - i) {
        case 1: return f(Constant<1>{}, vectors, i);
        case 2: return f(Constant<2>{}, vectors, i);
        case 3: return f(Constant<3>{}, vectors, i);
        case 4: return f(Constant<4>{}, vectors, i);
        case 5: return f(Constant<5>{}, vectors, i);
        default: return;
        }
    };
    switch (N / WIDTH<T>) {
    case 0: return;
    case 1: return down(Constant<1>{});
    case 2: return down(Constant<2>{});
    case 3: return down(Constant<(TILE_VECTORS > 2 ? 3 : 2)>{});
    default: return down(Constant<TILE_VECTORS>{});
    }
}

// C = A B and what ``into`` makes of it, for N numbers a row, a multiple of the vector's width. ``beside`` is a bias for
// all rows, or numbers of C's shape.
template <class T, bool turned, Into into>
void product(i64 rows, i64 N, i64 K, const T* a, i64 lda, const T* b, i64 ldb, T* c, i64 ldc, const T* beside,
             T scale) {
    for (i64 j = 0; j < N; j += PANEL_OF<T>)
        in_tiles<T>(rows, N - j, [&](auto count, auto vectors, i64 i) {
            const T* by = into == Into::where_positive ? beside + i * ldc + j : beside + j;
            tile<T, decltype(count)::value, decltype(vectors)::value, turned, into>(
                K, a + i * (turned ? 1 : lda), lda, b + j, ldb, c + i * ldc + j, ldc, by, scale);
        });
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
