#pragma once

#include <span>
#include <string_view>

#include "ir/model.h"

namespace y6q::passes {

struct Pass {
  std::string_view name;
  ir::Model (*run)(const ir::Model&);
};

/// What turns a trained network into one to deploy, in order: merge_rep_branches, fold_batch_norm.
std::span<const Pass> deploy_passes();

/// Runs them all, validating the model after each. Computes the same as the model in evaluation mode.
ir::Model deploy(const ir::Model& model);

}  // namespace y6q::passes
