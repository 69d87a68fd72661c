#include "stages/evaluate.h"

#include <gtest/gtest.h>

#include "image/encode.h"
#include "support/folder.h"

namespace y6q::stages {
namespace {

/// Finds the same in every image.
class FixedRunner : public infer::Runner {
 public:
  explicit FixedRunner(std::vector<detect::Detection> found) : found_(std::move(found)) {}
  std::vector<std::vector<detect::Detection>> detect(const data::Batch& batch,
                                                     const detect::NmsOptions&) override {
    return {static_cast<size_t>(batch.count), found_};
  }
  std::string name() const override { return "fixed"; }
  const infer::NetworkFacts& facts() const override { return facts_; }
  std::array<int64_t, 2> image_size() const override { return {64, 64}; }

 private:
  std::vector<detect::Detection> found_;
  infer::NetworkFacts facts_;
};

// Two objects that count and one that is difficult, in one image of 64 x 64.
data::Dataset one_image(const support::Folder& folder) {
  image::encode_file(folder / "a.png", image::Image(64, 64, 90));
  data::Dataset set;
  set.split = "val";
  set.class_names = {"a"};
  set.category_ids = {0};
  set.images.push_back({.path = folder / "a.png",
                        .image_id = 1,
                        .height = 64,
                        .width = 64,
                        .labels = {{0, 0.125, 0.125, 0.25, 0.25}, {0, 0.625, 0.625, 0.25, 0.25}},
                        .difficult = {{0, 0.125, 0.625, 0.25, 0.25}}});
  return set;
}

double map_of(const std::vector<detect::Detection>& found, const data::Dataset& set) {
  FixedRunner runner(found);
  const stages::Run run({}, silent_monitor());
  return evaluate(runner, set, {.image_size = {64, 64}}, run).map();
}

TEST(Evaluate, ADifficultObjectIsNeitherHitNorMiss) {
  const support::Folder folder;
  const data::Dataset set = one_image(folder);
  const detect::Detection first{{0, 0, 16, 16}, 0.8F, 0}, second{{32, 32, 48, 48}, 0.7F, 0},
      hard{{0, 32, 16, 48}, 0.9F, 0};
  EXPECT_NEAR(map_of({first, second}, set), 1, 1e-9) << "not found: no miss";
  EXPECT_NEAR(map_of({hard, first, second}, set), 1, 1e-9) << "found: no false alarm";
  data::Dataset counted = set;
  counted.images[0].difficult.clear();
  EXPECT_NEAR(map_of({hard, first, second}, counted), 2.0 / 3, 1e-9);
}

TEST(Evaluate, BoxesOfClassesThatWereLeftOutDoNotCount) {
  const support::Folder folder;
  const data::Dataset set = one_image(folder);
  const detect::Detection first{{0, 0, 16, 16}, 0.8F, 2}, second{{32, 32, 48, 48}, 0.7F, 2},
      other{{48, 0, 64, 16}, 0.9F, 1};
  FixedRunner runner({other, first, second});
  const stages::Run run({}, silent_monitor());
  const Evaluation result = evaluate(runner, set, {.image_size = {64, 64}, .class_of = {-1, -1, 0}}, run);
  EXPECT_NEAR(result.map(), 1, 1e-9) << "a false alarm of the best score would halve it";
  EXPECT_EQ(result.detections.at(0).detections.size(), 2U);
}

TEST(Evaluate, OnlyChosenClassesOfAnAnnotationFileAreJudged) {
  const support::Folder folder;
  data::Dataset set = one_image(folder);
  write_file(folder / "val.json",
             R"({"images": [{"id": 1}], "categories": [{"id": 3, "name": "a"}, {"id": 5, "name": "b"}],
      "annotations": [{"id": 1, "image_id": 1, "category_id": 5, "bbox": [0, 0, 16, 16], "area": 256, "iscrowd": 0},
                      {"id": 2, "image_id": 1, "category_id": 3, "bbox": [32, 32, 16, 16], "area": 256, "iscrowd": 0}]})");
  set.annotation_json = folder / "val.json";
  set.class_names = {"b"};
  set.category_ids = {5};
  const detect::Detection found{{0, 0, 16, 16}, 0.8F, 0};
  EXPECT_NEAR(map_of({found}, set), 0.5, 1e-9) << "class a is missed";
  set.other_classes = {"a"};
  EXPECT_NEAR(map_of({found}, set), 1, 1e-9);
}

TEST(Evaluate, AnImageOfDifficultObjectsAloneIsAnnotated) {
  const support::Folder folder;
  data::Dataset set = one_image(folder);
  set.images[0].labels.clear();
  FixedRunner runner({});
  EvaluateOptions options{.image_size = {64, 64}};
  options.protocol.annotated_only = true;
  const stages::Run run({}, silent_monitor());
  EXPECT_EQ(evaluate(runner, set, options, run).coco.images, 1);
}

}  // namespace
}  // namespace y6q::stages
