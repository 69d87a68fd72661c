#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "formats/safetensors.h"
#include "image/image.h"

/// Entries of a golden file in the types of image/ and of plain numbers.
namespace y6q::golden {

inline image::Image picture(const formats::SafetensorsReader& file, const std::string& name) {
  const formats::RawTensor& tensor = file.tensors().at(name);
  image::Image image(tensor.shape.at(0), tensor.shape.at(1));
  std::memcpy(image.pixels.data(), tensor.bytes.data(), image.pixels.size());
  return image;
}

inline std::vector<float> numbers(const formats::SafetensorsReader& file, const std::string& name) {
  return file.floats(name).floats();
}

}  // namespace y6q::golden
