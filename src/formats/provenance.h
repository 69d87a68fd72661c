#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/files.h"

namespace y6q::formats {

/// "yolov6q 0.1.0".
std::string tool_version();

/// Twelve hex digits over the program's sources: tells builds of one version apart.
std::string build_digest();

/// What every model file says about its making: tool, step, digest of its parent file ("" path: none) and
/// data.
std::map<std::string, std::string> provenance(std::string_view step, const fs::path& parent,
                                              std::string_view data_sha256);

}  // namespace y6q::formats
