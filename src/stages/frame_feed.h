#pragma once

#include <istream>
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
  /// list: what a source that stands for a list is read from, when its turn comes. camera: instead of
  /// sources, when it is not empty. Throws EnvironmentError when it does not answer.
  FrameFeed(std::vector<DetectSource> sources, std::istream* list, const std::string& camera);
  /// Nothing at the end; waits for the next line of a list. Throws EnvironmentError for a video in builds
  /// without video, and InputError when there was no source at all.
  std::optional<FrameJob> next();

 private:
  std::optional<FrameJob> next_of_video();
  std::optional<DetectSource> next_source();

  std::vector<DetectSource> sources_;
  std::istream* list_;
  size_t position_ = 0;
  bool is_empty_ = true;  ///< no source came yet
  std::unique_ptr<image::VideoReader> video_;
  DetectSource video_source_;
  int64_t frame_ = 0;
};

}  // namespace y6q::stages
