#include "base/errors.h"
#include "image/video.h"

// Video of builds without it.
namespace y6q::image {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw EnvironmentError(
      "video: {}: this program was built without video; run ./run setup --video and build with "
      "-DY6Q_VIDEO=ON",
      what);
}

}  // namespace

bool video_available() { return false; }

std::unique_ptr<VideoReader> open_video(const fs::path& path) { refuse(path.string()); }
std::unique_ptr<VideoReader> open_camera(const std::string& address) { refuse("camera " + address); }
std::unique_ptr<VideoWriter> create_video(const fs::path& path, const VideoFormat&) { refuse(path.string()); }

}  // namespace y6q::image
