#include <onnx-ml.pb.h>

#include "base/errors.h"
#include "fuzz/target.h"
#include "onnx/check.h"

// Bytes are no ONNX file, or one that the checker accepts or refuses, never anything else.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace y6q;
  ::onnx::ModelProto file;
  if (!file.ParseFromArray(data, static_cast<int>(size))) return 0;
  try {
    onnx::check(file, {.signed_codes = true});
  } catch (const InputError&) {
  } catch (const UnsupportedError&) {
  }
  return 0;
}
