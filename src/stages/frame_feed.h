#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "image/video.h"
#include "stages/detect_sources.h"

namespace y6q::stages {

/// A frame to work on. Images are decoded by whoever works on them; frames of videos come decoded, because a
/// video can only be read in order.
struct FrameJob {
  DetectSource source;
  int64_t frame = -1;  ///< from 0; -1: an image
  std::optional<image::Image> picture{};
  double frames_per_s = 0;
  double decode_seconds = 0;
  std::string problem{};  ///< the source could not be opened
};

/// Hands out the frames of the sources in order; for one thread at a time.
class FrameFeed {
 public:
  /// camera: instead of sources, when it is not empty. Throws EnvironmentError when it does not answer.
  FrameFeed(std::vector<DetectSource> sources, const std::string& camera);
  /// Nothing at the end. Throws EnvironmentError for a video in builds without video.
  std::optional<FrameJob> next();

 private:
  std::optional<FrameJob> next_of_video();

  std::vector<DetectSource> sources_;
  size_t position_ = 0;
  std::unique_ptr<image::VideoReader> video_;
  DetectSource video_source_;
  int64_t frame_ = 0;
};

}  // namespace y6q::stages
