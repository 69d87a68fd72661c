#pragma once

#include <c10/core/Event.h>

#include <optional>

#include "eager/torch.h"
#include "train/loss_terms.h"

namespace y6q::train {

/// The loss terms of a batch, which a device may still be computing.
class PendingTerms {
 public:
  /// parts: see DetectionLossResult. Another device than the CPU starts to send them.
  explicit PendingTerms(const torch::Tensor& parts);
  /// Waits for them, but for nothing that was started after them.
  LossTerms wait() const;

 private:
  torch::Tensor host_;
  std::optional<c10::Event> sent_;  ///< by another device than the CPU
};

}  // namespace y6q::train
