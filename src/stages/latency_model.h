#pragma once

#include <set>
#include <string>
#include <vector>

#include "ir/graph.h"
#include "stages/bench.h"

namespace y6q::stages {

/// What one layer takes, of a file in which it computes in integers and of one in which it does not.
struct LayerCost {
  std::string layer;  ///< as in passes::quantizable_layers
  double int8_ms = 0, float_ms = 0;
};

/// The latency of partially quantized networks on the machine where two files were measured: that of the
/// fully quantized one and, for each layer that stays float, what it takes longer. What the engine converts
/// between the two is not in it.
struct LatencyModel {
  double int8_ms = 0;             ///< median of a call of the fully quantized network
  double steps_ms = 0;            ///< of its steps, which are timed apart from calls
  std::vector<LayerCost> layers;  ///< in execution order; what an engine fuses into another layer takes 0

  /// Median of a call. Steps count by their share of a call: timing them one by one costs a little, and a
  /// busy machine slows calls down more. Throws UsageError for a layer that is not in the model.
  double predicted_ms(const std::set<std::string>& kept_float) const;
};

/// graph: the deployed float network. int8, plain: of its two files, measured with BenchOptions::layers;
/// plain in FP32, in which the engine computes what is left float beside integers. A step belongs to the
/// layer whose name it has, with or without something behind a '/'; OpenVINO gives transposed convolutions
/// names of its own and keeps their order. Throws InternalError when there are no times of steps.
LatencyModel latency_model(const ir::Graph& graph, const BenchResult& int8, const BenchResult& plain);

}  // namespace y6q::stages
