#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "onnx/write.h"

namespace y6q::stages {

/// Versions of TensorRT whose trtexec takes the same options for our files (spec/08 §5).
enum class TrtexecVersion {
  from_8_4_to_10,  ///< precisions and calibration caches are options; networks are weakly typed
  from_11          ///< they are gone; the file's types are the precisions
};

/// What is built and measured.
struct TrtexecJob {
  std::filesystem::path onnx = {}, cache = {}, engine = {};  ///< cache: empty without
  bool integers = false;                                     ///< the network is quantized
  onnx::NodeNames nodes = {};                                ///< of the file
  int64_t batch = 1;                                         ///< of the file; 0: any, built for 1 to 32
  std::array<int64_t, 2> image_size{640, 640};
  onnx::ImageType images = onnx::ImageType::floats;
  bool on_dla = false;  ///< on core 0 of a DLA (Jetson) what it can run, on the GPU the rest
};

/// Of one image, as trtexec writes shapes: 3x640x640, of bytes 640x640x3.
std::string image_extents(onnx::ImageType images, const std::array<int64_t, 2>& image_size);

/// One argument after the other, trtexec itself first: builds the engine and measures it, everything on the
/// device: without transfers, as one CUDA graph, waiting without sleep. Throws UnsupportedError for a cache
/// in 11, which has no implicit quantization.
std::vector<std::string> trtexec_arguments(TrtexecVersion version, const TrtexecJob& job);

}  // namespace y6q::stages
