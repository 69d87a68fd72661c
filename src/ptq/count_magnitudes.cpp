#include "ptq/count_magnitudes.h"

#include <ATen/ops/abs.h>
#include <ATen/ops/bincount.h>
#include <ATen/ops/scalar_tensor.h>

namespace y6q::ptq {
namespace {

std::span<const int64_t> int64s_of(const torch::Tensor& tensor) {
  return {tensor.const_data_ptr<int64_t>(), static_cast<size_t>(tensor.numel())};
}

}  // namespace

void count_magnitudes(quant::Histogram& histogram, const torch::Tensor& source) {
  if (!source.is_cpu()) return count_magnitudes_by_operators(histogram, source);
  const torch::Tensor dense = source.is_non_overlapping_and_dense() ? source : source.contiguous();
  histogram.observe({dense.const_data_ptr<float>(), static_cast<size_t>(dense.numel())});
}

void count_magnitudes_by_operators(quant::Histogram& histogram, const torch::Tensor& source) {
  const torch::Tensor magnitudes = source.abs().flatten();
  histogram.make_room(magnitudes.max().item<float>());
  if (histogram.width() == 0) {
    const int64_t zeros = source.numel();
    return histogram.add({&zeros, 1});
  }
  // By a tensor: a number's reciprocal would be multiplied with, which puts values into other bins.
  const torch::Tensor width = at::scalar_tensor(histogram.width(), magnitudes.options());
  const torch::Tensor counts = at::bincount((magnitudes / width).to(torch::kInt)).cpu();
  histogram.add(int64s_of(counts));
}

}  // namespace y6q::ptq
