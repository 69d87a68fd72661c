#include "passes/deploy.h"

#include "base/errors.h"
#include "passes/fold_batch_norm.h"
#include "passes/merge_rep_branches.h"

namespace y6q::passes {
namespace {

constexpr Pass kDeploy[] = {{"merge_rep_branches", merge_rep_branches}, {"fold_batch_norm", fold_batch_norm}};

}  // namespace

std::span<const Pass> deploy_passes() { return kDeploy; }

ir::Model deploy(const ir::Model& model) {
  ir::Model result = model;
  for (const Pass& pass : kDeploy) {
    result = pass.run(result);
    try {
      ir::validate(result);
    } catch (const InputError& error) {
      throw InputError("after {}: {}", pass.name, error.what());
    }
  }
  return result;
}

}  // namespace y6q::passes
