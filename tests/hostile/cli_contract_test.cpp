#include <sys/stat.h>

#include "base/isa.h"
#include "engine/engine.h"
#include "hostile/contract.h"

namespace y6q::hostile {
namespace {

TEST_F(Contract, HelpOfTheProgramListsItsSubcommands) {
  EXPECT_THAT(subcommands(),
              testing::IsSupersetOf({"synth", "train", "calibrate", "sensitivity", "qat", "export", "build",
                                     "bench", "eval", "pipeline", "quantize", "search", "compare", "detect",
                                     "coco-eval", "convert", "inspect"}));
  EXPECT_EQ(run({"--version"}).code, 0);
}

/// The shared libraries that a program loads when it starts.
std::string loaded_by(const fs::path& program) {
  const Outcome outcome = support::run("/usr/bin/env", {"LD_TRACE_LOADED_OBJECTS=1", program.string()});
  EXPECT_THAT(outcome.out, HasSubstr("libc.so")) << program;
  return outcome.out;
}

TEST(Programs, LoadOnlyWhatTheyNeed) {
  const fs::path first = Y6Q_PROGRAM;
  const std::string front = loaded_by(first);
  for (const char* library : {"libopencv", "libopenvino", "libtorch"})
    EXPECT_THAT(front, Not(HasSubstr(library)));
  const std::string engine = loaded_by(first.parent_path() / "yolov6q-engine");
  EXPECT_THAT(engine, HasSubstr("libopencv"));
  EXPECT_THAT(engine, Not(HasSubstr("libtorch")));
}

TEST_F(Contract, EverySubcommandHasHelpWithAnExampleAndRefusesAnUnknownOption) {
  for (const std::string& name : subcommands()) {
    const Outcome outcome = run({name, "--help"});
    if (!Y6Q_HAS_TORCH && outcome.code == 4) continue;  // its program is not built
    EXPECT_EQ(outcome.code, 0) << name;
    EXPECT_THAT(outcome.out, AllOf(HasSubstr("Example"), HasSubstr("yolov6q " + name), HasSubstr("--json")));
    EXPECT_EQ(outcome.err, "") << name;
  }
  EXPECT_TRUE(files().empty());
}

TEST_F(Contract, WrongUsageEndsWithTwo) {
  expect_failure(2, {}, HasSubstr("ubcommand"));
  expect_failure(2, {"nonsense"}, HasSubstr("nonsense"));
  expect_failure(2, {"synth"}, HasSubstr("--out"));
  expect_failure(2, {"export", "--weights", "x"}, HasSubstr("--out"));
  expect_failure(2, {"inspect"}, HasSubstr("--weights"));
  expect_failure(2, {"convert", "--weights", "x"}, HasSubstr("--out"));
  expect_failure(2, {"convert", "--weights", "x", "--out", "y", "--to", "z"},
                 AllOf(HasSubstr("z"), HasSubstr("scales")));
  expect_failure(2, {"bench"}, HasSubstr("--onnx"));
  expect_failure(2, {"build", "--out", "x"}, HasSubstr("--onnx"));
  expect_failure(2, {"coco-eval", "--gt", "x"}, HasSubstr("--dt"));
  expect_failure(2, {"synth", "--out", folder_ / "set", "--classes", "99"},
                 AllOf(HasSubstr("99"), HasSubstr("6")));
  expect_failure(2, {"synth", "--out", folder_ / "set", "--train", "many"}, HasSubstr("many"));
  expect_failure(2, {"export", "--weights", "x", "--out", "y", "--form", "z"},
                 AllOf(HasSubstr("z"), HasSubstr("qdq")));
  EXPECT_TRUE(files().empty());
}

TEST_F(Contract, ASeedIsAWholeNumberFromZero) {
  const std::string out = folder_ / "set";
  for (const char* seed : {"-1", "1.5", "18446744073709551616", "x"}) {
    const auto message = AllOf(HasSubstr("--seed"), HasSubstr(seed), HasSubstr("18446744073709551615"));
    expect_failure(2, {"synth", "--out", out, "--seed", seed}, message);
    expect_failure(2, {"coco-eval", "--gt", "x", "--dt", "y", "--seed", seed}, message);
  }
  EXPECT_TRUE(files().empty());
  EXPECT_EQ(run({"synth", "--out", out, "--train", "1", "--val", "1", "--test", "1", "--img-size", "64",
                 "--seed", "18446744073709551615"})
                .code,
            0);
}

TEST_F(Contract, SynthRefusesAFolderThatIsInUse) {
  write("set/mine.txt", "precious");
  expect_failure(2, {"synth", "--out", folder_ / "set"}, HasSubstr(folder_ / "set"));
  EXPECT_EQ(bytes("set/mine.txt"), "precious");
  EXPECT_EQ(files().size(), 2U);
}

TEST_F(Contract, WithoutWorkThatAsksTheFirstSignalEndsTheProgram) {
  const std::string pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const int end = ::open(pipe.c_str(), O_RDWR | O_NONBLOCK);  // full, and never read: results wait for ever
  while (::write(end, pipe.data(), 1) == 1) {
  }
  for (const Arguments& arguments : {Arguments{"inspect", "--weights", make_weights()}, coco_eval()}) {
    for (const int signal : {SIGINT, SIGTERM}) {
      support::Process process(Y6Q_PROGRAM, arguments, {.stdout_file = pipe});
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
      ASSERT_TRUE(process.is_running()) << arguments[0];
      process.send(signal);
      EXPECT_TRUE(process.ends_soon()) << arguments[0];
      process.send(SIGKILL);
      EXPECT_EQ(process.finish().code, 128 + signal) << arguments[0];
    }
  }
  ::close(end);
}

TEST_F(Contract, TheBootstrapStopsAtCtrlC) {
  Arguments arguments = coco_eval();
  arguments.insert(arguments.end(), {"--bootstrap", "1000000"});
  support::Process process(Y6Q_PROGRAM, arguments);
  EXPECT_TRUE(process.interrupt_at("bootstrap: 1000000", SIGINT));
  const Outcome outcome = process.finish();
  EXPECT_EQ(outcome.code, 130) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("of 1000000 resamplings"));
  EXPECT_EQ(outcome.out, "");
}

TEST_F(Contract, WhatMayNotBeReadEndsWithFourAndTheReason) {
  const std::string secret = write("secret.json", "[]");
  fs::permissions(secret, fs::perms::none);
  const support::ProcessOptions nobody{.as_nobody = true};
  if (run({"--version"}, nobody).code != 0) GTEST_SKIP() << "nobody may not run the program";
  const auto denied = AllOf(HasSubstr(secret), HasSubstr("Permission denied"));
  expect_failure(4, {"coco-eval", "--gt", secret, "--dt", secret}, denied, nobody);
  expect_failure(4, {"inspect", "--weights", secret}, denied, nobody);
  expect_failure(4, {"convert", "--weights", secret, "--out", folder_ / "out"}, denied, nobody);
  if (!engine::supports(engine::Kind::openvino, engine::Precision::fp32)) return;
  expect_failure(4, {"build", "--onnx", secret, "--out", folder_ / "out"}, denied, nobody);
}

TEST_F(Contract, JsonIsOneDocument) {
  EXPECT_EQ(expect_json({"synth", "--out", folder_ / "set", "--train", "2", "--val", "2", "--test", "1",
                         "--img-size", "64"})
                .at("train"),
            2);
  const std::string weights = make_weights(), calibrated = make_calibrated();
  EXPECT_EQ(expect_json({"inspect", "--weights", weights}).at("architecture"), "yolov6n");
  EXPECT_EQ(expect_json({"export", "--weights", weights, "--out", folder_ / "float.onnx"}).at("form"),
            "float");
  EXPECT_EQ(expect_json({"export", "--weights", calibrated, "--form", "qdq", "--out", folder_ / "ptq.onnx"})
                .at("form"),
            "qdq");
  const auto coco = expect_json(coco_eval());
  EXPECT_EQ(coco.at("stats").size(), 12U);
  EXPECT_NEAR(coco.at("stats").at(0), 1, 1e-12);
  const auto free =
      expect_json({"export", "--weights", calibrated, "--form", "qdq-free", "--out", folder_ / "free.onnx"});
  EXPECT_EQ(free.at("cache"), folder_ / "free.cache");
  EXPECT_THAT(free.at("trtexec").get<std::string>(), AllOf(HasSubstr("--calib=" + (folder_ / "free.cache")),
                                                           HasSubstr("--int8"), HasSubstr("free.trt")));
  EXPECT_THAT(bytes("free.cache"), testing::StartsWith("TRT-8XXX-EntropyCalibration2\nimages: 3c010204\n"));
  expect_failure(2, {"export", "--weights", calibrated, "--form", "qdq-free", "--out", folder_ / "x.cache"},
                 HasSubstr("ends in .cache"));
  EXPECT_FALSE(fs::exists(folder_ / "x.cache"));
  const auto target = expect_json(
      {"export", "--weights", calibrated, "--target", "tensorrt-10", "--out", folder_ / "tensorrt 10"});
  EXPECT_EQ(target.at("files"), (nlohmann::json{"model.onnx", "commands.sh", "README.md"}));
  EXPECT_TRUE(fs::exists(folder_ / "tensorrt 10/commands.sh"));
  expect_failure(
      2, {"export", "--weights", calibrated, "--target", "tensorrt-10", "--out", folder_ / "tensorrt 10"},
      HasSubstr("not an empty folder"));
  expect_failure(2, {"export", "--weights", calibrated, "--target", "tensorrt-9", "--out", folder_ / "9"},
                 HasSubstr("tensorrt-8"));
  expect_failure(3, {"export", "--weights", calibrated, "--target", "openvino", "--out", folder_ / "ov"},
                 AllOf(HasSubstr(calibrated), HasSubstr("--scheme cpu")));
  if (!engine::supports(engine::Kind::openvino, engine::Precision::fp32)) return;
  const auto built = expect_json({"build", "--onnx", folder_ / "ptq.onnx", "--out", folder_ / "engine.json"});
  EXPECT_EQ(built.at("convolutions"), 58);
  const bool exact = kernel_isa().fast_int8();  // else 8-bit weights are emulated in float32
  EXPECT_EQ(built.at("integer_convolutions"), exact ? 52 : 0);
  EXPECT_EQ(built.at("note") == "", exact) << built.at("note");
  EXPECT_TRUE(nlohmann::json::parse(bytes("engine.json")).contains("executed"));
  const auto bench = expect_json({"bench", "--onnx", folder_ / "float.onnx", "--int8", folder_ / "ptq.onnx",
                                  "--rounds", "1", "--seconds", "0.01"});
  EXPECT_GE(bench.at("results").size(), 2U);
  expect_failure(3, {"bench", "--int8", folder_ / "float.onnx"},
                 AllOf(HasSubstr(folder_ / "float.onnx"), HasSubstr("no quantizers")));
  expect_failure(3, {"bench", "--onnx", folder_ / "ptq.onnx"},
                 AllOf(HasSubstr(folder_ / "ptq.onnx"), HasSubstr("is quantized"), HasSubstr("fp32")));
  expect_failure(
      3, {"build", "--onnx", folder_ / "ptq.onnx", "--out", folder_ / "x.json", "--precision", "fp32"},
      HasSubstr("is quantized"));
  for (const char* key : {"precision", "batch", "p50_ms", "p90_ms", "p99_ms", "images_per_s", "isa"}) {
    EXPECT_TRUE(bench.at("results").at(0).contains(key)) << key;
  }
}

TEST_F(Contract, AFileThatDoesNotExistIsNamed) {
  const std::string absent = folder_ / "absent", out = folder_ / "out";
  expect_failure(3, {"inspect", "--weights", absent}, HasSubstr(absent));
  expect_failure(3, {"convert", "--weights", absent, "--out", out}, HasSubstr(absent));
  expect_failure(3, {"export", "--weights", absent, "--out", out}, HasSubstr(absent));
  expect_failure(3, {"coco-eval", "--gt", absent, "--dt", absent}, HasSubstr(absent));
  if (engine::supports(engine::Kind::openvino, engine::Precision::fp32)) {
    expect_failure(3, {"bench", "--onnx", absent}, HasSubstr(absent));
    expect_failure(3, {"build", "--onnx", absent, "--out", out}, HasSubstr(absent));
    expect_failure(3, {"bench", "--int8", absent}, HasSubstr(absent));
  }
  EXPECT_TRUE(files().empty());
}

TEST_F(Contract, AFolderIsNoModelFile) {
  expect_failure(3, {"inspect", "--weights", folder_.path()}, HasSubstr(folder_.path()));
  expect_failure(3, {"coco-eval", "--gt", folder_.path(), "--dt", folder_.path()}, HasSubstr(folder_.path()));
  if (!engine::supports(engine::Kind::openvino, engine::Precision::fp32)) return;
  expect_failure(3, {"bench", "--onnx", folder_.path()}, HasSubstr(folder_.path()));
}

TEST_F(Contract, ADamagedModelFileIsRefusedAndNothingIsWritten) {
  const std::string text = read_file(make_weights());
  for (const std::string& bad : damaged(text)) {
    const std::string path = write("bad.safetensors", bad);
    const auto before = files();
    expect_failure(3, {"inspect", "--weights", path}, HasSubstr(path));
    expect_failure(3, {"export", "--weights", path, "--out", folder_ / "out.onnx"}, HasSubstr(path));
    EXPECT_EQ(files(), before);
  }
}

TEST_F(Contract, AFloatModelCannotBeExportedWithQuantizers) {
  const std::string weights = make_weights();
  for (const char* form : {"qdq", "qdq-free"}) {
    expect_failure(3, {"export", "--weights", weights, "--form", form, "--out", folder_ / "out.onnx"},
                   AllOf(HasSubstr(weights), HasSubstr("calibrate")));
  }
  EXPECT_FALSE(fs::exists(folder_ / "out.onnx"));
}

TEST_F(Contract, ACalibratedModelCannotBeExportedAsFloat) {
  const std::string weights = make_calibrated();
  expect_failure(3, {"export", "--weights", weights, "--out", folder_ / "float.onnx"},
                 AllOf(HasSubstr(weights), HasSubstr("float model")));
  EXPECT_FALSE(fs::exists(folder_ / "float.onnx"));
}

TEST_F(Contract, ADamagedOnnxFileIsRefused) {
  if (!engine::supports(engine::Kind::openvino, engine::Precision::fp32))
    GTEST_SKIP() << "built without OpenVINO";
  ASSERT_EQ(run({"export", "--weights", make_weights(), "--out", folder_ / "net.onnx"}).code, 0);
  const std::string text = bytes("net.onnx");
  for (const std::string& bad : {std::string(), std::string("garbage"), text.substr(0, text.size() / 2)}) {
    const std::string path = write("bad.onnx", bad);
    expect_failure(3, {"bench", "--onnx", path, "--rounds", "1", "--seconds", "0.01"}, HasSubstr(path));
  }
}

TEST_F(Contract, DamagedCocoFilesAreRefused) {
  const std::string truth =
      write("gt.json", R"({"images": [{"id": 1}], "categories": [{"id": 3}], "annotations": []})");
  for (const char* bad :
       {"", "[", "{}", "[{}]", R"([{"image_id": 1, "category_id": 3, "bbox": [1, 2, 3], "score": 1}])",
        R"([{"image_id": 9, "category_id": 3, "bbox": [1, 2, 3, 4], "score": 1}])"}) {
    const std::string path = write("bad.json", bad);
    expect_failure(3, {"coco-eval", "--gt", truth, "--dt", path}, HasSubstr(path));
  }
  const std::string none = write("none.json", "[]");
  for (const char* bad : {"", "{", "[]", R"({"images": 3})"}) {
    const std::string path = write("bad.json", bad);
    expect_failure(3, {"coco-eval", "--gt", path, "--dt", none}, HasSubstr(path));
  }
}

TEST_F(Contract, AnOutputThatCannotBeWrittenEndsWithFour) {
  const std::string weights = make_weights();
  expect_failure(4, {"synth", "--out", "/proc/yolov6q/set"}, HasSubstr("/proc/yolov6q"));
  expect_failure(4, {"export", "--weights", weights, "--out", "/proc/yolov6q/net.onnx"},
                 HasSubstr("/proc/yolov6q"));
  expect_failure(4, {"export", "--weights", weights, "--out", weights + "/net.onnx"}, HasSubstr(weights));
  expect_failure(4, {"inspect", "--weights", weights}, HasSubstr("stdout"), {.stdout_file = "/dev/full"});
}

TEST_F(Contract, AFullDiskEndsWithFourAndLeavesNothing) {
  const std::string weights = make_weights();
  const auto before = files();
  expect_failure(4, {"export", "--weights", weights, "--out", folder_ / "out.onnx"},
                 HasSubstr(folder_ / "out.onnx"), {.largest_file_bytes = 100000});
  expect_failure(4, {"synth", "--out", folder_ / "set", "--train", "2"}, HasSubstr(folder_ / ".set"),
                 {.largest_file_bytes = 500});
  EXPECT_EQ(files(), before);
}

TEST_F(Contract, AProgramWithoutItsPartsSaysWhatIsMissing) {
  const fs::path engine = fs::path(Y6Q_PROGRAM).parent_path() / "yolov6q-engine";
  fs::copy_file(Y6Q_PROGRAM, folder_ / "yolov6q");
  const Outcome outcome = support::run(folder_ / "yolov6q", {"train", "--help"});
  EXPECT_EQ(outcome.code, 4);
  EXPECT_THAT(outcome.err, HasSubstr(folder_ / "yolov6q-engine"));
  EXPECT_EQ(support::run(folder_ / "yolov6q", {"coco-eval", "--help"}).code, 0) << "it is complete in itself";
  const Outcome help = support::run(folder_ / "yolov6q", {"--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_THAT(help.out, HasSubstr("\n  train "));
  fs::copy_file(engine, folder_ / "yolov6q-engine");
  EXPECT_THAT(support::run(folder_ / "yolov6q", {"train", "--help"}).err,
              HasSubstr(folder_ / "yolov6q-torch"));
}

}  // namespace
}  // namespace y6q::hostile
