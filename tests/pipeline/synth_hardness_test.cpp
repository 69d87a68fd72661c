#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "data/synth.h"
#include "detect/iou.h"
#include "engine/engine.h"
#include "infer/engine_runner.h"
#include "models/yolov6.h"
#include "onnx/write.h"
#include "passes/deploy.h"
#include "pipeline/threshold_detector.h"
#include "stages/evaluate.h"
#include "support/process.h"

// Generated data must have to be learned: what knows only where objects tend to be, what knows nothing, and
// what knows only colours must fail on it.
namespace y6q::pipeline {
namespace {

constexpr double kConstantOrUntrained = 0.02, kColour = 0.3;  // mAP50 that may be reached
constexpr int64_t kSize = 128;

class SynthHardness : public testing::Test {
 protected:
  void SetUp() override {
    data::write_synth({.out = folder_.path() / "set", .train = 96, .val = 64, .test = 1, .image_size = kSize},
                      silent_monitor());
    train_ = read("train");
    val_ = read("val");
  }
  data::Dataset read(const char* split) const {
    return data::read_dataset(folder_.path() / "set" / "data.yaml", {.split = split}, silent_monitor());
  }

  support::Folder folder_;
  data::Dataset train_, val_;
};

double map50(const data::Dataset& dataset, const std::vector<coco::ImageDetections>& found) {
  return coco::evaluate(stages::ground_truth_of(dataset), found, dataset.category_ids).map50();
}

detect::Box box_of(const data::Label& label) {
  auto pixels = [](double fraction) { return static_cast<float>(fraction * kSize); };
  return {pixels(label.cx - label.w / 2), pixels(label.cy - label.h / 2), pixels(label.cx + label.w / 2),
          pixels(label.cy + label.h / 2)};
}

/// The same boxes for every image: those of the training set and a grid in three of its sizes, each scored by
/// the share of training images in which it would hit.
std::vector<detect::Detection> constant_boxes(const data::Dataset& train) {
  std::vector<data::Label> labels;
  for (const data::ImageRecord& record : train.images) {
    labels.insert(labels.end(), record.labels.begin(), record.labels.end());
  }
  std::vector<data::Label> candidates = labels;
  std::ranges::sort(labels, {}, &data::Label::w);
  for (const size_t part : {1, 2, 3}) {
    const data::Label& typical = labels[labels.size() * part / 4];
    for (int64_t i = 0; i < 64 * std::ssize(train.class_names); ++i) {
      candidates.push_back({i / 64, (static_cast<double>(i % 8) + 0.5) / 8,
                            (static_cast<double>(i / 8 % 8) + 0.5) / 8, typical.w, typical.w});
    }
  }
  std::vector<detect::Detection> boxes;
  for (const data::Label& candidate : candidates) {
    const auto hits = std::ranges::count_if(train.images, [&](const data::ImageRecord& record) {
      return std::ranges::any_of(record.labels, [&](const data::Label& label) {
        return label.label == candidate.label && detect::iou(box_of(label), box_of(candidate)) >= 0.5;
      });
    });
    const auto share = static_cast<float>(hits) / static_cast<float>(train.images.size());
    if (hits > 0) boxes.push_back({box_of(candidate), share, candidate.label});
  }
  return detect::nms(boxes, {.score_threshold = 0, .iou_threshold = 0.5F, .max_detections = 1000});
}

/// The best mAP50 among the best 1, 4, 16, … of the boxes in every image.
double best_of_constant(const data::Dataset& dataset, const std::vector<detect::Detection>& boxes) {
  double best = 0;
  for (size_t count = 1; count < 4 * boxes.size(); count *= 4) {
    const std::vector<detect::Detection> some(
        boxes.begin(), boxes.begin() + static_cast<long>(std::min(count, boxes.size())));
    std::vector<coco::ImageDetections> found;
    for (const data::ImageRecord& record : dataset.images) found.push_back({record.image_id, some});
    best = std::max(best, map50(dataset, found));
  }
  return best;
}

TEST_F(SynthHardness, TheTruthItselfScoresOne) {
  std::vector<coco::ImageDetections> found;
  for (const data::ImageRecord& record : val_.images) {
    found.push_back({record.image_id, {}});
    for (const data::Label& label : record.labels) {
      found.back().detections.push_back({box_of(label), 1, label.label});
    }
  }
  EXPECT_NEAR(map50(val_, found), 1, 1e-9);
}

TEST_F(SynthHardness, ConstantBoxesDoNotFindObjects) {
  EXPECT_LE(best_of_constant(val_, constant_boxes(train_)), kConstantOrUntrained);
}

TEST_F(SynthHardness, ConstantBoxesWouldFindObjectsThatAreAlwaysInTheSamePlaces) {
  const std::vector<data::Label> places{{0, 0.3, 0.3, 0.25, 0.25}, {1, 0.7, 0.6, 0.3, 0.3}};
  for (data::Dataset* dataset : {&train_, &val_}) {
    for (data::ImageRecord& record : dataset->images) record.labels = places;
    dataset->annotation_json.clear();
  }
  EXPECT_NEAR(best_of_constant(val_, constant_boxes(train_)), 1, 1e-9);
}

TEST_F(SynthHardness, ColoursDoNotFindObjects) {
  const auto colours = learn_class_colours(train_);
  std::vector<coco::ImageDetections> found;
  size_t count = 0;
  for (const data::ImageRecord& record : val_.images) {
    found.push_back({record.image_id, detect_by_colour(image::decode_file(record.path), colours)});
    count += found.back().detections.size();
  }
  EXPECT_GT(count, val_.images.size());
  EXPECT_LE(map50(val_, found), kColour);
}

/// YOLOv6-N as training starts (predictions at the prior), or with random prediction layers, too.
double untrained_map50(const data::Dataset& dataset, const fs::path& onnx, bool random_predictions) {
  ir::Model model = passes::deploy(models::yolov6({.architecture = "yolov6n",
                                                   .mode = models::Mode::repvgg,
                                                   .class_count = std::ssize(dataset.class_names),
                                                   .image_size = {kSize, kSize},
                                                   .seed = 3}));
  Random random(5);
  for (auto& [name, array] : model.weights) {
    if (!random_predictions || name.find("_preds.") == name.npos) continue;
    for (float& value : array.floats()) value += static_cast<float>(random.uniform(-0.3, 0.3));
  }
  onnx::write_onnx(onnx, model);
  stages::EvaluateOptions options{.image_size = {kSize, kSize}, .batch_size = 16};
  // An untrained network's scores lie at the prior of 0.01, below the default threshold.
  options.protocol.nms.score_threshold = 0;
  const auto runner = infer::open_engine(onnx, {.precision = engine::Precision::fp32});
  const stages::Run run({}, silent_monitor());
  const auto result = stages::evaluate(*runner, dataset, options, run);
  for (const auto& image : result.detections) EXPECT_GE(image.detections.size(), 50U);
  return result.map50();
}

TEST_F(SynthHardness, AnUntrainedNetworkDoesNotFindObjects) {
  if (!engine::supports(engine::Kind::openvino, engine::Precision::fp32))
    GTEST_SKIP() << "built without OpenVINO";
  EXPECT_LE(untrained_map50(val_, folder_.path() / "start.onnx", false), kConstantOrUntrained);
  EXPECT_LE(untrained_map50(val_, folder_.path() / "random.onnx", true), kConstantOrUntrained);
}

}  // namespace
}  // namespace y6q::pipeline
