// The loop over batches, where a gradient that is used once goes into its rule as it is made; and the value, gradient
// and outputs of any number of rows.
#pragma once

#include "machine.hpp"
#include "rules.hpp"

namespace backlit::BACKLIT_ISA {

// Σ_x share · C_x (B5), in four sums, which don't wait for one another.
template <class T> double mean(i64 m, const T* share, const T* C) {
    double sum[4] = {};
    for (i64 x = 0; x < m; ++x) sum[x % 4] += double(share[x]) * double(C[x]);
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

// ---- an epoch's steps

template <class T> struct Stepper {
    Epoch<T>& run;
    Machine<T>& machine;
    Move<T> move;
    bool momentum;
    Gradient gradient;
    i64 shared = 0; // rows whose equal shares are there already

    Stepper(Epoch<T>& run_, Machine<T>& machine_) : run(run_), machine(machine_) {
        const Plan& plan = run.plan;
        momentum = plan.rule == Rule::rmsprop && plan.constant[2] != 0;
        // by the batch size, not by the rows of this call: a slice of an epoch computes as the whole does
        const bool chunked = Machine<T>::rows_at_once(*machine.net, machine.skip, plan.batch_size) < plan.batch_size;
        const bool plain = plan.rule == Rule::sgd && plan.l1 == 0 && plan.l2 == 0 && plan.clip_value == 0;
        gradient = plan.clip_norm > 0 || chunked ? Gradient::whole : plain ? Gradient::in_place : Gradient::in_blocks;
    }

    // n numbers of w from ``at`` on, weights or biases, from their gradient; ``ready`` where finish_gradient saw it.
    void update(Layer<T>& one, const T* g, i64 at, i64 n, bool weights, bool ready) {
        const bool penalise = !ready && weights && (run.plan.l1 != 0 || run.plan.l2 != 0);
        apply<T>(move, momentum, penalise, ready, 1, n, g, n, one.w + at, one.slot[0] ? one.slot[0] + at : nullptr,
                 one.slot[1] ? one.slot[1] + at : nullptr, n);
    }

    // Penalties into the gradient, and its clipping, where all of it is needed before any of it is used.
    void finish_gradient() {
        const Plan& plan = run.plan;
        double squares = 0;
        for (int l = 1; l <= machine.L(); ++l) {
            Layer<T>& one = machine.layer[l];
            one.parts([&](i64 begin, i64 end, bool weights) {
                for (i64 at = begin; at < end; at += WIDTH<T>) {
                    Vec<T> g = load(one.g + at), w = load(one.w + at);
                    if (weights && (plan.l1 != 0 || plan.l2 != 0)) {
                        const Vec<T> slope = penalty_slope<T>(move, w);
                        if (move.decoupled)
                            store(one.w + at, w - slope * move.eta);
                        else
                            g += slope;
                    }
                    g = clipped<T>(move, g);
                    store(one.g + at, g);
                    squares += double(sum_lanes<T>(g * g));
                }
            });
        }
        if (plan.clip_norm <= 0) return;
        const double length = std::sqrt(squares);
        if (!(length > plan.clip_norm)) return;
        const T factor = T(plan.clip_norm / length);
        for (int l = 1; l <= machine.L(); ++l) {
            Layer<T>& one = machine.layer[l];
            for (i64 i = 0; i < one.numbers(); i += WIDTH<T>) store(one.g + i, load(one.g + i) * factor);
        }
    }

    // Each neuron's incoming weights to at most max_norm.
    void limit() {
        const T longest = T(run.plan.max_norm);
        for (int l = 1; l <= machine.L(); ++l) {
            Layer<T>& one = machine.layer[l];
            if (one.narrow) {
                limit_narrow(one, longest);
                continue;
            }
            for (i64 j = 0; j < one.columns; j += one.panel)
                for (i64 v = 0; v < one.width(j); v += WIDTH<T>) {
                    Vec<T> squares{};
                    for (i64 k = 0; k < one.in; ++k) {
                        const Vec<T> w = load(one.w + one.at(k, j) + v);
                        squares += w * w;
                    }
                    const Vec<T> length = square_root<T>(squares);
                    const Vec<T> factor = length > longest ? longest / length : splat(T(1));
                    for (i64 k = 0; k < one.in; ++k) {
                        T* at = one.w + one.at(k, j) + v;
                        store(at, load(at) * factor);
                    }
                }
        }
    }

    static void limit_narrow(Layer<T>& one, T longest) {
        for (T* row = one.w; row < one.w + one.out * one.ldw; row += one.ldw) {
            const T length = std::sqrt(sum_row<T>(one.in, [&](i64 k) { return load(row + k) * load(row + k); }));
            for (i64 k = 0; length > longest && k < one.ldw; k += WIDTH<T>)
                store(row + k, load(row + k) * (longest / length));
        }
    }

    // Each example's share of a batch into ``share``; gives Σ s_x.
    double shares(const i64* rows, i64 m, T* share) {
        if (!run.weight) {
            for (i64 x = 0; x < m && shared != m; ++x) share[x] = T(1.0 / double(m));
            shared = m;
            return double(m);
        }
        double total = 0;
        for (i64 x = 0; x < m; ++x) total += run.weight[rows[x]];
        for (i64 x = 0; x < m; ++x) share[x] = total != 0 ? T(run.weight[rows[x]] / total) : T(0);
        return total;
    }

    void fetch_targets(const i64* rows, i64 m) {
        const i64 n = machine.last().out;
        for (i64 x = 0; x < m; ++x) copy_row<T>(n, run.Y + rows[x] * n, machine.y + x * machine.ldy);
    }

    // The gradient's pass of rows [first, first + m) of the batch: into w at once, or into g, or added to g.
    double pass(const i64* rows, i64 first, i64 m, const T* share, bool add) {
        machine.offset = first;
        machine.fetch(rows, first, m, run.step);
        fetch_targets(rows + first, m);
        machine.forward(m, run.step);
        machine.judge(m, true, share + first);
        const double C = mean(m, share + first, machine.C);
        if (!(std::abs(C) <= std::numeric_limits<double>::max())) return C;
        for (int l = machine.L(); l >= 1; --l) {
            Layer<T>& one = machine.layer[l];
            if (l > 1) machine.back_through(l, m);
            T* into = gradient == Gradient::in_place ? one.w : gradient == Gradient::whole ? one.g : nullptr;
            machine.gradient(l, m, into, gradient == Gradient::in_place ? -move.eta : T(1),
                             gradient == Gradient::whole && !add,
                             [&](const T* g, i64 at, i64 n, bool weights) { update(one, g, at, n, weights, false); });
        }
        return C;
    }

    // One batch; false where its cost is not finite or the run is to end, and then nothing was changed.
    bool step(const i64* rows, i64 m, double eta, T* share, double& C, double& weight) {
        weight = shares(rows, m, share);
        C = 0;
        if (weight == 0) { // no step (docs/equations.md)
            ++run.step;
            return true;
        }
        move = move_of<T>(run.plan, eta, run.t + 1);
        for (i64 first = 0; first < m; first += machine.chunk) {
            const i64 count = first + machine.chunk < m ? machine.chunk : m - first;
            if (first > 0 && run.wish.stop()) return false;
            C += pass(rows, first, count, share, first > 0);
        }
        if (!(std::abs(C) <= std::numeric_limits<double>::max())) return false;
        ++run.t;
        ++run.step;
        if (gradient == Gradient::whole) {
            finish_gradient();
            for (int l = 1; l <= machine.L(); ++l) {
                Layer<T>& one = machine.layer[l];
                update(one, one.g, 0, one.numbers(), true, true);
            }
        }
        if (run.plan.max_norm > 0) limit();
        return true;
    }
};

template <class T> void run_epoch(Epoch<T>& run) {
    if (run.rows == 0) return;
    Machine<T> machine;
    machine.net = &run.net;
    machine.X = &run.X;
    machine.team = run.team;
    machine.skip = run.plan.skip_zeros;
    machine.keep = run.plan.keep;
    machine.key = run.plan.dropout_key;
    int slots = 0;
    while (slots < MOST_SLOTS && run.slot[slots]) ++slots;
    const i64 m = run.plan.batch_size < run.rows ? run.plan.batch_size : run.rows;
    machine.chunk = Machine<T>::rows_at_once(run.net, machine.skip, m);
    Stepper<T> stepper(run, machine);
    T* share = static_cast<T*>(std::malloc(std::size_t(m) * sizeof(T)));
    if (!share || !machine.start(m, stepper.gradient, slots)) {
        std::free(share);
        run.out_of_memory = true;
        return;
    }
    Inputs targets; // Y as rows to foresee
    targets.data = run.Y;
    targets.width = machine.last().out;
    targets.column_stride = i64(sizeof(T));
    targets.row_stride = targets.width * targets.column_stride;
    machine.take_in(run.theta, &Layer<T>::w);
    for (int s = 0; s < slots; ++s) machine.take_slot(run.slot[s], s);
    for (i64 first = 0; first < run.rows; first += m) {
        const i64 count = first + m < run.rows ? m : run.rows - first;
        if (first + count < run.rows) {
            const i64 next = first + count + m < run.rows ? m : run.rows - first - count;
            foresee(run.X, run.order + first + count, next);
            foresee(targets, run.order + first + count, next);
        }
        const i64 i = run.done++;
        if (stepper.step(run.order + first, count, run.plan.eta[i], share, run.costs[i], run.weights[i])) continue;
        if (run.wish.granted) --run.done;
        break;
    }
    machine.give_back(&Layer<T>::w, run.theta);
    for (int s = 0; s < slots; ++s) machine.give_slot(s, run.slot[s]);
    std::free(share);
}

// ---- value, gradient and outputs of any number of rows

// C of m rows on from ``first``, and their part of the gradient.
template <class T> void measure(Pass<T>& run, Machine<T>& machine, i64 first, i64 m) {
    const i64 n = machine.last().out;
    for (i64 x = 0; x < m; ++x) copy_row<T>(n, run.Y + (first + x) * n, machine.y + x * machine.ldy);
    machine.judge(m, run.gradient != nullptr, run.share + first);
    run.value += mean(m, run.share + first, machine.C);
    if (!run.gradient) return;
    for (int l = machine.L(); l >= 1; --l) {
        if (l > 1) machine.back_through(l, m);
        machine.gradient(l, m, machine.layer[l].g, T(1), first == 0, [](const T*, i64, i64, bool) {});
    }
}

template <class T> void run_pass(Pass<T>& run) {
    Machine<T> machine;
    machine.net = &run.net;
    machine.X = &run.X;
    machine.team = run.team;
    machine.skip = run.skip_zeros;
    const bool backward = run.gradient != nullptr;
    if (!machine.start(run.X.n, backward ? Gradient::whole : Gradient::none, 0)) {
        run.out_of_memory = true;
        return;
    }
    machine.take_in(run.theta, &Layer<T>::w);
    const i64 n = machine.last().out;
    for (i64 first = 0; first < run.X.n; first += machine.chunk) {
        if (first > 0 && run.wish.stop()) return;
        const i64 m = first + machine.chunk < run.X.n ? machine.chunk : run.X.n - first;
        machine.fetch(nullptr, first, m, 0);
        machine.forward(m, 0);
        if (run.Y)
            measure(run, machine, first, m);
        else if (machine.last().act == Act::softmax)
            softmax<T>(m, n, machine.last().z, machine.last().a, machine.last().ld);
        if (run.outputs)
            for (i64 x = 0; x < m; ++x)
                copy_row<T>(n, machine.last().a + x * machine.last().ld, run.outputs + (first + x) * n);
    }
    if (backward) machine.give_back(&Layer<T>::g, run.gradient);
}

template <class T> void run_activation(Act act, double p, std::int64_t n, const T* z, T* a, T* slopes) {
    for (i64 i = 0; i < n; i += WIDTH<T>) {
        T in[WIDTH<T>] = {}, out[WIDTH<T>], slope[WIDTH<T>];
        const i64 count = i + WIDTH<T> < n ? WIDTH<T> : n - i;
        std::memcpy(in, z + i, std::size_t(count) * sizeof(T));
        activate<T>(act, T(p), 1, WIDTH<T>, in, out, WIDTH<T>);
        for (int k = 0; k < WIDTH<T>; ++k) slope[k] = T(1);
        times_slope<T>(act, T(p), 1, WIDTH<T>, slope_from_a(act) ? out : in, slope, WIDTH<T>);
        std::memcpy(a + i, out, std::size_t(count) * sizeof(T));
        std::memcpy(slopes + i, slope, std::size_t(count) * sizeof(T));
    }
}

} // namespace backlit::BACKLIT_ISA
