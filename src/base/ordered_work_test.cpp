#include "base/ordered_work.h"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <stdexcept>

namespace y6q {
namespace {

using Work = OrderedWork<int, int>;

void pause_of(int item) { std::this_thread::sleep_for(std::chrono::microseconds((item * 7919) % 400)); }

std::function<std::optional<int>()> count_to(int end) {
  return [end, next = 0]() mutable { return next < end ? std::optional(next++) : std::nullopt; };
}

TEST(OrderedWork, DeliversInOrderWhateverTheThreads) {
  for (const int threads : {1, 2, 5}) {
    std::vector<int> got, want;
    for (int i = 0; i < 200; ++i) want.push_back(i * i);
    OrderedWorkers<int, int>(Work{.next = count_to(200),
                                  .work =
                                      [](int item, int) {
                                        pause_of(item);
                                        return item * item;
                                      },
                                  .deliver = [&](int result) { got.push_back(result); },
                                  .threads = threads})
        .run();
    EXPECT_EQ(got, want) << threads;
  }
}

TEST(OrderedWork, TakesNoMoreThanTheWindowAhead) {
  std::atomic<int> taken = 0, delivered = 0, most = 0;
  OrderedWorkers<int, int>(Work{.next = [&]() -> std::optional<int> {
                                  most = std::max(most.load(), taken - delivered + 1);
                                  return taken < 60 ? std::optional(taken++) : std::nullopt;
                                },
                                .work =
                                    [](int item, int) {
                                      if (item == 5)
                                        std::this_thread::sleep_for(std::chrono::milliseconds(50));
                                      return item;
                                    },
                                .deliver = [&](int) { ++delivered; },
                                .threads = 3,
                                .window = 4})
      .run();
  EXPECT_EQ(delivered, 60);
  EXPECT_LE(most, 4 + 1);  // delivered is counted within the last delivery
}

TEST(OrderedWork, RethrowsWhatAnyPartThrows) {
  auto fail = [](int when) {
    return [when](int item) {
      if (item == when) throw std::runtime_error("at " + std::to_string(item));
    };
  };
  for (int part = 0; part < 3; ++part) {
    auto at = [&, part](int wanted, int item) {
      if (part == wanted) fail(20)(item);
    };
    int next = 0;
    std::vector<int> got;
    OrderedWorkers<int, int> workers(Work{.next = [&]() -> std::optional<int> {
                                            at(0, next);
                                            return next++;
                                          },
                                          .work =
                                              [&](int item, int) {
                                                at(1, item);
                                                return item;
                                              },
                                          .deliver =
                                              [&](int item) {
                                                at(2, item);
                                                got.push_back(item);
                                              },
                                          .threads = 3});
    EXPECT_THAT([&] { workers.run(); }, testing::ThrowsMessage<std::runtime_error>(testing::StrEq("at 20")));
    for (size_t i = 0; i < got.size(); ++i) EXPECT_EQ(got[i], static_cast<int>(i));
    EXPECT_LE(got.size(), 20U);
  }
}

TEST(OrderedWork, NothingToDo) {
  OrderedWorkers<int, int>(Work{.next = count_to(0),
                                .work = [](int item, int) { return item; },
                                .deliver = [](int) { FAIL(); },
                                .threads = 4})
      .run();
}

}  // namespace
}  // namespace y6q
