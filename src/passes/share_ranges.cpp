#include "passes/share_ranges.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "ir/queries.h"
#include "passes/rewrite.h"

namespace y6q::passes {
namespace {

using ir::Value;

/// The quantizers on both sides of a node that passes values on; empty when a side lacks one.
std::vector<Value> members_at(const ir::Graph& graph, Value value) {
  const ir::Node& node = graph.node(value);
  if (!std::holds_alternative<ir::Concat>(node.op) && !std::holds_alternative<ir::MaxPool2d>(node.op))
    return {};
  std::vector<Value> members = node.inputs;
  const auto quantizes = [&](Value other) { return ir::is_activation_quantizer(graph, graph.node(other)); };
  if (!std::all_of(members.begin(), members.end(), quantizes)) return {};
  const size_t operands = members.size();
  const auto& readers = graph.consumers(value);
  std::copy_if(readers.begin(), readers.end(), std::back_inserter(members), quantizes);
  return members.size() == operands ? std::vector<Value>{} : members;
}

}  // namespace

std::vector<std::vector<Value>> range_groups(const ir::Graph& graph) {
  std::vector<uint32_t> leader(graph.size());  // union by the smaller id; leader[leader[i]] == leader[i]
  std::iota(leader.begin(), leader.end(), 0U);
  for (uint32_t id = 0; id < graph.size(); ++id) {
    for (const Value member : members_at(graph, {id})) {
      const auto [low, high] = std::minmax(leader[member.id], leader[graph[id].inputs[0].id]);
      std::replace(leader.begin(), leader.end(), uint32_t{high}, uint32_t{low});
    }
  }
  std::map<uint32_t, std::vector<Value>> sets;
  for (uint32_t id = 0; id < graph.size(); ++id) {
    if (ir::is_activation_quantizer(graph, graph[id])) sets[leader[id]].push_back({id});
  }
  std::vector<std::vector<Value>> groups;
  for (auto& [first, members] : sets) {
    if (members.size() > 1) groups.push_back(std::move(members));
  }
  return groups;
}

ir::Model share_ranges(const ir::Model& model) {
  const ir::Graph& graph = model.graph;
  std::vector<bool> becomes_signed(graph.size());
  std::vector<float> range(graph.size(), -1);  // by old id of the Parameter
  for (const auto& group : range_groups(graph)) {
    float largest = 0;
    bool any_signed = false;
    for (const Value member : group) {
      largest = std::max(largest, model.floats(graph.node(member).inputs[1]).at(0));
      any_signed |= std::get<ir::FakeQuant>(graph.node(member).op).is_signed;
    }
    for (const Value member : group) {
      range[graph.node(member).inputs[1].id] = largest;
      becomes_signed[member.id] = any_signed;
    }
  }
  Rewriter rewriter(model);
  for (const Value value : rewriter.old_values()) {
    const ir::Node& node = graph.node(value);
    if (becomes_signed[value.id]) {
      ir::FakeQuant op = std::get<ir::FakeQuant>(node.op);
      op.is_signed = true;
      const std::vector<Value> inputs{rewriter.mapped(node.inputs[0]), rewriter.mapped(node.inputs[1])};
      rewriter.replace(value, rewriter.add(node.name, op, inputs, node.owner));
    } else {
      rewriter.keep(value);
    }
    if (range[value.id] >= 0) rewriter.set_array(value, ir::Array::scalar(range[value.id]));
  }
  return rewriter.finish();
}

}  // namespace y6q::passes
