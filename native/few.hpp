// a^L of a few rows, where θ is read as it lies: turning it would take longer than all the rest.
#pragma once

#include "outputs.hpp"
#include "rows.hpp"

namespace backlit::BACKLIT_ISA {

constexpr int NEURONS_AT_ONCE = 8;

// z_j = Σ_k w_jk a_k + b_j for ``neurons`` neurons whose weights are rows of w; only those vectors of a that ``list``
// names are read, the others being zero.
template <class T, int neurons>
BACKLIT_INLINE void dots(i64 n, const T* w, const T* a, const std::int32_t* list, i64 listed, const T* b, T* z) {
    using V = Vec<T>;
    V sum[neurons];
    BACKLIT_UNROLL for (int j = 0; j < neurons; ++j) sum[j] = V{};
    for (i64 i = 0; i < listed; ++i) {
        const i64 k = list[i];
        const V one = load(a + k);
        BACKLIT_UNROLL for (int j = 0; j < neurons; ++j) sum[j] += one * load(w + j * n + k);
    }
    const i64 whole = n / WIDTH<T> * WIDTH<T>;
    BACKLIT_UNROLL for (int j = 0; j < neurons; ++j) {
        T total = sum_lanes<T>(sum[j]);
        for (i64 k = whole; k < n; ++k) total += w[j * n + k] * a[k];
        z[j] = total + b[j];
    }
}

// z = w a + b of one layer, ``out`` neurons of n inputs.
template <class T>
void weigh(i64 n, i64 out, const T* w, const T* a, const std::int32_t* list, i64 listed, const T* b, T* z) {
    i64 j = 0;
    for (; j + NEURONS_AT_ONCE <= out; j += NEURONS_AT_ONCE)
        dots<T, NEURONS_AT_ONCE>(n, w + j * n, a, list, listed, b + j, z + j);
    constexpr int half = NEURONS_AT_ONCE / 2;
    for (; j + half <= out; j += half) dots<T, half>(n, w + j * n, a, list, listed, b + j, z + j);
    for (; j < out; ++j) dots<T, 1>(n, w + j * n, a, list, listed, b + j, z + j);
}

// The vectors of a that are not zero; gives how many.
template <class T> i64 list_vectors(i64 n, const T* a, std::int32_t* list) {
    i64 listed = 0;
    for (i64 k = 0; k + WIDTH<T> <= n; k += WIDTH<T>) {
        list[listed] = std::int32_t(k);
        listed += any_lane<T>(load(a + k));
    }
    return listed;
}

template <class T> bool all_finite(i64 n, const T* a) {
    constexpr int sets = 4; // to hide the additions' latency
    Vec<T> none[sets];      // NaN from what is not finite
    BACKLIT_UNROLL for (int s = 0; s < sets; ++s) none[s] = Vec<T>{};
    i64 k = 0;
    for (; k + sets * WIDTH<T> <= n; k += sets * WIDTH<T>) {
        BACKLIT_UNROLL for (int s = 0; s < sets; ++s) none[s] += load(a + k + s * WIDTH<T>) * T(0);
    }
    T sum = sum_lanes<T>((none[0] + none[1]) + (none[2] + none[3]));
    for (; k < n; ++k) sum += a[k] * T(0);
    return sum == 0;
}

// Row x as numbers of T: where it lies, if it lies so, else gathered into ``a``.
template <class T> const T* row_of(const Inputs& X, i64 x, T* a) {
    const char* row = static_cast<const char*>(X.data) + x * X.row_stride;
    const bool plain = X.kind == (sizeof(T) == 4 ? Kind::f32 : Kind::f64) && X.column_stride == i64(sizeof(T));
    if (plain && reinterpret_cast<std::uintptr_t>(row) % alignof(T) == 0) return reinterpret_cast<const T*>(row);
    gather<T>(X, nullptr, x, 1, a, X.width);
    return a;
}

// Rows one by one; false where an input is not finite. ``scratch`` holds three times the widest layer, each padded by 64.
template <class T> bool run_few(const Network& net, const Inputs& X, const T* theta, T* outputs, T* scratch) {
    i64 widest = 0;
    for (int l = 0; l <= net.L; ++l) widest = net.sizes[l] > widest ? net.sizes[l] : widest;
    widest = padded<T>(widest);
    T *a = scratch, *z = scratch + widest;
    std::int32_t* list = reinterpret_cast<std::int32_t*>(scratch + 2 * widest);
    for (i64 x = 0; x < X.n; ++x) {
        const T *from = row_of<T>(X, x, a), *w = theta;
        if (!all_finite<T>(X.width, from)) return false;
        for (int l = 1; l <= net.L; ++l) {
            const i64 n = net.sizes[l - 1], out = net.sizes[l];
            const T* b = w + n * out;
            weigh<T>(n, out, w, from, list, list_vectors<T>(n, from, list), b, z);
            activate<T>(net.act[l - 1], T(net.parameter[l - 1]), 1, padded<T>(out), z, a, widest);
            T most;
            if (net.act[l - 1] == Act::softmax) softmax_row<T>(out, z, a, most);
            from = a;
            w = b + out;
        }
        std::memcpy(outputs + x * net.sizes[net.L], a, std::size_t(net.sizes[net.L]) * sizeof(T));
    }
    return true;
}

} // namespace backlit::BACKLIT_ISA
