#pragma once

#include <string>
#include <vector>

#include "base/files.h"
#include "eval/latency.h"
#include "ir/ops.h"

/// The files that trtexec writes (spec/08 §5). All throw InputError naming the file when it is not what
/// trtexec documents.
namespace y6q::stages {

/// --exportTimes: of one call.
struct TrtexecTimes {
  eval::LatencyStats latency_ms;  ///< transfers in it as far as trtexec was told to make any
  eval::LatencyStats compute_ms;
};
TrtexecTimes read_trtexec_times(const fs::path& path);

/// --exportLayerInfo with --profilingVerbosity=detailed: the layers of an engine, after fusion.
struct TrtexecLayer {
  std::string name, type;
  std::string precision;  ///< of its first result: "int8", "fp16", "fp32", "bf16", "fp8", "int32", …
  bool is_reformat = false;
};
std::vector<TrtexecLayer> read_trtexec_layers(const fs::path& path);

/// --exportProfile: what each layer took, in the engine's order.
struct TrtexecLayerTime {
  std::string name;
  double average_ms = 0, percentage = 0;
};
std::vector<TrtexecLayerTime> read_trtexec_profile(const fs::path& path);

/// --exportOutput: the outputs of the last call.
struct TrtexecOutput {
  std::string name;
  ir::Shape shape;
  std::vector<float> values;
};
std::vector<TrtexecOutput> read_trtexec_outputs(const fs::path& path);

}  // namespace y6q::stages
