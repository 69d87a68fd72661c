#include "stages/run.h"

#include <gmock/gmock.h>

#include "base/errors.h"
#include "image/encode.h"
#include "support/folder.h"

namespace y6q::stages {
namespace {

TEST(Run, KeepsWhatItFindsInImagesWhereItIsTold) {
  const support::Folder folder;
  write_file(folder / "data.yaml", "val: images/val\nnames: [cat]\n");
  image::encode_file(folder / "images/val/a.png", image::Image(20, 40, 90));
  const auto data_of = [&](const data::ImageIndexOptions& index) {
    stages::Run run({.data = folder / "data.yaml", .reading = {.index = index}}, silent_monitor());
    return run.data("val").sha256;
  };
  const std::string digest = data_of({});
  EXPECT_FALSE(fs::exists(folder / "cache"));
  EXPECT_EQ(data_of({.folder = folder / "cache", .worth_s = 0, .settled_s = 0}), digest);
  EXPECT_TRUE(fs::exists(folder / "cache") && !fs::is_empty(folder / "cache"));
}

TEST(Run, AFolderOfImagesServesWhereNoLabelsAreNeeded) {
  const support::Folder folder;
  image::encode_file(folder / "photos/a.png", image::Image(20, 40, 90));
  image::encode_file(folder / "photos/more/b.png", image::Image(20, 40, 90));
  write_file(folder / "photos/notes.txt", "not an image");
  const auto run = [&] { return stages::Run({.data = folder / "photos"}, silent_monitor()); };
  const data::Dataset images = run().data("train");
  ASSERT_EQ(images.images.size(), 2U);
  EXPECT_TRUE(images.class_names.empty());
  EXPECT_TRUE(images.images[1].labels.empty());
  EXPECT_THROW(run().data("val"), InputError);
  try {
    run().labelled("train");
    ADD_FAILURE() << "labels are needed";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("holds no data set"));
  }
  fs::create_directories(folder / "empty");
  EXPECT_THROW(stages::Run({.data = folder / "empty"}, silent_monitor()).data("train"), InputError);
}

}  // namespace
}  // namespace y6q::stages
