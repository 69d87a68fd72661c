#pragma once

#include <array>

#include "base/names.h"

namespace y6q::train {

enum class IouType { giou, diou, ciou, siou };

constexpr auto names_of(IouType) {
  return name_table<IouType>(
      "iou type",
      {{IouType::giou, "giou"}, {IouType::diou, "diou"}, {IouType::ciou, "ciou"}, {IouType::siou, "siou"}});
}

using Corners = std::array<double, 4>;  ///< x1, y1, x2, y2 in any one unit

struct BoxLoss {
  double loss = 0;     ///< 1 - metric
  Corners gradient{};  ///< by the predicted corners
};

/// Spec/02 §6.2. Finite for degenerate boxes too. CIoU's trade-off factor carries no gradient.
BoxLoss iou_loss(IouType type, const Corners& predicted, const Corners& target);

}  // namespace y6q::train
