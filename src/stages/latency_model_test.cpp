#include "stages/latency_model.h"

#include <gtest/gtest.h>

#include "base/errors.h"
#include "ir/text.h"

namespace y6q::stages {
namespace {

constexpr const char* kNetwork = R"(images [1, 2, 4, 4] = Input() shape=1x2x4x4
stem.weight [2, 2, 1, 1] = Parameter() shape=2x2x1x1
stem [1, 2, 4, 4] = Conv2d(images, stem.weight)
relu [1, 2, 4, 4] = Relu(stem)
up.weight [2, 2, 2, 2] = Parameter() shape=2x2x2x2
up [1, 2, 8, 8] = ConvTranspose2d(relu, up.weight)
pool [1, 2, 8, 8] = MaxPool2d(up) kernel=3x3 pad=1x1
output out = pool
)";

/// As OpenVINO names its steps; the last one is no layer of the network.
BenchResult timed(double p50, double stem, double up, double pool) {
  BenchResult result;
  result.latency_ms.p50 = p50;
  result.layers = {{"Convolution", "stem/WithoutBiases", "I8", stem},
                   {"ConvolutionBackpropData", "ConvolutionBackpropData_39883", "I8", up},
                   {"MaxPool", "pool", "I8", pool},
                   {"Reorder", "images_abcd_acdb_stem", "I8", 1}};
  return result;
}

LatencyModel model() {
  // The steps of the integers take 10 in all, a call of them 20: each step counts twice.
  return latency_model(ir::parse_graph(kNetwork), timed(20, 3, 4, 2), timed(50, 13, 14, 4));
}

TEST(LatencyModel, ALayerThatStaysFloatAddsWhatItTakesLonger) {
  EXPECT_DOUBLE_EQ(model().predicted_ms({}), 20);
  EXPECT_DOUBLE_EQ(model().predicted_ms({"stem"}), 20 + 2 * (13 - 3));
  EXPECT_DOUBLE_EQ(model().predicted_ms({"up", "pool"}), 20 + 2 * (14 - 4) + 2 * (4 - 2));
}

TEST(LatencyModel, AnUnknownLayerIsRefused) { EXPECT_THROW(model().predicted_ms({"neck"}), UsageError); }

TEST(LatencyModel, WithoutTimesOfStepsThereIsNone) {
  BenchResult untimed;
  EXPECT_THROW(latency_model(ir::parse_graph(kNetwork), untimed, timed(50, 1, 1, 1)), InternalError);
}

}  // namespace
}  // namespace y6q::stages
