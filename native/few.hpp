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

// Rows one by one; false where an input is not finite. ``scratch`` holds three times the widest layer, padded by 64, zeroed.
template <class T> bool run_few(const Network& net, const Inputs& X, const T* theta, T* outputs, T* scratch) {
    i64 widest = 0;
    for (int l = 0; l <= net.L; ++l) widest = net.sizes[l] > widest ? net.sizes[l] : widest;
    widest = padded<T>(widest);
    T *a = scratch, *z = scratch + widest;
    std::int32_t* list = reinterpret_cast<std::int32_t*>(scratch + 2 * widest);
    for (i64 x = 0; x < X.n; ++x) {
        gather<T>(X, nullptr, x, 1, a, widest);
        const T* at = theta;
        for (int l = 1; l <= net.L; ++l) {
            const i64 n = net.sizes[l - 1], out = net.sizes[l];
            i64 listed = 0;
            Vec<T> none{};
            for (i64 k = 0; k + WIDTH<T> <= n; k += WIDTH<T>) {
                const Vec<T> one = load(a + k);
                list[listed] = std::int32_t(k);
                listed += any_lane<T>(one);
                if (l == 1) none += one * T(0); // NaN from what is not finite
            }
            if (l == 1) {
                T sum = sum_lanes<T>(none);
                for (i64 k = n / WIDTH<T> * WIDTH<T>; k < n; ++k) sum += a[k] * T(0);
                if (sum != 0) return false;
            }
            const T *w = at, *b = at + n * out;
            i64 j = 0;
            for (; j + NEURONS_AT_ONCE <= out; j += NEURONS_AT_ONCE)
                dots<T, NEURONS_AT_ONCE>(n, w + j * n, a, list, listed, b + j, z + j);
            for (; j < out; ++j) dots<T, 1>(n, w + j * n, a, list, listed, b + j, z + j);
            activate<T>(net.act[l - 1], T(net.parameter[l - 1]), 1, padded<T>(out), z, a, widest);
            T most;
            if (net.act[l - 1] == Act::softmax) softmax_row<T>(out, z, a, most);
            at = b + out;
        }
        std::memcpy(outputs + x * net.sizes[net.L], a, std::size_t(net.sizes[net.L]) * sizeof(T));
    }
    return true;
}

} // namespace backlit::BACKLIT_ISA
