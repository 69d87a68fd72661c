#pragma once

#include <algorithm>
#include <cmath>

#include "ir/queries.h"
#include "models/yolov6.h"
#include "passes/append_decode.h"
#include "passes/deploy.h"
#include "passes/insert_quantizers.h"
#include "passes/share_ranges.h"
#include "pipeline/networks.h"
#include "quant/half_scale.h"

/// YOLOv6 from the description to the file, without training.
namespace y6q::pipeline {

inline constexpr int64_t kSize = 64;

/// Random weights, merged, folded and decoded; 3 classes, 64 x 64.
inline ir::Model decoded_network(const std::string& architecture = "yolov6n") {
  ir::Model model = models::yolov6({.architecture = architecture,
                                    .mode = models::Mode::repopt,
                                    .class_count = 3,
                                    .image_size = {kSize, kSize}});
  // He initialisation, predictions included (they start at zero): otherwise the signal fades through 30
  // layers.
  Random random(11);
  for (auto& [name, array] : model.weights) {
    if (array.shape.size() != 4) continue;
    const double bound =
        1.25 * std::sqrt(6.0 / static_cast<double>(ir::element_count(array.shape) / array.shape[0]));
    for (float& value : array.floats()) value = static_cast<float>(random.uniform(-bound, bound));
  }
  return passes::append_decode(passes::deploy(model));
}

/// Ranges of all activations: the largest magnitudes on `images`, as calibration chooses them.
inline ir::Model quantized_network(const ir::Model& network, const ir::Tensor& images,
                                   const passes::QuantPolicy& policy) {
  ir::Model model = passes::share_ranges(passes::insert_quantizers(network, policy));
  const auto results = ir::interpret_all(network, images);
  for (const ir::Value quantizer : ir::activation_quantizers(model.graph)) {
    const ir::Node& node = model.graph.node(quantizer);
    const auto& op = std::get<ir::FakeQuant>(node.op);
    double largest = 0;
    for (const double value : results.at(model.graph.node(node.inputs[0]).name).data)
      largest = std::max(largest, std::fabs(value));
    auto amax = static_cast<float>(largest);
    if (op.half_scale) amax = quant::range_of_half_step(amax, quant::integer_range(op.bits, op.is_signed));
    model.weights.at(model.graph.node(node.inputs[1]).name) = ir::Array::scalar(amax);
  }
  return passes::share_ranges(model);
}

}  // namespace y6q::pipeline
