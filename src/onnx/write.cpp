#include "onnx/write.h"

#include "base/errors.h"
#include "base/files.h"
#include "onnx/emit.h"

namespace y6q::onnx {

void write_onnx(const fs::path& path, const ir::Model& model, const OnnxOptions& options) {
  // protobuf's limit for one message.
  constexpr size_t kLargestFile = (size_t{1} << 31) - 1;
  const ::onnx::ModelProto proto = emit(model, options);
  if (proto.ByteSizeLong() > kLargestFile) {
    throw UnsupportedError(
        "onnx: {}: the model takes {} bytes; an ONNX file holds 2 GiB; use a smaller model", path.string(),
        proto.ByteSizeLong());
  }
  write_file(path, proto.SerializeAsString());
}

}  // namespace y6q::onnx
