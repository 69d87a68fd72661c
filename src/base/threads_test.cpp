#include "base/threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>

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

}  // namespace
}  // namespace y6q
