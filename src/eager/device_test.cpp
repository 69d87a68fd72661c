#include "eager/device.h"

#include <gmock/gmock.h>

#include "base/errors.h"

namespace y6q::eager {
namespace {

TEST(OpenDevice, TheCpuIsAlwaysThere) { EXPECT_EQ(open_device("cpu"), at::Device(at::kCPU)); }

TEST(OpenDevice, OtherNamesAreRefused) {
  for (const char* name : {"", "gpu", "0,1"}) EXPECT_THROW(open_device(name), UsageError) << name;
}

// On a machine without a GPU: the message says what to do.
TEST(OpenDevice, WhatIsMissingIsSaid) {
  try {
    open_device("cuda:100");
    FAIL() << "a machine of 101 GPUs?";
  } catch (const EnvironmentError& error) {
    EXPECT_THAT(error.what(),
                testing::AnyOf(testing::HasSubstr("./run setup --cuda"),
                               testing::HasSubstr("no NVIDIA driver"), testing::HasSubstr("GPUs")));
  }
}

}  // namespace
}  // namespace y6q::eager
