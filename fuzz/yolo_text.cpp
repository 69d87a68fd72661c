#include <cmath>
#include <cstdlib>

#include "base/errors.h"
#include "data/image_files.h"
#include "data/read_yolo.h"
#include "fuzz/target.h"

// Text of a label file: every label is one of the classes and has an area inside the image. Text of a list of
// images: every line is an image or a problem, never both.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace y6q;
  constexpr int64_t kClasses = 3;
  constexpr double kRounding = 1e-9;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  data::DraftSample sample;
  data::parse_yolo_labels(text, kClasses, sample);
  for (const data::Label& label : sample.labels) {
    const bool is_inside = label.cx - label.w / 2 >= -kRounding && label.cx + label.w / 2 <= 1 + kRounding &&
                           label.cy - label.h / 2 >= -kRounding && label.cy + label.h / 2 <= 1 + kRounding;
    if (label.label < 0 || label.label >= kClasses || !(label.w > 0 && label.h > 0) || !is_inside)
      std::abort();
  }
  try {
    for (const data::DraftSample& line : data::parse_image_list(text, "/nowhere/list.txt", "/nowhere/root")) {
      if (line.image.empty() != !line.problems.empty()) std::abort();
    }
  } catch (const InputError&) {
  }
  return 0;
}
