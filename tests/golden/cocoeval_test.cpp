// golden/cocoeval: pycocotools on boxes.
#include "coco/evaluate.h"
#include "golden/golden.h"

namespace y6q::golden {
namespace {

constexpr double kRecorded = 1e-6;  // arrays are float32
constexpr double kExact = 1e-12;    // numbers in JSON have all digits

/// null: undefined, our -1.
double number_or_undefined(const nlohmann::json& value) { return value.is_null() ? -1 : value.get<double>(); }

void expect_stats(const coco::Result& result, const nlohmann::json& recorded) {
  expect_close(result.stats, recorded.at("stats").get<std::vector<double>>(), {.atol = kExact}, "stats");
  expect_close(result.iou_thresholds, recorded.at("iou_thresholds").get<std::vector<double>>(), {},
               "thresholds");
  ASSERT_EQ(result.classes.size(), recorded.at("per_class").size());
  for (size_t k = 0; k < result.classes.size(); ++k) {
    const auto& want = recorded.at("per_class")[k];
    const auto& got = result.classes[k];
    EXPECT_EQ(got.category.id, want.at("category_id").get<int64_t>());
    EXPECT_NEAR(got.ap, number_or_undefined(want.at("ap")), kExact) << "class " << got.category.id;
    EXPECT_NEAR(got.ap50, number_or_undefined(want.at("ap50")), kExact) << "class " << got.category.id;
    EXPECT_NEAR(got.ar, number_or_undefined(want.at("ar100")), kExact) << "class " << got.category.id;
  }
}

/// Mean of the defined precisions for each (area, max dets).
void expect_slice_means(const coco::Result& result, const nlohmann::json& recorded) {
  constexpr size_t kSlices = 12;
  for (size_t slice = 0; slice < kSlices; ++slice) {
    double sum = 0;
    int64_t count = 0;
    for (size_t i = slice; i < result.precision.size(); i += kSlices) {
      if (result.precision[i] > -1) sum += result.precision[i], ++count;
    }
    ASSERT_GT(count, 0);
    EXPECT_NEAR(sum / static_cast<double>(count),
                recorded.at("slice_means")[slice / 3][slice % 3].get<double>(), kExact)
        << slice;
  }
}

/// The part for area "all" and the largest max dets: [T, R, K].
std::vector<double> last_all(const std::vector<double>& values) {
  std::vector<double> part;
  for (size_t i = 2; i < values.size(); i += 12) part.push_back(values[i]);
  return part;
}

std::vector<float> floats(const formats::SafetensorsReader& file, const std::string& name) {
  return std::get<std::vector<float>>(file.floats(name).data);
}

TEST(GoldenCocoEval, Synthetic) {
  Y6Q_NEED_GOLDEN();
  const auto result = coco::evaluate(coco::read_ground_truth(folder() / "cocoeval/synthetic_gt.json"),
                                     coco::read_detections(folder() / "cocoeval/synthetic_dets.json"));
  const auto recorded = json("cocoeval/synthetic");
  expect_stats(result, recorded);
  expect_slice_means(result, recorded);
  const auto arrays = tensors("cocoeval/synthetic");
  expect_close(result.precision, floats(arrays, "precision"), {.atol = kRecorded}, "precision");
  expect_close(result.scores, floats(arrays, "scores"), {.atol = kRecorded}, "scores");
  expect_close(result.recall, floats(arrays, "recall"), {.atol = kRecorded}, "recall");
}

TEST(GoldenCocoEval, TinyCoco) {
  Y6Q_NEED_GOLDEN();
  const fs::path truth = folder() / "../data/tiny-coco/annotations/instances_val2017.json";
  const auto result = coco::evaluate(coco::read_ground_truth(truth),
                                     coco::read_detections(folder() / "cocoeval/tiny_coco_dets.json"));
  const auto recorded = json("cocoeval/tiny_coco");
  expect_stats(result, recorded);
  expect_slice_means(result, recorded);
  const auto arrays = tensors("cocoeval/tiny_coco");
  expect_close(last_all(result.precision), floats(arrays, "precision_all_100"), {.atol = kRecorded},
               "precision");
  expect_close(last_all(result.scores), floats(arrays, "scores_all_100"), {.atol = kRecorded}, "scores");
  expect_close(result.recall, floats(arrays, "recall"), {.atol = kRecorded}, "recall");
}

}  // namespace
}  // namespace y6q::golden
