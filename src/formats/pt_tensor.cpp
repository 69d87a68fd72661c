#include "formats/pt_tensor.h"

#include <cstring>

#include "base/errors.h"
#include "base/half.h"

namespace y6q::formats {
namespace {

using pickle::ElementType;

bool is_contiguous(const PtTensor& tensor) {
  int64_t expected = 1;
  for (size_t i = tensor.shape.size(); i-- > 0;) {
    if (tensor.shape[i] != 1 && tensor.strides[i] != expected) return false;
    expected *= tensor.shape[i];
  }
  return true;
}

/// Elements in row-major order, through memcpy: storages in a file need not be aligned.
template <typename Stored, typename Wide, typename Convert>
std::vector<Wide> gather(const PtTensor& tensor, Convert convert) {
  std::vector<Wide> result(static_cast<size_t>(tensor.elements()));
  const bool row = is_contiguous(tensor);  // as well as scalars
  const ir::Shape shape = row ? ir::Shape{tensor.elements()} : tensor.shape;
  const ir::Shape strides = row ? ir::Shape{1} : tensor.strides;
  ir::Shape index(shape.size(), 0);
  const std::byte* line = tensor.storage.data() + tensor.offset * static_cast<int64_t>(sizeof(Stored));
  for (size_t done = 0; done < result.size();) {
    for (int64_t i = 0; i < shape.back(); ++i, ++done) {
      Stored stored;
      std::memcpy(&stored, line + i * strides.back() * static_cast<int64_t>(sizeof(Stored)), sizeof(Stored));
      result[done] = static_cast<Wide>(convert(stored));
    }
    for (size_t axis = shape.size() - 1; axis-- > 0;) {
      const int64_t step = strides[axis] * static_cast<int64_t>(sizeof(Stored));
      line += step;
      if (++index[axis] < shape[axis]) break;
      line -= step * shape[axis];
      index[axis] = 0;
    }
  }
  return result;
}

template <typename Stored>
std::vector<int64_t> integers(const PtTensor& tensor) {
  return gather<Stored, int64_t>(tensor, [](Stored value) { return value; });
}

}  // namespace

int64_t PtTensor::elements() const {
  int64_t count = 1;
  for (const int64_t extent : shape) count *= extent;
  return count;
}

bool PtTensor::is_float() const {
  return type == ElementType::f64 || type == ElementType::f32 || type == ElementType::f16 ||
         type == ElementType::bf16;
}

ir::Array widen(const PtTensor& tensor) {
  switch (tensor.type) {
    case ElementType::f64:
      return {tensor.shape, gather<double, float>(tensor, [](double value) { return value; })};
    case ElementType::f32:
      return {tensor.shape, gather<float, float>(tensor, [](float value) { return value; })};
    case ElementType::f16:
      return {tensor.shape, gather<uint16_t, float>(tensor, widen_half)};
    case ElementType::bf16:
      return {tensor.shape, gather<uint16_t, float>(tensor, widen_bfloat16)};
    case ElementType::i64:
      return {tensor.shape, integers<int64_t>(tensor)};
    case ElementType::i32:
      return {tensor.shape, integers<int32_t>(tensor)};
    case ElementType::i16:
      return {tensor.shape, integers<int16_t>(tensor)};
    case ElementType::i8:
      return {tensor.shape, integers<int8_t>(tensor)};
    case ElementType::u8:
      return {tensor.shape, integers<uint8_t>(tensor)};
    case ElementType::boolean:
      return {tensor.shape, gather<uint8_t, int64_t>(tensor, [](uint8_t value) { return value != 0; })};
  }
  throw InternalError("pt: element type {}", static_cast<int>(tensor.type));
}

}  // namespace y6q::formats
