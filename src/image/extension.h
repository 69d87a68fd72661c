#pragma once

#include <algorithm>
#include <cctype>
#include <span>
#include <string>
#include <string_view>

#include "base/files.h"

namespace y6q::image {

/// The name ends in one of `types` (".jpg", lower case), upper or lower case. Private to this folder.
inline bool has_extension(const fs::path& path, std::span<const std::string_view> types) {
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::ranges::find(types, extension) != types.end();
}

}  // namespace y6q::image
