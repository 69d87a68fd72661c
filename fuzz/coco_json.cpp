#include <cstdlib>

#include "base/errors.h"
#include "coco/dataset.h"
#include "fuzz/target.h"

// Text is COCO's ground truth or detections, or an error of the input, never anything else. The columns of
// what was accepted have one length.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace y6q;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const coco::GroundTruth truth = coco::parse_ground_truth(text, "fuzz");
    if (truth.box.size() != truth.size() || truth.area.size() != truth.size()) std::abort();
  } catch (const InputError&) {
  }
  try {
    const coco::Detections found = coco::parse_detections(text, "fuzz");
    if (found.box.size() != found.size() || found.score.size() != found.size()) std::abort();
  } catch (const InputError&) {
  }
  return 0;
}
