#pragma once

#include <cstdint>
#include <functional>

namespace y6q {

/// Runs body(i) for i in [0, count) on up to `threads` threads (0: all cores), each taking the next free
/// index. Returns when all are done. The first exception thrown by a body stops the hand-out and is rethrown.
void parallel_for(int64_t count, int threads, const std::function<void(int64_t)>& body);

/// Cores this process may use, >= 1.
int core_count();

}  // namespace y6q
