#include "eager/weight_quantizers.h"

#include "eager/fake_quant.h"

namespace y6q::eager {
namespace {

using torch::Tensor;
using Roundings = std::vector<Rounding>;

struct RoundTogether : torch::autograd::Function<RoundTogether> {
  static torch::autograd::variable_list forward(torch::autograd::AutogradContext* context,
                                                at::TensorList weights, at::TensorList ranges,
                                                const Roundings* roundings) {
    context->set_materialize_grads(false);
    std::vector<Tensor> saved = weights.vec();
    saved.insert(saved.end(), ranges.begin(), ranges.end());
    context->save_for_backward(std::move(saved));
    context->saved_data["roundings"] = reinterpret_cast<int64_t>(roundings);  // NOLINT(*-reinterpret-cast)
    std::vector<Tensor> results;
    for (size_t i = 0; i < weights.size(); ++i)
      results.push_back(rounded(weights[i], ranges[i], (*roundings)[i]));
    return results;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& upstream) {
    const auto saved = context->get_saved_variables();
    const auto& roundings = *reinterpret_cast<const Roundings*>(  // NOLINT(*-reinterpret-cast)
        context->saved_data["roundings"].toInt());
    torch::autograd::variable_list gradients(2 * upstream.size() + 1);
    for (size_t i = 0; i < upstream.size(); ++i) {
      if (upstream[i].defined())
        gradients[i] = rounded_gradient(saved[i], upstream[i], saved[upstream.size() + i], roundings[i]);
    }
    return gradients;
  }
};

}  // namespace

WeightQuantizers::WeightQuantizers(std::vector<Quantizer> quantizers) {
  for (Quantizer& quantizer : quantizers) {
    weights_.push_back(std::move(quantizer.weight));
    ranges_.push_back(quantizer.ranges.detach());
    roundings_.push_back(quantizer.rounding);
  }
}

std::vector<Tensor> WeightQuantizers::make() const {
  if (weights_.empty()) return {};
  return RoundTogether::apply(at::TensorList(weights_), at::TensorList(ranges_), &roundings_);
}

}  // namespace y6q::eager
