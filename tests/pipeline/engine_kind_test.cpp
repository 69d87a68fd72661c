// Whoever runs an exported file runs it in the engine that was asked for. One that does not exist shows the
// way: the table of engines refuses it.
#include <gmock/gmock.h>

#include "base/errors.h"
#include "data/synth.h"
#include "embed/image_detector.h"
#include "formats/model_file.h"
#include "infer/open.h"
#include "models/yolov6.h"
#include "passes/deploy.h"
#include "pipeline/measurements.h"
#include "stages/bench.h"
#include "stages/build.h"
#include "stages/compare.h"
#include "stages/export.h"
#include "support/folder.h"

namespace y6q::pipeline {
namespace {

using engine::Precision;

constexpr int64_t kSide = 64;
constexpr auto kNone = static_cast<engine::Kind>(77);

class EngineKind : public testing::Test {
 protected:
  void SetUp() override {
    data::write_synth(
        {.out = folder_ / "set", .train = 1, .val = 1, .test = 1, .image_size = kSide, .classes = 3},
        silent_monitor());
    const ir::Model network = models::yolov6({.architecture = "yolov6n",
                                              .mode = models::Mode::repopt,
                                              .class_count = 3,
                                              .image_size = {kSide, kSide}});
    formats::write_model(model_, {passes::deploy(network),
                                  {.architecture = "yolov6n",
                                   .mode = "repvgg_deploy",
                                   .class_names = {"a", "b", "c"},
                                   .image_size = {kSide, kSide}}});
    stages::export_onnx({.weights = model_, .out = onnx_});
  }

  template <typename F>
  void expect_refused(F open) {
    EXPECT_THAT(open,
                testing::ThrowsMessage<InternalError>(testing::HasSubstr("engine: 77 is not in the table")));
  }

  const support::Folder folder_;
  const fs::path model_ = folder_ / "net.safetensors", onnx_ = folder_ / "net.onnx";
  stages::Run run_{{.data = folder_ / "set/data.yaml", .reading = {.sole_split = true}, .engine = kNone},
                   silent_monitor()};
};

TEST_F(EngineKind, OfARunIsThatOfEvaluationsAndComparisons) {
  expect_refused([&] { infer::open(onnx_, run_.runner(Precision::fp32)); });
  expect_refused([&] {
    measure_accuracy({"float_bf16", onnx_, Precision::fp32, ""}, {folder_ / "a.json", folder_ / "b.json"}, {},
                     "val", run_);
  });
  expect_refused([&] { stages::compare({.first = model_, .second = onnx_}, run_); });
}

TEST_F(EngineKind, IsAnOptionOfWhatNeedsNoDataSet) {
  expect_refused([&] {
    stages::bench({.engine = kNone, .candidates = {{onnx_, Precision::fp32}}}, silent_monitor());
  });
  expect_refused([&] { stages::fastest_precision(onnx_, {.engine = kNone}, silent_monitor()); });
  expect_refused([&] { stages::build({.engine = kNone, .onnx = onnx_, .out = folder_ / "engine.json"}); });
  expect_refused([&] { embed::ImageDetector(onnx_, {.engine = kNone}); });
}

}  // namespace
}  // namespace y6q::pipeline
