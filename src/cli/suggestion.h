#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace y6q::cli {

/// The word of `known` that `given` most likely stands for: by the names that other tools give the same thing
/// ("val",
/// "--imgsz"), else the one that takes the fewest changes of a letter, where those are at most a third of
/// them. Empty: there is none.
std::string meant_by(std::string_view given, const std::vector<std::string>& known);

}  // namespace y6q::cli
