#include "base/number_text.h"

#include <gtest/gtest.h>

namespace y6q {
namespace {

TEST(NumberText, WhatRoundsToZeroHasNoSign) {
  EXPECT_EQ(fixed_text(-0.004, 2), "0.00");
  EXPECT_EQ(fixed_text(-0.006, 2), "-0.01");
  EXPECT_EQ(fixed_text(-0.4, 0), "0");
  EXPECT_EQ(fixed_text(-10, 0), "-10");
  EXPECT_EQ(signed_text(-0.04, 1), "0.0");
  EXPECT_EQ(signed_text(0.04, 1), "0.0");
  EXPECT_EQ(signed_text(0, 1), "0.0");
}

TEST(NumberText, DifferencesHaveTheirSign) {
  EXPECT_EQ(signed_text(0.06, 1), "+0.1");
  EXPECT_EQ(signed_text(-1.26, 1), "-1.3");
}

}  // namespace
}  // namespace y6q
