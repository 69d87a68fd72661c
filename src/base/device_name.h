#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace y6q {

/// What LibTorch computes on, as options name it. Whether it is there shows when it is opened
/// (eager/device.h).
struct DeviceName {
  std::optional<int> gpu = {};  ///< NVIDIA's, counted from 0; nothing: the CPU

  std::string text() const;  ///< "cpu", "cuda:1"
  bool operator==(const DeviceName&) const = default;
};

/// "cpu", "cuda" (the first GPU), "cuda:1", or GPUs for the processes of a machine, "0,cuda:1". Throws
/// UsageError for anything else.
std::vector<DeviceName> device_names(std::string_view text);

}  // namespace y6q
