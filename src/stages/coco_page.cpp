#include "stages/coco_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/number_text.h"

namespace y6q::stages {
namespace {

constexpr size_t kShownClasses = 40;  ///< more cannot be read in a matrix

report::Cell defined(double value) { return value < 0 ? report::Cell{} : report::Cell{value}; }

report::Column points(const char* key, const char* title) {
  return {.key = key, .title = title, .decimals = 1, .scale = 100};
}

report::Highlights highlights(const CocoPageInputs& in) {
  const auto figure = [](double value) { return value < 0 ? "–" : fmt::format("{:.1f}", 100 * value); };
  report::Highlights figures;
  figures.figures.push_back({figure(in.result.map()), "AP", "IoU 0.50:0.95"});
  if (in.bootstrap) {
    const auto& range = in.bootstrap->stats[0];
    figures.figures.back().note =
        fmt::format("{} to {} ({:g} %)", figure(range.low), figure(range.high), 100 * in.confidence);
  }
  figures.figures.push_back({figure(in.result.map50()), "AP50"});
  figures.figures.push_back({figure(in.analysis.best.f1), fmt::format("best F1 at IoU {:g}", in.analysis.iou),
                             fmt::format("score {:.3f}", in.analysis.best.score)});
  if (in.comparison) {
    const auto& change = in.comparison->stats[0];
    figures.figures.push_back(
        {signed_text(100 * change.difference.value, 2), fmt::format("AP, {} less this", in.other),
         fmt::format("{} to {}, p = {:.3f}", signed_text(100 * change.difference.low, 2),
                     signed_text(100 * change.difference.high, 2), change.p_value)});
  }
  return figures;
}

report::LineChart precision_chart(const coco::Result& result) {
  report::LineChart chart{"Precision over recall, mean of the classes", "recall", "precision"};
  for (const double shown : {0.5, 0.75, 0.9}) {
    for (size_t t = 0; t < result.iou_thresholds.size(); ++t) {
      if (std::abs(result.iou_thresholds[t] - shown) < 1e-9)
        chart.series.push_back(precision_curve(result, fmt::format("IoU {:.2f}", shown), t));
    }
  }
  chart.series.push_back(precision_curve(result, "mean of all IoU", {}));
  return chart;
}

report::Table class_table(const CocoPageInputs& in) {
  report::Table table{.title = "Classes",
                      .columns = {{.key = "class", .title = "class"},
                                  {.key = "objects", .title = "objects"},
                                  points("ap", "AP"),
                                  points("ap50", "AP50"),
                                  points("ap_small", "small"),
                                  points("ap_medium", "medium"),
                                  points("ap_large", "large"),
                                  points("ar", "AR"),
                                  points("f1", "best F1"),
                                  {.key = "score", .title = "at score", .decimals = 3}}};
  for (size_t k = 0; k < in.result.classes.size(); ++k) {
    const coco::ClassResult& row = in.result.classes[k];
    const coco::OperatingPoint& best = in.analysis.best_of[k];
    table.rows.push_back({row.category.name, row.objects, defined(row.ap), defined(row.ap50),
                          defined(row.ap_by_area[1]), defined(row.ap_by_area[2]), defined(row.ap_by_area[3]),
                          defined(row.ar), defined(best.f1),
                          best.f1 < 0 ? report::Cell{} : report::Cell{best.score}});
  }
  return table;
}

report::BarChart cost_chart(const coco::Analysis& analysis) {
  report::BarChart chart{
      fmt::format("AP{:.0f} to be gained by mending one kind of error, points", 100 * analysis.iou)};
  chart.decimals = 2;
  for (size_t i = 0; i < coco::kErrorKinds; ++i)
    chart.bars.push_back({coco::kErrorNames[i], 100 * analysis.costs.gain[i]});
  return chart;
}

report::BarChart count_chart(const coco::Analysis& analysis) {
  report::BarChart chart{
      fmt::format("Errors of detections with a score of at least {:.3f}", analysis.used.score)};
  chart.decimals = 0;
  for (size_t i = 0; i < coco::kErrorKinds; ++i) {
    int64_t sum = 0;
    for (const auto& of_class : analysis.errors) sum += of_class[i];
    chart.bars.push_back({coco::kErrorNames[i], static_cast<double>(sum)});
  }
  return chart;
}

report::Table interval_table(const CocoPageInputs& in) {
  report::Table table{
      .title = fmt::format("Intervals of {:g} % over the choice of images", 100 * in.confidence),
      .columns = {{.key = "stat", .title = ""},
                  points("value", "value"),
                  points("low", "from"),
                  points("high", "to")}};
  for (size_t i = 0; i < coco::kResampledCount; ++i) {
    const coco::Interval& range = in.bootstrap->stats[i];
    table.rows.push_back(
        {coco::kResampledNames[i], defined(range.value), defined(range.low), defined(range.high)});
  }
  return table;
}

report::Table comparison_table(const CocoPageInputs& in) {
  const auto difference = [](const char* key, const char* title) {
    return report::Column{.key = key, .title = title, .decimals = 2, .scale = 100};
  };
  report::Table table{
      .title = fmt::format("{} compared with {}, on the same images", in.other, in.detections),
      .columns = {{.key = "stat", .title = ""},
                  points("first", in.detections.c_str()),
                  points("second", in.other.c_str()),
                  difference("difference", "difference"),
                  difference("low", "from"),
                  difference("high", "to"),
                  {.key = "p_value", .title = "p", .decimals = 3}},
      .note = "An interval that holds 0, or a large p: the choice of images explains the difference."};
  for (size_t i = 0; i < coco::kResampledCount; ++i) {
    const coco::PairedDifference& change = in.comparison->stats[i];
    if (change.p_value < 0) continue;
    table.rows.push_back({coco::kResampledNames[i], in.comparison->first.stats[i].value,
                          in.comparison->second.stats[i].value, change.difference.value,
                          change.difference.low, change.difference.high, change.p_value});
  }
  return table;
}

/// How often each value occurred, in equal bins; in points.
report::LineChart distribution(const std::string& title, const std::vector<double>& values) {
  constexpr size_t kBins = 30;
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  report::LineChart chart{title, "points", "replicates"};
  const double width = (*high - *low) / kBins;
  if (!(width > 0)) return chart;
  report::LineChart::Series series{"bootstrap replicates", {}, std::vector<double>(kBins, 0)};
  for (size_t i = 0; i < kBins; ++i)
    series.x.push_back(100 * (*low + (static_cast<double>(i) + 0.5) * width));
  for (const double value : values)
    ++series.y[std::min(kBins - 1, static_cast<size_t>((value - *low) / width))];
  chart.series.push_back(std::move(series));
  return chart;
}

}  // namespace

report::LineChart::Series precision_curve(const coco::Result& result, const std::string& name,
                                          std::optional<size_t> threshold) {
  report::LineChart::Series series{name, {}, {}};
  const size_t classes = result.classes.size(), limits = result.max_dets.size();
  const size_t recalls = result.recall_thresholds.size();
  for (size_t r = 0; r < recalls; ++r) {
    double sum = 0;
    int64_t count = 0;
    for (size_t t = 0; t < result.iou_thresholds.size(); ++t) {
      if (threshold && t != *threshold) continue;
      for (size_t k = 0; k < classes; ++k) {
        const size_t at = (((t * recalls + r) * classes + k) * coco::kAreaCount + 1) * limits - 1;
        if (result.precision[at] > -1) sum += result.precision[at], ++count;
      }
    }
    if (count == 0) continue;
    series.x.push_back(result.recall_thresholds[r]);
    series.y.push_back(sum / static_cast<double>(count));
  }
  return series;
}

/// The classes with most objects and mistakes; all of them where there is room.
report::HeatMap confusion_map(const coco::Analysis& analysis) {
  const coco::ConfusionMatrix& matrix = analysis.confusion;
  std::vector<size_t> shown(matrix.classes);
  for (size_t k = 0; k < shown.size(); ++k) shown[k] = k;
  const auto weight = [&](size_t k) {
    int64_t sum = 0;
    for (size_t other = 0; other <= matrix.classes; ++other) sum += matrix.at(k, other) + matrix.at(other, k);
    return sum;
  };
  const bool all = shown.size() <= kShownClasses;
  if (!all) {
    std::stable_sort(shown.begin(), shown.end(), [&](size_t a, size_t b) { return weight(a) > weight(b); });
    shown.resize(kShownClasses);
    std::sort(shown.begin(), shown.end());
  }
  report::HeatMap map{.title = fmt::format("Confusions at IoU {:g} and a score of at least {:.3f}",
                                           analysis.iou, analysis.used.score),
                      .corner = "true \\ found"};
  for (const size_t k : shown) map.rows.push_back(analysis.classes[k].name);
  map.columns = map.rows;
  map.rows.emplace_back("background");
  map.columns.emplace_back("missed");
  shown.push_back(matrix.classes);
  for (const size_t truth : shown) {
    for (const size_t found : shown) map.counts.push_back(matrix.at(truth, found));
  }
  if (!all) map.note = fmt::format("The {} classes with most objects and detections.", kShownClasses);
  return map;
}

report::Page coco_page(const CocoPageInputs& in) {
  report::Page page{
      .title = "COCO evaluation",
      .subtitle = fmt::format("{} against {}, {} images", in.detections, in.truth, in.result.images)};
  page.sections.emplace_back(highlights(in));
  if (in.comparison) {
    page.sections.emplace_back(comparison_table(in));
    page.sections.emplace_back(
        distribution("Difference of AP, resampled images", in.comparison->replicate_ap_difference));
  }
  page.sections.emplace_back(precision_chart(in.result));
  page.sections.emplace_back(cost_chart(in.analysis));
  page.sections.emplace_back(count_chart(in.analysis));
  if (in.bootstrap) {
    page.sections.emplace_back(distribution("AP, resampled images", in.bootstrap->replicate_ap));
    page.sections.emplace_back(interval_table(in));
  }
  page.sections.emplace_back(confusion_map(in.analysis));
  page.sections.emplace_back(class_table(in));
  return page;
}

}  // namespace y6q::stages
