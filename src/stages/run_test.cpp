#include "stages/run.h"

#include <gtest/gtest.h>

#include "image/encode.h"
#include "support/folder.h"

namespace y6q::stages {
namespace {

TEST(Run, KeepsWhatItFindsInImagesWhereItIsTold) {
  const support::Folder folder;
  write_file(folder / "data.yaml", "val: images/val\nnames: [cat]\n");
  image::encode_file(folder / "images/val/a.png", image::Image(20, 40, 90));
  const auto data_of = [&](const data::ImageIndexOptions& index) {
    stages::Run run({.data = folder / "data.yaml", .index = index}, silent_monitor());
    return run.data("val").sha256;
  };
  const std::string digest = data_of({});
  EXPECT_FALSE(fs::exists(folder / "cache"));
  EXPECT_EQ(data_of({.folder = folder / "cache", .worth_s = 0, .settled_s = 0}), digest);
  EXPECT_TRUE(fs::exists(folder / "cache") && !fs::is_empty(folder / "cache"));
}

}  // namespace
}  // namespace y6q::stages
