#pragma once

#include <optional>
#include <string>

#include "formats/model_file.h"
#include "stages/target.h"

namespace y6q::stages {

/// What a target's folder says about itself.
struct TargetPage {
  const Target& target;
  const formats::ModelInfo& info;
  Exported exported;
  bool raw_head = false;
  std::optional<onnx::Suppression> suppression = {};
  std::vector<std::string> files;  ///< names, those of the network
};

/// README.md: files, classes, how to make the input and read the outputs, the mAP that was simulated where
/// the model file knows it.
std::string readme(const TargetPage& page);

/// commands.sh: builds or runs the network with the target's program, from any working directory.
std::string commands(const TargetPage& page);

}  // namespace y6q::stages
