#include "quant/scheme.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace y6q::quant {
namespace {

TEST(Scheme, WeightsOfCpusHaveSevenBitsUnlessEightAreWanted) {
  EXPECT_EQ(rules_of(Scheme::cpu).weight_bits, 7);
  EXPECT_EQ(rules_of(Scheme::cpu, {.weight_bits = 7}).weight_bits, 7);
  EXPECT_EQ(rules_of(Scheme::cpu, {.weight_bits = 8}).weight_bits, 8);
}

TEST(Scheme, WeightsOfTensorRtHaveEight) {
  EXPECT_EQ(rules_of(Scheme::tensorrt).weight_bits, 8);
  EXPECT_EQ(rules_of(Scheme::tensorrt, {.weight_bits = 8}).weight_bits, 8);
}

TEST(Scheme, OtherWeightBitsAreRefusedWithWhatIsAccepted) {
  EXPECT_THAT([] { rules_of(Scheme::tensorrt, {.weight_bits = 7}); },
              testing::ThrowsMessage<UsageError>(testing::HasSubstr("scheme cpu for 7")));
  for (const int64_t bits : {-1, 0, 6, 9, 16})
    EXPECT_THROW(rules_of(Scheme::cpu, {.weight_bits = bits}), UsageError) << bits;
}

TEST(Scheme, TransposedConvolutionsAreAsTheSchemeHasThemUnlessWantedOtherwise) {
  EXPECT_EQ(rules_of(Scheme::tensorrt).transposed, Transposed::per_tensor);
  EXPECT_EQ(rules_of(Scheme::cpu).transposed, Transposed::per_channel);
  EXPECT_EQ(rules_of(Scheme::cpu, {.transposed = Transposed::unquantized}).transposed,
            Transposed::unquantized);
}

}  // namespace
}  // namespace y6q::quant
