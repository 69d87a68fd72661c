#include "base/device_name.h"

#include <gmock/gmock.h>

#include "base/errors.h"

namespace y6q {
namespace {

using testing::ElementsAre;

TEST(DeviceNames, AreTheCpuOrGpusByNumber) {
  EXPECT_THAT(device_names("cpu"), ElementsAre(DeviceName{}));
  EXPECT_THAT(device_names("cuda"), ElementsAre(DeviceName{0}));
  EXPECT_THAT(device_names("cuda:12"), ElementsAre(DeviceName{12}));
  EXPECT_THAT(device_names("1,cuda:0"), ElementsAre(DeviceName{1}, DeviceName{0}));
  EXPECT_EQ(DeviceName{}.text(), "cpu");
  EXPECT_EQ(DeviceName{3}.text(), "cuda:3");
}

TEST(DeviceNames, OthersAreRefused) {
  for (const char* text : {"", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:1x", "cuda:1000", "cuda:cuda:1",
                           "0,cpu", "cpu,cpu", "0,,1"})
    EXPECT_THROW(device_names(text), UsageError) << text;
}

}  // namespace
}  // namespace y6q
