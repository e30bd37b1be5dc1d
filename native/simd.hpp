// One vector type for every instruction set, from the compiler's own vectors: arithmetic is written with operators.
//
// Each kernels_*.cpp includes the kernels inside a namespace of its own (BACKLIT_ISA), compiled with its own flags:
// shared inline functions would be merged by the linker, and a plain processor would meet AVX-512.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>

// BACKLIT_SCALAR: as with a compiler that has no vectors (MSVC), one number at a time; for tests.
#if (defined(__GNUC__) || defined(__clang__)) && !defined(BACKLIT_SCALAR)
#define BACKLIT_VECTORS 1
#define BACKLIT_INLINE inline __attribute__((always_inline))
#define BACKLIT_RESTRICT __restrict__
#define BACKLIT_PREFETCH(p) __builtin_prefetch(p)
#define BACKLIT_UNROLL _Pragma("GCC unroll 16")
#else
#define BACKLIT_VECTORS 0
#if defined(_MSC_VER)
#define BACKLIT_INLINE __forceinline
#else
#define BACKLIT_INLINE inline
#endif
#define BACKLIT_RESTRICT __restrict
#define BACKLIT_PREFETCH(p) ((void)(p))
#define BACKLIT_UNROLL
#endif

// The instruction set is the file's own, whatever else the compiler was told that it may use.
#define BACKLIT_AVX512 (BACKLIT_VECTORS && BACKLIT_BYTES == 64)
#define BACKLIT_AVX2 (BACKLIT_VECTORS && BACKLIT_BYTES == 32)

namespace backlit::BACKLIT_ISA {

using i64 = std::int64_t;

#if BACKLIT_VECTORS
template <class T> struct Simd;
template <> struct Simd<float> {
    typedef float V __attribute__((vector_size(BACKLIT_BYTES)));
    typedef std::int32_t I __attribute__((vector_size(BACKLIT_BYTES)));
    using Int = std::int32_t;
};
template <> struct Simd<double> {
    typedef double V __attribute__((vector_size(BACKLIT_BYTES)));
    typedef std::int64_t I __attribute__((vector_size(BACKLIT_BYTES)));
    using Int = std::int64_t;
};
template <class T> constexpr int WIDTH = BACKLIT_BYTES / int(sizeof(T));
#else
template <class T> struct Simd;
template <> struct Simd<float> {
    using V = float;
    using I = std::int32_t;
    using Int = std::int32_t;
};
template <> struct Simd<double> {
    using V = double;
    using I = std::int64_t;
    using Int = std::int64_t;
};
template <class T> constexpr int WIDTH = 1;
#endif

template <class T> using Vec = typename Simd<T>::V;
template <class T> using IVec = typename Simd<T>::I;

template <class T> BACKLIT_INLINE Vec<T> load(const T* p) {
    Vec<T> v;
    std::memcpy(&v, p, sizeof v);
    return v;
}
template <class T> BACKLIT_INLINE void store(T* p, Vec<T> v) { std::memcpy(p, &v, sizeof v); }
template <class T> BACKLIT_INLINE Vec<T> splat(T x) { return x - Vec<T>{}; } // x − 0 is x to the bit, x + 0 is not
template <class T> BACKLIT_INLINE IVec<T> bits(Vec<T> v) {
    IVec<T> i;
    std::memcpy(&i, &v, sizeof i);
    return i;
}
template <class T> BACKLIT_INLINE Vec<T> of_bits(IVec<T> i) {
    Vec<T> v;
    std::memcpy(&v, &i, sizeof v);
    return v;
}
template <class T> BACKLIT_INLINE Vec<T> larger(Vec<T> a, Vec<T> b) { return a > b ? a : b; }
template <class T> BACKLIT_INLINE Vec<T> smaller(Vec<T> a, Vec<T> b) { return a < b ? a : b; }
template <class T> BACKLIT_INLINE Vec<T> absolute(Vec<T> a) {
    constexpr auto mask = std::numeric_limits<typename Simd<T>::Int>::max();
    return of_bits<T>(bits<T>(a) & mask);
}
template <class T> BACKLIT_INLINE Vec<T> sign(Vec<T> a) {
    const Vec<T> zero{}, one = splat(T(1));
    return a > zero ? one : (a < zero ? -one : a); // 0 and NaN stay
}

#if BACKLIT_VECTORS
template <class T> BACKLIT_INLINE T lane(Vec<T> v, int i) { return v[i]; }
template <class T> BACKLIT_INLINE Vec<T> first_lanes(Vec<T> v, i64 count) { // the others become 0
    IVec<T> number{};
    for (int i = 0; i < WIDTH<T>; ++i) number[i] = i;
    return number < typename Simd<T>::Int(count) ? v : Vec<T>{};
}
template <class T, class F> BACKLIT_INLINE Vec<T> each_lane(Vec<T> v, F f) {
    Vec<T> r{};
    for (int i = 0; i < WIDTH<T>; ++i) r[i] = f(v[i]);
    return r;
}
#else
template <class T> BACKLIT_INLINE T lane(Vec<T> v, int) { return v; }
template <class T> BACKLIT_INLINE Vec<T> first_lanes(Vec<T> v, i64 count) { return count > 0 ? v : T(0); }
template <class T, class F> BACKLIT_INLINE Vec<T> each_lane(Vec<T> v, F f) { return f(v); }
#endif

#if BACKLIT_AVX512
template <class T> BACKLIT_INLINE unsigned lanes_not_zero(Vec<T> v) {
    if constexpr (sizeof(T) == 4)
        return _mm512_cmp_ps_mask((__m512)v, _mm512_setzero_ps(), _CMP_NEQ_UQ);
    else
        return _mm512_cmp_pd_mask((__m512d)v, _mm512_setzero_pd(), _CMP_NEQ_UQ);
}
#endif

// Whether a lane is other than 0.
template <class T> BACKLIT_INLINE bool any_lane(Vec<T> v) {
#if BACKLIT_AVX512
    return lanes_not_zero<T>(v) != 0;
#else
    std::uint64_t any = 0, words[sizeof(Vec<T>) > 8 ? sizeof(Vec<T>) / 8 : 1] = {};
    std::memcpy(words, &v, sizeof v);
    for (std::uint64_t word : words) any |= word;
    return any != 0; // −0 counts as other: it only means a product too many
#endif
}

#if BACKLIT_VECTORS
// Lanes i … of a and, counted on, b.
template <class T, int... i> BACKLIT_INLINE Vec<T> shuffled(Vec<T> a, Vec<T> b) {
#if defined(__clang__) || __GNUC__ >= 12
    return __builtin_shufflevector(a, b, i...);
#else
    return __builtin_shuffle(a, b, IVec<T>{i...});
#endif
}
template <class T, int half, int... i> BACKLIT_INLINE Vec<T> fold(Vec<T> v, std::integer_sequence<int, i...>) {
    return v + shuffled<T, ((i + half) % WIDTH<T>)...>(v, v);
}
template <class T, int half = WIDTH<T> / 2> BACKLIT_INLINE T sum_lanes(Vec<T> v) { // pairwise, in one order
    if constexpr (half == 0)
        return v[0];
    else
        return sum_lanes<T, half / 2>(fold<T, half>(v, std::make_integer_sequence<int, WIDTH<T>>{}));
}
// Of vectors of groups of ``size`` lanes each: each group's first half plus its second, a's groups before b's.
template <class T, int size, int... i>
BACKLIT_INLINE Vec<T> halved(Vec<T> a, Vec<T> b, std::integer_sequence<int, i...>) {
    return shuffled<T, (i / (size / 2) * size + i % (size / 2))...>(a, b) +
           shuffled<T, (i / (size / 2) * size + i % (size / 2) + size / 2)...>(a, b);
}
// The sums of the lanes of each of WIDTH vectors, which are overwritten, as one vector.
template <class T, int size = WIDTH<T>> BACKLIT_INLINE Vec<T> sums_of_lanes(Vec<T>* v) {
    if constexpr (size == 1) {
        return v[0];
    } else {
        BACKLIT_UNROLL for (int i = 0; i < size / 2; ++i) v[i] =
            halved<T, size>(v[2 * i], v[2 * i + 1], std::make_integer_sequence<int, WIDTH<T>>{});
        return sums_of_lanes<T, size / 2>(v);
    }
}
#else
template <class T> BACKLIT_INLINE T sum_lanes(Vec<T> v) { return v; }
template <class T> BACKLIT_INLINE Vec<T> sums_of_lanes(Vec<T>* v) { return v[0]; }
#endif
template <class T> BACKLIT_INLINE T largest_lane(Vec<T> v) {
    T most = lane<T>(v, 0);
    for (int i = 1; i < WIDTH<T>; ++i) most = lane<T>(v, i) > most ? lane<T>(v, i) : most;
    return most;
}

template <class T> BACKLIT_INLINE Vec<T> square_root(Vec<T> v) {
#if BACKLIT_AVX512
    if constexpr (sizeof(T) == 4)
        return (Vec<T>)_mm512_sqrt_ps((__m512)v);
    else
        return (Vec<T>)_mm512_sqrt_pd((__m512d)v);
#elif BACKLIT_AVX2
    if constexpr (sizeof(T) == 4)
        return (Vec<T>)_mm256_sqrt_ps((__m256)v);
    else
        return (Vec<T>)_mm256_sqrt_pd((__m256d)v);
#else
    return each_lane<T>(v, [](T x) { return std::sqrt(x); });
#endif
}

// A row of n numbers from wherever it lies; short ones are not worth a call.
template <class T, int part = WIDTH<T>> BACKLIT_INLINE void copy_row(i64 n, const void* from, T* to) {
    const char* bytes = static_cast<const char*>(from);
    i64 j = 0;
    for (; j + part <= n; j += part) std::memcpy(to + j, bytes + j * i64(sizeof(T)), part * sizeof(T));
    if constexpr (part > 1)
        if (j < n) copy_row<T, part / 2>(n - j, bytes + j * i64(sizeof(T)), to + j);
}

template <class T> constexpr i64 padded(i64 n) { return (n + WIDTH<T> - 1) / WIDTH<T> * WIDTH<T>; }

// Numbers between the starts of two rows of n: padded, and where rows are long an odd number of cache lines, so that
// a column's entries don't all fall into the same few places of the cache.
template <class T> constexpr i64 row_length(i64 n) {
    constexpr i64 line = 64 / i64(sizeof(T));
    i64 length = padded<T>(n);
    if (length * i64(sizeof(T)) >= 512) length = ((length + line - 1) / line | 1) * line;
    return length;
}

} // namespace backlit::BACKLIT_ISA
