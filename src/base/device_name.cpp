#include "base/device_name.h"

#include "base/errors.h"
#include "base/fields.h"

namespace y6q {
namespace {

/// "cuda:1" or "1".
std::optional<DeviceName> numbered_gpu(std::string_view text) {
  constexpr std::string_view kPrefix = "cuda:";
  constexpr int kMost = 127;
  if (text.starts_with(kPrefix)) text.remove_prefix(kPrefix.size());
  int number = 0;
  if (!fields::parse_number(text, 0, kMost, number)) return std::nullopt;
  return DeviceName{number};
}

}  // namespace

std::string DeviceName::text() const { return gpu ? fmt::format("cuda:{}", *gpu) : "cpu"; }

std::vector<DeviceName> device_names(std::string_view text) {
  if (text == "cpu") return {DeviceName{}};
  if (text == "cuda") return {DeviceName{0}};
  std::vector<DeviceName> names;
  for (const std::string_view element : fields::elements(text)) {
    const auto name = numbered_gpu(element);
    if (!name) {
      names.clear();
      break;
    }
    names.push_back(*name);
  }
  if (!names.empty()) return names;
  throw UsageError("'{}' is no device; cpu, cuda, cuda:1 or, for several processes, 0,1 is accepted", text);
}

}  // namespace y6q
