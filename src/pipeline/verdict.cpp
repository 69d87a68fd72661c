#include "pipeline/verdict.h"

#include <algorithm>
#include <optional>

#include "base/number_text.h"
#include "pipeline/table.h"

namespace y6q::pipeline {
namespace {

constexpr double kTolerated = 0.005;  ///< mAP, 0..1
constexpr double kAsFast = 1.05;
constexpr double kHardlyLearned = 0.05;  ///< mAP, 0..1

struct Candidate {
  const Row* row;
  double ms;
};

std::optional<double> latency_of(const Row& row) {
  const auto found = row.latency_ms.find(precision_of(row));
  return found == row.latency_ms.end() || row.file.empty() ? std::nullopt : std::optional(found->second);
}

bool is_wrong(const Row& row) { return row.to_simulation && disagrees(*row.to_simulation); }

bool loses_too_much(const Row& row) {
  return row.to_float && row.to_float->high < 0 && row.to_float->value < -kTolerated;
}

std::string accuracy_of(const Row& row) {
  if (!row.to_float) return fmt::format("mAP {:.1f}", 100 * row.map);
  const Difference& difference = *row.to_float;
  const char* meaning = difference.high < 0  ? "a real loss, but a small one"
                        : difference.low > 0 ? "more than the choice of images explains"
                                             : "within noise";
  return fmt::format("mAP {:.1f}, {} points to float (95 % interval {} to {}: {})", 100 * row.map,
                     signed_text(100 * difference.value, 1), signed_text(100 * difference.low, 1),
                     signed_text(100 * difference.high, 1), meaning);
}

/// Candidates that are about as fast as the chosen one, and whose accuracy its interval holds.
std::string equals_of(const Candidate& chosen, const std::vector<Candidate>& candidates) {
  std::string text;
  for (const Candidate& other : candidates) {
    if (other.row == chosen.row || !chosen.row->to_float || other.ms > chosen.ms * kAsFast) continue;
    const double change = other.row->map - chosen.row->map + chosen.row->to_float->value;
    if (change < chosen.row->to_float->low || change > chosen.row->to_float->high) continue;
    text += fmt::format(" The difference to {} (mAP {:.1f}, {:.2f} ms) is within noise.",
                        title_of(*other.row), 100 * other.row->map, other.ms);
  }
  return text;
}

std::string excluded(const Result& result) {
  std::string text;
  for (const Row& row : result.rows) {
    if (is_wrong(row)) {
      text +=
          fmt::format(" {} is left out: it does not compute the model that was simulated.", title_of(row));
    } else if (loses_too_much(row) && !row.file.empty()) {
      text +=
          fmt::format(" {} is left out: it loses {:.1f} points.", title_of(row), -100 * row.to_float->value);
    }
  }
  return text;
}

}  // namespace

Verdict verdict(const Result& result) {
  const auto plain = std::ranges::find(result.rows, "float", &Row::model);
  if (plain == result.rows.end()) return {};
  if (plain->map < kHardlyLearned) {
    return {{},
            fmt::format(
                "Nothing to deploy: the float network {}, so it has hardly learned yet, and its INT8 forms "
                "say nothing about quantization. Train it longer, or look at the labels (yolov6q data "
                "check).",
                plain->map > 0 ? fmt::format("reaches mAP {:.1f} on {}", 100 * plain->map, result.split)
                               : "finds no object of " + result.split),
            {}};
  }
  const std::optional<double> plain_ms = latency_of(*plain);
  if (!plain_ms) return {{}, "Speed was not measured, so nothing is recommended." + excluded(result), {}};
  std::vector<Candidate> candidates;
  for (const Row& row : result.rows) {
    const std::optional<double> ms = latency_of(row);
    if (&row != &*plain && ms && *ms < *plain_ms && !is_wrong(row) && !loses_too_much(row))
      candidates.push_back({&row, *ms});
  }
  if (candidates.empty()) {
    return {
        plain->model,
        fmt::format("Deploy {} ({}): no other form is faster on this machine ({:.2f} ms an image, {}) and "
                    "as accurate.{}",
                    title_of(*plain), plain->file.string(), *plain_ms, result.isa, excluded(result)),
        plain->file};
  }
  const double fastest = std::ranges::min(candidates, {}, &Candidate::ms).ms;
  const auto worth = [&](const Candidate& candidate) {
    return candidate.ms <= fastest * kAsFast ? candidate.row->map : -1;
  };
  const Candidate chosen = std::ranges::max(candidates, {}, worth);
  return {
      chosen.row->model,
      fmt::format(
          "Deploy {} ({}): {}, {:.2f} times as fast as FP32 on this machine ({:.2f} ms an image, {}).{}{}",
          title_of(*chosen.row), chosen.row->file.string(), accuracy_of(*chosen.row), *plain_ms / chosen.ms,
          chosen.ms, result.isa, equals_of(chosen, candidates), excluded(result)),
      chosen.row->file};
}

}  // namespace y6q::pipeline
