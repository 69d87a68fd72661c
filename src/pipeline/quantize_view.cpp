#include <fmt/format.h>

#include <algorithm>

#include "base/errors.h"
#include "base/number_text.h"
#include "pipeline/quantize.h"
#include "pipeline/sensitivity_chart.h"

namespace y6q::pipeline {
namespace {

using nlohmann::json;

report::Cell number(double value) { return value > 0 ? report::Cell(value) : report::Cell(); }

std::string bounds_text(const Bounds& bounds) {
  std::string text = fmt::format("at most {:g} points below float", bounds.max_drop);
  if (bounds.confidence) text += fmt::format(" ({:g} % sure)", 100 * *bounds.confidence);
  if (bounds.min_speedup)
    text += fmt::format(", at least {:g} times as fast as the best float precision", *bounds.min_speedup);
  return text;
}

std::string remark(const TrialRow& row, const Bounds& bounds) {
  if (!row.result) return "not made";
  if (!row.result->skipped.empty()) return "not made: " + row.result->skipped;
  if (is_inside(*row.result, bounds)) return "inside";
  const bool accurate = is_accurate(*row.result, bounds);
  return !accurate && !is_fast(*row.result, bounds) ? "loses too much, too slow"
         : accurate                                 ? "too slow"
                                                    : "loses too much";
}

std::vector<FrontPoint> points_of(const QuantizeResult& result) {
  std::vector<FrontPoint> points{{"float, FP32", result.latencies.fp32_ms, result.float_map}};
  for (const TrialRow& row : result.rows) {
    if (row.result && row.result->skipped.empty())
      points.push_back(
          {row.trial.title, row.result->ms, row.result->map, "trials/" + row.trial.name + "/result.json"});
  }
  return points;
}

std::string difference_text(const TrialResult& result, const Bounds& bounds) {
  return fmt::format(
      "{} points to float ({:g} % interval {} to {}), {:.2f} times as fast as the best float precision",
      signed_text(100 * result.to_float.value, 2), 100 * bounds.confidence.value_or(0.95),
      signed_text(100 * result.to_float.low, 2), signed_text(100 * result.to_float.high, 2), result.speedup);
}

}  // namespace

report::Table quantize_table(const QuantizeResult& result, const Bounds& bounds) {
  report::Table table{
      .title = "mAP of the engine on val; asked for: " + bounds_text(bounds),
      .columns = {{"trial", "trial"},
                  {"map", "mAP", 2, 100},
                  {"map50", "mAP50", 2, 100},
                  {"drop", "vs float", 2, 100, "", true},
                  {"interval", "interval"},
                  {"ms", "ms", 2},
                  {"predicted_ms", "predicted", 2},
                  {"speedup", "x float", 2, 1, "x"},
                  {"front", "front"},
                  {"seconds", "s", 0},
                  {"remark", ""}},
      .note = fmt::format(
          "{}; interval: paired bootstrap over the images, {:g} %; x float: to {} at batch 1, in "
          "alternation; ms: "
          "what that took when the search began, over x float; front: no other is faster and more "
          "accurate; {}, {}",
          result.protocol, 100 * bounds.confidence.value_or(0.95), result.latencies.best_float,
          engine::facts_of(result.engine).title, result.isa)};
  const std::vector<FrontPoint> front = front_of(points_of(result));
  const auto mark = [&](const std::string& title) {
    return std::ranges::count(front, title, &FrontPoint::name) > 0 ? report::Cell("*") : report::Cell();
  };
  const report::Cell none;
  table.rows.push_back({"float, FP32", result.float_map, result.float_map50, none, none,
                        result.latencies.fp32_ms, none, none, mark("float, FP32"), none, none});
  for (size_t i = 0; i < result.rows.size(); ++i) {
    const TrialRow& row = result.rows[i];
    std::vector<report::Cell> cells(table.columns.size());
    cells.front() = row.trial.title;
    if (row.result && row.result->predicted_ms) cells[6] = *row.result->predicted_ms;
    if (row.result && row.result->skipped.empty()) {
      const TrialResult& found = *row.result;
      cells[1] = found.map, cells[2] = found.map50, cells[3] = found.to_float.value;
      cells[4] = fmt::format("{} to {}", signed_text(100 * found.to_float.low, 2),
                             signed_text(100 * found.to_float.high, 2));
      cells[5] = number(found.ms), cells[7] = number(found.speedup);
      cells[8] = mark(row.trial.title), cells[9] = number(found.seconds);
    }
    cells[10] = remark(row, bounds) + (result.chosen == i ? ", taken" : "");
    table.rows.push_back(std::move(cells));
  }
  return table;
}

std::string quantize_verdict(const QuantizeResult& result, const QuantizeOptions& options) {
  std::string text;
  if (!result.chosen) {
    text = "No trial was made.";
  } else {
    const TrialRow& row = result.rows[*result.chosen];
    text = fmt::format("{} {}: {}. It is {}.",
                       result.is_inside ? "The cheapest trial inside the bounds is"
                                        : "No trial is inside the bounds; the best one is",
                       row.trial.title, difference_text(*row.result, options.bounds),
                       (options.out / "best.safetensors").string());
  }
  if (!result.unfinished.empty()) text += fmt::format(" The search is not finished: {}.", result.unfinished);
  return text;
}

json quantize_document(const QuantizeResult& result, const QuantizeOptions& options) {
  json trials = json::array();
  for (const TrialRow& row : result.rows) {
    json entry = row.result ? to_json(*row.result) : json::object();
    entry.update({{"trial", row.trial.name},
                  {"title", row.trial.title},
                  {"made", row.result && row.result->skipped.empty()},
                  {"inside", row.result && is_inside(*row.result, options.bounds)}});
    trials.push_back(std::move(entry));
  }
  json bounds{{"max_drop", options.bounds.max_drop}};
  if (options.bounds.confidence) bounds["confidence"] = *options.bounds.confidence;
  if (options.bounds.min_speedup) bounds["min_speedup"] = *options.bounds.min_speedup;
  json front = json::array();
  for (const FrontPoint& point : front_of(points_of(result)))
    front.push_back({{"title", point.name}, {"map", point.map}, {"latency_ms", point.ms}});
  json document{{"bounds", bounds},
                {"float",
                 {{"map", result.float_map},
                  {"map50", result.float_map50},
                  {"fp32_ms", result.latencies.fp32_ms},
                  {"best_precision", result.latencies.best_float},
                  {"best_ms", result.latencies.best_float_ms}}},
                {"trials", trials},
                {"front", front},
                {"inside", result.is_inside},
                {"unfinished", result.unfinished},
                {"verdict", quantize_verdict(result, options)},
                {"protocol", result.protocol},
                {"engine", name_of(result.engine)},
                {"isa", result.isa},
                {"skipped", result.skipped}};
  if (result.chosen) {
    document["chosen"] = result.rows[*result.chosen].trial.name;
    document["model"] = (options.out / "best.safetensors").string();
    document["onnx"] = (options.out / "best.onnx").string();
  }
  return document;
}

report::Page quantize_page(const QuantizeResult& result, const QuantizeOptions& options,
                           const SearchFiles& files) {
  using Tone = report::Paragraph::Tone;
  report::Page page{.title = "Search for an INT8 model",
                    .subtitle = "asked for: " + bounds_text(options.bounds)};
  page.sections.emplace_back(
      report::Paragraph{quantize_verdict(result, options), result.is_inside ? Tone::result : Tone::alarm});
  page.sections.emplace_back(quantize_table(result, options.bounds));
  page.sections.emplace_back(front_chart(points_of(result)));
  if (fs::exists(files.sensitivity)) page.sections.emplace_back(sensitivity_chart(files.sensitivity));
  return page;
}

void require_inside(const QuantizeResult& result, const QuantizeOptions& options) {
  const bool others_go_on = !result.unfinished.empty() && !options.time_budget_s;
  if (!result.is_inside && !others_go_on) throw GoalMissed("quantize: {}", quantize_verdict(result, options));
}

}  // namespace y6q::pipeline
