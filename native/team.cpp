#include "team.hpp"

#include <atomic>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

#include "denormals.hpp"

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#define BACKLIT_PAUSE() _mm_pause()
#else
#define BACKLIT_PAUSE() std::this_thread::yield()
#endif

namespace backlit {

namespace {
constexpr int SPINS = 4000; // about 50 µs: phases of a step follow one another faster than a sleeper wakes
}

struct Team {
    std::vector<std::thread> threads;
    std::atomic<std::uint32_t> round{0};   // raised for each run
    std::atomic<std::uint32_t> working{0}; // threads that have not ended the round
    std::atomic<std::int64_t> next{0};
    std::int64_t count = 0;
    Task task = nullptr;
    void* self = nullptr;
    std::atomic<bool> over{false};

    void work() {
        for (;;) {
            const std::int64_t i = next.fetch_add(1, std::memory_order_relaxed);
            if (i >= count) return;
            task(self, i);
        }
    }

    void serve() {
        const NoDenormals here;
        std::uint32_t seen = 0;
        for (;;) {
            std::uint32_t now = round.load(std::memory_order_acquire);
            for (int spin = 0; now == seen && spin < SPINS; ++spin) {
                BACKLIT_PAUSE();
                now = round.load(std::memory_order_acquire);
            }
            if (now == seen) {
                round.wait(seen, std::memory_order_acquire);
                continue;
            }
            seen = now;
            if (over.load(std::memory_order_acquire)) return;
            work();
            if (working.fetch_sub(1, std::memory_order_acq_rel) == 1) working.notify_one();
        }
    }
};

Team* team_start(int threads) {
    if (threads <= 1) return nullptr;
    Team* team = new (std::nothrow) Team;
    if (!team) return nullptr;
    try {
        for (int i = 1; i < threads; ++i) team->threads.emplace_back([team] { team->serve(); });
    } catch (const std::system_error&) { // fewer threads than wished for: the result is the same
    } catch (const std::bad_alloc&) {
    }
    if (team->threads.empty()) {
        delete team;
        return nullptr;
    }
    return team;
}

void team_stop(Team* team) {
    if (!team) return;
    team->over.store(true, std::memory_order_release);
    team->round.fetch_add(1, std::memory_order_acq_rel);
    team->round.notify_all();
    for (std::thread& thread : team->threads) thread.join();
    delete team;
}

void team_run(Team* team, std::int64_t count, Task task, void* self) {
    if (!team || count <= 1) {
        for (std::int64_t i = 0; i < count; ++i) task(self, i);
        return;
    }
    team->count = count;
    team->task = task;
    team->self = self;
    team->next.store(0, std::memory_order_relaxed);
    team->working.store(static_cast<std::uint32_t>(team->threads.size()), std::memory_order_relaxed);
    team->round.fetch_add(1, std::memory_order_acq_rel);
    team->round.notify_all();
    team->work();
    for (int spin = 0;;) {
        const std::uint32_t left = team->working.load(std::memory_order_acquire);
        if (left == 0) return;
        if (++spin < SPINS)
            BACKLIT_PAUSE();
        else
            team->working.wait(left, std::memory_order_acquire);
    }
}

} // namespace backlit
