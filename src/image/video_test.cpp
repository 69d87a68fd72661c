#include "image/video.h"

#include <gmock/gmock.h>

#include "base/errors.h"
#include "support/folder.h"

namespace y6q::image {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(Video, FramesComeBackInTheirOrderAndSize) {
  const support::Folder folder;
  const fs::path path = folder / "clip.mp4";
  auto writer = create_video(path, {.size = {48, 64}, .frames_per_s = 10});
  for (int i = 0; i < 5; ++i) writer->write(Image(48, 64, static_cast<uint8_t>(40 * i)));
  EXPECT_FALSE(fs::exists(path));
  writer->commit();
  const auto reader = open_video(path);
  EXPECT_NEAR(reader->frames_per_s(), 10, 0.01);
  Image frame;
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(reader->read(frame)) << i;
    EXPECT_EQ(frame.height, 48);
    EXPECT_EQ(frame.width, 64);
    EXPECT_NEAR(frame.pixels[24 * 64 * 3], 40 * i, 12);  // the codec is lossy
  }
  EXPECT_FALSE(reader->read(frame));
}

TEST(Video, AWriterThatIsNotCommittedLeavesNothing) {
  const support::Folder folder;
  create_video(folder / "clip.mp4", {.size = {48, 64}})->write(Image(48, 64));
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(Video, SaysWhatCannotBeOpened) {
  const support::Folder folder;
  const fs::path garbage = folder / "garbage.mp4";
  write_file(garbage, "no video");
  EXPECT_THAT([&] { open_video(garbage); }, ThrowsMessage<InputError>(HasSubstr(garbage.string())));
  EXPECT_THAT([&] { open_video(folder / "absent.mp4"); }, ThrowsMessage<InputError>(HasSubstr("no such")));
  EXPECT_THAT([&] { open_camera("9999"); }, ThrowsMessage<EnvironmentError>(HasSubstr("9999")));
  EXPECT_THROW(create_video("/proc/y6q/clip.mp4", {.size = {48, 64}}), EnvironmentError);
}

}  // namespace
}  // namespace y6q::image
