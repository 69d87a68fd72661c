#include "stages/detect.h"

#include <fmt/core.h>

#include <iostream>
#include <map>

#include "base/errors.h"
#include "base/isa.h"
#include "cli/cache_folder.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/precision_option.h"
#include "data/data_yaml.h"
#include "stages/detect_output.h"
#include "stages/engine_file.h"

namespace y6q::cli {
namespace {

/// One line a frame: `a.jpg: 640x480, 2 cat, 1 dog`.
std::string frame_line(const stages::FrameResult& result, const std::vector<std::string>& names) {
  std::string line = result.source.path.string();
  if (result.frame >= 0) line += fmt::format(", frame {}", result.frame);
  if (!result.problem.empty()) return line + ": left out";
  line += fmt::format(": {}x{}", result.width, result.height);
  std::map<int64_t, int64_t> counts;
  for (const detect::Detection& detection : result.detections) ++counts[detection.label];
  for (const auto& [label, count] : counts)
    line += fmt::format(", {} {}", count, stages::class_name(names, label));
  return line + (counts.empty() ? ", nothing" : "");
}

nlohmann::ordered_json timing_document(const stages::DetectSummary& summary) {
  const auto frames = static_cast<double>(std::max<int64_t>(1, summary.frames));
  return {{"decode_ms", summary.seconds.decode / frames * 1e3},
          {"letterbox_ms", summary.seconds.letterbox / frames * 1e3},
          {"inference_ms", summary.seconds.inference / frames * 1e3},
          {"nms_ms", summary.seconds.nms / frames * 1e3},
          {"images_per_s", summary.images_per_s()},
          {"isa", kernel_isa().name()}};
}

class DetectCommand : public Command {
 public:
  void declare(CLI::App& app) override {
    declare_input(app);
    declare_detection(app);
    declare_output(app);
    add_example(app, "yolov6q detect --weights ptq.onnx --source photos/ --out found/ --save-txt");
  }

  void run(Console& console) override {
    if (sources_.empty() == options_.camera.empty()) throw UsageError("detect: give --source or --camera");
    output_.pictures = !no_images_;
    check_output();
    if (!data_.empty()) options_.detector.names = data::read_data_yaml(data_).names;
    if (!sources_.empty()) options_.sources = stages::find_sources(sources_, console.monitor());
    options_.list = &std::cin;
    options_.keep_pictures = !output_.out.empty() && output_.pictures;
    const stages::EngineFile file(weights_, {engine_file_folder()});
    options_.onnx = file.onnx();
    options_.detector.precision = precision_.settle(
        options_.onnx, {.engine = options_.detector.engine, .threads = options_.detector.threads},
        console.monitor());
    detect(console);
    report(console);
    if (!summary_.broken.empty() && !skip_broken_) {
      throw InputError(
          "detect: {} of {} could not be read, the others are done; --skip-broken accepts that. {}",
          summary_.broken.size(), summary_.broken.size() + static_cast<size_t>(summary_.frames),
          summary_.broken.front());
    }
  }

 private:
  void declare_input(CLI::App& app) {
    app.add_option("--weights", weights_,
                   "ONNX file, as `yolov6q export` writes it, or model file, which is exported for it")
        ->required()
        ->group(kModelGroup);
    app.add_option("--source", sources_, "Images, videos, folders or globs; - reads paths from stdin")
        ->group(kDataGroup);
    app.add_option("--camera", options_.camera, "Number of a camera or URL of a stream; Ctrl-C ends it")
        ->group(kDataGroup);
    add_engine(app, options_.detector.engine);
    add_precision(app, precision_);
    auto* data = app.add_option("--data", data_,
                                "data.yaml with class names, for ONNX files without or to rename them")
                     ->group(kModelGroup);
    app.add_option("--names", options_.detector.names, "Class names, separated by commas, likewise")
        ->group(kModelGroup)
        ->delimiter(',')
        ->excludes(data);
    app.add_flag("--skip-broken", skip_broken_, "Exit with code 0 even if images could not be read")
        ->group(kDataGroup);
    app.add_option("--threads", options_.detector.threads,
                   "Number of images in progress at a time, each on a core of its own; 0 means all cores")
        ->group(kMachineGroup)
        ->check(CLI::Range(0, 1024))
        ->capture_default_str();
  }

  void declare_detection(CLI::App& app) {
    detect::NmsOptions& nms = options_.detector.nms;
    app.add_option("--conf", nms.score_threshold, "Lowest score of a box, 0 to 1")
        ->group(kDetectionGroup)
        ->check(CLI::Range(0.0, 1.0))
        ->capture_default_str();
    app.add_option("--iou", nms.iou_threshold,
                   "A box suppresses worse ones whose IoU with it is higher, 0 to 1")
        ->group(kDetectionGroup)
        ->check(CLI::Range(0.0, 1.0))
        ->capture_default_str();
    app.add_option("--max-det", nms.max_detections, "Number of boxes to keep per image, the best ones")
        ->group(kDetectionGroup)
        ->check(CLI::Range(int64_t{1}, int64_t{1'000'000}))
        ->capture_default_str();
    app.add_option("--max-candidates", nms.max_candidates,
                   "Number of candidates that enter suppression, the best ones; 0 means all (YOLOv6: 30000)")
        ->group(kDetectionGroup)
        ->check(CLI::Range(int64_t{0}, int64_t{1'000'000'000}))
        ->capture_default_str();
    add_classes(app, options_.detector.classes,
                "Detect only these classes, by name or number (from 0), separated by commas")
        ->group(kDetectionGroup);
    app.add_flag("--agnostic-nms", nms.agnostic, "Boxes of different classes suppress each other, too")
        ->group(kDetectionGroup);
    app.add_flag("--multi-label", nms.multi_label, "A cell may yield boxes of several classes")
        ->group(kDetectionGroup);
  }

  void declare_output(CLI::App& app) {
    app.add_option("--out", output_.out, "Folder for annotated pictures and the files below")
        ->group(kOutputGroup);
    app.add_flag("--no-save-img", no_images_, "Do not write annotated pictures")->group(kOutputGroup);
    app.add_flag("--save-txt", output_.labels,
                 "Write labels/NAME.txt: class cx cy w h score, as fractions of the image")
        ->group(kOutputGroup);
    app.add_flag("--save-csv", output_.csv, "Write detections.csv, boxes in pixels")->group(kOutputGroup);
    app.add_flag("--save-json", output_.json, "Write detections.json, boxes in pixels")->group(kOutputGroup);
    app.add_flag("--hide-labels", output_.hide_labels, "Draw boxes without class names")->group(kOutputGroup);
    app.add_flag("--hide-conf", output_.hide_scores, "Draw boxes without scores")->group(kOutputGroup);
    app.add_flag("--timing", timing_, "Print the time of each step and the images per second")
        ->group(kOutputGroup);
  }

  void check_output() const {
    const bool wants_files = output_.labels || output_.csv || output_.json;
    if (output_.out.empty() && wants_files) {
      throw UsageError("detect: --save-txt, --save-csv and --save-json need --out");
    }
    if (!output_.out.empty() && !output_.pictures && !wants_files) {
      throw UsageError(
          "detect: --no-save-img leaves nothing to write to {}; add --save-txt, --save-csv or "
          "--save-json, or leave --out away",
          output_.out.string());
    }
  }

  /// Frame by frame, a line of text at once or a document into images_.
  void detect(Console& console) {
    std::optional<stages::DetectOutput> output;
    stages::FrameSink files;
    if (!output_.out.empty()) files = output.emplace(output_, options_.sources).sink();
    stages::FrameSink sink{.prepare = files.prepare, .deliver = {}, .accept = files.accept};
    sink.deliver = [&](const stages::FrameResult& result, const std::vector<std::string>& names) {
      if (files.deliver) files.deliver(result, names);
      if (console.is_json()) {
        images_.push_back(nlohmann::json(stages::frame_document(result, names)));
      } else {
        console.line(frame_line(result, names));
      }
    };
    summary_ = stages::detect(options_, sink, console.monitor());
    if (output) output->finish();
  }

  void report(Console& console) const {
    std::string text = fmt::format("{} images, {} boxes, {} left out; {}\n", summary_.frames,
                                   summary_.detections, summary_.broken.size(), summary_.runner);
    const nlohmann::ordered_json timing = timing_document(summary_);
    if (timing_) {
      for (const auto& [key, value] : timing.items()) {
        text += value.is_number() ? fmt::format("{:<13} {:>9.3f}\n", key, value.get<double>())
                                  : fmt::format("{:<13} {:>9}\n", key, value.get<std::string>());
      }
    }
    console.result(text, {{"images", images_},
                          {"frames", summary_.frames},
                          {"boxes", summary_.detections},
                          {"broken", summary_.broken},
                          {"runner", summary_.runner},
                          {"names", summary_.class_names},
                          {"timing", timing}});
  }

  std::vector<std::string> sources_;
  fs::path weights_, data_;
  PrecisionChoice precision_;
  bool no_images_ = false, skip_broken_ = false, timing_ = false;
  stages::DetectOptions options_;
  stages::DetectOutputOptions output_;
  stages::DetectSummary summary_;
  nlohmann::json images_ = nlohmann::json::array();
};

}  // namespace

std::unique_ptr<Command> make_detect_command() { return std::make_unique<DetectCommand>(); }

}  // namespace y6q::cli
