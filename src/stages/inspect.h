#pragma once

#include <optional>
#include <string>
#include <vector>

#include "formats/model_file.h"
#include "formats/scales.h"

namespace y6q::stages {

/// A node that has arrays, or pools.
struct LayerFacts {
  std::string name, op;
  ir::Shape weight{};      ///< of convolutions; empty: none
  ir::Shape output{};      ///< for one image of the model's size
  int64_t parameters = 0;  ///< learnable
  int64_t multiply_adds = 0;
  int64_t dead_channels = 0;  ///< of a convolution: output channels that are constant zero
  std::optional<float> input_range{}, weight_range{};  ///< amax of its quantizers; of weights the largest
};

/// What a file holds.
struct Inspection {
  std::string kind;  ///< "model", "onnx", "checkpoint" or "scales"
  formats::ModelInfo info{};
  int64_t parameters = 0;             ///< learnable
  int64_t checkpoint_parameters = 0;  ///< with the 34 unused ones that checkpoints of the reference have
  int64_t multiply_adds = 0;
  int64_t dead_channels = 0;
  std::vector<LayerFacts> layers{};
  std::string graph{};  ///< its text
  /// Of a checkpoint: entries as in the file, "name [shape]", and why it is no network of ours (empty: it
  /// is).
  std::vector<std::string> entries{};
  std::string refusal{};
  std::vector<formats::BlockScales> scales{};
};

/// Reads a model file, an ONNX file, a .pt checkpoint (any that can be read without executing anything; also
/// of other networks) or a scales file. Throws InputError.
Inspection inspect(const fs::path& path);

}  // namespace y6q::stages
