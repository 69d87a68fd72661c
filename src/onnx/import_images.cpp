#include "onnx/import_images.h"

#include <algorithm>
#include <cmath>

#include "onnx/attributes.h"

namespace y6q::onnx {

ImageInput read_image_input(const ::onnx::GraphProto& graph, const KnownTensors& tensors,
                            const std::array<int64_t, 2>& image_size) {
  std::vector<const ::onnx::ValueInfoProto*> inputs;
  for (const auto& input : graph.input()) {
    if (!tensors.by_name.contains(input.name())) inputs.push_back(&input);
  }
  if (inputs.size() != 1) throw InputError("onnx: {} inputs; 1 is accepted, the images", inputs.size());
  const auto& tensor = inputs[0]->type().tensor_type();
  ir::Shape written;
  for (const auto& dim : tensor.shape().dim()) written.push_back(dim.has_dim_value() ? dim.dim_value() : 0);
  const bool is_of_bytes = tensor.elem_type() == ::onnx::TensorProto::UINT8;
  ir::Shape shape = written;
  if (is_of_bytes && shape.size() == 4) std::rotate(shape.begin() + 1, shape.begin() + 3, shape.end());
  if (shape.size() == 4) {
    for (const size_t axis : {2, 3}) {
      if (shape[axis] == 0) shape[axis] = image_size[axis - 2];
    }
    if (shape[1] == 0) shape[1] = 3;
  }
  constexpr int64_t kLargestSide = 8192, kLargestBatch = 4096;
  if (shape.size() != 4 || shape[1] != 3 || shape[0] < 0 || shape[0] > kLargestBatch ||
      std::min(shape[2], shape[3]) < 1 || std::max(shape[2], shape[3]) > kLargestSide) {
    throw InputError("onnx: input '{}': is {}{}; images {} of sides up to {} are accepted", inputs[0]->name(),
                     ir::to_text(written), is_of_bytes ? " of bytes" : "",
                     is_of_bytes ? "[N, H, W, 3]" : "[N, 3, H, W]", kLargestSide);
  }
  const int64_t batch = shape[0];
  shape[0] = 1;
  return {inputs[0]->name(), std::move(shape), batch, is_of_bytes};
}

KnownTensor step_to_images(const ::onnx::NodeProto& node, Pixels pixels, const KnownTensors& tensors) {
  constexpr double kWhite = 255, kRelative = 1e-6;
  const std::string& type = node.op_type();
  const auto* order = attribute(node, "perm");
  const bool divides = type == "Div",
             has_factor = node.input_size() == 2 && tensors.is_constant(node.input(1));
  if (type == "Cast") {
    const int64_t to = int_attribute(node, "to", 0);
    pixels.are_floats = to == ::onnx::TensorProto::FLOAT || to == ::onnx::TensorProto::FLOAT16;
  } else if (type == "Transpose" && order != nullptr && !pixels.are_planes &&
             std::ranges::equal(order->ints(), std::array{0, 3, 1, 2})) {
    pixels.are_planes = true;
  } else if ((divides || type == "Mul") && has_factor && pixels.are_floats && !pixels.are_scaled) {
    const ir::Tensor factor = tensors.tensor(node.input(1));
    const double by = factor.data.size() != 1 ? 0 : divides ? factor.data[0] : 1 / factor.data[0];
    if (!(std::fabs(by - kWhite) <= kRelative * kWhite)) refuse(node, "scales bytes otherwise than by 1/255");
    pixels.are_scaled = true;
  } else {
    refuse(node,
           "reads bytes; a Cast to floats, a division by 255 and a Transpose to [N, 3, H, W] are accepted");
  }
  return pixels.are_scaled && pixels.are_planes ? KnownTensor(pixels.image) : KnownTensor(pixels);
}

}  // namespace y6q::onnx
