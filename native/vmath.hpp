// exp, log and their kin on vectors, to a few units in the last place. Reductions and series are the textbook's
// (Muller, Elementary Functions, ch. 11; Hart et al., Computer Approximations).
#pragma once

#include "simd.hpp"

namespace backlit::BACKLIT_ISA {

template <class T> struct Real;
template <> struct Real<float> {
    static constexpr int mantissa = 23, bias = 127;
    static constexpr float magic = 12582912.0f; // 1.5·2²³: adding it rounds to a whole number
    static constexpr float exp_least = -87.33654f, exp_most = 88.722839f;
    static constexpr float ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;
    static constexpr int exp_terms = 7, log_terms = 4;
};
template <> struct Real<double> {
    static constexpr int mantissa = 52, bias = 1023;
    static constexpr double magic = 6755399441055744.0; // 1.5·2⁵²
    static constexpr double exp_least = -708.39641853226408, exp_most = 709.78271289338397;
    static constexpr double ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10;
    static constexpr int exp_terms = 13, log_terms = 10;
};

template <class T, int n> struct Factorial {
    static constexpr T value = T(n) * Factorial<T, n - 1>::value;
};
template <class T> struct Factorial<T, 0> {
    static constexpr T value = T(1);
};

// Σ_{k≥first} r^{k−first}/k! up to k = n.
template <class T, int n, int first> BACKLIT_INLINE Vec<T> exp_series(Vec<T> r) {
    if constexpr (first == n)
        return splat(T(1) / Factorial<T, n>::value);
    else
        return exp_series<T, n, first + 1>(r) * r + T(1 / Factorial<double, first>::value);
}

// e^x; infinite above the largest number's logarithm, 0 below the least normal one's, NaN of NaN.
template <class T> BACKLIT_INLINE Vec<T> vexp(Vec<T> x) {
    using R = Real<T>;
    const Vec<T> least = splat(R::exp_least), most = splat(R::exp_most);
    Vec<T> y = x < least ? least : x; // in this form NaN stays NaN
    y = y > most ? most : y;
    const Vec<T> shifted = y * T(1.44269504088896340736) + R::magic;
    const Vec<T> n = shifted - R::magic;
    const Vec<T> r = (y - n * R::ln2_high) - n * R::ln2_low;
    const Vec<T> p = exp_series<T, R::exp_terms, 0>(r);
    Vec<T> e = of_bits<T>(bits<T>(p) + (bits<T>(shifted) << R::mantissa));
    e = x > most ? splat(std::numeric_limits<T>::infinity()) : e;
    e = x < least ? Vec<T>{} : e;
    return x == x ? e : x;
}

// e^x − 1, without cancellation near 0.
template <class T> BACKLIT_INLINE Vec<T> vexpm1(Vec<T> x) {
    const Vec<T> near = exp_series<T, Real<T>::exp_terms + 1, 1>(x) * x; // good for |x| ≤ 0.35
    return absolute<T>(x) < T(0.35) ? near : vexp<T>(x) - T(1);
}

// log x of x > 0 that is normal; −∞ of 0, ∞ of ∞, NaN below 0.
template <class T> BACKLIT_INLINE Vec<T> vlog(Vec<T> x) {
    using R = Real<T>;
    const IVec<T> all = bits<T>(x);
    // the exponent that leaves a mantissa between √½ and √2
    const IVec<T> e = ((all - bits<T>(splat(T(0.70710678118654752440)))) >> R::mantissa);
    const Vec<T> m = of_bits<T>(all - (e << R::mantissa));
    Vec<T> exponent;
#if BACKLIT_VECTORS
    exponent = __builtin_convertvector(e, Vec<T>);
#else
    exponent = T(e);
#endif
    const Vec<T> s = (m - T(1)) / (m + T(1)), s2 = s * s;
    Vec<T> sum = splat(T(1.0 / (2 * R::log_terms + 1)));
    for (int k = R::log_terms - 1; k > 0; --k) sum = sum * s2 + T(1.0 / (2 * k + 1));
    const Vec<T> log_m = (s * s2 * sum + s) * T(2);
    Vec<T> r = exponent * R::ln2_high + (exponent * R::ln2_low + log_m);
    r = x == T(0) ? splat(-std::numeric_limits<T>::infinity()) : r;
    r = x < T(0) ? splat(std::numeric_limits<T>::quiet_NaN()) : r;
    r = x > std::numeric_limits<T>::max() ? x : r;
    return x == x ? r : x;
}

// log(1 + u) for u ≥ 0, without cancellation near 0.
template <class T> BACKLIT_INLINE Vec<T> vlog1p(Vec<T> u) {
    const Vec<T> y = u + T(1);
    const Vec<T> lost = (u - (y - T(1))) / y; // what 1 + u rounded away
    return vlog<T>(y) + lost;
}

template <class T> BACKLIT_INLINE Vec<T> vtanh(Vec<T> x) {
    const Vec<T> size = smaller<T>(absolute<T>(x), splat(T(22)));
    const Vec<T> u = vexpm1<T>(size * T(2)), t = u / (u + T(2));
    const Vec<T> r = x < T(0) ? -t : t;
    return x == x ? r : x;
}

template <class T> BACKLIT_INLINE Vec<T> vlogistic(Vec<T> z) { return T(1) / (vexp<T>(-z) + T(1)); }

// e^{−|z|}/(1 + e^{−|z|})², the logistic's slope without cancellation.
template <class T> BACKLIT_INLINE Vec<T> vlogistic_slope(Vec<T> z) {
    const Vec<T> u = vexp<T>(-absolute<T>(z)), v = u + T(1);
    return u / (v * v);
}

// log(1 + e^z)
template <class T> BACKLIT_INLINE Vec<T> vsoftplus(Vec<T> z) {
    return larger<T>(z, Vec<T>{}) + vlog1p<T>(vexp<T>(-absolute<T>(z)));
}

// Φ(z) of the normal distribution, and e^{−z²/2}. In float32 as t·Q(t)·e^{−z²/2} with t = 1/(1 + |z|/√8): Q is our own
// least-squares fit of e^{y²}erfc(y)/t, y = |z|/√2, to 8e-9 relative; in float64 the C library's erfc, lane by lane.
template <class T> BACKLIT_INLINE Vec<T> normal_cdf(Vec<T> z, Vec<T>& bell) {
    bell = vexp<T>(z * z * T(-0.5));
    if constexpr (sizeof(T) == 8) {
        return each_lane<T>(z, [](T one) { return T(0.5) * std::erfc(one * T(-0.70710678118654752440)); });
    } else {
        constexpr T q[] = {0.28209484528191475f, 0.2820909288608552f,   0.24694014653586738f, 0.17478249604413726f,
                           0.09635432047797828f, -0.06875377023957767f, 0.1520308294727158f,  -0.481126977193394f,
                           0.514837635882041f,   -0.24430027300049179f, 0.045049825408689896f};
        const Vec<T> t = T(1) / (absolute<T>(z) * T(0.35355339059327376) + T(1));
        Vec<T> Q = splat(q[10]);
        for (int k = 9; k >= 0; --k) Q = Q * t + q[k];
        const Vec<T> tail = bell * (t * Q) * T(0.5);
        return z > T(0) ? T(1) - tail : tail;
    }
}

} // namespace backlit::BACKLIT_ISA
