#include "cli/coco_analysis_text.h"

#include <fmt/format.h>

#include "base/number_text.h"
#include "cli/coco_text.h"

namespace y6q::cli {
namespace {

nlohmann::json document_of(const coco::OperatingPoint& point) {
  return {{"score", point.score},  {"precision", point.precision}, {"recall", point.recall},
          {"f1", point.f1},        {"hits", point.hits},           {"false_positives", point.false_positives},
          {"missed", point.missed}};
}

nlohmann::json document_of(const coco::Interval& range) {
  return {{"value", range.value}, {"low", range.low}, {"high", range.high}};
}

nlohmann::json document_of(const coco::PairedDifference& change) {
  nlohmann::json document = document_of(change.difference);
  document["p_value"] = change.p_value;
  return document;
}

template <typename Values>
nlohmann::json by_name(const Values& stats) {
  nlohmann::json document = nlohmann::json::object();
  for (size_t i = 0; i < coco::kResampledCount; ++i)
    document[coco::kResampledNames[i]] = document_of(stats[i]);
  return document;
}

template <typename Values>
nlohmann::json list_of(const Values& values) {
  nlohmann::json list = nlohmann::json::array();
  for (const auto& value : values) list.push_back(document_of(value));
  return list;
}

nlohmann::json counts_document(const std::array<int64_t, coco::kErrorKinds>& counts) {
  nlohmann::json document = nlohmann::json::object();
  for (size_t i = 0; i < coco::kErrorKinds; ++i) document[coco::kErrorNames[i]] = counts[i];
  return document;
}

}  // namespace

std::string analysis_text(const coco::Analysis& analysis) {
  std::string text = fmt::format(
      "\nat IoU {:g}: best F1 {} at score {:.4f} (precision {}, recall {})\n"
      "{:<14} {:>8} {:>8}   errors at a score of at least {:.4f}; points that mending one kind adds to "
      "AP{:.0f}\n",
      analysis.iou, in_points(analysis.best.f1), analysis.best.score, in_points(analysis.best.precision),
      in_points(analysis.best.recall), "kind", "count", "AP gain", analysis.used.score, 100 * analysis.iou);
  for (size_t i = 0; i < coco::kErrorKinds; ++i) {
    int64_t sum = 0;
    for (const auto& of_class : analysis.errors) sum += of_class[i];
    text += fmt::format("{:<14} {:>8} {:8.2f}\n", coco::kErrorNames[i], sum, 100 * analysis.costs.gain[i]);
  }
  return text;
}

nlohmann::json analysis_document(const coco::Analysis& analysis) {
  nlohmann::json classes = nlohmann::json::array(), rows = nlohmann::json::array();
  nlohmann::json gains = nlohmann::json::object();
  for (size_t k = 0; k < analysis.classes.size(); ++k) {
    classes.push_back({{"id", analysis.classes[k].id},
                       {"name", analysis.classes[k].name},
                       {"best_f1", document_of(analysis.best_of[k])},
                       {"errors", counts_document(analysis.errors[k])}});
  }
  for (size_t truth = 0; truth <= analysis.confusion.classes; ++truth) {
    nlohmann::json row = nlohmann::json::array();
    for (size_t found = 0; found <= analysis.confusion.classes; ++found)
      row.push_back(analysis.confusion.at(truth, found));
    rows.push_back(std::move(row));
  }
  for (size_t i = 0; i < coco::kErrorKinds; ++i) gains[coco::kErrorNames[i]] = analysis.costs.gain[i];
  return {{"iou", analysis.iou},
          {"background_iou", analysis.background_iou},
          {"best_f1", document_of(analysis.best)},
          {"used", document_of(analysis.used)},
          {"classes", classes},
          {"confusion", rows},
          {"ap", analysis.costs.ap},
          {"gains", gains}};
}

std::string bootstrap_text(const coco::BootstrapResult& result, double confidence) {
  std::string text = fmt::format("\n{:<24} {:>8} {:>8} {:>8}   {:g} % interval over the choice of images\n",
                                 "", "value", "from", "to", 100 * confidence);
  for (size_t i = 0; i < coco::kResampledCount; ++i) {
    const coco::Interval& range = result.stats[i];
    text += fmt::format("{:<24} {:>8} {:>8} {:>8}\n", coco::kResampledNames[i], in_points(range.value),
                        in_points(range.low), in_points(range.high));
  }
  return text;
}

nlohmann::json bootstrap_document(const coco::BootstrapResult& result,
                                  const coco::BootstrapOptions& options) {
  return {{"replicates", options.replicates},
          {"seed", options.seed},
          {"confidence", options.confidence},
          {"stats", by_name(result.stats)},
          {"classes", list_of(result.classes)}};
}

std::string comparison_text(const coco::ComparisonResult& result, double confidence) {
  std::string text =
      fmt::format("\n{:<24} {:>8} {:>8} {:>10} {:>8} {:>8} {:>8}   {:g} % interval, same images\n", "",
                  "--dt", "other", "difference", "from", "to", "p", 100 * confidence);
  for (size_t i = 0; i < coco::kResampledCount; ++i) {
    const coco::PairedDifference& change = result.stats[i];
    if (change.p_value < 0) continue;
    text += fmt::format("{:<24} {:>8} {:>8} {:>10} {:>8} {:>8} {:8.4f}\n", coco::kResampledNames[i],
                        in_points(result.first.stats[i].value), in_points(result.second.stats[i].value),
                        signed_text(100 * change.difference.value, 2),
                        signed_text(100 * change.difference.low, 2),
                        signed_text(100 * change.difference.high, 2), change.p_value);
  }
  return text;
}

nlohmann::json comparison_document(const coco::ComparisonResult& result) {
  return {{"other", {{"stats", by_name(result.second.stats)}, {"classes", list_of(result.second.classes)}}},
          {"difference", {{"stats", by_name(result.stats)}, {"classes", list_of(result.classes)}}}};
}

}  // namespace y6q::cli
