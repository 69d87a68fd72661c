#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "detect/nms.h"

namespace y6q::eval {

/// Pixels by which a model's images stay smaller than the network's input; "" is any other model.
struct ModelShrink {
  std::string_view model;
  int64_t pixels = 0;
};

/// How images become detections that are evaluated; printed with every result.
struct Protocol {
  std::string_view name = "letterbox";
  /// false: a square of the image size. true: images are sorted by aspect ratio, and each batch has the
  /// smallest shape that fits, in whole strides, with rect_pad strides more (spec/02 §2).
  bool rectangular = false;
  double rect_pad = 0;
  std::span<const ModelShrink> shrink_by_model{};
  int64_t shrink = 0;           ///< pixels; set by for_model()
  bool rounded = false;         ///< boxes to 3 decimals, scores to 5, before they are evaluated
  bool annotated_only = false;  ///< images without objects are left out
  bool changed = false;         ///< a value differs from what the name stands for
  detect::NmsOptions nms{};

  /// The shrink of a model: the first of the names (file stem, architecture) that the protocol knows, else
  /// its default.
  Protocol for_model(std::span<const std::string> names) const;
  /// One line, with every value that matters.
  std::string describe() const;
};

/// The product's default first, then the reference's (spec/05 §8).
std::span<const Protocol> protocols();

/// Throws UnsupportedError that lists the names.
const Protocol& find_protocol(std::string_view name);

}  // namespace y6q::eval
