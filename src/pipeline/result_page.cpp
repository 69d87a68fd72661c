#include "pipeline/result_page.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <sstream>

#include "coco/dataset.h"
#include "formats/provenance.h"
#include "formats/sensitivity_file.h"
#include "image/decode.h"
#include "image/draw.h"
#include "image/encode.h"
#include "pipeline/table.h"

namespace y6q::pipeline {
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

report::Picture picture(const data::ImageRecord& record, const coco::Detections& detections,
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
  const coco::Detections plain = coco::read_detections(inputs.network.files.detections("float")),
                         engine = coco::read_detections(inputs.network.files.detections("engine"));
  report::Gallery gallery{.title = fmt::format("Detections with a score of at least {}", kShownScore),
                          .column_titles = {"float", "engine (INT8)"}};
  for (size_t i = 0; i < std::min(kShownImages, inputs.dataset.images.size()); ++i) {
    const data::ImageRecord& record = inputs.dataset.images[i];
    gallery.pictures.push_back(picture(record, plain, inputs.dataset));
    gallery.pictures.push_back(picture(record, engine, inputs.dataset));
  }
  return gallery;
}

const Row* find(const Result& result, std::string_view model) {
  for (const Row& row : result.rows) {
    if (row.model == model) return &row;
  }
  return nullptr;
}

report::Highlights highlights(const Result& result) {
  const Row *plain = find(result, "float"), *engine = find(result, "engine");
  report::Highlights figures;
  if (plain == nullptr || engine == nullptr) return figures;
  figures.figures.push_back({fmt::format("{:.1f}", 100 * plain->map), "mAP, float"});
  figures.figures.push_back({fmt::format("{:.1f}", 100 * engine->map), "mAP, INT8 engine",
                             fmt::format("{:+.1f} points", 100 * (engine->map - plain->map))});
  const auto fp32 = plain->latency_ms.find("fp32"), int8 = engine->latency_ms.find("int8");
  if (fp32 != plain->latency_ms.end() && int8 != engine->latency_ms.end()) {
    figures.figures.push_back({fmt::format("{:.2f}x", fp32->second / int8->second), "as fast as FP32",
                               fmt::format("{:.2f} ms an image", int8->second)});
  }
  return figures;
}

void add_curves(report::Page& page, const fs::path& folder, const char* title) {
  const std::string csv = read_file(folder / "history.csv");
  report::LineChart losses{
      .title = fmt::format("{}: training loss", title), .x_label = "epoch", .y_label = "loss"};
  for (const train::LossTerm& term : train::kLossTerms) {
    report::LineChart::Series series = curve(csv, "epoch", std::string("loss_") + term.name);
    const bool drawn = std::any_of(series.y.begin(), series.y.end(), [](double y) { return y > 0; });
    if (drawn) losses.series.push_back(std::move(series));
  }
  page.sections.emplace_back(std::move(losses));
  page.sections.emplace_back(report::LineChart{
      fmt::format("{}: accuracy on val", title), "epoch", "mAP", {curve(csv, "epoch", "map")}});
}

void add_sensitivity(report::Page& page, const fs::path& file) {
  const formats::Sensitivity sensitivity = formats::read_sensitivity(file);
  report::BarChart chart{.title = "Points of mAP that one layer alone costs in INT8", .decimals = 2};
  for (const formats::LayerSensitivity& row : sensitivity.layers) {
    chart.bars.push_back(
        {row.layer + (row.is_prediction ? " (stays float)" : ""), 100 * (sensitivity.float_map - row.map)});
  }
  page.sections.emplace_back(std::move(chart));
}

void add_ranges(report::Page& page, const fs::path& file) {
  report::Histograms section{
      .title = "What the quantizers see",
      .note =
          "Magnitudes from 0 to the largest seen, on a logarithmic scale over six decades; "
          "the line is the range that integers reach."};
  const auto document = nlohmann::json::parse(read_file(file));
  for (const auto& row : document.at("ranges")) {
    const double amax = row.at("amax"), max = row.at("max");
    section.items.push_back(
        {row.at("quantizer"), row.at("histogram"), max > 0 ? amax / max : 1,
         fmt::format("amax {:.3g}, clipped {:.2g} %", amax, 100 * row.at("clipped").get<double>())});
  }
  page.sections.emplace_back(std::move(section));
}

}  // namespace

report::Page result_page(const ResultPageInputs& inputs) {
  const stages::TrainOptions& train = inputs.options.train;
  const Network& network = inputs.network;
  report::Page page{.title = fmt::format("{} ({}) in INT8", train.architecture, train.mode),
                    .subtitle = fmt::format("{} classes, {} images of {}", inputs.dataset.class_names.size(),
                                            inputs.dataset.images.size(), inputs.result.split)};
  page.sections.emplace_back(highlights(inputs.result));
  for (const std::string& alarm : inputs.result.alarms) {
    page.sections.emplace_back(report::Paragraph{"Alarm: " + alarm});
  }
  page.sections.emplace_back(result_table(inputs.result));
  page.sections.emplace_back(gallery(inputs));
  if (network.searches) add_curves(page, network.files.search, "Search for scales");
  add_curves(page, network.files.root / "float", "Float network");
  if (network.has_qat) add_curves(page, network.files.root / "qat", "QAT");
  if (network.measures_sensitivity) add_sensitivity(page, network.files.sensitivity);
  add_ranges(page, network.files.ranges);
  page.sections.emplace_back(report::KeyValues{"Provenance",
                                               {{"tool", formats::tool_version()},
                                                {"machine", inputs.result.isa},
                                                {"protocol", inputs.result.protocol},
                                                {"training data (SHA-256)", inputs.data_sha256}}});
  report::Code code{.title = "The same by hand, in the folder of the run", .lines = inputs.commands};
  if (!inputs.result.trtexec.empty()) code.lines.push_back(inputs.result.trtexec + "  # TensorRT 8.4 to 10");
  page.sections.emplace_back(std::move(code));
  return page;
}

}  // namespace y6q::pipeline
