#include "quant/histogram.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/errors.h"
#include "base/random.h"

namespace y6q::quant {
namespace {

using Values = std::vector<float>;

Histogram histogram_of(const Values& values, float width = 0) {
  Histogram histogram(width);
  histogram.observe(values);
  return histogram;
}

TEST(Histogram, FirstBatchWithDataFixesTheWidth) {
  const Histogram seen = histogram_of({-2048, 0, 0.5F, 1, 2047, 2047.5F});
  EXPECT_EQ(seen.width(), 1.0F);
  EXPECT_EQ(seen.bins(), 2048);
  const auto counts = seen.counts();
  EXPECT_EQ(counts[0], 2U);
  EXPECT_EQ(counts[1], 1U);
  EXPECT_EQ(counts[2047], 3U) << "a value on the upper end belongs to the last bin";
  EXPECT_EQ(seen.max(), 2048.0F);
  EXPECT_EQ(seen.edge(3), 3.0F);
}

TEST(Histogram, LargerValuesAppendBins) {
  Histogram seen = histogram_of({2048, 3});
  seen.observe(Values{2500.5F});
  EXPECT_EQ(seen.bins(), 2501);
  EXPECT_EQ(seen.width(), 1.0F);
  const auto counts = seen.counts();
  EXPECT_EQ(counts[3], 1U);
  EXPECT_EQ(counts[2500], 1U);
  EXPECT_EQ(seen.total(), 3U);
}

TEST(Histogram, ZerosBeforeAnyDataStayInBinZero) {
  Histogram seen = histogram_of(Values(100, 0.0F));
  EXPECT_EQ(seen.width(), 0.0F);
  EXPECT_EQ(seen.max(), 0.0F);
  EXPECT_EQ(seen.total(), 100U);
  EXPECT_EQ(seen.counts()[0], 100U);
  seen.observe(Values{4});
  EXPECT_EQ(seen.width(), 4.0F / 2048);
  EXPECT_EQ(seen.counts()[0], 100U);
  EXPECT_EQ(seen.total(), 101U);
}

TEST(Histogram, TakesCountsMadeElsewhere) {
  Histogram seen;
  seen.make_room(0);
  seen.add(std::vector<int64_t>{3});
  EXPECT_EQ(seen.width(), 0.0F);
  seen.make_room(2048);
  std::vector<int64_t> counts(2049);
  counts[1] = 5;
  counts[2048] = 1;
  seen.add(counts);
  Histogram wanted = histogram_of({0, 0, 0});
  wanted.observe(Values{1, 1, 1.5F, -1.9F, 1, 2048});
  EXPECT_EQ(seen.counts(), wanted.counts());
  EXPECT_EQ(seen.max(), wanted.max());
  EXPECT_THROW(seen.add(std::vector<int64_t>(2050)), InputError);
  EXPECT_THROW(seen.make_room(-1), InputError);
  EXPECT_THROW(seen.make_room(std::numeric_limits<float>::infinity()), InputError);
}

TEST(Histogram, EqualsANaiveCount) {
  Random random(7);
  Values values(5003);
  for (float& value : values) value = static_cast<float>(random.normal());
  const Histogram seen = histogram_of(values);
  std::vector<uint64_t> want(2048);
  for (const float value : values) {
    const double place =
        std::floor(static_cast<double>(std::fabs(value)) / static_cast<double>(seen.width()));
    ++want[std::min<size_t>(2047, static_cast<size_t>(place))];
  }
  EXPECT_EQ(seen.counts(), want);
}

TEST(Histogram, DoesNotDependOnHowDataAreSplit) {
  Random random(8);
  Values values(20000);
  for (float& value : values) value = static_cast<float>(random.normal() * std::exp(random.normal()));
  Histogram whole(0.001F), reversed(0.001F), left(0.001F), right(0.001F);
  const std::span<const float> all(values);
  whole.observe(all);
  for (size_t i = all.size(); i > 0; i -= 1000) reversed.observe(all.subspan(i - 1000, 1000));
  left.observe(all.first(7777));
  right.observe(all.subspan(7777));
  right.merge(left);
  for (const Histogram* other : {&reversed, &right}) {
    EXPECT_EQ(other->counts(), whole.counts());
    EXPECT_EQ(other->width(), whole.width());
    EXPECT_EQ(other->max(), whole.max());
  }
}

TEST(Histogram, GrowthIsBoundedByDoublingTheWidth) {
  Histogram seen = histogram_of({1, 0.25F});
  seen.observe(Values{1000});
  EXPECT_EQ(seen.width(), 1.0F / 16) << "1000 / (1 / 2048) = 2,048,000 bins, halved 7 times: 16,000";
  EXPECT_LE(seen.bins(), Histogram::kMostBins);
  EXPECT_EQ(seen.total(), 3U);
}

TEST(Histogram, HugeRatioIsSafe) {
  Histogram seen = histogram_of({1e-37F});
  seen.observe(Values{3e38F, 1e-45F, 0});
  EXPECT_LE(seen.bins(), Histogram::kMostBins);
  EXPECT_EQ(seen.total(), 4U);
  EXPECT_EQ(histogram_of({1e-45F}).total(), 1U);
}

TEST(Histogram, MergeJoinsDoubledWidths) {
  Histogram narrow = histogram_of({2048, 10, 11}), wide(1);
  wide.observe(Values{20000, 10});
  EXPECT_EQ(wide.width(), 2.0F);
  Histogram other = wide;
  other.merge(narrow);
  narrow.merge(wide);
  EXPECT_EQ(narrow.counts(), other.counts());
  EXPECT_EQ(narrow.width(), 2.0F);
  EXPECT_EQ(narrow.counts()[5], 3U);
  EXPECT_EQ(narrow.total(), 5U);
}

TEST(Histogram, MergeTakesPartsWithZerosOnly) {
  Histogram seen = histogram_of({0, 0}), data = histogram_of({8});
  seen.merge(data);
  data.merge(histogram_of({0, 0}));
  EXPECT_EQ(seen.counts(), data.counts());
  EXPECT_EQ(seen.counts()[0], 2U);
  EXPECT_EQ(seen.max(), 8.0F);
}

TEST(Histogram, MergeRefusesOtherWidths) {
  Histogram a = histogram_of({1}), b = histogram_of({3});
  EXPECT_THROW(a.merge(b), InputError);
}

TEST(Histogram, RefusesWhatIsNotFinite) {
  Histogram seen;
  EXPECT_THROW(seen.observe(Values{1, std::nanf("")}), InputError);
  EXPECT_THROW(seen.observe(Values{-std::numeric_limits<float>::infinity()}), InputError);
  EXPECT_EQ(seen.total(), 0U);
  EXPECT_THROW(Histogram(-1), InputError);
  EXPECT_THROW(Histogram(std::nanf("")), InputError);
}

TEST(Histogram, GoesOnFromItsState) {
  // The value on the end of the range (2048 bins of 1 / 2048) leaves the last bin when the range grows.
  const std::vector<float> first{0.5F, 1, 0}, second{1.001F};
  Histogram whole, part;
  whole.observe(first);
  whole.observe(second);
  part.observe(first);
  Histogram moved = Histogram::from_state(part.state());
  moved.observe(second);
  EXPECT_EQ(moved.counts(), whole.counts());
  EXPECT_EQ(moved.counts()[Histogram::kBins], 1U);
  EXPECT_EQ(moved.max(), whole.max());
}

TEST(Histogram, ComesBackFromItsCounts) {
  const Histogram seen = histogram_of({1, 2, 3000}, 1);
  const Histogram again = Histogram::from_counts(seen.width(), seen.counts(), seen.max());
  EXPECT_EQ(again.counts(), seen.counts());
  EXPECT_EQ(again.max(), seen.max());
  EXPECT_THROW(Histogram::from_counts(1, {}, 0), InputError);
  EXPECT_THROW(Histogram::from_counts(1, std::vector<uint64_t>(20000), 0), InputError);
  EXPECT_THROW(Histogram::from_counts(1, {1, 1}, 5), InputError);
}

}  // namespace
}  // namespace y6q::quant
