#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>

#include "base/isa.h"
#include "base/monitor.h"
#include "base/threads.h"
#include "data/synth.h"
#include "ir/queries.h"
#include "models/yolov6.h"
#include "onnx/write.h"
#include "passes/deploy.h"
#include "passes/insert_quantizers.h"
#include "stages/detect.h"

// Image files to boxes: the whole, against the bound cores / (seconds an image of decoding, letterboxing,
// inference and suppression, each measured alone on one thread). An untrained YOLOv6-S at 640 x 640 in INT8
// on generated JPEG files, or what Y6Q_BENCH_ONNX and Y6Q_BENCH_IMAGES (a folder) name.
namespace y6q::stages {
namespace {

std::string setting(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

fs::path scratch_folder() { return fs::temp_directory_path() / "y6q_detect_bench"; }

/// Every range is 1: what is computed makes no difference to the time.
fs::path quantized_network() {
  if (const std::string given = setting("Y6Q_BENCH_ONNX"); !given.empty()) return given;
  const fs::path path = scratch_folder() / "yolov6s.onnx";
  const ir::Model network = models::yolov6(
      {.architecture = "yolov6s", .mode = models::Mode::repvgg, .class_count = 80, .image_size = {640, 640}});
  ir::Model model = passes::insert_quantizers(passes::deploy(network), {});
  for (const ir::Value quantizer : ir::activation_quantizers(model.graph)) {
    const ir::Node& node = model.graph.node(quantizer);
    model.weights.at(model.graph.node(node.inputs[1]).name) = ir::Array::scalar(1);
  }
  onnx::write_onnx(path, model, {.form = onnx::Form::qdq, .metadata = {{"scheme", "tensorrt"}}});
  return path;
}

std::vector<DetectSource> pictures() {
  if (const std::string given = setting("Y6Q_BENCH_IMAGES"); !given.empty())
    return find_sources({given}, silent_monitor());
  const fs::path folder = scratch_folder() / "set";
  fs::remove_all(folder);
  data::write_synth({.out = folder, .train = 1, .val = 1, .test = 64, .image_size = 640}, silent_monitor());
  return find_sources({(folder / "images" / "test").string()}, silent_monitor());
}

DetectSummary run(DetectOptions options, int threads) {
  options.detector.threads = threads;
  return detect(options, {}, silent_monitor());
}

/// Other work on the machine takes from both runs, but more from the one with fewer threads. Two shares do
/// not depend on it: of the threads' time the part spent in the steps, and the CPU time of an image alone
/// over that of an image among others. Their product is the share of the bound.
struct Shares {
  std::vector<double> wall, busy, cpu;

  void add(const DetectSummary& one, const DetectSummary& all) {
    wall.push_back(all.images_per_s() * one.seconds.total() / static_cast<double>(one.frames) / core_count());
    busy.push_back(all.seconds.total() / (all.wall_seconds * core_count()));
    cpu.push_back(one.cpu_seconds / all.cpu_seconds);
  }
};

double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + std::ssize(values) / 2);
  return values[values.size() / 2];
}

void FilesToBoxes(benchmark::State& state) {
  const DetectOptions options{.onnx = quantized_network(), .sources = pictures()};
  run(options, 1);  // files into the page cache
  DetectSummary one, all;
  Shares shares;
  for (auto _ : state) {
    // In turns, so that a machine that slows down slows both.
    one = run(options, 1);
    all = run(options, 0);
    shares.add(one, all);
    state.SetIterationTime(all.wall_seconds);
  }
  const auto frames = static_cast<double>(one.frames);
  state.counters["images/s"] = all.images_per_s();
  state.counters["bound images/s"] = core_count() * frames / one.seconds.total();
  state.counters["share of bound"] = median(shares.wall);
  state.counters["share busy"] = median(shares.busy);
  state.counters["share cpu"] = median(shares.cpu);
  state.counters["cpu ms an image"] = one.cpu_seconds / frames * 1e3;
  state.counters["decode ms"] = one.seconds.decode / frames * 1e3;
  state.counters["letterbox ms"] = one.seconds.letterbox / frames * 1e3;
  state.counters["inference ms"] = one.seconds.inference / frames * 1e3;
  state.counters["nms ms"] = one.seconds.nms / frames * 1e3;
  state.SetLabel(detect_isa().name());
}

BENCHMARK(FilesToBoxes)->UseManualTime()->Iterations(5)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace y6q::stages
