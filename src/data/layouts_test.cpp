#include <gmock/gmock.h>

#include "data/check_classes.h"
#include "data/split_summary.h"
#include "data/test_set.h"

// The layouts that people's data sets have, and what is said of them.
namespace y6q::data {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class LayoutsTest : public DatasetTest {
 protected:
  std::vector<std::string> names_of(const Dataset& set) const {
    std::vector<std::string> names;
    for (const ImageRecord& record : set.images)
      names.push_back(record.path.lexically_relative(root).string());
    return names;
  }
  /// What a command says of a split.
  std::vector<std::string> said_of(const Dataset& set) {
    messages.lines.clear();
    say_what_was_read(set, messages);
    return messages.lines;
  }
  /// As docs/guide/data.md says it: a line a file, name, size and digest.
  std::string line_of(const std::string& name) const {
    const std::string bytes = read_file(root / name);
    return name + " " + std::to_string(bytes.size()) + " " + sha256_hex(bytes) + "\n";
  }
};

TEST_F(LayoutsTest, TheDigestIsOfTheFilesImageByImageThenTheDescription) {
  yolo();
  EXPECT_EQ(read("data.yaml").sha256,
            sha256_hex(line_of("images/train/a.png") + line_of("labels/train/a.txt") +
                       line_of("images/train/b.png") + line_of("data.yaml")));
}

TEST_F(LayoutsTest, PathOfADataYamlIsWhereItsOtherPathsBegin) {
  image("real/images/train/a.png");
  text("real/labels/train/a.txt", "0 0.5 0.5 0.5 0.5\n");
  image("project/images/train/other.png");
  for (const std::string& path : {std::string("../real"), (root / "real").string()}) {
    text("project/data.yaml", "train: images/train\nnames: [a]\npath: " + path + "\n");
    const Dataset set = read("project/data.yaml");
    EXPECT_THAT(names_of(set), ElementsAre("real/images/train/a.png"));
    EXPECT_EQ(set.images[0].labels.size(), 1U);
  }
  text("project/data.yaml", "train: images/train\nnames: [a]\npath:\n");
  EXPECT_THAT(names_of(read("project/data.yaml")), ElementsAre("project/images/train/other.png"));
}

TEST_F(LayoutsTest, PathHoldsForTheJsonToo) {
  image("real/images/val/a.png");
  text("real/val.json",
       R"({"images":[{"id":7,"file_name":"a.png"}],"annotations":[],"categories":[{"id":1,"name":"a"}]})");
  text("project/data.yaml", "path: ../real\nval: images/val\nnames: [a]\nanno_path: val.json\n");
  EXPECT_EQ(read("project/data.yaml", {.split = "val"}).images.at(0).image_id, 7);
}

TEST_F(LayoutsTest, APathThatDoesNotExistIsRefusedThoughOtherImagesAreThere) {
  yolo();
  for (const char* path : {"gone", "/gone", "data.yaml", "[a]", "\"a\\0b\"", "images/../gone"}) {
    text("data.yaml", "train: images/train\nnames: [cat, dog]\npath: " + std::string(path) + "\n");
    EXPECT_THAT(error_of("data.yaml"), AllOf(HasSubstr("data.yaml"), HasSubstr("path"))) << path;
  }
}

TEST_F(LayoutsTest, RoboflowsPathsLeadToTheFoldersBesideTheFile) {
  image("set/train/images/a.png");
  text("set/train/labels/a.txt", "0 0.5 0.5 0.5 0.5\n");
  text("set/data.yaml", "train: ../train/images\nval: ../valid/images\nnames: [a]\n");
  const Dataset set = read("set/data.yaml");
  EXPECT_THAT(names_of(set), ElementsAre("set/train/images/a.png"));
  EXPECT_EQ(set.images[0].labels.size(), 1U);
  EXPECT_THAT(messages.lines,
              ElementsAre(AllOf(HasSubstr((root / "train/images").string()), HasSubstr("is taken"))));
  EXPECT_THAT(error_of("set/data.yaml", {.split = "val"}), HasSubstr((root / "valid/images").string()));
  image("train/images/b.png");
  EXPECT_THAT(names_of(read("set/data.yaml")), ElementsAre("train/images/b.png")) << "it means what it says";
}

TEST_F(LayoutsTest, ASplitMayBeAListOfImagesAsOfCoco) {
  image("images/train2017/1.png");
  image("images/train2017/2.png");
  image("images/train2017/3.png");
  text("labels/train2017/1.txt", "0 0.5 0.5 0.5 0.5\n");
  text("train2017.txt", "./images/train2017/3.png\n./images/train2017/1.png\n");
  text("data.yaml", "train: train2017.txt\nnames: [a]\n");
  const Dataset set = read("data.yaml");
  EXPECT_THAT(names_of(set), ElementsAre("images/train2017/1.png", "images/train2017/3.png"));
  EXPECT_EQ(set.images[0].labels.size(), 1U);
  EXPECT_EQ(set.findings.labels_missing, 1);
  EXPECT_EQ(set.findings.labels_without_image, 0) << "a list is a choice";
}

TEST_F(LayoutsTest, DarknetsListsBeginAtTheFolderOfTheDataYaml) {
  image("data/obj/1.png");
  text("data/obj/1.txt", "0 0.5 0.5 0.5 0.5\n");
  text("data/train.txt", "data/obj/1.png\r\n");
  text("data.yaml", "train: data/train.txt\nnames: [a]\n");
  EXPECT_EQ(read("data.yaml").images.at(0).labels.size(), 1U);
}

TEST_F(LayoutsTest, ASplitMayBeFoldersAndListsTogether) {
  image("a/images/1.png");
  image("b/images/1.png");
  image("b/images/2.png");
  text("b/some.txt", "images/2.png\n");
  text("data.yaml", "train: [a/images, b/some.txt]\nnames: [a]\n");
  EXPECT_THAT(names_of(read("data.yaml")), ElementsAre("a/images/1.png", "b/images/2.png"));
}

TEST_F(LayoutsTest, EveryLineOfAListThatLeadsNowhereIsABrokenSample) {
  yolo();
  text("train.txt", "images/train/a.png\nimages/train/gone.png\n\nimages/train\n");
  text("data.yaml", "train: train.txt\nnames: [cat, dog]\n");
  EXPECT_THAT(error_of("data.yaml"), AllOf(HasSubstr("2 of 3 samples"), HasSubstr("train.txt, line 2: "),
                                           HasSubstr("gone.png does not exist"), HasSubstr("is a folder")));
  const Dataset set = read("data.yaml", {.skip_broken = true});
  EXPECT_THAT(names_of(set), ElementsAre("images/train/a.png"));
  EXPECT_EQ(set.skipped, 2);
  EXPECT_THAT(set.problems, Contains(HasSubstr("gone.png")));
}

TEST_F(LayoutsTest, TheDigestFollowsWhatAListNames) {
  yolo();
  text("data.yaml", "train: train.txt\nnames: [cat, dog]\n");
  text("train.txt", "images/train/a.png\n");
  const std::string one = read("data.yaml").sha256;
  EXPECT_EQ(read("data.yaml").sha256, one);
  text("train.txt", "images/train/a.png\nimages/train/b.png\n");
  EXPECT_NE(read("data.yaml").sha256, one);
}

constexpr const char* kTwoImages = R"({"images":[{"id":5,"file_name":"a.png"},{"id":6,"file_name":"b.png"}],
  "categories":[{"id":3,"name":"cat"},{"id":7,"name":"dog"}],"annotations":[
  {"id":1,"image_id":5,"category_id":7,"bbox":[10,5,20,10]},{"id":2,"image_id":5,"category_id":3,"bbox":[0,0,20,10]},
  {"id":3,"image_id":6,"category_id":3,"bbox":[0,0,40,20],"iscrowd":1}]})";

TEST_F(LayoutsTest, ImagesOfAListTakeIdsAndWithoutLabelFilesAlsoBoxesFromTheJson) {
  image("images/val/a.png");
  image("images/val/b.png");
  text("val.json", kTwoImages);
  text("val.txt", "images/val/a.png\n");
  text("data.yaml", "val: val.txt\nnames: [cat, dog]\nanno_path: val.json\n");
  const Dataset boxes = read("data.yaml", {.split = "val"});
  EXPECT_THAT(names_of(boxes), ElementsAre("images/val/a.png"));
  EXPECT_EQ(boxes.images[0].image_id, 5);
  EXPECT_EQ(boxes.images[0].labels, (std::vector<Label>{{1, 0.5, 0.5, 0.5, 0.5}, {0, 0.25, 0.25, 0.5, 0.5}}));
  EXPECT_EQ(boxes.findings.labels_missing, 0) << "none are expected";
  text("labels/val/a.txt", "1 0.5 0.5 0.1 0.1\n");
  const Dataset labels = read("data.yaml", {.split = "val"});
  EXPECT_EQ(labels.images[0].image_id, 5);
  EXPECT_THAT(labels.images[0].labels, ElementsAre(Label{1, 0.5, 0.5, 0.1, 0.1}));
  text("val.txt", "images/val/a.png\nimages/val/c.png\n");
  image("images/val/c.png");
  EXPECT_THAT(error_of("data.yaml", {.split = "val"}), HasSubstr("c.png: not among the images"));
}

TEST_F(LayoutsTest, CrowdRegionsAreCounted) {
  image("val/a.png");
  image("val/b.png");
  text("instances_val.json", kTwoImages);
  EXPECT_EQ(read("instances_val.json", {.split = "val"}).findings.crowds, 1);
}

TEST_F(LayoutsTest, TheIndexOfImagesKeepsThoseOfLists) {
  yolo();
  text("data.yaml", "train: train.txt\nnames: [cat, dog]\n");
  text("train.txt", "images/train/a.png\n");
  const DatasetOptions options{.index = {.folder = root / "cache", .worth_s = 0, .settled_s = 0}};
  const std::string digest = read("data.yaml", options).sha256;
  ASSERT_TRUE(fs::exists(root / "cache"));
  EXPECT_EQ(read("data.yaml", options).sha256, digest);
  EXPECT_EQ(read("data.yaml").sha256, digest);
}

TEST_F(LayoutsTest, AnOutlineBecomesTheBoxAroundItAndIsCounted) {
  yolo();
  text("labels/train/b.txt",
       "1 0.25 0.5 0.75 0.25 0.5 0.75\n0 0.5 0.5 0.5 0.5\n0 0 0 1 0 1 1 0 1\n0 0.5 0.5 0.5 0.75 0.5 1\n");
  const Dataset set = read("data.yaml");
  EXPECT_THAT(set.images.at(1).labels, ElementsAre(Label{1, 0.5, 0.5, 0.5, 0.5}, Label{0, 0.5, 0.5, 0.5, 0.5},
                                                   Label{0, 0.5, 0.5, 1, 1}));
  EXPECT_EQ(set.findings.outlines, 2);
  EXPECT_EQ(set.without_area, 1) << "a line is no outline";
  EXPECT_THAT(said_of(set), Contains(HasSubstr("train: 2 boxes are those around outlines")));
}

TEST_F(LayoutsTest, FaultsOfAnOutlineNameThePoint) {
  yolo();
  text("labels/train/b.txt",
       "0 0.1 0.1 0.2 0.2 0.3\n0 0.1 0.1 0.2 0.2 0.3 1.5\n0 0.1 0.1 0.2 0.2 -0.3 0.5\n2 0 0 1 0 1 1\n0 0 0 1 "
       "x 1 1\n");
  EXPECT_THAT(error_of("data.yaml"),
              AllOf(HasSubstr("line 1: 6 numbers, 5 expected"), HasSubstr("an outline"),
                    HasSubstr("line 2: y3 is 1.5; accepted is 0 to 1"), HasSubstr("line 3: x3 is -0.3"),
                    HasSubstr("line 4: class 2"), HasSubstr("line 5: 'x' is not a number")));
}

TEST_F(LayoutsTest, OneLineSaysWhatASplitIsMadeOf) {
  yolo();  // a.png with two objects, b.png without a label file
  image("images/train/c.png");
  text("labels/train/c.txt", "");
  text("images/train/d.png", "no image");
  text("labels/train/d.txt", "");
  text("labels/train/sub/e.txt", "");
  text("labels/train/classes.txt", "cat\ndog\n");
  const Dataset set = read("data.yaml", {.skip_broken = true});
  EXPECT_THAT(
      said_of(set),
      Contains("data: train: 3 images, 1 with objects, 2 background, 1 label files missing, 1 labels without "
               "image, 1 broken, 2 boxes"));
  EXPECT_THAT(messages.lines, Contains(HasSubstr((root / "labels/train/sub/e.txt").string())));
}

TEST_F(LayoutsTest, LabelFilesThatAreMissingAreAWarningOnceTheyAreMoreThanOneInTen) {
  text("data.yaml", "train: images/train\nnames: [a]\n");
  for (int i = 0; i < 24; ++i) image("images/train/" + std::to_string(10 + i) + ".png");
  text("labels/train/10.txt", "0 0.5 0.5 0.5 0.5\n");
  EXPECT_THAT(
      said_of(read("data.yaml")),
      Contains(AllOf(HasSubstr("warning: "), HasSubstr("23 of 24 images of split 'train' have no label file"),
                     HasSubstr((root / "labels/train/11.txt").string()))));
  for (int i = 0; i < 22; ++i) text("labels/train/" + std::to_string(10 + i) + ".txt", "0 0.5 0.5 0.5 0.5\n");
  EXPECT_THAT(likely_mistakes(read("data.yaml")), IsEmpty());  // 2 of 24
}

TEST_F(LayoutsTest, ChosenClassesShrinkTheListInTheSetsOrderAndKeepCategoryIds) {
  text("data.yaml", "train: images/train\nnames: [cat, dog, bird, \"0\"]\n");
  image("images/train/a.png");
  image("images/train/b.png");
  text("labels/train/a.txt", "3 0.5 0.5 0.5 0.5\n2 0.5 0.5 0.25 0.25\n0 0.5 0.5 0.1 0.1\n");
  text("labels/train/b.txt", "1 0.5 0.5 0.5 0.5\n");
  const Dataset chosen = read("data.yaml", {.classes = {"bird", "cat"}});
  EXPECT_THAT(chosen.class_names, ElementsAre("cat", "bird"));
  EXPECT_THAT(chosen.category_ids, ElementsAre(0, 2));
  EXPECT_THAT(chosen.other_classes, ElementsAre("dog", "0"));
  EXPECT_THAT(chosen.images.at(0).labels,
              ElementsAre(Label{1, 0.5, 0.5, 0.25, 0.25}, Label{0, 0.5, 0.5, 0.1, 0.1}));
  EXPECT_THAT(chosen.images.at(1).labels, IsEmpty()) << "the image stays, as background";
  const Dataset numbers = read("data.yaml", {.classes = {"2", "cat", "cat"}});
  EXPECT_EQ(numbers.class_names, chosen.class_names);
  EXPECT_EQ(numbers.sha256, chosen.sha256);
  EXPECT_THAT(read("data.yaml", {.classes = {"0"}}).class_names, ElementsAre("0"))
      << "a name before a number";
}

TEST_F(LayoutsTest, AChoiceOfClassesIsPartOfTheDigestUnlessItIsAll) {
  yolo();
  const std::string all = read("data.yaml").sha256, cat = read("data.yaml", {.classes = {"cat"}}).sha256;
  EXPECT_NE(cat, all);
  EXPECT_NE(read("data.yaml", {.classes = {"dog"}}).sha256, cat);
  EXPECT_EQ(read("data.yaml", {.classes = {"dog", "cat"}}).sha256, all);
}

TEST_F(LayoutsTest, ChosenClassesOfACocoJsonKeepItsCategoryIds) {
  image("val/a.png");
  image("val/b.png");
  text("instances_val.json", kTwoImages);
  const Dataset set = read("instances_val.json", {.split = "val", .classes = {"dog"}});
  EXPECT_THAT(set.category_ids, ElementsAre(7));
  EXPECT_THAT(set.images.at(0).labels, ElementsAre(Label{0, 0.5, 0.5, 0.5, 0.5}));
}

TEST_F(LayoutsTest, AClassThatTheSetDoesNotHaveIsWrongUsage) {
  yolo();
  for (const char* word : {"bird", "2", "-1", "1.5", ""}) {
    EXPECT_THAT(error_of<UsageError>("data.yaml", {.classes = {"cat", word}}),
                AllOf(HasSubstr("'" + std::string(word) + "'"), HasSubstr("0 to 1"), HasSubstr("cat, dog")));
  }
}

TEST_F(LayoutsTest, ANetworkOfMoreClassesIsMatchedWithTheChosenOnesByName) {
  yolo();
  const fs::path weights = "net.onnx", yaml = root / "data.yaml";
  const Dataset all = read("data.yaml"), dog = read("data.yaml", {.classes = {"dog"}});
  EXPECT_THAT(match_classes({"dog", "bird", "cat"}, weights, dog, yaml), ElementsAre(0, -1, -1));
  EXPECT_THAT(match_classes({"cat", "dog"}, weights, all, yaml), IsEmpty());
  EXPECT_THAT(match_classes({"dog"}, weights, dog, yaml), IsEmpty());
  EXPECT_THAT(match_classes({}, weights, all, yaml), IsEmpty());
  EXPECT_THROW(match_classes({}, weights, dog, yaml), InputError);
  EXPECT_THROW(match_classes({"cat", "bird"}, weights, dog, yaml), InputError);
  EXPECT_THROW(match_classes({"dog", "cat", "bird"}, weights, all, yaml), InputError) << "nothing was chosen";
  try {
    match_classes({"dog"}, weights, all, yaml);
    ADD_FAILURE();
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("--classes \"dog\""));
  }
}

TEST_F(LayoutsTest, TheSplitsThatASetHasAreFound) {
  yolo();
  EXPECT_THAT(splits_of(root / "data.yaml"), ElementsAre("train", "val"));
  EXPECT_THAT(splits_of(root), ElementsAre("train", "val"));
  text("coco/annotations/instances_val2017.json", "{}");
  text("coco/annotations/instances_train2017.json", "{}");
  EXPECT_THAT(splits_of(root / "coco"), ElementsAre("train", "val"));
  EXPECT_THAT(splits_of(root / "coco/annotations/instances_val2017.json"), ElementsAre("train", "val"));
  text("coco/annotations/instances_default.json", "{}");
  EXPECT_THAT(splits_of(root / "coco/annotations/instances_default.json"), IsEmpty());
  text("voc/ImageSets/Main/test.txt", "");
  fs::create_directories(root / "voc/Annotations");
  fs::create_directories(root / "voc/JPEGImages");
  EXPECT_THAT(splits_of(root / "voc"), ElementsAre("test"));
  EXPECT_THROW(splits_of(root / "gone"), InputError);
}

}  // namespace
}  // namespace y6q::data
