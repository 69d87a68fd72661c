#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "stages/detect.h"

namespace y6q::stages {

struct DetectOutputOptions {
  fs::path out;          ///< folder
  bool pictures = true;  ///< <out>/<relative>, annotated; a video as .mp4
  bool labels = false;   ///< <out>/<folder>/labels/<stem>.txt, of a video <stem>_<frame>.txt
  bool csv = false;      ///< <out>/detections.csv
  bool json = false;     ///< <out>/detections.json
  bool hide_labels = false, hide_scores = false;  ///< of pictures
};

/// Writes what `detect` found. Files appear complete or not at all; CSV and JSON grow while frames come in,
/// so that memory does not.
class DetectOutput {
 public:
  /// Throws InputError when two sources would write the same file; for those of a list the sink does, when
  /// the second comes.
  DetectOutput(const DetectOutputOptions& options, const std::vector<DetectSource>& sources);
  ~DetectOutput();

  /// For detect(); valid as long as this lives.
  FrameSink sink();
  /// Puts CSV, JSON and the last video in place.
  void finish();

 private:
  class Files;
  std::unique_ptr<Files> files_;
};

/// {"source", "height", "width", "detections": [{"class", "name", "score", "box": [x1, y1, x2, y2]}]}, of a
/// video also "frame"; {"source", "problem"} when it could not be read.
nlohmann::ordered_json frame_document(const FrameResult& result, const std::vector<std::string>& names);

/// One line a detection: `class cx cy w h score`, centre and sides as shares of the image (spec/05 §9).
std::string label_lines(const FrameResult& result);

}  // namespace y6q::stages
