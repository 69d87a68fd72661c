#include "ptq/best_range.h"

#include <ATen/TensorIndexing.h>
#include <ATen/ops/constant_pad_nd.h>

#include <algorithm>
#include <limits>

#include "eager/fake_quant.h"
#include "quant/fake_quant.h"
#include "quant/half_scale.h"

namespace y6q::ptq {
namespace {

using torch::Tensor;

Tensor centre_of(const Tensor& windows) {
  return windows.slice(2, kWindowSide / 2, kWindowSide / 2 + 1)
      .slice(3, kWindowSide / 2, kWindowSide / 2 + 1);
}

double power(const Tensor& values) { return values.square().sum(torch::kFloat64).item<double>(); }

/// One output pixel a window, [S, O]: its position relative to strides does not matter for a sample.
Tensor outputs(const Tensor& windows, const Tensor& kernel) {
  return seen_by(kernel, windows).flatten(1).matmul(kernel.flatten(1).t());
}

double error_of(const SeenTensor& tensor, const ir::FakeQuant& quantizer, float amax) {
  const Tensor change =
      eager::fake_quantize(tensor.windows, torch::scalar_tensor(amax), quantizer) - tensor.windows;
  if (tensor.kernels.empty()) return power(centre_of(change));
  double error = 0;
  for (const Tensor& kernel : tensor.kernels) {
    const double whole = power(outputs(tensor.windows, kernel));
    if (whole > 0) error += power(outputs(change, kernel)) / whole;
  }
  return error;
}

}  // namespace

Tensor windows_at(const std::vector<Place>& places, const Tensor& source) {
  std::vector<int64_t> images, rows, columns;
  for (const Place& place : places) {
    images.push_back(place.image);
    rows.push_back(static_cast<int64_t>(place.y * static_cast<double>(source.size(2))));
    columns.push_back(static_cast<int64_t>(place.x * static_cast<double>(source.size(3))));
  }
  constexpr int64_t kPad = kWindowSide / 2;
  const Tensor padded = at::constant_pad_nd(source, {kPad, kPad, kPad, kPad}).permute({0, 2, 3, 1});
  const auto on_device = [&](const std::vector<int64_t>& values) {
    return torch::tensor(values, torch::kInt64).to(source.device());
  };
  const Tensor n = on_device(images), y = on_device(rows), x = on_device(columns);
  std::vector<Tensor> pixels;
  for (int64_t dy = 0; dy < kWindowSide; ++dy)
    for (int64_t dx = 0; dx < kWindowSide; ++dx) pixels.push_back(padded.index({n, y + dy, x + dx}));
  return torch::stack(pixels, -1)
      .view({static_cast<int64_t>(places.size()), source.size(1), kWindowSide, kWindowSide})
      .cpu();
}

Tensor seen_by(const Tensor& kernel, const Tensor& windows) {
  return kernel.size(2) == 1 ? centre_of(windows) : windows;
}

float range_by(quant::RangeSearch search, const quant::Histogram& histogram, const ir::FakeQuant& quantizer) {
  const quant::IntegerRange integers = quant::integer_range(quantizer.bits, quantizer.is_signed);
  search.levels = integers.high + 1;
  const float amax = quant::search_amax(histogram, search);
  return quantizer.half_scale ? quant::range_of_half_step(amax, integers) : amax;
}

FoundRange best_range(const SeenTensor& tensor, const ir::FakeQuant& quantizer,
                      const quant::RangeSearch& search) {
  const torch::NoGradGuard no_gradients;
  FoundRange best;
  double least = std::numeric_limits<double>::infinity();
  for (const quant::RangeMethod method : all_values<quant::RangeMethod>()) {
    quant::RangeSearch by = search;
    by.method = method;
    const float amax = range_by(by, tensor.histogram, quantizer);
    const double error = error_of(tensor, quantizer, amax);
    if (error < least) least = error, best = {method, amax};
  }
  return best;
}

}  // namespace y6q::ptq
