#include "ptq/prediction_error.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "base/errors.h"
#include "data/synth.h"
#include "ir/text.h"
#include "support/folder.h"

namespace y6q::ptq {
namespace {

/// Four anchors that see nothing of the image: one class of a logit, and the same four distances.
ir::Model network(float logit, std::array<float, 4> distances) {
  ir::Model model{ir::parse_graph(R"(images [1, 3, 64, 64] = Input() shape=1x3x64x64
cls.weight [1, 3, 1, 1] = Parameter() shape=1x3x1x1
cls.bias [1] = Parameter() shape=1
cls [1, 1, 2, 2] = Conv2d(images, cls.weight, cls.bias) stride=32x32
reg.weight [4, 3, 1, 1] = Parameter() shape=4x3x1x1
reg.bias [4] = Parameter() shape=4
reg [1, 4, 2, 2] = Conv2d(images, reg.weight, reg.bias) stride=32x32
output cls0 = cls
output reg0 = reg
)"),
                  {}};
  model.weights.emplace("cls.weight", ir::Array::zeros({1, 3, 1, 1}));
  model.weights.emplace("reg.weight", ir::Array::zeros({4, 3, 1, 1}));
  model.weights.emplace("cls.bias", ir::Array::filled({1}, logit));
  model.weights.emplace("reg.bias", ir::Array{{4}, std::vector<float>(distances.begin(), distances.end())});
  return model;
}

class PredictionErrorTest : public testing::Test {
 protected:
  void SetUp() override {
    data::write_synth({.out = folder_.path() / "set", .train = 3, .val = 1, .test = 1, .image_size = 64},
                      silent_monitor());
    set_ = data::read_dataset(folder_.path() / "set" / "data.yaml", {.split = "train"}, silent_monitor());
  }
  double error(const ir::Model& reference, const ir::Model& other) const {
    return PredictionError(reference, set_, {.image_size = {64, 64}, .count = 3, .batch_size = 2},
                           silent_monitor())
        .of(other);
  }

  support::Folder folder_;
  data::Dataset set_;
};

constexpr double kRounding = 1e-5;  // float32

TEST_F(PredictionErrorTest, OfTheSameNetworkIsZero) {
  const ir::Model model = network(0, {1, 1, 1, 1});
  EXPECT_EQ(error(model, model), 0);
}

// Scores of 1/2 become 3/4 at each of four anchors.
TEST_F(PredictionErrorTest, CountsTheSquaresOfWhatScoresChange) {
  EXPECT_NEAR(error(network(0, {1, 1, 1, 1}), network(std::log(3.0F), {1, 1, 1, 1})), 4 * 0.25 * 0.25,
              kRounding);
}

// One of four distances grows from 1 to 2; a tenth is added to what it is compared with. Four anchors, each
// half an object.
TEST_F(PredictionErrorTest, CountsTheSquaresOfWhatDistancesChangeWhereThereIsAnObject) {
  EXPECT_NEAR(error(network(0, {1, 1, 1, 1}), network(0, {1, 1, 1, 2})), 4 * 0.5 / (1.1 * 1.1), kRounding);
  // A logit of -20 is no object.
  EXPECT_NEAR(error(network(-20, {1, 1, 1, 1}), network(-20, {1, 1, 1, 2})), 0, kRounding);
}

TEST_F(PredictionErrorTest, NeedsMapsOfPredictions) {
  ir::Model model{ir::parse_graph("images [1, 3, 64, 64] = Input() shape=1x3x64x64\noutput out = images\n"),
                  {}};
  EXPECT_THROW(error(model, model), InputError);
}

}  // namespace
}  // namespace y6q::ptq
