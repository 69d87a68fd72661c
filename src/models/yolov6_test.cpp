#include "models/yolov6.h"

#include <gtest/gtest.h>

#include "base/errors.h"
#include "ir/text.h"

namespace y6q::models {
namespace {

int64_t count(const std::string& architecture, Mode mode) {
  return ir::parameter_count(yolov6({.architecture = architecture, .mode = mode, .image_size = {64, 64}}));
}

// The table of spec/01 §3.6 counts 34 frozen projection entries that no network here has.
TEST(Yolov6, HasTheParameterCountsOfTheSpecification) {
  constexpr int64_t kProjection = 34;
  EXPECT_EQ(count("yolov6n", Mode::hyper_search) + kProjection, 4734910);
  EXPECT_EQ(count("yolov6n", Mode::repopt) + kProjection, 4321742);
  EXPECT_EQ(count("yolov6n", Mode::repvgg) + kProjection, 4737566);
  EXPECT_EQ(count("yolov6n", Mode::repvgg_deploy) + kProjection, 4317246);
  EXPECT_EQ(count("yolov6t", Mode::repopt) + kProjection, 9702310);
  EXPECT_EQ(count("yolov6t", Mode::repvgg_deploy) + kProjection, 9695566);
  EXPECT_EQ(count("yolov6s", Mode::hyper_search) + kProjection, 18863710);
  EXPECT_EQ(count("yolov6s", Mode::repopt) + kProjection, 17229438);
  EXPECT_EQ(count("yolov6s", Mode::repvgg) + kProjection, 18869022);
}

// A block of QARepVGG has the parameters of RepVGG's but for gain and bias of the identity's normalisation:
// of n, 2 * 32 + 4 * 64 + 6 * 128 + 2 * 256 channels in the backbone, 3 * 64 + 3 * 32 + 4 * 64 + 4 * 128 in
// the neck; of s twice as many.
TEST(Yolov6, QaRepVggHasNoNormOfTheIdentity) {
  constexpr int64_t kChannels = 64 + 256 + 768 + 512 + 192 + 96 + 256 + 512;
  EXPECT_EQ(count("yolov6n", Mode::repvgg) - count("yolov6n", Mode::qarepvgg), 2 * kChannels);
  EXPECT_EQ(count("yolov6s", Mode::repvgg) - count("yolov6s", Mode::qarepvgg), 4 * kChannels);
  EXPECT_EQ(count("yolov6n", Mode::qarepvgg_v1), count("yolov6n", Mode::qarepvgg));
}

TEST(Yolov6, GivesThreeLevelsOfMapsAndTaps) {
  const ir::Model model = yolov6({.architecture = "yolov6s", .class_count = 7, .image_size = {320, 640}});
  auto shape = [&](const char* output) { return model.graph.node(*model.graph.find_output(output)).shape; };
  EXPECT_EQ(shape("cls0"), (ir::Shape{1, 7, 40, 80}));
  EXPECT_EQ(shape("reg2"), (ir::Shape{1, 4, 10, 20}));
  EXPECT_EQ(shape("feat1"), (ir::Shape{1, 128, 20, 40}));
  EXPECT_NO_THROW(ir::validate(model));
}

TEST(Yolov6, DrawsTheSameWeightsFromTheSameSeed) {
  const Options options{.image_size = {64, 64}, .seed = 5};
  EXPECT_EQ(yolov6(options).weights, yolov6(options).weights);
  EXPECT_NE(yolov6(options).weights, yolov6({.image_size = {64, 64}, .seed = 6}).weights);
}

TEST(Yolov6, RefusesWhatItDoesNotKnow) {
  EXPECT_THROW(yolov6({.architecture = "yolov9"}), UnsupportedError);
  EXPECT_THROW(yolov6({.image_size = {100, 64}}), UsageError);
  EXPECT_THROW(from_name<Mode>("fast"), UsageError);
  EXPECT_EQ(from_name<Mode>("repvgg"), Mode::repvgg);
}

}  // namespace
}  // namespace y6q::models
