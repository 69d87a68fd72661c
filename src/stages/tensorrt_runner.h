#pragma once

#include <memory>

#include "infer/runner.h"
#include "onnx/write.h"
#include "stages/run.h"
#include "stages/trtexec_program.h"

namespace y6q::stages {

struct TensorRtRunnerOptions {
  fs::path engine = {};  ///< plan of TensorRT, or
  fs::path outputs =
      {};  ///< a folder of what it gave elsewhere: outputs-<batch>.json, as --exportOutput writes them
  int64_t batch = 1;     ///< images of a call; the last call is filled up with grey
  bool dynamic = false;  ///< the engine is for any batch: trtexec is told how many images there are
  std::array<int64_t, 2> image_size{640, 640};  ///< height, width
  onnx::ImageType images = onnx::ImageType::floats;
  std::string trtexec = "trtexec";
};

/// An engine of TensorRT as the evaluation sees it: each batch goes through files, trtexec runs once. Throws
/// EnvironmentError without trtexec.
std::unique_ptr<infer::Runner> open_tensorrt(const TensorRtRunnerOptions& options, Monitor& monitor);

/// Writes what trtexec is to be given elsewhere: inputs-<batch>.bin, images as the evaluation prepares them,
/// and commands.sh, which makes the folder's outputs-<batch>.json. The folder must be new or empty. Returns
/// the number of batches.
int64_t write_tensorrt_inputs(const fs::path& folder, const data::Dataset& dataset,
                              const TensorRtRunnerOptions& options, const Run& run);

}  // namespace y6q::stages
