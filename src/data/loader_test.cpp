#include "data/loader.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "base/errors.h"
#include "base/random.h"
#include "image/encode.h"
#include "image/letterbox.h"

namespace y6q::data {
namespace {

class LoaderTest : public ::testing::Test {
 protected:
  fs::path root =
      fs::temp_directory_path() / ("y6q_loader_" + std::to_string(getpid()) + "_" +
                                   ::testing::UnitTest::GetInstance()->current_test_info()->name());
  Dataset dataset;

  void SetUp() override {
    Random random(3);
    for (int64_t i = 0; i < 11; ++i) {
      image::Image image(20 + 7 * (i % 4), 60 - 5 * (i % 3), static_cast<uint8_t>(10 * i));
      for (uint8_t& pixel : image.pixels) pixel = static_cast<uint8_t>(pixel + random.index(100));
      const fs::path path = root / (std::to_string(i) + ".png");
      image::encode_file(path, image);
      dataset.images.push_back({path, i + 1, image.height, image.width, {{i % 3, 0.5, 0.4, 0.5, 0.6}}});
    }
    dataset.class_names = {"a", "b", "c"};
  }
  void TearDown() override { fs::remove_all(root); }

  LoaderOptions training() const {
    LoaderOptions options;
    options.batch_size = 3;
    options.image_height = options.image_width = 64;
    options.shuffle = options.augment = true;
    options.recipe.mosaic = 0.7;
    options.recipe.mixup = 0.5;
    options.seed = 5;
    return options;
  }
  std::vector<Batch> epoch(const LoaderOptions& options, int64_t number, int64_t first = 0) const {
    Loader loader(dataset, options);
    loader.start_epoch(number, first);
    std::vector<Batch> batches;
    while (auto batch = loader.next()) batches.push_back(std::move(*batch));
    return batches;
  }
};

void expect_same(const Batch& a, const Batch& b) {
  EXPECT_EQ(a.records, b.records);
  EXPECT_EQ(a.images, b.images);
  ASSERT_EQ(a.targets.size(), b.targets.size());
  for (size_t i = 0; i < a.targets.size(); ++i) {
    EXPECT_EQ(a.targets[i].image, b.targets[i].image);
    EXPECT_EQ(a.targets[i].cx, b.targets[i].cx);
    EXPECT_EQ(a.targets[i].h, b.targets[i].h);
  }
}

TEST_F(LoaderTest, BatchesDoNotDependOnTheNumberOfWorkersOrTheCache) {
  LoaderOptions one = training(), three = training();
  one.workers = 1;
  three.workers = 3;
  three.prefetch = 4;
  three.cache_bytes = 0;
  const auto a = epoch(one, 2), b = epoch(three, 2);
  ASSERT_EQ(a.size(), 4U);
  ASSERT_EQ(b.size(), 4U);
  for (size_t i = 0; i < a.size(); ++i) expect_same(a[i], b[i]);
  EXPECT_EQ(a.back().count, 2);
}

TEST_F(LoaderTest, EpochEnteredInTheMiddleGoesOnAlike) {
  const auto whole = epoch(training(), 7), rest = epoch(training(), 7, 2);
  ASSERT_EQ(rest.size(), 2U);
  expect_same(rest[0], whole[2]);
  expect_same(rest[1], whole[3]);
}

TEST_F(LoaderTest, EpochsDifferAndEachHasEveryImageOnce) {
  const auto a = epoch(training(), 0), b = epoch(training(), 1);
  EXPECT_NE(a[0].images, b[0].images);
  std::vector<int64_t> seen;
  for (const Batch& batch : a) seen.insert(seen.end(), batch.records.begin(), batch.records.end());
  std::ranges::sort(seen);
  for (int64_t i = 0; i < 11; ++i) EXPECT_EQ(seen.at(static_cast<size_t>(i)), i);
}

TEST_F(LoaderTest, CacheIsNotChangedByAugmentation) {
  Loader loader(dataset, training());
  auto first_of = [&](int64_t number) {
    loader.start_epoch(number);
    return loader.next().value();
  };
  const Batch before = first_of(0);
  first_of(1);
  expect_same(first_of(0), before);
}

TEST_F(LoaderTest, ShrunkImagesAreCentredInTheirBatch) {
  LoaderOptions options = training();
  options.shuffle = options.augment = false;
  options.image_height = 64;
  options.image_width = 96;
  options.shrink = 6;
  // Image 0 is 60 x 20: inside 90 x 58 it becomes 90 x 30, with 3 pixels left and right, 17 above and below.
  const Batch batch = epoch(options, 0).front();
  EXPECT_EQ(batch.height, 64);
  EXPECT_EQ(batch.width, 96);
  EXPECT_EQ(batch.placements[0].left, 3);
  EXPECT_EQ(batch.placements[0].top, 17);
  EXPECT_DOUBLE_EQ(batch.placements[0].gain_x, 1.5);
  EXPECT_DOUBLE_EQ(batch.placements[0].gain_y, 1.5);
  EXPECT_EQ(batch.images[0], image::kFill);
  options.shrink = 64;
  EXPECT_THROW(Loader(dataset, options), UsageError);
}

TEST_F(LoaderTest, PlacementLeadsBackToTheSource) {
  LoaderOptions options = training();
  options.shuffle = options.augment = false;
  for (const Batch& batch : epoch(options, 0)) {
    ASSERT_EQ(batch.placements.size(), static_cast<size_t>(batch.count));
    for (const Target& target : batch.targets) {
      const auto slot = static_cast<size_t>(target.image);
      const Placement& placement = batch.placements[slot];
      const ImageRecord& record = dataset.images[static_cast<size_t>(batch.records[slot])];
      const double x = (target.cx * double(batch.width) - double(placement.left)) / placement.gain_x;
      const double y = (target.cy * double(batch.height) - double(placement.top)) / placement.gain_y;
      EXPECT_NEAR(x, 0.5 * double(record.width), 1e-4);
      EXPECT_NEAR(y, 0.4 * double(record.height), 1e-4);
    }
  }
}

TEST_F(LoaderTest, RectangularBatchesAreSmallerThanSquares) {
  LoaderOptions options = training();
  options.shuffle = options.augment = false;
  options.rectangular = true;
  options.stride = 16;
  options.rectangular_pad = 0;
  const auto batches = epoch(options, 0);
  ASSERT_EQ(batches.size(), 4U);
  EXPECT_LT(batches.back().height, 64);
  EXPECT_EQ(batches.back().width, 64);
}

TEST_F(LoaderTest, AFileThatChangedIsReported) {
  image::encode_file(dataset.images[4].path, image::Image(30, 30));
  LoaderOptions options = training();
  options.recipe.mosaic = 0;
  EXPECT_THROW(epoch(options, 0), InputError);
}

TEST_F(LoaderTest, NewRecipeCountsFromTheNextEpochOn) {
  Loader loader(dataset, training());
  loader.start_epoch(0);
  const Batch strong = loader.next().value();
  loader.set_recipe(without_strong(training().recipe));
  loader.start_epoch(0);
  EXPECT_NE(loader.next().value().images, strong.images);
  EXPECT_THROW(Loader(Dataset{}, training()), InputError);
}

}  // namespace
}  // namespace y6q::data
