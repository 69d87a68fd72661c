#pragma once

#include <memory>

#include "engine/engine.h"
#include "infer/runner.h"

namespace y6q::infer {

struct RunnerOptions {
  engine::Kind engine = engine::kDefaultKind;       ///< of exported files
  std::optional<engine::Precision> precision = {};  ///< nothing: what the file is made for
  int threads = 0;                                  ///< 0: all cores
  std::string device = "cpu";                       ///< of model files: see eager::open_device
};

/// Runs an exported file, image by image (batch 1). Throws what engine::open throws.
std::unique_ptr<Runner> open_engine(const fs::path& onnx, const RunnerOptions& options = {});

}  // namespace y6q::infer
