#pragma once

#include <map>
#include <string>
#include <vector>

#include "eager/network.h"

namespace y6q::train {

/// 0.9999 (1 - exp(-n / 2000)) for the n-th update (spec/02 §7).
double ema_decay(int64_t update);

/// Exponential moving average of every tensor of a network, buffers included.
class Ema {
 public:
  /// Starts from the present values; keeps looking at the live tensors.
  explicit Ema(const std::vector<eager::NamedTensor>& tensors);

  void update();
  int64_t updates() const { return updates_; }
  void set_updates(int64_t updates) { updates_ = updates; }

  /// The averages by name; the live tensors.
  std::map<std::string, torch::Tensor> state() const;
  /// The model with the averages in place of its weights.
  ir::Model apply(ir::Model model) const;

 private:
  struct Slot {
    std::string name;
    torch::Tensor source, average;
  };
  std::vector<Slot> slots_;
  int64_t updates_ = 0;
};

}  // namespace y6q::train
