#include <cstdlib>

#include "golden/golden.h"
#include "quant/amax_entropy.h"
#include "quant/amax_max.h"
#include "quant/amax_mse.h"
#include "quant/amax_percentile.h"

namespace y6q::quant {
namespace {

class GoldenCalibration : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    Y6Q_NEED_GOLDEN();
    settings_ = golden::json("calib/" + GetParam());
  }
  formats::SafetensorsReader file() const { return golden::tensors("calib/" + GetParam()); }
  bool grew() const {
    const auto& steps = settings_["after_each_batch"];
    return steps.front()["bins"] != steps.back()["bins"];
  }

  nlohmann::json settings_;
};

/// Samples that stand in another bin; each is counted where it lacks.
uint64_t moved(const std::vector<uint64_t>& got, const std::vector<int64_t>& want) {
  uint64_t sum = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    sum += static_cast<uint64_t>(std::abs(static_cast<int64_t>(got[i]) - want[i]));
  }
  return sum / 2;
}

/// Streams that grew may differ by rounding at borders (golden/README): 0.1 % of the samples.
TEST_P(GoldenCalibration, HistogramIsCollected) {
  const auto tensors = file();
  Histogram histogram;
  for (int batch = 0; batch < settings_["batches"]; ++batch) {
    const std::string step = std::to_string(batch);
    const auto values = tensors.floats("batch" + step).floats();
    histogram.observe(values);
    const auto after = tensors.integers("hist_after" + step);
    const auto& want = std::get<std::vector<int64_t>>(after.data);
    ASSERT_EQ(histogram.bins(), static_cast<int64_t>(want.size())) << "batch " << batch;
    if (histogram.max() ==
        0) {  // the source counts over [-1, 1] then; ours keeps zeros in bin 0 (spec/04 §3.2)
      EXPECT_EQ(histogram.counts()[0], histogram.total());
      continue;
    }
    const uint64_t allowed = grew() ? histogram.total() / 1000 : 0;
    EXPECT_LE(moved(histogram.counts(), want), allowed) << "batch " << batch;
    if (!tensors.tensors().contains("edges_after" + step)) continue;
    const auto edges = tensors.floats("edges_after" + step).floats();
    std::vector<float> got;
    for (int64_t i = 0; i <= histogram.bins(); ++i) got.push_back(histogram.edge(i));
    golden::expect_close(got, edges, {.rtol = 1e-6, .atol = 0}, "edges");
  }
  EXPECT_EQ(histogram.max(), settings_["amax"]["max"].get<float>());
}

/// From the stored histogram: the bin must be the recorded one.
TEST_P(GoldenCalibration, RangesAreFound) {
  const auto tensors = file();
  const auto stored = tensors.integers("hist");
  const auto& counts = std::get<std::vector<int64_t>>(stored.data);
  const auto& amax = settings_["amax"];
  const auto edges = tensors.floats("edges").floats();
  const Histogram histogram =
      Histogram::from_counts(edges[1] - edges[0], {counts.begin(), counts.end()}, amax["max"]);
  const auto expect_range = [&](float got, const char* name) {
    const double want = amax[name].get<double>();
    EXPECT_NEAR(static_cast<double>(got), want, 1e-6 * want) << name;
  };
  expect_range(amax_by_max(histogram), "max");
  expect_range(amax_by_percentile(histogram, 99), "percentile_99.0");
  expect_range(amax_by_percentile(histogram, 99.9), "percentile_99.9");
  expect_range(amax_by_percentile(histogram, 99.99), "percentile_99.99");
  expect_range(amax_by_percentile(histogram, 99.999), "percentile_99.999");
  expect_range(amax_by_mse(histogram, 128), "mse");
  expect_range(amax_by_entropy(histogram, 128), "entropy_nan_as_infinity");
}

INSTANTIATE_TEST_SUITE_P(Streams, GoldenCalibration,
                         testing::Values("relu", "gaussian", "silu", "heavy_tail", "outlier", "growing",
                                         "shrinking", "constant", "offset", "negative_only", "all_zero"),
                         [](const auto& stream) { return stream.param; });

/// The source fails on this stream.
TEST(GoldenCalibrationQuirk, StartsAtTheFirstData) {
  Y6Q_NEED_GOLDEN();
  const auto tensors = golden::tensors("calib/zero_then_data");
  const auto settings = golden::json("calib/zero_then_data");
  Histogram histogram;
  size_t values = 0;
  for (int batch = 0; batch < settings["batches"]; ++batch) {
    const auto part = tensors.floats("batch" + std::to_string(batch)).floats();
    histogram.observe(part);
    values += part.size();
  }
  EXPECT_EQ(histogram.total(), values);
  EXPECT_GE(histogram.counts()[0], tensors.floats("batch0").floats().size());
  EXPECT_EQ(histogram.max(), settings["amax"]["max"].get<float>());
  EXPECT_GT(amax_by_entropy(histogram, 128), 0.0F);
}

/// The 61 input quantizers of a whole network, from their recorded histograms: the same bin or a neighbour.
TEST(GoldenCalibrationNetwork, RangesAreFound) {
  Y6Q_NEED_GOLDEN();
  const auto histograms = golden::tensors("quantnet/histograms"), ranges = golden::tensors("quantnet/amax");
  const auto rows = golden::json("quantnet/histograms")["rows"];
  ASSERT_EQ(rows.size(), 61U);
  for (const auto& row : rows) {
    const std::string name = row["quantizer"];
    const auto stored = histograms.floats(name).floats();
    const float width = row["width"], end = row["last_edge"];
    const Histogram histogram = Histogram::from_counts(width, {stored.begin(), stored.end()}, end);
    const auto expect_near = [&](float got, const char* method, double bins) {
      EXPECT_NEAR(got, ranges.floats(method + ("/" + name)).floats().at(0), (bins + 0.01) * width)
          << method << " " << name;
    };
    expect_near(amax_by_percentile(histogram, 99.99), "percentile", 1);
    expect_near(amax_by_mse(histogram, 128), "mse", 1);
    expect_near(amax_by_entropy(histogram, 128), "entropy", 1);
  }
}

}  // namespace
}  // namespace y6q::quant
