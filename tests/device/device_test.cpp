#include "eager/device.h"

#include <ATen/Context.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>
#include <cstdlib>

#include "dist/nccl.h"
#include "eager/batch_norm_kernel.h"
#include "eager/fake_quant.h"
#include "eager/network.h"
#include "eager/run_operator.h"
#include "ptq/count_magnitudes.h"
#include "support/missing_operators.h"
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
  EXPECT_THAT(support::missing_operators(model.graph), testing::IsEmpty());
  eager::Network here(model, {.channels_last = GetParam()}),
      there(model, {.channels_last = GetParam(), .device = device()});
  torch::manual_seed(2);
  const Tensor images = torch::rand({3, 4, 18, 14}) * 2 - 1;
  for (const Mode mode : {Mode::observe, Mode::evaluate, Mode::train}) {
    const auto want = here.forward(images, mode), got = there.forward(images.to(device()), mode);
    for (size_t i = 0; i < want.size(); ++i)
      expect_near(got[i], want[i], kTolerance, model.graph.outputs()[i].name);
    if (mode != Mode::train) continue;
    for (size_t i = 0; i < want.size(); ++i) {
      if (!want[i].requires_grad()) continue;
      for (const eager::Network* network : {&here, &there}) {
        for (const auto& named : network->tensors()) Tensor(named.tensor).mutable_grad() = Tensor();
      }
      // Weights, since the mean square of what is normalised does not depend on anything.
      const Tensor weights = torch::rand(want[i].sizes());
      (want[i].square() * weights).mean().backward({}, /*retain_graph=*/true);
      (got[i].square() * weights.to(device())).mean().backward({}, /*retain_graph=*/true);
      for (size_t j = 0; j < here.tensors().size(); ++j) {
        const Tensor &of_here = here.tensors()[j].tensor.grad(), &of_there = there.tensors()[j].tensor.grad();
        ASSERT_EQ(of_here.defined(), of_there.defined());
        if (of_here.defined())
          expect_near(of_there, of_here, kTolerance,
                      "gradient of " + model.graph.outputs()[i].name + " by " + here.tensors()[j].name);
      }
    }
  }
  for (size_t i = 0; i < here.tensors().size(); ++i)  // running statistics have moved
    expect_near(there.tensors()[i].tensor, here.tensors()[i].tensor, kTolerance, here.tensors()[i].name);
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

// Ranges along either axis, both memory layouts, BF16, behind an activation, sizes that fill no block.
TEST(DeviceFakeQuant, IsTheCpusForChannelsLayoutsAndTypes) {
  torch::manual_seed(4);
  for (const bool channels_last : {false, true}) {
    for (const auto type : {torch::kFloat32, torch::kBFloat16}) {
      for (const int64_t axis : {-1, 0, 1}) {
        for (const bool rectifies : {false, true}) {
          const auto format =
              channels_last ? torch::MemoryFormat::ChannelsLast : torch::MemoryFormat::Contiguous;
          const Tensor values = (torch::randn({5, 7, 3, 11}) * 2).to(type).contiguous(format);
          const Tensor upstream = torch::randn({5, 7, 3, 11}).to(type);
          const Tensor ranges = axis < 0 ? torch::tensor(1.7F) : torch::rand({values.size(axis)}) + 0.5;
          const ir::FakeQuant op{.channel_axis = axis};
          const auto run = [&](at::Device where) {
            Tensor leaf = values.to(where).detach().clone().set_requires_grad(true);
            const Tensor result = eager::fake_quantize(leaf, ranges.to(where), op, rectifies);
            result.backward(upstream.to(where));
            return std::pair(result.detach().cpu(), leaf.grad().cpu());
          };
          const auto want = run(at::kCPU), got = run(device());
          EXPECT_TRUE(torch::equal(got.first, want.first)) << channels_last << type << axis << rectifies;
          EXPECT_TRUE(torch::equal(got.second, want.second)) << channels_last << type << axis << rectifies;
        }
      }
    }
  }
}

// LibTorch's operators in float64 on the CPU are the referee.
TEST(DeviceBatchNorm, LearnsAsOnTheCpu) {
  torch::manual_seed(5);
  for (const int64_t channels : {8, 48, 96, 256, 1024, 6}) {
    for (const auto type : {torch::kFloat32, torch::kBFloat16}) {
      for (const bool rectifies : {false, true}) {
        const Tensor x = (torch::randn({4, channels, 23, 19}) * 0.5 + 30)
                             .to(type)
                             .contiguous(torch::MemoryFormat::ChannelsLast);
        const std::vector<Tensor> parameters{torch::rand({channels}) + 0.5, torch::randn({channels}),
                                             torch::randn({channels}), torch::rand({channels}) + 0.5};
        // Nothing flows where another rounding could put a result on the other side of zero.
        const Tensor exact =
            at::batch_norm(x.to(torch::kFloat64), parameters[0].to(torch::kFloat64),
                           parameters[1].to(torch::kFloat64), {}, {}, true, 0, ir::BatchNorm{}.eps, false);
        const Tensor upstream = torch::randn(x.sizes()).masked_fill(exact.abs() < 1e-3, 0).to(type);
        const auto run = [&](at::Device where, at::ScalarType activations, at::ScalarType of_parameters) {
          std::vector<Tensor> operands{x.to(where, activations).clone()};
          for (const Tensor& parameter : parameters)
            operands.push_back(parameter.to(where, of_parameters).clone());
          for (size_t i = 0; i < 3; ++i) operands[i].set_requires_grad(true);
          const Tensor y =
              eager::run_operator(ir::BatchNorm{}, operands, {.training = true, .rectifies = rectifies});
          y.backward(upstream.to(where, activations));
          return std::vector<Tensor>{y,           operands[0].grad(), operands[1].grad(), operands[2].grad(),
                                     operands[3], operands[4]};
        };
        const auto want = run(at::kCPU, torch::kFloat64, torch::kFloat64);
        const auto got = run(device(), type, torch::kFloat32), again = run(device(), type, torch::kFloat32);
        for (size_t i = 0; i < want.size(); ++i) {
          expect_near(got[i], want[i], type == torch::kBFloat16 ? 0x1p-7 : 2e-4,
                      fmt::format("{} of {} channels {}", i, channels, rectifies));
          EXPECT_TRUE(torch::equal(got[i], again[i])) << i;
        }
      }
    }
  }
}

// A quantizer behind the kernel is the referee.
TEST(DeviceBatchNorm, QuantizesAsAQuantizerBehindIt) {
  if (device().is_cpu()) GTEST_SKIP() << "a kernel of CUDA devices";
  torch::manual_seed(7);
  for (const auto type : {torch::kFloat32, torch::kBFloat16}) {
    for (const bool rectifies : {false, true}) {
      for (const bool is_signed : {false, true}) {
        const Tensor x =
            torch::randn({4, 16, 23, 19}).to(device(), type).contiguous(torch::MemoryFormat::ChannelsLast);
        const Tensor range = torch::tensor(1.1F).to(device()),
                     upstream = torch::randn(x.sizes()).to(x.options());
        const ir::FakeQuant quantizer{.bits = 8, .is_signed = is_signed};
        const auto run = [&](bool together) {
          std::vector<Tensor> operands{x.clone()};
          for (const float value : {1.3F, 0.2F, 0.0F, 1.0F})
            operands.push_back((torch::ones({16}) * value).to(device()));
          for (size_t i = 0; i < 3; ++i) operands[i].set_requires_grad(true);
          eager::NormSettings settings;
          if (together) {
            settings = {.rectifies = rectifies, .amax = range, .range = eager::rounding_of(quantizer).range};
          }
          Tensor y = eager::batch_norm_on_cuda(operands[0], operands[1], operands[2], operands[3],
                                               operands[4], settings);
          if (!together) y = eager::fake_quantize(y, range, quantizer, rectifies);
          y.backward(upstream);
          return std::vector<Tensor>{y, operands[0].grad(), operands[1].grad(), operands[2].grad()};
        };
        const auto want = run(false), got = run(true);
        for (size_t i = 0; i < want.size(); ++i)
          EXPECT_TRUE(torch::equal(got[i], want[i])) << i << type << rectifies << is_signed;
      }
    }
  }
}

TEST(DeviceHistogram, CountsAsOnTheCpu) {
  torch::manual_seed(9);
  quant::Histogram here, there;
  for (const double scale : {0.0, 1.0, 7.0, 4000.0}) {
    const Tensor values = torch::randn({3, 8, 40, 50}) * scale;
    ptq::count_magnitudes(here, values);
    ptq::count_magnitudes(there, values.to(device()));
    EXPECT_EQ(there.counts(), here.counts()) << scale;
    EXPECT_EQ(there.max(), here.max());
  }
}

TEST(DeviceSum, OfOneProcessByNcclIsItsOwn) {
  if (device().is_cpu()) GTEST_SKIP() << "NCCL is for CUDA devices";
  const auto sum = dist::nccl_sum(dist::alone(), device());
  ASSERT_NE(sum, nullptr);
  const Tensor values = torch::arange(1000, torch::kFloat32).to(device());
  const Tensor few = torch::tensor({1.5, -2.0}, torch::kFloat64).to(device());
  sum->start(values);
  sum->finish();
  sum->add(few);
  EXPECT_TRUE(values.cpu().equal(torch::arange(1000, torch::kFloat32)));
  EXPECT_TRUE(few.cpu().equal(torch::tensor({1.5, -2.0}, torch::kFloat64)));
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
            DetectionLoss(options, nullptr, form)(leaves, scene.targets, scene.levels, epoch);
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
          learner.step({.lr = 1e-3, .weight_lr = 1e-3, .bias_lr = 1e-3, .momentum = 0.9});
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
