// Nothing is run on TensorRT here: a stand-in takes the options that trtexec of a version has, refuses all
// others, and writes files of the documented forms (spec/08 §5).
#include <gmock/gmock.h>

#include <algorithm>
#include <cstring>

#include "base/errors.h"
#include "formats/model_file.h"
#include "image/encode.h"
#include "models/yolov6.h"
#include "passes/deploy.h"
#include "stages/build_tensorrt.h"
#include "stages/evaluate.h"
#include "stages/tensorrt_runner.h"
#include "support/folder.h"

namespace y6q::stages {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using testing::ThrowsMessage;

constexpr const char* kStandIn = R"(#!/bin/bash
# A stand-in for trtexec: not TensorRT.
echo "&&&& RUNNING TensorRT.trtexec [TensorRT v@version@] # $*"
[ "$1" = --help ] && exit 0
known="onnx saveEngine loadEngine memPoolSize percentile avgRuns exportTimes exportLayerInfo exportProfile
  profilingVerbosity minShapes optShapes maxShapes shapes loadInputs exportOutput iterations warmUp duration
  noDataTransfers useCudaGraph useSpinWait separateProfileRun @known@"
for word in "$@"; do
  name=${word%%=*}; name=${name#--}
  case " $(echo $known) " in
    *" $name "*) declare "$name=${word#*=}" ;;
    *) echo "[E] Unknown option: $word"; exit 1 ;;
  esac
done
if [ -n "$loadEngine" ]; then  # the engine of these tests is what it gives
  stat -c %s "${loadInputs#images:}" > "$(dirname "$0")/input_bytes"
  cp "$loadEngine" "$exportOutput"
  exit
fi
[ -f "$onnx" ] || { echo "[E] Could not open file $onnx"; exit 1; }
echo plan > "$saveEngine"
echo '[{"latencyMs": 1.5, "computeMs": 1}, {"latencyMs": 3.5, "computeMs": 3}, {"latencyMs": 2.5, "computeMs": 2}]' > "$exportTimes"
cat > "$exportLayerInfo" <<END
{"Layers": [
  {"Name": "Reformatting CopyNode for Input Tensor 0 to stem", "LayerType": "Reformat",
   "Outputs": [{"Name": "r", "Format/Datatype": "Int8 NHWC"}]},
  {"Name": "stem + relu", "LayerType": "CaskConvolution",
   "Outputs": [{"Name": "a", "Format/Datatype": "Thirty-two wide channel vectorized row major Int8 format"}]},
  {"Name": "cls", "LayerType": "CaskConvolution", "Outputs": [{"Name": "b", "Format/Datatype": "Row major linear FP16 format"}]},
  {"Name": "decode", "LayerType": "Myelin", "Outputs": [{"Name": "c", "Format/Datatype": "Row major linear FP32"}]}],
 "Bindings": ["images", "outputs"]}
END
echo '[{"count": 3}, {"name": "stem + relu", "timeMs": 3, "averageMs": 0.25, "medianMs": 0.2, "percentage": 25},
  {"name": "decode", "timeMs": 9, "averageMs": 0.75, "medianMs": 0.7, "percentage": 75}]' > "$exportProfile"
)";

constexpr const char* kOnlyBefore11 = "int8 fp16 calib precisionConstraints layerPrecisions layerOutputTypes";

class TensorRt : public testing::Test {
 protected:
  /// The stand-in for a version, as its banner has it.
  std::string stand_in(const std::string& version) {
    std::string script = kStandIn;
    const bool knows_precisions = std::stoi(version) < 110000;
    script.replace(script.find("@version@"), std::string("@version@").size(), version);
    script.replace(script.find("@known@"), std::string("@known@").size(),
                   knows_precisions ? kOnlyBefore11 : "");
    const fs::path path = folder_ / ("trtexec-" + version);
    write_file(path, script);
    fs::permissions(path, fs::perms::owner_all);
    return path.string();
  }

  fs::path weights() {
    const fs::path path = folder_ / "net.safetensors";
    formats::write_model(
        path,
        {passes::deploy(models::yolov6({.class_count = 1, .image_size = {64, 64}})),
         {.architecture = "yolov6n", .mode = "repvgg_deploy", .class_names = {"a"}, .image_size = {64, 64}}});
    return path;
  }

  TensorRtBuild build(const std::string& version, int64_t batch = 1) {
    return build_tensorrt(
        {.weights = weights(), .out = folder_ / "engine.json", .batch = batch, .trtexec = stand_in(version)},
        silent_monitor());
  }

  const support::Folder folder_;
};

TEST_F(TensorRt, EveryVersionIsGivenItsOptionsAndItsFilesAreRead) {
  for (const auto& [banner, version] :
       {std::pair{"8601", "8.6.1"}, std::pair{"100300", "10.3.0"}, std::pair{"110100", "11.1.0"}}) {
    const TensorRtBuild result = build(banner);
    EXPECT_EQ(result.version, version);
    EXPECT_EQ(result.times.latency_ms.p50, 2.5);
    EXPECT_EQ(result.times.compute_ms.p50, 2);
    EXPECT_EQ(read_file(folder_ / "engine.engine"), "plan\n");
    const auto document = to_json(result);
    EXPECT_EQ(document.at("by_precision"), (nlohmann::json{{"int8", 1}, {"fp16", 1}, {"fp32", 1}}));
    EXPECT_EQ(document.at("reformats"), 1);
    EXPECT_EQ(document.at("layers"), 3);
    EXPECT_EQ(document.at("slowest").at(0).at("name"), "decode");
    EXPECT_EQ(document.at("latency").at("transfers"), false);
  }
}

TEST_F(TensorRt, AnEngineForAnyBatchIsBuiltForAProfileOfShapes) {
  const auto command = build("110100", 0).command;
  EXPECT_THAT(command,
              AllOf(Contains("--minShapes=images:1x3x64x64"), Contains("--maxShapes=images:32x3x64x64")));
  EXPECT_THAT(command, Not(Contains(StartsWith("--fp16"))));
}

TEST_F(TensorRt, WithoutTrtexecTheMessageSaysHowToBuildElsewhere) {
  EXPECT_THAT(
      [&] {
        build_tensorrt({.weights = weights(), .out = folder_ / "e.json", .trtexec = folder_ / "none"},
                       silent_monitor());
      },
      ThrowsMessage<EnvironmentError>(AllOf(HasSubstr("not found"),
                                            HasSubstr("--target tensorrt-8|tensorrt-10|tensorrt-11 "),
                                            HasSubstr("commands.sh"))));
  EXPECT_FALSE(fs::exists(folder_ / "e.json"));
}

TEST_F(TensorRt, WhatTrtexecComplainsOfIsPassedOn) {
  EXPECT_THAT([&] { build("7100"); }, ThrowsMessage<EnvironmentError>(HasSubstr("8.4 to 11")));
  EXPECT_THAT([&] { TrtexecProgram(stand_in("110000"), "x").run({"--fp16"}, silent_monitor()); },
              ThrowsMessage<EnvironmentError>(HasSubstr("[E] Unknown option: --fp16")));
}

class TensorRtEvaluation : public TensorRt {
 protected:
  /// One image of 64 x 64 with an object of 16 x 16 in its corner.
  data::Dataset one_image() {
    image::encode_file(folder_ / "a.png", image::Image(64, 64, 90));
    data::Dataset set;
    set.split = "val";
    set.class_names = {"a"};
    set.category_ids = {0};
    set.images.push_back({.path = folder_ / "a.png",
                          .image_id = 1,
                          .height = 64,
                          .width = 64,
                          .labels = {{0, 0.125, 0.125, 0.25, 0.25}}});
    return set;
  }

  /// What --exportOutput gives for two images: the object in the first, nothing in the second.
  static std::string outputs() {
    return R"([{"name": "outputs", "dimensions": "2x1x6", "values": [8, 8, 16, 16, 1, 0.9, 8, 8, 16, 16, 1, 0]}])";
  }

  double map_of(const TensorRtRunnerOptions& options) {
    const auto runner = open_tensorrt(options, silent_monitor());
    const stages::Run run({}, silent_monitor());
    return evaluate(*runner, one_image(), {.image_size = {64, 64}, .batch_size = 2}, run).map();
  }
};

TEST_F(TensorRtEvaluation, BatchesGoThroughTrtexecFilledUp) {
  write_file(folder_ / "net.engine", outputs());
  EXPECT_NEAR(map_of({.engine = folder_ / "net.engine",
                      .batch = 2,
                      .dynamic = true,
                      .image_size = {64, 64},
                      .trtexec = stand_in("100300")}),
              1, 1e-9);
  EXPECT_EQ(read_file(folder_ / "input_bytes"), std::to_string(2 * 3 * 64 * 64 * 4) + "\n");
}

TEST_F(TensorRtEvaluation, AnotherMachineCanDoIt) {
  const stages::Run run({}, silent_monitor());
  const fs::path elsewhere = folder_ / "elsewhere";
  const TensorRtRunnerOptions options{.outputs = elsewhere, .batch = 2, .image_size = {64, 64}};
  EXPECT_EQ(write_tensorrt_inputs(elsewhere, one_image(), options, run), 1);
  const std::string bytes = read_file(elsewhere / "inputs-000000.bin");
  ASSERT_EQ(bytes.size(), 2U * 3 * 64 * 64 * 4);
  float first = 0;
  std::memcpy(&first, bytes.data(), sizeof first);
  EXPECT_EQ(first, 90.0F / 255);
  EXPECT_THAT(read_file(elsewhere / "commands.sh"),
              AllOf(HasSubstr("--loadInputs=images:inputs-000000.bin"), HasSubstr("outputs-000000.json"),
                    Not(HasSubstr("--shapes"))));
  EXPECT_THROW(map_of(options), InputError) << "nobody has run it yet";
  write_file(elsewhere / "outputs-000000.json", outputs());
  EXPECT_NEAR(map_of(options), 1, 1e-9);
}

TEST_F(TensorRtEvaluation, EnginesThatTakeBytesAreGivenThemChannelsLast) {
  image::Image picture(64, 64, 90);
  picture.pixels[3 * 64 * 2 + 3 * 5 + 1] = 17;  // green of column 5 in row 2
  const data::Dataset set = one_image();
  image::encode_file(folder_ / "a.png", picture);
  const stages::Run run({}, silent_monitor());
  const fs::path elsewhere = folder_ / "elsewhere";
  write_tensorrt_inputs(
      elsewhere, set, {.batch = 2, .dynamic = true, .image_size = {64, 64}, .images = onnx::ImageType::bytes},
      run);
  const std::string bytes = read_file(elsewhere / "inputs-000000.bin");
  ASSERT_EQ(bytes.size(), 2U * 64 * 64 * 3);
  EXPECT_EQ(bytes[3 * 64 * 2 + 3 * 5 + 1], 17);
  EXPECT_EQ(std::ranges::count(bytes, 90), 3 * 64 * 64 - 1);
  EXPECT_EQ(bytes.back(), 114) << "filled up";
  EXPECT_THAT(read_file(elsewhere / "commands.sh"), HasSubstr("--shapes=images:2x64x64x3"));
}

TEST_F(TensorRtEvaluation, OutputsThatAreNoneAreRefusedByName) {
  const fs::path file = folder_ / "outputs-000000.json";
  for (const char* text :
       {"", "[", "{}", R"([{"name": "outputs"}])",
        R"([{"name": "outputs", "dimensions": "2x1x6", "values": [1, 2]}])",
        R"([{"name": "outputs", "dimensions": "2x-1x6", "values": []}])",
        R"([{"name": "outputs", "dimensions": "1x1x6", "values": [8, 8, 16, 16, 1, 0.9]}])",
        R"([{"name": "outputs", "dimensions": "2147483648x2147483648x6", "values": []}])"}) {
    write_file(file, text);
    EXPECT_THAT(
        [&] {
          map_of({.outputs = folder_.path(), .batch = 2, .image_size = {64, 64}});
        },
        ThrowsMessage<InputError>(HasSubstr("outputs-000000.json")))
        << text;
  }
}

}  // namespace
}  // namespace y6q::stages
