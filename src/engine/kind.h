#pragma once

#include <string>
#include <string_view>

#include "base/names.h"

namespace y6q::engine {

/// The runtimes: a folder each. What is known of one without loading it stands in kind.cpp, how it is opened
/// in kinds.cpp.
enum class Kind { openvino };

constexpr auto names_of(Kind) { return name_table<Kind>("engine", {{Kind::openvino, "openvino"}}); }

/// Where nobody asks for another one.
inline constexpr Kind kDefaultKind = Kind::openvino;

struct KindFacts {
  std::string_view title;    ///< in texts, "OpenVINO"
  std::string_view version;  ///< empty: not in this build
  std::string_view remedy;   ///< how to get it into the build
};
/// Loads nothing. Throws InternalError for a kind that is not in the table.
const KindFacts& facts_of(Kind kind);

}  // namespace y6q::engine
