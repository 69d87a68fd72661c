#pragma once

#include <span>

#include "formats/pickle_value.h"
#include "ir/model.h"

namespace y6q::formats {

/// A tensor as it lies in a checkpoint: any strides (in elements), possibly a part of a shared storage.
/// Whoever makes one has checked that its elements lie inside the storage.
struct PtTensor {
  pickle::ElementType type = pickle::ElementType::f32;
  ir::Shape shape{}, strides{};
  int64_t offset = 0;                    ///< elements
  std::span<const std::byte> storage{};  ///< little-endian

  int64_t elements() const;
  bool is_float() const;
};

/// Row-major copy: float32 of the four float types (float64 is rounded), int64 of integers and truth values.
ir::Array widen(const PtTensor& tensor);

}  // namespace y6q::formats
