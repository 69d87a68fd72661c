#include "eager/network.h"

#include <gmock/gmock.h>

#include "base/random.h"
#include "eager/fake_quant.h"
#include "ir/interpret.h"
#include "support/missing_operators.h"

namespace y6q::eager {
namespace {

using ir::Array;
using ir::Value;

Array drawn(Random& random, ir::Shape shape, double low = -1) {
  Array array = Array::zeros(std::move(shape));
  for (float& value : array.floats()) value = static_cast<float>(random.uniform(low, 1));
  return array;
}

/// Every operator once, with a strided, padded, grouped convolution and odd sizes; without quantizers: every
/// other one.
ir::Model every_operator(bool quantized = true) {
  Random random(11);
  ir::Model m;
  auto parameter = [&](const std::string& name, ir::Shape shape, double low = -1) {
    return m.add_parameter(name, drawn(random, std::move(shape), low), true);
  };
  const Value images = m.graph.add("images", ir::Input{{1, 4, 9, 7}}, {});
  const Array drawn_ranges = drawn(random, {8}, 0.5);
  Value quant = images, weight = parameter("w", {8, 2, 3, 3});
  if (quantized) {
    const Value amax = m.add_parameter("amax", Array::scalar(0.9F), false);
    quant = m.graph.add("quant", ir::FakeQuant{}, {images, amax});
    const Value ranges = m.add_parameter("ranges", drawn_ranges, false);
    weight = m.graph.add("weight_quant", ir::FakeQuant{.channel_axis = 0}, {weight, ranges});
  }
  Value x = m.graph.add("conv", ir::Conv2d{{2, 2}, {1, 1}, 2}, {quant, weight, parameter("b", {8})});
  x = m.graph.add(
      "bn", ir::BatchNorm{},
      {x, parameter("gain", {8}), parameter("bias", {8}), m.add_parameter("mean", drawn(random, {8}), false),
       m.add_parameter("variance", drawn(random, {8}, 0.2), false)});
  const Value relu = m.graph.add("relu", ir::Relu{}, {x});
  x = m.graph.add("scale", ir::ChannelScale{}, {relu, parameter("s", {8})});
  x = m.graph.add("add", ir::Add{}, {x, relu});
  x = m.graph.add("silu", ir::Silu{}, {x});
  const Value pool = m.graph.add("pool", ir::MaxPool2d{}, {x});
  x = m.graph.add("average", ir::AvgPool2d{}, {x});
  x = m.graph.add("concat", ir::Concat{}, {pool, x});
  x = m.graph.add("up", ir::ConvTranspose2d{}, {x, parameter("u", {16, 4, 2, 2}), parameter("ub", {4})});
  m.graph.mark_output("up", x);
  m.graph.mark_output("decoded", m.graph.add("decode", ir::Decode{{4}}, {x, x}));
  return m;
}

ir::Tensor random_images(const ir::Shape& shape) {
  Random random(3);
  ir::Tensor images{shape, {}};
  for (int64_t i = 0; i < ir::element_count(shape); ++i) {
    images.data.push_back(static_cast<double>(static_cast<float>(random.uniform(-1, 1))));
  }
  return images;
}

torch::Tensor to_torch(const ir::Tensor& tensor) {
  return torch::tensor(tensor.data, torch::kFloat64).view(tensor.shape).to(torch::kFloat32);
}

void expect_near(const torch::Tensor& got, const ir::Tensor& want, double tolerance) {
  ASSERT_EQ(got.sizes().vec(), want.shape);
  const double worst = (got.to(torch::kFloat64) - torch::tensor(want.data, torch::kFloat64).view(want.shape))
                           .abs()
                           .max()
                           .item<double>();
  EXPECT_LE(worst, tolerance);
}

TEST(Network, AgreesWithTheInterpreterInEveryOperator) {
  constexpr double kFloat32 = 2e-5;
  const ir::Model model = every_operator();
  EXPECT_THAT(support::missing_operators(model.graph), testing::IsEmpty());
  const ir::Tensor images = random_images({2, 4, 9, 7});
  const auto want = ir::interpret(model, images);
  for (const bool channels_last : {false, true}) {
    Network network(model, {.channels_last = channels_last});
    const auto got = network.forward(to_torch(images), Mode::evaluate);
    expect_near(got[network.output_index("up")], want.at("up"), kFloat32);
    expect_near(got[network.output_index("decoded")], want.at("decoded"), 4 * kFloat32);
  }
}

// Tensors without memory: an operator of ours that mixes in one of the CPU, or looks at a value, throws.
// Convolution, batch normalisation and pooling are single calls; LibTorch has no such form of them in C++.
TEST(Network, HasNothingOfTheCpuInItsPlan) {
  Random random(5);
  ir::Model m;
  const Value images = m.graph.add("images", ir::Input{{1, 4, 9, 7}}, {});
  const Value amax = m.add_parameter("amax", Array::scalar(0.9F), false),
              ranges = m.add_parameter("ranges", drawn(random, {4}, 0.5), false);
  Value x = m.graph.add("quant", ir::FakeQuant{}, {images, amax});
  const Value scale = m.graph.add("scale_quant", ir::FakeQuant{.channel_axis = 0},
                                  {m.add_parameter("s", drawn(random, {4}), true), ranges});
  x = m.graph.add("scaled", ir::ChannelScale{}, {x, scale});
  x = m.graph.add("sum", ir::Add{}, {x, m.graph.add("silu", ir::Silu{}, {x})});
  x = m.graph.add("concat", ir::Concat{}, {x, m.graph.add("again", ir::Silu{}, {x})});
  m.graph.mark_output("decoded",
                      m.graph.add("decode", ir::Decode{{4}}, {x, m.graph.add("four", ir::Silu{}, {images})}));
  Network network(m, {.device = at::kMeta, .learn_ranges = true});
  network.follow_weights();
  const torch::Tensor pixels = torch::empty({2, 4, 9, 7}, at::TensorOptions(at::kMeta));
  for (const Mode mode : {Mode::evaluate, Mode::observe, Mode::train})
    EXPECT_TRUE(network.forward(pixels, mode)[0].is_meta());
  network.forward(pixels, Mode::train)[0].sum().backward();
  for (const NamedTensor& entry : network.tensors())
    EXPECT_EQ(entry.tensor.grad().defined(), learns(entry.kind)) << entry.name;
}

TEST(Network, GivesBackTheModelItWasMadeFrom) {
  const ir::Model model = every_operator();
  const ir::Model back = Network(model).snapshot();
  EXPECT_EQ(back.weights, model.weights);
}

TEST(Network, SortsParametersByWhoReadsThem) {
  const Network network(every_operator());
  std::map<std::string, Kind> kinds;
  for (const NamedTensor& entry : network.tensors()) kinds[entry.name] = entry.kind;
  EXPECT_EQ(kinds.at("w"), Kind::weight);
  EXPECT_EQ(kinds.at("s"), Kind::weight);
  EXPECT_EQ(kinds.at("u"), Kind::weight);
  EXPECT_EQ(kinds.at("b"), Kind::bias);
  EXPECT_EQ(kinds.at("ub"), Kind::bias);
  EXPECT_EQ(kinds.at("gain"), Kind::bn_gain);
  EXPECT_EQ(kinds.at("bias"), Kind::bias);
  EXPECT_EQ(kinds.at("mean"), Kind::statistics);
  EXPECT_EQ(kinds.at("amax"), Kind::buffer);
}

TEST(Network, ShowsActivationsToTheObserverUnquantized) {
  Network network(every_operator());
  std::vector<std::string> seen;
  torch::Tensor source;
  network.set_observer([&](const ir::Node& node, const torch::Tensor& tensor) {
    seen.push_back(node.name);
    source = tensor;
  });
  const torch::Tensor images = to_torch(random_images({1, 4, 9, 7}));
  network.forward(images, Mode::observe);
  EXPECT_EQ(seen, std::vector<std::string>{"quant"});
  EXPECT_TRUE(torch::equal(source, images));
}

// Batch statistics by hand: running values move by momentum 0.03 towards the batch's mean and unbiased
// variance.
TEST(Network, TrainingNormalisesWithTheBatchAndMovesTheRunningStatistics) {
  ir::Model m;
  const Value images = m.graph.add("images", ir::Input{{1, 1, 1, 2}}, {});
  auto one = [&](const char* name, float value, bool trainable) {
    return m.add_parameter(name, Array::filled({1}, value), trainable);
  };
  m.graph.mark_output("out", m.graph.add("bn", ir::BatchNorm{.eps = 1e-3, .momentum = 0.03},
                                         {images, one("g", 1, true), one("b", 0, true), one("m", 0, false),
                                          one("v", 1, false)}));
  Network network(m);
  const auto out = network.forward(torch::tensor({1.0F, 3.0F}).view({1, 1, 1, 2}), Mode::train)[0];
  EXPECT_NEAR(out[0][0][0][1].item<float>(), 1 / std::sqrt(1 + 1e-3), 1e-6);
  const ir::Model after = network.snapshot();
  EXPECT_NEAR(after.weights.at("m").floats()[0], 0.03 * 2, 1e-6);
  EXPECT_NEAR(after.weights.at("v").floats()[0], 0.97 + 0.03 * 2, 1e-6);
}

TEST(Network, RangesOfZeroGiveZerosAsInterpreted) {
  const ir::Tensor images = random_images({2, 4, 9, 7});
  ir::Model dead_channel = every_operator(), dead_tensor = every_operator();
  dead_channel.weights.at("ranges").floats()[2] = 0x1p-24F;
  dead_tensor.weights.at("amax") = Array::scalar(0);
  for (const ir::Model& model : {dead_channel, dead_tensor}) {
    const auto want = ir::interpret(model, images);
    Network network(model);
    const auto got = network.forward(to_torch(images), Mode::evaluate);
    for (size_t i = 0; i < got.size(); ++i) {
      expect_near(got[i], want.at(model.graph.outputs()[i].name), 1e-4);
    }
  }
}

TEST(FakeQuantizeTensor, KnowsItsChannelsInEveryMemoryLayout) {
  torch::manual_seed(4);
  const torch::Tensor plain = torch::randn({5, 3, 2, 4}), upstream = torch::randn({5, 3, 2, 4});
  for (const int64_t axis : {-1, 0, 1, 3}) {
    const torch::Tensor amax = axis < 0 ? torch::tensor(0.7F) : 0.3 + torch::rand({plain.size(axis)});
    std::vector<int64_t> shape(4, 1);
    if (axis >= 0) shape[static_cast<size_t>(axis)] = -1;
    const torch::Tensor range = amax.view(shape), scale = 63 / range;
    const torch::Tensor want = (plain * scale).round().clamp(-64, 63) / scale;
    const torch::Tensor slope = upstream * (plain.abs() <= range);
    for (const auto format : {torch::MemoryFormat::Contiguous, torch::MemoryFormat::ChannelsLast}) {
      torch::Tensor source = plain.clone(format).set_requires_grad(true);
      const torch::Tensor got = fake_quantize(source, amax, {.bits = 7, .channel_axis = axis});
      EXPECT_TRUE(got.is_contiguous(format));
      EXPECT_TRUE(torch::equal(got, want)) << axis;
      got.backward(upstream);
      EXPECT_TRUE(torch::equal(source.grad(), slope)) << axis;
    }
  }
}

TEST(FakeQuantizeTensor, RectifiesInTheSamePass) {
  torch::manual_seed(5);
  const torch::Tensor plain = torch::randn({3, 5, 17, 31}), upstream = torch::randn({3, 5, 17, 31});
  for (const bool is_signed : {false, true}) {
    for (const auto type : {torch::kFloat32, torch::kBFloat16}) {
      torch::Tensor source = plain.to(type).clone().set_requires_grad(true);
      const torch::Tensor amax = torch::tensor(0.7F);
      const torch::Tensor got = fake_quantize(source, amax, {.is_signed = is_signed}, true);
      const torch::Tensor values = source.detach().to(torch::kFloat32);
      const torch::Tensor scale = (is_signed ? 127 : 255) / amax;
      const torch::Tensor want = (values * scale).round().clamp(0, is_signed ? 127 : 255) / scale;
      EXPECT_TRUE(torch::equal(got, want.to(type)));
      got.backward(upstream.to(type));
      const torch::Tensor inside = (values > 0) * (values <= amax);
      EXPECT_TRUE(torch::equal(source.grad(), upstream.to(type) * inside));
    }
  }
}

// A quantizer does the work of the activation that it alone reads; with a second reader it cannot.
TEST(Network, OneReaderOrTwoOfAnActivationMakeNoDifference) {
  Random random(9);
  const Array kernel = drawn(random, {6, 4, 3, 3}), bias = drawn(random, {6});
  const auto network_of = [&](bool two_readers) {
    ir::Model m;
    const Value images = m.graph.add("images", ir::Input{{1, 4, 9, 7}}, {});
    const Value conv =
        m.graph.add("conv", ir::Conv2d{.pad = {1, 1}},
                    {images, m.add_parameter("w", kernel, true), m.add_parameter("b", bias, true)});
    const Value relu = m.graph.add("relu", ir::Relu{}, {conv});
    const Value amax = m.add_parameter("amax", Array::scalar(1.3F), false);
    m.graph.mark_output("out", m.graph.add("q", ir::FakeQuant{}, {relu, amax}));
    if (two_readers) m.graph.mark_output("relu", relu);
    return Network(m);
  };
  Network one = network_of(false), two = network_of(true);
  const torch::Tensor pixels = to_torch(random_images({2, 4, 9, 7}));
  for (const Mode mode : {Mode::observe, Mode::evaluate, Mode::train})
    EXPECT_TRUE(torch::equal(one.forward(pixels, mode)[0], two.forward(pixels, mode)[0]));
  for (Network* network : {&one, &two}) network->forward(pixels, Mode::train)[0].square().sum().backward();
  for (size_t i = 0; i < one.tensors().size(); ++i) {
    if (!learns(one.tensors()[i].kind)) continue;
    EXPECT_TRUE(torch::equal(one.tensors()[i].tensor.grad(), two.tensors()[i].tensor.grad()));
  }
}

TEST(Network, FakeQuantizationPassesGradientsInsideTheRangeOnly) {
  ir::Model m;
  const Value images = m.graph.add("images", ir::Input{{1, 1, 1, 4}}, {});
  const Value w = m.add_parameter("w", {{1}, std::vector<float>{1}}, true);
  const Value scaled = m.graph.add("scaled", ir::ChannelScale{}, {images, w});
  const Value amax = m.add_parameter("amax", Array::scalar(1), false);
  m.graph.mark_output("out", m.graph.add("q", ir::FakeQuant{}, {scaled, amax}));
  Network network(m);
  // d out / d w = sum of the inputs inside [-1, 1] = 0.5 - 1 + 1.
  network.forward(torch::tensor({0.5F, -1.0F, 1.0F, 1.5F}).view({1, 1, 1, 4}), Mode::train)[0]
      .sum()
      .backward();
  EXPECT_FLOAT_EQ(network.tensors()[0].tensor.grad().item<float>(), 0.5F);
}

TEST(Network, RangesOfActivationsLearnWhereAskedForAndStayPositive) {
  for (const bool learn : {false, true}) {
    Network network(every_operator(), {.learn_ranges = learn});
    const auto images = torch::rand({1, 4, 9, 7});
    torch::Tensor loss = torch::zeros({});
    for (const torch::Tensor& output : network.forward(images, Mode::train))
      loss = loss + output.square().sum();
    loss.backward();
    int ranges = 0;
    for (NamedTensor entry : network.tensors()) {
      if (!entry.name.ends_with("amax")) continue;
      EXPECT_EQ(entry.kind, learn ? Kind::range : Kind::buffer) << entry.name;
      EXPECT_EQ(entry.tensor.grad().defined(), learn) << entry.name;
      const torch::NoGradGuard no_gradients;
      const auto before = entry.tensor.clone();
      if (learn) entry.tensor.neg_();
      network.follow_weights();
      EXPECT_TRUE(torch::equal(entry.tensor, before)) << entry.name;
      ++ranges;
    }
    EXPECT_GT(ranges, 0);
  }
}

TEST(Network, Bf16StaysWithinItsPrecisionOfFloat32) {
  constexpr double kBf16 = 0.15;  // eight bits of mantissa through seven layers of values up to about 5
  const ir::Model model = every_operator(false);
  const torch::Tensor images = to_torch(random_images({2, 4, 9, 7}));
  Network plain(model), reduced(model, {.bf16 = true});
  const double worst = (plain.forward(images, Mode::evaluate)[0] - reduced.forward(images, Mode::evaluate)[0])
                           .abs()
                           .max()
                           .item<double>();
  EXPECT_LE(worst, kBf16);
}

TEST(Network, WeightsThatAreMadeTogetherAreTheSame) {
  for (const bool bf16 : {false, true}) {
    const ir::Model model = every_operator();
    Network apart(model, {.bf16 = bf16}), together(model, {.bf16 = bf16, .copies_together = true});
    for (Network* network : {&apart, &together}) {
      const auto outputs = network->forward(to_torch(random_images({3, 4, 9, 7})), Mode::train);
      outputs[0].square().sum().backward();
    }
    for (size_t i = 0; i < apart.tensors().size(); ++i) {
      const torch::Tensor want = apart.tensors()[i].tensor.grad(), got = together.tensors()[i].tensor.grad();
      ASSERT_EQ(got.defined(), want.defined());
      if (!want.defined()) continue;
      EXPECT_TRUE(got.equal(want)) << apart.tensors()[i].name << bf16;
    }
  }
}

TEST(Network, ASimulationIsExactWhateverItTrainsIn) {
  const ir::Model model = every_operator();
  const torch::Tensor images = to_torch(random_images({2, 4, 9, 7}));
  Network plain(model), reduced(model, {.bf16 = true});
  EXPECT_TRUE(
      torch::equal(plain.forward(images, Mode::evaluate)[0], reduced.forward(images, Mode::evaluate)[0]));
  EXPECT_FALSE(torch::equal(plain.forward(images, Mode::train)[0], reduced.forward(images, Mode::train)[0]));
}

}  // namespace
}  // namespace y6q::eager
