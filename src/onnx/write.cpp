#include "onnx/write.h"

#include <algorithm>

#include "base/errors.h"
#include "base/files.h"
#include "ir/queries.h"
#include "onnx/check.h"
#include "onnx/emit.h"
#include "onnx/tensor_names.h"

namespace y6q::onnx {

void write_onnx(const fs::path& path, const ir::Model& model, const OnnxOptions& options) {
  // protobuf's limit for one message.
  constexpr size_t kLargestFile = (size_t{1} << 31) - 1;
  const ::onnx::ModelProto proto = emit(model, options);
  if (proto.ByteSizeLong() > kLargestFile) {
    throw UnsupportedError(
        "onnx: {}: the model takes {} bytes; an ONNX file holds 2 GiB; use a smaller model", path.string(),
        proto.ByteSizeLong());
  }
  check(proto, options.rules);
  write_file(path, proto.SerializeAsString());
}

NodeNames node_names(const ir::Model& model, const OnnxOptions& options) {
  const TensorNames names(model.graph, options);
  NodeNames result;
  std::vector<std::string> decoded;
  for (uint32_t id = 0; id < model.graph.size(); ++id) {
    const ir::Node& node = model.graph[id];
    if (!names.is_written({id})) continue;
    if (ir::is_float_layer(model.graph, node)) result.in_float.push_back(names[{id}]);
    if (std::holds_alternative<ir::Decode>(node.op)) decoded.push_back(names[{id}]);
  }
  // Steps of decoding and suppression are named after the decoded result.
  const ::onnx::ModelProto file = emit(model, options);
  for (const auto& node : file.graph().node()) {
    const bool is_step = std::ranges::any_of(decoded, [&](const std::string& output) {
      return node.name() == output || node.name().starts_with(output + ".");
    });
    if (is_step) result.decoding.push_back(node.name());
  }
  return result;
}

}  // namespace y6q::onnx
