#pragma once

#include <cmath>

#include "detect/decode.h"
#include "onnx/write.h"
#include "pipeline/networks.h"

/// A detector whose boxes overlap, and what it finds without a file.
namespace y6q::pipeline {

/// Two levels of 8 x 8 and 4 x 4 cells, 3 classes, boxes of several cells; output `outputs`.
inline ir::Model overlapping_detector() {
  NetworkMaker n({1, 3, 32, 32});
  const auto layer = [&](const std::string& name, ir::Value x, int64_t in, int64_t stride) {
    return n.add(name + ".relu", ir::Relu{},
                 {n.add(name, ir::Conv2d{.stride = {stride, stride}},
                        {x, n.weight(name + ".w", {8, in, stride, stride}), n.weight(name + ".b", {8})})});
  };
  const auto map = [&](const std::string& name, ir::Value x, int64_t channels, double offset) {
    return n.add(name, ir::Conv2d{},
                 {x, n.weight(name + ".w", {channels, 8, 1, 1}, offset > 0 ? 0.1 : 1.5, offset),
                  n.weight(name + ".b", {channels}, 0.3, offset > 0 ? 1 : -0.5)});
  };
  const ir::Value fine = layer("fine", n.images(), 3, 4), coarse = layer("coarse", fine, 8, 2);
  // Distances of positive weights: boxes have an area.
  const ir::Value cls0 = map("cls0", fine, 3, 0), cls1 = map("cls1", coarse, 3, 0);
  const ir::Value reg0 = map("reg0", fine, 4, 0.2), reg1 = map("reg1", coarse, 4, 0.2);
  n.model.graph.mark_output("outputs", n.add("decode", ir::Decode{{4, 8}}, {cls0, cls1, reg0, reg1}));
  return n.model;
}

inline onnx::Suppression suppression_as(const detect::NmsOptions& nms,
                                        onnx::Suppressor by = onnx::Suppressor::onnx) {
  return {by, nms.score_threshold, nms.iou_threshold, nms.max_detections};
}

/// The interpreter's rows of one image, suppressed here.
inline std::vector<detect::Detection> found_by_hand(const ir::Model& model, const ir::Tensor& images,
                                                    int64_t image, const detect::NmsOptions& nms) {
  const ir::Tensor rows = ir::interpret(model, images).at("outputs");
  const int64_t size = rows.shape[1] * rows.shape[2];
  const auto first = rows.data.begin() + image * size;
  const std::vector<float> own(first, first + size);
  return detect::nms(detect::decode_rows(own, rows.shape[2] - 5, nms), nms);
}

/// One of the images as bytes, channels last or in planes.
inline std::vector<uint8_t> bytes_of(const ir::Tensor& images, int64_t image, bool channels_last) {
  const int64_t cells = images.shape[2] * images.shape[3];
  std::vector<uint8_t> bytes(static_cast<size_t>(3 * cells));
  for (int64_t c = 0; c < 3; ++c) {
    for (int64_t i = 0; i < cells; ++i) {
      const double value = images.data[static_cast<size_t>((image * 3 + c) * cells + i)];
      bytes[static_cast<size_t>(channels_last ? i * 3 + c : c * cells + i)] =
          static_cast<uint8_t>(std::lround(value * 255));
    }
  }
  return bytes;
}

}  // namespace y6q::pipeline
