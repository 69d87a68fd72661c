#include <cstdio>

#include "coco/evaluate.h"

int main() {
  const auto truth = y6q::coco::parse_ground_truth(
      R"({"images": [{"id": 1}], "categories": [{"id": 3, "name": "a"}],
          "annotations": [{"id": 1, "image_id": 1, "category_id": 3, "bbox": [0, 0, 9, 9], "area": 81, "iscrowd": 0}]})",
      "gt");
  const auto found = y6q::coco::parse_detections(
      R"([{"image_id": 1, "category_id": 3, "bbox": [0, 0, 9, 8], "score": 0.5}])", "dt");
  std::printf("%.6f\n", y6q::coco::evaluate(truth, found).map());
  return 0;
}
