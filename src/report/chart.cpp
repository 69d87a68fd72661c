#include "report/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/errors.h"

namespace y6q::report {
namespace {

// Drawing units; the page scales the picture to its column.
constexpr double kWidth = 460, kHeight = 270, kLeft = 54, kRight = 14, kTop = 12, kBottom = 42;
// Labels of ticks that would touch are left out.
constexpr double kDigitWidth = 7.5, kLabelGap = 8;
constexpr double kXSteps = 6;
constexpr size_t kMaxPoints = 800;  // more cannot be seen at this width

struct Span {
  double low = 0, high = 1;
};

/// Finite, and far from where the arithmetic of axes overflows.
bool can_draw(double value) { return std::abs(value) < 1e100; }

/// Range of the values; widened when it is (almost) a single point.
Span range_of(const LineChart& chart, std::vector<double> LineChart::Series::*values) {
  Span span{INFINITY, -INFINITY};
  for (const auto& series : chart.series) {
    for (const double value : series.*values) {
      if (!can_draw(value)) continue;
      span.low = std::min(span.low, value);
      span.high = std::max(span.high, value);
    }
  }
  if (span.low > span.high) return {0, 1};
  const double magnitude = std::max(std::abs(span.low), std::abs(span.high));
  constexpr double kSmallest = 1e-100;  // nothing in a report is smaller and not 0
  if (span.high - span.low <= std::max(magnitude * 1e-9, kSmallest)) {
    const double margin = magnitude <= kSmallest ? 1 : magnitude * 0.1;
    return {span.low - margin, span.high + margin};
  }
  return span;
}

bool are_whole(const LineChart& chart) {
  return std::ranges::all_of(chart.series, [](const auto& series) {
    return std::ranges::all_of(series.x, [](double x) { return x == std::floor(x); });
  });
}

class Frame {
 public:
  Frame(Span x, Span y) : x_(x), y_(y) {}
  double x(double value) const {
    return kLeft + (value - x_.low) / (x_.high - x_.low) * (kWidth - kLeft - kRight);
  }
  double y(double value) const {
    return kHeight - kBottom - (value - y_.low) / (y_.high - y_.low) * (kHeight - kTop - kBottom);
  }

 private:
  Span x_, y_;
};

std::string axes(const LineChart& chart, const Frame& frame, const std::vector<double>& x_ticks,
                 const std::vector<double>& y_ticks) {
  std::string svg;
  for (const double value : y_ticks) {
    const double y = frame.y(value);
    svg += fmt::format("<line class=\"grid\" x1=\"{}\" y1=\"{:.1f}\" x2=\"{}\" y2=\"{:.1f}\"/>", kLeft, y,
                       kWidth - kRight, y);
    svg +=
        fmt::format("<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{:g}</text>", kLeft - 7, y + 4, value);
  }
  double free_from = 0;
  for (const double value : x_ticks) {
    const double half = kDigitWidth / 2 * static_cast<double>(fmt::formatted_size("{:g}", value));
    if (frame.x(value) - half < free_from) continue;
    free_from = frame.x(value) + half + kLabelGap;
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{:g}</text>", frame.x(value),
                       kHeight - kBottom + 17, value);
  }
  svg += fmt::format("<text class=\"label\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                     (kLeft + kWidth - kRight) / 2, kHeight - 6, escape_html(chart.x_label));
  const double middle = (kTop + kHeight - kBottom) / 2;
  svg += fmt::format(
      "<text class=\"label\" x=\"10\" y=\"{0}\" text-anchor=\"middle\" transform=\"rotate(-90 10 "
      "{0})\">{1}</text>",
      middle, escape_html(chart.y_label));
  return svg;
}

/// A dot with what it says and opens.
std::string dot(const LineChart::Series& series, size_t i, const Frame& frame, size_t style) {
  const std::string circle =
      fmt::format("<circle class=\"s{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\"", style, frame.x(series.x[i]),
                  frame.y(series.y[i]), series.notes.empty() ? 3 : 5);
  if (series.notes.empty()) return circle + "/>";
  const LineChart::Note& note = series.notes[i];
  const std::string told = fmt::format("{}><title>{}</title></circle>", circle, escape_html(note.text));
  return note.path.empty() ? told : fmt::format("<a href=\"{}\">{}</a>", escape_html(note.path), told);
}

std::string curve(const LineChart::Series& series, const Frame& frame, size_t style) {
  const size_t count = series.x.size(), step = count / kMaxPoints + 1;
  std::string path, dots;
  bool pen_down = false;
  for (size_t i = 0; i < count; ++i) {
    if (i % step != 0 && i + 1 != count) continue;
    if (!can_draw(series.x[i]) || !can_draw(series.y[i])) {
      pen_down = false;
      continue;
    }
    if (!series.joined) continue;
    path += fmt::format("{}{:.1f} {:.1f}", pen_down ? "L" : "M", frame.x(series.x[i]), frame.y(series.y[i]));
    pen_down = true;
  }
  constexpr size_t kFew = 24;  // where a line alone would hide how often something was measured
  if (count <= kFew || !series.joined) {
    for (size_t i = 0; i < count; ++i) {
      if (can_draw(series.x[i]) && can_draw(series.y[i])) dots += dot(series, i, frame, style);
    }
  }
  return path.empty() ? dots : fmt::format("<path class=\"s{}\" d=\"{}\"/>{}", style, path, dots);
}

}  // namespace

std::vector<double> axis_ticks(double low, double high, int count) {
  const double raw = (high - low) / count;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  const double step = power * (raw / power <= 1 ? 1 : raw / power <= 2 ? 2 : raw / power <= 5 ? 5 : 10);
  std::vector<double> ticks;
  const auto first = std::floor(low / step + 1e-9), last = std::ceil(high / step - 1e-9);
  for (double i = first; i <= last; ++i) ticks.push_back(i * step == 0 ? 0 : i * step);
  return ticks;
}

std::string to_svg(const LineChart& chart) {
  for (const auto& series : chart.series) {
    if (series.x.size() != series.y.size()) {
      throw InternalError("report: chart '{}', series '{}': {} x for {} y", chart.title, series.name,
                          series.x.size(), series.y.size());
    }
    if (!series.notes.empty() && series.notes.size() != series.x.size()) {
      throw InternalError("report: chart '{}', series '{}': {} notes for {} points", chart.title, series.name,
                          series.notes.size(), series.x.size());
    }
  }
  const Span x_range = range_of(chart, &LineChart::Series::x),
             y_range = range_of(chart, &LineChart::Series::y);
  // Between whole numbers, such as epochs, there is nothing to be read off.
  const double steps = are_whole(chart) ? std::clamp(x_range.high - x_range.low, 1.0, kXSteps) : kXSteps;
  auto x_ticks = axis_ticks(x_range.low, x_range.high, static_cast<int>(steps));
  std::erase_if(x_ticks, [&](double value) { return value < x_range.low || value > x_range.high; });
  const auto y_ticks = axis_ticks(y_range.low, y_range.high, 5);
  const Frame frame(x_range, {y_ticks.front(), y_ticks.back()});
  std::string svg = fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">", kWidth, kHeight,
                                escape_html(chart.title));
  svg += axes(chart, frame, x_ticks, y_ticks);
  for (size_t i = 0; i < chart.series.size(); ++i) svg += curve(chart.series[i], frame, i % kSeriesStyles);
  return svg + "</svg>";
}

}  // namespace y6q::report
