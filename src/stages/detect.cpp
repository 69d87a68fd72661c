#include "stages/detect.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <ctime>

#include "base/errors.h"
#include "base/ordered_work.h"
#include "base/threads.h"
#include "image/decode.h"
#include "stages/frame_feed.h"

namespace y6q::stages {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kFramesUnderWayPerThread = 4;

/// Seconds since `from`, which then becomes now.
double lap(Clock::time_point& from) {
  const auto now = Clock::now();
  const double seconds = std::chrono::duration<double>(now - from).count();
  from = now;
  return seconds;
}

/// One detector a thread, all of one compiled network.
std::vector<std::unique_ptr<embed::ImageDetector>> open_detectors(const DetectOptions& options) {
  embed::DetectorOptions settings = options.detector;
  if (settings.threads <= 0) settings.threads = core_count();
  settings.streams = settings.threads;
  std::vector<std::unique_ptr<embed::ImageDetector>> detectors;
  detectors.push_back(std::make_unique<embed::ImageDetector>(options.onnx, settings));
  while (std::ssize(detectors) < settings.threads) detectors.push_back(detectors[0]->another());
  return detectors;
}

FrameResult from_file_to_boxes(FrameJob job, embed::ImageDetector& detector, bool keep_picture) {
  FrameResult result{.source = std::move(job.source), .frame = job.frame, .frames_per_s = job.frames_per_s};
  result.problem = std::move(job.problem);
  result.seconds.decode = job.decode_seconds;
  if (!result.problem.empty()) return result;
  auto clock = Clock::now();
  image::Image picture;
  try {
    picture = job.picture ? std::move(*job.picture) : image::decode_file(result.source.path);
  } catch (const InputError& error) {
    result.problem = error.what();
    return result;
  }
  result.height = picture.height;
  result.width = picture.width;
  result.seconds.decode += lap(clock);
  detector.prepare(picture);
  result.seconds.letterbox = lap(clock);
  detector.infer();
  result.seconds.inference = lap(clock);
  result.detections = detector.collect();
  result.seconds.nms = lap(clock);
  if (keep_picture) result.picture = std::move(picture);
  return result;
}

void add(DetectSummary& summary, const FrameResult& result) {
  if (result.problem.empty()) {
    ++summary.frames;
    summary.detections += std::ssize(result.detections);
    summary.seconds += result.seconds;
  } else {
    summary.broken.push_back(result.problem);
  }
}

}  // namespace

StepSeconds& StepSeconds::operator+=(const StepSeconds& other) {
  decode += other.decode;
  letterbox += other.letterbox;
  inference += other.inference;
  nms += other.nms;
  return *this;
}

std::string class_name(const std::vector<std::string>& names, int64_t label) {
  const auto index = static_cast<size_t>(label);
  return index < names.size() ? names[index] : std::to_string(label);
}

DetectSummary detect(const DetectOptions& options, const FrameSink& sink, Monitor& monitor) {
  const auto detectors = open_detectors(options);
  DetectSummary summary;
  summary.class_names = detectors[0]->class_names();
  summary.runner = detectors[0]->runner();
  FrameFeed feed(options.sources, options.list, options.camera);
  std::atomic<bool> stopped = false;
  int64_t delivered = 0;
  OrderedWork<FrameJob, FrameResult> task;
  task.threads = static_cast<int>(detectors.size());
  task.window = int64_t{kFramesUnderWayPerThread} * task.threads;
  task.next = [&]() -> std::optional<FrameJob> {
    stopped = stopped || monitor.stop_requested();
    if (stopped) return std::nullopt;
    std::optional<FrameJob> job = feed.next();
    if (job && job->frame <= 0 && sink.accept) sink.accept(job->source);
    return job;
  };
  task.work = [&](FrameJob job, int thread) {
    auto result =
        from_file_to_boxes(std::move(job), *detectors[static_cast<size_t>(thread)], options.keep_pictures);
    if (sink.prepare) sink.prepare(result, summary.class_names);
    return result;
  };
  task.deliver = [&](const FrameResult& result) {
    add(summary, result);
    if (!result.problem.empty()) monitor.message("left out: " + result.problem);
    if (sink.deliver) sink.deliver(result, summary.class_names);
    monitor.advance(++delivered, "");
  };
  const auto is_of_unknown_length = [](const DetectSource& source) {
    return source.is_video || source.is_list;
  };
  const bool only_images =
      options.camera.empty() && std::ranges::none_of(options.sources, is_of_unknown_length);
  monitor.begin("detect " + summary.runner, only_images ? std::ssize(options.sources) : 0,
                only_images ? "images" : "frames");
  const std::clock_t cpu = std::clock();
  auto clock = Clock::now();
  OrderedWorkers<FrameJob, FrameResult>(std::move(task)).run();
  summary.wall_seconds = lap(clock);
  summary.cpu_seconds = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
  monitor.end();
  if (stopped && options.camera.empty()) {
    throw Interrupted(
        "detect: stopped after {} frames; what was written so far is whole, the same command "
        "begins anew",
        delivered);
  }
  return summary;
}

}  // namespace y6q::stages
