// Whole passes over a batch, and the loop over batches: equations.py's forward, backward and mean_gradient, fused with
// the rule where nothing needs the gradient in between.
//
// w^l is kept turned, (n_{l−1} + 1) rows of n_l numbers, the last row b^l: a product with it reads its rows as vectors,
// whether the inputs are dense or only those that are not zero. θ is turned at the start of a run and back at its end.
#pragma once

#include "matrix.hpp"
#include "outputs.hpp"
#include "philox.hpp"
#include "rows.hpp"
#include "rules.hpp"

namespace backlit::BACKLIT_ISA {

constexpr i64 NUMBERS_AT_ONCE = i64(1) << 19; // in the widest layer of a chunk of rows
constexpr i64 WORTH_SHARING = i64(1) << 20;   // multiplications of a phase, below which one thread does it all
constexpr i64 ROWS_OF_A_TASK = 96;
constexpr i64 ENOUGH_TASKS = 8;

// The memory of a run: measured by a first walk through ``arrange``, had by one allocation, handed out by the second.
class Memory {
  public:
    ~Memory() { std::free(block_); }
    template <class T> T* take(i64 count) {
        used_ = (used_ + 63) / 64 * 64;
        T* at = start_ ? reinterpret_cast<T*>(start_ + used_) : nullptr;
        used_ += std::size_t(count > 0 ? count : 0) * sizeof(T);
        return at;
    }
    // Zeroed; false where there is no such memory.
    bool have() {
        const std::size_t whole = used_ + 4096;
        block_ = std::calloc(whole, 1);
        if (!block_) return false;
        start_ = reinterpret_cast<char*>((reinterpret_cast<std::uintptr_t>(block_) + 63) / 64 * 64);
        used_ = 0;
        return true;
    }

  private:
    void* block_ = nullptr;
    char* start_ = nullptr;
    std::size_t used_ = 0;
};

// A row of n numbers; short ones are not worth a call.
template <class T> BACKLIT_INLINE void copy_row(i64 n, const T* from, T* to) {
    i64 j = 0;
    for (; j + WIDTH<T> <= n; j += WIDTH<T>) store(to + j, load(from + j));
    for (; j < n; ++j) to[j] = from[j];
}

template <class F> void share_out(Team* team, i64 multiplications, i64 tasks, F f) {
    if (team && tasks > 1 && multiplications >= WORTH_SHARING)
        team_run(team, tasks, [](void* self, std::int64_t i) { (*static_cast<F*>(self))(i); }, &f);
    else
        for (i64 i = 0; i < tasks; ++i) f(i);
}

// f(x0, x1, j0, j1) for blocks that cover rows × columns; the blocks follow from the sizes alone.
template <class F>
void in_blocks(Team* team, i64 multiplications, i64 rows, i64 columns, i64 rows_each, i64 columns_each, F f) {
    const i64 across = (columns + columns_each - 1) / columns_each, down = (rows + rows_each - 1) / rows_each;
    share_out(team, multiplications, across * down, [&](i64 i) {
        const i64 x0 = i % down * rows_each, j0 = i / down * columns_each;
        f(x0, x0 + rows_each < rows ? x0 + rows_each : rows, j0,
          j0 + columns_each < columns ? j0 + columns_each : columns);
    });
}

template <class T> struct Layer {
    i64 in = 0, out = 0;
    i64 ld = 0;      // of w, and of z, a, delta, mask
    i64 columns = 0; // out, padded
    Act act = Act::identity;
    T p = 0;
    bool from_a = false;
    T *w = nullptr, *slot[MOST_SLOTS] = {nullptr, nullptr}, *g = nullptr; // (in + 1) × ld
    T* back = nullptr;                                               // w as the note has it, in panels of PANEL columns
    T *z = nullptr, *a = nullptr, *delta = nullptr, *mask = nullptr; // chunk × ld
    T* bias() const { return w + in * ld; }
};

constexpr int MOST_LAYERS = 64;

template <class T> struct Machine {
    static constexpr i64 PANEL = PANEL_OF<T>;
    const Network* net;
    const Inputs* X;
    Team* team;
    bool skip;
    const double* keep = nullptr;
    std::uint64_t key = 0;
    i64 chunk = 0;
    Layer<T> layer[MOST_LAYERS + 1];
    Entries<T> entries;
    T *a0 = nullptr, *mask0 = nullptr, *y = nullptr, *C = nullptr, *share = nullptr;
    i64 ld0 = 0, ldy = 0;
    T* theta = nullptr;
    T* flat_slot[MOST_SLOTS] = {nullptr, nullptr};
    Memory memory;

    int L() const { return net->L; }
    Layer<T>& last() { return layer[net->L]; }

    // Rows that are worked on together: all of a batch, or as many as keep the memory small.
    static i64 rows_at_once(const Network& net, bool skip, i64 rows) {
        i64 widest = 1;
        for (int l = skip ? 1 : 0; l <= net.L; ++l) widest = net.sizes[l] > widest ? net.sizes[l] : widest;
        i64 most = NUMBERS_AT_ONCE / widest;
        most = most < 256 ? 256 : most > 2048 ? 2048 : most;
        return rows < most ? rows : most;
    }

    void arrange(bool backward, bool gradient, int slots) {
        ld0 = row_length<T>(net->sizes[0]);
        const bool drops = keep != nullptr;
        for (int l = 1; l <= L(); ++l) {
            Layer<T>& one = layer[l];
            one.in = net->sizes[l - 1];
            one.out = net->sizes[l];
            one.ld = row_length<T>(one.out);
            one.columns = padded<T>(one.out);
            one.act = net->act[l - 1];
            one.p = T(net->parameter[l - 1]);
            const bool masked = drops && keep[l] < 1;
            one.from_a = slope_from_a(one.act);
            const i64 weights = (one.in + 1) * one.ld, rows = chunk * one.ld;
            one.w = memory.template take<T>(weights);
            for (int s = 0; s < slots; ++s) one.slot[s] = memory.template take<T>(weights);
            if (gradient) one.g = memory.template take<T>(weights);
            if (backward && l > 1) one.back = memory.template take<T>(one.out * ((one.in + PANEL - 1) / PANEL * PANEL));
            one.z = memory.template take<T>(rows + WIDTH<T>);
            // a^l takes z^l's place where σ′ needs no more than a
            const bool own = !one.from_a || masked || l == L();
            one.a = own ? memory.template take<T>(rows + WIDTH<T>) : one.z;
            if (masked) one.mask = memory.template take<T>(rows);
            if (backward) one.delta = memory.template take<T>(rows);
        }
        if (skip) {
            const i64 group = 64;
            const i64 wide = layer[1].columns < WIDEST * WIDTH<T> ? layer[1].columns : WIDEST * WIDTH<T>;
            i64 groups_at_once = 16384 / (group * wide * i64(sizeof(T)));
            groups_at_once = groups_at_once < 1 ? 1 : groups_at_once;
            entries.group = X->indptr ? X->width : group * groups_at_once;
            entries.groups = X->indptr ? 1 : (X->width + entries.group - 1) / entries.group;
            const i64 most = chunk * (X->indptr ? X->most_in_row : X->width) + SPILL;
            entries.column = memory.template take<std::uint32_t>(most);
            entries.value = memory.template take<T>(most);
            entries.start = memory.template take<i64>(chunk * (entries.groups + 1));
        } else {
            a0 = memory.template take<T>(chunk * ld0);
            if (drops && keep[0] < 1) mask0 = memory.template take<T>(chunk * ld0);
        }
        ldy = row_length<T>(net->sizes[L()]);
        y = memory.template take<T>(chunk * ldy);
        C = memory.template take<T>(chunk);
        share = memory.template take<T>(chunk);
    }

    bool start(i64 rows, bool backward, bool gradient, int slots) {
        chunk = rows_at_once(*net, skip, rows);
        arrange(backward, gradient, slots);
        if (!memory.have()) return false;
        arrange(backward, gradient, slots);
        return true;
    }

    // θ's order (N8) into ours, and back.
    void take_in(const T* flat, T* Layer<T>::* to) {
        for (int l = 1; l <= L(); ++l) {
            Layer<T>& one = layer[l];
            transpose<T>(one.out, one.in, flat, one.in, one.*to, one.ld);
            flat += one.out * one.in;
            std::memcpy(one.*to + one.in * one.ld, flat, std::size_t(one.out) * sizeof(T));
            flat += one.out;
        }
    }
    void take_slot(const T* flat, int s) {
        for (int l = 1; l <= L(); ++l) {
            Layer<T>& one = layer[l];
            transpose<T>(one.out, one.in, flat, one.in, one.slot[s], one.ld);
            flat += one.out * one.in;
            std::memcpy(one.slot[s] + one.in * one.ld, flat, std::size_t(one.out) * sizeof(T));
            flat += one.out;
        }
    }
    static T* give_back(const Layer<T>& one, const T* from, T* flat) {
        transpose<T>(one.in, one.out, from, one.ld, flat, one.in);
        flat += one.out * one.in;
        std::memcpy(flat, from + one.in * one.ld, std::size_t(one.out) * sizeof(T));
        return flat + one.out;
    }

    // The inputs of m rows, from place ``first`` of ``rows`` (or from row ``first`` where there is no such list).
    void fetch(const i64* rows, i64 first, i64 m, i64 step) {
        const i64* chosen = rows ? rows + first : nullptr;
        if (skip) {
            collect<T>(*X, chosen, first, m, entries);
            if (keep && keep[0] < 1) {
                const Mask<T> mask(keep[0], key, step, 0);
                for (i64 x = 0; x < m; ++x)
                    for (i64 p = entries.start[x * (entries.groups + 1)];
                         p < entries.start[x * (entries.groups + 1) + entries.groups]; ++p)
                        entries.value[p] *= mask.at(x + offset, entries.column[p]);
            }
            return;
        }
        in_blocks(team, m * net->sizes[0] * 8, m, 1, 32, 1, [&](i64 x0, i64 x1, i64, i64) {
            gather<T>(*X, chosen ? chosen + x0 : nullptr, first + x0, x1 - x0, a0 + x0 * ld0, ld0);
        });
        if (!mask0) return;
        Mask<T>(keep[0], key, step, 0).fill(m, net->sizes[0], mask0, ld0, offset);
        for (i64 i = 0; i < m * ld0; i += WIDTH<T>) store(a0 + i, load(a0 + i) * load(mask0 + i));
    }

    i64 offset = 0; // of a chunk in its batch

    // N4, layer by layer.
    void forward(i64 m, i64 step) {
        for (int l = 1; l <= L(); ++l) {
            Layer<T>& one = layer[l];
            const bool skips = l == 1 && skip;
            const T* a = l == 1 ? a0 : layer[l - 1].a;
            const i64 lda = l == 1 ? ld0 : layer[l - 1].ld;
            const i64 wide = (skips ? WIDEST : TILE_VECTORS) * WIDTH<T>;
            const i64 work =
                skips ? entries.start[m * (entries.groups + 1) - 1] * one.columns * 4 : m * one.in * one.columns;
            in_blocks(team, work, m, one.columns, skips ? m : ROWS_OF_A_TASK, wide,
                      [&](i64 x0, i64 x1, i64 j0, i64 j1) {
                          T *z = one.z + x0 * one.ld + j0, *to = one.a + x0 * one.ld + j0;
                          const T *w = one.w + j0, *bias = one.bias() + j0;
                          if (skips)
                              forward_entries<T>(x1 - x0, j1 - j0, entries, w, one.ld, bias, z, one.ld);
                          else
                              product<T, false, Into::with_bias>(x1 - x0, j1 - j0, one.in, a + x0 * lda, lda, w, one.ld,
                                                                 z, one.ld, bias, T(1));
                          activate<T>(one.act, one.p, x1 - x0, j1 - j0, z, to, one.ld);
                      });
            if (one.act == Act::softmax && l < L()) softmax<T>(m, one.out, one.z, one.a, one.ld);
            if (one.mask) drop(one, m, step, l);
        }
    }

    // a^l ⊙ mask; z^l then keeps what σ′ is taken from.
    void drop(Layer<T>& one, i64 m, i64 step, int l) {
        Mask<T>(keep[l], key, step, l).fill(m, one.out, one.mask, one.ld, offset);
        for (i64 i = 0; i < m * one.ld; i += WIDTH<T>) {
            const Vec<T> a = load(one.a + i);
            if (one.from_a) store(one.z + i, a);
            store(one.a + i, a * load(one.mask + i));
        }
    }

    // C_x of the chunk, and with ``backward`` δ^L, multiplied by each example's share.
    void judge(i64 m, bool backward, const T* share_of) {
        Layer<T>& one = last();
        outputs<T>(one.act, one.p, net->cost, T(net->cost_parameter), m, one.out, one.z, one.a, one.ld, y, ldy,
                   backward ? one.delta : nullptr, C);
        if (backward)
            for (i64 x = 0; x < m; ++x)
                for (i64 j = 0; j < one.columns; j += WIDTH<T>) {
                    T* at = one.delta + x * one.ld + j;
                    store(at, load(at) * share_of[x]);
                }
    }

    // δ^{l−1} from δ^l (B2). w is turned panel by panel; many panels are each used by the task that made them.
    void back_through(int l, i64 m) {
        Layer<T>&one = layer[l], &before = layer[l - 1];
        const i64 panels = (before.columns + PANEL - 1) / PANEL, work = m * one.out * before.columns;
        const auto turn = [&](i64 i) {
            const i64 k0 = i * PANEL, k1 = k0 + PANEL < one.in ? k0 + PANEL : one.in;
            transpose<T>(k1 - k0, one.out, one.w + k0 * one.ld, one.ld, one.back + i * one.out * PANEL, PANEL);
        };
        const auto multiply = [&](i64 x0, i64 x1, i64 k0, i64 k1) {
            const i64 at = x0 * before.ld + k0;
            product<T, false, Into::replace>(x1 - x0, k1 - k0, one.out, one.delta + x0 * one.ld, one.ld,
                                             one.back + k0 * one.out, PANEL, before.delta + at, before.ld, nullptr,
                                             T(1));
            if (before.mask)
                for (i64 x = x0; x < x1; ++x)
                    for (i64 k = k0; k < k1; k += WIDTH<T>) {
                        T* d = before.delta + x * before.ld + k;
                        store(d, load(d) * load(before.mask + x * before.ld + k));
                    }
            if (before.act != Act::softmax)
                times_slope<T>(before.act, before.p, x1 - x0, k1 - k0, slope_source(before) + at, before.delta + at,
                               before.ld);
        };
        if (panels >= ENOUGH_TASKS) {
            share_out(team, work, panels, [&](i64 i) {
                turn(i);
                multiply(0, m, i * PANEL, (i + 1) * PANEL < before.columns ? (i + 1) * PANEL : before.columns);
            });
        } else {
            share_out(team, one.in * one.out * 8, panels, turn);
            in_blocks(team, work, m, before.columns, ROWS_OF_A_TASK, PANEL, multiply);
        }
        if (before.act == Act::softmax)
            softmax_pullback<T>(m, before.out, slope_source(before), before.delta, before.ld);
    }

    const T* slope_source(const Layer<T>& one) const { return one.from_a && !one.mask ? one.a : one.z; }

    // w += scale · a^{l−1}ᵀ δ^l and b += scale · Σ δ^l, or ``replace``d by them, where w(in + 1 × ld) is the layer's
    // weights or its gradient; then(k0, k1, j0, j1) follows on each block of its rows.
    template <class F> void gradient(int l, i64 m, T* w, T scale, bool replace, F then) {
        Layer<T>& one = layer[l];
        const bool skips = l == 1 && skip;
        const T* a = l == 1 ? a0 : layer[l - 1].a;
        const i64 lda = l == 1 ? ld0 : layer[l - 1].ld;
        const i64 work =
            skips ? entries.start[m * (entries.groups + 1) - 1] * one.columns * 4 : m * one.in * one.columns;
        in_blocks(team, work, one.in, one.columns, skips ? one.in : ROWS_OF_A_TASK,
                  (skips ? WIDEST : TILE_VECTORS) * WIDTH<T>, [&](i64 k0, i64 k1, i64 j0, i64 j1) {
                      T* to = w + k0 * one.ld + j0;
                      if (skips) {
                          if (replace)
                              for (i64 k = k0; k < k1; ++k)
                                  std::memset(w + k * one.ld + j0, 0, std::size_t(j1 - j0) * sizeof(T));
                          gradient_entries<T>(m, j1 - j0, entries, one.delta + j0, one.ld, scale, to, one.ld);
                      } else if (replace) {
                          product<T, true, Into::replace>(k1 - k0, j1 - j0, m, a + k0, lda, one.delta + j0, one.ld, to,
                                                          one.ld, nullptr, scale);
                      } else {
                          product<T, true, Into::add>(k1 - k0, j1 - j0, m, a + k0, lda, one.delta + j0, one.ld, to,
                                                      one.ld, nullptr, scale);
                      }
                      then(k0, k1, j0, j1);
                  });
        T* of_b = w + one.in * one.ld;
        for (i64 j = 0; j < one.columns; j += WIDTH<T>) {
            Vec<T> sum{};
            for (i64 x = 0; x < m; ++x) sum += load(one.delta + x * one.ld + j);
            store(of_b + j, replace ? sum * scale : load(of_b + j) + sum * scale);
        }
        then(one.in, one.in + 1, i64(0), one.columns);
    }
};

// ---- an epoch's steps

template <class T> struct Stepper {
    Epoch<T>& run;
    Machine<T>& machine;
    Move<T> move;
    bool momentum, direct, whole; // direct: the gradient goes into w as it is made; whole: needed all at once first

    Stepper(Epoch<T>& run_, Machine<T>& machine_) : run(run_), machine(machine_) {
        const Plan& plan = run.plan;
        momentum = plan.rule == Rule::rmsprop && plan.constant[2] != 0;
        // by the batch size, not by the rows of this call: a slice of an epoch computes as the whole does
        const bool chunked = Machine<T>::rows_at_once(*machine.net, machine.skip, plan.batch_size) < plan.batch_size;
        whole = plan.clip_norm > 0 || chunked;
        direct = plan.rule == Rule::sgd && plan.l1 == 0 && plan.l2 == 0 && plan.clip_value == 0 && !whole;
    }

    void update(Layer<T>& one, i64 k0, i64 k1, i64 j0, i64 j1, bool ready) {
        const i64 at = k0 * one.ld + j0;
        const bool penalise = !ready && k0 < one.in && (run.plan.l1 != 0 || run.plan.l2 != 0);
        apply<T>(move, momentum, penalise, ready, k1 - k0, j1 - j0, one.g + at, one.ld, one.w + at,
                 one.slot[0] ? one.slot[0] + at : nullptr, one.slot[1] ? one.slot[1] + at : nullptr, one.ld);
    }

    // Penalties into the gradient, and its clipping, where all of it is needed before any of it is used.
    void finish_gradient() {
        const Plan& plan = run.plan;
        double squares = 0;
        for (int l = 1; l <= machine.L(); ++l) {
            Layer<T>& one = machine.layer[l];
            for (i64 k = 0; k <= one.in; ++k)
                for (i64 j = 0; j < one.columns; j += WIDTH<T>) {
                    const i64 at = k * one.ld + j;
                    Vec<T> g = load(one.g + at), w = load(one.w + at);
                    if (k < one.in && (plan.l1 != 0 || plan.l2 != 0)) {
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
        }
        if (plan.clip_norm <= 0) return;
        const double length = std::sqrt(squares);
        if (!(length > plan.clip_norm)) return;
        const T factor = T(plan.clip_norm / length);
        for (int l = 1; l <= machine.L(); ++l) {
            Layer<T>& one = machine.layer[l];
            for (i64 i = 0; i < (one.in + 1) * one.ld; i += WIDTH<T>) store(one.g + i, load(one.g + i) * factor);
        }
    }

    // Each neuron's incoming weights to at most max_norm.
    void limit() {
        const T longest = T(run.plan.max_norm);
        for (int l = 1; l <= machine.L(); ++l) {
            Layer<T>& one = machine.layer[l];
            for (i64 j = 0; j < one.columns; j += WIDTH<T>) {
                Vec<T> squares{};
                for (i64 k = 0; k < one.in; ++k) {
                    const Vec<T> w = load(one.w + k * one.ld + j);
                    squares += w * w;
                }
                const Vec<T> length = square_root<T>(squares);
                const Vec<T> factor = length > longest ? longest / length : splat(T(1));
                for (i64 k = 0; k < one.in; ++k) {
                    T* at = one.w + k * one.ld + j;
                    store(at, load(at) * factor);
                }
            }
        }
    }

    // Each example's share of a batch into ``share``; gives Σ s_x.
    double shares(const i64* rows, i64 m, T* share) const {
        if (!run.weight) {
            for (i64 x = 0; x < m; ++x) share[x] = T(1.0 / double(m));
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
        double C = 0;
        for (i64 x = 0; x < m; ++x) C += double(share[first + x]) * double(machine.C[x]);
        if (!(std::abs(C) <= std::numeric_limits<double>::max())) return C;
        for (int l = machine.L(); l >= 1; --l) {
            Layer<T>& one = machine.layer[l];
            if (l > 1) machine.back_through(l, m);
            if (direct)
                machine.gradient(l, m, one.w, -move.eta, false, [](i64, i64, i64, i64) {});
            else if (whole)
                machine.gradient(l, m, one.g, T(1), !add, [](i64, i64, i64, i64) {});
            else
                machine.gradient(l, m, one.g, T(1), true,
                                 [&](i64 k0, i64 k1, i64 j0, i64 j1) { update(one, k0, k1, j0, j1, false); });
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
        if (whole) {
            finish_gradient();
            for (int l = 1; l <= machine.L(); ++l) {
                Layer<T>& one = machine.layer[l];
                update(one, 0, one.in + 1, 0, one.columns, true);
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
    if (!share || !machine.start(m, true, !stepper.direct, slots)) {
        std::free(share);
        run.out_of_memory = true;
        return;
    }
    machine.take_in(run.theta, &Layer<T>::w);
    for (int s = 0; s < slots; ++s) machine.take_slot(run.slot[s], s);
    for (i64 first = 0; first < run.rows; first += m) {
        const i64 count = first + m < run.rows ? m : run.rows - first;
        if (first + count < run.rows) {
            const i64 next = first + count + m < run.rows ? m : run.rows - first - count;
            foresee(run.X, run.order + first + count, next < 64 ? next : 64);
        }
        const i64 i = run.done++;
        if (stepper.step(run.order + first, count, run.plan.eta[i], share, run.costs[i], run.weights[i])) continue;
        if (run.wish.granted) --run.done;
        break;
    }
    T* flat = run.theta;
    for (int l = 1; l <= machine.L(); ++l) flat = Machine<T>::give_back(machine.layer[l], machine.layer[l].w, flat);
    for (int s = 0; s < slots; ++s) {
        flat = run.slot[s];
        for (int l = 1; l <= machine.L(); ++l)
            flat = Machine<T>::give_back(machine.layer[l], machine.layer[l].slot[s], flat);
    }
    std::free(share);
}

// ---- value, gradient and outputs of any number of rows

// C of m rows on from ``first``, and their part of the gradient.
template <class T> void measure(Pass<T>& run, Machine<T>& machine, i64 first, i64 m) {
    const i64 n = machine.last().out;
    for (i64 x = 0; x < m; ++x) copy_row<T>(n, run.Y + (first + x) * n, machine.y + x * machine.ldy);
    machine.judge(m, run.gradient != nullptr, run.share + first);
    for (i64 x = 0; x < m; ++x) run.value += double(run.share[first + x]) * double(machine.C[x]);
    if (!run.gradient) return;
    for (int l = machine.L(); l >= 1; --l) {
        if (l > 1) machine.back_through(l, m);
        machine.gradient(l, m, machine.layer[l].g, T(1), first == 0, [](i64, i64, i64, i64) {});
    }
}

template <class T> void run_pass(Pass<T>& run) {
    Machine<T> machine;
    machine.net = &run.net;
    machine.X = &run.X;
    machine.team = run.team;
    machine.skip = run.skip_zeros;
    const bool backward = run.gradient != nullptr;
    if (!machine.start(run.X.n, backward, backward, 0)) {
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
    if (!backward) return;
    T* flat = run.gradient;
    for (int l = 1; l <= machine.L(); ++l) flat = Machine<T>::give_back(machine.layer[l], machine.layer[l].g, flat);
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
