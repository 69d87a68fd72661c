#include "stages/frame_feed.h"

#include <chrono>

#include "base/errors.h"

namespace y6q::stages {

FrameFeed::FrameFeed(std::vector<DetectSource> sources, std::istream* list, const std::string& camera)
    : sources_(std::move(sources)), list_(list) {
  if (camera.empty()) return;
  sources_.clear();
  is_empty_ = false;
  video_ = image::open_camera(camera);
  video_source_ = {.path = camera, .relative = "camera.mp4", .is_video = true};
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

std::optional<DetectSource> FrameFeed::next_source() {
  while (position_ < sources_.size()) {
    const DetectSource& source = sources_[position_];
    if (!source.is_list) {
      ++position_;
      return source;
    }
    if (auto listed = next_listed(*list_)) return listed;
    ++position_;
  }
  return std::nullopt;
}

std::optional<FrameJob> FrameFeed::next() {
  for (;;) {
    if (video_) {
      if (auto job = next_of_video()) return job;
    }
    const std::optional<DetectSource> source = next_source();
    if (!source && is_empty_) throw_no_image();
    if (!source) return std::nullopt;
    is_empty_ = false;
    if (!source->is_video) return FrameJob{.source = *source};
    try {
      video_ = image::open_video(source->path);
    } catch (const InputError& error) {
      return FrameJob{.source = *source, .problem = error.what()};
    }
    video_source_ = *source;
    frame_ = 0;
  }
}

}  // namespace y6q::stages
