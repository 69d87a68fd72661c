#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace y6q::cli {

/// Work under way.
struct Progress {
  std::string task{}, unit{};   ///< "epoch 7/60", "batches"
  int64_t done = 0, total = 0;  ///< total 0: unknown
  double seconds = 0;           ///< since it began
  std::string status{};         ///< "loss 1.969, run 11:22 left"
};

/// All of it, without a bar: "epoch 7/60 17/50 batches, 3.56/s, 0:09 left, loss 1.969, run 11:22 left".
std::string progress_line(const Progress& progress);

/// The same with a bar, in at most `room` characters. What does not fit goes in this order: the bar, the
/// rate, the unit, the time left of this task; the rest is cut.
std::string progress_bar(const Progress& progress, size_t room);

}  // namespace y6q::cli
