#include "ptq/count_magnitudes.h"

#include <ATen/ops/nextafter.h>
#include <gtest/gtest.h>

#include <limits>

#include "base/errors.h"

namespace y6q::ptq {
namespace {

using quant::Histogram;
using torch::Tensor;

/// Batches that double the width, append bins and begin with zeros; values on the borders of bins.
std::vector<Tensor> batches() {
  torch::manual_seed(6);
  const Tensor borders = torch::arange(0, 4096) * (3.7F / 2048);
  return {torch::zeros({2, 3}), torch::randn({2, 8, 9, 7}),
          torch::cat({borders, at::nextafter(borders, torch::zeros({1})), -borders}),
          torch::randn({3, 8, 5, 5}).relu() * 4, torch::randn({2, 8, 9, 7}).permute({0, 2, 3, 1}) * 1000};
}

// The loop over spans is the referee: histogram_test counts its values naively.
TEST(CountMagnitudes, OperatorsCountAsTheLoop) {
  Histogram by_loop, by_operators;
  for (const Tensor& batch : batches()) {
    const Tensor dense = batch.contiguous();
    by_loop.observe({dense.const_data_ptr<float>(), static_cast<size_t>(dense.numel())});
    count_magnitudes_by_operators(by_operators, batch);
    EXPECT_EQ(by_operators.width(), by_loop.width());
    EXPECT_EQ(by_operators.max(), by_loop.max());
    EXPECT_EQ(by_operators.counts(), by_loop.counts());
  }
}

TEST(CountMagnitudes, TakesAnyLayout) {
  const Tensor source = torch::randn({4, 6, 5}), strided = source.transpose(0, 2).slice(0, 0, 5, 2);
  Histogram of_view, of_copy;
  count_magnitudes(of_view, strided);
  count_magnitudes(of_copy, strided.contiguous());
  EXPECT_EQ(of_view.counts(), of_copy.counts());
}

TEST(CountMagnitudes, RefusesWhatIsNotFinite) {
  for (const float value :
       {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    Histogram histogram;
    const Tensor source = torch::tensor({1.0F, value});
    EXPECT_THROW(count_magnitudes_by_operators(histogram, source), InputError);
    EXPECT_THROW(count_magnitudes(histogram, source), InputError);
  }
}

}  // namespace
}  // namespace y6q::ptq
