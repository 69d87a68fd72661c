#include <gmock/gmock.h>

#include "base/errors.h"
#include "engine/engine.h"

namespace y6q::engine {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(OpenVinoUnavailable, SaysHowToGetIt) {
  EXPECT_FALSE(supports(Kind::openvino, Precision::fp32));
  EXPECT_THAT([] { open(Kind::openvino, "net.onnx"); },
              ThrowsMessage<EnvironmentError>(HasSubstr("Y6Q_OPENVINO")));
}

}  // namespace
}  // namespace y6q::engine
