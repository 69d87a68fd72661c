#include "data/dataset.h"

#include <gmock/gmock.h>

#include "data/check_classes.h"
#include "data/ground_truth.h"
#include "data/read_yolo.h"
#include "data/shared_images.h"
#include "data/test_set.h"

namespace y6q::data {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(DatasetTest, YoloReadsLabelsAndKeepsImagesWithout) {
  yolo();
  const Dataset set = read("data.yaml");
  ASSERT_EQ(set.images.size(), 2U);
  EXPECT_EQ(set.images[0].path.filename(), "a.png");
  EXPECT_EQ(set.images[0].width, 40);
  EXPECT_EQ(set.images[0].labels, (std::vector<Label>{{1, 0.5, 0.5, 0.25, 0.5}, {0, 0.1, 0.2, 0.1, 0.1}}));
  EXPECT_TRUE(set.images[1].labels.empty());
  EXPECT_EQ(set.images[1].image_id, 2);
  EXPECT_EQ(set.class_names, (std::vector<std::string>{"cat", "dog"}));
  EXPECT_EQ(set.category_ids, (std::vector<int64_t>{0, 1}));
}

TEST_F(DatasetTest, AllBrokenSamplesAreListedOrSkipped) {
  yolo();
  image("images/train/c.png");
  image("images/train/d.png");
  text("images/train/e.jpg", "no image");
  text("labels/train/b.txt", "0 0.5 0.5 0.5\n2 0.5 0.5 0.1 0.1\n0.5 0.5 0.5 0.1 0.1\n");
  text("labels/train/c.txt",
       "0 0.5 1.5 0.1 0.1\n0 0.5 0.5 0 0.1\n0 -0.1 0.5 0.1 0.1\n0 nan 0.5 0.1 0.1\nx 1 1 1 1\n");
  const std::string message = error_of("data.yaml");
  EXPECT_THAT(message, AllOf(HasSubstr("3 of 5 samples"), HasSubstr("b.txt, line 1: 4 numbers, 5 expected"),
                             HasSubstr("b.txt, line 2: class 2 is not a whole number in 0..1"),
                             HasSubstr("b.txt, line 3: class 0.5"), HasSubstr("c.txt, line 1: cy is 1.5"),
                             HasSubstr("c.txt, line 3: cx is -0.1")));
  EXPECT_THAT(message, AllOf(HasSubstr("c.txt, line 4: 'nan' is not a number"), HasSubstr("line 5: 'x'"),
                             HasSubstr("e.jpg: not an image")));
  const Dataset set = read("data.yaml", {.skip_broken = true});
  EXPECT_EQ(set.skipped, 3);
  EXPECT_EQ(set.images.size(), 2U);
}

TEST_F(DatasetTest, BoxOverTheBorderIsClipped) {
  yolo();
  text("labels/train/b.txt", "0 0.95 0.5 0.2 0.5\n0 0.5 0.5 1 1\n");
  const auto labels = read("data.yaml").images[1].labels;
  EXPECT_NEAR(labels[0].cx, 0.925, 1e-12);
  EXPECT_NEAR(labels[0].w, 0.15, 1e-12);
  EXPECT_EQ(labels[1], (Label{0, 0.5, 0.5, 1, 1}));
}

TEST_F(DatasetTest, DigestFollowsContents) {
  yolo();
  const std::string before = read("data.yaml").sha256;
  EXPECT_EQ(read("data.yaml", {.threads = 1}).sha256, before);
  text("labels/train/a.txt", "1 0.5 0.5 0.25 0.25\n");
  EXPECT_NE(read("data.yaml").sha256, before);
}

TEST_F(DatasetTest, DigestDoesNotDependOnTheWorkingFolder) {
  text("annotations/instances_val2017.json",
       "{\"images\":[{\"id\":1,\"file_name\":\"a.png\"}],\"annotations\":[],\"categories\":[]}");
  image("val2017/a.png");
  const DatasetOptions val{.split = "val"};
  const Dataset absolute = read("annotations/instances_val2017.json", val);
  const fs::path before = fs::current_path();
  fs::current_path(root / "val2017");
  const Dataset relative = read_dataset("../annotations/instances_val2017.json", val, silent_monitor());
  fs::current_path(before);
  EXPECT_EQ(relative.sha256, absolute.sha256);
  EXPECT_EQ(relative.annotation_json, absolute.annotation_json);
}

TEST_F(DatasetTest, YamlFaultsNameTheFileAndWhatIsExpected) {
  EXPECT_THAT(error_of("absent.yaml"), HasSubstr("does not exist"));
  text("a.yaml", "train: images\nnc: 3\nnames: [a, b]\n");
  EXPECT_THAT(error_of("a.yaml"), AllOf(HasSubstr("line 2"), HasSubstr("nc is 3, but names has 2")));
  text("b.yaml", "train: images\nnames: {0: a, 1: b}\n");
  EXPECT_THAT(error_of("b.yaml"), HasSubstr("image folder"));
  EXPECT_THAT(error_of("b.yaml", {.split = "val"}), HasSubstr("has no 'val'"));
  text("c.yaml", "names: [a\n");
  EXPECT_THAT(error_of("c.yaml"), HasSubstr("c.yaml, line"));
  text("d.yaml", "names: [a]\ntrain: empty\n");
  fs::create_directories(root / "empty");
  EXPECT_THAT(error_of("d.yaml"), HasSubstr("no images for split 'train'"));
}

TEST_F(DatasetTest, MistakesInADataYamlNameTheLineWhatWasFoundAndWhatIsAccepted) {
  const auto message = [&](const std::string& content) {
    text("a.yaml", content);
    return error_of("a.yaml");
  };
  EXPECT_THAT(message("names: [a]\nnc: many\n"),
              HasSubstr("a.yaml, line 2: nc is 'many'; a whole number from 1 to 1e+09 is accepted"));
  EXPECT_THAT(message("train: images\nnames:\n  0: a\n  b: c\n"),
              HasSubstr("line 4: an id of names is 'b'; a whole number from 0 to 1e+09 is accepted"));
  EXPECT_THAT(message("names: {0: a, 2: b}\n"), HasSubstr("line 1: names has id 2, 1 expected"));
  EXPECT_THAT(message("names: [a,\n  [b]]\n"),
              HasSubstr("line 2: an entry of names is a list; a class name is accepted"));
  EXPECT_THAT(message("names: a\n"),
              HasSubstr("line 1: names must be a list of class names, or a map from 0 up"));
  EXPECT_THAT(
      message("names: [a]\nval:\n  a: b\n"),
      HasSubstr("line 2: val is a map; a folder, a .txt of image paths, or a list of them, is accepted"));
  EXPECT_THAT(message("names: [a]\nis_coco: maybe\n"),
              HasSubstr("line 2: is_coco is 'maybe'; true or false is accepted"));
  EXPECT_THAT(message("names: [a]\nanno_path: [b]\n"),
              HasSubstr("line 2: anno_path is a list; the path of a COCO JSON, or a map of splits to one "
                        "each, is accepted"));
  EXPECT_THAT(message("names: [a]\nanno_path:\n  vali: b\n"),
              HasSubstr("line 3: key 'vali' is unknown; train, val and test are accepted"));
  EXPECT_THAT(message("names: [a]\ntrain: x\nnames: [b]\n"),
              HasSubstr("line 3: 'names' is given in line 1 already; each key once is accepted"));
}

TEST(LabelPath, ReplacesTheLastImagesFolder) {
  EXPECT_EQ(label_path("/d/images/x/images/train/a.b.jpg"), "/d/images/x/labels/train/a.b.txt");
}

constexpr const char* kCoco = R"({"annotations":[
  {"bbox":[10,5,20,10],"category_id":7,"image_id":9007199254740993,"id":1,"iscrowd":0,"area":200},
  {"bbox":[0,0,40,20],"category_id":3,"image_id":5,"id":2,"iscrowd":1}],
 "info":{"x":[1,{"y":null}]},
 "categories":[{"name":"dog","id":7},{"supercategory":"a","id":3,"name":"cat"}],
 "images":[{"file_name":"b.png","id":5,"height":20,"width":40},{"id":9007199254740993,"file_name":"a.png"}]})";

TEST_F(DatasetTest, CocoKeysInAnyOrderBigIdsAndNoCrowds) {
  text("annotations/instances_val2017.json", kCoco);
  image("val2017/a.png");
  image("val2017/b.png");
  for (const std::string name : {"annotations/instances_val2017.json", "."}) {
    const Dataset set = read(name, {.split = "val"});
    ASSERT_EQ(set.images.size(), 2U);
    EXPECT_EQ(set.images[0].image_id, 9007199254740993);
    EXPECT_EQ(set.images[0].labels, (std::vector<Label>{{1, 0.5, 0.5, 0.5, 0.5}}));
    EXPECT_TRUE(set.images[1].labels.empty());
    EXPECT_EQ(set.class_names, (std::vector<std::string>{"cat", "dog"}));
    EXPECT_EQ(set.category_ids, (std::vector<int64_t>{3, 7}));
    EXPECT_EQ(set.annotation_json.filename(), "instances_val2017.json");
  }
  EXPECT_THAT(error_of("annotations/instances_val2017.json", {.split = "test"}),
              HasSubstr("no JSON for split 'test'"));
}

TEST_F(DatasetTest, CocoOutlinesOfAnyFormAreNoMatter) {
  image("val/a.png");
  const auto boxes = [&](const std::string& outline) {
    text("val.json",
         R"({"images":[{"id":1,"file_name":"a.png"}],"categories":[{"id":1,"name":"\"segmentation\":["}],
      "annotations":[{"segmentation":)" +
             outline + R"(,"id":1,"image_id":1,"category_id":1,"bbox":[10,5,20,10]}]})");
    return read("val.json", {.split = "val"}).images.at(0).labels;
  };
  const std::vector<Label> expected{{0, 0.5, 0.5, 0.5, 0.5}};
  for (const char* outline :
       {"[[1.5, 2,3e1,4]]", "[[1,2],[3,-4]]", "[]", " [ [ ] ] ", "null", R"({"counts":[1,2],"size":[20,40]})",
        R"({"counts":"]}[","size":[20,40]})", R"(["]}[",{"a":[1]}])"}) {
    EXPECT_EQ(boxes(outline), expected) << outline;
  }
  for (const char* outline : {"[[1,2]", "[[1,2", "["}) EXPECT_THROW(boxes(outline), InputError) << outline;
}

TEST_F(DatasetTest, CocoFaultsNameThePlace) {
  image("val/a.png");
  auto error = [&](const std::string& json) {
    text("annotations/instances_val.json", json);
    return error_of("annotations/instances_val.json", {.split = "val"});
  };
  const std::string images = R"("images":[{"id":1,"file_name":"a.png","height":20,"width":40}],)";
  const std::string categories = R"("categories":[{"id":1,"name":"a"}],)";
  auto with = [&](const std::string& annotation) {
    return error("{" + images + categories + R"("annotations":[)" + annotation + "]}");
  };
  EXPECT_EQ(with(""), "accepted");
  EXPECT_THAT(with(R"({"id":4,"image_id":1,"category_id":1,"bbox":[1,2,3]})"),
              AllOf(HasSubstr("byte"), HasSubstr("bbox has 3 numbers, 4 expected")));
  const auto byte_of = [&](const std::string& outline) {
    const std::string message = with(R"({"segmentation":)" + outline + R"(,"id":4,"image_id":1,"bbox":[1]})");
    return message.substr(message.find("byte"), 10);
  };
  EXPECT_EQ(byte_of("[[1.25,2,3,4]]"), byte_of("\"1.25,2,3,4..\""));
  EXPECT_THAT(with(R"({"id":4,"image_id":1,"category_id":9,"bbox":[1,2,3,4]})"), HasSubstr("category_id 9"));
  EXPECT_THAT(with(R"({"id":4,"image_id":2,"category_id":1,"bbox":[1,2,3,4]})"), HasSubstr("image_id 2"));
  EXPECT_THAT(with(R"({"id":4,"image_id":1,"category_id":1,"bbox":[50,2,3,4]})"),
              AllOf(HasSubstr("annotation 4"), HasSubstr("no area inside")));
  EXPECT_THAT(with(R"({"id":4,"image_id":1,"category_id":1})"), HasSubstr("'bbox' is missing"));
  EXPECT_THAT(error("{" + images), HasSubstr("instances_val.json"));
  EXPECT_THAT(error("[1, 2]"), HasSubstr("COCO instances JSON is expected"));
  EXPECT_THAT(error("{" + images + "\"annotations\":[]}"), HasSubstr("'categories' is missing"));
  EXPECT_THAT(error(R"({"images":[{"id":1,"file_name":"../x.png"}],)" + categories + R"("annotations":[]})"),
              HasSubstr("must lie inside"));
  EXPECT_THAT(error(R"({"images":[{"id":1,"file_name":"a.png","height":40,"width":20}],)" + categories +
                    R"("annotations":[]})"),
              HasSubstr("its annotation says 20 x 40"));
}

TEST_F(DatasetTest, YoloWithJsonTakesItsIds) {
  yolo();
  image("images/val/a.png");
  image("images/val/b.png");
  text("val.json", kCoco);
  text("with.yaml", "train: images/train\nval: images/val\nnames: [cat, dog]\nanno_path: val.json\n");
  text("labels/val/b.txt", "1 0.5 0.5 0.1 0.1\n");
  const Dataset set = read("with.yaml", {.split = "val"});
  EXPECT_EQ(set.images[1].image_id, 5);
  EXPECT_EQ(set.category_ids, (std::vector<int64_t>{3, 7}));
  EXPECT_EQ(set.images[1].labels.size(), 1U);
  EXPECT_TRUE(read("with.yaml").annotation_json.empty());
}

TEST_F(DatasetTest, SplitsMayHaveOtherCategoryIdsOfTheSameClasses) {
  yolo();
  image("images/val/a.png");
  image("images/val/b.png");
  text("val.json", kCoco);
  text("labels/val/b.txt", "1 0.5 0.5 0.1 0.1\n");
  text("with.yaml", "train: images/train\nval: images/val\nnames: [cat, dog]\nanno_path: val.json\n");
  const Dataset train = read("with.yaml"), val = read("with.yaml", {.split = "val"});
  EXPECT_NE(train.category_ids, val.category_ids);
  EXPECT_NO_THROW(check_split(val, "val", train, root / "with.yaml"));
}

TEST_F(DatasetTest, CategoriesAreFoundByNameInAnyOrderAndCase) {
  image("val/a.png");
  image("val/b.png");
  text("val.json", kCoco);
  const auto ids_of = [&](const std::string& names) {
    text("a.yaml", "val: val\nnames: [" + names + "]\nanno_path: val.json\n");
    return read("a.yaml", {.split = "val"}).category_ids;
  };
  EXPECT_THAT(ids_of("dog, cat"), ElementsAre(7, 3));
  EXPECT_THAT(messages.lines, ElementsAre());
  EXPECT_THAT(ids_of("cat, Dog"), ElementsAre(3, 7));
  EXPECT_THAT(messages.lines, ElementsAre(HasSubstr("category 'dog' is taken for the class 'Dog'")));
}

TEST_F(DatasetTest, AClassWithoutCategoryAndACategoryWithoutClassAreRefusedWithBothLists) {
  image("val/a.png");
  image("val/b.png");
  text("val.json", kCoco);
  const auto error = [&](const std::string& names) {
    text("a.yaml", "val: val\nnames: [" + names + "]\nanno_path: val.json\n");
    return error_of("a.yaml", {.split = "val"});
  };
  EXPECT_THAT(error("cat, bird"), AllOf(HasSubstr("no category 'bird'"), HasSubstr("the JSON has [cat, dog]"),
                                        HasSubstr("given are [cat, bird]")));
  EXPECT_THAT(error("cat"),
              AllOf(HasSubstr("category 'dog' has objects and is no class"), HasSubstr("[cat]")));
  EXPECT_THAT(error("cat, dog, Cat"), HasSubstr("no category 'Cat'")) << "a category is of one class";
  text(
      "val.json",
      R"({"images":[{"id":1,"file_name":"a.png"}],"annotations":[],"categories":[{"id":1,"name":"cat"},{"id":2,"name":"dog"}]})");
  EXPECT_EQ(error("cat"), "accepted") << "nothing uses the category dog";
}

/// A JSON of one image and one object.
std::string small_coco(const std::string& image, const std::string& bbox = "[1,2,3,4]") {
  return R"({"images":[{"id":1,"file_name":")" + image +
         R"("}],"annotations":[{"id":4,"image_id":1,"category_id":1,"bbox":)" + bbox +
         R"(}],"categories":[{"id":1,"name":"a"}]})";
}

TEST_F(DatasetTest, AJsonThatTellsNoSplitServesOnlyACommandThatReadsOneSplit) {
  text("annotations/instances_default.json", small_coco("a.png"));
  image("images/default/a.png");
  for (const char* split : {"train", "val"}) {
    EXPECT_THAT(
        error_of("annotations/instances_default.json", {.split = split}),
        AllOf(HasSubstr("instances_default.json"), HasSubstr("train, val or test"), HasSubstr("anno_path")));
    EXPECT_EQ(read("annotations/instances_default.json", {.split = split, .sole_split = true}).images.size(),
              1U);
  }
}

TEST_F(DatasetTest, FoldersTellTheSplits) {
  for (const std::string split : {"train", "valid"}) {
    text(split + "/_annotations.coco.json", small_coco(split + ".png"));
    image(split + "/" + split + ".png");
  }
  for (const std::string data : {".", "train/_annotations.coco.json", "valid/_annotations.coco.json"}) {
    EXPECT_EQ(read(data).images.at(0).path, root / "train/train.png") << data;
    EXPECT_EQ(read(data, {.split = "val"}).images.at(0).path, root / "valid/valid.png") << data;
  }
  EXPECT_THAT(error_of("train/_annotations.coco.json", {.split = "test"}),
              AllOf(HasSubstr("no JSON for split 'test'"), HasSubstr("'test' instead of 'train'")));
  EXPECT_THAT(error_of(".", {.split = "test"}), HasSubstr("test/_annotations.coco.json"));
}

TEST_F(DatasetTest, ADataYamlNamesTheJsonOfEachSplit) {
  for (const std::string split : {"one", "two"}) {
    text(split + ".json", small_coco(split + ".png"));
    image("pictures/" + split + ".png");
  }
  text("a.yaml",
       "train: pictures\nval: pictures\ntest: pictures\nnames: [a]\n"
       "anno_path: {train: one.json, val: two.json}\n");
  EXPECT_EQ(read("a.yaml").images.at(0).path.filename(), "one.png");
  EXPECT_EQ(read("a.yaml").annotation_json, root / "one.json");
  EXPECT_EQ(read("a.yaml", {.split = "val"}).images.at(0).path.filename(), "two.png");
  EXPECT_EQ(read("a.yaml", {.split = "test"}).annotation_json, "");
  fs::remove(root / "one.json");
  EXPECT_THAT(error_of("a.yaml"), AllOf(HasSubstr("one.json"), HasSubstr("does not exist")));
}

TEST_F(DatasetTest, ObjectsOfNoWidthOrHeightAreLeftOutAndTheirImagesStay) {
  image("images/train/a.png");
  text("instances_train.json", small_coco("a.png", "[1,2,0,4]"));
  Dataset set = read("instances_train.json");
  EXPECT_EQ(set.images.size(), 1U);
  EXPECT_TRUE(set.images[0].labels.empty());
  EXPECT_EQ(set.without_area, 1);
  EXPECT_EQ(set.skipped, 0);
  EXPECT_THAT(messages.lines,
              ElementsAre(AllOf(HasSubstr("1 objects of split 'train'"), HasSubstr("annotation 4"))));

  text("data.yaml", "train: images/train\nnames: [a]\n");
  text("labels/train/a.txt", "0 0.5 0.5 0.5 0\n0 0.5 0.5 0.5 0.5\n0 0 0.5 0 0.5\n");
  set = read("data.yaml");
  EXPECT_EQ(set.images[0].labels, (std::vector<Label>{{0, 0.5, 0.5, 0.5, 0.5}}));
  EXPECT_EQ(set.without_area, 2);
  EXPECT_THAT(messages.lines, ElementsAre(HasSubstr("a.txt, line 1")));
}

TEST_F(DatasetTest, NamesThatAModelFileCannotHoldAreRefusedBeforeTheImages) {
  text("images/train/broken.png", "no image");
  text("a.yaml", "train: images/train\nnames: [a, " + std::string(300, 'b') + "]\n");
  EXPECT_THAT(error_of("a.yaml"), AllOf(HasSubstr("class 1 has 300 bytes"), Not(HasSubstr("broken.png"))));
  image("JPEGImages/a.jpg");
  text("ImageSets/Main/train.txt", "a\n");
  text("Annotations/a.xml", "<annotation><object><name>caf\xe9</name></object></annotation>");
  EXPECT_THAT(error_of("."), HasSubstr("class 0 is not UTF-8"));
}

TEST_F(DatasetTest, DifficultObjectsOfVocAreApartUnlessTheyAreKept) {
  image("JPEGImages/a.jpg");
  text("ImageSets/Main/train.txt", "a\n");
  const auto object = [](const std::string& difficult, const std::string& right) {
    return "<object><name>dog</name>" + difficult + "<bndbox><xmin>10</xmin><ymin>5</ymin><xmax>" + right +
           "</xmax><ymax>15</ymax></bndbox></object>";
  };
  text("Annotations/a.xml", "<annotation>" + object("<difficult>1</difficult>", "30") +
                                object("<difficult>0</difficult>", "20") + object("", "40") +
                                "</annotation>");
  const Label hard{0, 0.5, 0.5, 0.5, 0.5}, easy{0, 0.375, 0.5, 0.25, 0.5}, unmarked{0, 0.625, 0.5, 0.75, 0.5};
  const Dataset apart = read(".");
  EXPECT_THAT(apart.images.at(0).labels, ElementsAre(easy, unmarked));
  EXPECT_THAT(apart.images.at(0).difficult, ElementsAre(hard));
  const Dataset kept = read(".", {.keep_difficult = true});
  EXPECT_THAT(kept.images.at(0).labels, ElementsAre(hard, easy, unmarked));
  EXPECT_THAT(kept.images.at(0).difficult, ElementsAre());
  EXPECT_NE(kept.sha256, apart.sha256);
}

TEST_F(DatasetTest, ImagesOfTheSameBytesInTwoSplitsAreCountedWithAnExample) {
  yolo();
  image("images/train/c.png", 30, 30);
  image("images/val/x.png", 30, 30);
  image("images/val/y.png", 31, 30);
  image("images/val/z.png");  // as a.png and b.png
  const Dataset train = read("data.yaml"), val = read("data.yaml", {.split = "val"});
  const SharedImages shared = shared_images(train, val);
  EXPECT_EQ(shared.count, 2);
  EXPECT_EQ(shared.first, root / "images/train/c.png");
  EXPECT_EQ(shared.second, root / "images/val/x.png");
  messages.lines.clear();
  warn_of_shared_images(train, val, messages);
  EXPECT_THAT(messages.lines, ElementsAre(AllOf(HasSubstr("2 of 3 images of split 'val' are in 'train' too"),
                                                HasSubstr("x.png"))));
}

TEST_F(DatasetTest, VocReadsTheListOfTheSplit) {
  image("JPEGImages/a.jpg");
  text("ImageSets/Main/train.txt", "a  1\n");
  auto annotation = [](const std::string& object) {
    return "<annotation><size><width>40</width><height>20</height></size>" + object + "</annotation>";
  };
  text("Annotations/a.xml",
       annotation("<object><name>dog</name><bndbox><xmin>10</xmin><ymin>5</ymin><xmax>30</xmax>"
                  "<ymax>15</ymax></bndbox></object>"));
  text("Annotations/other.xml", annotation("<object><name>cat</name></object>"));
  const Dataset set = read(".");
  EXPECT_EQ(set.class_names, (std::vector<std::string>{"cat", "dog"}));
  EXPECT_EQ(set.images.at(0).labels, (std::vector<Label>{{1, 0.5, 0.5, 0.5, 0.5}}));
  text("Annotations/a.xml", annotation("<object><name>dog</name></object>"));
  EXPECT_THAT(error_of("."), AllOf(HasSubstr("a.xml, object 1"), HasSubstr("xmin")));
  text("Annotations/a.xml", "<annotation><size>");
  EXPECT_THAT(error_of("."), HasSubstr("a.xml, byte"));
  EXPECT_THAT(error_of(".", {.split = "val"}), HasSubstr("val.txt"));
}

TEST_F(DatasetTest, GroundTruthJsonReadsBackAsTheSameLabels) {
  yolo();
  const Dataset set = read("data.yaml");
  text("annotations/instances_train.json", write_ground_truth(set));
  fs::create_directory_symlink(root / "images" / "train", root / "train");
  const Dataset again = read("annotations/instances_train.json");
  ASSERT_EQ(again.images.size(), set.images.size());
  for (size_t i = 0; i < set.images.size(); ++i) {
    EXPECT_EQ(again.images[i].image_id, set.images[i].image_id);
    ASSERT_EQ(again.images[i].labels.size(), set.images[i].labels.size());
    for (size_t k = 0; k < set.images[i].labels.size(); ++k) {
      EXPECT_EQ(again.images[i].labels[k].label, set.images[i].labels[k].label);
      EXPECT_NEAR(again.images[i].labels[k].w, set.images[i].labels[k].w, 1e-12);
    }
  }
}

}  // namespace
}  // namespace y6q::data
