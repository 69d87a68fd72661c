#include "stages/target.h"

#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstdlib>
#include <set>

#include "base/errors.h"
#include "engine/engine.h"
#include "ir/queries.h"
#include "models/yolov6.h"
#include "passes/deploy.h"
#include "passes/insert_quantizers.h"
#include "stages/export.h"
#include "stages/trtexec.h"
#include "support/folder.h"

namespace y6q::stages {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using testing::ThrowsMessage;
using testing::UnorderedElementsAre;

/// spec/08 §5: options that trtexec of 11 no longer knows.
const std::set<std::string> kGoneIn11{"--fp16",
                                      "--bf16",
                                      "--int8",
                                      "--fp8",
                                      "--int4",
                                      "--best",
                                      "--calib",
                                      "--calibProfile",
                                      "--minShapesCalib",
                                      "--optShapesCalib",
                                      "--maxShapesCalib",
                                      "--precisionConstraints",
                                      "--layerPrecisions",
                                      "--layerOutputTypes",
                                      "--weightless"};
/// The same: options that 10 no longer knows, and those that 8.4 does not know yet.
const std::set<std::string> kNotIn8And10{"--batch",
                                         "--maxBatch",
                                         "--explicitBatch",
                                         "--workspace",
                                         "--buildOnly",
                                         "--minTiming",
                                         "--deploy",
                                         "--model",
                                         "--output",
                                         "--stronglyTyped",
                                         "--bf16",
                                         "--profile",
                                         "--includeDataTransfers",
                                         "--noCudaGraph",
                                         "--noSpinWait"};

std::set<std::string> options_of(const std::vector<std::string>& arguments) {
  std::set<std::string> options;
  for (const std::string& argument : arguments) options.insert(argument.substr(0, argument.find('=')));
  return options;
}

std::vector<std::string> common(const std::set<std::string>& a, const std::set<std::string>& b) {
  std::vector<std::string> both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return both;
}

TEST(Trtexec, AVersionIsGivenOnlyOptionsThatItKnows) {
  const TrtexecJob job{.onnx = "m.onnx",
                       .cache = {},
                       .engine = "m.engine",
                       .integers = true,
                       .nodes = {{"conv"}, {"outputs.size"}},
                       .batch = 0,
                       .image_size = {320, 640}};
  TrtexecJob cached = job;
  cached.cache = "m.cache";
  const auto in_11 = trtexec_arguments(TrtexecVersion::from_11, job);
  EXPECT_THAT(common(options_of(in_11), kGoneIn11), testing::IsEmpty());
  EXPECT_THAT(in_11, Contains("--minShapes=images:1x3x320x640"));
  EXPECT_THROW(trtexec_arguments(TrtexecVersion::from_11, cached), UnsupportedError);
  for (const TrtexecJob& each : {job, cached}) {
    const auto before = trtexec_arguments(TrtexecVersion::from_8_4_to_10, each);
    EXPECT_THAT(common(options_of(before), kNotIn8And10), testing::IsEmpty());
    EXPECT_THAT(before,
                AllOf(Contains("--int8"), Contains("--fp16"), Contains("--precisionConstraints=obey")));
    EXPECT_THAT(before, AllOf(Contains("--noDataTransfers"), Contains("--useCudaGraph"),
                              Contains("--useSpinWait"), Contains("--separateProfileRun")))
        << "the defaults of 11, said";
  }
}

TEST(Trtexec, FloatLayersAreFixedWithACacheAndDecodingIsInFp32Always) {
  TrtexecJob job{.onnx = "m", .cache = {}, .engine = "e", .integers = true, .nodes = {{"a", "b"}, {"d"}}};
  const auto explicitly = trtexec_arguments(TrtexecVersion::from_8_4_to_10, job);
  EXPECT_THAT(explicitly, AllOf(Contains("--layerPrecisions=d:fp32"), Contains("--layerOutputTypes=d:fp32")));
  job.cache = "c";
  EXPECT_THAT(trtexec_arguments(TrtexecVersion::from_8_4_to_10, job),
              AllOf(Contains("--calib=c"), Contains("--layerPrecisions=a:fp16,b:fp16,d:fp32"),
                    Contains("--layerOutputTypes=d:fp32")));
  job.nodes = {};
  EXPECT_THAT(trtexec_arguments(TrtexecVersion::from_8_4_to_10, job), Each(Not(StartsWith("--precision"))));
}

class ExportFor : public testing::Test {
 protected:
  /// An untrained network, calibrated with all ranges 127/64 unless it stays float.
  ExportOptions weights(std::optional<quant::Rules> rules, const std::string& scheme) {
    ir::Model model = passes::deploy(models::yolov6({.class_count = 2, .image_size = {64, 96}}));
    if (rules) model = passes::insert_quantizers(model, {.rules = *rules});
    for (const ir::Value quantizer : ir::activation_quantizers(model.graph)) {
      const ir::Node& node = model.graph.node(quantizer);
      model.weights.at(model.graph.node(node.inputs[1]).name) = ir::Array::scalar(127.0F / 64);
    }
    formats::write_model(folder_ / "m.safetensors", {model,
                                                     {.architecture = "yolov6n",
                                                      .mode = "repvgg_deploy",
                                                      .class_names = {"red | cell", "d'oh"},
                                                      .image_size = {64, 96},
                                                      .scheme = scheme,
                                                      .provenance = {{"val_map", "0.4321"}}}});
    return {.weights = folder_ / "m.safetensors", .out = out_};
  }
  ExportOptions quantized(const Target& target) {
    return weights(quant::rules_of(target.scheme), std::string(name_of(target.scheme)));
  }

  std::set<std::string> found() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(out_)) names.insert(entry.path().filename().string());
    return names;
  }
  bool is_left_clean() const {
    return std::distance(fs::directory_iterator(folder_.path()), {}) == 1;  // the weights
  }

  const support::Folder folder_;
  const fs::path out_ = folder_ / "a folder's";
};

TEST_F(ExportFor, EveryTargetGetsItsFilesCommandsAndReadme) {
  const bool has_openvino = engine::supports(engine::Kind::openvino, engine::Precision::int8);
  for (const Target& target : targets()) {
    SCOPED_TRACE(target.name);
    if (target.form == QuantizedForm::openvino && !has_openvino) continue;
    const auto files = export_for(target, quantized(target)).files;
    EXPECT_EQ(found(), std::set<std::string>(files.begin(), files.end()));
    if (target.form == QuantizedForm::cache) {
      EXPECT_THAT(files, UnorderedElementsAre("model.onnx", "model.cache", "commands.sh", "README.md"));
    } else if (target.form == QuantizedForm::openvino) {
      EXPECT_THAT(files, UnorderedElementsAre("model.xml", "model.bin", "commands.sh", "README.md"));
    } else {
      EXPECT_THAT(files, UnorderedElementsAre("model.onnx", "commands.sh", "README.md"));
    }
    EXPECT_THAT(
        read_file(out_ / "README.md"),
        AllOf(HasSubstr("| 0 | red \\| cell |"), HasSubstr("| 1 | d'oh |"), HasSubstr("[1, 3, 64, 96]"),
              HasSubstr("| this one, simulated | 0.4321 |"), HasSubstr(std::string(target.runtime))));
    fs::remove_all(out_);
  }
}

TEST_F(ExportFor, AFloatModelIsWrittenAsFloat) {
  for (const Target& target : targets()) {
    const auto files = export_for(target, weights({}, "")).files;
    EXPECT_THAT(files, UnorderedElementsAre("model.onnx", "commands.sh", "README.md")) << target.name;
    EXPECT_THAT(read_file(out_ / "commands.sh"), Not(HasSubstr("--int8")));
    fs::remove_all(out_);
  }
}

// The script is run from another folder, with a stand-in for the program that writes its arguments down.
TEST_F(ExportFor, CommandsRunAsTheyAre) {
  write_file(folder_ / "bin/trtexec",
             "#!/bin/sh\nls model.onnx >/dev/null && printf '%s\\n' \"$@\" > arguments\n");
  fs::permissions(folder_ / "bin/trtexec", fs::perms::owner_all);
  for (const char* name : {"tensorrt-8", "tensorrt-dla", "tensorrt-10", "tensorrt-11"}) {
    const Target& target = target_named(name);
    const bool on_dla = target.name == "tensorrt-dla";
    const bool has_cache = on_dla || target.name == "tensorrt-8";
    ExportOptions options = quantized(target);
    options.batch = on_dla ? 4 : 0;
    export_for(target, options);
    const std::string command =
        fmt::format("cd / && PATH='{}':$PATH \"{}/commands.sh\"", folder_ / "bin", out_.string());
    ASSERT_EQ(std::system(command.c_str()), 0) << name;
    const std::string arguments = read_file(out_ / "arguments");
    EXPECT_THAT(arguments, AllOf(HasSubstr("--onnx=model.onnx\n"),
                                 HasSubstr(on_dla ? "--useDLACore=0\n--allowGPUFallback\n"
                                                  : "--optShapes=images:16x3x64x96\n")));
    EXPECT_EQ(arguments.find("--int8") != std::string::npos, target.name != "tensorrt-11");
    EXPECT_EQ(arguments.find("--calib=model.cache") != std::string::npos, has_cache);
    EXPECT_EQ(arguments.find("detect.cls_preds.0:fp16") != std::string::npos, has_cache);
    fs::remove_all(out_);
  }
}

TEST_F(ExportFor, EveryTargetHasItsOwnSuppressionAndSomeTakeBytes) {
  for (const Target& target : targets()) {
    SCOPED_TRACE(target.name);
    for (const onnx::Suppressor by : all_values<onnx::Suppressor>()) {
      ExportOptions options = weights({}, "");
      options.suppression = onnx::Suppression{.by = by, .max_detections = 77};
      options.batch = target.takes_any_batch ? 0 : 4;
      if (by != target.suppressor) {
        EXPECT_THAT(
            [&] { export_for(target, options); },
            ThrowsMessage<UnsupportedError>(HasSubstr("--nms " + std::string(name_of(target.suppressor)))));
        EXPECT_TRUE(is_left_clean());
        continue;
      }
      if (target.takes_bytes) options.images = onnx::ImageType::bytes;
      export_for(target, options);
      EXPECT_THAT(
          read_file(out_ / "README.md"),
          AllOf(HasSubstr("`num_dets` [B, 1]"), HasSubstr("[B, 77, 4]"),
                HasSubstr(target.takes_bytes ? "[any number, 64, 96, 3], uint8" : "3, 64, 96], float32")));
      const std::string command = read_file(out_ / "commands.sh");
      const bool is_built = target.scheme == quant::Scheme::tensorrt;
      EXPECT_THAT(command, HasSubstr(!target.takes_any_batch          ? "--useDLACore=0"
                                     : is_built && target.takes_bytes ? "images:16x64x96x3"
                                     : is_built                       ? "images:16x3x64x96"
                                     : target.name == "openvino"      ? "images[1,64,96,3]"
                                                                      : "(1, 64, 96, 3), numpy.uint8"));
      fs::remove_all(out_);
    }
  }
  ExportOptions bytes = weights({}, "");
  bytes.images = onnx::ImageType::bytes;
  EXPECT_THAT([&] { export_for(target_named("tensorrt-8"), bytes); },
              ThrowsMessage<UnsupportedError>(HasSubstr("leave --images bytes out")));
  bytes.raw_head = true;
  bytes.suppression = onnx::Suppression{};
  EXPECT_THAT([&] { export_for(target_named("openvino"), bytes); },
              ThrowsMessage<UsageError>(HasSubstr("--raw-head")));
  EXPECT_TRUE(is_left_clean());
}

TEST_F(ExportFor, AModelOfAnotherSchemeIsRefusedAndNothingIsLeft) {
  EXPECT_THAT(
      [&] { export_for(target_named("tensorrt-11"), weights(quant::rules_of(quant::Scheme::cpu), "cpu")); },
      ThrowsMessage<InputError>(AllOf(HasSubstr("m.safetensors"), HasSubstr("--scheme tensorrt"))));
  EXPECT_TRUE(is_left_clean());
}

TEST_F(ExportFor, ScalesThatFp16DoesNotHoldAreRefusedAndNothingIsLeft) {
  quant::Rules rules = quant::rules_of(quant::Scheme::tensorrt);
  rules.half_scales = false;
  EXPECT_THAT([&] { export_for(target_named("tensorrt-11"), weights(rules, "tensorrt")); },
              ThrowsMessage<InputError>(AllOf(HasSubstr(".weight.quant"), HasSubstr("FP16"))));
  EXPECT_TRUE(is_left_clean());
  EXPECT_NO_THROW(export_for(target_named("tensorrt-10"), weights(rules, "tensorrt")));
}

TEST_F(ExportFor, RangesOfChannelsOfTransposedConvolutionsAreNotForTensorRt8) {
  const auto rules = quant::rules_of(quant::Scheme::tensorrt, {.transposed = quant::Transposed::per_channel});
  EXPECT_THAT([&] { export_for(target_named("tensorrt-8"), weights(rules, "tensorrt")); },
              ThrowsMessage<UnsupportedError>(
                  AllOf(HasSubstr("neck.upsample0"), HasSubstr("--transposed per-tensor"))));
  EXPECT_TRUE(is_left_clean());
  EXPECT_NO_THROW(export_for(target_named("tensorrt-11"), weights(rules, "tensorrt")));
}

TEST_F(ExportFor, ABatchOfAnySizeIsNotForADla) {
  ExportOptions options = quantized(target_named("tensorrt-dla"));
  options.batch = 0;
  EXPECT_THAT([&] { export_for(target_named("tensorrt-dla"), options); },
              ThrowsMessage<UnsupportedError>(HasSubstr("--export-batch-size")));
  EXPECT_TRUE(is_left_clean());
}

TEST_F(ExportFor, AFolderThatIsNotEmptyStays) {
  write_file(out_ / "mine.txt", "mine");
  EXPECT_THROW(export_for(target_named("tensorrt-10"), quantized(target_named("tensorrt-10"))), UsageError);
  EXPECT_EQ(found(), std::set<std::string>{"mine.txt"});
}

TEST(Targets, OfATrtexecIsTheNewestThatItBuilds) {
  const std::pair<int, const char*> names[]{
      {8, "tensorrt-8"}, {9, "tensorrt-10"}, {10, "tensorrt-10"}, {11, "tensorrt-11"}};
  for (const auto& [major, name] : names) EXPECT_EQ(target_of_trtexec(major).name, name);
}

TEST(Targets, AnUnknownOneIsRefusedWithThoseThereAre) {
  EXPECT_THAT([] { target_named("tensorrt-7"); },
              ThrowsMessage<UsageError>(HasSubstr("tensorrt-8, tensorrt-10")));
}

}  // namespace
}  // namespace y6q::stages
