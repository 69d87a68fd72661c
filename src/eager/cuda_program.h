#pragma once

#include <array>
#include <map>
#include <mutex>
#include <span>
#include <string>

#include "eager/torch.h"

namespace y6q::eager {

/// Kernels in CUDA C++, compiled for a GPU when it first launches one by NVIDIA's compiler library (NVRTC),
/// which LibTorch's CUDA part brings along: building the program takes no CUDA.
class CudaProgram {
 public:
  static constexpr int64_t kThreads = 256;  ///< in a block

  /// source: `extern "C" __global__` functions, without includes; a product and a sum stay two roundings.
  /// There are the type Bf16, to_float(element) and assign(element, value) for it and for float: a value is
  /// rounded half to even, as base/half.h does it.
  explicit CudaProgram(const std::string& source);

  /// Runs a function on the device's current stream, kThreads threads in each of so many blocks. arguments:
  /// of the types of the function's parameters (long long is int64_t, addresses are pointers to data). Throws
  /// EnvironmentError when the compiler or the driver refuses.
  template <typename... Arguments>
  void launch(const char* function, at::Device device, int64_t blocks, Arguments... arguments) const {
    std::array<void*, sizeof...(Arguments)> addresses{&arguments...};
    launch_with(function, device, blocks, addresses);
  }

 private:
  void launch_with(const char* function, at::Device device, int64_t blocks, std::span<void*> arguments) const;
  void* function_on(at::Device device, const char* function) const;

  std::string source_;
  mutable std::mutex mutex_;
  mutable std::map<at::DeviceIndex, void*> modules_;
  mutable std::map<std::pair<at::DeviceIndex, std::string>, void*> functions_;
};

}  // namespace y6q::eager
