#include "stages/trtexec.h"

#include <fmt/format.h>

#include "base/errors.h"

namespace y6q::stages {
namespace {

/// "a:fp16,b:fp16".
std::string all_in(const std::vector<std::string>& nodes, std::string_view type) {
  std::string text;
  for (const std::string& node : nodes) text += fmt::format("{}{}:{}", text.empty() ? "" : ",", node, type);
  return text;
}

void add_precisions(std::vector<std::string>& arguments, const TrtexecJob& job) {
  if (!job.cache.empty()) arguments.push_back("--calib=" + job.cache.string());
  if (job.integers) arguments.emplace_back("--int8");
  arguments.emplace_back("--fp16");
  // With a cache, a layer that has ranges on both sides would run in integers. In FP16 boxes would lose half
  // a pixel beyond 512 (spec/08 §2).
  const std::string half = job.cache.empty() ? "" : all_in(job.nodes.in_float, "fp16");
  const std::string single = all_in(job.nodes.decoding, "fp32");
  if (half.empty() && single.empty()) return;
  arguments.emplace_back("--precisionConstraints=obey");
  arguments.push_back("--layerPrecisions=" + half + (half.empty() || single.empty() ? "" : ",") + single);
  if (!single.empty()) arguments.push_back("--layerOutputTypes=" + single);
}

void add_shapes(std::vector<std::string>& arguments, const TrtexecJob& job) {
  if (job.batch != 0) return;
  const std::string image = image_extents(job.images, job.image_size);
  for (const auto& [name, batch] : {std::pair{"min", 1}, std::pair{"opt", 16}, std::pair{"max", 32}})
    arguments.push_back(fmt::format("--{}Shapes=images:{}x{}", name, batch, image));
}

}  // namespace

std::string image_extents(onnx::ImageType images, const std::array<int64_t, 2>& image_size) {
  const auto [height, width] = image_size;
  return images == onnx::ImageType::bytes ? fmt::format("{}x{}x3", height, width)
                                          : fmt::format("3x{}x{}", height, width);
}

std::vector<std::string> trtexec_arguments(TrtexecVersion version, const TrtexecJob& job) {
  std::vector<std::string> arguments{"trtexec", "--onnx=" + job.onnx.string()};
  if (version == TrtexecVersion::from_8_4_to_10) {
    add_precisions(arguments, job);
  } else if (!job.cache.empty()) {
    throw UnsupportedError("trtexec: TensorRT 11 has no calibration caches; use the Q/DQ form");
  }
  add_shapes(arguments, job);
  if (job.on_dla) arguments.insert(arguments.end(), {"--useDLACore=0", "--allowGPUFallback"});
  for (const char* argument : {"--memPoolSize=workspace:1024", "--percentile=99", "--avgRuns=10"})
    arguments.emplace_back(argument);
  // Defaults of 11.
  if (version == TrtexecVersion::from_8_4_to_10) {
    for (const char* argument :
         {"--noDataTransfers", "--useCudaGraph", "--useSpinWait", "--separateProfileRun"})
      arguments.emplace_back(argument);
  }
  arguments.push_back("--saveEngine=" + job.engine.string());
  return arguments;
}

}  // namespace y6q::stages
