#pragma once

#include <string>

#include "base/random.h"
#include "ir/model.h"

namespace y6q::models {

/// What a Rep block consists of (spec/01 §2.11).
enum class Mode {
  repopt,        ///< one 3x3 convolution and batch normalisation
  hyper_search,  ///< scaled 3x3, 1x1 and identity, one batch normalisation (the linear-branch network)
  repvgg,        ///< 3x3, 1x1 and identity, each with batch normalisation
  repvgg_deploy  ///< one 3x3 convolution with bias: what merging and folding leave of any of them
};

/// Where blocks are added, with freshly drawn weights.
struct Builder {
  ir::Model model;
  Mode mode = Mode::repopt;
  Random random;

  const ir::Shape& shape(ir::Value value) const { return model.graph.node(value).shape; }
  int64_t channels(ir::Value value) const { return shape(value)[1]; }
};

}  // namespace y6q::models
