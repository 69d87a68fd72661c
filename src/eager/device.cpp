#include "eager/device.h"

#include <ATen/Context.h>
#include <ATen/DeviceAccelerator.h>
#include <dlfcn.h>

#include "base/device_name.h"
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

}  // namespace

at::Device open_device(const std::string& name) {
  const std::vector<DeviceName> named = device_names(name);
  if (named.size() > 1) throw UsageError("--device {}: one device is accepted here", name);
  const auto gpu = named[0].gpu;
  if (!gpu) return at::kCPU;
  load_cuda();
  if (!at::globalContext().hasCUDA()) {
    throw EnvironmentError(
        "--device {}: there is no NVIDIA driver, or no GPU that this process may use; yolov6q doctor lists "
        "what is there",
        name);
  }
  const int count = at::accelerator::deviceCount();
  if (*gpu < count) return {at::kCUDA, static_cast<at::DeviceIndex>(*gpu)};
  throw EnvironmentError("--device {}: this machine has {} GPUs, counted from 0", name, count);
}

}  // namespace y6q::eager
