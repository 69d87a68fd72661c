#include "coco/bootstrap.h"

#include <gtest/gtest.h>

#include "base/errors.h"
#include "base/random.h"

namespace y6q::coco {
namespace {

constexpr double kRounding = 1e-12;

struct Images {
  GroundTruth truth;
  Detections found;
};

/// Scores are continuous: copies of an image stand side by side in any order of equal scores.
Images random_images(uint64_t seed) {
  Random random(seed);
  Images result;
  const int64_t images = 3 + random.index(8);
  for (int64_t c = 1; c <= 3; ++c) result.truth.categories.push_back({c, "c"});
  for (int64_t i = 1; i <= images; ++i) {
    result.truth.images.push_back(i);
    for (int64_t n = random.index(6); n > 0; --n) {
      const BoxXywh box{random.uniform(0, 300), random.uniform(0, 300), random.uniform(5, 150),
                        random.uniform(5, 150)};
      const int64_t category = 1 + random.index(3);
      result.truth.add(i, category, box, -1, random.chance(0.1));
      for (int64_t m = random.index(3); m > 0; --m) {
        const double shift = random.uniform(-0.3, 0.3) * box.w;
        result.found.add(i, category, {box.x + shift, box.y, box.w, box.h}, random.uniform());
      }
      result.found.add(i, 1 + random.index(3), {random.uniform(0, 300), 0, 50, 50}, random.uniform());
    }
  }
  return result;
}

/// The same images again and again, each copy with an id of its own that keeps the order.
Images copied(const Images& once, std::span<const uint32_t> times) {
  constexpr int64_t kCopies = 1000;
  Images result;
  result.truth.categories = once.truth.categories;
  for (size_t i = 0; i < once.truth.images.size(); ++i) {
    const int64_t image = once.truth.images[i];
    for (int64_t copy = 0; copy < times[i]; ++copy) {
      const int64_t id = image * kCopies + copy;
      result.truth.images.push_back(id);
      for (size_t g = 0; g < once.truth.size(); ++g) {
        if (once.truth.image_id[g] != image) continue;
        result.truth.add(id, once.truth.category_id[g], once.truth.box[g], once.truth.area[g],
                         once.truth.crowd[g]);
      }
      for (size_t d = 0; d < once.found.size(); ++d) {
        if (once.found.image_id[d] != image) continue;
        result.found.add(id, once.found.category_id[d], once.found.box[d], once.found.score[d]);
      }
    }
  }
  return result;
}

std::array<double, kResampledCount> resampled_stats(const Result& result) {
  const auto& s = result.stats;
  return {s[0], s[1], s[2], s[3], s[4], s[5], s[8]};
}

TEST(Replicate, EqualsAnEvaluationOfCopiedImages) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    const Images once = random_images(seed);
    const ReplicateEvaluator evaluator{Case(once.truth, once.found, {})};
    Random random(seed, 1);
    std::vector<uint32_t> times(once.truth.images.size());
    for (uint32_t& n : times) n = seed == 0 ? 1 : static_cast<uint32_t>(random.index(4));
    times.front() = 1;
    const Images copies = copied(once, times);
    const Result want = evaluate(copies.truth, copies.found);
    const ReplicateStats got = evaluator.evaluate(times);
    const auto stats = resampled_stats(want);
    for (size_t i = 0; i < kResampledCount; ++i)
      ASSERT_NEAR(got.stats[i], stats[i], kRounding) << kResampledNames[i];
    for (size_t k = 0; k < want.classes.size(); ++k)
      ASSERT_NEAR(got.class_ap[k], want.classes[k].ap, kRounding) << "class " << k;
  }
}

TEST(Bootstrap, ValuesAreThoseOfTheDataAndLieInTheirIntervals) {
  const Images one = random_images(7);
  const BootstrapResult result = bootstrap(one.truth, one.found, {}, {.replicates = 200, .seed = 3});
  EXPECT_NEAR(result.stats[0].value, evaluate(one.truth, one.found).map(), kRounding);
  EXPECT_LT(result.stats[0].low, result.stats[0].value);
  EXPECT_GT(result.stats[0].high, result.stats[0].value);
  EXPECT_EQ(result.replicate_ap.size(), 200U);
}

TEST(Bootstrap, DependsOnTheSeedAndNotOnTheThreads) {
  const Images one = random_images(7);
  const auto run = [&](uint64_t seed, int threads) {
    return bootstrap(one.truth, one.found, {.threads = threads}, {.replicates = 50, .seed = seed})
        .replicate_ap;
  };
  EXPECT_EQ(run(3, 1), run(3, 4));
  EXPECT_NE(run(3, 1), run(4, 1));
}

/// One image in two is found: AP is the share of images drawn that are found, a binomial over 400.
TEST(Bootstrap, TheIntervalHasTheWidthOfABinomial) {
  Images one;
  one.truth.categories = {{1, "c"}};
  for (int64_t i = 0; i < 400; ++i) {
    one.truth.images.push_back(i);
    one.truth.add(i, 1, {0, 0, 50, 50});
    if (i % 2) one.found.add(i, 1, {0, 0, 50, 50}, 0.5 + static_cast<double>(i) / 1000);
  }
  const BootstrapResult result =
      bootstrap(one.truth, one.found, {}, {.replicates = 2000, .seed = 1, .confidence = 0.95});
  const double half_width = 1.96 * std::sqrt(0.5 * 0.5 / 400);  // 0.049
  EXPECT_NEAR(result.stats[0].high - result.stats[0].low, 2 * half_width, 0.012);
  EXPECT_EQ(result.stats[3].value, -1) << "no small objects";
}

TEST(Comparison, OfAFileWithItselfIsNothing) {
  const Images one = random_images(7);
  const ComparisonResult result = compare(one.truth, {&one.found, &one.found}, {}, {.replicates = 100});
  EXPECT_EQ(result.stats[0].difference.value, 0);
  EXPECT_EQ(result.stats[0].difference.low, 0);
  EXPECT_EQ(result.stats[0].difference.high, 0);
  EXPECT_EQ(result.stats[0].p_value, 1);
}

/// 100 images of one object. The second file misses ten more: no draw of images makes it the better one, but
/// one that draws none of the ten (0.9^100 = 3e-5).
TEST(Comparison, SeesASmallDropThatIsEverywhereTheSame) {
  Images one;
  Detections worse;
  one.truth.categories = {{1, "c"}};
  for (int64_t i = 0; i < 100; ++i) {
    one.truth.images.push_back(i);
    one.truth.add(i, 1, {0, 0, 50, 50});
    const double score = 0.5 + static_cast<double>(i) / 1000;
    if (i >= 50) one.found.add(i, 1, {0, 0, 50, 50}, score);
    if (i >= 60) worse.add(i, 1, {0, 0, 50, 50}, score);
  }
  const ComparisonResult result = compare(one.truth, {&one.found, &worse}, {}, {.replicates = 500});
  EXPECT_NEAR(result.stats[0].difference.value, 41.0 / 101 - 51.0 / 101, kRounding);
  EXPECT_LT(result.stats[0].difference.high, 0);
  EXPECT_NEAR(result.stats[0].p_value, 2.0 / 501, 1e-9);
  EXPECT_GT(result.first.stats[0].high, result.first.stats[0].low) << "unpaired intervals overlap";
  EXPECT_GT(result.second.stats[0].high, result.first.stats[0].low);
}

TEST(Bootstrap, RefusesOptionsOutOfRange) {
  const Images one = random_images(1);
  EXPECT_THROW(bootstrap(one.truth, one.found, {}, {.replicates = 0}), UsageError);
  EXPECT_THROW(bootstrap(one.truth, one.found, {}, {.confidence = 1}), UsageError);
}

}  // namespace
}  // namespace y6q::coco
