#include "eager/run_operator.h"

#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/silu.h>

#include "base/errors.h"
#include "eager/batch_norm_kernel.h"
#include "eager/sync_batch_norm.h"

namespace y6q::eager {
namespace {

using torch::Tensor;
using Operands = std::span<const Tensor>;

Tensor like(const Tensor& parameter, const Tensor& source) {
  return parameter.scalar_type() == source.scalar_type() ? parameter : parameter.to(source.scalar_type());
}

Tensor bias_of(Operands in) { return in.size() > 2 ? like(in[2], in[0]) : Tensor(); }

bool is_pointwise(const ir::Conv2d& op, const Tensor& weight) {
  return weight.size(2) == 1 && weight.size(3) == 1 && op.pad == ir::Hw{0, 0} && op.groups == 1;
}

/// A 1x1 convolution as a product of every stride-th pixel with the weights.
Tensor pointwise(const ir::Conv2d& op, Operands in) {
  const Tensor pixels = in[0]
                            .slice(2, 0, std::nullopt, op.stride.h)
                            .slice(3, 0, std::nullopt, op.stride.w)
                            .permute({0, 2, 3, 1});
  return at::linear(pixels, like(in[1], in[0]).flatten(1), bias_of(in)).permute({0, 3, 1, 2});
}

Tensor run(const ir::Conv2d& op, Operands in, const OperatorOptions&) {
  // LibTorch 2.15 writes beyond its buffers in the weight gradient of a channels-last, strided 1x1
  // convolution of 3 channels on AVX-512 machines (the heap is damaged within an epoch; MALLOC_CHECK_=3 shows
  // it at once).
  constexpr int64_t kFewChannels = 16;
  if (in[1].size(1) < kFewChannels && is_pointwise(op, in[1])) return pointwise(op, in);
  return at::conv2d(in[0], like(in[1], in[0]), bias_of(in), {op.stride.h, op.stride.w}, {op.pad.h, op.pad.w},
                    {1, 1}, op.groups);
}

Tensor run(const ir::ConvTranspose2d& op, Operands in, const OperatorOptions&) {
  return at::conv_transpose2d(in[0], like(in[1], in[0]), bias_of(in), {op.stride.h, op.stride.w});
}

Tensor run(const ir::BatchNorm& op, Operands in, const OperatorOptions& options) {
  const bool synchronised = options.training && options.sync_batch_norm != nullptr;
  if (options.training && !synchronised && fits_cuda_batch_norm(in[0]))
    return batch_norm_on_cuda(in[0], in[1], in[2], in[3], in[4],
                              {op.momentum, op.eps, options.rectifies, {}, {}});
  const Tensor result = synchronised ? sync_batch_norm(in, op, *options.sync_batch_norm)
                                     : at::batch_norm(in[0], in[1], in[2], in[3], in[4], options.training,
                                                      op.momentum, op.eps, false);
  return options.rectifies ? Tensor(result).relu_() : result;
}

Tensor run(const ir::Relu&, Operands in, const OperatorOptions& options) {
  return options.may_overwrite ? Tensor(in[0]).relu_() : in[0].relu();
}

Tensor run(const ir::Silu&, Operands in, const OperatorOptions&) { return at::silu(in[0]); }

Tensor run(const ir::Add&, Operands in, const OperatorOptions&) { return in[0] + in[1]; }

Tensor run(const ir::ChannelScale&, Operands in, const OperatorOptions&) {
  return in[0] * like(in[1], in[0]).view({1, -1, 1, 1});
}

Tensor run(const ir::MaxPool2d& op, Operands in, const OperatorOptions&) {
  return at::max_pool2d(in[0], {op.kernel.h, op.kernel.w}, {op.stride.h, op.stride.w}, {op.pad.h, op.pad.w});
}

Tensor run(const ir::AvgPool2d& op, Operands in, const OperatorOptions&) {
  const auto pool = [&](const Tensor& source) {
    return at::avg_pool2d(source, {op.kernel.h, op.kernel.w}, {op.stride.h, op.stride.w},
                          {op.pad.h, op.pad.w});
  };
  if (!in[0].is_cuda()) return pool(in[0]);
  // LibTorch 2.11's gradient of channels-last sources on CUDA is wrong (tests/device: off by a hundredth).
  return pool(in[0].contiguous()).contiguous(in[0].suggest_memory_format());
}

Tensor run(const ir::Concat& op, Operands in, const OperatorOptions&) {
  return at::cat(std::vector<Tensor>(in.begin(), in.end()), op.axis);
}

/// [N, C, H, W] -> [N, H W, C].
Tensor rows(const Tensor& map) { return map.flatten(2).transpose(1, 2); }

// spec/01 §3.5.
Tensor run(const ir::Decode& op, Operands in, const OperatorOptions&) {
  const size_t levels = op.strides.size();
  std::vector<Tensor> parts;
  for (size_t l = 0; l < levels; ++l) {
    const Tensor cls = rows(in[l]).sigmoid();
    const Tensor reg = rows(in[levels + l]);
    const int64_t height = in[l].size(2), width = in[l].size(3);
    const Tensor ys = (torch::arange(height, reg.options()) + 0.5).view({height, 1}).expand({height, width});
    const Tensor xs = (torch::arange(width, reg.options()) + 0.5).view({1, width}).expand({height, width});
    const Tensor centres = torch::stack({xs, ys}, -1).view({1, -1, 2});
    const Tensor low = centres - reg.slice(2, 0, 2), high = centres + reg.slice(2, 2, 4);
    const auto stride = static_cast<double>(op.strides[l]);
    const Tensor boxes = torch::cat({(low + high) / 2, high - low}, 2) * stride;
    parts.push_back(torch::cat({boxes, torch::ones_like(boxes.slice(2, 0, 1)), cls}, 2));
  }
  return torch::cat(parts, 1);
}

[[noreturn]] Tensor run_elsewhere(std::string_view name) {
  throw InternalError("eager: {} is the business of the plan", name);
}
Tensor run(const ir::Input&, Operands, const OperatorOptions&) { run_elsewhere("Input"); }
Tensor run(const ir::Parameter&, Operands, const OperatorOptions&) { run_elsewhere("Parameter"); }
Tensor run(const ir::FakeQuant&, Operands, const OperatorOptions&) { run_elsewhere("FakeQuant"); }

}  // namespace

Tensor run_operator(const ir::Op& op, Operands operands, const OperatorOptions& options) {
  return std::visit([&](const auto& concrete) { return run(concrete, operands, options); }, op);
}

}  // namespace y6q::eager
