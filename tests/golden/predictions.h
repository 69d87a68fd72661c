#pragma once

#include <vector>

#include "eager/torch.h"
#include "golden/golden.h"

namespace y6q::golden {

/// All elements, row-major.
inline std::vector<double> values(const torch::Tensor& tensor) {
  const torch::Tensor plain = tensor.detach().to(torch::kFloat64).contiguous();
  return {plain.const_data_ptr<double>(), plain.const_data_ptr<double>() + plain.numel()};
}

/// Splits rows cx, cy, w, h, 1, scores into boxes (px) and the rest, which have different tolerances.
inline void expect_predictions(const std::vector<double>& got, const ir::Array& want, Tolerance boxes,
                               const std::string& label) {
  constexpr Tolerance kScores{.atol = 1e-4};
  const auto columns = static_cast<size_t>(want.shape.back());
  ASSERT_EQ(got.size(), want.floats().size()) << label;
  std::vector<double> box[2], score[2];
  for (size_t i = 0; i < got.size(); ++i) {
    const bool is_box = i % columns < 4;
    (is_box ? box : score)[0].push_back(got[i]);
    (is_box ? box : score)[1].push_back(static_cast<double>(want.floats()[i]));
  }
  expect_close(box[0], box[1], boxes, label + " boxes");
  expect_close(score[0], score[1], kScores, label + " scores");
}

}  // namespace y6q::golden
