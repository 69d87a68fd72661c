#pragma once

#include <string>

#include "eager/torch.h"
#include "ir/model.h"

namespace y6q::train {

/// A float tensor as a host array, row-major whatever its memory layout.
ir::Array to_array(const torch::Tensor& tensor);

/// A new float32 tensor, row-major.
torch::Tensor to_tensor(const ir::Array& array);

/// Writes the array into the tensor, keeping its memory layout. Throws InputError naming `name` when the
/// shapes differ.
void copy_into(const ir::Array& array, const std::string& name, torch::Tensor tensor);

}  // namespace y6q::train
