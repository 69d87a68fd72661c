#include <cstdlib>

#include "base/errors.h"
#include "fuzz/target.h"
#include "ir/text.h"

// Text is a graph or an error of the input, never anything else. What was accepted is written as a text that
// reads back as itself.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace y6q;
  try {
    const std::string text = ir::to_text(ir::parse_graph({reinterpret_cast<const char*>(data), size}));
    if (ir::to_text(ir::parse_graph(text)) != text) std::abort();
  } catch (const InputError&) {
  } catch (const ShapeError&) {
  }
  return 0;
}
