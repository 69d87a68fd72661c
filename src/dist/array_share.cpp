#include "dist/array_share.h"

#include <charconv>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string_view>

#include "base/errors.h"

namespace y6q::dist {
namespace {

std::optional<int> whole_number(const char* name, int low) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread starts
  if (value == nullptr || *value == '\0') return {};
  const std::string_view text = value;
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && number >= low) return number;
  throw UsageError("{}={}: a whole number from {} to {} is accepted; it comes from sbatch --array", name,
                   text, low, std::numeric_limits<int>::max());
}

}  // namespace

Share array_share_from_environment() {
  const auto id = whole_number("SLURM_ARRAY_TASK_ID", 0), count = whole_number("SLURM_ARRAY_TASK_COUNT", 1);
  if (!id || !count) return {};
  const int first = whole_number("SLURM_ARRAY_TASK_MIN", 0).value_or(0),
            step = whole_number("SLURM_ARRAY_TASK_STEP", 1).value_or(1);
  const int part = (*id - first) / step;
  if (*id < first || (*id - first) % step != 0 || part >= *count) {
    throw UsageError(
        "SLURM_ARRAY_TASK_ID={} of an array of {} from {} by {}: an array without gaps is accepted, such as "
        "--array=0-{}",
        *id, *count, first, step, *count - 1);
  }
  return {part, *count};
}

}  // namespace y6q::dist
