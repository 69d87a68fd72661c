#include "base/threads.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "base/cpu_quota.h"

namespace y6q {

void parallel_for(int64_t count, int threads, const std::function<void(int64_t)>& body) {
  const int wanted = threads > 0 ? threads : core_count();
  const auto workers = static_cast<int>(std::min<int64_t>(wanted, count));
  if (workers <= 1) {
    for (int64_t i = 0; i < count; ++i) body(i);
    return;
  }
  std::atomic<int64_t> next{0};
  std::mutex mutex;
  std::exception_ptr first_error;
  auto work = [&] {
    for (int64_t i = next++; i < count; i = next++) {
      try {
        body(i);
      } catch (...) {
        next = count;
        const std::lock_guard lock(mutex);
        if (!first_error) first_error = std::current_exception();
      }
    }
  };
  std::vector<std::jthread> pool;
  for (int i = 1; i < workers; ++i) pool.emplace_back(work);
  work();
  pool.clear();
  if (first_error) std::rethrow_exception(first_error);
}

int affinity_count() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

std::string affinity_text() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  std::string text = host.data();
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return text;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &set)) text += ' ' + std::to_string(core);
  }
  return text;
}

int cores_within(int affinity, std::optional<double> quota) {
  if (!quota) return affinity;
  return std::clamp(static_cast<int>(std::ceil(std::min(*quota, static_cast<double>(affinity)))), 1,
                    affinity);
}

int core_count() {
  // Read once: a dozen files, and every parallel loop asks.
  static const std::optional<double> quota = cpu_quota();
  return cores_within(affinity_count(), quota);
}

int default_thread_count() {
  const char* text = std::getenv("OMP_NUM_THREADS");  // a number, or a list of them for nested loops
  const int wanted = text != nullptr ? static_cast<int>(std::strtol(text, nullptr, 10)) : 0;
  return wanted > 0 ? wanted : core_count();
}

void let_waiting_threads_sleep() {
  if (std::getenv("OMP_WAIT_POLICY") == nullptr) ::setenv("GOMP_SPINCOUNT", "1000", /*replace=*/0);
}

}  // namespace y6q
