#pragma once

#include "models/yolov6.h"
#include "onnx/write.h"
#include "passes/deploy.h"
#include "support/folder.h"

namespace y6q::embed {

/// An untrained YOLOv6-N of 3 classes for 64 x 96 pixels, exported with a raw head.
inline fs::path write_network(const support::Folder& folder, const std::string& names = "a\nb\nc d") {
  const ir::Model model = models::yolov6(
      {.architecture = "yolov6n", .mode = models::Mode::repvgg, .class_count = 3, .image_size = {64, 96}});
  const fs::path path = folder / "net.onnx";
  onnx::write_onnx(path, passes::deploy(model), {.metadata = {{"names", names}}});
  return path;
}

}  // namespace y6q::embed
