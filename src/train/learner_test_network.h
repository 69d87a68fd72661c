#pragma once

#include <string>
#include <vector>

#include "base/random.h"
#include "data/loader.h"
#include "ir/model.h"

/// A small network with everything that a learner meets, and images for it.
namespace y6q::train::tiny {

inline constexpr int64_t kSide = 64, kClasses = 3;

inline ir::Array drawn(Random& random, ir::Shape shape, double spread) {
  ir::Array array = ir::Array::zeros(std::move(shape));
  for (float& value : array.floats()) value = static_cast<float>(random.normal() * spread);
  return array;
}

enum class Kernels { plain, quantized, normalised };

/// Three levels: a convolution whose weights are quantized, or whose result is normalised over the batch,
/// where asked for, and the maps of a head on it.
inline ir::Model network(uint64_t seed, Kernels kernels) {
  Random random(seed);
  ir::Model m;
  ir::Value x = m.graph.add("images", ir::Input{{1, 3, kSide, kSide}}, {});
  std::vector<std::vector<ir::Value>> maps(3);
  int64_t channels = 3;
  for (int64_t level = 0; level < 3; ++level) {
    const std::string at = "level" + std::to_string(level) + ".";
    const int64_t step = level == 0 ? 8 : 2;
    ir::Value weight = m.add_parameter(at + "weight", drawn(random, {8, channels, step, step}, 0.1), true);
    if (kernels == Kernels::quantized) {
      const ir::Value amax = m.add_parameter(at + "weight.amax", ir::Array::filled({8}, 1), false);
      weight = m.graph.add(at + "weight.quant", ir::FakeQuant{.channel_axis = 0}, {weight, amax});
    }
    x = m.graph.add(at + "conv", ir::Conv2d{{step, step}}, {x, weight});
    if (kernels == Kernels::normalised) {
      const auto filled = [&](const char* name, float value, bool trainable) {
        return m.add_parameter(at + name, ir::Array::filled({8}, value), trainable);
      };
      x = m.graph.add(at + "norm", ir::BatchNorm{},
                      {x, filled("gain", 1, true), filled("shift", 0, true), filled("mean", 0, false),
                       filled("variance", 1, false)});
    }
    x = m.graph.add(at + "relu", ir::Relu{}, {x});
    channels = 8;
    maps[0].push_back(x);
    size_t kind = 1;
    for (const auto& [name, outputs] : {std::pair{"cls", kClasses}, std::pair{"reg", int64_t{4}}}) {
      const ir::Value kernel =
          m.add_parameter(at + name + ".weight", drawn(random, {outputs, 8, 1, 1}, 0.3), true);
      const ir::Value bias = m.add_parameter(at + name + ".bias", ir::Array::filled({outputs}, 1), true);
      maps[kind++].push_back(m.graph.add(at + name, ir::Conv2d{}, {x, kernel, bias}));
    }
  }
  const char* const names[]{"feat", "cls", "reg"};
  for (const size_t kind : {1, 2, 0}) {
    for (size_t l = 0; l < 3; ++l) m.graph.mark_output(names[kind] + std::to_string(l), maps[kind][l]);
  }
  return m;
}

/// Two images of noise with boxes.
inline data::Batch batch() {
  Random random(9);
  data::Batch batch;
  batch.count = batch.whole_count = 2;
  batch.height = batch.width = kSide;
  batch.images.resize(2 * 3 * kSide * kSide);
  for (auto& value : batch.images) value = static_cast<uint8_t>(random.bits() >> 56);
  batch.targets = {{0, 1, .5F, .5F, .5F, .4F}, {0, 0, .3F, .6F, .2F, .3F}, {1, 2, .6F, .4F, .7F, .7F}};
  return batch;
}

}  // namespace y6q::train::tiny
