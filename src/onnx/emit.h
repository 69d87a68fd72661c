#pragma once

#include <onnx-ml.pb.h>

#include "ir/model.h"
#include "onnx/graph_writer.h"
#include "onnx/write.h"

namespace y6q::onnx {

/// What write_onnx writes, as a message.
::onnx::ModelProto emit(const ir::Model& model, const OnnxOptions& options);

/// Scale of one quantizer step: amax / 127, or amax / 255 when unsigned, formed in double. Always positive: a
/// range of zero ("nothing but zeros seen") gives 1, so that zeros stay zeros and no runtime divides by zero.
float quantizer_scale(const ir::FakeQuant& op, float amax);

/// The nodes of one Decode. cls[l] [B, nc, H, W] and reg[l] [B, 4, H, W] are tensor names, maps[l] the shapes
/// of cls[l].
struct DecodeSources {
  std::vector<std::string> cls, reg;
  std::vector<ir::Shape> maps;
};
void emit_decode(GraphWriter& graph, const ir::Decode& op, const DecodeSources& sources,
                 const std::string& output);

}  // namespace y6q::onnx
