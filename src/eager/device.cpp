#include "eager/device.h"

#include <ATen/Context.h>
#include <ATen/DeviceAccelerator.h>
#include <dlfcn.h>

#include <charconv>

#include "base/errors.h"

namespace y6q::eager {
namespace {

/// Before anything asks LibTorch for CUDA: it remembers the first answer.
void load_cuda() {
  static const std::string error = [] {
    const void* library = ::dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL);
    if (library != nullptr) return std::string();
    return std::string(::dlerror());  // NOLINT(concurrency-mt-unsafe): once
  }();
  if (error.empty()) return;
  throw EnvironmentError(
      "--device cuda: LibTorch's CUDA part cannot be loaded ({}); ./run setup --cuda fetches what is missing",
      error);
}

at::DeviceIndex index_in(const std::string& name, size_t prefix) {
  int index = 0;
  const char* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data() + prefix, end, index);
  constexpr int kMost = 127;
  if (error != std::errc() || stop != end || index < 0 || index > kMost) {
    throw UsageError("--device {}: cpu, cuda or cuda:N is accepted, N from 0", name);
  }
  return static_cast<at::DeviceIndex>(index);
}

}  // namespace

at::Device open_device(const std::string& name) {
  if (name == "cpu") return at::kCPU;
  constexpr std::string_view kPrefix = "cuda:";
  const bool numbered = name.starts_with(kPrefix);
  if (!numbered && name != "cuda") throw UsageError("--device {}: cpu, cuda or cuda:N is accepted", name);
  const at::DeviceIndex index = numbered ? index_in(name, kPrefix.size()) : at::DeviceIndex{0};
  load_cuda();
  if (!at::globalContext().hasCUDA()) {
    throw EnvironmentError(
        "--device {}: there is no NVIDIA driver, or no GPU that this process may use; yolov6q doctor lists "
        "what is there",
        name);
  }
  const int count = at::accelerator::deviceCount();
  if (index < count) return {at::kCUDA, index};
  throw EnvironmentError("--device {}: this machine has {} GPUs, counted from 0", name, count);
}

}  // namespace y6q::eager
