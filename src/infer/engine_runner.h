#pragma once

#include <memory>

#include "engine/engine.h"
#include "infer/runner.h"

namespace y6q::infer {

/// Runs an exported file, image by image (batch 1), in OpenVINO. Throws what engine::open throws.
std::unique_ptr<Runner> open_engine(const fs::path& onnx, std::optional<engine::Precision> precision,
                                    int threads);

}  // namespace y6q::infer
