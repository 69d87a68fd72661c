#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace y6q {

/// Runs body(i) for i in [0, count) on up to `threads` threads (0: all cores), each taking the next free
/// index. Returns when all are done. The first exception thrown by a body stops the hand-out and is rethrown.
void parallel_for(int64_t count, int threads, const std::function<void(int64_t)>& body);

/// Cores that this process may run on, >= 1.
int affinity_count();

/// Those cores, and this machine, as a text to compare with that of another process.
std::string affinity_text();

/// `affinity` cores, or the quota in cores, rounded up, where that is less (containers are limited by quota,
/// not by affinity: more threads than that would wait for each other). >= 1.
int cores_within(int affinity, std::optional<double> quota);

/// Cores' worth of time that this process may use, >= 1: both of the above.
int core_count();

/// How many threads to compute with where --threads does not say: the user's OMP_NUM_THREADS, else
/// core_count().
int default_thread_count();

/// Tells OpenMP's threads (GNU's) to sleep soon while they wait for each other; they spin for milliseconds by
/// default, which beside a busy core, a loader's thread or in a container with a quota takes time from the
/// one they wait for. Sets GOMP_SPINCOUNT in the environment, for libraries that are loaded later. A
/// GOMP_SPINCOUNT or OMP_WAIT_POLICY that the user has set stays. Figures: docs/reference/performance.md,
/// Busy machines.
void let_waiting_threads_sleep();

}  // namespace y6q
