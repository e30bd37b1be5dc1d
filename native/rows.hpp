// Examples as they come: gathered into a dense batch, or only their entries that are not zero (N10: where a^0_k = 0,
// ∂C/∂w^1_jk = 0 and the term of z is 0). No copy of the data is made beyond the batch at hand.
#pragma once

#include "simd.hpp"

namespace backlit::BACKLIT_ISA {

// The entries of a batch that are not zero, row after row; within a row in groups of ``group`` columns, whose weights
// together stay in the nearest cache. start[x·(groups + 1) + g] is where group g of row x begins.
template <class T> struct Entries {
    std::uint32_t* column = nullptr;
    T* value = nullptr;
    i64* start = nullptr;
    i64 group = 0, groups = 0;
};

constexpr i64 SPILL = 64; // numbers that may be written beyond the last entry

template <class T, class S> struct Reader {
    const char* row;
    i64 stride;
    T white, reciprocal;
    BACKLIT_INLINE T at(i64 k) const {
        S s;
        std::memcpy(&s, row + k * stride, sizeof s);
        if constexpr (sizeof(S) == 1)
            return T(s) / white;
        else
            return T(s);
    }
};

#if BACKLIT_AVX512
// The vector of sixteen bytes' values, divided by white as v / white rounds (Markstein 1990).
template <class T> BACKLIT_INLINE void store_levels(T* to, __m128i bytes, T white, T reciprocal) {
    const __m512i whole = _mm512_cvtepu8_epi32(bytes);
    if constexpr (sizeof(T) == 4) {
        const __m512 v = _mm512_cvtepi32_ps(whole), r = _mm512_set1_ps(reciprocal), q = _mm512_mul_ps(v, r);
        _mm512_storeu_ps(to, _mm512_fmadd_ps(_mm512_fnmadd_ps(q, _mm512_set1_ps(white), v), r, q));
    } else {
        const __m512d w = _mm512_set1_pd(white);
        _mm512_storeu_pd(to, _mm512_div_pd(_mm512_cvtepi32_pd(_mm512_castsi512_si256(whole)), w));
        _mm512_storeu_pd(to + 8, _mm512_div_pd(_mm512_cvtepi32_pd(_mm512_extracti64x4_epi64(whole, 1)), w));
    }
}

// A whole row of bytes: packed as bytes first, then widened, so that nothing branches on a pixel.
template <class T>
BACKLIT_INLINE i64 pack_bytes(const Reader<T, std::uint8_t>& from, i64 width, i64 n, const Entries<T>& to, i64* start) {
    constexpr i64 span = 4096; // columns packed before they are widened
    alignas(64) std::uint8_t levels[span + 64];
    alignas(64) std::uint16_t numbers[span + 64];
    const __m512i counted = _mm512_set_epi16(31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13,
                                             12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    i64 boundary = 0, g = 0;
    for (i64 first = 0; first < width; first += span) {
        const i64 stop = first + span < width ? first + span : width;
        i64 found = 0;
        for (i64 c = first; c < stop; c += 64) {
            if (c == boundary) { // groups are of whole 64 columns
                start[g++] = n + found;
                boundary += to.group;
            }
            const __mmask64 inside = stop - c < 64 ? (__mmask64(1) << (stop - c)) - 1 : ~__mmask64(0);
            const __m512i v = _mm512_maskz_loadu_epi8(inside, from.row + c);
            const __mmask64 there = _mm512_test_epi8_mask(v, v);
            const __mmask32 low = __mmask32(there), high = __mmask32(there >> 32);
            const __m512i number = _mm512_add_epi16(counted, _mm512_set1_epi16(short(c - first)));
            _mm512_storeu_si512(levels + found, _mm512_maskz_compress_epi8(there, v));
            _mm512_storeu_si512(numbers + found, _mm512_maskz_compress_epi16(low, number));
            _mm512_storeu_si512(numbers + found + __builtin_popcount(low),
                                _mm512_maskz_compress_epi16(high, _mm512_add_epi16(number, _mm512_set1_epi16(32))));
            found += __builtin_popcountll(there);
        }
        const __m512i base = _mm512_set1_epi32(int(first));
        for (i64 i = 0; i < found; i += 16) {
            const __m256i number = _mm256_load_si256((const __m256i*)(numbers + i));
            _mm512_storeu_si512(to.column + n + i, _mm512_add_epi32(_mm512_cvtepu16_epi32(number), base));
            store_levels<T>(to.value + n + i, _mm_load_si128((const __m128i*)(levels + i)), from.white,
                            from.reciprocal);
        }
        n += found;
    }
    return n;
}

// Sixteen floating inputs from column k on: those that are not zero and their columns, packed; gives how many.
template <class T, class S>
BACKLIT_INLINE int pack16(const Reader<T, S>& from, i64 k, std::uint32_t* column, T* value) {
    const char* p = from.row + k * i64(sizeof(S));
    const __m512i lanes = _mm512_add_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                                           _mm512_set1_epi32(int(k)));
    __mmask16 there;
    if constexpr (sizeof(S) == 4) {
        const __m512 v = _mm512_loadu_ps(p);
        there = _mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_NEQ_UQ);
        const __m512 packed = _mm512_maskz_compress_ps(there, v);
        if constexpr (sizeof(T) == 4) {
            _mm512_storeu_ps(value, packed);
        } else {
            _mm512_storeu_pd(value, _mm512_cvtps_pd(_mm512_castps512_ps256(packed)));
            _mm512_storeu_pd(value + 8,
                             _mm512_cvtps_pd(_mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(packed), 1))));
        }
    } else {
        const __m512d low = _mm512_loadu_pd(p), high = _mm512_loadu_pd(p + 64);
        const __mmask8 m0 = _mm512_cmp_pd_mask(low, _mm512_setzero_pd(), _CMP_NEQ_UQ);
        const __mmask8 m1 = _mm512_cmp_pd_mask(high, _mm512_setzero_pd(), _CMP_NEQ_UQ);
        there = __mmask16(m0 | (m1 << 8));
        const __m512d a = _mm512_maskz_compress_pd(m0, low), b = _mm512_maskz_compress_pd(m1, high);
        const int first = __builtin_popcount(m0);
        if constexpr (sizeof(T) == 8) {
            _mm512_storeu_pd(value, a);
            _mm512_storeu_pd(value + first, b);
        } else {
            _mm256_storeu_ps(value, _mm512_cvtpd_ps(a));
            _mm256_storeu_ps(value + first, _mm512_cvtpd_ps(b));
        }
    }
    _mm512_storeu_si512(column, _mm512_maskz_compress_epi32(there, lanes));
    return __builtin_popcount(there);
}
#endif

// One dense row's entries in columns [k, end); returns where the next begin.
template <class T, class S>
BACKLIT_INLINE i64 pack(const Reader<T, S>& from, i64 k, i64 end, std::uint32_t* column, T* value) {
    i64 n = 0;
#if BACKLIT_AVX512
    if constexpr (sizeof(S) > 1)
        if (from.stride == i64(sizeof(S)))
            for (; k + 16 <= end; k += 16) n += pack16<T, S>(from, k, column + n, value + n);
#else
    if constexpr (sizeof(S) == 1)
        if (from.stride == 1)
            for (; k + 8 <= end; k += 8) {
                std::uint64_t eight;
                std::memcpy(&eight, from.row + k, 8);
                if (!eight) continue;
                for (i64 i = k; i < k + 8; ++i) { // without a branch: whether a byte is zero can't be foretold
                    column[n] = std::uint32_t(i);
                    value[n] = T(std::uint8_t(from.row[i]));
                    n += from.row[i] != 0;
                }
            }
    if constexpr (sizeof(S) == 1)
        for (i64 i = 0; i < n; ++i) value[i] /= from.white;
#endif
    for (; k < end; ++k) {
        const T v = from.at(k);
        column[n] = std::uint32_t(k);
        value[n] = v;
        n += !(v == T(0));
    }
    return n;
}

template <class F> BACKLIT_INLINE void with_kind(Kind kind, F f) {
    switch (kind) {
    case Kind::f32: return f(float{});
    case Kind::f64: return f(double{});
    case Kind::u8: return f(std::uint8_t{});
    }
}

BACKLIT_INLINE i64 whole_number(const void* numbers, bool wide, i64 i) {
    return wide ? static_cast<const std::int64_t*>(numbers)[i] : static_cast<const std::int32_t*>(numbers)[i];
}

template <class T> BACKLIT_INLINE T csr_value(const Inputs& X, i64 p) {
    if (X.kind == Kind::f32) return T(static_cast<const float*>(X.data)[p]);
    if (X.kind == Kind::f64) return T(static_cast<const double*>(X.data)[p]);
    return T(static_cast<const std::uint8_t*>(X.data)[p]) / T(X.white);
}

template <class T, class S> BACKLIT_INLINE Reader<T, S> reader(const Inputs& X, i64 row) {
    return {static_cast<const char*>(X.data) + row * X.row_stride, X.column_stride, T(X.white), T(1) / T(X.white)};
}

// The rows' entries that are not zero.
template <class T> void collect(const Inputs& X, const i64* rows, i64 first, i64 m, const Entries<T>& to) {
    i64 n = 0;
    for (i64 x = 0; x < m; ++x) {
        const i64 row = rows ? rows[x] : first + x;
        i64* start = to.start + x * (to.groups + 1);
        if (X.indptr) {
            const i64 end = whole_number(X.indptr, X.wide_indptr, row + 1);
            start[0] = n;
            for (i64 p = whole_number(X.indptr, X.wide_indptr, row); p < end; ++p, ++n) {
                to.column[n] = std::uint32_t(whole_number(X.indices, X.wide_indices, p));
                to.value[n] = csr_value<T>(X, p);
            }
            start[1] = n; // one group: columns come in any order
            continue;
        }
        with_kind(X.kind, [&](auto sample) {
            using S = decltype(sample);
            const Reader<T, S> from = reader<T, S>(X, row);
#if defined(__AVX512F__)
            if constexpr (sizeof(S) == 1)
                if (from.stride == 1) {
                    n = pack_bytes<T>(from, X.width, n, to, start);
                    start[to.groups] = n;
                    return;
                }
#endif
            for (i64 g = 0; g < to.groups; ++g) {
                start[g] = n;
                const i64 end = (g + 1) * to.group < X.width ? (g + 1) * to.group : X.width;
                n += pack<T, S>(from, g * to.group, end, to.column + n, to.value + n);
            }
            start[to.groups] = n;
        });
    }
}

template <class T, class F> void gather_sparse(const Inputs& X, i64 m, F row_of, T* a, i64 ld) {
    for (i64 x = 0; x < m; ++x) {
        T* to = a + x * ld;
        for (i64 k = 0; k < X.width; ++k) to[k] = 0;
        const i64 end = whole_number(X.indptr, X.wide_indptr, row_of(x) + 1);
        for (i64 p = whole_number(X.indptr, X.wide_indptr, row_of(x)); p < end; ++p)
            to[whole_number(X.indices, X.wide_indices, p)] += csr_value<T>(X, p);
    }
}

// The rows as they are, into a(m × ld).
template <class T> void gather(const Inputs& X, const i64* rows, i64 first, i64 m, T* a, i64 ld) {
    const auto row_of = [&](i64 x) { return rows ? rows[x] : first + x; };
    if (X.indptr) return gather_sparse<T>(X, m, row_of, a, ld);
    with_kind(X.kind, [&](auto sample) {
        using S = decltype(sample);
        Reader<T, S> from = reader<T, S>(X, 0);
        const bool near = from.stride == i64(sizeof(S));
        for (i64 x = 0; x < m; ++x) {
            from.row = static_cast<const char*>(X.data) + row_of(x) * X.row_stride;
            T* to = a + x * ld;
            if (near && std::is_same_v<S, T>)
                copy_row<T>(X.width, from.row, to);
            else if (near)
                for (i64 k = 0; k < X.width; ++k) to[k] = Reader<T, S>{from.row, i64(sizeof(S)), from.white, 0}.at(k);
            else
                for (i64 k = 0; k < X.width; ++k) to[k] = from.at(k);
        }
    });
}

constexpr i64 FORESEEN = 1024; // cache lines: more would push out what is at hand

// Asks for the rows of a batch to come, since they lie anywhere.
BACKLIT_INLINE void foresee(const Inputs& X, const i64* rows, i64 m) {
    if (X.indptr) {
        const i64 size = X.kind == Kind::f32 ? 4 : X.kind == Kind::f64 ? 8 : 1;
        for (i64 x = 0; x < (m < 64 ? m : 64); ++x) {
            const i64 p = whole_number(X.indptr, X.wide_indptr, rows[x]);
            const i64 end = whole_number(X.indptr, X.wide_indptr, rows[x] + 1);
            for (i64 q = p; q < end; q += 16) {
                BACKLIT_PREFETCH(static_cast<const char*>(X.data) + q * size);
                BACKLIT_PREFETCH(static_cast<const char*>(X.indices) + q * (X.wide_indices ? 8 : 4));
            }
        }
        return;
    }
    const i64 bytes = X.column_stride * X.width < 4096 ? X.column_stride * X.width : 4096;
    if (bytes <= 0) return;
    const i64 most = FORESEEN / (bytes / 64 + 1) + 1;
    for (i64 x = 0; x < (m < most ? m : most); ++x) {
        const char* row = static_cast<const char*>(X.data) + rows[x] * X.row_stride;
        for (i64 k = 0; k < bytes; k += 64) BACKLIT_PREFETCH(row + k);
    }
}

// ---- products with a batch of entries, for columns of weights [0, N) of w(K × ld), N padded

#if BACKLIT_AVX512
constexpr int WIDEST = 8;
#else
constexpr int WIDEST = 4;
#endif

// z += Σ value · w[column], in ``vectors`` vectors. Few vectors take several entries at once, to hide their latency.
template <class T, int vectors>
BACKLIT_INLINE void add_rows(i64 p, i64 end, const Entries<T>& from, const T* w, i64 ld, T* z) {
    using V = Vec<T>;
    constexpr int sets = vectors == 1 ? 4 : vectors <= 3 ? 2 : 1;
    const std::uint32_t* BACKLIT_RESTRICT column = from.column;
    const T* BACKLIT_RESTRICT entry = from.value;
    V sum[sets][vectors];
    BACKLIT_UNROLL for (int s = 0; s < sets; ++s) {
        BACKLIT_UNROLL for (int v = 0; v < vectors; ++v) sum[s][v] = s ? V{} : load(z + v * WIDTH<T>);
    }
    for (; p + sets <= end; p += sets) {
        BACKLIT_UNROLL for (int s = 0; s < sets; ++s) {
            const T* row = w + i64(column[p + s]) * ld;
            const V value = splat(entry[p + s]);
            BACKLIT_UNROLL for (int v = 0; v < vectors; ++v) sum[s][v] += value * load(row + v * WIDTH<T>);
        }
    }
    for (; p < end; ++p) {
        const T* row = w + i64(column[p]) * ld;
        const V value = splat(entry[p]);
        BACKLIT_UNROLL for (int v = 0; v < vectors; ++v) sum[0][v] += value * load(row + v * WIDTH<T>);
    }
    BACKLIT_UNROLL for (int v = 0; v < vectors; ++v) {
        V all = sum[0][v];
        BACKLIT_UNROLL for (int s = 1; s < sets; ++s) all += sum[s][v];
        store(z + v * WIDTH<T>, all);
    }
}

// w[column] += value · d, in ``vectors`` vectors.
template <class T, int vectors>
BACKLIT_INLINE void add_to_rows(i64 p, i64 end, const Entries<T>& from, const T* d, T scale, T* w, i64 ld) {
    using V = Vec<T>;
    const std::uint32_t* BACKLIT_RESTRICT column = from.column;
    const T* BACKLIT_RESTRICT entry = from.value;
    V part[vectors];
    BACKLIT_UNROLL for (int v = 0; v < vectors; ++v) part[v] = load(d + v * WIDTH<T>) * scale;
    for (; p < end; ++p) {
        T* row = w + i64(column[p]) * ld;
        const V value = splat(entry[p]);
        BACKLIT_UNROLL for (int v = 0; v < vectors; ++v) {
            T* at = row + v * WIDTH<T>;
            store(at, load(at) + value * part[v]);
        }
    }
}

template <class T, int vectors>
void forward_columns(i64 m, const Entries<T>& from, const T* w, i64 ld, const T* bias, T* z, i64 ldz) {
    for (i64 x = 0; x < m; ++x)
        for (int v = 0; v < vectors; ++v) store(z + x * ldz + v * WIDTH<T>, load(bias + v * WIDTH<T>));
    for (i64 g = 0; g < from.groups; ++g)
        for (i64 x = 0; x < m; ++x) {
            const i64* start = from.start + x * (from.groups + 1) + g;
            add_rows<T, vectors>(start[0], start[1], from, w, ld, z + x * ldz);
        }
}

template <class T, int vectors>
void gradient_columns(i64 m, const Entries<T>& from, const T* d, i64 ldd, T scale, T* w, i64 ld) {
    for (i64 g = 0; g < from.groups; ++g)
        for (i64 x = 0; x < m; ++x) {
            const i64* start = from.start + x * (from.groups + 1) + g;
            add_to_rows<T, vectors>(start[0], start[1], from, d + x * ldd, scale, w, ld);
        }
}

#define BACKLIT_BY_VECTORS(N, CALL)             \
    switch ((N) / WIDTH<T>) {                   \
    case 1: CALL(1); break;                     \
    case 2: CALL(2); break;                     \
    case 3: CALL(3); break;                     \
    case 4: CALL(4); break;                     \
    case 5: CALL((WIDEST > 4 ? 5 : 4)); break;  \
    case 6: CALL((WIDEST > 4 ? 6 : 4)); break;  \
    case 7: CALL((WIDEST > 4 ? 7 : 4)); break;  \
    default: CALL((WIDEST > 4 ? 8 : 4)); break; \
    }

// z(m × N) = w-rows of the entries + bias; N ≤ WIDEST vectors.
template <class T>
void forward_entries(i64 m, i64 N, const Entries<T>& from, const T* w, i64 ld, const T* bias, T* z, i64 ldz) {
#define BACKLIT_CALL(vectors) forward_columns<T, vectors>(m, from, w, ld, bias, z, ldz)
    BACKLIT_BY_VECTORS(N, BACKLIT_CALL)
#undef BACKLIT_CALL
}

// w(K × N) += scale · Σ_x entry · d[x]; N ≤ WIDEST vectors.
template <class T>
void gradient_entries(i64 m, i64 N, const Entries<T>& from, const T* d, i64 ldd, T scale, T* w, i64 ld) {
#define BACKLIT_CALL(vectors) gradient_columns<T, vectors>(m, from, d, ldd, scale, w, ld)
    BACKLIT_BY_VECTORS(N, BACKLIT_CALL)
#undef BACKLIT_CALL
}

} // namespace backlit::BACKLIT_ISA
