#include "train/pending_terms.h"

#include <ATen/DeviceAccelerator.h>

namespace y6q::train {

torch::Tensor parts_of(const LossTerms& terms) {
  std::vector<double> values;
  for (const LossTerm& term : kLossTerms) values.push_back(terms.*term.value);
  return torch::tensor(values, torch::kFloat64);
}

torch::Tensor parts_of(const std::vector<std::pair<double LossTerms::*, torch::Tensor>>& terms) {
  std::vector<torch::Tensor> parts(kLossTerms.size(), torch::zeros_like(terms.front().second));
  for (const auto& [term, value] : terms) parts[place_of(term)] = value;
  return torch::stack(parts).to(torch::kFloat64);
}

PendingTerms::PendingTerms(const torch::Tensor& parts) : host_(parts.detach()) {
  if (parts.is_cpu()) return;
  host_ = torch::empty(parts.sizes(), at::TensorOptions(parts.scalar_type()).pinned_memory(parts.is_cuda()));
  host_.copy_(parts.detach(), /*non_blocking=*/true);
  sent_.emplace(parts.device().type());
  sent_->record(at::accelerator::getCurrentStream(parts.device().index()));
}

LossTerms PendingTerms::wait() const {
  if (sent_) sent_->synchronize();
  LossTerms terms;
  for (size_t i = 0; i < kLossTerms.size(); ++i)
    terms.*kLossTerms[i].value = host_.const_data_ptr<double>()[i];
  return terms;
}

}  // namespace y6q::train
