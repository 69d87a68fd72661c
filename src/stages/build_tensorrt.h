#pragma once

#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "stages/trtexec_files.h"
#include "stages/trtexec_program.h"

namespace y6q::stages {

struct BuildTensorRtOptions {
  fs::path weights = {};           ///< model file: exported for the version that is installed
  fs::path onnx = {}, cache = {};  ///< or a file, and its calibration cache where it has no quantizers
  fs::path out = {};  ///< JSON; the engine is written beside it as <out without extension>.engine
  int64_t batch = 1;  ///< 0: any, built for 1 to 32
  std::string trtexec = "trtexec";
};

/// An engine, in figures.
struct TensorRtBuild {
  std::string version;
  fs::path engine;
  std::vector<std::string> command;  ///< trtexec's arguments
  TrtexecTimes times;                ///< on the device alone, without transfers, as one CUDA graph
  std::vector<TrtexecLayer> layers;
  std::vector<TrtexecLayerTime> profile;
};

/// Builds an engine with the installed trtexec, in the form and with the options of its version, and reads
/// what it measured. Throws EnvironmentError without trtexec, with the way to build elsewhere, or when it
/// fails; what export_for throws.
TensorRtBuild build_tensorrt(const BuildTensorRtOptions& options, Monitor& monitor);

/// engine, version, file, command, latency (transfers, graph, p50_ms, …), layers, by_precision, reformats,
/// slowest (ten).
nlohmann::json to_json(const TensorRtBuild& build);

}  // namespace y6q::stages
