// σ and σ′ on vectors: the table of functions/activations.py, row by row. Softmax is not elementwise: outputs.hpp.
#pragma once

#include "vmath.hpp"

namespace backlit::BACKLIT_ISA {

// Whether σ′ is taken from a rather than from z, as the table does it for fast namespaces.
BACKLIT_INLINE bool slope_from_a(Act act) {
    return act == Act::identity || act == Act::sigmoid || act == Act::tanh || act == Act::relu || act == Act::exp ||
           act == Act::softmax;
}

template <class T, Act act> BACKLIT_INLINE Vec<T> sigma(Vec<T> z, T p) {
    using V = Vec<T>;
    const V zero{};
    constexpr T lambda = T(1.0507009873554804934193349852946), alpha = T(1.6732632423543772848170429916717);
    constexpr T gelu_scale = T(1.5957691216057307117597842397375); // 2√(2/π)
    if constexpr (act == Act::sigmoid)
        return vlogistic<T>(z);
    else if constexpr (act == Act::tanh)
        return vtanh<T>(z);
    else if constexpr (act == Act::relu)
        return z < zero ? zero : z; // NaN stays
    else if constexpr (act == Act::leaky_relu)
        return z < zero ? z * p : z;
    else if constexpr (act == Act::elu)
        return z > zero ? z : vexpm1<T>(smaller<T>(z, zero)) * p + (z != z ? z : zero);
    else if constexpr (act == Act::selu)
        return z > zero ? z * lambda : vexpm1<T>(smaller<T>(z, zero)) * (lambda * alpha) + (z != z ? z : zero);
    else if constexpr (act == Act::gelu) {
        V bell;
        return z * normal_cdf<T>(z, bell);
    } else if constexpr (act == Act::gelu_tanh)
        return z * vlogistic<T>((z + z * z * z * T(0.044715)) * gelu_scale);
    else if constexpr (act == Act::silu)
        return z * vlogistic<T>(z);
    else if constexpr (act == Act::softplus)
        return vsoftplus<T>(z);
    else if constexpr (act == Act::softsign)
        return z / (absolute<T>(z) + T(1));
    else if constexpr (act == Act::hard_sigmoid) {
        const V u = z * p + T(0.5), low = u < zero ? zero : u;
        return low > splat(T(1)) ? splat(T(1)) : low;
    } else if constexpr (act == Act::exp)
        return vexp<T>(z);
    else
        return z;
}

// From z, or from a where slope_from_a(act).
template <class T, Act act> BACKLIT_INLINE Vec<T> slope(Vec<T> z, T p) {
    using V = Vec<T>;
    const V zero{}, one = splat(T(1));
    constexpr T lambda = T(1.0507009873554804934193349852946), alpha = T(1.6732632423543772848170429916717);
    constexpr T gelu_scale = T(1.5957691216057307117597842397375);
    if constexpr (act == Act::sigmoid)
        return z * (one - z);
    else if constexpr (act == Act::tanh)
        return one - z * z;
    else if constexpr (act == Act::relu)
        return z > zero ? one : zero;
    else if constexpr (act == Act::leaky_relu)
        return z > zero ? one : splat(p);
    else if constexpr (act == Act::elu)
        return z > zero ? one : vexp<T>(smaller<T>(z, zero)) * p;
    else if constexpr (act == Act::selu)
        return z > zero ? splat(lambda) : vexp<T>(smaller<T>(z, zero)) * (lambda * alpha);
    else if constexpr (act == Act::gelu) {
        V bell;
        const V phi = normal_cdf<T>(z, bell);
        return phi + z * bell * T(0.39894228040143267794);
    } else if constexpr (act == Act::gelu_tanh) {
        const V near = smaller<T>(larger<T>(z, splat(T(-1000))), splat(T(1000)));
        const V u = (near + near * near * near * T(0.044715)) * gelu_scale;
        const V inner = (near * near * T(3 * 0.044715) + one) * gelu_scale;
        return vlogistic<T>(u) + near * vlogistic_slope<T>(u) * inner;
    } else if constexpr (act == Act::silu)
        return vlogistic<T>(z) + z * vlogistic_slope<T>(z);
    else if constexpr (act == Act::softplus)
        return vlogistic<T>(z);
    else if constexpr (act == Act::softsign) {
        const V u = one / (absolute<T>(z) + T(1));
        return u * u;
    } else if constexpr (act == Act::hard_sigmoid)
        return splat(T(0.5) / p) - absolute<T>(z) > zero ? splat(p) : zero;
    else if constexpr (act == Act::exp)
        return z;
    else
        return one;
}

// Calls f with the activation as a constant, so that its loop is compiled for it.
template <class F> BACKLIT_INLINE void with_act(Act act, F f) {
#define BACKLIT_CASE(name) \
    case Act::name: return f(std::integral_constant<Act, Act::name>{});
    switch (act) {
        BACKLIT_CASE(identity)
        BACKLIT_CASE(sigmoid)
        BACKLIT_CASE(tanh)
        BACKLIT_CASE(relu)
        BACKLIT_CASE(leaky_relu)
        BACKLIT_CASE(elu)
        BACKLIT_CASE(selu)
        BACKLIT_CASE(gelu)
        BACKLIT_CASE(gelu_tanh)
        BACKLIT_CASE(silu)
        BACKLIT_CASE(softplus)
        BACKLIT_CASE(softsign)
        BACKLIT_CASE(hard_sigmoid)
        BACKLIT_CASE(exp)
        BACKLIT_CASE(softmax)
    }
#undef BACKLIT_CASE
}

// a = σ(z) on a block of rows × n numbers (n padded); a may be z itself.
template <class T> void activate(Act act, T p, i64 rows, i64 n, const T* z, T* a, i64 ld) {
    if (act == Act::softmax || (act == Act::identity && z == a)) return;
    with_act(act, [&](auto which) {
        for (i64 x = 0; x < rows; ++x)
            for (i64 j = 0; j < n; j += WIDTH<T>)
                store(a + x * ld + j, sigma<T, decltype(which)::value>(load(z + x * ld + j), p));
    });
}

// a = σ(z), and σ′(z) in z's place: together they share their exponentials.
template <class T> void activate_with_slope(Act act, T p, i64 rows, i64 n, T* z, T* a, i64 ld) {
    with_act(act, [&](auto which) {
        constexpr Act one = decltype(which)::value;
        for (i64 x = 0; x < rows; ++x)
            for (i64 j = 0; j < n; j += WIDTH<T>) {
                const i64 at = x * ld + j;
                const Vec<T> in = load(z + at);
                store(a + at, sigma<T, one>(in, p));
                store(z + at, slope<T, one>(in, p));
            }
    });
}

// d ⊙= by, on a block of rows × n numbers.
template <class T> void times(i64 rows, i64 n, const T* by, T* d, i64 ld) {
    for (i64 x = 0; x < rows; ++x)
        for (i64 j = 0; j < n; j += WIDTH<T>) store(d + x * ld + j, load(d + x * ld + j) * load(by + x * ld + j));
}

// d ⊙= σ′, from z or a as slope_from_a says.
template <class T> void times_slope(Act act, T p, i64 rows, i64 n, const T* from, T* d, i64 ld) {
    if (act == Act::identity) return;
    with_act(act, [&](auto which) {
        for (i64 x = 0; x < rows; ++x)
            for (i64 j = 0; j < n; j += WIDTH<T>) {
                const i64 at = x * ld + j;
                store(d + at, load(d + at) * slope<T, decltype(which)::value>(load(from + at), p));
            }
    });
}

} // namespace backlit::BACKLIT_ISA
