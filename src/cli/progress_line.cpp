#include "cli/progress_line.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "base/duration.h"
#include "base/utf8.h"

namespace y6q::cli {
namespace {

struct Parts {
  bool bar, rate, unit, left;
};

std::string bar(const Progress& progress) {
  constexpr int64_t kWidth = 24;
  if (progress.total <= 0) return "";
  const auto filled = static_cast<size_t>(std::min(progress.done, progress.total) * kWidth / progress.total);
  return "[" + std::string(filled, '#') + std::string(kWidth - filled, '.') + "] ";
}

std::string line_of(const Progress& progress, const Parts& parts) {
  const double rate = progress.seconds > 0 ? static_cast<double>(progress.done) / progress.seconds : 0;
  std::string line = progress.task + " " + (parts.bar ? bar(progress) : "") + std::to_string(progress.done);
  if (progress.total > 0) line += fmt::format("/{}", progress.total);
  if (parts.unit) line += " " + progress.unit;
  if (parts.rate && rate > 0) line += fmt::format(", {:.3g}/s", rate);
  if (parts.left && rate > 0 && progress.total > progress.done)
    line += ", " + duration_text(static_cast<double>(progress.total - progress.done) / rate) + " left";
  if (!progress.status.empty()) line += ", " + progress.status;
  return line;
}

}  // namespace

std::string progress_line(const Progress& progress) {
  return line_of(progress, {.bar = false, .rate = true, .unit = true, .left = true});
}

std::string progress_bar(const Progress& progress, size_t room) {
  constexpr std::array kRichestFirst{Parts{true, true, true, true}, Parts{false, true, true, true},
                                     Parts{false, false, true, true}, Parts{false, false, false, true},
                                     Parts{false, false, false, false}};
  std::string line;
  for (const Parts& parts : kRichestFirst) {
    line = line_of(progress, parts);
    if (first_characters(line, room) == line) return line;
  }
  return std::string(first_characters(line, room));
}

}  // namespace y6q::cli
