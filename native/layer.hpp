// What a run works in: its memory, its layers' arrays, and the sharing-out of blocks among threads.
//
// w^l is kept turned, (n_{l−1} + 1) rows, the last one b^l: a product with it reads its rows as vectors, whether the
// inputs are dense or only those that are not zero. The rows are cut into panels, as wide as a product works on
// together, each contiguous: read across a whole row's length, a panel's lines would be pages apart. Where neurons are
// few, w^l is kept as the note has it, a neuron's weights in a row, and b^l behind them (narrow.hpp).
#pragma once

#include "narrow.hpp"
#include "rows.hpp"
#include "zeros.hpp"

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
    i64 ld = 0;      // of z, a, delta, mask
    i64 columns = 0; // out, padded
    i64 panel = 0;   // columns of w that lie together
    int narrow = 0;  // neurons whose weights are kept in rows, each ldw numbers; 0: w is in panels
    i64 ldw = 0;     // in, padded
    Act act = Act::identity;
    T p = 0;
    bool from_a = false, keeps_slope = false; // σ′ is taken from a; stands in z's place after the forward pass
    T *w = nullptr, *slot[MOST_SLOTS] = {nullptr, nullptr}, *g = nullptr; // in panels, or narrow
    T* back = nullptr;                                               // w as the note has it, in panels of PANEL columns
    T *z = nullptr, *a = nullptr, *delta = nullptr, *mask = nullptr; // chunk × ld

    // Where relu or dropout leaves zeros: which numbers of a and of delta are others, by rows and by columns.
    Bits in_rows, in_columns;
    bool skips = false; // whether products with a and delta leave the zeros out, decided for each batch

    bool rectifies() const { return act == Act::relu && z == a; }                        // in place
    i64 numbers() const { return narrow ? narrow * ldw + columns : (in + 1) * columns; } // of w, g and each slot
    i64 width(i64 j) const { return columns - j < panel ? columns - j : panel; } // of the panel that column j begins
    i64 at(i64 k, i64 j) const { return j * (in + 1) + k * width(j); }           // where its row k is

    // f(begin, end, weights) for the parts of w that are weights and those that are biases.
    template <class F> void parts(F f) const {
        if (narrow) {
            f(i64(0), narrow * ldw, true);
            f(narrow * ldw, numbers(), false);
            return;
        }
        for (i64 j = 0; j < columns; j += panel) {
            f(at(0, j), at(in, j), true);
            f(at(in, j), at(in + 1, j), false);
        }
    }

    // θ's order (N8) of a layer into ours, and back; they give θ's next layer.
    const T* turn_in(const T* flat, T* to) const {
        for (i64 j = 0; narrow && j < out; ++j) copy_row<T>(in, flat + j * in, to + j * ldw);
        if (narrow) copy_row<T>(out, flat + out * in, to + narrow * ldw);
        if (narrow) return flat + out * (in + 1);
        for (i64 j = 0; j < columns; j += panel) {
            const i64 n = out - j < panel ? out - j : panel;
            transpose<T>(n, in, flat + j * in, in, to + at(0, j), width(j));
            std::memcpy(to + at(in, j), flat + out * in + j, std::size_t(n) * sizeof(T));
        }
        return flat + out * (in + 1);
    }
    T* turn_out(const T* from, T* flat) const {
        for (i64 j = 0; narrow && j < out; ++j) copy_row<T>(in, from + j * ldw, flat + j * in);
        if (narrow) copy_row<T>(out, from + narrow * ldw, flat + out * in);
        if (narrow) return flat + out * (in + 1);
        for (i64 j = 0; j < columns; j += panel) {
            const i64 n = out - j < panel ? out - j : panel;
            transpose<T>(in, n, from + at(0, j), width(j), flat + j * in, in);
            std::memcpy(flat + out * in + j, from + at(in, j), std::size_t(n) * sizeof(T));
        }
        return flat + out * (in + 1);
    }
};

// What a run makes of the gradient: none; a step in w at once; blocks that a rule uses as they are made; all of it first.
enum class Gradient { none, in_place, in_blocks, whole };

} // namespace backlit::BACKLIT_ISA
