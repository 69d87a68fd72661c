#include "train/pending_terms.h"

#include <ATen/DeviceAccelerator.h>

namespace y6q::train {

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
