#pragma once

#include <memory>

#include "infer/runner.h"
#include "ir/model.h"

namespace y6q::infer {

struct EagerOptions {
  bool bf16 = false;
  int threads = 0;             ///< 0: all cores
  std::string device = "cpu";  ///< see eager::open_device
  NetworkFacts facts = {};     ///< what Runner::facts() says
};

/// Runs a model in LibTorch; with quantizers in it, this is the simulation of INT8.
std::unique_ptr<Runner> open_eager(const ir::Model& model, const EagerOptions& options);

/// Sets the number of LibTorch's threads (0: all cores).
void set_torch_threads(int threads);

}  // namespace y6q::infer
