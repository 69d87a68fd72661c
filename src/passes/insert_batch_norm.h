#pragma once

#include <map>
#include <string>
#include <vector>

#include "ir/model.h"

namespace y6q::passes {

/// Of the results of a convolution, one number a channel, over images and positions. Biases included.
struct Moments {
  std::vector<double> mean, variance;
};

/// Convolutions with a bias and without batch normalisation behind them, but for predictions, in execution
/// order: what fold_batch_norm and merge_rep_branches leave.
std::vector<ir::Value> convolutions_without_norm(const ir::Graph& graph);

/// Puts batch normalisation back behind folded convolutions, so that they can learn at the rates of networks
/// that have it: a step can then neither shift nor scale a channel's results.
///
///   src   weight  bias           src   weight
///     \     |     /                \   /
///         conv          -->         conv
///                                    |
///                                batch_norm
///
/// Of those that have moments, by the convolution's name. Running statistics are the moments, gain and bias
/// undo them: the result equals the model in evaluation mode, and fold_batch_norm takes it out again. Weights
/// and their quantizers stay. Throws InternalError when moments have another length than the channels.
ir::Model insert_batch_norm(const ir::Model& model, const std::map<std::string, Moments>& moments);

}  // namespace y6q::passes
