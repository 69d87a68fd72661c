#include "embed/image_detector.h"

#include <gmock/gmock.h>

#include <thread>

#include "base/errors.h"
#include "base/random.h"
#include "embed/test_network.h"
#include "image/colour.h"

namespace y6q::embed {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

// Untrained networks score about 0.01 everywhere.
const DetectorOptions kLow{.threads = 1,
                           .nms = {.score_threshold = 0.005F, .iou_threshold = 0.5F, .max_detections = 20}};

image::Image picture(int64_t height, int64_t width) {
  Random random(3);
  image::Image image(height, width);
  for (uint8_t& value : image.pixels) value = static_cast<uint8_t>(random.index(256));
  return image;
}

class ImageDetectorTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!engine::supports(engine::Kind::openvino, engine::Precision::fp32))
      GTEST_SKIP() << "built without OpenVINO";
  }
  support::Folder folder_;
};

void expect_same(const std::vector<detect::Detection>& got, const std::vector<detect::Detection>& want) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].label, want[i].label) << i;
    EXPECT_NEAR(got[i].score, want[i].score, 1e-6) << i;
    EXPECT_NEAR(got[i].box.x1, want[i].box.x1, 1e-2) << i;
    EXPECT_NEAR(got[i].box.y2, want[i].box.y2, 1e-2) << i;
  }
}

TEST_F(ImageDetectorTest, EqualsItsPartsPutTogetherByHand) {
  const fs::path onnx = write_network(folder_);
  const image::Image image = picture(200, 150);
  const auto engine =
      engine::open(engine::Kind::openvino, onnx, {.input = engine::InputLayout::bytes_nchw, .threads = 1});
  const image::Letterboxed boxed = image::fit_and_letterbox(image, {64, 96});
  std::vector<uint8_t> planes(3 * 64 * 96);
  image::to_rgb_planes(boxed.image, planes);
  auto want =
      detect::detections_of(image_outputs(engine->infer(std::span<const uint8_t>(planes))), 64, kLow.nms);
  EXPECT_EQ(want.size(), 20U);
  // The long side, 200 rows, becomes 64.
  detect::to_source(want, {200, 150, 48.0 / 150, 64.0 / 200, 24, 0});
  expect_same(ImageDetector(onnx, kLow).detect(image), want);
}

TEST_F(ImageDetectorTest, TakesRowsWithGapsAndEitherOrderOfChannels) {
  ImageDetector detector(write_network(folder_), kLow);
  const image::Image image = picture(40, 60);
  const auto want = detector.detect(image);
  constexpr int64_t kRow = 60 * 3 + 17;
  std::vector<uint8_t> gaps(40 * kRow, 255), swapped(image.pixels.size());
  for (int64_t y = 0; y < 40; ++y) std::copy_n(image.at(y, 0), 60 * 3, gaps.data() + y * kRow);
  image::to_rgb(image, swapped);
  expect_same(detector.detect({gaps.data(), 40, 60, kRow}), want);
  expect_same(detector.detect({swapped.data(), 40, 60, 180}, ChannelOrder::rgb), want);
}

TEST_F(ImageDetectorTest, AnotherOneGivesTheSameOnItsOwnThread) {
  DetectorOptions options = kLow;
  options.threads = options.streams = 2;
  ImageDetector detector(write_network(folder_), options);
  const auto other = detector.another();
  const image::Image image = picture(64, 96);
  const auto want = detector.detect(image);
  std::vector<detect::Detection> first, second;
  {
    const std::jthread a([&] { first = detector.detect(image); });
    const std::jthread b([&] { second = other->detect(image); });
  }
  expect_same(first, want);
  expect_same(second, want);
}

TEST_F(ImageDetectorTest, KnowsWhatTheFileSaysAboutItself) {
  const ImageDetector detector(write_network(folder_), {});
  EXPECT_EQ(detector.class_names(), (std::vector<std::string>{"a", "b", "c d"}));
  EXPECT_EQ(detector.class_count(), 3);
  EXPECT_EQ(detector.input_size(), (image::Size{64, 96}));
  EXPECT_EQ(detector.precision(), engine::Precision::fp32);
}

TEST_F(ImageDetectorTest, OnlyTheLabelsAskedForCompete) {
  DetectorOptions options = kLow;
  options.classes = {"b"};
  options.nms.agnostic = true;
  const auto found = ImageDetector(write_network(folder_), options).detect(picture(64, 96));
  EXPECT_FALSE(found.empty());
  for (const auto& detection : found) EXPECT_EQ(detection.label, 1);
}

TEST_F(ImageDetectorTest, RefusesWhatDoesNotFitTheFile) {
  const fs::path onnx = write_network(folder_);
  EXPECT_THAT([&] { ImageDetector(onnx, {.precision = engine::Precision::int8}); },
              ThrowsMessage<InputError>(AllOf(HasSubstr(onnx.string()), HasSubstr("no quantizers"))));
  for (const char* other : {"3", "-1", "d", ""}) {
    EXPECT_THAT([&] { ImageDetector(onnx, {.classes = {other}}); },
                ThrowsMessage<UsageError>(AllOf(HasSubstr("0 to 2"), HasSubstr("a, b, c d"))));
  }
  EXPECT_THAT([&] { ImageDetector(onnx, {.nms = {.score_threshold = 2}}); },
              ThrowsMessage<UsageError>(HasSubstr("score threshold 2")));
  write_network(folder_, "a\nb");
  EXPECT_THAT([&] { ImageDetector(onnx, {}); },
              ThrowsMessage<InputError>(AllOf(HasSubstr(onnx.string()), HasSubstr("names 2 classes"))));
  EXPECT_THROW(ImageDetector(write_network(folder_), kLow).detect(image::ImageView()), ShapeError);
}

}  // namespace
}  // namespace y6q::embed
