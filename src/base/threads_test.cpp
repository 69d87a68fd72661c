#include "base/threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace y6q {
namespace {

TEST(ParallelFor, VisitsEveryIndexOnce) {
  for (const int threads : {0, 1, 3, 64}) {
    std::atomic<int64_t> sum{0};
    parallel_for(1000, threads, [&](int64_t i) { sum += i; });
    EXPECT_EQ(sum, 499500) << threads;
  }
}

TEST(ParallelFor, PassesTheFirstErrorOn) {
  EXPECT_THROW(parallel_for(100, 4,
                            [](int64_t i) {
                              if (i == 17) throw std::runtime_error("17");
                            }),
               std::runtime_error);
}

/// The environment's OpenMP variables as a test wants them, and as they were after it.
class OpenMpEnvironment : public ::testing::Test {
 protected:
  OpenMpEnvironment() {
    for (const char* name : kNames) {
      const char* value = std::getenv(name);
      before_.emplace_back(name, value == nullptr ? std::nullopt : std::optional<std::string>(value));
      ::unsetenv(name);
    }
  }
  ~OpenMpEnvironment() override {
    for (const auto& [name, value] : before_) {
      value ? ::setenv(name, value->c_str(), 1) : ::unsetenv(name);
    }
  }
  static std::string value(const char* name) {
    const char* text = std::getenv(name);
    return text == nullptr ? "(unset)" : text;
  }

 private:
  static constexpr const char* kNames[] = {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "OMP_NUM_THREADS"};
  std::vector<std::pair<const char*, std::optional<std::string>>> before_;
};

TEST_F(OpenMpEnvironment, WaitingThreadsAreToldToSleepSoon) {
  let_waiting_threads_sleep();
  EXPECT_EQ(value("GOMP_SPINCOUNT"), "1000");
}

TEST_F(OpenMpEnvironment, TheUsersWaitingStays) {
  ::setenv("GOMP_SPINCOUNT", "77", 1);
  let_waiting_threads_sleep();
  EXPECT_EQ(value("GOMP_SPINCOUNT"), "77");
  ::unsetenv("GOMP_SPINCOUNT");
  ::setenv("OMP_WAIT_POLICY", "ACTIVE", 1);
  let_waiting_threads_sleep();
  EXPECT_EQ(value("GOMP_SPINCOUNT"), "(unset)");
}

TEST_F(OpenMpEnvironment, TheUsersNumberOfThreadsStays) {
  EXPECT_EQ(default_thread_count(), core_count());
  ::setenv("OMP_NUM_THREADS", "3,2", 1);
  EXPECT_EQ(default_thread_count(), 3);
  ::setenv("OMP_NUM_THREADS", "none", 1);
  EXPECT_EQ(default_thread_count(), core_count());
}

}  // namespace
}  // namespace y6q
