#pragma once

#include "infer/engine_runner.h"

namespace y6q::infer {

/// Opens a network for evaluation, whatever file it is in. A model file or checkpoint is merged and folded
/// and runs in LibTorch: a float model in fp32 (or bf16), a quantized one as the simulation of its INT8. An
/// ONNX file or OpenVINO's IR runs in the engine. Throws InputError (no such file, not a network, a precision
/// that does not fit it), and what engine::open throws.
std::unique_ptr<Runner> open(const fs::path& file, const RunnerOptions& options = {});

}  // namespace y6q::infer
