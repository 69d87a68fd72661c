#include "base/busy_cores.h"

#include <gtest/gtest.h>

#include <string>

namespace y6q {
namespace {

constexpr const char* kStat =
    "cpu  100 20 30 4000 500 6 7 8 9 10\n"
    "cpu0 50 10 15 2000 250 3 4 4 5 5\n"
    "cpu1 50 10 15 2000 250 3 3 4 4 5\n"
    "intr 12345 0 0\n"
    "ctxt 77\n";

TEST(ProcessorTime, IsWhatIsNeitherIdleNorWaiting) {
  const auto time = parse_processor_time(kStat, 100);
  ASSERT_TRUE(time.has_value());
  EXPECT_EQ(time->processors, 2);
  EXPECT_NEAR(time->machine, 1.71, 1e-9) << "100 + 20 + 30 + 6 + 7 + 8 ticks of 1/100 s";
}

TEST(ProcessorTime, IsNothingOfAnotherText) {
  for (const char* text : {"", "cpu", "cpu  1 2 3\n", "cpu0 1 2 3 4 5 6 7 8\ncpu  1 x\n", "intr 1\n"})
    EXPECT_FALSE(parse_processor_time(text, 100)) << text;
}

TEST(ProcessorTime, EveryCutIsReadOrRefused) {
  const std::string whole = kStat;
  for (size_t size = 0; size < whole.size(); ++size) {
    const auto time = parse_processor_time(whole.substr(0, size), 100);
    EXPECT_TRUE(!time || time->processors <= 2);
  }
}

TEST(ProcessorTime, OthersHaveWhatIsNotOnesOwn) {
  const ProcessorTime before{10, 4, 2}, after{25, 9, 2};
  EXPECT_NEAR(busy_with_others(before, after, 10), 1.0, 1e-9) << "15 s of work in 10 s, 5 s of it one's own";
  EXPECT_EQ(busy_with_others(before, after, 0), 0);
  EXPECT_EQ(busy_with_others({10, 4, 2}, {11, 6, 2}, 10), 0) << "clocks of different grain";
}

TEST(ProcessorTime, OfThisMachineGrows) {
  const auto before = processor_time();
  ASSERT_TRUE(before.has_value());
  EXPECT_GT(before->processors, 0);
  double sum = 0;
  std::optional<ProcessorTime> after = before;
  while (after->own < before->own + 0.02) {
    for (int i = 1; i < 100000; ++i) sum += 1.0 / i;
    after = processor_time();
  }
  EXPECT_GT(sum, 0);
  EXPECT_GE(after->machine, before->machine);
}

}  // namespace
}  // namespace y6q
