#pragma once

#include <onnx-ml.pb.h>

#include <filesystem>
#include <string>

#include "ir/model.h"

namespace y6q::onnx {

/// "FLOAT16", or the number where ONNX has no such type.
std::string type_name(int32_t type);

/// Elements of a tensor's shape. Throws InputError naming the tensor: an extent below 0, or more than 2^31
/// elements.
size_t element_count(const ::onnx::TensorProto& tensor);

/// The numbers of a tensor, wherever the file keeps them: as raw bytes, in a typed field, or in a file of
/// `folder` (external data; none where it is empty). FLOAT, FLOAT16 and DOUBLE become floats, INT8 stays,
/// UINT8, INT32, INT64 and BOOL become int64. Throws InputError naming the tensor: another type, another
/// number of elements than the shape says, floats that are not finite, external data that lie outside the
/// folder or beyond their file.
ir::Array read_tensor(const ::onnx::TensorProto& tensor, const std::filesystem::path& folder);

}  // namespace y6q::onnx
