#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/files.h"
#include "infer/engine_runner.h"
#include "ir/model.h"

/// The tensors inside a network, whatever runs it.
namespace y6q::stages {

/// A tensor that two networks can be compared by: what a layer writes, behind the activation that is fused
/// into it and, where it is quantized, behind its quantizer.
struct NetworkTensor {
  std::string name;  ///< of the tensor that is quantized, or that is not: the same in both kinds of network;
                     ///< of prediction maps cls0 …, reg0 …
  std::string op;    ///< what makes it, "Conv2d + Relu"
  ir::Value value;   ///< of the graph
  float step = 0;    ///< what one code stands for; 0: not quantized
};

/// Of a graph, in its order; the decoding of boxes is left out.
std::vector<NetworkTensor> tensors_of(const ir::Model& model);

/// A network that shows them.
class OpenNetwork {
 public:
  virtual ~OpenNetwork() = default;
  /// images: [1, 3, H, W] bytes, RGB. Returns the tensors that open_network was given, in their order.
  virtual std::vector<std::vector<float>> run(std::span<const uint8_t> image) = 0;
};

/// The network of a file as a graph whose names are those of the file: a model file merged and folded, an
/// ONNX file as it is.
ir::Model network_of(const fs::path& file);

/// A model file runs in LibTorch, an ONNX file in the engine, both on the CPU. Throws as infer::open.
std::unique_ptr<OpenNetwork> open_network(const fs::path& file, const ir::Model& model,
                                          std::span<const NetworkTensor> tensors,
                                          const infer::RunnerOptions& options);

/// What a network makes of another one's tensors: every layer is given what that one's layers wrote, so that
/// differences do not add up.
class LayerByLayer {
 public:
  LayerByLayer(const ir::Model& model, std::span<const NetworkTensor> tensors);
  ~LayerByLayer();
  /// given: of the other network, for this image. Returns the tensors, in their order.
  std::vector<std::vector<float>> run(std::span<const uint8_t> image,
                                      std::span<const std::vector<float>> given);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace y6q::stages
