// The rules that turn a gradient into a step: optimizers.py's rows, on a block of numbers, with penalties and clipping.
#pragma once

#include "simd.hpp"

namespace backlit::BACKLIT_ISA {

// What one step does to every number: the plan, with this step's constants worked out.
template <class T> struct Move {
    Rule rule;
    T eta, c[4];                        // c: the rule's parameters
    T rest[2];                          // 1 − c[0], 1 − c[1], subtracted in float64
    T correction1 = 1, correction2 = 1; // adam's η/(1 − β₁^t) and 1/(1 − β₂^t)
    T l1, l2;
    bool decoupled;
    T clip_value;
};

template <class T> Move<T> move_of(const Plan& plan, double eta, i64 t) {
    Move<T> move;
    move.rule = plan.rule;
    move.eta = T(eta);
    for (int i = 0; i < 4; ++i) move.c[i] = T(plan.constant[i]);
    for (int i = 0; i < 2; ++i) move.rest[i] = T(1 - plan.constant[i]);
    if (plan.rule == Rule::adam || plan.rule == Rule::adamw) {
        move.correction1 = T(eta / (1 - std::pow(plan.constant[0], double(t))));
        move.correction2 = T(1 / (1 - std::pow(plan.constant[1], double(t))));
    }
    move.l1 = T(plan.l1);
    move.l2 = T(plan.l2);
    move.decoupled = plan.rule == Rule::adamw;
    move.clip_value = T(plan.clip_value);
    return move;
}

// R1's derivative.
template <class T> BACKLIT_INLINE Vec<T> penalty_slope(const Move<T>& move, Vec<T> w) {
    return w * move.l2 + sign<T>(w) * move.l1;
}

template <class T> BACKLIT_INLINE Vec<T> clipped(const Move<T>& move, Vec<T> g) {
    if (move.clip_value == T(0)) return g;
    const Vec<T> low = g < -move.clip_value ? splat(-move.clip_value) : g;
    return low > move.clip_value ? splat(move.clip_value) : low;
}

template <class T, Rule rule, bool with_momentum>
BACKLIT_INLINE Vec<T> delta_theta(const Move<T>& move, Vec<T> g, T* s0, T* s1) {
    using V = Vec<T>;
    const V zero{}, one = splat(T(1));
    const T* c = move.c;
    if constexpr (rule == Rule::sgd) {
        return g * -move.eta;
    } else if constexpr (rule == Rule::momentum || rule == Rule::nesterov) {
        const V v = load(s0) * c[0] - g * move.eta;
        store(s0, v);
        return rule == Rule::momentum ? v : v * c[0] - g * move.eta;
    } else if constexpr (rule == Rule::adagrad) {
        const V s = load(s0) + g * g;
        store(s0, s);
        return g * -move.eta / (square_root<T>(s) + c[0]);
    } else if constexpr (rule == Rule::rmsprop) {
        const V s = load(s0) * c[0] + g * g * move.rest[0];
        store(s0, s);
        const V scaled = g / (square_root<T>(s) + c[1]);
        if constexpr (!with_momentum) return scaled * -move.eta;
        const V v = load(s1) * c[2] - scaled * move.eta;
        store(s1, v);
        return v;
    } else if constexpr (rule == Rule::adam || rule == Rule::adamw) {
        const V m = load(s0) * c[0] + g * move.rest[0];
        const V v = load(s1) * c[1] + g * g * move.rest[1];
        store(s0, m);
        store(s1, v);

        return m * -move.correction1 / (square_root<T>(v * move.correction2) + c[2]);
    } else { // rprop: slots "before" and "size"
        const V turn = sign<T>(g) * sign<T>(load(s0));
        const V factor = turn > zero ? splat(c[1]) : (turn < zero ? splat(c[0]) : one);
        V size = load(s1) * factor;
        size = size < c[2] ? splat(c[2]) : size;
        size = size > c[3] ? splat(c[3]) : size;
        const V kept = turn < zero ? zero : g;
        store(s0, kept);
        store(s1, size);
        return -sign<T>(kept) * size;
    }
}

// Calls f with the rule, and whether it has momentum beside, as constants.
template <class F> BACKLIT_INLINE void with_rule(Rule rule, bool momentum, F f) {
    using No = std::false_type;
    switch (rule) {
    case Rule::sgd: return f(std::integral_constant<Rule, Rule::sgd>{}, No{});
    case Rule::momentum: return f(std::integral_constant<Rule, Rule::momentum>{}, No{});
    case Rule::nesterov: return f(std::integral_constant<Rule, Rule::nesterov>{}, No{});
    case Rule::adagrad: return f(std::integral_constant<Rule, Rule::adagrad>{}, No{});
    case Rule::rmsprop:
        if (momentum) return f(std::integral_constant<Rule, Rule::rmsprop>{}, std::true_type{});
        return f(std::integral_constant<Rule, Rule::rmsprop>{}, No{});
    case Rule::adam: return f(std::integral_constant<Rule, Rule::adam>{}, No{});
    case Rule::adamw: return f(std::integral_constant<Rule, Rule::adamw>{}, No{});
    case Rule::rprop: return f(std::integral_constant<Rule, Rule::rprop>{}, No{});
    }
}

// Updates rows × n numbers of w and its slots from the gradient g; ``penalise`` where they are weights and R1 is not
// yet in g, ``ready`` where g has been clipped already.
template <class T>
void apply(const Move<T>& shared, bool momentum, bool penalise, bool ready, i64 rows, i64 n, const T* g, i64 ldg, T* w,
           T* s0, T* s1, i64 ld) {
    const Move<T> move = shared; // a copy that no store can reach, so that its numbers stay in registers
    const bool plain = !penalise && (ready || move.clip_value == T(0));
    with_rule(move.rule, momentum, [=](auto rule, auto with_momentum) {
        const auto moved = [&](Vec<T> theta, Vec<T> gradient, i64 at) {
            return theta + delta_theta<T, decltype(rule)::value, decltype(with_momentum)::value>(move, gradient,
                                                                                                 s0 + at, s1 + at);
        };
        for (i64 i = 0; i < rows; ++i) {
            const i64 row = i * ld;
            if (plain) {
                for (i64 j = 0; j < n; j += WIDTH<T>)
                    store(w + row + j, moved(load(w + row + j), load(g + i * ldg + j), row + j));
                continue;
            }
            for (i64 j = 0; j < n; j += WIDTH<T>) {
                Vec<T> gradient = load(g + i * ldg + j), theta = load(w + row + j);
                if (penalise) {
                    const Vec<T> slope = penalty_slope<T>(move, theta);
                    if (move.decoupled)
                        theta -= slope * move.eta;
                    else
                        gradient += slope;
                }
                store(w + row + j, moved(theta, ready ? gradient : clipped<T>(move, gradient), row + j));
            }
        }
    });
}

} // namespace backlit::BACKLIT_ISA
