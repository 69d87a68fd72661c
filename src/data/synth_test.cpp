#include "data/synth.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/errors.h"
#include "data/dataset.h"
#include "data/synth_scene.h"
#include "data/synth_shape.h"

namespace y6q::data {
namespace {

double shape_area(int64_t shape) {
  int64_t inside = 0;
  for (int64_t y = 0; y < 400; ++y) {
    for (int64_t x = 0; x < 400; ++x)
      inside += synth_shape_covers(shape, (double(x) - 199.5) / 200.0, (double(y) - 199.5) / 200.0);
  }
  return static_cast<double>(inside) / (200.0 * 200.0);
}

TEST(SynthShape, AreasByHand) {
  EXPECT_NEAR(shape_area(0), M_PI, 0.01);
  EXPECT_NEAR(shape_area(1), 2, 0.02);
  EXPECT_NEAR(shape_area(2), 3 * std::sqrt(3.0) / 4, 0.01);
  EXPECT_NEAR(shape_area(4), 5 * 0.42 * std::sin(M_PI / 5), 0.01);
  EXPECT_NEAR(shape_area(5), M_PI * (1 - 0.55 * 0.55), 0.01);
}

TEST(SynthScene, LabelsAreTheBoxesOfWhatIsSeen) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Random random(seed);
    const SynthScene scene = draw_scene({.image_size = 96}, random);
    ASSERT_GE(scene.sample.labels.size(), 1U);
    ASSERT_LE(scene.sample.labels.size(), 4U);
    for (size_t i = 0; i < scene.sample.labels.size(); ++i) {
      double x1 = 1e9, y1 = 1e9, x2 = -1, y2 = -1;
      for (int64_t p = 0; p < 96 * 96; ++p) {
        if (scene.owner[static_cast<size_t>(p)] != static_cast<int8_t>(i)) continue;
        x1 = std::min(x1, double(p % 96)), x2 = std::max(x2, double(p % 96 + 1));
        y1 = std::min(y1, double(p / 96)), y2 = std::max(y2, double(p / 96 + 1));
      }
      const PixelLabel& box = scene.sample.labels[i];
      EXPECT_EQ((PixelLabel{box.label, x1, y1, x2, y2}), box);
      EXPECT_TRUE(box.label >= 0 && box.label < 4);
    }
  }
}

class SynthTest : public ::testing::Test {
 protected:
  fs::path root =
      fs::temp_directory_path() / ("y6q_synth_" + std::to_string(getpid()) + "_" +
                                   ::testing::UnitTest::GetInstance()->current_test_info()->name());
  void TearDown() override { fs::remove_all(root); }
  SynthOptions options(const std::string& name) const {
    SynthOptions synth;
    synth.out = root / name;
    synth.train = 6, synth.val = 3, synth.test = 2;
    synth.image_size = 64;
    return synth;
  }
};

TEST_F(SynthTest, WritesASetThatItsOwnReaderAccepts) {
  write_synth(options("set"), silent_monitor());
  for (const auto& [split, count] : {std::pair{"train", 6U}, {"val", 3U}, {"test", 2U}}) {
    const Dataset set = read_dataset(root / "set" / "data.yaml", {.split = split}, silent_monitor());
    EXPECT_EQ(set.images.size(), count);
    EXPECT_FALSE(set.annotation_json.empty());
    const Dataset json = read_dataset(set.annotation_json, {.split = split}, silent_monitor());
    ASSERT_EQ(json.images.size(), count);
    for (size_t i = 0; i < count; ++i) {
      ASSERT_EQ(json.images[i].labels.size(), set.images[i].labels.size());
      EXPECT_EQ(json.images[i].image_id, set.images[i].image_id);
      for (size_t k = 0; k < set.images[i].labels.size(); ++k) {
        EXPECT_NEAR(json.images[i].labels[k].cx, set.images[i].labels[k].cx, 1e-7);
      }
    }
  }
}

TEST_F(SynthTest, SameSeedSameBytesWhateverTheThreads) {
  SynthOptions one = options("one"), two = options("two"), other = options("other");
  one.threads = 1, two.threads = 2, other.seed = 1;
  write_synth(one, silent_monitor());
  write_synth(two, silent_monitor());
  write_synth(other, silent_monitor());
  std::set<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(one.out)) {
    if (!entry.is_regular_file()) continue;
    const fs::path name = entry.path().lexically_relative(one.out);
    names.insert(name.generic_string());
    EXPECT_EQ(read_file(entry.path()), read_file(two.out / name)) << name;
  }
  EXPECT_EQ(names.size(), 11U * 2 + 3 + 1);
  EXPECT_NE(read_file(one.out / "images/train/000001.jpg"), read_file(other.out / "images/train/000001.jpg"));
}

TEST_F(SynthTest, RefusesAFolderInUseAndValuesOutOfRange) {
  write_file(root / "used" / "file.txt", "x");
  EXPECT_THROW(write_synth(options("used"), silent_monitor()), UsageError);
  SynthOptions bad = options("bad");
  bad.classes = 7;
  EXPECT_THROW(write_synth(bad, silent_monitor()), UsageError);
  EXPECT_FALSE(fs::exists(root / "bad"));
}

}  // namespace
}  // namespace y6q::data
