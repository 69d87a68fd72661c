#pragma once

#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>

#include "base/errors.h"
#include "detect/nms.h"

namespace y6q::eval {

/// How images become detections that are evaluated; printed with every result.
struct Protocol {
  std::string_view name = "letterbox";
  /// false: a square of the image size. true: images are sorted by aspect ratio, and each batch has the
  /// smallest shape that fits, in whole strides, with rect_pad strides more (spec/02 §2).
  bool rectangular = false;
  double rect_pad = 0;
  detect::NmsOptions nms;

  std::string describe() const {
    return fmt::format("{}: {}, confidence {:g}, IoU {:g}, {}, at most {} boxes an image", name,
                       rectangular ? fmt::format("rectangular batches with {:g} strides of padding", rect_pad)
                                   : "long side scaled to the image size and centred on grey 114",
                       nms.score_threshold, nms.iou_threshold, nms.multi_label ? "multi-label" : "best label",
                       nms.max_detections);
  }
};

/// The product's default first; then the reference's `eval` with its default options (spec/05 §8.1).
inline constexpr std::array kProtocols{
    Protocol{},
    Protocol{.name = "reference", .rectangular = true, .rect_pad = 0.5, .nms = {.max_candidates = 30000}},
};

/// Throws UnsupportedError that lists the names.
inline const Protocol& find_protocol(std::string_view name) {
  std::string names;
  for (const Protocol& protocol : kProtocols) {
    if (protocol.name == name) return protocol;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", protocol.name);
  }
  throw UnsupportedError("eval: there is no protocol '{}'; known: {}", name, names);
}

}  // namespace y6q::eval
