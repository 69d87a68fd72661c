#include "train/arrays.h"

#include "base/errors.h"

namespace y6q::train {

ir::Array to_array(const torch::Tensor& tensor) {
  const torch::Tensor rows = tensor.detach().cpu().to(torch::kFloat32).contiguous();
  const float* data = rows.const_data_ptr<float>();
  return {rows.sizes().vec(), std::vector<float>(data, data + rows.numel())};
}

torch::Tensor to_tensor(const ir::Array& array) {
  torch::Tensor tensor = torch::empty(array.shape, torch::kFloat32);
  copy_into(array, "", tensor);
  return tensor;
}

void copy_into(const ir::Array& array, const std::string& name, torch::Tensor tensor) {
  if (array.shape != tensor.sizes().vec()) {
    throw InputError("training state: '{}' has shape {}; {} expected", name, ir::to_text(array.shape),
                     ir::to_text(tensor.sizes().vec()));
  }
  const torch::NoGradGuard no_gradients;
  // copy_ reads only; from_blob has no const form.
  auto* data = const_cast<float*>(array.floats().data());  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  tensor.copy_(torch::from_blob(data, array.shape, torch::kFloat32));
}

}  // namespace y6q::train
