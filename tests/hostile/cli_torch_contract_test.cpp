#include "base/folder_lock.h"
#include "engine/engine.h"
#include "hostile/contract.h"
#include "onnx/write.h"

// The subcommands that need LibTorch, and what all of them share: reading a data set.
namespace y6q::hostile {
namespace {

using TorchContract = Contract;

Arguments eval(const std::string& weights, const std::string& data) {
  return {"eval", "--weights", weights, "--data", data, "--workers", "1", "--threads", "1"};
}

Arguments with(Arguments arguments, const Arguments& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST_F(TorchContract, WrongUsageEndsWithTwo) {
  const std::string out = folder_ / "out";
  expect_failure(2, {"train"}, HasSubstr("--data"));
  expect_failure(2, {"train", "--data", "x"}, HasSubstr("--out"));
  expect_failure(2, {"calibrate", "--weights", "x", "--data", "y"}, HasSubstr("--out"));
  expect_failure(2, {"eval", "--data", "x"}, HasSubstr("--weights"));
  expect_failure(2, {"qat", "--data", "x", "--out", out}, HasSubstr("--weights"));
  expect_failure(2, {"sensitivity", "--weights", "x", "--data", "y"}, HasSubstr("--out"));
  expect_failure(2, {"quantize", "--weights", "x", "--data", "y", "--out", out}, HasSubstr("--max-drop"));
  expect_failure(
      2,
      {"quantize", "--weights", "x", "--data", "y", "--out", out, "--max-drop", "1", "--time-budget", "2d"},
      HasSubstr("--time-budget"));
  expect_failure(2, {"search", "--data", "x", "--out", out}, HasSubstr("--img-sizes"));
  for (const char* size : {"320x", "axb", "64x16", "64x64x64"}) {
    expect_failure(2, {"search", "--data", "x", "--out", out, "--img-sizes", size},
                   AllOf(HasSubstr("--img-sizes"), HasSubstr(size), HasSubstr("384x640")));
  }
  expect_failure(2, {"search", "--data", "x", "--out", out, "--img-sizes", "64,100"},
                 AllOf(HasSubstr("--img-sizes"), HasSubstr("96 and 128")));
  expect_failure(2, {"search", "--data", "x", "--out", out, "--img-sizes", "64", "--modes", "hyper_search"},
                 AllOf(HasSubstr("--modes"), HasSubstr("qarepvgg")));
  expect_failure(2, {"compare", "--data", "x"}, HasSubstr("networks"));
  expect_failure(2, {"pipeline", "--data", "x"}, HasSubstr("--out"));
  expect_failure(2, {"train", "--data", "x", "--out", out, "--model", "yolov9"},
                 AllOf(HasSubstr("yolov9"), HasSubstr("yolov6n")));
  expect_failure(2, {"train", "--data", "x", "--out", out, "--device", "gpu"},
                 AllOf(HasSubstr("'gpu'"), HasSubstr("cpu, cuda")));
  expect_failure(4, {"train", "--data", "x", "--out", out, "--device", "cuda:99"},
                 HasSubstr("--device cuda"));
  EXPECT_TRUE(files().empty());
}

TEST_F(TorchContract, ASeedIsAWholeNumberFromZero) {
  const std::string out = folder_ / "out";
  const auto message = AllOf(HasSubstr("--seed"), HasSubstr("'-1'"), HasSubstr("18446744073709551615"));
  for (const char* name : {"train", "pipeline"}) {
    expect_failure(2, {name, "--data", "x", "--out", out, "--seed", "-1"}, message);
  }
  for (const char* name : {"calibrate", "sensitivity", "qat"}) {
    expect_failure(2, {name, "--weights", "x", "--data", "y", "--out", out, "--seed", "-1"}, message);
  }
  EXPECT_TRUE(files().empty());
}

TEST_F(TorchContract, EpochsAndBatchSizeHaveTheRangeOfTheRecipe) {
  const Arguments train{"train", "--data", "nowhere", "--out", folder_ / "out"};
  const auto is_accepted = HasSubstr("nowhere does not exist");
  expect_failure(3, with(train, {"--epochs", "1000000", "--batch-size", "65536"}), is_accepted);
  expect_failure(2, with(train, {"--epochs", "1000001"}), AllOf(HasSubstr("--epochs"), HasSubstr("1000000")));
  expect_failure(2, with(train, {"--batch-size", "65537"}),
                 AllOf(HasSubstr("--batch-size"), HasSubstr("65536")));
}

TEST_F(TorchContract, KeepFloatTakesOneCount) {
  const Arguments calibrate{"calibrate", "--weights", "x", "--data", "y", "--out", folder_ / "out"};
  for (const char* layers : {"2,3", "2,2", "2,name,3"}) {
    expect_failure(2, with(calibrate, {"--keep-float", layers}),
                   AllOf(HasSubstr("--keep-float"), HasSubstr("one count")));
  }
}

TEST_F(TorchContract, RepoptWithoutScalesIsSaidToBePlainSgd) {
  // --resume without a state: ends before the first iteration.
  const Arguments train{"train",      "--data", make_set(), "--out", folder_ / "out",
                        "--img-size", "64",     "--resume", "--mode"};
  const auto warning = AllOf(HasSubstr("plain SGD"), HasSubstr("hyper_search"), HasSubstr("--scales"));
  expect_failure(3, with(train, {"repopt"}), warning);
  expect_failure(3, with(train, {"repvgg"}), Not(HasSubstr("SGD")));
}

TEST_F(TorchContract, AnImageSizeThatIsNoMultipleOf32IsWrongUsage) {
  const std::string data = make_set(), weights = make_weights();
  const auto before = files();
  expect_failure(2, {"train", "--data", data, "--out", folder_ / "out", "--img-size", "100"},
                 AllOf(HasSubstr("100"), HasSubstr("32")));
  expect_failure(2, {"pipeline", "--data", data, "--out", folder_ / "out", "--img-size", "100"},
                 AllOf(HasSubstr("100"), HasSubstr("32")));
  expect_failure(2, with(eval(weights, data), {"--img-size", "100"}),
                 AllOf(HasSubstr("100"), HasSubstr("32")));
  EXPECT_EQ(files(), before);
}

TEST_F(TorchContract, ARunsFolderBelongsToOneProcessAtATime) {
  const std::string data = make_set(), run_folder = folder_ / "run";
  const FolderLock other_process(run_folder);
  const auto before = files();
  for (const char* name : {"train", "pipeline"}) {
    expect_failure(2, {name, "--data", data, "--out", run_folder, "--epochs", "1"},
                   AllOf(HasSubstr(run_folder), HasSubstr("another process")));
  }
  EXPECT_EQ(files(), before);
}

TEST_F(TorchContract, AFinishedOrInterruptedTrainingIsNotOverwritten) {
  const Arguments train{"train",    "--data", make_set(),   "--out", folder_ / "run",
                        "--epochs", "1",      "--img-size", "64"};
  ASSERT_EQ(run(train).code, 0);
  const std::string state = bytes("run/state.safetensors"), log = bytes("run/iterations.csv");
  expect_failure(2, train, AllOf(HasSubstr(folder_ / "run"), HasSubstr("--resume")));
  EXPECT_EQ(bytes("run/state.safetensors"), state);
  EXPECT_EQ(bytes("run/iterations.csv"), log);
}

TEST_F(TorchContract, AModelIsNotOverwrittenByWhatIsMadeOfIt) {
  const std::string data = make_set(), weights = make_weights(), before = bytes("float.safetensors");
  fs::create_hard_link(weights, folder_ / "same.safetensors");
  for (const std::string& out : {weights, folder_ / "same.safetensors"}) {
    expect_failure(2, {"calibrate", "--weights", weights, "--data", data, "--out", out}, HasSubstr(out));
    expect_failure(2, {"export", "--weights", weights, "--out", out}, HasSubstr(out));
    expect_failure(2, {"convert", "--weights", weights, "--out", out}, HasSubstr(out));
  }
  EXPECT_EQ(bytes("float.safetensors"), before);
}

TEST_F(TorchContract, PipelineMeasuresOnTestOnlyFinallyAndKeepsValsNumbers) {
  const std::string data = make_set();
  write("recipe.yaml",
        "pipeline: {sensitivity: false, qat: false}\ncalibrate: {images: 4}\n"
        "bench: {seconds: 0.01, rounds: 1, batches: [1]}\n");
  const Arguments pipeline{"pipeline",
                           "--data",
                           data,
                           "--recipe",
                           folder_ / "recipe.yaml",
                           "--out",
                           folder_ / "run",
                           "--epochs",
                           "1",
                           "--no-search",
                           "--threads",
                           "1"};
  EXPECT_EQ(expect_json(with(pipeline, {"--img-size", "64"})).at("split"), "val");
  EXPECT_FALSE(fs::exists(folder_ / "run/search"));
  EXPECT_EQ(formats::read_model(folder_ / "run/float/best.safetensors").info.mode, "repopt");
  const std::string summary = bytes("run/summary.json"), numbers = bytes("run/evaluate/engine.json");
  EXPECT_EQ(expect_json(with(pipeline, {"--img-size", "64", "--final"})).at("split"), "test");
  EXPECT_EQ(nlohmann::json::parse(bytes("run/final/summary.json")).at("split"), "test");
  EXPECT_TRUE(fs::exists(folder_ / "run/final/report.html"));
  EXPECT_EQ(bytes("run/summary.json"), summary);
  EXPECT_EQ(bytes("run/evaluate/engine.json"), numbers);
  expect_failure(3, with(pipeline, {"--img-size", "96", "--from", "bench"}),
                 AllOf(HasSubstr("evaluate/float.json"), HasSubstr("--from evaluate")));
  write("run/evaluate/float.json", "{");
  expect_failure(3, with(pipeline, {"--img-size", "64", "--from", "bench"}),
                 HasSubstr("evaluate/float.json"));
}

TEST_F(TorchContract, EvalPrintsOneDocumentAndHoldsTheBoundThatWasAskedFor) {
  const std::string data = make_set(), weights = make_weights();
  const auto document = expect_json(with(eval(weights, data), {"--save-detections", folder_ / "dt.json"}));
  for (const char* key : {"map", "map50", "protocol", "stats"}) EXPECT_TRUE(document.contains(key)) << key;
  EXPECT_TRUE(nlohmann::json::parse(bytes("dt.json")).is_array());
  EXPECT_EQ(run(with(eval(weights, data), {"--min-map", "0"})).code, 0);
  const Outcome missed = run(with(eval(weights, data), {"--min-map", "0.99", "--json"}));
  EXPECT_EQ(missed.code, 1);
  EXPECT_THAT(missed.err, HasSubstr("0.99"));
  EXPECT_TRUE(nlohmann::json::parse(missed.out, nullptr, false).is_object()) << "the result is still printed";
}

TEST_F(TorchContract, CalibrateAndTrainPrintOneDocument) {
  const std::string data = make_set(), weights = make_weights();
  const auto calibrated = expect_json({"calibrate", "--weights", weights, "--data", data, "--out",
                                       folder_ / "ptq.safetensors", "--images", "4"});
  EXPECT_EQ(calibrated.at("images"), 4);
  const auto trained = expect_json({"train", "--data", data, "--out", folder_ / "run", "--img-size", "64",
                                    "--epochs", "1", "--batch-size", "4"});
  EXPECT_EQ(trained.at("epochs").size(), 1U);
}

TEST_F(TorchContract, SensitivityPartialQuantizationAndQatPrintOneDocument) {
  const std::string data = make_set(), weights = make_weights(), out = folder_ / "sensitivity.json";
  const auto measured = expect_json(
      {"sensitivity", "--weights", weights, "--data", data, "--out", out, "--images", "4", "--threads", "1"});
  ASSERT_EQ(measured.at("layers").size(), 61U);  // 56 convolutions, 2 transposed ones, 3 pools
  EXPECT_EQ(nlohmann::json::parse(bytes("sensitivity.json")).at("layers"), measured.at("layers"));
  EXPECT_FALSE(fs::exists(out + ".part"));
  const std::string ptq = folder_ / "ptq.safetensors";
  const auto partial = expect_json({"calibrate", "--weights", weights, "--data", data, "--out", ptq,
                                    "--images", "4", "--sensitivity", out, "--keep-float",
                                    "2,neck.upsample0.upsample_transpose", "--threads", "1"});
  EXPECT_GE(partial.at("float_layers").size(), 2U);
  const auto trained = expect_json({"qat", "--weights", ptq, "--teacher", weights, "--data", data, "--out",
                                    folder_ / "qat", "--epochs", "1", "--batch-size", "4", "--threads", "1"});
  EXPECT_GT(trained.at("epochs").at(0).at("loss_distill").get<double>(), 0);
  EXPECT_EQ(run(eval(folder_ / "qat/best.safetensors", data)).code, 0);
}

TEST_F(TorchContract, AnEstimateOfTheSensitivityChoosesLayersLikeAMeasurement) {
  const std::string data = make_set(), weights = make_weights(), out = folder_ / "estimate.json";
  const Arguments estimate{"sensitivity", "--estimate", "--weights", weights, "--data",    data,
                           "--out",       out,          "--images",  "4",     "--threads", "1"};
  expect_failure(3, estimate, AllOf(HasSubstr("detects nothing"), HasSubstr("without --estimate")));
  formats::ModelFile file = network();
  for (auto& [name, array] : file.model.weights) {  // scores around a half that depend on the image
    if (name.find("_preds.") == std::string::npos) continue;
    for (size_t i = 0; i < array.floats().size(); ++i)
      array.floats()[i] = name.ends_with("weight") ? 0.1F * static_cast<float>(i * 37 % 11) - 0.5F : 0;
  }
  formats::write_model(weights, file);
  const auto estimated = expect_json(estimate);
  const auto& layers = estimated.at("layers");
  ASSERT_EQ(layers.size(), 61U);  // as of a measurement
  EXPECT_TRUE(estimated.at("estimate"));
  EXPECT_LT(layers.front().at("map"), layers.back().at("map"));
  EXPECT_LT(layers.front().at("map"), estimated.at("float").at("map"));
  std::string first;
  for (const auto& layer : layers) {
    if (first.empty() && !layer.at("is_prediction")) first = layer.at("layer");
  }
  const auto partial =
      expect_json({"calibrate", "--weights", weights, "--data", data, "--out", folder_ / "ptq.safetensors",
                   "--images", "4", "--sensitivity", out, "--keep-float", "1", "--threads", "1"});
  EXPECT_EQ(partial.at("float_layers"), nlohmann::json::array({first}));
}

TEST_F(TorchContract, PredictionsAreInInt8WhereThatIsAskedFor) {
  const std::string data = make_set(), weights = make_weights();
  const auto quantizers = [&](const std::string& name, const Arguments& more) {
    const Arguments calibrate{"calibrate",    "--weights", weights, "--data",   data,      "--out",
                              folder_ / name, "--images",  "2",     "--scheme", "tensorrt"};
    expect_json(with(calibrate, more));
    int64_t count = 0;
    const auto network = expect_json({"inspect", "--weights", folder_ / name});
    for (const auto& layer : network.at("layers")) {
      if (layer.at("name").get<std::string>().find("_preds.") != std::string::npos)
        count += layer.contains("weight_range") ? 1 : 0;
    }
    return count;
  };
  EXPECT_EQ(quantizers("max.safetensors", {"--weight-method", "mse"}), 0);
  EXPECT_EQ(quantizers("int8.safetensors", {"--int8-predictions"}), 6);
  EXPECT_EQ(quantizers("some.safetensors", {"--int8-predictions", "--keep-float", "detect.cls_preds.0"}), 5);
}

TEST_F(TorchContract, QaRepVggGoesAllTheWay) {
  const std::string data = make_set(), trained = folder_ / "float/best.safetensors",
                    ptq = folder_ / "ptq.safetensors";
  expect_json({"train", "--data", data, "--out", folder_ / "float", "--mode", "qarepvgg", "--img-size", "64",
               "--epochs", "1", "--batch-size", "4", "--threads", "1"});
  EXPECT_EQ(expect_json({"inspect", "--weights", trained}).at("mode"), "qarepvgg");
  const auto calibrated = expect_json({"calibrate", "--weights", trained, "--data", data, "--out", ptq,
                                       "--images", "4", "--method", "best", "--equalize", "--threads", "1"});
  EXPECT_EQ(calibrated.at("method"), "best");
  expect_json({"qat", "--weights", ptq, "--teacher", trained, "--data", data, "--out", folder_ / "qat",
               "--epochs", "1", "--batch-size", "4", "--threads", "1"});
  expect_json({"export", "--weights", folder_ / "qat/last.safetensors", "--form", "qdq", "--out",
               folder_ / "qat.onnx"});
  EXPECT_EQ(run(eval(folder_ / "qat/last.safetensors", data)).code, 0);
}

TEST_F(TorchContract, QatAndScalesNameWhatDoesNotFit) {
  const std::string data = make_set(), weights = make_weights(), out = folder_ / "out",
                    other = make_calibrated();
  expect_failure(3, {"qat", "--weights", weights, "--data", data, "--out", out}, HasSubstr("calibrate"));
  const std::string ptq = folder_ / "deep/down/own.safetensors";
  fs::create_directories(folder_ / "deep/down");
  ASSERT_EQ(run({"calibrate", "--weights", weights, "--data", data, "--out", ptq, "--images", "2"}).code, 0);
  expect_failure(2, {"qat", "--weights", ptq, "--data", data, "--out", out}, HasSubstr("--teacher"));
  expect_failure(3, {"qat", "--weights", ptq, "--teacher", other, "--data", data, "--out", out},
                 AllOf(HasSubstr(other), HasSubstr("calibrated from")));
  const std::string scales = write("scales.json",
                                   R"({"format": "yolov6q scales 1", "blocks": [
                                      {"block": "backbone.stem", "conv3x3": [1], "conv1x1": [1]}]})");
  expect_failure(
      3, {"train", "--data", data, "--out", out, "--img-size", "64", "--scales", scales},
      AllOf(HasSubstr("'backbone.stem': 1 channels"), HasSubstr("'neck.Rep_p4.conv1': has no scales")));
  expect_failure(
      2, {"train", "--data", data, "--out", out, "--img-size", "64", "--mode", "repvgg", "--scales", scales},
      HasSubstr("--mode repopt"));
  expect_failure(2, {"calibrate", "--weights", weights, "--data", data, "--out", out, "--keep-float", "3"},
                 HasSubstr("--sensitivity"));
  expect_failure(
      2, {"calibrate", "--weights", weights, "--data", data, "--out", out, "--keep-float", "nonsense"},
      HasSubstr("'nonsense'"));
  expect_failure(3,
                 {"calibrate", "--weights", weights, "--data", data, "--out", out, "--keep-float", "3",
                  "--sensitivity", scales},
                 HasSubstr(scales));
  EXPECT_FALSE(fs::exists(out));
}

TEST_F(TorchContract, QatFindsItsTeacherByTheDigestThatCalibrationNoted) {
  const std::string data = make_set(), weights = make_weights(), ptq = folder_ / "own.safetensors";
  ASSERT_EQ(run({"calibrate", "--weights", weights, "--data", data, "--out", ptq, "--images", "2"}).code, 0);
  EXPECT_EQ(run({"qat", "--weights", ptq, "--data", data, "--out", folder_ / "out", "--epochs", "1"}).code,
            0);
}

TEST_F(TorchContract, AConvertedCheckpointIsEvaluatedCalibratedTrainedOnAndExported) {
  const std::string data = make_set(), pt = folder_ / "net.pt", weights = folder_ / "converted.safetensors";
  expect_json({"convert", "--weights", make_weights(), "--out", pt});
  const auto converted = expect_json({"convert", "--weights", pt, "--out", weights, "--img-size", "64",
                                      "--class-names", "disc,square,triangle,cross"});
  EXPECT_EQ(converted.at("architecture"), "yolov6n");
  EXPECT_TRUE(expect_json(eval(weights, data)).contains("map"));
  const std::string calibrated = folder_ / "ptq.safetensors";
  expect_json({"calibrate", "--weights", weights, "--data", data, "--out", calibrated, "--scheme", "tensorrt",
               "--images", "4"});
  expect_json({"export", "--weights", calibrated, "--form", "qdq", "--out", folder_ / "ptq.onnx"});
  // The calibrated model as a checkpoint of the reference, and back.
  expect_json({"convert", "--weights", calibrated, "--out", folder_ / "ptq.pt"});
  const auto back =
      expect_json({"convert", "--weights", folder_ / "ptq.pt", "--out", folder_ / "back.safetensors",
                   "--img-size", "64", "--class-names", "disc,square,triangle,cross"});
  EXPECT_EQ(back.at("scheme"), "tensorrt");
  const std::string floats = folder_ / "float_again.safetensors";
  expect_json({"convert", "--weights", folder_ / "ptq.pt", "--out", floats, "--float", "--img-size", "64",
               "--class-names", "disc,square,triangle,cross"});
  expect_json({"qat", "--weights", folder_ / "back.safetensors", "--teacher", floats, "--data", data, "--out",
               folder_ / "qat", "--epochs", "1", "--batch-size", "4", "--threads", "1"});
  EXPECT_TRUE(expect_json(eval(folder_ / "back.safetensors", data)).contains("map"));
}

TEST_F(TorchContract, AFileThatDoesNotExistIsNamed) {
  const std::string data = make_set(), weights = make_weights(), absent = folder_ / "absent",
                    out = folder_ / "out";
  const auto before = files();
  expect_failure(3, {"train", "--data", absent, "--out", out}, HasSubstr(absent));
  expect_failure(3, {"train", "--data", data, "--out", out, "--recipe", absent}, HasSubstr(absent));
  expect_failure(3, {"pipeline", "--data", absent, "--out", out}, HasSubstr(absent));
  expect_failure(3, {"pipeline", "--data", data, "--out", out, "--recipe", absent}, HasSubstr(absent));
  expect_failure(3, {"calibrate", "--weights", absent, "--data", data, "--out", out}, HasSubstr(absent));
  expect_failure(3, {"calibrate", "--weights", weights, "--data", absent, "--out", out}, HasSubstr(absent));
  expect_failure(3, eval(absent, data), HasSubstr(absent));
  expect_failure(3, eval(absent + ".onnx", data), HasSubstr(absent));
  expect_failure(3, eval(weights, absent), HasSubstr(absent));
  EXPECT_EQ(files(), before);
}

TEST_F(TorchContract, EveryBrokenSampleIsListedWithWhatIsAccepted) {
  const std::string data = make_set(), weights = make_weights();
  const std::string image = bytes("set/images/val/000001.jpg");
  const std::string cut = write("set/images/val/000001.jpg", image.substr(0, image.size() / 2));
  const std::string labels = write("set/labels/val/000002.txt",
                                   "0 0.5 0.5 0.2 0.2\n7 0.5 0.5 0.2 0.2\n1 0.5 0.5 0.2\n\n1 0.5 x 0.2 "
                                   "0.2\n1 0.5 1.5 0.2 0.2\n1 0.5 0.5 -0.1 0.2\n");
  const auto before = files();
  expect_failure(
      3, eval(weights, data),
      AllOf(HasSubstr(cut), HasSubstr(labels + ", line 2: class 7"), HasSubstr("0..3"),
            HasSubstr(labels + ", line 3: 4 numbers, 5 expected"), HasSubstr(labels + ", line 5: 'x'"),
            HasSubstr(labels + ", line 6: cy is 1.5; accepted is 0 to 1"),
            HasSubstr(labels + ", line 7: w is -0.1"), Not(HasSubstr("line 1:")),
            HasSubstr("--skip-broken")));
  EXPECT_EQ(files(), before);
  const auto document = expect_json(with(eval(weights, data), {"--skip-broken"}));
  EXPECT_EQ(document.at("skipped"), 2);
  EXPECT_EQ(document.at("images"), 1);
}

TEST_F(TorchContract, AJsonThatTellsNoSplitServesEvalAndCalibrateAndNoTraining) {
  make_set();
  const std::string data = folder_ / "set/annotations/instances_default.json";
  fs::copy_file(folder_ / "set/annotations/instances_val.json", data);
  fs::create_directory_symlink(folder_ / "set/images/val", folder_ / "set/images/default");
  const std::string weights = make_weights(), out = folder_ / "out.safetensors";
  EXPECT_EQ(expect_json(eval(weights, data)).at("split"), "val");
  EXPECT_EQ(run({"calibrate", "--weights", weights, "--data", data, "--out", out}).code, 0);
  const auto message = AllOf(HasSubstr(data), HasSubstr("train, val or test"), HasSubstr("anno_path"));
  expect_failure(3, {"train", "--data", data, "--out", folder_ / "run"}, message);
  expect_failure(3, {"pipeline", "--data", data, "--out", folder_ / "run"}, message);
  EXPECT_FALSE(fs::exists(folder_ / "run"));
}

TEST_F(TorchContract, BrokenTrainingSamplesStopEveryStepThatReadsThem) {
  const std::string data = make_set(), weights = make_weights(), out = folder_ / "out";
  const std::string labels = write("set/labels/train/000002.txt", "9 0.5 0.5 0.2 0.2\n");
  const auto before = files();
  for (const Arguments& arguments :
       std::vector<Arguments>{{"train", "--data", data, "--out", out, "--img-size", "64"},
                              {"pipeline", "--data", data, "--out", out, "--img-size", "64"},
                              {"calibrate", "--weights", weights, "--data", data, "--out", out}}) {
    expect_failure(3, arguments, AllOf(HasSubstr(labels + ", line 1: class 9"), HasSubstr("0..3")));
  }
  EXPECT_EQ(files(), before);
  const auto calibrated =
      expect_json({"calibrate", "--weights", weights, "--data", data, "--out", out, "--skip-broken"});
  EXPECT_EQ(calibrated.at("images"), 3);
}

TEST_F(TorchContract, EveryCommandThatLeavesSamplesOutSaysSo) {
  const std::string data = make_set(), weights = make_weights(), ptq = make_calibrated();
  write("set/labels/train/000002.txt", "9 0.5 0.5 0.2 0.2\n");
  write("set/labels/val/000001.txt", "9 0.5 0.5 0.2 0.2\n");
  write("set/labels/val/000002.txt", "9 0.5 0.5 0.2 0.2\n");
  const auto of_train = HasSubstr("1 of 4 samples of split 'train'"),
             of_val = HasSubstr("2 of 3 samples of split 'val'");
  const Arguments short_run{"--epochs",  "1", "--batch-size", "2", "--skip-broken",
                            "--threads", "1", "--json"};
  const auto expect_skipped = [&](int skipped, const Arguments& arguments,
                                  const testing::Matcher<std::string>& message) {
    const Outcome outcome = run(arguments);
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(outcome.err, message) << arguments[0];
    EXPECT_EQ(nlohmann::json::parse(outcome.out).at("skipped"), skipped) << arguments[0];
  };
  const Arguments of_weights{"--weights", weights, "--data",    data, "--out",         folder_ / "out",
                             "--images",  "2",     "--threads", "1",  "--skip-broken", "--json"};
  expect_skipped(1, with({"calibrate"}, of_weights), of_train);
  expect_skipped(3, with({"sensitivity"}, of_weights), AllOf(of_train, of_val));
  expect_skipped(2, with(eval(weights, data), {"--skip-broken", "--json"}), of_val);
  expect_skipped(3, with({"train", "--data", data, "--out", folder_ / "run", "--img-size", "64"}, short_run),
                 AllOf(of_train, of_val));
  expect_skipped(
      3,
      with({"qat", "--weights", ptq, "--teacher", weights, "--data", data, "--out", folder_ / "qat"},
           short_run),
      AllOf(of_train, of_val));
  expect_skipped(3,
                 with({"pipeline", "--data", data, "--out", folder_ / "p", "--img-size", "64", "--mode",
                       "repvgg", "--to", "float"},
                      short_run),
                 AllOf(of_train, of_val));
}

TEST_F(TorchContract, EveryCommandSaysWhatItHasReadOfASplitAndWarnsOfMissingLabels) {
  const std::string data = make_set(), weights = make_weights();
  for (const char* number : {"1", "2", "3"})
    fs::remove(folder_ / ("set/labels/train/00000" + std::string(number) + ".txt"));
  write("set/labels/train/spare.txt", "");
  const testing::Matcher<std::string>
      of_train =
          AllOf(HasSubstr("data: train: 4 images, 1 with objects, 3 background, 3 label files missing, 1 "
                          "labels without image, 0 broken"),
                HasSubstr("*** WARNING: data: 3 of 4 images of split 'train' have no label file")),
      of_val = HasSubstr("data: val: 3 images, 3 with objects, 0 background, 0 label files missing");
  const auto says = [&](const Arguments& arguments, const testing::Matcher<std::string>& message) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(outcome.err, message) << arguments[0];
  };
  const Arguments of_weights{"--weights",     weights,    "--data", data,        "--out",
                             folder_ / "out", "--images", "2",      "--threads", "1"};
  const Arguments short_run{"--data", data,           "--img-size", "64",        "--epochs",
                            "1",      "--batch-size", "2",          "--threads", "1"};
  says(with({"calibrate"}, of_weights), of_train);
  says(with({"sensitivity"}, of_weights), AllOf(of_train, of_val));
  says(eval(weights, data), of_val);
  says(with({"train", "--out", folder_ / "run"}, short_run), AllOf(of_train, of_val));
  says({"data", "check", "--data", data}, AllOf(of_train, of_val));
  const Outcome trained = run(with({"train", "--out", folder_ / "again"}, short_run));
  EXPECT_GT(trained.err.rfind("*** WARNING"), trained.err.rfind("epoch")) << "it stands at the end again";
}

TEST_F(TorchContract, ANetworkOfChosenClassesKnowsTheseAlone) {
  const std::string data = make_set(), all = make_weights(), out = folder_ / "run";
  expect_json({"train", "--data", data, "--classes", "triangle,0", "--out", out, "--img-size", "64",
               "--epochs", "1", "--batch-size", "4", "--threads", "1"});
  const std::string weights = out + "/best.safetensors", ptq = folder_ / "chosen.safetensors";
  EXPECT_THAT(formats::read_model(weights).info.class_names, testing::ElementsAre("disc", "triangle"));
  const Arguments calibrate{"calibrate", "--weights", weights, "--data", data, "--out", ptq, "--images", "2"};
  expect_failure(3, calibrate, HasSubstr("--classes \"disc,triangle\""));
  EXPECT_EQ(run(with(calibrate, {"--classes", "disc,triangle"})).code, 0);
  for (const std::string& network : {weights, ptq, all}) {
    const auto document = expect_json(with(eval(network, data), {"--classes", "disc,triangle"}));
    ASSERT_EQ(document.at("classes").size(), 2U) << network;
    EXPECT_EQ(document.at("classes").at(1).at("name"), "triangle");
    EXPECT_EQ(document.at("classes").at(1).at("id"), 2) << "category ids stay";
  }
  expect_failure(3, with(eval(weights, data), {"--classes", "disc,cross"}), HasSubstr("disc, cross"));
  expect_failure(2, with(eval(all, data), {"--classes", "moon"}), HasSubstr("'moon'"));
  const std::string onnx = folder_ / "chosen.onnx";
  ASSERT_EQ(run({"export", "--weights", weights, "--out", onnx}).code, 0);
  if (!engine::supports(engine::Kind::openvino, engine::Precision::fp32)) return;
  EXPECT_EQ(expect_json(with(eval(onnx, data), {"--classes", "0,2"})).at("classes").size(), 2U);
  const auto found = expect_json(
      {"detect", "--weights", onnx, "--source", folder_ / "set/images/val", "--classes", "triangle"});
  EXPECT_EQ(found.at("names"), nlohmann::json({"disc", "triangle"}));
}

TEST_F(TorchContract, AnUnreadableFileIsNotABrokenSample) {
  const std::string data = make_set(), weights = make_weights();
  const support::ProcessOptions nobody{.as_nobody = true};
  const Arguments arguments = with(eval(weights, data), {"--skip-broken"});
  if (run({"--version"}, nobody).code != 0) GTEST_SKIP() << "nobody may not run the program";
  ASSERT_EQ(run(arguments, nobody).code, 0);
  for (const char* name : {"set/labels/val/000001.txt", "set/images/val/000001.jpg"}) {
    fs::permissions(folder_ / name, fs::perms::none);
    expect_failure(4, arguments, AllOf(HasSubstr(folder_ / name), HasSubstr("Permission denied")), nobody);
    fs::permissions(folder_ / name, fs::perms(0444));
  }
}

TEST_F(TorchContract, CtrlCIsHeardWithinAnEvaluation) {
  ASSERT_EQ(run({"synth", "--out", folder_ / "set", "--train", "4", "--val", "96", "--test", "1",
                 "--img-size", "96"})
                .code,
            0);
  const std::string data = folder_ / "set/data.yaml", weights = make_weights();
  support::Process measuring(Y6Q_PROGRAM, {"sensitivity", "--weights", weights, "--data", data, "--out",
                                           folder_ / "out", "--images", "2", "--batch-size", "1"});
  EXPECT_TRUE(measuring.interrupt_at("sensitivity: 63 networks", SIGINT));
  const Outcome measured = measuring.finish();
  EXPECT_EQ(measured.code, 130) << measured.err;
  EXPECT_THAT(measured.err, HasSubstr("stopped after 0 networks; the same command goes on"));

  Arguments train{"train",    "--data", data,           "--out", folder_ / "run", "--img-size", "64",
                  "--epochs", "1",      "--batch-size", "4",     "--threads",     "1"};
  support::Process training(Y6Q_PROGRAM, train);
  EXPECT_TRUE(training.interrupt_at("epoch 1/1: 1 batches in", SIGINT));
  const Outcome trained = training.finish();
  EXPECT_EQ(trained.code, 130) << trained.err;
  EXPECT_THAT(trained.err, HasSubstr("stopped after 0 of 1 epochs and 1 batches"));
  train.push_back("--resume");
  EXPECT_EQ(expect_json(train).at("epochs").size(), 1U);
}

TEST_F(TorchContract, EmptySetsAndContradictoryDescriptionsAreRefused) {
  const std::string data = make_set(), weights = make_weights(), yaml = bytes("set/data.yaml");
  auto refuse = [&](const std::string& text, const testing::Matcher<std::string>& message) {
    const std::string path = write("set/other.yaml", text);
    expect_failure(3, eval(weights, path), AllOf(HasSubstr(path), message));
  };
  const std::string names = "names: [disc, square, triangle, cross]\n";
  refuse("train: images/train\nval: images/val\nnc: 5\n" + names,
         AllOf(HasSubstr("nc is 5"), HasSubstr("4 entries"), HasSubstr("line 3")));
  refuse("train: images/train\n" + names, HasSubstr("val"));
  refuse("train: images/train\nval: images/val\n", HasSubstr("names"));
  refuse("train: images/train\nval: [images/val\n", HasSubstr("line"));
  refuse("val: images/val\nnames: 3\n", HasSubstr("names"));
  refuse("val: {a: b}\n" + names, HasSubstr("val"));
  refuse("val: images/val\nnc: many\n" + names, HasSubstr("line 2: nc is 'many'; a whole number"));
  refuse("just text", HasSubstr("map"));
  refuse("", HasSubstr("map"));
  write("set/other.yaml", "val: images/nowhere\n" + names);
  expect_failure(3, eval(weights, folder_ / "set/other.yaml"), HasSubstr("images/nowhere"));
  fs::create_directories(folder_ / "set/images/none");
  write("set/other.yaml", "val: images/none\n" + names);
  expect_failure(3, eval(weights, folder_ / "set/other.yaml"),
                 AllOf(HasSubstr("'val'"), HasSubstr(folder_ / "set")));
  write("set/other.yaml", "val: images/val\nnames: [cat]\n");
  for (int i = 1; i <= 3; ++i)
    write("set/labels/val/00000" + std::to_string(i) + ".txt", "0 0.5 0.5 0.2 0.2\n");
  expect_failure(3, eval(weights, folder_ / "set/other.yaml"), AllOf(HasSubstr("cat"), HasSubstr("disc")));
}

TEST_F(TorchContract, ASplitWithoutASingleObjectIsRefused) {
  const std::string data = make_set();
  for (int i = 1; i <= 3; ++i) write("set/labels/val/00000" + std::to_string(i) + ".txt", "");
  for (const char* step : {"train", "pipeline"}) {
    expect_failure(3, {step, "--data", data, "--out", folder_ / "out", "--img-size", "64", "--epochs", "1"},
                   AllOf(HasSubstr("split val"), HasSubstr("without a single object")));
  }
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

TEST_F(TorchContract, ResumingNeedsAStateOfTheSameTraining) {
  const std::string data = make_set(), out = folder_ / "out";
  const Arguments train{"train", "--data", data, "--out", out, "--epochs", "1", "--batch-size", "4"};
  expect_failure(3, with(train, {"--img-size", "64", "--resume"}), HasSubstr("no training state"));
  EXPECT_FALSE(fs::exists(out));
  ASSERT_EQ(run(with(train, {"--img-size", "64"})).code, 0);
  const std::string recipe = bytes("out/recipe.yaml");
  expect_failure(3, with(train, {"--img-size", "96", "--resume"}),
                 HasSubstr("another network (yolov6n repopt 64x64, now yolov6n repopt 96x96)"));
  expect_failure(3, with(train, {"--img-size", "64", "--seed", "7", "--resume"}),
                 HasSubstr("another recipe (seed: 0, now 7)"));
  EXPECT_EQ(bytes("out/recipe.yaml"), recipe);
}

TEST_F(TorchContract, DamagedModelFilesAreRefused) {
  const std::string data = make_set(), text = read_file(make_weights());
  for (const std::string& bad : {std::string(), text.substr(0, text.size() / 2), "x" + text}) {
    const std::string path = write("bad.safetensors", bad), onnx = write("bad.onnx", bad);
    const auto before = files();
    expect_failure(3, eval(path, data), HasSubstr(path));
    expect_failure(3, {"calibrate", "--weights", path, "--data", data, "--out", folder_ / "out"},
                   HasSubstr(path));
    if (engine::supports(engine::Kind::openvino, engine::Precision::fp32))
      expect_failure(3, eval(onnx, data), HasSubstr(onnx));
    EXPECT_EQ(files(), before);
  }
  const std::string calibrated = make_calibrated();
  expect_failure(3, {"calibrate", "--weights", calibrated, "--data", data, "--out", folder_ / "out"},
                 HasSubstr(calibrated));
}

TEST_F(TorchContract, AnOnnxFileIsEvaluatedAsWhatItIs) {
  if (!engine::supports(engine::Kind::openvino, engine::Precision::fp32))
    GTEST_SKIP() << "built without OpenVINO";
  const std::string data = make_set(), onnx = folder_ / "ptq.onnx";
  ASSERT_EQ(run({"export", "--weights", make_calibrated(), "--form", "qdq", "--out", onnx}).code, 0);
  EXPECT_THAT(expect_json(eval(onnx, data)).at("runner").get<std::string>(),
              testing::StartsWith("openvino int8"));
  expect_failure(3, with(eval(onnx, data), {"--precision", "fp32"}),
                 AllOf(HasSubstr(onnx), HasSubstr("fp32")));
}

TEST_F(TorchContract, AModelFileIsEvaluatedInThePrecisionThatIsAskedForOrRefused) {
  const std::string data = make_set(), plain = make_weights(), calibrated = make_calibrated();
  const auto runner = [&](const std::string& weights, const char* precision) {
    return expect_json(with(eval(weights, data), {"--precision", precision})).at("runner");
  };
  EXPECT_EQ(runner(plain, "auto"), "eager fp32");
  EXPECT_EQ(runner(plain, "fp32"), "eager fp32");
  EXPECT_EQ(runner(plain, "bf16"), "eager bf16");
  EXPECT_EQ(runner(calibrated, "int8"), "eager int8 (simulated)");
  expect_failure(3, with(eval(plain, data), {"--precision", "int8"}),
                 AllOf(HasSubstr(plain), HasSubstr("no quantizers")));
  expect_failure(3, with(eval(calibrated, data), {"--precision", "bf16"}),
                 AllOf(HasSubstr(calibrated), HasSubstr("is quantized"), HasSubstr("bf16")));
}

TEST_F(TorchContract, AnOnnxFileOfOtherClassesThanTheSetIsRefused) {
  if (!engine::supports(engine::Kind::openvino, engine::Precision::fp32))
    GTEST_SKIP() << "built without OpenVINO";
  formats::ModelFile file = network();
  for (auto& [name, array] : file.model.weights) {
    if (name.starts_with("detect.cls_preds.") && name.ends_with(".bias")) array.floats().assign(4, 3.0F);
  }
  formats::write_model(folder_ / "sure.safetensors", file);
  const std::string named = folder_ / "named.onnx", nameless = folder_ / "nameless.onnx";
  ASSERT_EQ(run({"export", "--weights", folder_ / "sure.safetensors", "--out", named}).code, 0);
  onnx::write_onnx(nameless, file.model, {});
  make_set();
  const std::string data = write("set/other.yaml", "val: images/val\nnames: [a]\n");
  for (int i = 1; i <= 3; ++i)
    write("set/labels/val/00000" + std::to_string(i) + ".txt", "0 0.5 0.5 0.2 0.2\n");
  expect_failure(3, eval(named, data), AllOf(HasSubstr(named), HasSubstr("[disc, square, triangle, cross]")));
  expect_failure(3, eval(nameless, data), HasSubstr("the data set has 0 to 0"));
}

TEST_F(TorchContract, BrokenRecipesAreRefusedWithTheirLine) {
  const std::string data = make_set();
  auto refuse = [&](const char* text, const char* message) {
    const std::string path = write("recipe.yaml", text);
    expect_failure(3, {"pipeline", "--data", data, "--out", folder_ / "out", "--recipe", path},
                   AllOf(HasSubstr(path), HasSubstr(message)));
  };
  refuse("", "pipeline, hyper_search, train, calibrate, qat and bench");
  refuse("[1, 2]", "pipeline, hyper_search, train, calibrate, qat and bench");
  refuse("pipeline: {branchy: maybe}", "true or false");
  refuse("pipeline: {speed: true}", "'speed'");
  refuse("calibrate: {keep_float: 1001}", "1000");
  refuse("qat:\n  epochs: 0\n", "line 2");
  refuse("bench: {batches: [0]}", "4096");
  refuse("a: [", "line 1");
  refuse("quantize: {}", "'quantize'");
  refuse("? [a]\n: {}\n", "line 1");
  refuse("calibrate:\n  method: guess\n", "line 2");
  refuse("calibrate:\n  images: -5\n", "line 2");
  refuse("calibrate:\n  percentile: .nan\n", "line 2");
  refuse("calibrate:\n  speed: 1\n", "'speed'");
  refuse("bench: {rounds: 0}", "1000");
  refuse("bench: {seconds: [1]}", "600");
  refuse("train:\n  batch_size: none\n", "batch_size");
  refuse("train:\n  nonsense: 1\n", "nonsense");
  refuse("train:\n  epochs: 5\n  epochs: 7\n", "line 3: 'epochs' is given in line 2 already");
  refuse("calibrate:\ntrain:\n  epochs: 1\n\n  batch_size: none\nbench:\n  rounds: 1\n", "line 5");
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

TEST_F(TorchContract, ALayerThatDoesNotExistIsRefusedBeforeAnythingIsTrained) {
  const std::string recipe = write("recipe.yaml", "calibrate: {keep_float: [many]}\n");
  expect_failure(
      2, {"pipeline", "--data", make_set(), "--out", folder_ / "out", "--img-size", "64", "--recipe", recipe},
      AllOf(HasSubstr("'many'"), HasSubstr("backbone.stem")));
  EXPECT_FALSE(fs::exists(folder_ / "out/float"));
}

TEST_F(TorchContract, AnOutputThatCannotBeWrittenEndsWithFour) {
  const std::string data = make_set(), weights = make_weights();
  expect_failure(4, {"train", "--data", data, "--out", "/proc/yolov6q", "--img-size", "64"},
                 HasSubstr("/proc/yolov6q"));
  expect_failure(4, {"pipeline", "--data", data, "--out", "/proc/yolov6q", "--img-size", "64"},
                 HasSubstr("/proc/yolov6q"));
  expect_failure(
      4, {"calibrate", "--weights", weights, "--data", data, "--out", "/proc/yolov6q/a", "--images", "2"},
      HasSubstr("/proc/yolov6q"));
  expect_failure(4, with(eval(weights, data), {"--save-detections", "/proc/yolov6q/a"}),
                 HasSubstr("/proc/yolov6q"));
}

TEST_F(TorchContract, AFullDiskEndsWithFourAndLeavesNoHalfFile) {
  const std::string data = make_set(), weights = make_weights();
  const auto before = files();
  expect_failure(4,
                 {"calibrate", "--weights", weights, "--data", data, "--out", folder_ / "ptq.safetensors",
                  "--images", "2"},
                 HasSubstr(folder_ / "ptq.safetensors"), {.largest_file_bytes = 100000});
  EXPECT_EQ(files(), before);
}

}  // namespace
}  // namespace y6q::hostile
