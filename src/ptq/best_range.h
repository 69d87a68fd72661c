#pragma once

#include <vector>

#include "eager/torch.h"
#include "ir/ops.h"
#include "quant/range_search.h"

namespace y6q::ptq {

/// Rows and columns around such a pixel: what a 3x3 convolution sees.
inline constexpr int64_t kWindowSide = 3;

/// Places in an image as shares of its height and width, so that they mean the same in every tensor.
struct Place {
  int64_t image = 0;    ///< in its batch
  double y = 0, x = 0;  ///< in [0, 1)
};

/// source [N, C, H, W] -> [places, C, 3, 3], zeros outside the source.
torch::Tensor windows_at(const std::vector<Place>& places, const torch::Tensor& source);

/// What a kernel [O, C, k, k] sees of windows: [S, C, k, k].
torch::Tensor seen_by(const torch::Tensor& kernel, const torch::Tensor& windows);

/// A tensor as the search for its best range knows it.
struct SeenTensor {
  const quant::Histogram& histogram;
  torch::Tensor windows;  ///< [S, C, 3, 3]; S may be 0
  /// Of the convolutions that read it: [O, C, 3, 3] padded by 1, or [O, C, 1, 1].
  std::vector<torch::Tensor> kernels{};
};

struct FoundRange {
  quant::RangeMethod method = quant::RangeMethod::max;
  float amax = 0;
};

/// Each method's range, rounded up to one of an FP16 scale where the quantizer asks for it, and of these the
/// one that changes the outputs of the convolutions least: by the squared error over the squared outputs,
/// added up over convolutions. Without any, the one that changes the tensor itself least. Of equal ones the
/// first. Of `search` its method and levels do not count.
FoundRange best_range(const SeenTensor& tensor, const ir::FakeQuant& quantizer,
                      const quant::RangeSearch& search = {});

/// The range that the search finds, with as many levels as the quantizer has, rounded up in the same way.
float range_by(quant::RangeSearch search, const quant::Histogram& histogram, const ir::FakeQuant& quantizer);

}  // namespace y6q::ptq
