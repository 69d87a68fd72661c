#include "eager/device.h"

#include <ATen/Context.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "eager/fake_quant.h"
#include "eager/network.h"
#include "train/batched_scene.h"
#include "train/detection_loss.h"
#include "train/learner.h"
#include "train/learner_test_network.h"

// What a device computes is what the CPU computes. Y6Q_DEVICE names it (cuda, cuda:1); without the variable
// the tests run on the CPU itself, which shows that they can be run.
namespace y6q {
namespace {

using eager::Mode;
using torch::Tensor;

at::Device device() {
  static const at::Device chosen = [] {
    const char* name = std::getenv("Y6Q_DEVICE");  // NOLINT(concurrency-mt-unsafe): one thread
    const at::Device opened = eager::open_device(name == nullptr ? "cpu" : name);
    at::globalContext().setAllowTF32CuDNN(false);
    at::globalContext().setDeterministicAlgorithms(true, false);
    at::globalContext().setBenchmarkCuDNN(false);
    return opened;
  }();
  return chosen;
}

/// Element by element: to the tolerance of the element and of the root mean square of all.
void expect_near(const Tensor& got, const Tensor& want, double tolerance, const std::string& what) {
  ASSERT_EQ(got.sizes(), want.sizes()) << what;
  const Tensor found = got.detach().to(at::kCPU, torch::kFloat64), wanted = want.detach().to(torch::kFloat64);
  const double scale = std::sqrt(wanted.square().mean().item<double>());
  EXPECT_LE(((found - wanted).abs() - tolerance * (wanted.abs() + scale)).max().item<double>(), 0) << what;
}

ir::Array drawn(Random& random, ir::Shape shape, double low = -1) {
  ir::Array array = ir::Array::zeros(std::move(shape));
  for (float& value : array.floats()) value = static_cast<float>(random.uniform(low, 1));
  return array;
}

/// Each operator on the images or on the result of another; every result is an output.
ir::Model operators() {
  Random random(3);
  ir::Model m;
  const auto parameter = [&](const std::string& name, ir::Shape shape, bool trainable = true,
                             double low = -1) {
    return m.add_parameter(name, drawn(random, std::move(shape), low), trainable);
  };
  const auto add = [&](const char* name, ir::Op op, std::vector<ir::Value> inputs) {
    const ir::Value value = m.graph.add(name, std::move(op), std::move(inputs));
    m.graph.mark_output(name, value);
    return value;
  };
  const ir::Value images = m.graph.add("images", ir::Input{{1, 4, 18, 14}}, {});
  const ir::Value conv =
      add("conv", ir::Conv2d{{2, 2}, {1, 1}, 2}, {images, parameter("w", {8, 2, 3, 3}), parameter("b", {8})});
  add("pointwise", ir::Conv2d{{2, 2}}, {images, parameter("p", {6, 4, 1, 1})});
  add("up", ir::ConvTranspose2d{}, {conv, parameter("u", {8, 5, 2, 2}), parameter("ub", {5})});
  add("norm", ir::BatchNorm{},
      {conv, parameter("gain", {8}), parameter("shift", {8}), parameter("mean", {8}, false),
       parameter("variance", {8}, false, 0.2)});
  const ir::Value relu = add("relu", ir::Relu{}, {conv});
  add("silu", ir::Silu{}, {conv});
  add("sum", ir::Add{}, {conv, relu});
  add("scaled", ir::ChannelScale{}, {conv, parameter("s", {8})});
  add("pool", ir::MaxPool2d{}, {conv});
  add("average", ir::AvgPool2d{}, {conv});
  add("concat", ir::Concat{}, {conv, relu});
  const auto range = [&](const char* name) { return m.add_parameter(name, ir::Array::scalar(0.9F), false); };
  add("quantized", ir::FakeQuant{}, {images, range("r0")});
  add("quantized_relu", ir::FakeQuant{.is_signed = false},
      {m.graph.add("positive", ir::Relu{}, {images}), range("r1")});
  add("quantized_channels", ir::FakeQuant{.bits = 7, .channel_axis = 1},
      {images, m.add_parameter("r2", drawn(random, {4}, 0.5), false)});
  add("decoded", ir::Decode{{8}},
      {add("cls", ir::Conv2d{}, {conv, parameter("c", {3, 8, 1, 1})}),
       add("reg", ir::Conv2d{}, {conv, parameter("d", {4, 8, 1, 1})})});
  return m;
}

class DeviceOperators : public testing::TestWithParam<bool> {};

TEST_P(DeviceOperators, ForwardAndBackwardAreThoseOfTheCpu) {
  constexpr double kTolerance = 1e-4;
  const ir::Model model = operators();
  eager::Network here(model, {.channels_last = GetParam()}),
      there(model, {.channels_last = GetParam(), .device = device()});
  torch::manual_seed(2);
  const Tensor images = torch::rand({3, 4, 18, 14}) * 2 - 1;
  for (const Mode mode : {Mode::observe, Mode::evaluate, Mode::train}) {
    const auto want = here.forward(images, mode), got = there.forward(images.to(device()), mode);
    for (size_t i = 0; i < want.size(); ++i)
      expect_near(got[i], want[i], kTolerance, model.graph.outputs()[i].name);
    if (mode != Mode::train) continue;
    Tensor sum_here = torch::zeros({}), sum_there = torch::zeros({}, at::TensorOptions(device()));
    for (size_t i = 0; i < want.size(); ++i) {
      sum_here = sum_here + want[i].square().mean();
      sum_there = sum_there + got[i].square().mean();
    }
    sum_here.backward();
    sum_there.backward();
  }
  for (size_t i = 0; i < here.tensors().size(); ++i) {
    const auto &want = here.tensors()[i], &got = there.tensors()[i];
    expect_near(got.tensor, want.tensor, kTolerance, want.name);  // running statistics have moved
    if (learns(want.kind))
      expect_near(got.tensor.grad(), want.tensor.grad(), kTolerance, "gradient of " + want.name);
  }
}
INSTANTIATE_TEST_SUITE_P(Layouts, DeviceOperators, testing::Bool());

// Values on both sides of every border between two codes, where another order of operations shows.
TEST(DeviceFakeQuant, IsTheCpusBitForBit) {
  for (const int64_t bits : {7, 8}) {
    for (const bool is_signed : {true, false}) {
      const int64_t highest = (int64_t{1} << (is_signed ? bits - 1 : bits)) - 1;
      for (const float amax : {0.7F, 1.0F, 3.3333F, 1e-3F, 0.0F}) {
        const float step = std::max(amax, 1e-6F) / static_cast<float>(highest);
        std::vector<float> values;
        for (int64_t code = -highest - 3; code <= highest + 3; ++code) {
          const float border = (static_cast<float>(code) + 0.5F) * step;
          for (const float value : {border, std::nextafter(border, -1e9F), std::nextafter(border, 1e9F)})
            values.push_back(value);
        }
        Tensor here = torch::tensor(values).set_requires_grad(true);
        Tensor there = here.detach().to(device()).clone().set_requires_grad(true);
        const Tensor range = torch::tensor(amax);
        const ir::FakeQuant op{.bits = bits, .is_signed = is_signed};
        const Tensor want = eager::fake_quantize(here, range, op);
        const Tensor got = eager::fake_quantize(there, range.to(device()), op);
        EXPECT_TRUE(torch::equal(got.cpu(), want)) << bits << is_signed << amax;
        want.sum().backward();
        got.sum().backward();
        EXPECT_TRUE(torch::equal(there.grad().cpu(), here.grad())) << bits << is_signed << amax;
      }
    }
  }
}

TEST(DeviceLoss, IsThatOfTheLoops) {
  using namespace train;
  for (const int64_t reg_max : {int64_t{0}, int64_t{16}}) {
    for (const int64_t epoch : {0, 10}) {  // ATSS, then TAL
      const BatchedScene scene = random_scene({.reg_max = reg_max, .objects = {5, 0, 1, 300}});
      const LossOptions options{.class_count = 4, .reg_max = reg_max, .atss_warmup_epochs = 4};
      const auto compute = [&](at::Device where, LossForm form) {
        const Predictions leaves{scene.predictions.logits.to(where).clone().requires_grad_(),
                                 scene.predictions.distances.to(where).clone().requires_grad_()};
        DetectionLossResult result =
            DetectionLoss(options, dist::alone(), form)(leaves, scene.targets, scene.levels, epoch);
        result.total.backward();
        return std::pair(result.total.item<double>(), leaves);
      };
      const auto [want, of_loops] = compute(at::kCPU, LossForm::loops);
      const auto [got, of_device] = compute(device(), LossForm::batched);
      EXPECT_NEAR(got, want, 1e-5 * want);
      expect_near(of_device.logits.grad(), of_loops.logits.grad(), 1e-4, "by logits");
      expect_near(of_device.distances.grad(), of_loops.distances.grad(), 1e-4, "by distances");
    }
  }
}

TEST(DeviceLearner, GoesOnFromASavedStateBitForBit) {
  using namespace train;
  TrainRecipe recipe;
  recipe.epochs = 10;
  for (const char* bf16 : {"off", "on"}) {
    recipe.bf16 = bf16;
    for (const tiny::Kernels kernels : {tiny::Kernels::normalised, tiny::Kernels::quantized}) {
      const Training training{.start = tiny::network(1, kernels),
                              .teacher = tiny::network(2, tiny::Kernels::plain)};
      const auto make = [&] { return Learner(training, recipe, 5e-4, dist::alone(), device()); };
      const auto learn = [](Learner& learner, int steps) {
        for (int i = 0; i < steps; ++i) {
          learner.learn(tiny::batch(), 5);
          learner.step({.lr = 1e-3, .bias_lr = 1e-3, .momentum = 0.9});
        }
      };
      Learner straight = make(), resumed = make();
      learn(straight, 2);
      TrainState state;
      straight.save(state);
      learn(straight, 3);
      resumed.restore(state);
      learn(resumed, 3);
      EXPECT_EQ(resumed.model().weights, straight.model().weights) << bf16;
    }
  }
}

}  // namespace
}  // namespace y6q
