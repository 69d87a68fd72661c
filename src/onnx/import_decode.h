#pragma once

#include "onnx/known_tensor.h"

namespace y6q::onnx {

/// What makes boxes and scores.
struct Decoding {
  std::vector<int64_t> strides;  ///< finest level first
  std::vector<ir::Value> maps;   ///< cls of all levels, then reg: operands of ir::Decode
};

/// Finds what makes an output out of prediction maps, computes it on made-up maps and compares with
/// ir::Decode (spec/01 §3.4). batch: of the shapes that the file writes out. Throws InputError when there are
/// not a map of scores and one of 4 distances for each level, or other numbers come out.
Decoding import_decode(const ::onnx::GraphProto& graph, const std::string& output, int64_t batch,
                       const KnownTensors& tensors, const ir::Graph& network);

}  // namespace y6q::onnx
