// Threads of one call: made when it begins, gone when it ends, so that nothing is left over for a fork to break.
#pragma once

#include "types.hpp"

namespace backlit {

using Task = void (*)(void* self, std::int64_t number);

Team* team_start(int threads); // null where one thread was asked for, or no second could be had
void team_stop(Team* team);

// Calls task(self, i) for 0 ≤ i < count, each once, on all threads of the team; returns when all are done. Who takes
// which is not determined, so a task writes only what is its own, and no result depends on the number of threads.
void team_run(Team* team, std::int64_t count, Task task, void* self);

} // namespace backlit
