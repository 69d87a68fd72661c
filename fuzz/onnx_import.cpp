#include <cstdlib>
#include <utility>

#include "base/errors.h"
#include "fuzz/target.h"
#include "ir/text.h"
#include "onnx/calibration_cache.h"
#include "onnx/import.h"

// Bytes are a network or an error of the input, never anything else: a file in ONNX, or text of a calibration
// cache. What was accepted is a graph whose text reads back as the same text, with an array for every
// parameter.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace y6q;
  try {
    for (const auto& [name, scale] :
         y6q::onnx::parse_calibration_cache({reinterpret_cast<const char*>(data), size})) {
      if (!(scale > 0)) std::abort();
    }
  } catch (const InputError&) {
  }
  ::onnx::ModelProto file;
  if (!file.ParseFromArray(data, static_cast<int>(size))) return 0;
  try {
    const ir::Model model = y6q::onnx::import_model(std::move(file), {.image_size = {64, 64}}).model;
    const std::string text = ir::to_text(model.graph);
    if (ir::to_text(ir::parse_graph(text)) != text) std::abort();
    ir::validate(model);
  } catch (const InputError&) {
  } catch (const ShapeError&) {
  }
  return 0;
}
