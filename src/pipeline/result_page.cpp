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
#include "image/resize.h"
#include "pipeline/table.h"
#include "pipeline/verdict.h"
#include "pipeline/worst_images.h"
#include "stages/coco_page.h"
#include "stages/data_check_page.h"

namespace y6q::pipeline {
namespace {

constexpr size_t kShownImages = 6;
constexpr int64_t kPictureSide = 480;  ///< smaller images are enlarged, so that captions do not hide them

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

/// The image with boxes in its own pixels.
report::Picture picture(const data::ImageRecord& record, std::vector<image::Caption> captions,
                        std::string caption) {
  const image::Image original = image::decode_file(record.path);
  const image::Size size =
      image::fitted_size({original.height, original.width}, {kPictureSide, kPictureSide});
  image::Image image = image::resize(original, size, image::Interpolation::kArea);
  const double x = static_cast<double>(size.width) / static_cast<double>(original.width),
               y = static_cast<double>(size.height) / static_cast<double>(original.height);
  for (image::Caption& box : captions) box.x1 *= x, box.x2 *= x, box.y1 *= y, box.y2 *= y;
  image::draw_captions(image, captions);
  return {image::encode(image, ".jpg", {.jpeg_quality = 80}), std::move(caption)};
}

std::vector<image::Caption> labels_of(const data::ImageRecord& record, const data::Dataset& dataset) {
  std::vector<image::Caption> captions;
  const auto width = static_cast<double>(record.width), height = static_cast<double>(record.height);
  for (const data::Label& l : record.labels) {
    captions.push_back({(l.cx - l.w / 2) * width, (l.cy - l.h / 2) * height, (l.cx + l.w / 2) * width,
                        (l.cy + l.h / 2) * height, dataset.class_names.at(static_cast<size_t>(l.label)),
                        l.label});
  }
  return captions;
}

std::vector<image::Caption> found_in(const data::ImageRecord& record, const Judged& judged,
                                     const data::Dataset& dataset) {
  const coco::Detections& detections = judged.detections;
  std::vector<image::Caption> captions;
  for (size_t i = 0; i < detections.size(); ++i) {
    if (detections.image_id[i] != record.image_id || detections.score[i] < judged.analysis.used.score)
      continue;
    const auto& box = detections.box[i];
    const auto found = std::ranges::find(dataset.category_ids, detections.category_id[i]);
    const auto label = found - dataset.category_ids.begin();
    captions.push_back(
        {box.x, box.y, box.x + box.w, box.y + box.h,
         fmt::format("{} {:.2f}", dataset.class_names.at(static_cast<size_t>(label)), detections.score[i]),
         label});
  }
  return captions;
}

/// Labels, float and engine side by side, where the engine makes most mistakes.
report::Gallery gallery(const ResultPageInputs& in, const Judged& plain, const Judged& engine) {
  report::Gallery gallery{
      .title = fmt::format("The images with most mistakes of {}, each model at the score of its best F1",
                           title_of(*engine.row)),
      .column_titles = {"labels", title_of(*plain.row), title_of(*engine.row)},
      .columns = 3};
  const auto worst = worst_images(in.truth, engine.detections, engine.analysis.used.score);
  for (size_t i = 0; i < std::min(kShownImages, worst.size()); ++i) {
    const auto record = std::ranges::find(in.dataset.images, worst[i].image_id, &data::ImageRecord::image_id);
    if (record == in.dataset.images.end()) continue;
    gallery.pictures.push_back(
        picture(*record, labels_of(*record, in.dataset), record->path.filename().string()));
    gallery.pictures.push_back(picture(*record, found_in(*record, plain, in.dataset),
                                       fmt::format("score from {:.2f}", plain.analysis.used.score)));
    gallery.pictures.push_back(
        picture(*record, found_in(*record, engine, in.dataset),
                fmt::format("score from {:.2f}: {} wrong, {} missed", engine.analysis.used.score,
                            worst[i].false_positives, worst[i].missed)));
  }
  return gallery;
}

const Judged* find(std::span<const Judged> all, std::string_view model) {
  const auto found = std::ranges::find(all, model, [](const Judged& judged) { return judged.row->model; });
  return found == all.end() ? nullptr : &*found;
}

/// Engines against the models that simulate them.
report::Table agreement_table(const Result& result) {
  report::Table table{
      .title = "Do the engines compute what was simulated?",
      .columns = {{"engine", "engine"},
                  {"difference", "less its simulation", 2, 100, "", true},
                  {"low", "from", 2, 100, "", true},
                  {"high", "to", 2, 100, "", true},
                  {"answer", ""}},
      .note =
          "Points of mAP on the same images, with a 95 % interval. ALARM: zero is outside of it, and the "
          "difference is more than 0.1."};
  for (const Row& row : result.rows) {
    if (!row.to_simulation) continue;
    const Difference& difference = *row.to_simulation;
    table.rows.push_back({title_of(row), difference.value, difference.low, difference.high,
                          disagrees(difference) ? "ALARM: no" : "yes"});
  }
  return table;
}

report::Cell defined(double value) { return value < 0 ? report::Cell{} : report::Cell{value}; }

report::Table class_table(const Judged& plain, const Judged& engine) {
  report::Table table{.title = "AP of each class",
                      .columns = {{"class", "class"},
                                  {"objects", "objects"},
                                  {"ap_float", "AP, float", 1, 100},
                                  {"ap_engine", "AP, engine", 1, 100},
                                  {"difference", "difference", 1, 100, "", true},
                                  {"ap50_float", "AP50, float", 1, 100},
                                  {"ap50_engine", "AP50, engine", 1, 100},
                                  {"f1", "best F1, engine", 1, 100},
                                  {"score", "at score", 2}}};
  for (size_t k = 0; k < plain.result.classes.size(); ++k) {
    const coco::ClassResult &first = plain.result.classes[k], &second = engine.result.classes[k];
    const coco::OperatingPoint& best = engine.analysis.best_of[k];
    const bool both = first.ap >= 0 && second.ap >= 0;
    table.rows.push_back({first.category.name, first.objects, defined(first.ap), defined(second.ap),
                          both ? report::Cell(second.ap - first.ap) : report::Cell(), defined(first.ap50),
                          defined(second.ap50), defined(best.f1),
                          best.f1 < 0 ? report::Cell() : report::Cell(best.score)});
  }
  return table;
}

report::LineChart precision_chart(const Judged& plain, const Judged& engine) {
  report::LineChart chart{"Precision over recall, mean of the classes", "recall", "precision"};
  for (const auto& [judged, name] : {std::pair{&plain, "float"}, {&engine, "engine"}}) {
    chart.series.push_back(
        stages::precision_curve(judged->result, fmt::format("{}, IoU 0.5", name), size_t{0}));
    chart.series.push_back(
        stages::precision_curve(judged->result, fmt::format("{}, mean of all IoU", name), {}));
  }
  return chart;
}

report::Table error_table(const Judged& plain, const Judged& engine) {
  report::Table table{.title = "Kinds of errors, each model at the score of its best F1",
                      .columns = {{"kind", "kind"},
                                  {"float", "float"},
                                  {"engine", "engine"},
                                  {"gain_float", "AP50 to be gained, float", 2, 100, "", true},
                                  {"gain_engine", "AP50 to be gained, engine", 2, 100, "", true}}};
  const auto count = [](const coco::Analysis& analysis, size_t kind) {
    int64_t sum = 0;
    for (const auto& of_class : analysis.errors) sum += of_class[kind];
    return sum;
  };
  for (size_t kind = 0; kind < coco::kErrorKinds; ++kind) {
    table.rows.push_back({coco::kErrorNames[kind], count(plain.analysis, kind), count(engine.analysis, kind),
                          plain.analysis.costs.gain[kind], engine.analysis.costs.gain[kind]});
  }
  return table;
}

report::Links links(std::span<const Judged> all) {
  report::Links links{.title = "Everything about each row"};
  for (const Judged& judged : all) links.pages.emplace_back(title_of(*judged.row), judged.page.string());
  return links;
}

void add_verdict(report::Page& page, const ResultPageInputs& in) {
  const Verdict answer = verdict(in.result);
  if (answer.text.empty()) return;
  page.sections.emplace_back(report::Paragraph{answer.text, report::Paragraph::Tone::result});
  for (const std::string& alarm : in.result.alarms)
    page.sections.emplace_back(report::Paragraph{"Alarm: " + alarm, report::Paragraph::Tone::alarm});
  if (answer.file.empty()) return;
  const fs::path file = in.options.train.training.out / answer.file;
  page.sections.emplace_back(
      report::Code{.lines = {fmt::format("yolov6q detect --weights {} --source IMAGES --out found",
                                         shell_word(file.string()))}});
}

report::KeyValues provenance(const ResultPageInputs& in) {
  report::KeyValues values{"Provenance",
                           {{"tool", formats::tool_version()},
                            {"instruction set", in.result.isa},
                            {"protocol", in.result.protocol},
                            {"data", fs::absolute(in.data_path).lexically_normal().string()},
                            {"training data (SHA-256)", in.data_sha256},
                            {"seed", std::to_string(in.seed)}}};
  for (const std::string& line : in.result.machine) values.values.emplace_back("machine", line);
  return values;
}

report::BarChart time_chart(const ResultPageInputs& in) {
  report::BarChart chart{.title = "Time of each step", .unit = " s", .decimals = 1};
  for (const auto& [step, seconds] : in.seconds) chart.bars.push_back({step, seconds});
  return chart;
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
    series.name = term.name;
    const bool drawn = std::any_of(series.y.begin(), series.y.end(), [](double y) { return y > 0; });
    if (drawn) losses.series.push_back(std::move(series));
  }
  page.sections.emplace_back(std::move(losses));
  report::LineChart::Series accuracy = curve(csv, "epoch", "map");
  accuracy.name = "mAP";
  for (double& value : accuracy.y) value *= 100;
  page.sections.emplace_back(
      report::LineChart{fmt::format("{}: accuracy on val", title), "epoch", "mAP", {std::move(accuracy)}});
}

void add_sensitivity(report::Page& page, const fs::path& file) {
  const formats::Sensitivity sensitivity = formats::read_sensitivity(file);
  report::BarChart chart{.title = "Points of mAP that one layer alone costs in INT8 (below 0: none)",
                         .decimals = 2,
                         .sign = true};
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
  add_verdict(page, inputs);
  page.sections.emplace_back(highlights(inputs.result));
  page.sections.emplace_back(result_table(inputs.result));
  page.sections.emplace_back(agreement_table(inputs.result));
  const Judged *plain = find(inputs.judged, "float"), *engine = find(inputs.judged, "engine");
  if (plain != nullptr && engine != nullptr) {
    page.sections.emplace_back(class_table(*plain, *engine));
    page.sections.emplace_back(precision_chart(*plain, *engine));
    page.sections.emplace_back(error_table(*plain, *engine));
    page.sections.emplace_back(stages::confusion_map(engine->analysis));
    page.sections.emplace_back(links(inputs.judged));
    page.sections.emplace_back(gallery(inputs, *plain, *engine));
  }
  stages::add_label_statistics(page, inputs.dataset, train.image_size[0]);
  if (network.searches) add_curves(page, network.files.search, "Search for scales");
  add_curves(page, network.files.root / "float", "Float network");
  if (network.has_qat) add_curves(page, network.files.root / "qat", "QAT");
  if (network.measures_sensitivity) add_sensitivity(page, network.files.sensitivity);
  add_ranges(page, network.files.ranges);
  if (!inputs.seconds.empty()) page.sections.emplace_back(time_chart(inputs));
  page.sections.emplace_back(provenance(inputs));
  report::Code code{.title = "The same by hand, in the folder of the run", .lines = inputs.commands};
  if (!inputs.result.trtexec.empty()) code.lines.push_back(inputs.result.trtexec + "  # TensorRT 8.4 to 10");
  page.sections.emplace_back(std::move(code));
  return page;
}

}  // namespace y6q::pipeline
