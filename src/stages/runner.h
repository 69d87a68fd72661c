#pragma once

#include <array>
#include <string>
#include <vector>

#include "data/loader.h"
#include "detect/decode.h"
#include "detect/nms.h"

namespace y6q::stages {

/// A network that can be evaluated, whatever runs it: LibTorch, a simulation of INT8, an engine.
class Runner {
 public:
  virtual ~Runner() = default;
  /// One list of detections for each image of the batch, in pixels of the batch, best first.
  virtual std::vector<std::vector<detect::Detection>> detect(const data::Batch& batch,
                                                             const detect::NmsOptions& options) = 0;
  /// What computed the result, e.g. "eager fp32", "openvino int8".
  virtual std::string name() const = 0;
  /// Height and width it was made for.
  virtual std::array<int64_t, 2> image_size() const = 0;
};

/// One output of a network for one image: cls0 … and reg0 … [C, H, W], or outputs [A, 5 + nc] (ir::Decode).
struct ImageOutput {
  std::string_view name;
  const float* data = nullptr;
  int64_t channels = 0, height = 0, width = 0;  ///< of maps; of rows: A, 1, 5 + nc
};

/// Decoding and suppression for one image of input height `image_height`; outputs with other names are passed
/// over. Throws InputError when there are neither rows nor a cls and a reg map for each level.
std::vector<detect::Detection> detections_of(const std::vector<ImageOutput>& outputs, int64_t image_height,
                                             const detect::NmsOptions& options);

}  // namespace y6q::stages
