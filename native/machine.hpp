// Whole passes over a batch: equations.py's forward, backward and mean_gradient.
#pragma once

#include "layer.hpp"
#include "outputs.hpp"
#include "philox.hpp"

namespace backlit::BACKLIT_ISA {

constexpr int MOST_LAYERS = 64;

// Σ_x of a vector of each of m rows; four sums hide the latency of adding.
template <class T> BACKLIT_INLINE Vec<T> sum_rows(i64 m, const T* from, i64 ld) {
    Vec<T> sum[4] = {};
    i64 x = 0;
    for (; x + 4 <= m; x += 4) {
        BACKLIT_UNROLL for (int i = 0; i < 4; ++i) sum[i] += load(from + (x + i) * ld);
    }
    for (; x < m; ++x) sum[0] += load(from + x * ld);
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

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

    void arrange(Gradient gradient, int slots) {
        const bool backward = gradient != Gradient::none;
        ld0 = row_length<T>(net->sizes[0]);
        const bool drops = keep != nullptr;
        for (int l = 1; l <= L(); ++l) {
            Layer<T>& one = layer[l];
            one.in = net->sizes[l - 1];
            one.out = net->sizes[l];
            one.ld = row_length<T>(one.out);
            one.columns = padded<T>(one.out);
            const bool skips = skip && l == 1;
            one.panel = skips ? WIDEST * WIDTH<T> : PANEL;
            one.narrow = skips ? 0 : narrow_neurons<T>(one.out);
            one.ldw = padded<T>(one.in);
            one.act = net->act[l - 1];
            one.p = T(net->parameter[l - 1]);
            const bool masked = drops && keep[l] < 1;
            one.from_a = slope_from_a(one.act);
            one.keeps_slope = backward && !one.from_a && l < L();
            const i64 rows = chunk * one.ld;
            one.w = memory.template take<T>(one.numbers());
            for (int s = 0; s < slots; ++s) one.slot[s] = memory.template take<T>(one.numbers());
            if (gradient == Gradient::whole || (gradient == Gradient::in_blocks && skips))
                one.g = memory.template take<T>(one.numbers());
            if (backward && l > 1 && !one.narrow)
                one.back = memory.template take<T>(one.out * ((one.in + PANEL - 1) / PANEL * PANEL));
            one.z = memory.template take<T>(rows + WIDTH<T>);
            // a^l takes z^l's place where σ′ needs no more than a
            const bool own = !one.from_a || masked || (l == L() && one.act != Act::identity);
            one.a = own ? memory.template take<T>(rows + WIDTH<T>) : one.z;
            if (masked) one.mask = memory.template take<T>(rows);
            const bool wide = (l < L() && net->sizes[l + 1] >= PANEL) || (l > 1 && one.in >= PANEL);
            if (SKIPS_HIDDEN && wide && l < L() && (one.act == Act::relu || masked)) {
                one.in_rows.word = memory.template take<std::uint64_t>(chunk * words_of(one.out));
                one.in_columns.word = memory.template take<std::uint64_t>(one.columns * words_of(chunk));
            }
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
        C = memory.template take<T>(padded<T>(chunk));
        share = memory.template take<T>(chunk);
    }

    bool start(i64 rows, Gradient gradient, int slots) {
        chunk = rows_at_once(*net, skip, rows);
        arrange(gradient, slots);
        if (!memory.have()) return false;
        arrange(gradient, slots);
        return true;
    }

    void take_in(const T* flat, T* Layer<T>::* to) {
        for (int l = 1; l <= L(); ++l) flat = layer[l].turn_in(flat, layer[l].*to);
    }
    void take_slot(const T* flat, int s) {
        for (int l = 1; l <= L(); ++l) flat = layer[l].turn_in(flat, layer[l].slot[s]);
    }
    void give_back(T* Layer<T>::* from, T* flat) const {
        for (int l = 1; l <= L(); ++l) flat = layer[l].turn_out(layer[l].*from, flat);
    }
    void give_slot(int s, T* flat) const {
        for (int l = 1; l <= L(); ++l) flat = layer[l].turn_out(layer[l].slot[s], flat);
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
            const i64 work =
                skips ? entries.start[m * (entries.groups + 1) - 1] * one.columns * 4 : m * one.in * one.columns;
            in_blocks(
                team, work, m, one.columns, skips ? m : ROWS_OF_A_TASK, one.panel, [&](i64 x0, i64 x1, i64 j0, i64 j1) {
                    T *z = one.z + x0 * one.ld + j0, *to = one.a + x0 * one.ld + j0;
                    const T *w = one.w + one.at(0, j0), *bias = one.w + one.at(one.in, j0);
                    const auto multiply = [&](auto into) {
                        product_of_nonzeros<T, false, decltype(into)::value>(skipped(l - 1), x0, x1 - x0, j1 - j0,
                                                                             one.in, a + x0 * lda, lda, w, j1 - j0, z,
                                                                             one.ld, bias, T(1));
                    };
                    if (skips)
                        forward_entries<T>(x1 - x0, j1 - j0, entries, w, j1 - j0, bias, z, one.ld);
                    else if (one.narrow)
                        forward_narrow<T>(one.narrow, x1 - x0, one.in, a + x0 * lda, lda, one.w, one.ldw, z, one.ld);
                    else if (one.rectifies())
                        return multiply(std::integral_constant<Into, Into::with_bias_relu>{});
                    else
                        multiply(std::integral_constant<Into, Into::with_bias>{});
                    if (one.keeps_slope)
                        activate_with_slope<T>(one.act, one.p, x1 - x0, j1 - j0, z, to, one.ld);
                    else
                        activate<T>(one.act, one.p, x1 - x0, j1 - j0, z, to, one.ld);
                });
            if (one.act == Act::softmax && l < L()) softmax<T>(m, one.out, one.z, one.a, one.ld);
            if (one.mask) drop(one, m, step, l);
            if (one.in_rows.word) {
                find_in_rows<T>(m, one.out, one.a, one.ld, one.in_rows);
                one.skips = pays(one.in_rows, m, one.out);
            }
        }
    }

    const Bits* skipped(int l) const { return l > 0 && layer[l].skips ? &layer[l].in_rows : nullptr; }

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
            for (i64 j = 0; j < one.columns; j += one.panel)
                transpose<T>(k1 - k0, one.out - j < one.panel ? one.out - j : one.panel, one.w + one.at(k0, j),
                             one.width(j), one.back + (i * one.out + j) * PANEL, PANEL);
        };
        const auto multiply = [&](i64 x0, i64 x1, i64 k0, i64 k1) {
            const i64 at = x0 * before.ld + k0;
            const auto into_delta = [&](auto into) {
                product_of_nonzeros<T, false, decltype(into)::value>(
                    skipped(l), x0, x1 - x0, k1 - k0, one.out, one.delta + x0 * one.ld, one.ld,
                    one.narrow ? one.w + k0 : one.back + k0 * one.out, one.narrow ? one.ldw : PANEL, before.delta + at,
                    before.ld, before.a + at, T(1));
            };
            if (before.rectifies()) return into_delta(std::integral_constant<Into, Into::where_positive>{});
            into_delta(std::integral_constant<Into, Into::replace>{});
            if (before.mask) times<T>(x1 - x0, k1 - k0, before.mask + at, before.delta + at, before.ld);
            if (before.keeps_slope)
                times<T>(x1 - x0, k1 - k0, before.z + at, before.delta + at, before.ld);
            else if (before.act != Act::softmax)
                times_slope<T>(before.act, before.p, x1 - x0, k1 - k0, slope_source(before) + at, before.delta + at,
                               before.ld);
        };
        if (one.narrow) {
            in_blocks(team, work, m, before.columns, ROWS_OF_A_TASK, PANEL, multiply);
        } else if (panels >= ENOUGH_TASKS) {
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

    // w += scale · a^{l−1}ᵀ δ^l and b += scale · Σ δ^l, or ``replace``d by them, where w is the layer's weights or its
    // gradient. Without w, update(g, at, n, weights) gets n numbers of the gradient as soon as they are made, which are
    // w's from ``at`` on.
    template <class F> void gradient(int l, i64 m, T* w, T scale, bool replace, F update) {
        Layer<T>& one = layer[l];
        if (one.narrow) return gradient_of_narrow(l, m, w, scale, replace, update);
        const Bits* on = nullptr; // zeros of a^{l−1}, by its columns
        if (skipped(l - 1) && pays(layer[l - 1].in_rows, one.in, m) && one.columns >= PANEL) {
            find_in_columns<T>(m, layer[l - 1].columns, layer[l - 1].a, layer[l - 1].ld, layer[l - 1].in_columns);
            on = &layer[l - 1].in_columns;
        }
        const bool skips = l == 1 && skip;
        const i64 work =
            skips ? entries.start[m * (entries.groups + 1) - 1] * one.columns * 4 : m * one.in * one.columns;
        in_blocks(team, work, one.in, one.columns, skips ? one.in : ROWS_OF_A_TASK, one.panel,
                  [&](i64 k0, i64 k1, i64 j0, i64 j1) {
                      if (k0 == 0) gradient_of_bias(one, m, w, scale, replace, j0, j1, one.at(one.in, j0), update);
                      if (!skips) return gradient_of_block(l, m, on, w, scale, replace, k0, k1, j0, j1, update);
                      T* to = (w ? w : one.g) + one.at(0, j0);
                      if (!w || replace) std::memset(to, 0, std::size_t(one.in * (j1 - j0)) * sizeof(T));
                      gradient_entries<T>(m, j1 - j0, entries, one.delta + j0, one.ld, scale, to, j1 - j0);
                      if (!w) update(to, one.at(0, j0), one.in * (j1 - j0), true);
                  });
    }

    template <class F>
    void gradient_of_bias(const Layer<T>& one, i64 m, T* w, T scale, bool replace, i64 j0, i64 j1, i64 at, F update) {
        alignas(64) T sums[WIDEST * WIDTH<T>];
        T* to = w ? w + at : sums;
        for (i64 j = 0; j < j1 - j0; j += WIDTH<T>) {
            const Vec<T> sum = sum_rows<T>(m, one.delta + j0 + j, one.ld);
            store(to + j, !w || replace ? sum * scale : load(to + j) + sum * scale);
        }
        if (!w) update(sums, at, j1 - j0, false);
    }

    // A tile's gradient at a time, so that it never leaves the nearest cache.
    template <class F>
    void gradient_of_block(int l, i64 m, const Bits* on, T* w, T scale, bool replace, i64 k0, i64 k1, i64 j0, i64 j1,
                           F update) {
        Layer<T>& one = layer[l];
        alignas(64) T sums[TILE_ROWS * PANEL];
        const T *a = l == 1 ? a0 : layer[l - 1].a, *d = one.delta + j0;
        const i64 lda = l == 1 ? ld0 : layer[l - 1].ld, n = j1 - j0;
        if (on && n == PANEL) return gradient_of_nonzeros(l, *on, w, scale, replace, k0, k1, j0, update);
        in_tiles<T>(k1 - k0, n, [&](auto count, auto vectors, i64 i) {
            const i64 at = one.at(k0 + i, j0), numbers = count * n;
            Soon<T> soon{numbers / LINE<T>, {(w ? w : one.w) + at}};
            for (int s = 0; s < MOST_SLOTS && !w && one.slot[s]; ++s) soon.from[s + 1] = one.slot[s] + at;
            Vec<T> sum[decltype(count)::value][decltype(vectors)::value] = {};
            add_products<T, true>(sum, m, a + k0 + i, lda, d, one.ld, soon);
            if (w && !replace) return store_sums<T, Into::add>(sum, w + at, n, nullptr, scale);
            store_sums<T, Into::replace>(sum, w ? w + at : sums, n, nullptr, scale);
            if (!w) update(sums, at, numbers, true);
        });
    }

    template <class F>
    void gradient_of_nonzeros(int l, const Bits& on, T* w, T scale, bool replace, i64 k0, i64 k1, i64 j0, F update) {
        const Layer<T>&one = layer[l], &before = layer[l - 1];
        alignas(64) T sums[TILE_ROWS * PANEL];
        for (i64 k = k0; k < k1; k += TILE_ROWS) {
            const i64 rows = k1 - k < TILE_ROWS ? k1 - k : TILE_ROWS, at = one.at(k, j0);
            const auto into_sums = [&](auto into, T* to) {
                panel_of_nonzeros<T, TILE_VECTORS, true, decltype(into)::value>(
                    rows, k, on, before.a + k, before.ld, one.delta + j0, one.ld, to, PANEL, nullptr, scale);
            };
            if (w && !replace)
                into_sums(std::integral_constant<Into, Into::add>{}, w + at);
            else
                into_sums(std::integral_constant<Into, Into::replace>{}, w ? w + at : sums);
            if (!w) update(sums, at, rows * PANEL, true);
        }
    }

    // Of few neurons: δᵀ a, a block of k at a time. What pads a neuron's weights stays 0.
    template <class F> void gradient_of_narrow(int l, i64 m, T* w, T scale, bool replace, F update) {
        Layer<T>& one = layer[l];
        const T* a = l == 1 ? a0 : layer[l - 1].a;
        const i64 lda = l == 1 ? ld0 : layer[l - 1].ld, out = one.out;
        in_blocks(team, m * out * one.ldw, one.ldw, 1, PANEL, 1, [&](i64 k0, i64 k1, i64, i64) {
            if (k0 == 0) gradient_of_bias(one, m, w, scale, replace, 0, one.columns, one.narrow * one.ldw, update);
            alignas(64) T sums[WIDTH<T> * PANEL];
            const i64 n = k1 - k0, ldg = w ? one.ldw : n, pads = one.in < k1 ? k1 - one.in : 0;
            T* to = w ? w + k0 : sums;
            if (w && !replace)
                product<T, true, Into::add>(out, n, m, one.delta, one.ld, a + k0, lda, to, ldg, nullptr, scale);
            else
                product<T, true, Into::replace>(out, n, m, one.delta, one.ld, a + k0, lda, to, ldg, nullptr, scale);
            for (i64 j = 0; j < out; ++j) {
                for (i64 k = n - pads; k < n; ++k) to[j * ldg + k] = T(0);
                if (!w) update(to + j * ldg, j * one.ldw + k0, n, true);
            }
        });
    }
};

} // namespace backlit::BACKLIT_ISA
