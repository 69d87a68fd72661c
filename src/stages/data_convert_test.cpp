#include "stages/data_convert.h"

#include <gmock/gmock.h>

#include "base/errors.h"
#include "coco/dataset.h"
#include "image/encode.h"
#include "support/folder.h"

namespace y6q::stages {
namespace {

using data::Dataset, data::Label, data::SetForm;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

/// Two splits with images of two folders, one of a name that tools stumble over.
class DataConvert : public testing::Test {
 protected:
  void SetUp() override {
    picture("images/train/a.png", 40, 20);
    picture("images/train/b c.jpg", 33, 71);
    picture("images/train/deep/a.png", 50, 50);
    picture("images/val/a.png", 40, 21);
    write_file(in("labels/train/a.txt"), "1 0.5 0.5 0.25 0.5\n0 0.1 0.2 0.1 0.1\n");
    write_file(in("labels/train/b c.txt"), "2 0.3333333333333333 0.77 0.123456789012345 0.01\n");
    write_file(in("labels/val/a.txt"), "1 0.5 0.5 1 1\n");
    write_file(in("data.yaml"),
               "train: images/train\nval: images/val\nnames: [zebra, \"a \\\"b\\\": c\", unused, ant]\n");
  }
  fs::path in(const std::string& name) const { return folder_ / ("in/" + name); }
  void picture(const std::string& name, int64_t width, int64_t height) const {
    image::encode_file(in(name), image::Image(height, width, static_cast<uint8_t>(name.size())));
  }
  DataConverted convert(const fs::path& data, SetForm form, const std::string& out) const {
    return convert_data({.source = {.data = data}, .out = folder_ / out, .write = {.form = form}},
                        silent_monitor());
  }
  static std::vector<std::string> digests_of(const Dataset& set) {
    std::vector<std::string> digests;
    for (const data::ImageRecord& record : set.images) digests.push_back(record.sha256);
    return digests;
  }
  /// The same images with the same boxes and classes; their order may differ.
  static void expect_same(const Dataset& a, const Dataset& b) {
    EXPECT_EQ(a.class_names, b.class_names);
    ASSERT_EQ(a.images.size(), b.images.size());
    for (const data::ImageRecord& record : a.images) {
      const auto other = std::ranges::find(b.images, record.sha256, &data::ImageRecord::sha256);
      ASSERT_NE(other, b.images.end()) << record.path;
      ASSERT_EQ(other->labels.size(), record.labels.size()) << record.path;
      for (size_t k = 0; k < record.labels.size(); ++k) {
        const Label &one = record.labels[k], &two = other->labels[k];
        EXPECT_EQ(one.label, two.label);
        const double of_fractions = std::abs(one.cx - two.cx) + std::abs(one.cy - two.cy) +
                                    std::abs(one.w - two.w) + std::abs(one.h - two.h);
        constexpr double kMillionthOfAPixel = 1e-6 / 20;  // of the smallest side
        EXPECT_LT(of_fractions, 4 * kMillionthOfAPixel) << record.path;
      }
    }
  }
  support::Folder folder_;
};

TEST_F(DataConvert, EveryFormReadsBackAsTheSameImagesAndBoxesAndSoOnInARound) {
  const std::vector<Dataset> start = read_splits({.data = in("data.yaml")}, silent_monitor());
  ASSERT_EQ(start.size(), 2U);
  fs::path data = in("data.yaml");
  for (const SetForm form :
       {SetForm::coco, SetForm::yolo, SetForm::voc, SetForm::coco, SetForm::voc, SetForm::yolo}) {
    const std::string out = data.parent_path().filename().string() + "-" + std::string(name_of(form));
    data = convert(data, form, out).data;
    const std::vector<Dataset> read = read_splits({.data = data}, silent_monitor());
    ASSERT_EQ(read.size(), 2U) << out;
    for (size_t i = 0; i < 2; ++i) {
      SCOPED_TRACE(out + " " + start[i].split);
      EXPECT_EQ(read[i].split, start[i].split);
      EXPECT_EQ(read[i].findings.labels_missing, 0);
      expect_same(start[i], read[i]);
    }
  }
}

TEST_F(DataConvert, LabelsOfYoloComeBackBitByBit) {
  const DataConverted made = convert(in("data.yaml"), SetForm::yolo, "out");
  EXPECT_EQ(made.data, folder_ / "out/data.yaml");
  EXPECT_EQ(read_file(folder_ / "out/labels/train/b_c.txt"), read_file(in("labels/train/b c.txt")));
  EXPECT_EQ(read_file(folder_ / "out/labels/train/deep_a.txt"), "");
}

TEST_F(DataConvert, CocoHasTheIdsThatAnEvaluationOfTheSetWrites) {
  const Dataset val = data::read_dataset(in("data.yaml"), {.split = "val"}, silent_monitor());
  convert(in("data.yaml"), SetForm::coco, "out");
  const coco::GroundTruth truth = coco::read_ground_truth(folder_ / "out/annotations/instances_val.json");
  EXPECT_THAT(truth.images, ElementsAre(val.images.at(0).image_id));
  EXPECT_THAT(truth.category_id, ElementsAre(1));
  EXPECT_EQ(truth.box.at(0).w, 40);
  EXPECT_EQ(truth.box.at(0).h, 21);
}

TEST_F(DataConvert, DifficultObjectsStayDifficultOrAreCounted) {
  write_file(folder_ / "voc/ImageSets/Main/val.txt", "a\n");
  fs::create_directories(folder_ / "voc/JPEGImages");
  fs::copy_file(in("images/val/a.png"), folder_ / "voc/JPEGImages/a.png");
  write_file(
      folder_ / "voc/Annotations/a.xml",
      "<annotation><object><name>x</name><difficult>1</difficult><bndbox><xmin>1.5</xmin><ymin>2</ymin>"
      "<xmax>30</xmax><ymax>20</ymax></bndbox></object></annotation>");
  const fs::path voc = convert(folder_ / "voc", SetForm::voc, "voc2").data;
  EXPECT_THAT(read_file(folder_ / "voc2/Annotations/a.xml"),
              AllOf(HasSubstr("<xmin>1.5</xmin>"), HasSubstr("<ymin>2</ymin>"),
                    HasSubstr("<difficult>1</difficult>")));
  EXPECT_EQ(read_splits({.data = voc}, silent_monitor()).at(0).images.at(0).difficult.size(), 1U);
  convert(folder_ / "voc", SetForm::coco, "coco");
  EXPECT_THAT(coco::read_ground_truth(folder_ / "coco/annotations/instances_val.json").crowd, ElementsAre(1));
  EXPECT_EQ(convert(folder_ / "voc", SetForm::yolo, "yolo").difficult, 1);
}

TEST_F(DataConvert, LinksLeadToTheImages) {
  convert_data({.source = {.data = in("data.yaml"), .split = "val"},
                .out = folder_ / "out",
                .write = {.form = SetForm::yolo, .link = true}},
               silent_monitor());
  EXPECT_EQ(fs::read_symlink(folder_ / "out/images/val/a.png"), in("images/val/a.png"));
  EXPECT_FALSE(fs::exists(folder_ / "out/images/train"));
  EXPECT_EQ(read_splits({.data = folder_ / "out/data.yaml"}, silent_monitor()).size(), 1U);
}

TEST_F(DataConvert, TheFolderAppearsCompleteOrNotAtAll) {
  class Stop : public InnerMonitor {
   public:
    Stop() : InnerMonitor(silent_monitor()) {}
    void begin(std::string_view task, int64_t, std::string_view) override {
      writes_ = task == "writing images";
    }
    bool stop_requested() const override { return writes_; }

   private:
    bool writes_ = false;
  } stop;
  EXPECT_THROW(convert_data({.source = {.data = in("data.yaml")}, .out = folder_ / "out"}, stop),
               Interrupted);
  write_file(in("labels/val/a.txt"), "9 0.5 0.5 1 1\n");
  EXPECT_THROW(convert(in("data.yaml"), SetForm::coco, "out"), InputError);
  int64_t entries = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder_.path())) ++entries;
  EXPECT_EQ(entries, 1) << "the set alone";
  EXPECT_THROW(convert(in("data.yaml"), SetForm::coco, "in"), UsageError);
}

TEST_F(DataConvert, AJsonThatTellsNoSplitNeedsOne) {
  convert(in("data.yaml"), SetForm::coco, "coco");
  fs::rename(folder_ / "coco/annotations/instances_val.json", folder_ / "coco/annotations/default.json");
  fs::rename(folder_ / "coco/images/val", folder_ / "coco/images/default");
  const fs::path json = folder_ / "coco/annotations/default.json";
  EXPECT_THAT([&] { convert(json, SetForm::yolo, "out"); },
              testing::ThrowsMessage<InputError>(HasSubstr("--split")));
  EXPECT_EQ(read_splits({.data = json, .split = "val"}, silent_monitor()).at(0).images.size(), 1U);
}

}  // namespace
}  // namespace y6q::stages
