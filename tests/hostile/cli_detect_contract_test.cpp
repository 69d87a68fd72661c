#include "engine/engine.h"
#include "hostile/contract.h"
#include "image/encode.h"

namespace y6q::hostile {
namespace {

class DetectContract : public Contract {
 protected:
  void SetUp() override {
    if (!engine::supports(engine::Kind::openvino, engine::Precision::fp32))
      GTEST_SKIP() << "built without OpenVINO";
    onnx_ = folder_ / "net.onnx";
    ASSERT_EQ(run({"export", "--weights", make_weights(), "--raw-head", "--out", onnx_}).code, 0);
    for (const char* name : {"in/a.jpg", "in/deep/b.png"}) {
      image::encode_file(folder_ / name, image::Image(60, 80, 90));
    }
    in_ = folder_ / "in";
  }
  Arguments detect(const Arguments& more) const {
    Arguments all{"detect", "--weights", onnx_, "--conf", "0.001", "--max-det", "2"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  std::string onnx_, in_;
};

TEST_F(DetectContract, JsonHasEveryImageInOrderAndTheNamesOfTheFile) {
  const auto document = expect_json(detect({"--source", in_}));
  ASSERT_EQ(document.at("images").size(), 2U);
  EXPECT_EQ(document.at("images").at(1).at("source"), in_ + "/deep/b.png");
  EXPECT_EQ(document.at("images").at(0).at("detections").size(), 2U);
  EXPECT_EQ(document.at("names"), (nlohmann::json{"disc", "square", "triangle", "cross"}));
  EXPECT_EQ(document.at("frames"), 2);
  EXPECT_EQ(document.at("boxes"), 4);
  for (const char* key : {"decode_ms", "letterbox_ms", "inference_ms", "nms_ms", "images_per_s", "isa"}) {
    EXPECT_TRUE(document.at("timing").contains(key)) << key;
  }
}

TEST_F(DetectContract, TextSaysWhatWasFoundWhere) {
  const Outcome outcome = run(detect({"--source", in_, "--names", "w,x,y,z", "--timing"}));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("in/a.jpg: 80x60, "), HasSubstr("2 images, 4 boxes, 0 left out; openvino fp32"),
                    HasSubstr("inference_ms")));
  EXPECT_THAT(run({"detect", "--weights", onnx_, "--source", in_, "--conf", "1"}).out, HasSubstr("nothing"));
}

TEST_F(DetectContract, TextComesBeforeTheEnd) {
  const std::string out = folder_ / "out";
  fs::create_directories(out + "/deep/b.png");  // so that the second picture cannot be written
  const Outcome outcome = run(detect({"--source", in_, "--out", out, "--threads", "1"}));
  EXPECT_EQ(outcome.code, 4) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("in/a.jpg: 80x60, "), Not(HasSubstr("2 images"))));
}

TEST_F(DetectContract, WritesPicturesAndTheFilesAskedFor) {
  const std::string out = folder_ / "out";
  EXPECT_EQ(run(detect({"--source", in_, "--out", out, "--save-txt", "--save-csv", "--save-json"})).code, 0);
  for (const char* name : {"/a.jpg", "/deep/b.png", "/labels/a.txt", "/deep/labels/b.txt", "/detections.csv",
                           "/detections.json"}) {
    EXPECT_TRUE(fs::exists(out + name)) << name;
  }
  EXPECT_EQ(run(detect({"--source", in_, "--out", out + "2", "--no-save-img", "--save-txt"})).code, 0);
  EXPECT_FALSE(fs::exists(out + "2/a.jpg"));
}

TEST_F(DetectContract, JsonStandsForAFileNameThatIsNotUtf8) {
  image::encode_file(folder_ / "in/caf\xe9.jpg", image::Image(60, 80, 90));
  write("in/d\xe9.jpg", "damaged");
  const std::string out = folder_ / "out";
  const auto document =
      expect_json(detect({"--source", in_, "--skip-broken", "--out", out, "--save-json", "--save-csv"}));
  ASSERT_EQ(document.at("images").size(), 4U);
  EXPECT_EQ(document.at("images").at(1).at("source"), in_ + "/caf\xef\xbf\xbd.jpg");
  EXPECT_THAT(document.at("broken").at(0).get<std::string>(), HasSubstr("d\xef\xbf\xbd.jpg"));
  const auto saved = nlohmann::json::parse(bytes("out/detections.json"));
  EXPECT_EQ(saved, document.at("images"));
  EXPECT_THAT(bytes("out/detections.csv"), HasSubstr(in_ + "/caf\xe9.jpg"));
  EXPECT_TRUE(fs::exists(out + "/caf\xe9.jpg"));
}

TEST_F(DetectContract, AModelFileIsExportedForIt) {
  Arguments of_model = detect({"--source", in_});
  of_model[2] = folder_ / "float.safetensors";
  EXPECT_EQ(expect_json(of_model).at("images"), expect_json(detect({"--source", in_})).at("images"));
}

TEST_F(DetectContract, OnlyTheClassesAskedFor) {
  const auto document = expect_json(detect({"--source", in_, "--classes", "2", "--agnostic-nms"}));
  for (const auto& image : document.at("images")) {
    for (const auto& found : image.at("detections")) EXPECT_EQ(found.at("name"), "triangle");
  }
  const auto by_name = expect_json(detect({"--source", in_, "--classes", "triangle", "--agnostic-nms"}));
  EXPECT_EQ(by_name.at("images"), document.at("images"));
  expect_failure(2, detect({"--source", in_, "--classes", "4"}), HasSubstr("0 to 3"));
  expect_failure(2, detect({"--source", in_, "--classes", "moon"}), HasSubstr("'moon'"));
}

TEST_F(DetectContract, BrokenImagesAreSkippedAndEndWithThree) {
  write("in/c.jpg", "damaged");
  const Outcome outcome = run(detect({"--source", in_}));
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("1 of 3"), HasSubstr("in/c.jpg"), HasSubstr("--skip-broken")));
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("c.jpg: left out"), HasSubstr("2 images, 4 boxes, 1 left out")));
  const auto document = expect_json(detect({"--source", in_, "--skip-broken"}));
  EXPECT_EQ(document.at("broken").size(), 1U);
}

TEST_F(DetectContract, WrongUsageEndsWithTwo) {
  expect_failure(2, {"detect", "--source", in_}, HasSubstr("--weights"));
  expect_failure(2, {"detect", "--weights", onnx_}, HasSubstr("--source"));
  expect_failure(2, detect({"--source", in_, "--camera", "0"}), HasSubstr("--camera"));
  expect_failure(2, detect({"--source", in_, "--nope"}), HasSubstr("--nope"));
  expect_failure(2, detect({"--source", in_, "--save-txt"}), HasSubstr("--out"));
  expect_failure(2, detect({"--source", in_, "--out", folder_ / "out", "--no-save-img"}),
                 HasSubstr("--save-txt"));
  expect_failure(2, detect({"--source", in_, "--iou", "2"}), HasSubstr("--iou"));
  expect_failure(2, detect({"--source", in_, "--precision", "int4"}), HasSubstr("int8"));
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

TEST_F(DetectContract, BadInputEndsWithThree) {
  const std::string absent = folder_ / "absent";
  expect_failure(3, detect({"--source", absent}), HasSubstr(absent));
  expect_failure(3, detect({"--source", absent + "*"}), HasSubstr(absent + "*"));
  expect_failure(3, {"detect", "--weights", absent, "--source", in_}, HasSubstr(absent));
  expect_failure(3, detect({"--source", in_, "--precision", "int8"}), HasSubstr("no quantizers"));
  expect_failure(3, detect({"--source", in_, "--names", "a,b"}), HasSubstr("2 class names"));
  expect_failure(3, detect({"--source", in_, "--data", absent}), HasSubstr(absent));
  for (const std::string& bad : {std::string(), std::string("garbage"), bytes("net.onnx").substr(0, 5000)}) {
    expect_failure(3, {"detect", "--weights", write("bad.onnx", bad), "--source", in_},
                   HasSubstr("bad.onnx"));
  }
}

TEST_F(DetectContract, WhatTheMachineLacksEndsWithFour) {
  expect_failure(4, detect({"--source", in_, "--out", "/proc/yolov6q"}), HasSubstr("/proc/yolov6q"));
  expect_failure(4, detect({"--camera", "9999"}), HasSubstr("9999"));
}

}  // namespace
}  // namespace y6q::hostile
