#include "base/worker.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

namespace y6q {
namespace {

TEST(Worker, DoesJobsInTurnOnOneThread) {
  Worker worker;
  std::vector<int> order;
  std::vector<std::future<std::thread::id>> threads;
  for (int i = 0; i < 100; ++i) {
    threads.push_back(worker.start([&order, i] {
      order.push_back(i);
      return std::this_thread::get_id();
    }));
  }
  const std::thread::id first = threads[0].get();
  EXPECT_NE(first, std::this_thread::get_id());
  for (size_t i = 1; i < threads.size(); ++i) EXPECT_EQ(threads[i].get(), first);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
}

TEST(Worker, WhatIsThrownReachesTheFutureAndTheNextJobRuns) {
  Worker worker;
  auto fails = worker.start([]() -> int { throw std::runtime_error("no"); });
  auto works = worker.start([] { return 3; });
  EXPECT_THROW(fails.get(), std::runtime_error);
  EXPECT_EQ(works.get(), 3);
}

TEST(Worker, EndsWhenEveryJobIsDone) {
  std::atomic<int> done = 0;
  {
    Worker worker;
    for (int i = 0; i < 50; ++i) worker.start([&done] { ++done; });
  }
  EXPECT_EQ(done, 50);
}

}  // namespace
}  // namespace y6q
