#include "stages/result_page.h"

#include <fmt/core.h>

#include <charconv>
#include <sstream>

#include "image/decode.h"
#include "image/draw.h"
#include "image/encode.h"
#include "stages/provenance.h"

namespace y6q::stages {
namespace {

constexpr double kShownScore = 0.4;  ///< detections below it would hide the picture
constexpr size_t kShownImages = 6;

/// Columns of the CSV by their heading; empty cells are left out with their x.
report::LineChart::Series curve(const std::string& csv, const std::string& x_name,
                                const std::string& y_name) {
  auto cells = [](const std::string& line) {
    std::vector<std::string> list;
    std::istringstream words(line);
    for (std::string word; std::getline(words, word, ',');) list.push_back(word);
    return list;
  };
  std::istringstream lines(csv);
  std::string line;
  std::getline(lines, line);
  const std::vector<std::string> names = cells(line);
  report::LineChart::Series series{y_name, {}, {}};
  while (std::getline(lines, line)) {
    const std::vector<std::string> row = cells(line);
    for (size_t i = 0; i < std::min(row.size(), names.size()); ++i) {
      double value = 0;
      const auto [end, error] = std::from_chars(row[i].data(), row[i].data() + row[i].size(), value);
      if (error != std::errc()) continue;
      if (names[i] == x_name) series.x.push_back(value);
      if (names[i] == y_name) series.y.push_back(value);
    }
    if (series.x.size() > series.y.size()) series.x.pop_back();
  }
  return series;
}

report::Picture picture(const data::ImageRecord& record, const eval::CocoDetections& detections,
                        const data::Dataset& dataset) {
  std::vector<image::Caption> captions;
  for (size_t i = 0; i < detections.size(); ++i) {
    if (detections.image_id[i] != record.image_id || detections.score[i] < kShownScore) continue;
    const auto& box = detections.box[i];
    const auto found =
        std::find(dataset.category_ids.begin(), dataset.category_ids.end(), detections.category_id[i]);
    const auto label = found - dataset.category_ids.begin();
    captions.push_back(
        {box.x, box.y, box.x + box.w, box.y + box.h,
         fmt::format("{} {:.2f}", dataset.class_names.at(static_cast<size_t>(label)), detections.score[i]),
         label});
  }
  image::Image image = image::decode_file(record.path);
  image::draw_captions(image, captions);
  return {image::encode(image, ".jpg", {.jpeg_quality = 80}), record.path.filename().string()};
}

report::Gallery gallery(const ResultPageInputs& inputs) {
  report::Gallery gallery{
      .title = fmt::format("Detections with a score of at least {}", kShownScore),
      .column_titles = {inputs.detections.front().first, inputs.detections.back().first + " (INT8)"}};
  for (size_t i = 0; i < std::min(kShownImages, inputs.dataset.images.size()); ++i) {
    const data::ImageRecord& record = inputs.dataset.images[i];
    gallery.pictures.push_back(picture(record, inputs.detections.front().second, inputs.dataset));
    gallery.pictures.push_back(picture(record, inputs.detections.back().second, inputs.dataset));
  }
  return gallery;
}

report::Highlights highlights(const PipelineResult& result) {
  const PipelineRow &first = result.rows.front(), &last = result.rows.back();
  report::Highlights figures;
  figures.figures.push_back({fmt::format("{:.1f}", 100 * first.map), "mAP, float"});
  figures.figures.push_back({fmt::format("{:.1f}", 100 * last.map), "mAP, INT8 engine",
                             fmt::format("{:+.1f} points", 100 * (last.map - first.map))});
  const auto fp32 = first.latency_ms.find("fp32"), int8 = last.latency_ms.find("int8");
  if (fp32 != first.latency_ms.end() && int8 != last.latency_ms.end()) {
    figures.figures.push_back({fmt::format("{:.2f}x", fp32->second / int8->second), "as fast as FP32",
                               fmt::format("{:.2f} ms an image", int8->second)});
  }
  return figures;
}

}  // namespace

report::Page result_page(const ResultPageInputs& inputs) {
  report::Page page{.title = fmt::format("{} ({}) in INT8", inputs.architecture, inputs.mode),
                    .subtitle = fmt::format("{} classes, {} images of {}", inputs.dataset.class_names.size(),
                                            inputs.dataset.images.size(), inputs.result.split)};
  page.sections.emplace_back(highlights(inputs.result));
  page.sections.emplace_back(result_table(inputs.result));
  page.sections.emplace_back(report::LineChart{
      "Training loss",
      "epoch",
      "loss",
      {curve(inputs.history_csv, "epoch", "loss_classes"), curve(inputs.history_csv, "epoch", "loss_iou")}});
  page.sections.emplace_back(
      report::LineChart{"Accuracy on val", "epoch", "mAP", {curve(inputs.history_csv, "epoch", "map")}});
  page.sections.emplace_back(gallery(inputs));
  page.sections.emplace_back(report::KeyValues{"Provenance",
                                               {{"tool", tool_version()},
                                                {"machine", inputs.result.isa},
                                                {"protocol", inputs.result.protocol},
                                                {"training data (SHA-256)", inputs.data_sha256}}});
  return page;
}

}  // namespace y6q::stages
