#pragma once

#include <array>
#include <string>

#include "onnx/known_tensor.h"

/// The images that a network of a file reads.
namespace y6q::onnx {

struct ImageInput {
  std::string name;
  ir::Shape shape;    ///< [1, 3, H, W], of bytes too
  int64_t batch = 1;  ///< 0: any
  bool is_of_bytes = false;
};

/// The one input that is no initializer. image_size: height, width where the file leaves them open. Throws
/// InputError for another number of inputs, and others than [N, 3, H, W], or [N, H, W, 3] of bytes, with
/// sides of at most 8192.
ImageInput read_image_input(const ::onnx::GraphProto& graph, const KnownTensors& tensors,
                            const std::array<int64_t, 2>& image_size);

/// A step from bytes to images in [0, 1]: a conversion, then a division by 255; channels in front at any
/// time. Behind the last one it is the image. Throws InputError for other nodes.
KnownTensor step_to_images(const ::onnx::NodeProto& node, Pixels pixels, const KnownTensors& tensors);

}  // namespace y6q::onnx
