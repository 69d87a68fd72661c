#include <algorithm>
#include <array>
#include <cctype>

#include "image/video.h"

namespace y6q::image {

bool has_video_extension(const fs::path& path) {
  static constexpr std::array<std::string_view, 10> kTypes{".asf", ".avi", ".gif", ".m4v",  ".mkv",
                                                           ".mov", ".mp4", ".mpg", ".webm", ".wmv"};
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::ranges::find(kTypes, extension) != kTypes.end();
}

}  // namespace y6q::image
