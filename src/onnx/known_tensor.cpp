#include "onnx/known_tensor.h"

#include "base/errors.h"
#include "onnx/read_tensor.h"

namespace y6q::onnx {

bool KnownTensors::is_constant(const std::string& name) const {
  const auto found = by_name.find(name);
  return found != by_name.end() &&
         (std::holds_alternative<Stored>(found->second) || std::holds_alternative<Folded>(found->second));
}

bool KnownTensors::is_stored(const std::string& name) const {
  const auto found = by_name.find(name);
  return found != by_name.end() && std::holds_alternative<Stored>(found->second);
}

void KnownTensors::count(const std::string& name, size_t elements) const {
  constexpr size_t kMost = size_t{1} << 27;
  elements_ += elements;
  if (elements_ > kMost)
    throw InputError("onnx: tensor '{}': more than {} elements of constants are read", name, kMost);
}

ir::Array KnownTensors::array(const std::string& name) const {
  const KnownTensor& known = by_name.at(name);
  if (const auto* stored = std::get_if<Stored>(&known)) {
    count(name, element_count(**stored));
    return read_tensor(**stored, folder);
  }
  const ir::Tensor& tensor = std::get<Folded>(known).tensor;
  return {tensor.shape, std::vector<float>(tensor.data.begin(), tensor.data.end())};
}

ir::Tensor KnownTensors::tensor(const std::string& name) const {
  const KnownTensor& known = by_name.at(name);
  if (const auto* folded = std::get_if<Folded>(&known)) {
    count(name, folded->tensor.data.size());
    return folded->tensor;
  }
  ir::Array array = this->array(name);
  return {
      std::move(array.shape),
      std::visit([](const auto& data) { return std::vector<double>(data.begin(), data.end()); }, array.data)};
}

int32_t KnownTensors::type(const std::string& name) const {
  const KnownTensor& known = by_name.at(name);
  if (const auto* folded = std::get_if<Folded>(&known)) return folded->type;
  return std::get<Stored>(known)->data_type();
}

}  // namespace y6q::onnx
