#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/builder.h"

namespace y6q::models {

/// Channels and repeats (spec/01 §3): backbone 5 and neck 6; backbone 5 and neck 4.
struct Layout {
  std::array<int64_t, 11> channels{};
  std::array<int64_t, 9> repeats{};
  bool operator==(const Layout&) const = default;
};
/// Of one of architectures(). Throws UnsupportedError for other names.
Layout layout_of(std::string_view architecture);

/// YOLOv6 v2 (EfficientRep, RepPANNeck, decoupled head; spec/01 §3).
struct Options {
  std::string architecture = "yolov6n";  ///< one of architectures()
  Mode mode = Mode::repopt;
  int64_t class_count = 80;
  std::array<int64_t, 2> image_size{640, 640};  ///< height, width: multiples of 32
  uint64_t seed = 0;                            ///< of the initial weights
  std::optional<Layout> layout = {};            ///< another than the architecture's
  bool folded_units =
      false;  ///< batch norms of head, neck and SPPF units are folded, those of Rep blocks not
};

/// Input `images` [1, 3, H, W], RGB in [0, 1]. Outputs, for the strides 8, 16, 32 as level 0, 1, 2:
/// cls0 … cls2 [1, nc, h, w] logits · reg0 … reg2 [1, 4, h, w] distances l, t, r, b in stride units ·
/// feat0 … feat2 neck outputs (taps for distillation). Parameters carry the names of the checkpoints (nested
/// generation). Throws UnsupportedError for an unknown architecture, UsageError for a size that is no
/// multiple of 32.
ir::Model yolov6(const Options& options);
/// The same network without arrays, for those who have them: nothing is drawn.
ir::Graph yolov6_graph(const Options& options);

/// "yolov6n", "yolov6t", "yolov6s".
std::vector<std::string> architectures();
/// Names of kTrainableModes.
std::vector<std::string> trainable_modes();

/// Strides of the levels, finest first.
inline constexpr std::array<int64_t, 3> kStrides{8, 16, 32};

}  // namespace y6q::models
