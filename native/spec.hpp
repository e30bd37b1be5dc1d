// A network as the binding knows it: the names of what kernels there are, and shapes that have been checked.
#pragma once

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "cpu.hpp"

namespace backlit {

inline const std::vector<std::string> ACTIVATIONS = {"identity", "sigmoid",  "tanh",         "relu",      "leaky_relu",
                                                     "elu",      "selu",     "gelu",         "gelu_tanh", "silu",
                                                     "softplus", "softsign", "hard_sigmoid", "exp",       "softmax"};
inline const std::vector<std::string> COSTS = {
    "squared_error", "half_squared_error",   "mean_squared_error", "absolute_error", "huber",
    "log_cosh",      "binary_cross_entropy", "cross_entropy",      "hinge",          "squared_hinge",
    "poisson"};
inline const std::vector<std::string> RULES = {"sgd",     "momentum", "nesterov", "adagrad",
                                               "rmsprop", "adam",     "adamw",    "rprop"};
constexpr int SLOTS[] = {0, 1, 1, 1, 1, 2, 2, 2}; // of each rule; rmsprop's second is there with its momentum
constexpr std::int64_t MOST_LAYERS = 64;

inline int number_of(const std::vector<std::string>& names, const std::string& name, const char* what) {
    for (std::size_t i = 0; i < names.size(); ++i)
        if (names[i] == name) return int(i);
    throw std::invalid_argument(std::string("the native engine has no ") + what + " '" + name + "'");
}

inline void require(bool holds, const char* sentence) {
    if (!holds) throw std::invalid_argument(sentence);
}

inline const Kernels& kernels_named(const std::string& name) {
    for (const Kernels* const* one = kernels_here(); *one; ++one)
        if (name == (*one)->name) return **one;
    throw std::invalid_argument("no kernels called '" + name + "' run on this processor");
}

// A network's shape and functions, in plain memory that a run points to.
struct Spec {
    std::vector<std::int64_t> sizes;
    std::vector<Act> act;
    std::vector<double> parameter;
    Cost cost;
    double cost_parameter;
    std::int64_t parameters = 0; // numbers in θ

    Spec(std::vector<std::int64_t> sizes_, const std::vector<std::string>& activations, std::vector<double> given,
         const std::string& cost_, double cost_parameter_)
        : sizes(std::move(sizes_)), parameter(std::move(given)), cost(Cost(number_of(COSTS, cost_, "cost"))),
          cost_parameter(cost_parameter_) {
        require(sizes.size() >= 2 && std::int64_t(sizes.size()) <= MOST_LAYERS + 1, "a network has 1 to 64 layers");
        require(activations.size() + 1 == sizes.size() && parameter.size() == activations.size(),
                "a network has one activation for each layer");
        for (const std::string& name : activations) act.push_back(Act(number_of(ACTIVATIONS, name, "activation")));
        constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max() / 1024;
        for (std::int64_t n : sizes) require(n >= 1 && n < (std::int64_t(1) << 31), "a layer has 1 to 2³¹ − 1 neurons");
        for (std::size_t l = 1; l < sizes.size(); ++l) {
            require(sizes[l] <= most / (sizes[l - 1] + 1), "the network has more parameters than can be counted");
            parameters += sizes[l] * (sizes[l - 1] + 1);
            require(parameters <= most, "the network has more parameters than can be counted");
        }
    }

    Network network() const {
        Network net;
        net.L = int(sizes.size()) - 1;
        net.sizes = sizes.data();
        net.act = act.data();
        net.parameter = parameter.data();
        net.cost = cost;
        net.cost_parameter = cost_parameter;
        return net;
    }
};

} // namespace backlit
