#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "detect/nms.h"

namespace y6q::detect {

/// One output of a network for one image: cls0 … and reg0 … [C, H, W], or outputs [A, 5 + nc] (ir::Decode).
struct ImageOutput {
  std::string_view name;
  const float* data = nullptr;
  int64_t channels = 0, height = 0, width = 0;  ///< of maps; of rows: A, 1, 5 + nc
};

/// The number of classes that such outputs tell apart. Throws InputError when there are neither rows nor a
/// cls and a reg map for each level.
int64_t class_count_of(std::span<const ImageOutput> outputs);

/// Candidates of one image of input height `image_height` (decode.h); outputs with other names are passed
/// over. Throws as class_count_of.
std::vector<Detection> candidates_of(std::span<const ImageOutput> outputs, int64_t image_height,
                                     const NmsOptions& options);

/// Decoding and suppression.
std::vector<Detection> detections_of(std::span<const ImageOutput> outputs, int64_t image_height,
                                     const NmsOptions& options);

}  // namespace y6q::detect
