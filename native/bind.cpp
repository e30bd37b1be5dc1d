// backlit._native: types, shapes and the GIL. What the arrays mean is checked in engines/native.py; here is checked
// what would otherwise be read or written beyond an array's end.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "denormals.hpp"
#include "gil.hpp"
#include "memory.hpp"
#include "order.hpp"
#include "predictor.hpp"
#include "spec.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace backlit {
namespace {

using Any = nb::ndarray<nb::ro, nb::device::cpu>;

Kind kind_of(const Any& array) {
    if (array.dtype() == nb::dtype<float>()) return Kind::f32;
    if (array.dtype() == nb::dtype<double>()) return Kind::f64;
    require(array.dtype() == nb::dtype<std::uint8_t>(), "inputs are float32, float64 or uint8");
    return Kind::u8;
}

bool is_wide(const Any& array) {
    if (array.dtype() == nb::dtype<std::int64_t>()) return true;
    require(array.dtype() == nb::dtype<std::int32_t>(), "indices are int32 or int64");
    return false;
}

std::int64_t at(const void* numbers, bool wide, std::int64_t i) {
    return wide ? static_cast<const std::int64_t*>(numbers)[i] : static_cast<const std::int32_t*>(numbers)[i];
}

// The examples of a run, held as long as it lasts. Checked once: every later read stays within what was checked.
struct Rows {
    Inputs X;
    std::vector<Any> held;

    static Rows dense(Any x, double white) {
        require(x.ndim() == 2, "inputs are (n, n_0)");
        Rows rows;
        Inputs& X = rows.X;
        X.kind = kind_of(x);
        X.n = std::int64_t(x.shape(0));
        X.width = std::int64_t(x.shape(1));
        const std::int64_t size = std::int64_t(x.itemsize());
        X.row_stride = x.stride(0) * size;
        X.column_stride = x.stride(1) * size;
        X.data = x.data();
        X.white = white;
        rows.held.push_back(std::move(x));
        return rows;
    }

    static Rows sparse(Any data, Any indices, Any indptr, std::int64_t width) {
        require(data.ndim() == 1 && indices.ndim() == 1 && indptr.ndim() == 1, "CSR arrays have one dimension");
        for (const Any* one : {&data, &indices, &indptr}) // the stride of none or one is any
            require(one->shape(0) <= 1 || one->stride(0) == 1, "CSR arrays are contiguous");
        require(indptr.shape(0) >= 1, "CSR's indptr has an entry more than there are rows");
        require(width < (std::int64_t(1) << 31), "CSR inputs have fewer than 2³¹ columns");
        Rows rows;
        Inputs& X = rows.X;
        X.kind = kind_of(data);
        X.n = std::int64_t(indptr.shape(0)) - 1;
        X.width = width;
        X.data = data.data();
        X.indices = indices.data();
        X.indptr = indptr.data();
        X.wide_indices = is_wide(indices);
        X.wide_indptr = is_wide(indptr);
        const std::int64_t stored = std::int64_t(std::min(data.shape(0), indices.shape(0)));
        std::int64_t before = at(X.indptr, X.wide_indptr, 0);
        require(before >= 0, "CSR's indptr starts below 0");
        for (std::int64_t i = 1; i <= X.n; ++i) {
            const std::int64_t here = at(X.indptr, X.wide_indptr, i);
            require(here >= before && here <= stored, "CSR's indptr falls, or points beyond the stored entries");
            X.most_in_row = std::max(X.most_in_row, here - before);
            before = here;
        }
        for (std::int64_t p = at(X.indptr, X.wide_indptr, 0); p < before; ++p) {
            const std::int64_t column = at(X.indices, X.wide_indices, p);
            require(column >= 0 && column < width, "a CSR column index is outside the matrix");
        }
        for (Any* one : {&data, &indices, &indptr}) rows.held.push_back(std::move(*one));
        return rows;
    }
};

template <class T>
nb::tuple run_epoch(const std::string& cpu, const Spec& spec, const Rows& rows, Flat<T> theta,
                    std::vector<Flat<T>> slots, Table<const T> Y, std::optional<Flat<const double>> weight,
                    Flat<const std::int64_t> order, Flat<const double> eta, std::int64_t batch_size,
                    const std::string& rule, const std::vector<double>& constants, const std::vector<double>& limits,
                    const std::optional<std::vector<double>>& keep, std::uint64_t dropout_key, bool skip_zeros,
                    std::int64_t t, std::int64_t step, int threads, Flat<double> costs, Flat<double> weights,
                    nb::object stop) {
    Epoch<T> run;
    run.net = spec.network();
    run.X = rows.X;
    const Kernels& kernels = kernels_named(cpu);
    Plan& plan = run.plan;
    plan.rule = Rule(number_of(RULES, rule, "rule"));
    require(constants.size() <= 4 && limits.size() == 5, "a rule has up to four constants, a plan five limits");
    for (std::size_t i = 0; i < constants.size(); ++i) plan.constant[i] = constants[i];
    plan.l1 = limits[0], plan.l2 = limits[1], plan.clip_value = limits[2], plan.clip_norm = limits[3];
    plan.max_norm = limits[4];
    const std::size_t wanted =
        std::size_t(SLOTS[int(plan.rule)]) + (plan.rule == Rule::rmsprop && plan.constant[2] != 0 ? 1 : 0);
    require(slots.size() == wanted, "the rule's slots are not those that it has");
    require(std::int64_t(theta.shape(0)) == spec.parameters, "θ has another length than the network's");
    for (std::size_t s = 0; s < slots.size(); ++s) {
        require(std::int64_t(slots[s].shape(0)) == spec.parameters, "a slot has another length than θ");
        run.slot[s] = slots[s].data();
    }
    require(rows.X.width == spec.sizes.front(), "inputs and network differ in width");
    require(std::int64_t(Y.shape(0)) == rows.X.n && std::int64_t(Y.shape(1)) == spec.sizes.back(),
            "targets have another shape than (n, n_L)");
    require(!weight || std::int64_t(weight->shape(0)) == rows.X.n, "sample weights are (n,)");
    require(batch_size >= 1, "a batch has at least one row");
    run.rows = std::int64_t(order.shape(0));
    for (std::int64_t i = 0; i < run.rows; ++i)
        require(order.data()[i] >= 0 && order.data()[i] < rows.X.n, "the order names a row that isn't there");
    const std::int64_t m = std::min(batch_size, run.rows), steps = run.rows ? (run.rows - 1) / m + 1 : 0;
    require(std::int64_t(eta.shape(0)) >= steps && std::int64_t(costs.shape(0)) >= steps &&
                std::int64_t(weights.shape(0)) >= steps,
            "η, costs and weights have an entry for each step");
    require(!keep || keep->size() == spec.sizes.size(), "dropout keeps a part of each layer 0 … L");
    plan.batch_size = batch_size;
    plan.eta = eta.data();
    plan.keep = keep ? keep->data() : nullptr;
    plan.dropout_key = dropout_key;
    plan.skip_zeros = skip_zeros;
    run.Y = Y.data();
    run.weight = weight ? weight->data() : nullptr;
    run.order = order.data();
    run.theta = theta.data();
    run.t = t;
    run.step = step;
    run.costs = costs.data();
    run.weights = weights.data();
    Asker asker{std::move(stop)};
    run.wish = asker.wish();
    {
        const Away away;
        const Threads team(threads);
        const NoDenormals here;
        run.team = team.team;
        if constexpr (sizeof(T) == 4)
            kernels.epoch32(run);
        else
            kernels.epoch64(run);
    }
    check(run, asker);
    return nb::make_tuple(run.done, run.t, run.step);
}

template <class T>
double run_pass(const std::string& cpu, const Spec& spec, const Rows& rows, Flat<const T> theta,
                std::optional<Table<const T>> Y, std::optional<Flat<const T>> share, std::optional<Flat<T>> gradient,
                std::optional<Table<T>> outputs, bool skip_zeros, int threads) {
    Pass<T> run;
    run.net = spec.network();
    run.X = rows.X;
    const Kernels& kernels = kernels_named(cpu);
    require(std::int64_t(theta.shape(0)) == spec.parameters, "θ has another length than the network's");
    require(rows.X.width == spec.sizes.front(), "inputs and network differ in width");
    const auto fits = [&](std::size_t n, std::size_t outputs_) {
        return std::int64_t(n) == rows.X.n && std::int64_t(outputs_) == spec.sizes.back();
    };
    require(!Y || fits(Y->shape(0), Y->shape(1)), "targets have another shape than (n, n_L)");
    require(!outputs || fits(outputs->shape(0), outputs->shape(1)), "outputs have another shape than (n, n_L)");
    require(bool(Y) == bool(share) && (Y || !gradient), "targets come with the examples' shares");
    require(!share || std::int64_t(share->shape(0)) == rows.X.n, "shares are (n,)");
    require(!gradient || std::int64_t(gradient->shape(0)) == spec.parameters, "the gradient has another length than θ");
    run.theta = theta.data();
    run.Y = Y ? Y->data() : nullptr;
    run.share = share ? share->data() : nullptr;
    run.gradient = gradient ? gradient->data() : nullptr;
    run.outputs = outputs ? outputs->data() : nullptr;
    run.skip_zeros = skip_zeros;
    Asker asker{nb::none()};
    run.wish = asker.wish();
    {
        const Away away;
        const Threads team(threads);
        const NoDenormals here;
        run.team = team.team;
        if constexpr (sizeof(T) == 4)
            kernels.pass32(run);
        else
            kernels.pass64(run);
    }
    check(run, asker);
    return run.value;
}

// ``rows`` in the order that is drawn by what NumPy's SeedSequence would be made of: 32-bit words, at least four.
void put_in_order(const std::vector<std::uint32_t>& words, const Flat<std::int64_t>& rows) {
    constexpr std::size_t WORTH_RELEASING = 1 << 14;
    require(words.size() >= 4, "a seed has at least four words");
    require(rows.shape(0) <= 0xffffffffu, "an order is of fewer than 2³² rows");
    const SeedPool seed(words.data(), words.size());
    if (rows.shape(0) < WORTH_RELEASING) return shuffle(seed, rows.data(), rows.shape(0));
    const Away away;
    shuffle(seed, rows.data(), rows.shape(0));
}

template <class T>
void activation(const std::string& cpu, const std::string& name, double parameter, Flat<const T> z, Flat<T> a,
                Flat<T> slope) {
    const Act act = Act(number_of(ACTIVATIONS, name, "activation"));
    require(z.shape(0) == a.shape(0) && z.shape(0) == slope.shape(0), "z, a and the slope are of one length");
    const Kernels& kernels = kernels_named(cpu);
    const std::int64_t n = std::int64_t(z.shape(0));
    if constexpr (sizeof(T) == 4)
        kernels.activation32(act, parameter, n, z.data(), a.data(), slope.data());
    else
        kernels.activation64(act, parameter, n, z.data(), a.data(), slope.data());
}

} // namespace
} // namespace backlit

NB_MODULE(_native, m) {
    using namespace backlit;
    m.doc() = "Backlit's native engine; engines/native.py is its only caller.";
    m.attr("ACTIVATIONS") = nb::cast(ACTIVATIONS);
    m.attr("COSTS") = nb::cast(COSTS);
    m.attr("RULES") = nb::cast(RULES);
    m.attr("MOST_LAYERS") = MOST_LAYERS;
    m.def("cpus", [] {
        std::vector<std::string> names;
        for (const Kernels* const* one = kernels_here(); *one; ++one) names.emplace_back((*one)->name);
        return names;
    });
    nb::class_<Spec>(m, "Spec").def(nb::init<std::vector<std::int64_t>, const std::vector<std::string>&,
                                             std::vector<double>, const std::string&, double>());
    nb::class_<Rows>(m, "Rows")
        .def_static("dense", &Rows::dense, "x"_a, "white"_a)
        .def_static("sparse", &Rows::sparse, "data"_a, "indices"_a, "indptr"_a, "width"_a);
    m.def("put_in_order", &put_in_order, "words"_a, "rows"_a);
    bind_predictor<float>(m, "Predictor32");
    bind_predictor<double>(m, "Predictor64");
    m.def("run_epoch", &run_epoch<float>, nb::arg(), nb::arg(), nb::arg(), "theta"_a.noconvert(), "slots"_a.noconvert(),
          "Y"_a.noconvert(), "weight"_a.none(), "order"_a, "eta"_a, "batch_size"_a, "rule"_a, "constants"_a, "limits"_a,
          "keep"_a.none(), "dropout_key"_a, "skip_zeros"_a, "t"_a, "step"_a, "threads"_a, "costs"_a, "weights"_a,
          "stop"_a.none());
    m.def("run_epoch", &run_epoch<double>, nb::arg(), nb::arg(), nb::arg(), "theta"_a.noconvert(),
          "slots"_a.noconvert(), "Y"_a.noconvert(), "weight"_a.none(), "order"_a, "eta"_a, "batch_size"_a, "rule"_a,
          "constants"_a, "limits"_a, "keep"_a.none(), "dropout_key"_a, "skip_zeros"_a, "t"_a, "step"_a, "threads"_a,
          "costs"_a, "weights"_a, "stop"_a.none());
    m.def("run_pass", &run_pass<float>, nb::arg(), nb::arg(), nb::arg(), "theta"_a.noconvert(),
          "Y"_a.noconvert().none(), "share"_a.noconvert().none(), "gradient"_a.noconvert().none(),
          "outputs"_a.noconvert().none(), "skip_zeros"_a, "threads"_a);
    m.def("run_pass", &run_pass<double>, nb::arg(), nb::arg(), nb::arg(), "theta"_a.noconvert(),
          "Y"_a.noconvert().none(), "share"_a.noconvert().none(), "gradient"_a.noconvert().none(),
          "outputs"_a.noconvert().none(), "skip_zeros"_a, "threads"_a);
    m.def("activation", &activation<float>, nb::arg(), nb::arg(), nb::arg(), "z"_a.noconvert(), "a"_a.noconvert(),
          "slope"_a.noconvert());
    m.def("activation", &activation<double>, nb::arg(), nb::arg(), nb::arg(), "z"_a.noconvert(), "a"_a.noconvert(),
          "slope"_a.noconvert());
}
