#include "stages/frame_feed.h"

#include <chrono>

#include "base/errors.h"

namespace y6q::stages {

FrameFeed::FrameFeed(std::vector<DetectSource> sources, const std::string& camera)
    : sources_(std::move(sources)) {
  if (camera.empty()) return;
  sources_.clear();
  video_ = image::open_camera(camera);
  video_source_ = {camera, "camera.mp4", true};
}

std::optional<FrameJob> FrameFeed::next_of_video() {
  const auto start = std::chrono::steady_clock::now();
  FrameJob job{.source = video_source_, .frame = frame_, .frames_per_s = video_->frames_per_s()};
  job.picture.emplace();
  if (!video_->read(*job.picture)) {
    video_.reset();
    if (frame_ > 0) return std::nullopt;
    job.picture.reset();
    job.problem = fmt::format("video: {}: holds no frame that can be decoded", job.source.path.string());
  }
  ++frame_;
  job.decode_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return job;
}

std::optional<FrameJob> FrameFeed::next() {
  for (;;) {
    if (video_) {
      if (auto job = next_of_video()) return job;
    }
    if (position_ == sources_.size()) return std::nullopt;
    const DetectSource& source = sources_[position_++];
    if (!source.is_video) return FrameJob{.source = source};
    try {
      video_ = image::open_video(source.path);
    } catch (const InputError& error) {
      return FrameJob{.source = source, .problem = error.what()};
    }
    video_source_ = source;
    frame_ = 0;
  }
}

}  // namespace y6q::stages
