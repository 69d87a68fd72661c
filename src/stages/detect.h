#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/monitor.h"
#include "embed/image_detector.h"
#include "stages/detect_sources.h"

namespace y6q::stages {

struct DetectOptions {
  fs::path onnx;
  embed::DetectorOptions detector{};  ///< threads: images at a time, each on one core; 0: all cores
  std::vector<DetectSource> sources{};
  std::istream* list = nullptr;  ///< paths, one a line, when a source stands for a list
  std::string camera{};          ///< instead of sources: a camera's number or a stream's URL
  bool keep_pictures = false;    ///< FrameResult::picture is wanted
};

/// Seconds that the steps of one image took, on the thread that worked on it.
struct StepSeconds {
  double decode = 0, letterbox = 0, inference = 0, nms = 0;
  double total() const { return decode + letterbox + inference + nms; }
  StepSeconds& operator+=(const StepSeconds& other);
};

/// One image, or one frame of a video.
struct FrameResult {
  DetectSource source;
  int64_t frame = -1;  ///< from 0; -1: an image
  int64_t height = 0, width = 0;
  double frames_per_s = 0;                      ///< of a video
  std::vector<detect::Detection> detections{};  ///< in pixels of the image, best first
  std::string problem{};                        ///< why it could not be read; empty: it could
  std::optional<image::Image> picture{};
  StepSeconds seconds{};
};

struct DetectSummary {
  int64_t frames = 0, detections = 0;
  std::vector<std::string> broken;  ///< one message a frame that could not be read
  std::string runner;               ///< "openvino int8"
  std::vector<std::string> class_names;
  StepSeconds seconds;  ///< sums over frames
  /// Of all frames; loading the network is not in them. CPU: of the process, so of all threads.
  double wall_seconds = 0, cpu_seconds = 0;
  double images_per_s() const { return wall_seconds > 0 ? static_cast<double>(frames) / wall_seconds : 0; }
};

/// What becomes of a frame. prepare: on the thread that worked on it, several at a time; deliver: one at a
/// time, in the order of the sources, whatever the threads.
struct FrameSink {
  std::function<void(FrameResult&, const std::vector<std::string>& names)> prepare;
  std::function<void(const FrameResult&, const std::vector<std::string>& names)> deliver;
  /// Before work on a source begins; one at a time, in their order.
  std::function<void(const DetectSource&)> accept{};
};

/// Takes every frame from file to boxes. A thread carries an image through all steps, so that decoding,
/// letterboxing, inference and suppression of several images overlap and every core is busy; at most four
/// images a thread are under way. What cannot be read is passed to the sink with its problem. Throws
/// Interrupted when the monitor asks to stop (a camera just ends), and what the sink throws.
DetectSummary detect(const DetectOptions& options, const FrameSink& sink, Monitor& monitor);

/// The name of a class, or its number where there is none.
std::string class_name(const std::vector<std::string>& names, int64_t label);

}  // namespace y6q::stages
