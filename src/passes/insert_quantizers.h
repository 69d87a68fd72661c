#pragma once

#include <set>
#include <string>
#include <vector>

#include "ir/model.h"
#include "quant/scheme.h"

namespace y6q::passes {

struct QuantPolicy {
  quant::Rules rules = quant::rules_of(quant::Scheme::tensorrt);
  int64_t bits = 8;  ///< of activations
  bool float_predictions =
      true;  ///< convolutions behind the outputs cls* and reg* stay float: INT8 there costs most
  std::set<std::string> keep_float = {};  ///< further layers, by node name as in quantizable_layers()
};

/// Puts quantizers in front of what engines compute in INT8 (spec/04 §2, placement of TensorRT).
///
///   src ----+------ float reader       src ---+------------------ float reader
///           |                               quant <- src.amax
///   weight  |                  -->            |      weight
///      \    |                                 |        |
///       conv                                  |      weight.quant <- weight.amax
///                                              \      /
///                                                conv
///
/// Layers are convolutions, transposed convolutions and max-pools; a concatenation counts too when a
/// quantized layer reads it, so that it can be done on integers. One quantizer `<src>.quant` a tensor, shared
/// by all that read it quantized, with the range `<src>.amax` [], 0 (nothing seen) until calibration. Weights
/// have one range an output channel (axis 0; 1 of transposed convolutions), or one for all where the rules
/// say so: the largest magnitude as the weights stand, so fold batch norms first unless they are to stay
/// outside.
///
/// rules.round_results: what a quantized layer writes, after the activation that is fused into it, is
/// quantized whoever reads it, and float layers read it quantized. Predictions and outputs stay as they are.
///
///   conv -> relu -+- conv (float)          conv -> relu -> quant -+- conv (float)
///                 +- output          -->              \           +- conv
///                 +- conv                               output
///
/// rules.unsigned_where_possible: unsigned where the source cannot be negative (images, after Relu, and pools
/// and concatenations of such). Before calibration the quantized activations are 0. Throws UsageError for a
/// layer in keep_float that does not exist, UnsupportedError when the model has quantizers.
ir::Model insert_quantizers(const ir::Model& model, const QuantPolicy& policy);

/// Names of the layers that insert_quantizers can quantize, in execution order, predictions included.
std::vector<std::string> quantizable_layers(const ir::Graph& graph);

}  // namespace y6q::passes
