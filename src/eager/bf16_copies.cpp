#include "eager/bf16_copies.h"

#include <ATen/ops/_foreach_copy.h>

namespace y6q::eager {
namespace {

using torch::Tensor;

/// Elements that a tensor takes: cuDNN's fast convolutions want each to begin at a multiple of 16 bytes.
int64_t room_for(const Tensor& tensor) {
  constexpr int64_t kElements = 64;
  return (tensor.numel() + kElements - 1) / kElements * kElements;
}

/// Tensors of the sizes and strides of dense ones, neighbours in one piece of memory.
std::vector<Tensor> neighbours(const std::vector<Tensor>& like, at::ScalarType type) {
  int64_t elements = 0;
  for (const Tensor& tensor : like) elements += room_for(tensor);
  const Tensor memory = torch::empty({elements}, like.front().options().dtype(type).requires_grad(false));
  std::vector<Tensor> parts;
  int64_t offset = 0;
  for (const Tensor& tensor : like) {
    parts.push_back(memory.as_strided(tensor.sizes(), tensor.strides(), offset));
    offset += room_for(tensor);
  }
  return parts;
}

struct CopyTogether : torch::autograd::Function<CopyTogether> {
  static torch::autograd::variable_list forward(torch::autograd::AutogradContext* context,
                                                at::TensorList sources, at::TensorList copies) {
    context->set_materialize_grads(false);
    context->save_for_backward(sources.vec());
    at::_foreach_copy_(copies, sources);
    std::vector<Tensor> results;
    for (const Tensor& copy : copies) results.push_back(copy.detach());
    return results;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list upstream) {
    const auto sources = context->get_saved_variables();
    std::vector<Tensor> like, given;
    for (size_t i = 0; i < upstream.size(); ++i) {
      if (!upstream[i].defined()) continue;
      like.push_back(sources[i]);
      given.push_back(upstream[i]);
    }
    torch::autograd::variable_list gradients(2 * upstream.size());  // the copies get none
    if (given.empty()) return gradients;
    const std::vector<Tensor> widened = neighbours(like, torch::kFloat32);
    at::_foreach_copy_(widened, given);
    size_t next = 0;
    for (size_t i = 0; i < upstream.size(); ++i) {
      if (upstream[i].defined()) gradients[i] = widened[next++];
    }
    return gradients;
  }
};

}  // namespace

Bf16Copies::Bf16Copies(std::vector<Tensor> sources) : sources_(std::move(sources)) {
  if (!sources_.empty()) copies_ = neighbours(sources_, torch::kBFloat16);
}

std::vector<Tensor> Bf16Copies::make() {
  if (sources_.empty()) return {};
  return CopyTogether::apply(at::TensorList(sources_), at::TensorList(copies_));
}

}  // namespace y6q::eager
