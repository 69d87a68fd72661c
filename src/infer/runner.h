#pragma once

#include <array>
#include <string>
#include <vector>

#include "data/loader.h"
#include "detect/outputs.h"

namespace y6q::infer {

/// What a network's file says of it; empty where it does not.
struct NetworkFacts {
  std::string architecture;
  std::vector<std::string> class_names;
};

/// A network that can be evaluated, whatever runs it: LibTorch, a simulation of INT8, an engine.
class Runner {
 public:
  virtual ~Runner() = default;
  /// One list of detections for each image of the batch, in pixels of the batch, best first.
  virtual std::vector<std::vector<detect::Detection>> detect(const data::Batch& batch,
                                                             const detect::NmsOptions& options) = 0;
  /// What computed the result, e.g. "eager fp32", "openvino int8".
  virtual std::string name() const = 0;
  /// Empty, or a sentence for the user on why this machine computes it otherwise (engine::Engine::note).
  virtual std::string note() const { return {}; }
  virtual const NetworkFacts& facts() const = 0;
  /// Height and width it was made for.
  virtual std::array<int64_t, 2> image_size() const = 0;
};

}  // namespace y6q::infer
