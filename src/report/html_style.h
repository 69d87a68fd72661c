#pragma once

#include <string_view>

namespace y6q::report {

/// The page's style sheet.
extern const std::string_view kStyle;

}  // namespace y6q::report
