#include "pipeline/trial.h"

#include <algorithm>
#include <numeric>

#include "base/errors.h"

namespace y6q::pipeline {
namespace {

using nlohmann::json;
using quant::RangeMethod;

/// Layers that stay float, one trial each.
constexpr int64_t kKeptFloat[]{1, 2, 4, 8, 16}, kKeptFloatInQat = 4;

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

ptq::RangeOptions CalibrationKind::in(ptq::RangeOptions common) const {
  common.method = ranges.method;
  common.equalize = ranges.equalize;
  common.adaptive_rounding = ranges.adaptive_rounding;
  return common;
}

const std::vector<CalibrationKind>& calibrations() {
  static const std::vector<CalibrationKind> kKinds = [] {
    std::vector<CalibrationKind> kinds;
    for (const RangeMethod method : all_values<RangeMethod>())
      kinds.push_back({std::string(name_of(method)), {.method = method}});
    kinds.push_back({"best", {.method = {}}});
    // A repair is looked at with two of the methods.
    kinds.push_back({"max-rounded", {.method = RangeMethod::max, .adaptive_rounding = true}});
    kinds.push_back({"mse-rounded", {.method = RangeMethod::mse, .adaptive_rounding = true}});
    kinds.push_back({"max-equalized", {.method = RangeMethod::max, .equalize = true}});
    kinds.push_back({"best-equalized", {.method = {}, .equalize = true}});
    return kinds;
  }();
  return kKinds;
}

ptq::RangeOptions best_ranges(const ptq::RangeOptions& common, std::span<const double> errors) {
  return calibrations()[best_of(errors)].in(common);
}

std::vector<Trial> trials_of(const ptq::RangeOptions& common, std::span<const double> errors) {
  if (errors.size() != calibrations().size()) throw InternalError("trials: {} errors", errors.size());
  std::vector<size_t> order(errors.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {}, [&](size_t i) {
    const ptq::RangeOptions ranges = calibrations()[i].in(common);
    return std::pair(ranges.equalize || ranges.adaptive_rounding, errors[i]);
  });
  List list;
  for (const size_t i : order)
    list.add(calibrations()[i].name, calibrations()[i].name, calibrations()[i].in(common), 0);
  const CalibrationKind& kind = calibrations()[best_of(errors)];
  const ptq::RangeOptions best = kind.in(common);
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
