#pragma once

#include <string>
#include <vector>

#include "models/builder.h"

/// YOLOv6's blocks as functions that read like a forward(). `path` is the module path of the checkpoint names
/// (spec/01 §2, nested generation). All activations are [N, C, H, W].
namespace y6q::models {

enum class Activation { none, relu, silu };

struct ConvOptions {
  int64_t out_channels = 0, kernel = 3, stride = 1;
  Activation activation = Activation::relu;
};

/// conv (pad kernel / 2, no bias) -> batch norm -> activation, under <path>.block (spec/01 §2.1). In deploy
/// mode the convolution has a bias and no batch norm.
ir::Value conv_unit(Builder& b, const std::string& path, ir::Value x, const ConvOptions& options);

/// The 3x3 block of the builder's mode, ending in ReLU (spec/01 §2.2 to §2.4, spec/07 §2).
ir::Value rep_conv(Builder& b, const std::string& path, ir::Value x, const ConvOptions& options);

/// `count` rep_convs at stride 1: conv1, then block.0 … block.(count - 2) (spec/01 §2.6).
ir::Value rep_stack(Builder& b, const std::string& path, ir::Value x, int64_t out_channels, int64_t count);

/// Spatial pyramid pooling with three 5x5 pools in a row (spec/01 §2.8, SimSPPF), under <path>.sppf.
ir::Value sppf(Builder& b, const std::string& path, ir::Value x, int64_t out_channels);

/// Transposed 2x2 convolution with stride 2 and bias, C -> C (spec/01 §2.9).
ir::Value upsample(Builder& b, const std::string& path, ir::Value x);

/// 1x1 convolution to a prediction map; weight 0, bias as given (spec/01 §3.3, prior initialisation).
ir::Value prediction(Builder& b, const std::string& path, ir::Value x, int64_t out_channels, float bias);

}  // namespace y6q::models
