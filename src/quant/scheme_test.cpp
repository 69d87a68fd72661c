#include "quant/scheme.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace y6q::quant {
namespace {

TEST(Scheme, WeightsOfCpusHaveSevenBitsUnlessEightAreWanted) {
  EXPECT_EQ(weight_bits(Scheme::cpu), 7);
  EXPECT_EQ(weight_bits(Scheme::cpu, 7), 7);
  EXPECT_EQ(weight_bits(Scheme::cpu, 8), 8);
}

TEST(Scheme, WeightsOfTensorRtHaveEight) {
  EXPECT_EQ(weight_bits(Scheme::tensorrt), 8);
  EXPECT_EQ(weight_bits(Scheme::tensorrt, 8), 8);
}

TEST(Scheme, OtherWeightBitsAreRefusedWithWhatIsAccepted) {
  EXPECT_THAT([] { weight_bits(Scheme::tensorrt, 7); },
              testing::ThrowsMessage<UsageError>(testing::HasSubstr("scheme cpu for 7")));
  for (const int64_t bits : {-1, 0, 6, 9, 16})
    EXPECT_THROW(weight_bits(Scheme::cpu, bits), UsageError) << bits;
}

}  // namespace
}  // namespace y6q::quant
