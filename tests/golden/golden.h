#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "base/files.h"
#include "formats/safetensors.h"

/// Numbers recorded from the reference, outside this repository. Without the folder golden tests are skipped;
/// with it a missing file is a failure.
namespace y6q::golden {

inline fs::path folder() { return fs::path(Y6Q_SHARED) / "golden"; }

#define Y6Q_NEED_GOLDEN() \
  if (!y6q::fs::exists(y6q::golden::folder())) GTEST_SKIP() << "no golden folder at " << y6q::golden::folder()

/// golden/<name>.safetensors
inline formats::SafetensorsReader tensors(const std::string& name) {
  return formats::SafetensorsReader(folder() / (name + ".safetensors"));
}

/// golden/<name>.json; non-finite numbers are the strings "nan", "inf", "-inf".
inline nlohmann::json json(const std::string& name) {
  return nlohmann::json::parse(read_file(folder() / (name + ".json")));
}

struct Tolerance {
  double rtol = 0, atol = 0;
};

/// |got - want| <= atol + rtol |want|, element by element; reports the worst.
template <typename Got, typename Want>
void expect_close(const Got& got, const Want& want, Tolerance tolerance, const std::string& label) {
  ASSERT_EQ(std::size(got), std::size(want)) << label;
  double worst = 0;
  size_t where = 0, failures = 0;
  for (size_t i = 0; i < std::size(want); ++i) {
    const auto g = static_cast<double>(got[i]), w = static_cast<double>(want[i]);
    const double excess = std::abs(g - w) / (tolerance.atol + tolerance.rtol * std::abs(w) + 1e-300);
    if (g == w || excess <= 1) continue;
    ++failures;
    if (excess > worst || std::isnan(excess)) worst = excess, where = i;
  }
  EXPECT_EQ(failures, 0U) << label << ": worst at " << where << ": got " << +got[where] << ", want "
                          << +want[where];
}

}  // namespace y6q::golden
