#include <onnx-ml.pb.h>

#include "base/errors.h"
#include "fuzz/target.h"
#include "onnx/check.h"

// Bytes are no ONNX file, or one that the checker accepts or refuses, never anything else.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ::onnx::ModelProto file;
  if (!file.ParseFromArray(data, static_cast<int>(size))) return 0;
  try {
    y6q::onnx::check(file, {.signed_codes = true});
  } catch (const y6q::InputError&) {
  } catch (const y6q::UnsupportedError&) {
  }
  return 0;
}
