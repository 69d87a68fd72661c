#pragma once

#include "engine/engine.h"

/// What engine::open and engine::supports do for Kind::openvino; unavailable.cpp in builds without OpenVINO.
namespace y6q::engine {

std::unique_ptr<Engine> open_openvino(const std::filesystem::path& onnx, const EngineOptions& options);
bool openvino_supports(Precision precision);

}  // namespace y6q::engine
