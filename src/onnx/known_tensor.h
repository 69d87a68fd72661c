#pragma once

#include <onnx-ml.pb.h>

#include <filesystem>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "ir/interpret.h"
#include "ir/model.h"

namespace y6q::onnx {

/// A constant that was computed from others.
struct Folded {
  ir::Tensor tensor;
  int32_t type = 0;  ///< 0: not known
};
using Stored = const ::onnx::TensorProto*;

/// Sigmoid of a value, until it is known what for.
struct SigmoidOf {
  ir::Value value;
};

/// Scales of a QuantizeLinear or DequantizeLinear; zero points are 0.
struct Steps {
  ir::Shape shape = {};            ///< [] or [C]
  std::vector<float> scales = {};  ///< above 0
  bool is_signed = true;
  int64_t axis = -1;  ///< of the channels; -1: one scale
  bool operator==(const Steps&) const = default;
};

/// What a QuantizeLinear gives.
struct Codes {
  ir::Value source;
  Steps steps;
};

/// Images of bytes [N, H, W, 3], until they are what networks read.
struct Pixels {
  ir::Value image;  ///< [N, 3, H, W] in [0, 1]
  bool are_floats = false, are_scaled = false, are_planes = false;
};

/// What no operator of ours makes; the first node on the way to it that has none.
struct Foreign {
  const ::onnx::NodeProto* maker;
};

/// What an import knows of a tensor of the file.
using KnownTensor = std::variant<Foreign, ir::Value, Stored, Folded, SigmoidOf, Codes, Pixels>;

/// All tensors by name, and the nodes that make them, by their place in the file.
struct KnownTensors {
  std::unordered_map<std::string, KnownTensor> by_name;
  std::unordered_map<std::string, int> maker;
  std::filesystem::path folder;  ///< of external data

  bool is_constant(const std::string& name) const;
  /// A constant that the file holds.
  bool is_stored(const std::string& name) const;
  /// Of a constant. Throws what read_tensor throws, and InputError when more than 2^27 elements were asked
  /// for in all: a small file may have many nodes that read one large tensor.
  ir::Array array(const std::string& name) const;
  ir::Tensor tensor(const std::string& name) const;
  int32_t type(const std::string& name) const;

 private:
  void count(const std::string& name, size_t elements) const;
  mutable size_t elements_ = 0;
};

}  // namespace y6q::onnx
