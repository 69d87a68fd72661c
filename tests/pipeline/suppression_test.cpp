// A file that suppresses boxes itself finds what decoding and suppression behind a file find.
#include <gmock/gmock.h>

#include "base/errors.h"
#include "detect/decode.h"
#include "embed/image_detector.h"
#include "infer/engine_runner.h"
#include "onnx/write.h"
#include "pipeline/suppressed_networks.h"
#include "support/folder.h"

namespace y6q::pipeline {
namespace {

using detect::Detection;
using detect::NmsOptions;
using engine::InputLayout;
using onnx::ImageType;
using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

const NmsOptions kNms{.score_threshold = 0.4F, .iou_threshold = 0.3F, .max_detections = 200};

void expect_same(const std::vector<Detection>& got, const std::vector<Detection>& want) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].label, want[i].label) << i;
    EXPECT_NEAR(got[i].score, want[i].score, 1e-5) << i;
    EXPECT_NEAR(got[i].box.x1, want[i].box.x1, 1e-3) << i;
    EXPECT_NEAR(got[i].box.y2, want[i].box.y2, 1e-3) << i;
  }
}

/// Of one image among those of a call.
std::vector<detect::ImageOutput> outputs_of(const std::vector<engine::OutputTensor>& tensors, int64_t image) {
  std::vector<engine::OutputTensor> own = tensors;
  for (engine::OutputTensor& tensor : own) {
    const size_t size = tensor.data.size() / static_cast<size_t>(tensor.shape[0]);
    tensor.data = tensor.data.subspan(static_cast<size_t>(image) * size, size);
  }
  return embed::image_outputs(own);
}

class SuppressedFile : public testing::Test {
 protected:
  void SetUp() override {
    if (!engine::supports(engine::Kind::openvino, engine::Precision::fp32))
      GTEST_SKIP() << "built without OpenVINO";
  }

  fs::path write(onnx::OnnxOptions options, const NmsOptions& nms = kNms) {
    options.metadata = {{"names", "a\nb\nc"}};
    if (options.suppression) {
      options.suppression = suppression_as(nms, options.suppression->by);
      options.metadata["score_threshold"] = fmt::format("{}", nms.score_threshold);
      options.metadata["iou_threshold"] = fmt::format("{}", nms.iou_threshold);
      options.metadata["max_detections"] = fmt::format("{}", nms.max_detections);
    }
    return write_as_it_is(options);
  }
  fs::path write_as_it_is(const onnx::OnnxOptions& options) {
    const fs::path path = folder_ / fmt::format("{}.onnx", ++count_);
    onnx::write_onnx(path, model_, options);
    return path;
  }

  const support::Folder folder_;
  const ir::Model model_ = overlapping_detector();
  const ir::Tensor images_ = random_images({2, 3, 32, 32}, 4);
  int count_ = 0;
};

TEST_F(SuppressedFile, FindsWhatTheInterpreterAndSuppressionFindInEveryImage) {
  const std::vector<std::vector<Detection>> want{found_by_hand(model_, images_, 0, kNms),
                                                 found_by_hand(model_, images_, 1, kNms)};
  ASSERT_GE(want[0].size(), 4U);
  ASSERT_LT(want[0].size() + want[1].size(), 400U) << "the lists are not full, so that they can be too long";
  for (const int64_t batch : {0, 2}) {
    const auto engine = engine::open(
        engine::Kind::openvino, write({.batch = batch, .suppression = onnx::Suppression{}}), {.batch = 2});
    const auto& tensors = engine->infer(std::vector<float>(images_.data.begin(), images_.data.end()));
    for (const int64_t image : {0, 1})
      expect_same(detect::detections_of(outputs_of(tensors, image), 32, kNms),
                  want[static_cast<size_t>(image)]);
  }
}

TEST_F(SuppressedFile, TakesBytesAndFloatsInEveryLayout) {
  const fs::path file = write({.images = ImageType::bytes, .suppression = onnx::Suppression{}});
  const auto want = found_by_hand(model_, images_, 0, kNms);
  const std::vector<uint8_t> rows = bytes_of(images_, 0, true), planes = bytes_of(images_, 0, false);
  const std::vector<float> floats(images_.data.begin(), images_.data.begin() + 3 * 32 * 32);
  const auto found = [&](InputLayout layout, const auto& image) {
    const auto engine = engine::open(engine::Kind::openvino, file, {.input = layout});
    return detect::detections_of(embed::image_outputs(engine->infer(image)), 32, kNms);
  };
  expect_same(found(InputLayout::bytes_nhwc, rows), want);
  expect_same(found(InputLayout::bytes_nchw, planes), want);
  expect_same(found(InputLayout::float_nchw, floats), want);
}

TEST_F(SuppressedFile, KeepsTheBestAndMayFindNothing) {
  NmsOptions few = kNms, none = kNms;
  few.max_detections = 2;
  none.score_threshold = 0.9999F;
  for (const NmsOptions& nms : {few, none}) {
    const auto engine =
        engine::open(engine::Kind::openvino, write({.suppression = onnx::Suppression{}}, nms));
    const auto& tensors =
        engine->infer(std::vector<float>(images_.data.begin(), images_.data.begin() + 3072));
    EXPECT_THAT(tensors.at(1).shape, testing::ElementsAre(1, nms.max_detections, 4));
    expect_same(detect::detections_of(embed::image_outputs(tensors), 32, kNms),
                found_by_hand(model_, images_, 0, nms));
  }
}

TEST_F(SuppressedFile, IsADetectorAsAnyOther) {
  image::Image picture(32, 32);
  picture.pixels = bytes_of(images_, 0, true);
  const embed::DetectorOptions options{.threads = 1, .nms = kNms};
  const auto want = embed::ImageDetector(write({}), options).detect(picture, embed::ChannelOrder::rgb);
  ASSERT_GE(want.size(), 4U);
  for (const ImageType images : all_values<ImageType>()) {
    const fs::path file = write({.images = images, .suppression = onnx::Suppression{}});
    embed::ImageDetector detector(file, options);
    EXPECT_EQ(detector.class_count(), 3);
    expect_same(detector.detect(picture, embed::ChannelOrder::rgb), want);
    data::Batch batch;
    batch.count = 1;
    batch.height = batch.width = 32;
    batch.images = bytes_of(images_, 0, false);
    expect_same(infer::open_engine(file, {.threads = 1})->detect(batch, kNms).at(0),
                found_by_hand(model_, images_, 0, kNms));
  }
}

TEST_F(SuppressedFile, DoesNotGiveMoreThanItKeeps) {
  const fs::path file = write({.suppression = onnx::Suppression{}});
  embed::DetectorOptions lower{.threads = 1, .nms = kNms};
  lower.nms.score_threshold = 0.2F;
  EXPECT_THAT([&] { embed::ImageDetector(file, lower); },
              ThrowsMessage<InputError>(AllOf(HasSubstr(file.string()), HasSubstr("--conf-thres 0.2"))));
  data::Batch batch;
  NmsOptions other = kNms;
  other.iou_threshold = 0.45F;
  EXPECT_THAT([&] { infer::open_engine(file, {.threads = 1})->detect(batch, other); },
              ThrowsMessage<InputError>(HasSubstr("--iou-thres 0.45")));
}

TEST_F(SuppressedFile, MustSayWhatItsClassesAreAndMeanNumbers) {
  const onnx::OnnxOptions unnamed{.suppression = suppression_as(kNms)};
  const embed::DetectorOptions options{.threads = 1, .nms = kNms};
  EXPECT_THAT([&] { embed::ImageDetector(write_as_it_is(unnamed), options); },
              ThrowsMessage<InputError>(HasSubstr("does not name its classes")));
  onnx::OnnxOptions one = unnamed, words = unnamed;
  one.metadata = {{"names", "a"}};
  embed::ImageDetector detector(write_as_it_is(one), options);
  image::Image picture(32, 32);
  picture.pixels = bytes_of(images_, 0, true);
  EXPECT_THAT([&] { detector.detect(picture, embed::ChannelOrder::rgb); },
              ThrowsMessage<InputError>(HasSubstr("it has 0 to 0")));
  words.metadata = {{"names", "a\nb\nc"}, {"score_threshold", "low"}};
  EXPECT_THAT([&] { infer::open_engine(write_as_it_is(words)); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("score_threshold"), HasSubstr("'low'"))));
}

TEST_F(SuppressedFile, ThePluginOfTensorRtIsRefusedByItsName) {
  const fs::path file = write({.suppression = onnx::Suppression{.by = onnx::Suppressor::efficient}});
  EXPECT_THAT([&] { engine::open(engine::Kind::openvino, file); },
              ThrowsMessage<InputError>(AllOf(HasSubstr(file.string()), HasSubstr("EfficientNMS_TRT"))));
}

}  // namespace
}  // namespace y6q::pipeline
