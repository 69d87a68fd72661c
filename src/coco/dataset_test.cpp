#include "coco/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "support/folder.h"

namespace y6q::coco {
namespace {

using testing::HasSubstr;

class CocoFiles : public testing::Test {
 protected:
  fs::path file(const std::string& text) {
    const fs::path path = folder_ / "file.json";
    write_file(path, text);
    return path;
  }
  std::string truth_error(const std::string& text) {
    return error_of([&] { read_ground_truth(file(text)); });
  }
  std::string detection_error(const std::string& text) {
    return error_of([&] { read_detections(file(text)); });
  }
  template <typename Call>
  std::string error_of(const Call& call) {
    try {
      call();
    } catch (const InputError& error) {
      return error.what();
    }
    return "nothing was thrown";
  }
  support::Folder folder_;
};

const std::string kHead =
    R"({"images": [{"id": 1}], "categories": [{"id": 1, "name": "x"}], "annotations": [)";

TEST_F(CocoFiles, ReadsGroundTruthInAnyOrderOfKeys) {
  const GroundTruth truth = read_ground_truth(file(R"({"annotations": [
    {"segmentation": {"counts": "abc", "size": [2, 3]}, "bbox": [1, 2.5, 3e1, 4], "iscrowd": 1, "image_id": 9007199254740993,
     "id": 1, "area": 7.5, "category_id": -2},
    {"image_id": 5, "category_id": 3, "bbox": [0, 0, 2, 3], "segmentation": [[1, 2, 3, 4]]}],
    "info": {"year": 2020}, "categories": [{"name": "caf\u00e9 \"x\"", "id": -2}, {"id": 3}],
    "images": [{"width": 3, "id": 9007199254740993}, {"id": 5, "file_name": "a.jpg"}]})"));
  EXPECT_EQ(truth.images, (std::vector<int64_t>{9007199254740993, 5}));
  ASSERT_EQ(truth.categories.size(), 2U);
  EXPECT_EQ(truth.categories[0].name, "caf\xc3\xa9 \"x\"");
  EXPECT_EQ(truth.categories[1].name, "3");
  ASSERT_EQ(truth.size(), 2U);
  EXPECT_EQ(truth.image_id[0], 9007199254740993) << "not exact as a double";
  EXPECT_EQ(truth.box[0].y, 2.5);
  EXPECT_EQ(truth.box[0].w, 30);
  EXPECT_EQ(truth.area[0], 7.5);
  EXPECT_EQ(truth.crowd[0], 1);
  EXPECT_EQ(truth.area[1], 6) << "width * height when the file has none";
  EXPECT_EQ(truth.crowd[1], 0);
}

TEST_F(CocoFiles, CrowdsKeepTheirBoxWhateverTheirRunLengths) {
  const GroundTruth truth = read_ground_truth(
      file(kHead +
           R"({"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "area": 5, "iscrowd": 1, "ignore": 1,
          "segmentation": {"counts": [10, 2, 30], "size": [6, 7]}},
         {"segmentation": {"size": [6, 7], "counts": "\\2O]:;`0\""}, "iscrowd": 1,
          "image_id": 1, "category_id": 1, "bbox": [5, 6, 7, 8], "area": 9}]})"));
  ASSERT_EQ(truth.size(), 2U);
  EXPECT_EQ(truth.box[0].h, 4);
  EXPECT_EQ(truth.box[1].x, 5);
  EXPECT_EQ(truth.crowd, (std::vector<uint8_t>{1, 1}));
  EXPECT_EQ(truth.ignore, (std::vector<uint8_t>{1, 0}));
}

TEST_F(CocoFiles, ReadsAnEmptyListOfDetections) { EXPECT_EQ(read_detections(file("[]")).size(), 0U); }

TEST_F(CocoFiles, SaysWhereAnAnnotationIsWrong) {
  const std::string good = R"({"image_id": 1, "category_id": 1, "bbox": [0, 0, 1, 1]}, )";
  const auto second = [&](const std::string& bad) { return truth_error(kHead + good + bad + "]}"); };
  EXPECT_THAT(second(R"({"image_id": 1, "category_id": 1, "bbox": [1, 2, 3]})"),
              HasSubstr("file.json, annotation 1: bbox has 3 numbers, 4 expected [x, y, width, height]"));
  EXPECT_THAT(second(R"({"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4, 5]})"),
              HasSubstr("bbox has 5 numbers"));
  EXPECT_THAT(second(R"({"image_id": 1, "category_id": 1, "bbox": "0 0 1 1"})"),
              HasSubstr("bbox is not an array"));
  EXPECT_THAT(second(R"({"image_id": 1, "category_id": 1, "bbox": [1, 2, "3", 4]})"),
              HasSubstr("is not a number"));
  EXPECT_THAT(second(R"({"image_id": 1, "category_id": 1, "bbox": [1, 2, 3e300, 4]})"), HasSubstr("1e9"));
  EXPECT_THAT(second(R"({"image_id": 1.5, "category_id": 1, "bbox": [1, 2, 3, 4]})"),
              HasSubstr("annotation 1: image_id is not a 64-bit integer"));
  EXPECT_THAT(second(R"({"image_id": 99999999999999999999, "category_id": 1, "bbox": [1, 2, 3, 4]})"),
              HasSubstr("image_id is not a 64-bit integer"));
  EXPECT_THAT(second(R"({"category_id": 1, "bbox": [1, 2, 3, 4]})"), HasSubstr("has no image_id"));
  EXPECT_THAT(second(R"({"image_id": 1, "bbox": [1, 2, 3, 4]})"), HasSubstr("has no category_id"));
  EXPECT_THAT(second(R"({"image_id": 1, "category_id": 1})"), HasSubstr("has no bbox"));
  EXPECT_THAT(second(R"({"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "area": "x"})"),
              HasSubstr("area"));
  EXPECT_THAT(second("17"), HasSubstr("annotation 1: is not an object"));
}

TEST_F(CocoFiles, SaysWhatIsMissingAtTheTop) {
  EXPECT_THAT(truth_error("[]"), HasSubstr("is not an object with images, categories and annotations"));
  EXPECT_THAT(truth_error(R"({"images": [], "annotations": []})"), HasSubstr("has no \"categories\""));
  EXPECT_THAT(detection_error(R"({"images": []})"), HasSubstr("is not an array of {image_id"));
  EXPECT_THAT(detection_error(R"([{"image_id": 1, "category_id": 1, "bbox": [0, 0, 1, 1]}])"),
              HasSubstr("detection 0: has no score"));
}

TEST(CocoText, IsReadLikeAFile) {
  const GroundTruth truth =
      parse_ground_truth(kHead + R"({"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}]})", "memory");
  ASSERT_EQ(truth.size(), 1U);
  EXPECT_EQ(truth.box[0].h, 4);
  EXPECT_EQ(parse_detections("[]", "memory").size(), 0U);
  EXPECT_THROW(parse_detections("[", "memory"), InputError);
}

TEST_F(CocoFiles, RefusesBrokenJson) {
  for (const std::string bad :
       {"", "   ", "[", "[{", R"([{"image_id": 1)", R"([{"image_id": 1 "category_id": 2}])", "[1, 2", "nul",
        "[] []", R"([{"image_id": NaN, "category_id": 1, "bbox": [0, 0, 1, 1], "score": 1}])",
        "[\"\xff\xfe\"]"}) {
    EXPECT_THAT(detection_error(bad), HasSubstr("file.json")) << bad;
  }
  EXPECT_THAT(detection_error(R"([{"image_id": 1 "category_id": 2}])"), HasSubstr("byte"));
  EXPECT_THAT(detection_error(std::string(100000, '[')), HasSubstr("file.json"));
  const std::string deep = R"([{"image_id": 1, "category_id": 1, "bbox": [0, 0, 1, 1], "score": 1, "x": )";
  EXPECT_THAT(detection_error(deep + std::string(100000, '[')), HasSubstr("file.json"));
  EXPECT_THAT(error_of([&] { read_detections(folder_.path()); }), HasSubstr("is a folder"));
  EXPECT_THAT(error_of([&] { read_detections(folder_ / "absent"); }), HasSubstr("No such file"));
}

TEST_F(CocoFiles, EveryTruncationIsRefused) {
  const std::string whole =
      R"([{"image_id": 1, "category_id": 1, "bbox": [0, 0, 1, 1], "score": 1}, {"image_id": 2, "category_id": 1, "bbox": [0, 0, 1, 1], "score": 1}])";
  ASSERT_EQ(read_detections(file(whole)).size(), 2U);
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_THAT(detection_error(whole.substr(0, length)), HasSubstr("file.json")) << length;
  }
}

TEST_F(CocoFiles, WrittenDetectionsReadBackEqual) {
  Detections found;
  found.add(int64_t{1} << 60, 3, {0.1, 1.0 / 3, 100.25, 1e-7}, 0.123456789012345678);
  found.add(-4, 0, {0, 0, 1, 1}, 1);
  const fs::path path = folder_ / "out.json";
  write_detections(path, found);
  const Detections again = read_detections(path);
  ASSERT_EQ(again.size(), 2U);
  EXPECT_EQ(again.image_id, found.image_id);
  EXPECT_EQ(again.category_id, found.category_id);
  EXPECT_EQ(again.score, found.score);
  EXPECT_EQ(again.box[0].y, found.box[0].y);
  EXPECT_EQ(again.box[0].h, found.box[0].h);
}

TEST_F(CocoFiles, RoundedDetectionsHaveThreeAndFiveDecimals) {
  Detections found;
  found.add(1, 2, {0.12345, 10, 2.99999, 4.0005001}, 0.987654321);
  const fs::path path = folder_ / "out.json";
  write_detections(path, found, {.rounded = true});
  EXPECT_EQ(read_file(path),
            "[{\"image_id\":1,\"category_id\":2,\"bbox\":[0.123,10,3,4.001],\"score\":0.98765}]\n");
  write_detections(path, {});
  EXPECT_EQ(read_file(path), "[]\n");
}

}  // namespace
}  // namespace y6q::coco
