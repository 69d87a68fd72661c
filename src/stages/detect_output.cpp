#include "stages/detect_output.h"

#include <map>

#include "base/errors.h"
#include "base/utf8.h"
#include "image/draw.h"
#include "image/encode.h"
#include "image/video.h"
#include "report/csv.h"

namespace y6q::stages {
namespace {

/// Pictures are written as PNG or JPEG; other types become JPEG beside their name: x.webp -> x.webp.jpg.
fs::path picture_path(const DetectSource& source) {
  fs::path path = source.relative;
  const std::string extension = path.extension().string();
  if (source.is_video) return extension == ".mp4" ? path : fs::path(path) += ".mp4";
  if (extension == ".png" || extension == ".jpg" || extension == ".jpeg") return path;
  return path += ".jpg";
}

fs::path label_path(const DetectSource& source, int64_t frame) {
  std::string name = source.relative.stem().string();
  if (frame >= 0) name += fmt::format("_{}", frame);
  return source.relative.parent_path() / "labels" / (name + ".txt");
}

void annotate(FrameResult& result, const std::vector<std::string>& names,
              const DetectOutputOptions& options) {
  std::vector<image::Caption> captions;
  for (const detect::Detection& d : result.detections) {
    std::string text = options.hide_labels ? "" : class_name(names, d.label);
    if (!options.hide_scores && !options.hide_labels) text += fmt::format(" {:.2f}", d.score);
    captions.push_back({d.box.x1, d.box.y1, d.box.x2, d.box.y2, text, d.label});
  }
  image::draw_captions(*result.picture, captions);
}

const std::vector<std::string> kColumns{"source", "frame", "class", "name", "score", "x1", "y1", "x2", "y2"};

std::string csv_head() {
  std::vector<report::Cell> cells(kColumns.begin(), kColumns.end());
  return report::csv_line(cells);
}

}  // namespace

nlohmann::ordered_json frame_document(const FrameResult& result, const std::vector<std::string>& names) {
  nlohmann::ordered_json document{{"source", result.source.path.string()}};
  if (result.frame >= 0) document["frame"] = result.frame;
  if (!result.problem.empty()) {
    document["problem"] = result.problem;
    return document;
  }
  document["height"] = result.height;
  document["width"] = result.width;
  auto& list = document["detections"] = nlohmann::ordered_json::array();
  for (const detect::Detection& d : result.detections) {
    list.push_back({{"class", d.label},
                    {"name", class_name(names, d.label)},
                    {"score", d.score},
                    {"box", {d.box.x1, d.box.y1, d.box.x2, d.box.y2}}});
  }
  return document;
}

std::string label_lines(const FrameResult& result) {
  const auto width = static_cast<double>(result.width), height = static_cast<double>(result.height);
  std::string lines;
  for (const detect::Detection& d : result.detections) {
    const double x1 = d.box.x1, y1 = d.box.y1, x2 = d.box.x2, y2 = d.box.y2;
    lines += fmt::format("{} {:g} {:g} {:g} {:g} {:g}\n", d.label, (x1 + x2) / 2 / width,
                         (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height, d.score);
  }
  return lines;
}

class DetectOutput::Files {
 public:
  Files(const DetectOutputOptions& options, const std::vector<DetectSource>& sources) : options_(options) {
    for (const DetectSource& source : sources) {
      if (!source.is_list) claim(source);
    }
    if (options.csv) {
      csv_ = std::make_unique<AtomicFile>(options.out / "detections.csv");
      csv_->stream() << csv_head();
    }
    if (options.json) {
      json_ = std::make_unique<AtomicFile>(options.out / "detections.json");
      json_->stream() << "[";
    }
  }

  void accept(const DetectSource& source) {
    if (source.is_listed) claim(source);
  }

  /// Drawing and encoding are the larger part: done where the image was worked on.
  void prepare(FrameResult& result, const std::vector<std::string>& names) {
    if (!result.problem.empty()) return;
    if (options_.labels)
      write_file(options_.out / label_path(result.source, result.frame), label_lines(result));
    if (!options_.pictures || !result.picture) return;
    annotate(result, names, options_);
    if (result.frame >= 0) return;
    image::encode_file(options_.out / picture_path(result.source), *result.picture);
    result.picture.reset();
  }

  void deliver(const FrameResult& result, const std::vector<std::string>& names) {
    if (csv_) write_csv(result, names);
    if (json_) {
      json_->stream() << (first_ ? "\n" : ",\n") << json_text(frame_document(result, names));
      first_ = false;
    }
    if (result.frame >= 0 && result.picture) write_frame(result);
  }

  void finish() {
    if (video_) video_->commit();
    video_.reset();
    if (csv_) csv_->commit();
    if (!json_) return;
    json_->stream() << "\n]\n";
    json_->commit();
  }

 private:
  void claim(const DetectSource& source) {
    const auto claim_file = [&](const fs::path& path) {
      check_not_an_input(options_.out / path, {source.path});
      const auto [found, is_new] = writers_.try_emplace(path, source.path);
      if (is_new) return;
      throw InputError("detect: {} and {} would both write {}; detect them apart, with an --out for each",
                       found->second.string(), source.path.string(), (options_.out / path).string());
    };
    if (options_.pictures) claim_file(picture_path(source));
    if (options_.labels) claim_file(label_path(source, -1));
  }

  void write_csv(const FrameResult& result, const std::vector<std::string>& names) {
    for (const detect::Detection& d : result.detections) {
      const std::vector<report::Cell> cells{result.source.path.string(),
                                            result.frame >= 0 ? report::Cell(result.frame) : report::Cell(),
                                            d.label,
                                            class_name(names, d.label),
                                            double{d.score},
                                            double{d.box.x1},
                                            double{d.box.y1},
                                            double{d.box.x2},
                                            double{d.box.y2}};
      csv_->stream() << report::csv_line(cells);
    }
  }

  void write_frame(const FrameResult& result) {
    if (result.frame == 0) {
      if (video_) video_->commit();
      constexpr double kUsualRate = 25;
      video_ = image::create_video(
          options_.out / picture_path(result.source),
          {{result.height, result.width}, result.frames_per_s > 0 ? result.frames_per_s : kUsualRate});
    }
    video_->write(*result.picture);
  }

  DetectOutputOptions options_;
  std::map<fs::path, fs::path> writers_;  ///< file -> its source
  std::unique_ptr<AtomicFile> csv_, json_;
  bool first_ = true;
  std::unique_ptr<image::VideoWriter> video_;
};

DetectOutput::DetectOutput(const DetectOutputOptions& options, const std::vector<DetectSource>& sources)
    : files_(std::make_unique<Files>(options, sources)) {}

DetectOutput::~DetectOutput() = default;

FrameSink DetectOutput::sink() {
  return {
      [this](FrameResult& result, const std::vector<std::string>& names) { files_->prepare(result, names); },
      [this](const FrameResult& result, const std::vector<std::string>& names) {
        files_->deliver(result, names);
      },
      [this](const DetectSource& source) { files_->accept(source); }};
}

void DetectOutput::finish() { files_->finish(); }

}  // namespace y6q::stages
