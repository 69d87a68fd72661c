#pragma once

#include <algorithm>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "ir/graph.h"

namespace y6q::support {

/// Operators of the closed set that the graph lacks: none in a network that tests all of them.
inline std::vector<std::string> missing_operators(const ir::Graph& graph) {
  std::vector<std::string> missing;
  const auto look_for = [&]<typename Operator>(std::type_identity<Operator>) {
    const bool is_there = std::ranges::any_of(
        graph.nodes(), [](const ir::Node& node) { return std::holds_alternative<Operator>(node.op); });
    if (!is_there) missing.emplace_back(ir::op_name(Operator{}));
  };
  [&]<typename... Operators>(std::type_identity<std::variant<Operators...>>) {
    (look_for(std::type_identity<Operators>{}), ...);
  }(std::type_identity<ir::Op>{});
  return missing;
}

}  // namespace y6q::support
