#pragma once

#include <onnx-ml.pb.h>

#include "ir/model.h"
#include "onnx/graph_writer.h"
#include "onnx/write.h"

namespace y6q::onnx {

/// What write_onnx writes, as a message.
::onnx::ModelProto emit(const ir::Model& model, const OnnxOptions& options);

/// What a Decode reads. cls[l] [B, nc, H, W] and reg[l] [B, 4, H, W] are tensor names, maps[l] the shapes of
/// cls[l].
struct DecodeSources {
  std::vector<std::string> cls, reg;
  std::vector<ir::Shape> maps;
};
/// All cells of all levels, as names of tensors in pixels of the input.
struct DecodedCells {
  std::string centre, size;  ///< [B, 2, A] x, y and width, height
  std::string scores;        ///< [B, nc, A]
  std::string half;          ///< the constant 0.5
  int64_t cells = 0, classes = 0;
};
/// Nodes are called `name`.<part>.
DecodedCells emit_cells(GraphWriter& graph, const ir::Decode& op, const DecodeSources& sources,
                        const std::string& name);
/// Decode's own result [B, A, 5 + nc], called `output`.
void emit_rows(GraphWriter& graph, const DecodedCells& cells, const std::string& output);
/// The results of a suppression (OnnxOptions::suppression). Nodes are called `name`.<part>.
void emit_suppression(GraphWriter& graph, const DecodedCells& cells, const Suppression& op,
                      const std::string& name);

/// Of a file with suppression. boxes: K.
void describe_suppressed(::onnx::GraphProto& graph, int64_t batch, int64_t boxes);
/// K: not more than there are cells and classes.
int64_t kept_boxes(const Suppression& op, int64_t cells, int64_t classes);

}  // namespace y6q::onnx
