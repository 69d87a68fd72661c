#include "passes/insert_batch_norm.h"

#include <cmath>

#include "base/errors.h"
#include "ir/queries.h"
#include "passes/rewrite.h"

namespace y6q::passes {
namespace {

using ir::Value;

bool lacks_norm(const ir::Graph& graph, Value value) {
  const ir::Node& node = graph.node(value);
  if (!std::holds_alternative<ir::Conv2d>(node.op) || node.inputs.size() != 3) return false;
  const Value* reader = ir::sole_consumer(graph, value);
  const bool has_norm = reader != nullptr && std::holds_alternative<ir::BatchNorm>(graph.node(*reader).op);
  return !has_norm && !ir::is_prediction(graph, value);
}

ir::Array narrowed(const std::vector<double>& values) {
  ir::Array array = ir::Array::zeros({static_cast<int64_t>(values.size())});
  for (size_t i = 0; i < values.size(); ++i) array.floats()[i] = static_cast<float>(values[i]);
  return array;
}

void add_norm(Rewriter& rewriter, const ir::Model& model, Value value, Moments moments) {
  const ir::Node& node = model.graph.node(value);
  const std::vector<float>& bias = model.floats(node.inputs[2]);
  if (moments.mean.size() != bias.size() || moments.variance.size() != bias.size()) {
    throw InternalError("insert_batch_norm: '{}' has {} means for {} channels", node.name,
                        moments.mean.size(), bias.size());
  }
  const ir::BatchNorm op;
  const ir::Array shift = narrowed(moments.mean);
  std::vector<double> gain;
  for (size_t c = 0; c < bias.size(); ++c) {
    gain.push_back(std::sqrt(moments.variance[c] + op.eps));
    moments.mean[c] -= static_cast<double>(bias[c]);  // the convolution has no bias any more
  }
  const std::string path = (node.owner.empty() ? node.name : node.owner) + ".bn";
  const auto parameter = [&](const char* name, ir::Array array, bool trainable) {
    return rewriter.add_parameter(rewriter.free_name(path + name), std::move(array), trainable, node.owner);
  };
  const Value conv =
      rewriter.keep_with(value, {rewriter.mapped(node.inputs[0]), rewriter.mapped(node.inputs[1])});
  std::vector<Value> operands{conv, parameter(".weight", narrowed(gain), true),
                              parameter(".bias", shift, true),
                              parameter(".running_mean", narrowed(moments.mean), false),
                              parameter(".running_var", narrowed(moments.variance), false)};
  rewriter.replace(value, rewriter.add(rewriter.free_name(path), op, std::move(operands), node.owner));
}

}  // namespace

std::vector<Value> convolutions_without_norm(const ir::Graph& graph) {
  std::vector<Value> found;
  for (uint32_t id = 0; id < graph.size(); ++id) {
    if (lacks_norm(graph, {id})) found.push_back({id});
  }
  return found;
}

ir::Model insert_batch_norm(const ir::Model& model, const std::map<std::string, Moments>& moments) {
  Rewriter rewriter(model);
  for (const Value value : rewriter.old_values()) {
    const auto found = moments.find(model.graph.node(value).name);
    if (found != moments.end() && lacks_norm(model.graph, value)) {
      add_norm(rewriter, model, value, found->second);
    } else {
      rewriter.keep(value);
    }
  }
  return rewriter.finish();
}

}  // namespace y6q::passes
