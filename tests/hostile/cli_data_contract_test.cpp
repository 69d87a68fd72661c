#include "hostile/contract.h"

// `yolov6q data`, and data sets as people have them.
namespace y6q::hostile {
namespace {

class DataContract : public Contract {
 protected:
  static Arguments check(const std::string& data, const Arguments& more = {}) {
    Arguments arguments{"data", "check", "--data", data, "--threads", "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  Arguments convert(const std::string& data, const std::string& form) const {
    return {"data", "convert", "--data", data, "--to", form, "--out", folder_ / "out", "--threads", "1"};
  }
};

TEST_F(DataContract, HelpOfEachPartHasAnExampleOfIt) {
  for (const char* part : {"check", "convert"}) {
    const Outcome outcome = run({"data", part, "--help"});
    EXPECT_EQ(outcome.code, 0) << part;
    EXPECT_THAT(outcome.out, AllOf(HasSubstr("Example"), HasSubstr(std::string("yolov6q data ") + part)));
  }
}

TEST_F(DataContract, WrongUsageEndsWithTwo) {
  expect_failure(2, {"data"}, HasSubstr("ubcommand"));
  expect_failure(2, {"data", "nonsense"}, HasSubstr("ubcommand is required"));
  expect_failure(2, {"data", "check"}, HasSubstr("--data"));
  expect_failure(2, {"data", "convert", "--data", "x", "--to", "coco"}, HasSubstr("--out"));
  expect_failure(2, {"data", "convert", "--data", "x", "--out", "y"}, HasSubstr("--to"));
  expect_failure(2, {"data", "convert", "--data", "x", "--out", "y", "--to", "z"},
                 AllOf(HasSubstr("z"), HasSubstr("yolo"), HasSubstr("coco"), HasSubstr("voc")));
  EXPECT_TRUE(files().empty());
  const std::string data = make_set();
  expect_failure(2, check(data, {"--classes", "disc,moon"}),
                 AllOf(HasSubstr("'moon'"), HasSubstr("0 to 3"), HasSubstr("disc, square, triangle, cross")));
}

TEST_F(DataContract, CheckPrintsOneDocumentAndWritesAPage) {
  const std::string page = folder_ / "page.html";
  const auto document = expect_json(check(make_set(), {"--report", page}));
  ASSERT_EQ(document.at("splits").size(), 3U);
  EXPECT_EQ(document.at("splits").at(0).at("images"), 4);
  EXPECT_EQ(document.at("classes").size(), 4U);
  EXPECT_EQ(document.at("broken").size(), 0U);
  EXPECT_THAT(bytes("page.html"),
              AllOf(HasSubstr("</html>"), HasSubstr("data:image/jpeg"), Not(HasSubstr("<script"))));
  EXPECT_EQ(expect_json(check(make_set("other"), {"--split", "val"})).at("splits").size(), 1U);
}

TEST_F(DataContract, CheckListsAllBrokenSamplesAfterItsResultAndEndsWithThree) {
  const std::string data = make_set();
  const std::string labels = write("set/labels/val/000002.txt", "9 0.5 0.5 0.2 0.2\n0 0.5 0.5 0.2 0.2 0.3\n");
  const Outcome outcome = run(check(data, {"--json"}));
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("1 samples are broken"));
  const auto document = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(document.at("broken").size(), 2U);
  EXPECT_THAT(document.at("broken").at(0).get<std::string>(), HasSubstr(labels + ", line 1: class 9"));
  EXPECT_EQ(document.at("splits").at(1).at("images"), 2);
  EXPECT_EQ(run(check(data, {"--skip-broken"})).code, 0);
}

TEST_F(DataContract, WhatIsNotThereIsNamed) {
  const std::string absent = folder_ / "absent";
  expect_failure(3, check(absent), HasSubstr(absent));
  expect_failure(3, convert(absent, "coco"), HasSubstr(absent));
  EXPECT_TRUE(files().empty());
  make_set();
  const std::string yaml =
      write("set/data.yaml", "path: " + absent + "\ntrain: images/train\nnames: [a, b, c, d]\n");
  expect_failure(3, check(yaml), AllOf(HasSubstr(yaml), HasSubstr(absent)));
}

TEST_F(DataContract, ConvertedSetsGiveCocoEvalItsGroundTruth) {
  const auto made = expect_json(convert(make_set(), "coco"));
  EXPECT_EQ(made.at("splits").at(1).at("images"), 3);
  EXPECT_EQ(expect_json(check(made.at("data"))).at("splits").size(), 3U);
  const std::string truth = folder_ / "out/annotations/instances_val.json";
  const auto annotations = nlohmann::json::parse(read_file(truth)).at("annotations");
  const auto drawn = nlohmann::json::parse(bytes("set/annotations/instances_val.json")).at("annotations");
  ASSERT_EQ(annotations.size(), drawn.size());
  constexpr double kEightDigits = 1e-5;  // of label files, in pixels
  for (size_t i = 0; i < drawn.size(); ++i) {
    for (const char* key : {"image_id", "category_id"}) EXPECT_EQ(annotations[i].at(key), drawn[i].at(key));
    for (size_t k = 0; k < 4; ++k) {
      EXPECT_NEAR(annotations[i].at("bbox").at(k).get<double>(), drawn[i].at("bbox").at(k).get<double>(),
                  kEightDigits);
    }
  }
  auto perfect = nlohmann::json::array();
  for (auto object : annotations) {
    object["score"] = 1;
    perfect.push_back(object);
  }
  const std::string found = write("found.json", perfect.dump());
  EXPECT_NEAR(expect_json({"coco-eval", "--gt", truth, "--dt", found}).at("map").get<double>(), 1, 1e-9);
}

TEST_F(DataContract, AConversionThatFailsLeavesNothing) {
  const std::string data = make_set();
  write("out/mine.txt", "precious");
  auto before = files();
  expect_failure(2, convert(data, "yolo"), HasSubstr(folder_ / "out"));
  fs::remove_all(folder_ / "out");
  before = files();
  expect_failure(4, convert(data, "voc"), HasSubstr("out"), {.largest_file_bytes = 2000});
  write("set/labels/val/000002.txt", "9 0.5 0.5 0.2 0.2\n");
  expect_failure(3, convert(data, "coco"), HasSubstr("class 9"));
  EXPECT_EQ(files(), before);
  expect_failure(
      4, {"data", "convert", "--data", data, "--to", "yolo", "--out", "/proc/yolov6q/x", "--skip-broken"},
      HasSubstr("/proc/yolov6q"));
}

TEST_F(DataContract, HostileListsEndWithThreeAndName) {
  make_set();
  const std::string yaml = write("set/list.yaml", "train: list.txt\nnames: [a, b, c, d]\n");
  const auto refuse = [&](const std::string& list, const testing::Matcher<std::string>& message) {
    write("set/list.txt", list);
    expect_failure(3, convert(yaml, "coco"), message);
    EXPECT_FALSE(fs::exists(folder_ / "out"));
  };
  const auto in_line_2 = HasSubstr(folder_ / "set/list.txt, line 2");
  const std::string good = "images/train/000001.jpg\n";
  refuse(good + "list.txt\n", AllOf(HasSubstr("1 of 2"), HasSubstr("not an image")));
  refuse(good + "/dev/zero\n../../../../etc/passwd\n", AllOf(HasSubstr("/dev/zero"), HasSubstr("passwd")));
  refuse(good + "gone\xFF\xFE.jpg\n", in_line_2);
  refuse(good + std::string("a\0.jpg\n", 7), in_line_2);
  refuse(good + std::string(1 << 20, 'x'), HasSubstr("1048576 bytes"));
  refuse(std::string(5'000'001, '\n'), HasSubstr("5000001 lines"));
  write("set/list.yaml", "train: list.yaml\nnames: [a]\n");
  expect_failure(3, check(yaml), AllOf(HasSubstr(yaml), HasSubstr("a folder of images, or a .txt")));
}

TEST_F(DataContract, TheSameSetGivesTheSameDocument) {
  const std::string data = make_set();
  EXPECT_EQ(run(check(data, {"--json"})).out, run(check(data, {"--json"})).out);
}

}  // namespace
}  // namespace y6q::hostile
