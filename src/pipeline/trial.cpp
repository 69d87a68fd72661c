#include "pipeline/trial.h"

#include <algorithm>
#include <numeric>

#include "base/errors.h"

namespace y6q::pipeline {
namespace {

using nlohmann::json;
using quant::RangeMethod;

/// As the network is, then repaired: a repair is looked at with two of the methods.
constexpr CalibrationKind kCalibrations[]{
    {"max", [](ptq::RangeOptions& ranges) { ranges.method = RangeMethod::max; }},
    {"percentile", [](ptq::RangeOptions& ranges) { ranges.method = RangeMethod::percentile; }},
    {"mse", [](ptq::RangeOptions& ranges) { ranges.method = RangeMethod::mse; }},
    {"entropy", [](ptq::RangeOptions& ranges) { ranges.method = RangeMethod::entropy; }},
    {"best", [](ptq::RangeOptions& ranges) { ranges.method.reset(); }},
    {"max-rounded",
     [](ptq::RangeOptions& ranges) { ranges.method = RangeMethod::max, ranges.adaptive_rounding = true; }},
    {"mse-rounded",
     [](ptq::RangeOptions& ranges) { ranges.method = RangeMethod::mse, ranges.adaptive_rounding = true; }},
    {"max-equalized",
     [](ptq::RangeOptions& ranges) { ranges.method = RangeMethod::max, ranges.equalize = true; }},
    {"best-equalized", [](ptq::RangeOptions& ranges) { ranges.method.reset(), ranges.equalize = true; }}};

/// Layers that stay float, one trial each.
constexpr int64_t kKeptFloat[]{1, 2, 4, 8, 16}, kKeptFloatInQat = 4;

ptq::RangeOptions ranges_of(ptq::RangeOptions common, const CalibrationKind& kind) {
  common.method = RangeMethod::max, common.equalize = common.adaptive_rounding = false;
  kind.set(common);
  return common;
}

size_t best_of(std::span<const double> errors) {
  return static_cast<size_t>(std::ranges::min_element(errors) - errors.begin());
}

std::string with_layers(std::string_view name, int64_t count) {
  return fmt::format("{}, {} layer{} float", name, count, count == 1 ? "" : "s");
}

class List {
 public:
  void add(std::string_view name, std::string title, ptq::RangeOptions ranges, int64_t kept_float,
           bool has_qat = false) {
    stages::CalibrationSettings settings{.ranges = ranges, .keep_float = {}, .keep_float_count = kept_float};
    trials_.push_back(
        {fmt::format("{:02}-{}", trials_.size(), name), std::move(title), std::move(settings), has_qat});
  }
  std::vector<Trial> take() { return std::move(trials_); }

 private:
  std::vector<Trial> trials_;
};

}  // namespace

std::span<const CalibrationKind> calibrations() { return kCalibrations; }

ptq::RangeOptions best_ranges(const ptq::RangeOptions& common, std::span<const double> errors) {
  return ranges_of(common, kCalibrations[best_of(errors)]);
}

std::vector<Trial> trials_of(const ptq::RangeOptions& common, std::span<const double> errors) {
  if (errors.size() != std::size(kCalibrations)) throw InternalError("trials: {} errors", errors.size());
  std::vector<size_t> order(errors.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {}, [&](size_t i) {
    const ptq::RangeOptions ranges = ranges_of(common, kCalibrations[i]);
    return std::pair(ranges.equalize || ranges.adaptive_rounding, errors[i]);
  });
  List list;
  for (const size_t i : order)
    list.add(kCalibrations[i].name, std::string(kCalibrations[i].name), ranges_of(common, kCalibrations[i]),
             0);
  const CalibrationKind& kind = kCalibrations[best_of(errors)];
  const ptq::RangeOptions best = ranges_of(common, kind);
  for (const int64_t count : kKeptFloat)
    list.add(fmt::format("partial-{}", count), with_layers(kind.name, count), best, count);
  list.add("qat", fmt::format("QAT of {}", kind.name), best, 0, true);
  list.add(fmt::format("qat-partial-{}", kKeptFloatInQat),
           "QAT of " + with_layers(kind.name, kKeptFloatInQat), best, kKeptFloatInQat, true);
  return list.take();
}

json to_json(const TrialResult& result) {
  json document{{"seconds", result.seconds}};
  if (result.predicted_ms) document["predicted_ms"] = *result.predicted_ms;
  if (!result.skipped.empty()) {
    document["skipped"] = result.skipped;
    return document;
  }
  document.update({{"map", result.map},
                   {"map50", result.map50},
                   {"to_float",
                    {{"value", result.to_float.value},
                     {"low", result.to_float.low},
                     {"high", result.to_float.high},
                     {"p_value", result.to_float.p_value}}},
                   {"latency_ms", result.ms},
                   {"speedup", result.speedup}});
  return document;
}

TrialResult trial_result_of(const json& document) {
  TrialResult result;
  result.seconds = document.at("seconds");
  if (document.contains("predicted_ms")) result.predicted_ms = document.at("predicted_ms").get<double>();
  if (document.contains("skipped")) {
    result.skipped = document.at("skipped");
    return result;
  }
  const json& difference = document.at("to_float");
  result.to_float = {difference.at("value"), difference.at("low"), difference.at("high"),
                     difference.at("p_value")};
  result.map = document.at("map"), result.map50 = document.at("map50");
  result.ms = document.at("latency_ms"), result.speedup = document.at("speedup");
  return result;
}

double counted_drop(const TrialResult& result, const Bounds& bounds) {
  return -100 * (bounds.confidence ? result.to_float.low : result.to_float.value);
}

bool is_accurate(const TrialResult& result, const Bounds& bounds) {
  return result.skipped.empty() && counted_drop(result, bounds) <= bounds.max_drop;
}

bool is_fast(const TrialResult& result, const Bounds& bounds) {
  return result.skipped.empty() && (!bounds.min_speedup || result.speedup >= *bounds.min_speedup);
}

std::optional<size_t> choice_of(std::span<const TrialRow> rows, const Bounds& bounds) {
  std::optional<size_t> chosen;
  const auto is_better = [&](const TrialResult& a, const TrialResult& b) {
    const bool fast = is_fast(a, bounds);
    if (fast != is_fast(b, bounds)) return fast;
    return fast ? a.to_float.value > b.to_float.value : a.ms < b.ms;
  };
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto& result = rows[i].result;
    if (!result || !result->skipped.empty()) continue;
    if (is_inside(*result, bounds)) return i;
    if (!chosen || is_better(*result, *rows[*chosen].result)) chosen = i;
  }
  return chosen;
}

}  // namespace y6q::pipeline
