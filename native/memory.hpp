// Python's arrays as the binding takes them: contiguous memory of one type, by the buffer protocol.
#pragma once

#include <nanobind/nanobind.h>

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace backlit {

// An object's memory by the buffer protocol: nanobind's arrays take ten times as long to find it out.
class Memory {
    Py_buffer view{};

  public:
    Memory() = default;
    Memory(nanobind::handle of, int flags) {
        if (PyObject_GetBuffer(of.ptr(), &view, flags) != 0) PyErr_Clear();
    }
    ~Memory() { PyBuffer_Release(&view); }
    Memory(Memory&& other) noexcept : view(std::exchange(other.view, {})) {}
    Memory& operator=(Memory&& other) noexcept {
        std::swap(view, other.view);
        return *this;
    }
    explicit operator bool() const { return view.obj; }
    const Py_buffer* operator->() const { return &view; }
    const Py_buffer& operator*() const { return view; }
};

// Whether numbers of a buffer are of type T, in this machine's order of bytes.
template <class T> bool holds(const Py_buffer& view) {
    const char* letter = view.format;
    if (letter && (*letter == '@' || *letter == '=')) ++letter; // NumPy says '=' of numbers that are not aligned
    if (!letter || letter[0] == 0 || letter[1] != 0 || view.itemsize != Py_ssize_t(sizeof(T))) return false;
    if constexpr (std::is_same_v<T, float>)
        return *letter == 'f';
    else if constexpr (std::is_same_v<T, double>)
        return *letter == 'd';
    else if constexpr (std::is_same_v<T, std::uint8_t>)
        return *letter == 'B';
    else
        return *letter == 'l' || *letter == 'q';
}

// Contiguous numbers of type T, held as long as this lives; they may be written where T is not const.
template <class T, int dimensions> struct Numbers {
    static constexpr int FLAGS = PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (std::is_const_v<T> ? 0 : PyBUF_WRITABLE);
    Memory memory;
    T* first = nullptr;
    std::size_t sizes[dimensions] = {};

    bool take(nanobind::handle from) {
        memory = Memory(from, FLAGS);
        if (!memory || memory->ndim != dimensions || !holds<std::remove_const_t<T>>(*memory)) return false;
        first = static_cast<T*>(memory->buf);
        for (int i = 0; i < dimensions; ++i) sizes[i] = std::size_t(memory->shape[i]);
        return true;
    }
    T* data() const { return first; }
    std::size_t shape(int i) const { return sizes[i]; }
};
template <class T> using Flat = Numbers<T, 1>;
template <class T> using Table = Numbers<T, 2>;

} // namespace backlit

template <class T, int dimensions> struct nanobind::detail::type_caster<backlit::Numbers<T, dimensions>> {
    using Taken = backlit::Numbers<T, dimensions>;
    NB_TYPE_CASTER(Taken, const_name("array"))
    bool from_python(handle from, std::uint8_t, cleanup_list*) noexcept { return value.take(from); }
};
