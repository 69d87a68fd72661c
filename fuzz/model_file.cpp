#include "formats/model_file.h"

#include <cstdlib>

#include "base/errors.h"
#include "fuzz/target.h"
#include "ir/text.h"

// Bytes are a model file or an error of the input, never anything else. What was accepted is a graph whose
// text reads back as the same text, with an array for every parameter.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace y6q;
  try {
    const formats::ModelFile file = formats::parse_model(std::as_bytes(std::span(data, size)), "fuzz");
    const std::string text = ir::to_text(file.model.graph);
    if (ir::to_text(ir::parse_graph(text)) != text) std::abort();
    for (const ir::Node& node : file.model.graph.nodes()) {
      if (std::holds_alternative<ir::Parameter>(node.op)) file.model.weights.at(node.name);
    }
  } catch (const InputError&) {
  } catch (const ShapeError&) {
  }
  return 0;
}
