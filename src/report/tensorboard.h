#pragma once

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>

#include "base/files.h"

namespace y6q::report {

/// Scalars for TensorBoard: an event file in TFRecord framing (length, masked CRC-32C of it, protobuf Event,
/// masked CRC-32C of that), one event a scalar, on disk when add_scalar returns.
class EventWriter {
 public:
  /// Makes the folder and a new `events.out.tfevents.<time>.<host>.<process>.<number>` in it; TensorBoard
  /// shows all files of a folder as one run. Throws EnvironmentError.
  explicit EventWriter(const fs::path& folder);

  /// Says that a run begins or goes on at `step`: readers drop what earlier files of the folder hold from
  /// that step on (steps that a killed run had done but not saved).
  void start_session(int64_t step);
  /// tag: "train/loss"; a slash groups. step: epoch or iteration. wall_time_s: since 1970, negative: now.
  void add_scalar(std::string_view tag, double value, int64_t step, double wall_time_s = -1);
  const fs::path& path() const { return path_; }

 private:
  void write(std::string_view event);
  fs::path path_;
  std::ofstream stream_;
};

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4).
uint32_t crc32c(std::string_view bytes);

}  // namespace y6q::report
