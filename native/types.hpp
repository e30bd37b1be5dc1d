// What the binding hands to the kernels: plain data, no code. Letters are the note's (docs/equations.md).
#pragma once

#include <cstddef>
#include <cstdint>

namespace backlit {

// In the order of ACTIVATIONS and COSTS in bind.cpp, which gives them their names.
// clang-format off
enum class Act : int {
    identity, sigmoid, tanh, relu, leaky_relu, elu, selu, gelu, gelu_tanh, silu, softplus, softsign,
    hard_sigmoid, exp, softmax
};
enum class Cost : int {
    squared_error, half_squared_error, mean_squared_error, absolute_error, huber, log_cosh,
    binary_cross_entropy, cross_entropy, hinge, squared_hinge, poisson
};
// clang-format on
enum class Rule : int { sgd, momentum, nesterov, adagrad, rmsprop, adam, adamw, rprop };

// How the entries of the examples are kept.
enum class Kind : int { f32, f64, u8 };

constexpr int MOST_SLOTS = 2;

// The examples' inputs a^0: dense with any strides (in bytes), or CSR (indptr is not null).
struct Inputs {
    Kind kind = Kind::f64;
    const void* data = nullptr;
    std::int64_t n = 0, width = 0;
    std::int64_t row_stride = 0, column_stride = 0;
    double white = 1; // what the bytes of Kind::u8 are divided by
    const void* indptr = nullptr;
    const void* indices = nullptr;
    bool wide_indptr = false, wide_indices = false; // 64-bit integers, else 32-bit
    std::int64_t most_in_row = 0;                   // stored entries of the fullest row of CSR
};

struct Network {
    int L = 0;
    const std::int64_t* sizes = nullptr; // n_0 … n_L
    const Act* act = nullptr;            // of layers 1 … L, at [l - 1]
    const double* parameter = nullptr;   // slope or alpha of each, at [l - 1]
    Cost cost = Cost::squared_error;
    double cost_parameter = 0; // huber's delta
};

struct Plan {
    std::int64_t batch_size = 1;
    Rule rule = Rule::sgd;
    double constant[4] = {0, 0, 0, 0}; // the rule's parameters, in its row's order
    const double* eta = nullptr;       // of each step
    double l1 = 0, l2 = 0;
    double clip_value = 0, clip_norm = 0, max_norm = 0; // 0: none
    const double* keep = nullptr;                       // of layers 0 … L, or null
    std::uint64_t dropout_key = 0;
    bool skip_zeros = false; // whether layer 1 leaves out products with inputs that are 0
};

// Threads that work off numbered tasks (team.cpp); null stands for the calling thread alone.
struct Team;

// Who may wish a long run to end: asked between chunks of rows, in the calling thread.
struct Wish {
    bool (*asked)(void* self) = nullptr;
    void* self = nullptr;
    bool granted = false; // the run ended because of it
    bool stop() { return granted = granted || (asked && asked(self)); }
};

// One run of steps: everything is read or written in place. T is float or double.
template <class T> struct Epoch {
    Network net;
    Plan plan;
    Inputs X;
    const T* Y = nullptr;           // (n, n_L), contiguous
    const double* weight = nullptr; // (n,) or null
    const std::int64_t* order = nullptr;
    std::int64_t rows = 0; // of order
    T* theta = nullptr;
    T* slot[MOST_SLOTS] = {nullptr, nullptr};
    std::int64_t t = 0, step = 0; // counted on
    double* costs = nullptr;      // (steps,)
    double* weights = nullptr;    // (steps,)
    std::int64_t done = 0;        // steps made; the last one's cost may not be finite, and then it was not made
    Team* team = nullptr;
    Wish wish;
    bool out_of_memory = false;
};

// C, its gradient (where ``gradient`` is not null) and a^L (where ``outputs`` is not null) of all rows of X.
template <class T> struct Pass {
    Network net;
    Inputs X;
    const T* Y = nullptr;
    const T* share = nullptr; // (n,), s_x / Σ s_x
    bool skip_zeros = false;
    const T* theta = nullptr;
    T* gradient = nullptr;
    T* outputs = nullptr;
    double value = 0;
    Team* team = nullptr;
    Wish wish;
    bool out_of_memory = false;
};

// The entrance to one instruction set's kernels.
struct Kernels {
    const char* name;
    void (*epoch32)(Epoch<float>&);
    void (*epoch64)(Epoch<double>&);
    void (*pass32)(Pass<float>&);
    void (*pass64)(Pass<double>&);
    // a^L of a few rows (few.hpp); false where an input is not finite.
    bool (*few32)(const Network&, const Inputs&, const float* theta, float* outputs, float* scratch);
    bool (*few64)(const Network&, const Inputs&, const double* theta, double* outputs, double* scratch);
    // One vector function on n numbers, for the tests: a = σ(z), σ′ from z.
    void (*activation32)(Act, double, std::int64_t, const float*, float*, float*);
    void (*activation64)(Act, double, std::int64_t, const double*, double*, double*);
};

} // namespace backlit
