#pragma once

#include <c10/core/Event.h>

#include <optional>
#include <utility>
#include <vector>

#include "eager/torch.h"
#include "train/loss_terms.h"

namespace y6q::train {

/// Terms as one tensor: [kLossTerms.size()] double, in that order.
torch::Tensor parts_of(const LossTerms& terms);
/// The same of scalars on one device, at least one; 0 for terms that are not among them.
torch::Tensor parts_of(const std::vector<std::pair<double LossTerms::*, torch::Tensor>>& terms);

/// The loss terms of a batch, which a device may still be computing.
class PendingTerms {
 public:
  /// parts: see parts_of. Another device than the CPU starts to send them.
  explicit PendingTerms(const torch::Tensor& parts);
  /// Waits for them, but for nothing that was started after them.
  LossTerms wait() const;

 private:
  torch::Tensor host_;
  std::optional<c10::Event> sent_;  ///< by another device than the CPU
};

}  // namespace y6q::train
