#include <array>

#include "image/extension.h"
#include "image/video.h"

namespace y6q::image {

bool has_video_extension(const fs::path& path) {
  static constexpr std::array<std::string_view, 10> kTypes{".asf", ".avi", ".gif", ".m4v",  ".mkv",
                                                           ".mov", ".mp4", ".mpg", ".webm", ".wmv"};
  return has_extension(path, kTypes);
}

}  // namespace y6q::image
