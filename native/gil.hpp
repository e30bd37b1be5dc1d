// Python's lock and Ctrl-C around a run, and the run's threads.
#pragma once

#include <nanobind/nanobind.h>

#include <atomic>
#include <chrono>
#include <new>
#include <utility>

#include "team.hpp"

namespace backlit {

namespace nb = nanobind;

// Threads for one call.
struct Threads {
    Team* team;
    explicit Threads(int wanted) : team(team_start(wanted)) {}
    ~Threads() { team_stop(team); }
    Threads(const Threads&) = delete;
    Threads& operator=(const Threads&) = delete;
};

// Without the GIL, and back again in turn. Threads that train side by side come back to Python every fraction of a
// millisecond; who comes while another is there waits awake for it to leave, since to be put to sleep on the GIL and woken
// again costs more than the wait. It is only a hint, and never waits for long: the GIL decides.
class Away {
    using Clock = std::chrono::steady_clock;
    static constexpr Clock::duration LONGEST = std::chrono::milliseconds(1); // a turn, and a wait for one
    static inline std::atomic<Clock::rep> since{0}; // when the turn at Python began; 0: nobody's
    nb::gil_scoped_release release;

  public:
    Away() { since.store(0, std::memory_order_relaxed); }
    ~Away() {
        const Clock::rep came = Clock::now().time_since_epoch().count();
        for (Clock::rep now = came; now - came < LONGEST.count(); now = Clock::now().time_since_epoch().count()) {
            Clock::rep other = since.load(std::memory_order_relaxed);
            const bool free = other == 0 || now - other > LONGEST.count();
            if (free && since.compare_exchange_strong(other, now, std::memory_order_relaxed)) return;
        }
    }
    Away(const Away&) = delete;
    Away& operator=(const Away&) = delete;
};

// Looks for Ctrl-C, and asks whether to stop, a few times in a second: a single step may be long.
struct Asker {
    using Clock = std::chrono::steady_clock;
    static constexpr std::chrono::milliseconds OFTEN{50};
    nb::object stop; // None, or a function
    Clock::time_point last = Clock::now();
    bool raised = false;

    static bool ask(void* self_) {
        Asker& self = *static_cast<Asker*>(self_);
        const Clock::time_point now = Clock::now();
        if (now - self.last < OFTEN) return false;
        self.last = now;
        nb::gil_scoped_acquire acquire;
        if (PyErr_CheckSignals() != 0) return self.raised = true;
        if (self.stop.is_none()) return false;
        try {
            return nb::cast<bool>(self.stop());
        } catch (nb::python_error& error) {
            error.restore();
            return self.raised = true;
        }
    }
    Wish wish() { return {&Asker::ask, this, false}; }
};

template <class Run> void check(const Run& run, const Asker& asker) {
    if (asker.raised) throw nb::python_error();
    if (run.out_of_memory) throw std::bad_alloc();
}

} // namespace backlit
