#pragma once

#include <onnx-ml.pb.h>

#include "ir/model.h"
#include "onnx/graph_writer.h"
#include "onnx/write.h"

namespace y6q::onnx {

/// What write_onnx writes, as a message.
::onnx::ModelProto emit(const ir::Model& model, const OnnxOptions& options);

/// The nodes of one Decode. cls[l] [B, nc, H, W] and reg[l] [B, 4, H, W] are tensor names, maps[l] the shapes
/// of cls[l].
struct DecodeSources {
  std::vector<std::string> cls, reg;
  std::vector<ir::Shape> maps;
};
void emit_decode(GraphWriter& graph, const ir::Decode& op, const DecodeSources& sources,
                 const std::string& output);

}  // namespace y6q::onnx
