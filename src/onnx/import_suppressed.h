#pragma once

#include <onnx-ml.pb.h>

namespace y6q::onnx {

/// Ends a graph that suppresses boxes itself (EfficientNMS_TRT, BatchedNMSDynamic_TRT, NonMaxSuppression;
/// spec/05 §6) before it does; other graphs stay as they are.
///
///   boxes  scores                       boxes  scores
///     \     /                             \     /
///   suppression -> num_dets, …    -->     outputs       cx, cy, w, h, 1 and the scores of every cell
///
/// Throws InputError that names the node where it has fewer operands than it needs.
void drop_suppression(::onnx::GraphProto& graph);

}  // namespace y6q::onnx
