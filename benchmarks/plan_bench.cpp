#include <ATen/ops/full.h>
#include <ATen/ops/silu.h>
#include <benchmark/benchmark.h>

#include <functional>

#include "base/isa.h"
#include "eager/network.h"
#include "models/yolov6.h"
#include "passes/deploy.h"

// What the plan of eager::Network costs over the bare calls of LibTorch: the deployed YOLOv6-N run by the
// plan, and as a list of closures that hold their tensors and call at:: themselves. The difference is seen at
// 32 x 32, where arithmetic hides nothing; what it amounts to, at 640 x 640.
namespace y6q::eager {
namespace {

using torch::Tensor;

ir::Model network(int64_t side) {
  return passes::deploy(models::yolov6({.architecture = "yolov6n", .image_size = {side, side}}));
}

Tensor images(int64_t side) {
  return torch::full({1, 3, side, side}, 0.5).contiguous(torch::MemoryFormat::ChannelsLast);
}

Tensor weight(const ir::Model& model, ir::Value value) {
  const ir::Array& array = model.weight(value);
  const Tensor tensor = torch::tensor(array.floats()).view(array.shape);
  return tensor.dim() == 4 ? tensor.contiguous(torch::MemoryFormat::ChannelsLast) : tensor;
}

/// The graph's operators as calls with everything decided before.
class BareCalls {
 public:
  explicit BareCalls(const ir::Model& model) : results_(model.graph.size()) {
    for (uint32_t id = 0; id < model.graph.size(); ++id) {
      const ir::Node& node = model.graph[id];
      Tensor* out = &results_[id];
      std::vector<Tensor*> in;
      for (const ir::Value value : node.inputs) in.push_back(&results_[value.id]);
      if (std::holds_alternative<ir::Input>(node.op)) input_ = out;
      if (std::holds_alternative<ir::Parameter>(node.op)) *out = weight(model, {id});
      if (const auto* conv = std::get_if<ir::Conv2d>(&node.op)) {
        const std::vector<int64_t> stride{conv->stride.h, conv->stride.w}, pad{conv->pad.h, conv->pad.w};
        calls_.push_back([=] { *out = at::conv2d(*in[0], *in[1], *in[2], stride, pad); });
      } else if (const auto* up = std::get_if<ir::ConvTranspose2d>(&node.op)) {
        const std::vector<int64_t> stride{up->stride.h, up->stride.w};
        calls_.push_back([=] { *out = at::conv_transpose2d(*in[0], *in[1], *in[2], stride); });
      } else if (std::holds_alternative<ir::Relu>(node.op)) {
        calls_.push_back([=] { *out = in[0]->relu_(); });
      } else if (std::holds_alternative<ir::Silu>(node.op)) {
        calls_.push_back([=] { *out = at::silu(*in[0]); });
      } else if (const auto* pool = std::get_if<ir::MaxPool2d>(&node.op)) {
        const std::vector<int64_t> kernel{pool->kernel.h, pool->kernel.w}, pad{pool->pad.h, pool->pad.w};
        calls_.push_back([=] { *out = at::max_pool2d(*in[0], kernel, {1, 1}, pad); });
      } else if (std::holds_alternative<ir::Concat>(node.op)) {
        calls_.push_back([=] {
          std::vector<Tensor> parts;
          for (const Tensor* part : in) parts.push_back(*part);
          *out = at::cat(parts, 1);
        });
      }
    }
    for (const ir::Output& output : model.graph.outputs()) outputs_.push_back(&results_[output.value.id]);
  }

  std::vector<Tensor> forward(const Tensor& images) {
    const torch::NoGradGuard no_gradients;
    *input_ = images;
    for (const auto& call : calls_) call();
    std::vector<Tensor> outputs;
    for (const Tensor* output : outputs_) outputs.push_back(*output);
    return outputs;
  }

 private:
  std::vector<Tensor> results_;
  std::vector<std::function<void()>> calls_;
  std::vector<Tensor*> outputs_;
  Tensor* input_ = nullptr;
};

void report(benchmark::State& state) {
  state.counters["images/s"] = benchmark::Counter(1, benchmark::Counter::kIsIterationInvariantRate);
  state.SetLabel(detect_isa().name());
}

void PlanForward(benchmark::State& state) {
  Network plan(network(state.range(0)));
  const Tensor input = images(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(plan.forward(input, Mode::evaluate));
  report(state);
}

void BareForward(benchmark::State& state) {
  const ir::Model model = network(state.range(0));
  const Tensor input = images(state.range(0));
  BareCalls bare(model);
  const auto expected = Network(model).forward(input, Mode::evaluate);
  const auto found = bare.forward(input);
  for (size_t i = 0; i < expected.size(); ++i) {
    if (!torch::equal(found[i], expected[i])) return state.SkipWithError("another result than the plan's");
  }
  for (auto _ : state) benchmark::DoNotOptimize(bare.forward(input));
  report(state);
}

BENCHMARK(PlanForward)->Arg(32)->Arg(640)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(BareForward)->Arg(32)->Arg(640)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace y6q::eager
