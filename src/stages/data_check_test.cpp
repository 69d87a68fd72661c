#include "stages/data_check.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "base/errors.h"
#include "image/encode.h"
#include "stages/data_check_page.h"
#include "support/folder.h"

namespace y6q::stages {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// Twelve images of 200 x 100 to train on, the first of them also in val; classes often, once and never.
class DataCheckTest : public testing::Test {
 protected:
  void SetUp() override {
    write_file(folder_ / "data.yaml", "train: images/train\nval: images/val\nnames: [often, once, never]\n");
    for (int i = 10; i < 22; ++i) {
      picture("train/" + std::to_string(i), static_cast<uint8_t>(i));
      write_file(label("train/" + std::to_string(i)), "0 0.5 0.5 0.5 0.5\n");
    }
    // 0.02 of 200 pixels are 4, and 12.8 once the long side is 640; 0.02 of 100 are 6.4.
    write_file(label("train/10"), "0 0.5 0.5 0.02 0.5\n0 0.5 0.5 0.5 0.02\n1 0.5 0.5 0.5 0.5\n");
    picture("val/x", 10);
    write_file(label("val/x"), "0 0.5 0.5 0.5 0.5\n");
  }
  fs::path label(const std::string& stem) const { return folder_ / ("labels/" + stem + ".txt"); }
  void picture(const std::string& stem, uint8_t grey) const {
    image::encode_file(folder_ / ("images/" + stem + ".png"), image::Image(100, 200, grey));
  }
  DataCheck check() const { return check_data(options_, silent_monitor()); }

  support::Folder folder_;
  DataCheckOptions options_{.source = {.data = folder_ / "data.yaml"}};
};

TEST_F(DataCheckTest, CountsWhatSplitsAndClassesAreMadeOf) {
  fs::remove(label("train/21"));
  write_file(label("train/20"), "");
  const DataCheck found = check();
  const auto splits = report::to_json(found.split_table);
  ASSERT_EQ(splits.size(), 2U);
  const auto& train = splits.at(0);
  EXPECT_EQ(train.at("split"), "train");
  EXPECT_EQ(train.at("images"), 12);
  EXPECT_EQ(train.at("with_objects"), 10);
  EXPECT_EQ(train.at("background"), 2);
  EXPECT_EQ(train.at("labels_missing"), 1);
  EXPECT_EQ(train.at("boxes"), 12);
  EXPECT_EQ(train.at("tiny"), 1);
  EXPECT_EQ(train.at("broken"), 0);
  const auto classes = report::to_json(found.class_table);
  ASSERT_EQ(classes.size(), 3U);
  EXPECT_EQ(classes.at(0).at("train_objects"), 11);
  EXPECT_EQ(classes.at(0).at("train_images"), 10);
  EXPECT_EQ(classes.at(0).at("train_tiny"), 1);
  EXPECT_EQ(classes.at(1).at("train_objects"), 1);
  EXPECT_EQ(classes.at(2).at("val_objects"), 0);
}

TEST_F(DataCheckTest, BoxesAreMeasuredAtTheImageSize) {
  const data::ImageRecord record{.path = "", .height = 100, .width = 200, .labels = {}};
  EXPECT_THAT(box_size(record, {0, 0.5, 0.5, 0.5, 0.02}, 640),
              ElementsAre(320, testing::DoubleNear(6.4, 1e-12)));
  options_.image_size = 1280;
  EXPECT_EQ(report::to_json(check().split_table).at(0).at("tiny"), 0);
}

TEST_F(DataCheckTest, SizesAreLeastQuartilesAndLargest) {
  image::encode_file(folder_ / "images/val/y.png", image::Image(300, 40, 1));
  const auto sizes = report::to_json(check().size_table);
  const auto row = std::ranges::find_if(
      sizes, [](const auto& r) { return r.at("split") == "val" && r.at("measure") == "image height"; });
  ASSERT_NE(row, sizes.end());
  EXPECT_EQ(row->at("min"), 100);
  EXPECT_EQ(row->at("median"), 200);
  EXPECT_EQ(row->at("max"), 300);
}

TEST_F(DataCheckTest, FindsSharedImagesNearlyEmptyClassesAndTinyBoxes) {
  DataCheck found = check();
  ASSERT_EQ(found.shared.size(), 1U);
  EXPECT_EQ(found.shared[0].images.count, 1);
  EXPECT_THAT(found.findings,
              AllOf(Contains(HasSubstr("1 of 1 images of split 'val' are in 'train' too")),
                    Contains(AllOf(HasSubstr("2 of 3 classes have fewer than 10 objects in split 'train'"),
                                   HasSubstr("once (1), never (0)"))),
                    Not(Contains(HasSubstr("shorter side")))));
  for (int i = 11; i < 20; ++i) write_file(label("train/" + std::to_string(i)), "0 0.5 0.5 0.001 0.5\n");
  EXPECT_THAT(check().findings, Contains(HasSubstr("10 of 14 boxes of split 'train'")));
}

TEST_F(DataCheckTest, BrokenSamplesAreToldAndTheOthersCounted) {
  write_file(label("train/11"), "7 0.5 0.5 0.5 0.5\n");
  write_file(folder_ / "images/val/z.png", "no image");
  const DataCheck found = check();
  EXPECT_THAT(found.problems, ElementsAre(HasSubstr("11.txt, line 1: class 7"), HasSubstr("z.png")));
  EXPECT_EQ(report::to_json(found.split_table).at(0).at("broken"), 1);
  EXPECT_EQ(report::to_json(found.split_table).at(0).at("images"), 11);
}

TEST_F(DataCheckTest, ThePageShowsImagesAndEscapesNames) {
  write_file(folder_ / "data.yaml", "train: images/train\nnames: [\"<script>\", b, c]\n");
  const std::string html = report::to_html(data_check_page(check(), options_));
  EXPECT_THAT(html, AllOf(HasSubstr("&lt;script&gt;"), Not(HasSubstr("<script>")),
                          HasSubstr("data:image/jpeg;base64,")));
  size_t pictures = 0;
  for (size_t at = html.find("<img"); at != html.npos; at = html.find("<img", at + 1)) ++pictures;
  EXPECT_EQ(pictures, 6U);
  EXPECT_THAT(html, Not(HasSubstr("64 and more"))) << "no image has so many objects";
}

}  // namespace
}  // namespace y6q::stages
