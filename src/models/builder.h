#pragma once

#include <string>

#include "base/names.h"
#include "base/random.h"
#include "ir/model.h"

namespace y6q::models {

/// What a Rep block consists of (spec/01 §2.11, spec/07 §2).
enum class Mode {
  repopt,        ///< one 3x3 convolution and batch normalisation
  hyper_search,  ///< scaled 3x3, 1x1 and identity, one batch normalisation (the linear-branch network)
  repvgg,        ///< 3x3, 1x1 and identity, each with batch normalisation
  qarepvgg,      ///< 3x3 with batch normalisation, 1x1, identity and its 3x3 average; one more normalisation
  qarepvgg_v1,   ///< the same without the average: the first version, of released checkpoints
  repvgg_deploy  ///< one 3x3 convolution with bias: what merging and folding leave of any of them
};

constexpr auto names_of(Mode) {
  return name_table<Mode>("mode", {{Mode::repopt, "repopt"},
                                   {Mode::hyper_search, "hyper_search"},
                                   {Mode::repvgg, "repvgg"},
                                   {Mode::qarepvgg, "qarepvgg"},
                                   {Mode::qarepvgg_v1, "qarepvgg_v1"},
                                   {Mode::repvgg_deploy, "repvgg_deploy"}});
}

/// Those that `train --mode` makes.
inline constexpr Mode kTrainableModes[] = {Mode::repopt, Mode::hyper_search, Mode::repvgg, Mode::qarepvgg};

/// Where blocks are added, with freshly drawn weights.
struct Builder {
  ir::Model model;
  Mode mode = Mode::repopt;
  Random random;
  bool folded_units = false;  ///< conv_unit has a bias and no batch norm; always so in repvgg_deploy
  bool graph_only = false;    ///< parameters get no arrays

  /// A trainable parameter, or a running statistic; start() gives its array.
  template <typename Start>
  ir::Value parameter(const std::string& name, const ir::Shape& shape, const std::string& owner,
                      Start start) {
    return add(name, {shape, true}, owner, start);
  }
  template <typename Start>
  ir::Value statistic(const std::string& name, const ir::Shape& shape, const std::string& owner,
                      Start start) {
    return add(name, {shape, false}, owner, start);
  }
  const ir::Shape& shape(ir::Value value) const { return model.graph.node(value).shape; }
  int64_t channels(ir::Value value) const { return shape(value)[1]; }

 private:
  template <typename Start>
  ir::Value add(const std::string& name, const ir::Parameter& op, const std::string& owner, Start start) {
    if (!graph_only) model.weights.emplace(name, start());
    return model.graph.add(name, op, {}, owner);
  }
};

}  // namespace y6q::models
