#include "embed/yolov6q.h"

#include <gmock/gmock.h>

#include "embed/test_network.h"
#include "engine/engine.h"

namespace y6q::embed {
namespace {

using testing::HasSubstr;

TEST(CInterface, SaysWhatWasWrongAndWhoCanAct) {
  y6q_detector* detector = nullptr;
  y6q_error error;
  EXPECT_EQ(y6q_detector_open(nullptr, nullptr, &detector, &error), Y6Q_USAGE);
  EXPECT_EQ(error.status, Y6Q_USAGE);
  EXPECT_THAT(error.message, HasSubstr("path"));
  const bool available = engine::supports(engine::Kind::openvino, engine::Precision::fp32);
  EXPECT_EQ(y6q_detector_open("nowhere.onnx", nullptr, &detector, &error),
            available ? Y6Q_INPUT : Y6Q_ENVIRONMENT);
  EXPECT_THAT(error.message, HasSubstr("nowhere.onnx"));
  const std::string endless(5000, 'x');
  EXPECT_NE(y6q_detector_open(endless.c_str(), nullptr, &detector, &error), Y6Q_OK);
  EXPECT_EQ(std::string(error.message).size(), sizeof(error.message) - 1);
  EXPECT_NE(y6q_detector_open("nowhere.onnx", nullptr, &detector, nullptr), Y6Q_OK);
  EXPECT_EQ(y6q_detector_another(nullptr, &detector, &error), Y6Q_USAGE);
  EXPECT_EQ(detector, nullptr);
  y6q_detector_close(nullptr);
  EXPECT_STRNE(y6q_version(), "");
}

TEST(CInterface, FromAFileAndPixelsToBoxes) {
  if (!engine::supports(engine::Kind::openvino, engine::Precision::fp32))
    GTEST_SKIP() << "built without OpenVINO";
  const support::Folder folder;
  y6q_options options = y6q_default_options();
  options.score_threshold = 0.005F;
  options.max_detections = 5;
  y6q_detector *detector = nullptr, *other = nullptr;
  y6q_error error;
  ASSERT_EQ(y6q_detector_open(write_network(folder).c_str(), &options, &detector, &error), Y6Q_OK)
      << error.message;
  EXPECT_EQ(y6q_detector_class_count(detector), 3);
  EXPECT_STREQ(y6q_detector_class_name(detector, 2), "c d");
  EXPECT_STREQ(y6q_detector_class_name(detector, 3), "");
  int64_t height = 0, width = 0;
  y6q_detector_input_size(detector, &height, &width);
  EXPECT_EQ(height, 64);
  EXPECT_EQ(width, 96);

  const std::vector<uint8_t> pixels(50 * 70 * 3, 90);
  y6q_image image{pixels.data(), 50, 70, 0, Y6Q_BGR};
  const y6q_detection* found = nullptr;
  size_t count = 0;
  ASSERT_EQ(y6q_detector_detect(detector, &image, &found, &count, &error), Y6Q_OK) << error.message;
  EXPECT_EQ(count, 5U);
  for (size_t i = 0; i < count; ++i) {
    EXPECT_TRUE(found[i].x1 >= 0 && found[i].x2 <= 70 && found[i].y1 >= 0 && found[i].y2 <= 50);
    EXPECT_TRUE(i == 0 || found[i].score <= found[i - 1].score);
  }
  const std::vector<y6q_detection> kept(found, found + count);
  ASSERT_EQ(y6q_detector_another(detector, &other, &error), Y6Q_OK);
  y6q_detector_close(detector);
  ASSERT_EQ(y6q_detector_detect(other, &image, &found, &count, &error), Y6Q_OK) << error.message;
  ASSERT_EQ(count, kept.size());
  EXPECT_EQ(found[0].x1, kept[0].x1);

  image.row_bytes = 209;
  EXPECT_EQ(y6q_detector_detect(other, &image, &found, &count, &error), Y6Q_INPUT);
  EXPECT_THAT(error.message, HasSubstr("209"));
  EXPECT_EQ(count, 0U);
  image = {nullptr, 50, 70, 0, Y6Q_BGR};
  EXPECT_EQ(y6q_detector_detect(other, &image, &found, &count, &error), Y6Q_INPUT);
  EXPECT_EQ(y6q_detector_detect(other, nullptr, &found, &count, &error), Y6Q_USAGE);
  y6q_detector_close(other);
  options.precision = static_cast<y6q_precision>(3);
  EXPECT_EQ(y6q_detector_open((folder / "net.onnx").c_str(), &options, &other, &error), Y6Q_INPUT);
}

}  // namespace
}  // namespace y6q::embed
