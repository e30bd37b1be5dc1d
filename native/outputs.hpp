// C_x and δ^L of a batch, from z^L and a^L: the costs of functions/costs.py and the pairs of functions/pairs.py.
#pragma once

#include "activations.hpp"

namespace backlit::BACKLIT_ISA {

// Σ_j of[j] over the n numbers of a row; what pads the row is left out.
template <class T, class F> BACKLIT_INLINE T sum_row(i64 n, F of) {
    Vec<T> sum{};
    for (i64 j = 0; j < n; j += WIDTH<T>) sum += first_lanes<T>(of(j), n - j);
    return sum_lanes<T>(sum);
}

// a = softmax(z) of one row; gives log Σ e^{z − most} and the largest z.
template <class T> BACKLIT_INLINE T softmax_row(i64 n, const T* z, T* a, T& most) {
    most = z[0];
    for (i64 j = 1; j < n; ++j) most = z[j] > most ? z[j] : most;
    for (i64 j = 0; j < n; j += WIDTH<T>) store(a + j, first_lanes<T>(vexp<T>(load(z + j) - most), n - j));
    const T total = sum_row<T>(n, [&](i64 j) { return load(a + j); });
    for (i64 j = 0; j < n; j += WIDTH<T>) store(a + j, load(a + j) / total);
    return std::log(total);
}

template <class T> void softmax(i64 rows, i64 n, const T* z, T* a, i64 ld) {
    T most;
    for (i64 x = 0; x < rows; ++x) softmax_row<T>(n, z + x * ld, a + x * ld, most);
}

// d of softmax: a ⊙ (d − Σ a d).
template <class T> void softmax_pullback(i64 rows, i64 n, const T* a, T* d, i64 ld) {
    for (i64 x = 0; x < rows; ++x) {
        const T* ax = a + x * ld;
        T* dx = d + x * ld;
        const T dot = sum_row<T>(n, [&](i64 j) { return load(ax + j) * load(dx + j); });
        for (i64 j = 0; j < n; j += WIDTH<T>) store(dx + j, first_lanes<T>(load(ax + j) * (load(dx + j) - dot), n - j));
    }
}

// y/a, and 0 where y is 0.
template <class T> BACKLIT_INLINE Vec<T> over(Vec<T> y, Vec<T> a) { return y == T(0) ? Vec<T>{} : y / a; }
template <class T> BACKLIT_INLINE Vec<T> times_log(Vec<T> y, Vec<T> a) { return y == T(0) ? Vec<T>{} : y * vlog<T>(a); }

// The cost's term of one output; its derivative by a.
template <class T, Cost cost> BACKLIT_INLINE Vec<T> term(Vec<T> a, Vec<T> y, T p) {
    using V = Vec<T>;
    const V zero{}, u = a - y;
    if constexpr (cost == Cost::squared_error || cost == Cost::mean_squared_error)
        return u * u;
    else if constexpr (cost == Cost::half_squared_error)
        return u * u * T(0.5);
    else if constexpr (cost == Cost::absolute_error)
        return absolute<T>(u);
    else if constexpr (cost == Cost::huber) {
        const V size = absolute<T>(u), near = size < p ? size : splat(p);
        return near * near * T(0.5) + (size - near) * p;
    } else if constexpr (cost == Cost::log_cosh) {
        const V size = absolute<T>(u), near = smaller<T>(size, splat(T(1))), grown = vexpm1<T>(near);
        const V small = vlog1p<T>(grown * grown * vexp<T>(-near) * T(0.5));
        const V large = size + vlog<T>((vexp<T>(size * T(-2)) + T(1)) * T(0.5));
        return size < T(1) ? small : large;
    } else if constexpr (cost == Cost::binary_cross_entropy)
        return -(times_log<T>(y, a) + times_log<T>(T(1) - y, T(1) - a));
    else if constexpr (cost == Cost::cross_entropy)
        return -times_log<T>(y, a);
    else if constexpr (cost == Cost::hinge) {
        const V gap = T(1) - y * a;
        return gap < zero ? zero : gap;
    } else if constexpr (cost == Cost::squared_hinge) {
        const V gap = T(1) - y * a, short_of = gap < zero ? zero : gap;
        return short_of * short_of;
    } else
        return a - times_log<T>(y, a);
}

template <class T, Cost cost> BACKLIT_INLINE Vec<T> derivative(Vec<T> a, Vec<T> y, T p, T outputs) {
    using V = Vec<T>;
    const V zero{}, u = a - y;
    if constexpr (cost == Cost::squared_error)
        return u * T(2);
    else if constexpr (cost == Cost::half_squared_error)
        return u;
    else if constexpr (cost == Cost::mean_squared_error)
        return u * T(2) / outputs;
    else if constexpr (cost == Cost::absolute_error)
        return sign<T>(u);
    else if constexpr (cost == Cost::huber) {
        const V low = u < -p ? splat(-p) : u;
        return low > p ? splat(p) : low;
    } else if constexpr (cost == Cost::log_cosh)
        return vtanh<T>(u);
    else if constexpr (cost == Cost::binary_cross_entropy)
        return over<T>(T(1) - y, T(1) - a) - over<T>(y, a);
    else if constexpr (cost == Cost::cross_entropy)
        return -over<T>(y, a);
    else if constexpr (cost == Cost::hinge)
        return T(1) - y * a > zero ? -y : zero;
    else if constexpr (cost == Cost::squared_hinge) {
        const V gap = T(1) - y * a;
        return y * T(-2) * (gap < zero ? zero : gap);
    } else
        return T(1) - over<T>(y, a);
}

template <class F> BACKLIT_INLINE void with_cost(Cost cost, F f) {
#define BACKLIT_CASE(name) \
    case Cost::name: return f(std::integral_constant<Cost, Cost::name>{});
    switch (cost) {
        BACKLIT_CASE(squared_error)
        BACKLIT_CASE(half_squared_error)
        BACKLIT_CASE(mean_squared_error)
        BACKLIT_CASE(absolute_error)
        BACKLIT_CASE(huber)
        BACKLIT_CASE(log_cosh)
        BACKLIT_CASE(binary_cross_entropy)
        BACKLIT_CASE(cross_entropy)
        BACKLIT_CASE(hinge)
        BACKLIT_CASE(squared_hinge)
        BACKLIT_CASE(poisson)
    }
#undef BACKLIT_CASE
}

// softmax and binary cross-entropy, one row: pairs.py's _softmax_binary and its delta, number by number.
template <class T> T softmax_binary_row(i64 n, const T* z, const T* a, const T* y, T* d) {
    i64 leader = -1;
    for (i64 j = 0; j < n; ++j)
        if (a[j] > T(0.75)) leader = j;
    T second = -std::numeric_limits<T>::infinity(), least = z[0], most = z[0];
    for (i64 j = 0; j < n; ++j) {
        least = z[j] < least ? z[j] : least;
        most = z[j] > most ? z[j] : most;
    }
    for (i64 j = 0; j < n; ++j) {
        const T behind = j == leader ? least : z[j];
        second = behind > second ? behind : second;
    }
    T total = 0, all = 0, C = 0, sum_g = 0, sum_a = 0, leads = 0;
    for (i64 j = 0; j < n; ++j) {
        total += j == leader ? T(0) : std::exp(z[j] - second);
        all += std::exp(z[j] - most);
        sum_a += a[j];
    }
    const T log_others = second + std::log(total), log_all = std::log(all);
    for (i64 j = 0; j < n; ++j) {
        const T log_a = z[j] - most - log_all;
        const T log_rest = j == leader ? log_others - most - log_all : std::log1p(-a[j]);
        if (y[j] != 0) C -= y[j] * log_a;
        if (y[j] != 1) C -= (1 - y[j]) * log_rest;
        const T near = j == leader ? T(0) : a[j];
        sum_g += (1 - y[j]) * near / (1 - near) - y[j];
        if (j == leader) leads = (1 - y[j]) * a[j];
    }
    for (i64 j = 0; d && j < n; ++j) {
        const T near = j == leader ? T(0) : a[j], g = (1 - y[j]) * near / (1 - near) - y[j];
        T others_a = 0;
        for (i64 i = 0; i < n; ++i) others_a += i == j ? T(0) : a[i];
        const T share = j == leader ? T(0) : std::exp(z[j] - second) / total;
        d[j] = (1 - y[j]) * a[j] - y[j] * others_a - a[j] * (sum_g - g) - leads * share;
    }
    return C;
}

// Of m rows: C_x into C (m, padded), and δ^L into d (where d is not null). z is z^L; a^L is made where it isn't yet (softmax).
template <class T>
void outputs(Act act, T p, Cost cost, T q, i64 m, i64 n, const T* z_L, T* a_L, i64 ld, const T* Y, i64 ldy, T* d,
             T* C) {
    using V = Vec<T>;
    const auto rows = [&](auto term_of, auto delta_of) {
        for (i64 first = 0; first < m; first += WIDTH<T>) { // so many rows' sums in one
            V sum[WIDTH<T>] = {};
            for (i64 x = first; x < (first + WIDTH<T> < m ? first + WIDTH<T> : m); ++x) {
                const T *zx = z_L + x * ld, *ax = a_L + x * ld, *yx = Y + x * ldy;
                for (i64 j = 0; j < n; j += WIDTH<T>)
                    sum[x - first] += first_lanes<T>(term_of(load(zx + j), load(ax + j), load(yx + j)), n - j);
                for (i64 j = 0; d && j < n; j += WIDTH<T>)
                    store(d + x * ld + j, first_lanes<T>(delta_of(load(zx + j), load(ax + j), load(yx + j)), n - j));
            }
            store(C + first, sums_of_lanes<T>(sum));
        }
    };
    if (act == Act::sigmoid && cost == Cost::binary_cross_entropy)
        return rows([](V z, V, V y) { return vsoftplus<T>(z) - y * z; }, [](V, V a, V y) { return a - y; });
    if (act == Act::sigmoid && cost == Cost::cross_entropy)
        return rows([](V z, V, V y) { return y * vsoftplus<T>(-z); },
                    [](V z, V, V y) { return -y * vlogistic<T>(-z); });
    if (act == Act::sigmoid && cost == Cost::poisson)
        return rows([](V z, V a, V y) { return a + y * vsoftplus<T>(-z); },
                    [](V z, V a, V y) { return (a - y) * vlogistic<T>(-z); });
    if (act == Act::exp && cost == Cost::poisson)
        return rows([](V z, V a, V y) { return a - y * z; }, [](V, V a, V y) { return a - y; });
    if (act == Act::softplus && cost == Cost::poisson)
        return rows(
            [](V z, V a, V y) {
                const V u = vexp<T>(smaller<T>(z, V{})), tail = z - u * T(0.5) + u * u * T(5.0 / 24);
                return a - y * (z < T(-80) ? tail : vlog<T>(a));
            },
            [](V z, V a, V y) {
                const V u = vexp<T>(-absolute<T>(z)), logistic = (z > V{} ? splat(T(1)) : u) / (u + T(1));
                return vlogistic<T>(z) - y * (a == T(0) ? splat(T(1)) : logistic / a);
            });
    if (act == Act::softmax) {
        for (i64 x = 0; x < m; ++x) {
            const T *zx = z_L + x * ld, *yx = Y + x * ldy;
            T* ax = a_L + x * ld;
            T* dx = d ? d + x * ld : nullptr;
            T most;
            const T log_all = softmax_row<T>(n, zx, ax, most);
            if (cost == Cost::cross_entropy || cost == Cost::poisson) {
                C[x] = sum_row<T>(n, [&](i64 j) {
                    const V log_a = load(zx + j) - most - log_all, y_log = load(yx + j) * log_a;
                    return cost == Cost::poisson ? load(ax + j) - y_log : -y_log;
                });
                const T whole = sum_row<T>(n, [&](i64 j) { return load(yx + j); });
                if (d)
                    for (i64 j = 0; j < n; j += WIDTH<T>)
                        store(dx + j, first_lanes<T>(load(ax + j) * whole - load(yx + j), n - j));
            } else if (cost == Cost::binary_cross_entropy) {
                C[x] = softmax_binary_row<T>(n, zx, ax, yx, dx);
            }
        }
        if (cost == Cost::cross_entropy || cost == Cost::poisson || cost == Cost::binary_cross_entropy) return;
    }
    with_cost(cost, [&](auto which) {
        constexpr Cost c = decltype(which)::value;
        rows([&](V, V a, V y) { return term<T, c>(a, y, q); },
             [&](V, V a, V y) { return derivative<T, c>(a, y, q, T(n)); });
    });
    if (cost == Cost::mean_squared_error)
        for (i64 x = 0; x < m; ++x) C[x] /= T(n);
    if (!d) return;
    if (act == Act::softmax)
        softmax_pullback<T>(m, n, a_L, d, ld);
    else
        times_slope<T>(act, p, m, padded<T>(n), slope_from_a(act) ? a_L : z_L, d, ld);
}

} // namespace backlit::BACKLIT_ISA
