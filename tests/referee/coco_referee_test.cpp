// Random data against pycocotools and faster-coco-eval.
#include <cstring>
#include <nlohmann/json.hpp>

#include "coco/evaluate.h"
#include "referee/referee.h"

namespace y6q::coco {
namespace {

constexpr double kTolerance = 1e-9;

std::vector<double> raw_doubles(const fs::path& path) {
  const std::string bytes = read_file(path);
  std::vector<double> values(bytes.size() / sizeof(double));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(double));
  return values;
}

void expect_near(std::span<const double> got, std::span<const double> want, const char* what) {
  ASSERT_EQ(got.size(), want.size()) << what;
  for (size_t i = 0; i < want.size(); ++i) ASSERT_NEAR(got[i], want[i], kTolerance) << what << " at " << i;
}

/// A subset of images and categories with other limits and area ranges.
void expect_chosen(const fs::path& folder) {
  const auto chosen = nlohmann::json::parse(read_file(folder / "chosen.json"));
  Options options{.category_ids = chosen.at("catIds"),
                  .image_ids = chosen.at("imgIds"),
                  .max_dets = chosen.at("maxDets")};
  for (size_t i = 0; i < kAreaCount; ++i)
    options.areas[i] = {chosen.at("areaRng")[i][0].get<double>(), chosen.at("areaRng")[i][1].get<double>()};
  const Result result =
      evaluate(read_ground_truth(folder / "gt.json"), read_detections(folder / "dt.json"), options);
  expect_near(result.precision, raw_doubles(folder / "precision_chosen.f64"), "chosen precision");
  expect_near(result.recall, raw_doubles(folder / "recall_chosen.f64"), "chosen recall");
  expect_near(result.scores, raw_doubles(folder / "scores_chosen.f64"), "chosen scores");
}

TEST(CocoReferee, RandomDataAgree) {
  constexpr int kCases = 8;
  for (int seed = 0; seed < kCases; ++seed) {
    SCOPED_TRACE(seed);
    const referee::Folder folder;
    Y6Q_REFEREE("coco_referee.py", folder.quoted() + " " + std::to_string(seed));
    const Result result =
        evaluate(read_ground_truth(folder.path() / "gt.json"), read_detections(folder.path() / "dt.json"));
    const auto expected = nlohmann::json::parse(read_file(folder.path() / "expected.json"));
    expect_near(result.stats, expected.at("pycocotools").get<std::vector<double>>(), "pycocotools");
    expect_near(result.stats, expected.at("faster_coco_eval").get<std::vector<double>>(), "faster-coco-eval");
    expect_near(result.precision, raw_doubles(folder.path() / "precision.f64"), "precision");
    expect_near(result.recall, raw_doubles(folder.path() / "recall.f64"), "recall");
    expect_near(result.scores, raw_doubles(folder.path() / "scores.f64"), "scores");
    expect_chosen(folder.path());
  }
}

}  // namespace
}  // namespace y6q::coco
