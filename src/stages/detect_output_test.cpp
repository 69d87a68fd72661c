#include "stages/detect_output.h"

#include <gmock/gmock.h>

#include "base/errors.h"
#include "image/decode.h"
#include "support/folder.h"

namespace y6q::stages {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

const std::vector<std::string> kNames{"cat", "a \"dog\", or so"};

FrameResult result_for(const std::string& relative) {
  FrameResult result{.source = {"in/" + relative, relative}, .height = 50, .width = 200};
  result.detections = {{{20, 10, 60, 30}, 0.75F, 1}, {{0, 0, 200, 50}, 0.5F, 0}};
  result.picture = image::Image(50, 200, 20);
  return result;
}

TEST(DetectOutput, LabelLinesAreSharesOfTheImage) {
  EXPECT_EQ(label_lines(result_for("a.jpg")), "1 0.2 0.4 0.2 0.4 0.75\n0 0.5 0.5 1 1 0.5\n");
}

TEST(DetectOutput, DocumentOfAFrame) {
  EXPECT_EQ(frame_document(result_for("a.jpg"), {"cat"}).dump(),
            R"({"source":"in/a.jpg","height":50,"width":200,"detections":[)"
            R"({"class":1,"name":"1","score":0.75,"box":[20.0,10.0,60.0,30.0]},)"
            R"({"class":0,"name":"cat","score":0.5,"box":[0.0,0.0,200.0,50.0]}]})");
  EXPECT_EQ(frame_document({.source = {"x.jpg", "x.jpg"}, .frame = 7, .problem = "bad"}, {}).dump(),
            R"({"source":"x.jpg","frame":7,"problem":"bad"})");
}

TEST(DetectOutput, WritesEveryFormAndKeepsTheTree) {
  const support::Folder folder;
  const fs::path out = folder / "out";
  FrameResult first = result_for("deep/a.webp"), second = result_for("b.png");
  FrameResult broken{.source = {"in/c.jpg", "c.jpg"}, .problem = "damaged"};
  DetectOutput output({.out = out, .labels = true, .csv = true, .json = true},
                      {first.source, second.source, broken.source});
  const FrameSink sink = output.sink();
  for (FrameResult* result : {&first, &second, &broken}) {
    sink.prepare(*result, kNames);
    sink.deliver(*result, kNames);
  }
  EXPECT_FALSE(fs::exists(out / "detections.csv"));
  output.finish();
  EXPECT_EQ(image::decode_file(out / "deep/a.webp.jpg").width, 200);
  const image::Image picture = image::decode_file(out / "b.png");
  EXPECT_NE(picture, image::Image(50, 200, 20));
  EXPECT_FALSE(fs::exists(out / "c.jpg"));
  EXPECT_EQ(read_file(out / "deep/labels/a.txt"), label_lines(first));
  EXPECT_EQ(read_file(out / "labels/b.txt"), label_lines(second));
  const std::string csv = read_file(out / "detections.csv");
  EXPECT_THAT(
      csv, AllOf(HasSubstr("source,frame,class"), HasSubstr("in/b.png,,1,\"a \"\"dog\"\", or so\",0.75,20")));
  const auto json = nlohmann::json::parse(read_file(out / "detections.json"));
  ASSERT_EQ(json.size(), 3U);
  EXPECT_EQ(json[1].at("source"), "in/b.png");
  EXPECT_EQ(json[2].at("problem"), "damaged");
}

TEST(DetectOutput, HiddenTextLeavesOnlyBoxes) {
  const support::Folder folder;
  auto drawn = [&](const std::string& name, bool hide_labels, bool hide_scores) {
    FrameResult result = result_for(name);
    DetectOutput output({.out = folder.path(), .hide_labels = hide_labels, .hide_scores = hide_scores}, {});
    output.sink().prepare(result, kNames);
    return image::decode_file(folder / name);
  };
  const auto all = drawn("all.png", false, false), names = drawn("names.png", false, true),
             boxes = drawn("boxes.png", true, false);
  EXPECT_NE(all, names);
  EXPECT_NE(names, boxes);
}

TEST(DetectOutput, RefusesTwoSourcesOfOneFile) {
  const std::vector<DetectSource> sources{{"x/a.jpg", "a.jpg"}, {"x/a.png", "a.png"}};
  EXPECT_NO_THROW(DetectOutput({.out = "unused"}, sources));
  EXPECT_THAT(
      [&] { DetectOutput({.out = "unused", .labels = true}, sources); },
      ThrowsMessage<InputError>(AllOf(HasSubstr("x/a.jpg"), HasSubstr("x/a.png"), HasSubstr("a.txt"))));
}

TEST(DetectOutput, RefusesAListedSourceOfOneFileWhenItComes) {
  const support::Folder folder;
  DetectOutput output({.out = folder.path()},
                      {{"x/a.jpg", "a.jpg"}, {.path = "-", .relative = {}, .is_list = true}});
  const FrameSink sink = output.sink();
  DetectSource listed{.path = "y/b.jpg", .relative = "b.jpg", .is_listed = true};
  EXPECT_NO_THROW(sink.accept(listed));
  listed.path = "y/a.jpg";
  listed.relative = "a.jpg";
  EXPECT_THAT([&] { sink.accept(listed); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("x/a.jpg"), HasSubstr("y/a.jpg"))));
}

TEST(DetectOutput, LeavesNoHalfFiles) {
  const support::Folder folder;
  { DetectOutput output({.out = folder / "out", .csv = true, .json = true}, {}); }
  EXPECT_TRUE(fs::is_empty(folder / "out"));
}

}  // namespace
}  // namespace y6q::stages
