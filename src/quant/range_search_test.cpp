#include "quant/range_search.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/errors.h"
#include "base/random.h"
#include "quant/amax_entropy.h"
#include "quant/amax_max.h"
#include "quant/amax_mse.h"
#include "quant/amax_percentile.h"

namespace y6q::quant {
namespace {

using Counts = std::vector<uint64_t>;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

Histogram of_counts(const Counts& counts) {  // bins of width 1
  return Histogram::from_counts(1, counts, static_cast<float>(counts.size()));
}

/// spec/04 §3.6: h[j] = round(10000 e^(-j/20)), j = 0..255, as the first of 2048 bins.
Counts exponential() {
  Counts counts(256);
  for (size_t j = 0; j < counts.size(); ++j) {
    counts[j] = static_cast<uint64_t>(std::llround(10000 * std::exp(-static_cast<double>(j) / 20)));
  }
  return counts;
}

Counts random_counts(uint64_t seed, double filled) {
  Random random(seed);
  Counts counts(2048);
  for (size_t j = 0; j < counts.size(); ++j) {
    const double height = 3000 * std::exp(-static_cast<double>(j) / 300);
    if (random.chance(filled)) counts[j] = static_cast<uint64_t>(random.uniform() * height);
  }
  return counts;
}

/// spec/04 §3.4 word by word.
size_t naive_mse(const Counts& counts, int levels) {
  double least = kInfinity;
  size_t best = 0;
  for (auto i = static_cast<size_t>(levels); i < counts.size(); ++i) {
    const double step = (static_cast<double>(i) + 0.5) / (levels - 1);
    double error = 0;
    for (size_t j = 0; j < counts.size(); ++j) {
      const double centre = static_cast<double>(j) + 0.5;
      const double code = std::min<double>(levels - 1, std::nearbyint(centre / step));
      error += static_cast<double>(counts[j]) * (code * step - centre) * (code * step - centre);
    }
    if (error < least) least = error, best = i;
  }
  return best;
}

double naive_divergence(const std::vector<double>& h, size_t i, size_t levels) {
  std::vector<double> sum(levels), filled(levels), p(h.begin(), h.begin() + static_cast<int64_t>(i)), q(i);
  for (size_t j = 0; j < i; ++j) sum[j * levels / i] += h[j], filled[j * levels / i] += h[j] > 0;
  for (size_t j = 0; j < i; ++j) q[j] = h[j] > 0 ? sum[j * levels / i] / filled[j * levels / i] : 0;
  for (size_t j = i; j < h.size(); ++j) p[i - 1] += h[j];
  double p_sum = 0, q_sum = 0, result = 0;
  for (size_t j = 0; j < i; ++j) p_sum += p[j], q_sum += q[j];
  for (size_t j = 0; j < i; ++j) {
    if (p[j] == 0) continue;
    if (q[j] == 0) return kInfinity;
    result += p[j] / p_sum * std::log((p[j] / p_sum) / (q[j] / q_sum));
  }
  return q_sum == 0 ? kInfinity : result;
}

/// spec/04 §3.5 word by word.
size_t naive_entropy(const Counts& counts, int levels) {
  std::vector<double> h(counts.begin(), counts.end());
  h[0] = h[1];
  double least = kInfinity;
  size_t best = h.size();
  for (auto i = static_cast<size_t>(levels); i <= h.size(); ++i) {
    const double value = naive_divergence(h, i, static_cast<size_t>(levels));
    if (value <= least && value < kInfinity) least = value, best = i;
  }
  return best;
}

/// from_counts fills up to 2048 bins; the check values of spec §3.6 are those of 256 bins alone, where
/// candidates end.
TEST(RangeSearch, PercentileGivesTheSpecifiedBins) {
  const Histogram histogram = of_counts(exponential());
  EXPECT_EQ(histogram.total(), 205032U);
  EXPECT_EQ(amax_by_percentile(histogram, 99.99), 178.0F);
  EXPECT_EQ(amax_by_percentile(histogram, 99.9), 137.0F);
  EXPECT_EQ(amax_by_percentile(histogram, 99), 92.0F);
}

TEST(RangeSearch, MseAndEntropyGiveTheSpecifiedBins) {
  const Histogram histogram = of_counts(exponential());
  EXPECT_EQ(amax_by_mse(histogram, 128), 190.5F);
  EXPECT_EQ(amax_by_entropy(histogram, 128), 198.0F);
}

TEST(RangeSearch, MseEqualsTheNaiveLoop) {
  for (const uint64_t seed : {1, 2, 3}) {
    for (const int levels : {128, 256}) {
      const Counts counts = random_counts(seed, seed == 3 ? 0.05 : 0.9);
      EXPECT_EQ(amax_by_mse(of_counts(counts), levels), static_cast<float>(naive_mse(counts, levels)) + 0.5F)
          << seed << " " << levels;
    }
  }
}

TEST(RangeSearch, EntropyEqualsTheNaiveLoop) {
  for (const uint64_t seed : {1, 2, 3}) {
    for (const int levels : {128, 256}) {
      const Counts counts = random_counts(seed, seed == 3 ? 0.05 : 0.9);
      EXPECT_EQ(amax_by_entropy(of_counts(counts), levels), static_cast<float>(naive_entropy(counts, levels)))
          << seed << " " << levels;
    }
  }
}

TEST(RangeSearch, EntropyKeepsTheWholeRangeOfASingleFilledBin) {
  Counts counts(2048);
  counts[2047] = 1000;
  EXPECT_EQ(amax_by_entropy(of_counts(counts), 128), 2048.0F);
}

TEST(RangeSearch, MaxClipsNothing) {
  EXPECT_EQ(amax_by_max(Histogram::from_counts(1, {3, 1}, 1.25F)), 1.25F);
}

TEST(RangeSearch, OnlyZerosGiveZeroAndOnlyThen) {
  Histogram zeros, mostly;
  zeros.observe(std::vector<float>(50, 0.0F));
  std::vector<float> values(1'000'000);
  values[0] = 1;
  mostly.observe(values);
  for (const RangeMethod method : all_values<RangeMethod>()) {
    EXPECT_EQ(search_amax(zeros, {.method = method}), 0.0F) << name_of(method);
    EXPECT_GT(search_amax(mostly, {.method = method}), 0.0F) << name_of(method);
  }
}

TEST(RangeSearch, NothingObservedIsRefused) {
  for (const RangeMethod method : all_values<RangeMethod>()) {
    EXPECT_THROW(search_amax(Histogram(), {.method = method}), InputError) << name_of(method);
  }
}

TEST(RangeSearch, NonsenseSettingsAreRefused) {
  const Histogram histogram = of_counts(exponential());
  EXPECT_THROW(amax_by_percentile(histogram, 0), UsageError);
  EXPECT_THROW(amax_by_percentile(histogram, 100.5), UsageError);
  EXPECT_THROW(amax_by_percentile(histogram, std::nan("")), UsageError);
  EXPECT_THROW(amax_by_mse(histogram, 1), UsageError);
  EXPECT_THROW(amax_by_entropy(histogram, 4096), UsageError);
}

}  // namespace
}  // namespace y6q::quant
