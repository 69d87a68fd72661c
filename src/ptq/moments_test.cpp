#include "ptq/moments.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "data/loader.h"
#include "data/synth.h"
#include "ir/interpret.h"
#include "ir/text.h"
#include "support/folder.h"

namespace y6q::ptq {
namespace {

/// A convolution whose results a quantizer rounds before the second one reads them.
ir::Model network() {
  ir::Model model{ir::parse_graph(R"(images [1, 3, 64, 64] = Input() shape=1x3x64x64
a.weight [2, 3, 3, 3] = Parameter() shape=2x3x3x3
a.bias [2] = Parameter() shape=2
a [1, 2, 32, 32] = Conv2d(images, a.weight, a.bias) stride=2x2 pad=1x1
relu [1, 2, 32, 32] = Relu(a)
amax [] = Parameter() trainable=false
quant [1, 2, 32, 32] = FakeQuant(relu, amax)
b.weight [3, 2, 1, 1] = Parameter() shape=3x2x1x1
b.bias [3] = Parameter() shape=3
b [1, 3, 32, 32] = Conv2d(quant, b.weight, b.bias)
silu [1, 3, 32, 32] = Silu(b)
c.weight [1, 3, 1, 1] = Parameter() shape=1x3x1x1
c.bias [1] = Parameter() shape=1
c [1, 1, 32, 32] = Conv2d(silu, c.weight, c.bias)
output cls0 = c
)"),
                  {}};
  Random random(5);
  for (const ir::Node& node : model.graph.nodes()) {
    if (!std::holds_alternative<ir::Parameter>(node.op)) continue;
    ir::Array array = ir::Array::zeros(node.shape);
    for (float& value : array.floats())
      value = static_cast<float>(node.name == "amax" ? 0.7 : random.uniform(-1, 1));
    model.weights.emplace(node.name, std::move(array));
  }
  return model;
}

/// The numbers by definition: two passes over the results of the interpreter, in double.
passes::Moments naive(const std::vector<ir::Tensor>& results) {
  const int64_t channels = results[0].shape[1], area = results[0].shape[2] * results[0].shape[3];
  passes::Moments moments;
  for (int64_t c = 0; c < channels; ++c) {
    double sum = 0, squares = 0;
    const auto each = [&](const auto& visit) {
      for (const ir::Tensor& tensor : results) {
        for (int64_t i = 0; i < area; ++i) visit(tensor.data[static_cast<size_t>(c * area + i)]);
      }
    };
    const double count = static_cast<double>(results.size()) * static_cast<double>(area);
    each([&](double value) { sum += value; });
    const double mean = sum / count;
    each([&](double value) { squares += (value - mean) * (value - mean); });
    moments.mean.push_back(mean);
    moments.variance.push_back(squares / count);
  }
  return moments;
}

TEST(ConvolutionMoments, AreThoseOfTheResultsOfQuantizedLayers) {
  const support::Folder folder;
  data::write_synth({.out = folder.path() / "set", .train = 5, .val = 1, .test = 1, .image_size = 64},
                    silent_monitor());
  const data::Dataset set =
      data::read_dataset(folder.path() / "set" / "data.yaml", {.split = "train"}, silent_monitor());
  const ir::Model model = network();
  const auto moments = convolution_moments(model, set, {.image_size = {64, 64}, .count = 5, .batch_size = 2},
                                           silent_monitor());
  ASSERT_EQ(moments.size(), 2U) << "not of the prediction";

  ir::Model tapped = model;
  for (const char* name : {"a", "b"}) tapped.graph.mark_output(name, *model.graph.find(name));
  std::map<std::string, std::vector<ir::Tensor>> results;
  data::Loader loader(set, {.batch_size = 1, .image_height = 64, .image_width = 64});
  loader.start_epoch(0);
  while (const auto batch = loader.next()) {
    ir::Tensor image{{1, 3, 64, 64}, {}};
    for (const uint8_t pixel : batch->images) image.data.push_back(pixel / 255.0);
    for (auto& [name, tensor] : ir::interpret(tapped, image)) results[name].push_back(tensor);
  }
  for (const char* name : {"a", "b"}) {
    const passes::Moments wanted = naive(results.at(name));
    for (size_t c = 0; c < wanted.mean.size(); ++c) {
      EXPECT_NEAR(moments.at(name).mean[c], wanted.mean[c], 1e-5) << name << ' ' << c;
      EXPECT_NEAR(moments.at(name).variance[c], wanted.variance[c], 1e-5) << name << ' ' << c;
    }
  }
}

}  // namespace
}  // namespace y6q::ptq
