// Predictions in microseconds.
#pragma once

#include <nanobind/nanobind.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "memory.hpp"
#include "spec.hpp"

namespace backlit {

namespace nb = nanobind;

// a^L of a few plain rows at once or not at all: what a call of microseconds needs is made ready here. θ is the
// network's own memory, read as it is at each call.
template <class T> class Predictor {
    static constexpr Py_ssize_t FEW = 8;                     // rows; more are worth turning θ for
    static constexpr std::int64_t WORTH_RELEASING = 1 << 20; // multiplications
    const Kernels& kernels;
    Spec spec;
    Flat<const T> theta;
    nb::object array, pixels, levels, white; // the types that are read, and names of the latter's attributes
    nb::object empty, dtype, shape_of_one;   // what makes the outputs
    std::vector<T> scratch;                  // for calls that keep the GIL

  public:
    Predictor(const std::string& cpu, const Spec& spec_, Flat<const T> theta_, nb::object pixels_)
        : kernels(kernels_named(cpu)), spec(spec_), theta(std::move(theta_)), pixels(std::move(pixels_)),
          levels(nb::str("levels")), white(nb::str("white")) {
        require(std::int64_t(theta.shape(0)) == spec.parameters, "θ has another length than the network's");
        const nb::module_ numpy = nb::module_::import_("numpy");
        array = numpy.attr("ndarray");
        empty = numpy.attr("empty");
        dtype = numpy.attr("dtype")(sizeof(T) == 4 ? "float32" : "float64");
        shape_of_one = nb::make_tuple(1, spec.sizes.back());
        scratch.resize(numbers_of_scratch());
    }

    // None for whatever needs a closer look: another shape or dtype, numbers that are not finite.
    nb::object operator()(nb::handle x) {
        if (x.type().is(array)) return predict(x, 1);
        if (!x.type().is(pixels)) return nb::none();
        const double level = PyFloat_AsDouble(nb::object(nb::getattr(x, white)).ptr());
        if (PyErr_Occurred()) throw nb::python_error();
        return predict(nb::getattr(x, levels), level);
    }

  private:
    std::size_t numbers_of_scratch() const {
        return std::size_t(*std::max_element(spec.sizes.begin(), spec.sizes.end()) + 64) * 3;
    }

    nb::object predict(nb::handle rows, double level) {
        const Memory x(rows, PyBUF_RECORDS_RO);
        if (!x) return nb::none();
        const int last = x->ndim - 1;
        const bool alone = last == 0;
        if ((!alone && (last != 1 || x->shape[0] > FEW)) || x->shape[last] != spec.sizes.front() ||
            (alone && x->shape[0] == 1))
            return nb::none();
        Inputs X;
        if (holds<float>(*x))
            X.kind = Kind::f32;
        else if (holds<double>(*x))
            X.kind = Kind::f64;
        else if (holds<std::uint8_t>(*x))
            X.kind = Kind::u8;
        else
            return nb::none();
        X.data = x->buf;
        X.n = alone ? 1 : x->shape[0];
        X.width = x->shape[last];
        X.row_stride = alone ? 0 : x->strides[0];
        X.column_stride = x->strides[last];
        X.white = level;
        nb::object outputs = empty(X.n == 1 ? shape_of_one : nb::make_tuple(X.n, spec.sizes.back()), dtype);
        const Memory to(outputs, PyBUF_WRITABLE);
        require(bool(to), "numpy.empty made no array");
        return fill(X, static_cast<T*>(to->buf)) ? outputs : nb::none();
    }

    bool fill(const Inputs& X, T* outputs) {
        if (X.n * spec.parameters < WORTH_RELEASING) return few(X, outputs, scratch.data());
        std::vector<T> own(numbers_of_scratch());
        nb::gil_scoped_release release;
        return few(X, outputs, own.data());
    }

    bool few(const Inputs& X, T* outputs, T* with) const {
        if constexpr (sizeof(T) == 4)
            return kernels.few32(spec.network(), X, theta.data(), outputs, with);
        else
            return kernels.few64(spec.network(), X, theta.data(), outputs, with);
    }
};

template <class T> void bind_predictor(nb::module_& m, const char* name) {
    nb::class_<Predictor<T>>(m, name)
        .def(nb::init<const std::string&, const Spec&, Flat<const T>, nb::object>(), nb::arg(), nb::arg(),
             nb::arg("theta").noconvert(), nb::arg())
        .def("__call__", &Predictor<T>::operator());
}

} // namespace backlit
