#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "detect/nms.h"

namespace y6q::detect {

/// One output of a network for one image: cls0 … and reg0 … [C, H, W]; outputs [A, 5 + nc] (ir::Decode); or,
/// of a file that suppresses boxes itself, num_dets [1], det_boxes [K, 4], det_scores [K], det_classes [K].
struct ImageOutput {
  std::string_view name;
  const float* data = nullptr;
  int64_t channels = 0, height = 0, width = 0;  ///< of maps; of rows: A, 1, 5 + nc; of lists: K, 1, 1
};

/// The network suppresses boxes itself: what it gives are detections, and it does not say among how many
/// classes.
bool are_suppressed(std::span<const ImageOutput> outputs);

/// The number of classes that maps or rows tell apart. Throws InputError when there are neither rows nor a
/// cls and a reg map for each level.
int64_t class_count_of(std::span<const ImageOutput> outputs);

/// Candidates of one image of input height `image_height` (decode.h); outputs with other names are passed
/// over. Of a network that suppresses boxes itself they are its detections that score above the threshold:
/// they come through the same suppression once more as they are, and a stricter one takes of them alone.
/// Throws as class_count_of; InputError for lists of other lengths than each other, or that are none.
std::vector<Detection> candidates_of(std::span<const ImageOutput> outputs, int64_t image_height,
                                     const NmsOptions& options);

/// Decoding and suppression.
std::vector<Detection> detections_of(std::span<const ImageOutput> outputs, int64_t image_height,
                                     const NmsOptions& options);

}  // namespace y6q::detect
