#pragma once

#include <string>

#include "eager/torch.h"

namespace y6q::eager {

/// The device of a name (base/device_name.h). LibTorch's CUDA part is a library of its own that is loaded
/// when a name first asks for it, so that one program serves machines with and without a GPU (spec/09 §1).
/// Throws EnvironmentError with the way out when it is not there, or no driver or no such GPU, UsageError for
/// what is not one device.
at::Device open_device(const std::string& name);

}  // namespace y6q::eager
