#pragma once

#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

namespace y6q::ir {

/// NCHW for activations, OIHW for convolution weights, IOHW for transposed convolutions.
using Shape = std::vector<int64_t>;

struct Hw {
  int64_t h = 1, w = 1;
  bool operator==(const Hw&) const = default;
};

// The closed set of operators. Each is a plain struct with its name in texts and messages; its operands are
// the inputs of its node, in the order given here. An operator without shape rule, interpreter, LibTorch
// lowering and ONNX emission does not compile.

/// No operands. The network's images: [N, 3, H, W], RGB in [0, 1].
struct Input {
  static constexpr std::string_view kName = "Input";
  Shape shape;
  bool operator==(const Input&) const = default;
};

/// No operands. An array of the model, found under the node's name in Model::weights.
struct Parameter {
  static constexpr std::string_view kName = "Parameter";
  Shape shape;
  bool trainable = true;  ///< false: running statistics, quantizer ranges
  bool operator==(const Parameter&) const = default;
};

/// src [N, C, H, W], weight [O, C / groups, kh, kw], optional bias [O] -> [N, O, H', W'],
/// H' = floor((H + 2 pad - kh) / stride) + 1.
struct Conv2d {
  static constexpr std::string_view kName = "Conv2d";
  Hw stride{1, 1}, pad{0, 0};
  int64_t groups = 1;
  bool operator==(const Conv2d&) const = default;
};

/// src [N, C, H, W], weight [C, O, kh, kw], optional bias [O] -> [N, O, (H - 1) stride + kh, …]. No padding.
struct ConvTranspose2d {
  static constexpr std::string_view kName = "ConvTranspose2d";
  Hw stride{2, 2};
  bool operator==(const ConvTranspose2d&) const = default;
};

/// src [N, C, H, W], gain [C], bias [C], running mean [C], running variance [C] -> same shape (spec/01 §1).
/// momentum: share of the new batch in the running statistics.
struct BatchNorm {
  static constexpr std::string_view kName = "BatchNorm";
  double eps = 1e-3, momentum = 0.03;
  bool operator==(const BatchNorm&) const = default;
};

/// src -> max(src, 0).
struct Relu {
  static constexpr std::string_view kName = "Relu";
  bool operator==(const Relu&) const = default;
};

/// src -> src * sigmoid(src).
struct Silu {
  static constexpr std::string_view kName = "Silu";
  bool operator==(const Silu&) const = default;
};

/// a, b of one shape -> a + b.
struct Add {
  static constexpr std::string_view kName = "Add";
  bool operator==(const Add&) const = default;
};

/// src [N, C, H, W], scale [C] -> src * scale, per channel.
struct ChannelScale {
  static constexpr std::string_view kName = "ChannelScale";
  bool operator==(const ChannelScale&) const = default;
};

/// src [N, C, H, W] -> [N, C, H', W'], H' = floor((H + 2 pad - kernel) / stride) + 1; padding counts as
/// -infinity.
struct MaxPool2d {
  static constexpr std::string_view kName = "MaxPool2d";
  Hw kernel{5, 5}, stride{1, 1}, pad{2, 2};
  bool operator==(const MaxPool2d&) const = default;
};

/// src [N, C, H, W] -> [N, C, H', W'], H' as MaxPool2d's; padding counts as 0, and every sum is divided by
/// the area of the whole kernel.
struct AvgPool2d {
  static constexpr std::string_view kName = "AvgPool2d";
  Hw kernel{3, 3}, stride{1, 1}, pad{1, 1};
  bool operator==(const AvgPool2d&) const = default;
};

/// One or more sources that agree outside `axis`.
struct Concat {
  static constexpr std::string_view kName = "Concat";
  int64_t axis = 1;
  bool operator==(const Concat&) const = default;
};

/// src, amax [] (channel_axis < 0) or [C] with C = src.shape[channel_axis] -> fake-quantized src (spec/04
/// §1.1). Signed: integers in [-2^(bits-1), 2^(bits-1) - 1], scale amax / (2^(bits-1) - 1). Unsigned: [0,
/// 2^bits - 1], scale amax / (2^bits - 1). amax <= 2^-24: "nothing but zeros seen", the result is 0.
struct FakeQuant {
  static constexpr std::string_view kName = "FakeQuant";
  int64_t bits = 8;
  int64_t channel_axis = -1;
  bool is_signed = true;
  /// Ranges are chosen so that the scale is an FP16 number; changes nothing in what is computed.
  bool half_scale = false;
  bool operator==(const FakeQuant&) const = default;
};

/// For L levels: cls_0 … cls_{L-1} logits [N, nc, H_l, W_l], then reg_0 … reg_{L-1} [N, 4, H_l, W_l]
/// distances l, t, r, b in stride units -> [N, A, 5 + nc]: cx, cy, w, h in input pixels, 1, class scores
/// after the sigmoid; A = sum of H_l W_l, levels in order, cells row-major (spec/01 §3.4, §3.5).
struct Decode {
  static constexpr std::string_view kName = "Decode";
  std::vector<int64_t> strides{8, 16, 32};
  bool operator==(const Decode&) const = default;
};

using Op = std::variant<Input, Parameter, Conv2d, ConvTranspose2d, BatchNorm, Relu, Silu, Add, ChannelScale,
                        MaxPool2d, AvgPool2d, Concat, FakeQuant, Decode>;

/// The operator's name, e.g. "Conv2d".
inline std::string_view op_name(const Op& op) {
  return std::visit([](const auto& concrete) { return concrete.kName; }, op);
}

/// Calls one of several lambdas by the operator's type: std::visit(overloaded{[](const Relu&) {…}, …}, op).
template <typename... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};
template <typename... Fs>
overloaded(Fs...) -> overloaded<Fs...>;

}  // namespace y6q::ir
