#include "pipeline/result_page.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/number_text.h"
#include "coco/dataset.h"
#include "formats/provenance.h"
#include "pipeline/accuracy_sections.h"
#include "pipeline/front.h"
#include "pipeline/table.h"
#include "pipeline/training_sections.h"
#include "pipeline/verdict.h"
#include "pipeline/worst_gallery.h"
#include "stages/data_check_page.h"

namespace y6q::pipeline {
namespace {

const Judged* find(std::span<const Judged> all, std::string_view model) {
  const auto found = std::ranges::find(all, model, [](const Judged& judged) { return judged.row->model; });
  return found == all.end() ? nullptr : &*found;
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

report::Highlights highlights(const Result& result) {
  const Row *plain = find_row(result, "float"), *engine = find_row(result, "engine");
  report::Highlights figures;
  if (plain == nullptr || engine == nullptr) return figures;
  figures.figures.push_back({fmt::format("{:.1f}", 100 * plain->map), "mAP, float"});
  figures.figures.push_back({fmt::format("{:.1f}", 100 * engine->map), "mAP, INT8 engine",
                             signed_text(100 * (engine->map - plain->map), 1) + " points"});
  const auto fp32 = plain->latency_ms.find("fp32"), int8 = engine->latency_ms.find("int8");
  if (fp32 != plain->latency_ms.end() && int8 != engine->latency_ms.end()) {
    figures.figures.push_back({fmt::format("{:.2f}x", fp32->second / int8->second), "as fast as FP32",
                               fmt::format("{:.2f} ms an image", int8->second)});
  }
  return figures;
}

/// Of the rows whose speed was measured.
std::vector<FrontPoint> front_points(const Result& result) {
  std::vector<FrontPoint> points;
  for (const Row& row : result.rows) {
    const auto ms = row.latency_ms.find(precision_of(row));
    if (ms != row.latency_ms.end())
      points.push_back({title_of(row), ms->second, row.map, "evaluate/" + row.model + ".html"});
  }
  return points;
}

}  // namespace

report::Page result_page(const ResultPageInputs& inputs) {
  const stages::TrainOptions& train = inputs.options.train;
  report::Page page{.title = fmt::format("{} ({}) in INT8", train.architecture, train.mode),
                    .subtitle = fmt::format("{} classes, {} images of {}", inputs.dataset.class_names.size(),
                                            inputs.dataset.images.size(), inputs.result.split)};
  add_verdict(page, inputs);
  page.sections.emplace_back(highlights(inputs.result));
  page.sections.emplace_back(result_table(inputs.result));
  page.sections.emplace_back(agreement_table(inputs.result));
  if (const auto points = front_points(inputs.result); points.size() > 1)
    page.sections.emplace_back(front_chart(points));
  const Judged *plain = find(inputs.judged, "float"), *engine = find(inputs.judged, "engine");
  if (plain != nullptr && engine != nullptr) {
    const Compared compared{*plain, *engine};
    add_accuracy(page, compared);
    page.sections.emplace_back(links(inputs.judged));
    page.sections.emplace_back(worst_gallery(compared, inputs.truth, inputs.dataset));
  }
  stages::add_label_statistics(page, inputs.dataset, train.image_size[0]);
  add_training(page, inputs.network);
  if (!inputs.seconds.empty()) page.sections.emplace_back(time_chart(inputs));
  page.sections.emplace_back(provenance(inputs));
  report::Code code{.title = "The same by hand, in the folder of the run", .lines = inputs.commands};
  if (!inputs.result.trtexec.empty()) code.lines.push_back(inputs.result.trtexec + "  # TensorRT 8.4 to 10");
  page.sections.emplace_back(std::move(code));
  return page;
}

}  // namespace y6q::pipeline
