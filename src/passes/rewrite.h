#pragma once

#include <string>
#include <vector>

#include "ir/model.h"

namespace y6q::passes {

/// The core of every pass: walks an old model in order, maps each of its values to one of the model being
/// built.
///
///   Rewriter rewriter(model);
///   for (const ir::Value value : rewriter.old_values()) {
///     if (…) rewriter.replace(value, rewriter.add(…)); else rewriter.keep(value);
///   }
///   return rewriter.finish();
class Rewriter {
 public:
  /// `old` must outlive the rewriter.
  explicit Rewriter(const ir::Model& old) : old_(old), mapped_(old.graph.size()) {}

  const ir::Graph& old() const { return old_.graph; }
  /// All values of the old graph, in execution order.
  std::vector<ir::Value> old_values() const;
  /// What an old value has become. It must have been kept or replaced before.
  ir::Value mapped(ir::Value old_value) const { return mapped_.at(old_value.id); }

  /// Copies the node, its operands mapped; a Parameter with its array.
  ir::Value keep(ir::Value old_value);
  /// The same with other operands (of the new graph).
  ir::Value keep_with(ir::Value old_value, std::vector<ir::Value> inputs);
  /// From now on readers of old_value read new_value.
  void replace(ir::Value old_value, ir::Value new_value) { mapped_.at(old_value.id) = new_value; }

  ir::Value add(std::string name, ir::Op op, std::vector<ir::Value> inputs, std::string owner);
  ir::Value add_parameter(std::string name, ir::Array array, bool trainable, std::string owner);
  /// Another array of the same shape for a Parameter that was kept.
  void set_array(ir::Value old_parameter, ir::Array array);
  /// `wish`, or with a number appended when a node of either graph has that name.
  std::string free_name(const std::string& wish) const;

  /// The outputs of the old graph; what none of them needs is dropped, Input nodes stay.
  ir::Model finish();

 private:
  const ir::Model& old_;
  ir::Model result_;
  std::vector<ir::Value> mapped_;
};

/// The model without what none of its outputs needs.
ir::Model without_dead_nodes(const ir::Model& model);

}  // namespace y6q::passes
