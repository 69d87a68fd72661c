#include "stages/build.h"

#include "base/errors.h"
#include "base/isa.h"
#include "base/utf8.h"

namespace y6q::stages {

using nlohmann::json;

json to_json(const BuildResult& result) {
  return {{"engine", name_of(result.engine)},
          {"isa", result.isa},
          {"note", result.note},
          {"layers", result.layers},
          {"convolutions", result.convolutions},
          {"integer_convolutions", result.integer_convolutions},
          {"float_convolutions", result.float_convolutions}};
}

BuildResult build(const BuildOptions& options) {
  check_not_an_input(options.out, {options.onnx});
  const auto engine = engine::open(options.engine, options.onnx,
                                   {.precision = options.precision,
                                    .input = engine::InputLayout::bytes_nchw,
                                    .batch = options.batch,
                                    .threads = options.threads});
  BuildResult result;
  result.engine = options.engine;
  result.isa = kernel_isa().name();
  result.note = engine->note();
  json layers = json::array();
  for (const engine::ExecutedLayer& layer : engine->executed_layers()) {
    ++result.layers;
    layers.push_back({{"type", layer.type}, {"name", layer.name}, {"precision", layer.precision}});
    if (layer.type != "Convolution" && layer.type != "Deconvolution") continue;
    ++result.convolutions;
    if (layer.precision == "u8" || layer.precision == "i8") {
      ++result.integer_convolutions;
    } else {
      result.float_convolutions.push_back(layer.name);
    }
  }
  json document = to_json(result);
  document["onnx_sha256"] = sha256_of_file(options.onnx);
  document["executed"] = layers;
  write_file(options.out, json_text(document, 2) + "\n");
  return result;
}

}  // namespace y6q::stages
