#pragma once

#include <onnx-ml.pb.h>

#include <array>
#include <filesystem>
#include <map>
#include <string>

#include "ir/model.h"

namespace y6q::onnx {

struct ImportOptions {
  std::array<int64_t, 2> image_size{640, 640};  ///< height, width where the file leaves them open
  std::filesystem::path folder = {};            ///< where external data lie
};

/// A network that was in a file.
struct Imported {
  ir::Model model;
  std::map<std::string, std::string> metadata;  ///< metadata_props
  int64_t batch = 1;                            ///< that the file is for; 0: any. The model is for one image
};

/// Reads an ONNX file back into a graph: ours of any form and type, and float or Q/DQ files of other programs
/// as far as the operators go. Nodes are called as the tensors they make. A pair of QuantizeLinear and
/// DequantizeLinear is a FakeQuant with the range that gives its scale; weights whose codes stay within 63
/// have 7 bits. Conversions between FP32 and FP16, and copies, are seen through; constants may be
/// initializers, Constant nodes, or computed from such. What follows the prediction maps is recognised by
/// what it computes: on made-up maps it must give the numbers of ir::Decode, which takes its place. A
/// suppression of boxes is left out: the network gives all of them. Images of bytes become images in [0, 1].
///
/// Throws InputError that names node and operator, or the tensor: unknown operators, other attributes than
/// our operators have, operands that no node before makes (a cycle, too), broken tensors, scales that are not
/// above 0, zero points that are not 0, an input that is not [N, 3, H, W], or [N, H, W, 3] of bytes, with
/// sides of at most 8192.
Imported import_model(::onnx::ModelProto file, const ImportOptions& options = {});

/// The same of a file, whose name then begins the messages. Throws as read_file, too.
Imported read_onnx(const std::filesystem::path& path, const ImportOptions& options = {});

}  // namespace y6q::onnx
