#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dist/tensor_sum.h"
#include "eager/torch.h"
#include "ir/model.h"

namespace y6q::eager {

enum class Mode {
  train,  ///< batch normalisation on batch statistics (running ones updated), fake quantization on, gradients
  evaluate,  ///< running statistics, fake quantization on
  observe,  ///< running statistics, fake quantization off; every activation quantizer shows its source to the
            ///< observer
};

/// What the optimizer needs to know of a parameter, found by asking the graph who reads it (spec/02 §7).
enum class Kind {
  bn_gain,
  weight,
  bias,
  statistics,  ///< running ones of batch normalisation: moved by the forward pass in training
  range,       ///< of an activation's quantizer, with NetworkOptions::learn_ranges
  buffer
};
inline bool learns(Kind kind) { return kind != Kind::statistics && kind != Kind::buffer; }

struct NamedTensor {
  std::string name;  ///< the Parameter node's name
  Kind kind;
  torch::Tensor tensor;  ///< float32; the live tensor: writing into it changes the network
};

struct NetworkOptions {
  /// Activations and convolutions, forward and backward, in BF16; weights and their gradients stay float32. A
  /// network with quantizers computes so in training alone: evaluation and observation simulate INT8 in
  /// float32.
  bool bf16 = false;
  bool channels_last = true;     ///< memory layout of activations and convolution weights
  at::Device device = at::kCPU;  ///< of parameters and activations; open_device gives it
  /// In training all weights are rounded at once (WeightQuantizers), and with bf16 all copies of them are
  /// made at once (Bf16Copies). On the CPU that brings nothing; where gradients are summed over processes
  /// while backward goes on, they would all come at its end.
  bool copies_together = false;
  bool learn_ranges = false;  ///< ranges of activations get gradients (with_learned_range)
  /// SyncBN: in training, batch statistics over the images of all these processes. Null: of one's own.
  dist::TensorSum* sync_batch_norm = nullptr;
};

/// A model compiled to a plan of LibTorch calls: the only bridge between ir and LibTorch. Rewriting a network
/// = snapshot(), pass, new Network.
class Network {
 public:
  explicit Network(const ir::Model& model, const NetworkOptions& options = {});
  ~Network();
  Network(Network&&) noexcept;
  Network& operator=(Network&&) noexcept;

  /// images [N, 3, H, W] float32 RGB in [0, 1], on the network's device, as are the outputs. Returns the
  /// graph's outputs in their order, float32. In evaluate and observe mode no gradients are recorded.
  std::vector<torch::Tensor> forward(const torch::Tensor& images, Mode mode);

  /// Position in forward()'s result. Throws InternalError when there is no such output.
  size_t output_index(std::string_view name) const;

  /// Called in Mode::observe with the FakeQuant node of an activation and the tensor it would quantize
  /// (float32).
  using Observer = std::function<void(const ir::Node& quantizer, const torch::Tensor& source)>;
  void set_observer(Observer observer);

  /// Sets the ranges of weight quantizers as passes::refresh_ranges does: weights that train must not
  /// leave their range (the reference freezes it). Ranges that learn stay positive.
  void follow_weights();

  /// Every Parameter node, in graph order, buffers included.
  const std::vector<NamedTensor>& tensors() const;

  /// The model with the present values.
  ir::Model snapshot() const;

 private:
  struct Plan;
  std::unique_ptr<Plan> plan_;
};

}  // namespace y6q::eager
