#include "ptq/best_range.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"

namespace y6q::ptq {
namespace {

using quant::RangeMethod;
using torch::Tensor;

constexpr quant::RangeSearch kSearch{.percentile = 97};
const ir::FakeQuant kSigned{};

quant::Histogram histogram_of(const Tensor& values) {
  quant::Histogram histogram;
  const Tensor plain = values.contiguous();
  histogram.observe({plain.const_data_ptr<float>(), static_cast<size_t>(plain.numel())});
  return histogram;
}

/// Windows that hold the same at every pixel: channel 0 runs evenly over [0, 1]; channel 1 is 0 but for one
/// window in 25, where it is 100.
Tensor with_outliers() {
  constexpr int64_t kCount = 500;
  Tensor windows = torch::zeros({kCount, 2, kWindowSide, kWindowSide});
  for (int64_t i = 0; i < kCount; ++i) {
    windows[i][0].fill_(static_cast<double>(i) / kCount);
    if (i % 25 == 0) windows[i][1].fill_(100.0);
  }
  return windows;
}

/// [1, 2, 1, 1]
Tensor kernel(double first, double second) {
  return torch::tensor(std::vector<double>{first, second}).view({1, 2, 1, 1}).to(torch::kFloat32);
}

RangeMethod best_for(const Tensor& windows, std::vector<Tensor> kernels) {
  const quant::Histogram histogram = histogram_of(windows);
  const FoundRange found = best_range({histogram, windows, std::move(kernels)}, kSigned, kSearch);
  EXPECT_EQ(found.amax, range_by({found.method, kSearch.percentile}, histogram, kSigned));
  return found.method;
}

// 100 is a code of the range 100 and of no other; with it alone in the output everything else is clipped or
// off.
TEST(BestRange, IsTheLargestValueWhereTheConvolutionReadsTheOutliers) {
  EXPECT_EQ(best_for(with_outliers(), {kernel(0, 1)}), RangeMethod::max);
}

// The outliers meet a weight of 0. The bound for 97 % of the values lies near 1; with a range of 100 nearly
// all of channel 0 is one code.
TEST(BestRange, IsTheSmallestWhereTheConvolutionLeavesTheOutliersOut) {
  EXPECT_EQ(best_for(with_outliers(), {kernel(1, 0)}), RangeMethod::percentile);
}

// A long tail, all weights alike: the error of the output is that of the tensor, which mse makes least. To
// clip the largest value a little costs less than the wider steps of all others.
TEST(BestRange, IsThatOfTheLeastSquaredErrorWhereAllValuesCountAlike) {
  constexpr int64_t kCount = 3000;
  Random random(1);
  Tensor windows = torch::zeros({kCount, 1, kWindowSide, kWindowSide});
  for (int64_t i = 0; i < kCount; ++i) windows[i].fill_(std::pow(-std::log1p(-random.uniform()), 3));
  EXPECT_EQ(best_for(windows, {torch::ones({1, 1, 1, 1})}), RangeMethod::mse);
  EXPECT_EQ(best_for(windows, {}), RangeMethod::mse) << "the tensor itself";
}

// Clipped outliers are all that the second convolution computes; the wide range costs the first, whose
// weights are larger, a part of its output.
TEST(BestRange, WeighsConvolutionsByTheirOutputs) {
  EXPECT_NE(best_for(with_outliers(), {kernel(1000, 0), kernel(0, 1)}), RangeMethod::percentile);
  EXPECT_EQ(best_for(with_outliers(), {kernel(1000, 0)}), RangeMethod::percentile);
}

TEST(BestRange, OnlyZerosHaveTheRangeZero) {
  const Tensor zeros = torch::zeros({4, 2, kWindowSide, kWindowSide});
  const quant::Histogram histogram = histogram_of(zeros);
  EXPECT_EQ(best_range({histogram, zeros, {kernel(1, 1)}}, kSigned, kSearch).amax, 0);
}

// By hand: rows 1 2 3, 4 5 6; the place (0.5, 0.7) is row 1, column 2.
TEST(Windows, HoldZerosOutsideTheSource) {
  const std::vector<float> source{1, 2, 3, 4, 5, 6},
      want{2, 3, 0, 5, 6, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 4, 5};
  const Tensor got = windows_at({{0, 0.5, 0.7}, {0, 0, 0}}, torch::tensor(source).view({1, 1, 2, 3}));
  EXPECT_TRUE(got.equal(torch::tensor(want).view({2, 1, 3, 3})));
}

}  // namespace
}  // namespace y6q::ptq
