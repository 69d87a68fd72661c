#include "pipeline/front.h"

#include <fmt/format.h>

#include <algorithm>

namespace y6q::pipeline {
namespace {

void add(report::LineChart::Series& series, const FrontPoint& point) {
  series.x.push_back(point.ms);
  series.y.push_back(100 * point.map);
  series.notes.push_back(
      {fmt::format("{}: mAP {:.2f}, {:.2f} ms", point.name, 100 * point.map, point.ms), point.path});
}

}  // namespace

std::vector<FrontPoint> front_of(std::vector<FrontPoint> points) {
  // Fastest first, of equally fast ones the most accurate: whoever is not more accurate than all before is
  // beaten by one of them.
  std::ranges::stable_sort(points, {},
                           [](const FrontPoint& point) { return std::pair(point.ms, -point.map); });
  std::vector<FrontPoint> front;
  for (FrontPoint& point : points) {
    if (front.empty() || point.map > front.back().map) front.push_back(std::move(point));
  }
  return front;
}

report::LineChart front_chart(const std::vector<FrontPoint>& points) {
  report::LineChart chart{.title = "Accuracy and latency (point at a model for its name)",
                          .x_label = "ms a call, batch 1",
                          .y_label = "mAP"};
  report::LineChart::Series front{.name = "no other is faster and more accurate", .x = {}, .y = {}},
      all{.name = "all", .x = {}, .y = {}, .joined = false};
  for (const FrontPoint& point : front_of(points)) add(front, point);
  front.notes.clear();  // the points above the line have them
  for (const FrontPoint& point : points) add(all, point);
  chart.series = {std::move(front), std::move(all)};
  return chart;
}

}  // namespace y6q::pipeline
