#include <gmock/gmock.h>

#include "base/errors.h"
#include "image/video.h"

namespace y6q::image {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(VideoUnavailable, SaysHowToGetIt) {
  EXPECT_FALSE(video_available());
  EXPECT_TRUE(has_video_extension("a/B.MP4"));
  EXPECT_FALSE(has_video_extension("a.jpg"));
  const auto message = ThrowsMessage<EnvironmentError>(AllOf(HasSubstr("x"), HasSubstr("Y6Q_VIDEO")));
  EXPECT_THAT([] { open_video("x.mp4"); }, message);
  EXPECT_THAT([] { open_camera("x"); }, message);
  EXPECT_THAT([] { create_video("x.mp4", {}); }, message);
}

}  // namespace
}  // namespace y6q::image
