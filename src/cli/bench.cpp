#include "stages/bench.h"

#include <fmt/core.h>

#include <algorithm>
#include <memory>

#include "base/errors.h"
#include "base/isa.h"
#include "cli/cache_folder.h"
#include "cli/command.h"
#include "cli/options.h"
#include "stages/engine_file.h"

namespace y6q::cli {
namespace {

using engine::Precision;
using nlohmann::json;

std::string layer_table(const stages::BenchResult& result) {
  constexpr size_t kShown = 10;
  double total = 0;
  for (const engine::LayerTime& layer : result.layers) total += layer.ms;
  std::vector<engine::LayerTime> slowest = result.layers;
  std::ranges::stable_sort(slowest, std::greater<>(), &engine::LayerTime::ms);
  slowest.resize(std::min(slowest.size(), kShown));
  std::string text =
      fmt::format("\n{}, batch {}: {} steps, {:.3f} ms in all\n", name_of(result.candidate.precision),
                  result.batch, result.layers.size(), total);
  for (const engine::LayerTime& layer : slowest) {
    text += fmt::format("{:>9.3f} ms {:>5.1f} %  {:<14} {:<5} {}\n", layer.ms, 100 * layer.ms / total,
                        layer.type, layer.precision, layer.name);
  }
  return text;
}

json document_of(const stages::BenchResult& result) {
  const auto& ms = result.latency_ms;
  json document{{"precision", name_of(result.candidate.precision)},
                {"batch", result.batch},
                {"streams", result.streams},
                {"p50_ms", ms.p50},
                {"p90_ms", ms.p90},
                {"p99_ms", ms.p99},
                {"images_per_s", result.images_per_s},
                {"isa", result.isa},
                {"note", result.note},
                {"onnx", result.candidate.onnx.string()}};
  for (const engine::LayerTime& layer : result.layers) {
    document["layers"].push_back(
        {{"name", layer.name}, {"type", layer.type}, {"precision", layer.precision}, {"ms", layer.ms}});
  }
  return document;
}

class BenchCommand : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option(
           "--weights", weights_,
           "Model or ONNX files, separated by commas: float ones are timed in FP32 and, where this CPU "
           "has it, BF16, quantized ones in INT8")
        ->delimiter(',')
        ->group(kModelGroup);
    app.add_option("--onnx", float_, "Float ONNX file: timed in FP32 and, where this CPU has it, BF16")
        ->group(kModelGroup);
    app.add_option("--int8", int8_, "Q/DQ ONNX file: timed in INT8")->group(kModelGroup);
    app.add_option("--batch-size", batches_, "Numbers of images in a batch, separated by commas")
        ->delimiter(',')
        ->check(CLI::Range(int64_t{1}, int64_t{4096}))
        ->capture_default_str()
        ->group(kDataGroup);
    add_engine(app, options_.engine);
    add_threads(app, options_.threads);
    app.add_option("--seconds", options_.seconds, "Seconds to measure each candidate in each round")
        ->check(CLI::Range(0.01, 600.0))
        ->capture_default_str()
        ->group(kTimingGroup);
    app.add_option("--rounds", options_.rounds, "Number of rounds in which the candidates take turns")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str()
        ->group(kTimingGroup);
    app.add_option(
           "--streams", options_.streams,
           "Calls at a time, which share the threads: 1 for latency; 0: as many as the engine finds best "
           "for throughput")
        ->check(CLI::Range(0, 1024))
        ->capture_default_str()
        ->group(kTimingGroup);
    app.add_flag("--layers", options_.layers, "Add the time of each step of the engine")->group(kTimingGroup);
    app.add_option("--min-speedup", min_speedup_,
                   "Exit 1 when INT8 is less than this many times as fast as the best float precision")
        ->check(CLI::Range(0.0, 1000.0))
        ->group(kTimingGroup);
    app.add_option("--engine-cache", options_.cache, "Folder that keeps compiled networks for the next start")
        ->group(kMachineGroup);
    add_example(app, "yolov6q bench --weights float.safetensors,ptq.safetensors --batch-size 1,32");
  }

  void run(Console& console) override {
    add_candidates();
    std::vector<stages::BenchResult> results;
    for (const int64_t batch : batches_) {
      options_.batch = batch;
      for (stages::BenchResult& result : stages::bench(options_, console.monitor()))
        results.push_back(std::move(result));
    }
    std::string text = fmt::format("{:<6} {:>5} {:>7} {:>9} {:>9} {:>9} {:>10}  {}\n", "", "batch", "streams",
                                   "p50 ms", "p90 ms", "p99 ms", "images/s", kernel_isa().name());
    json list = json::array();
    for (const stages::BenchResult& result : results) {
      const auto& ms = result.latency_ms;
      text += fmt::format("{:<6} {:>5} {:>7} {:>9.3f} {:>9.3f} {:>9.3f} {:>10.1f}\n",
                          name_of(result.candidate.precision), result.batch, result.streams, ms.p50, ms.p90,
                          ms.p99, result.images_per_s);
      if (!result.note.empty()) text += result.note + "\n";
      list.push_back(document_of(result));
    }
    for (const stages::BenchResult& result : results) {
      if (options_.layers) text += layer_table(result);
    }
    json document{{"results", list}, {"isa", kernel_isa().name()}};
    compare(results, text, document);
    console.result(text, document);
    require_speedup(results);
  }

 private:
  void add_candidates() {
    for (const fs::path& weights : weights_) {
      const auto& file = files_.emplace_back(
          std::make_unique<stages::EngineFile>(weights, stages::EngineCache{engine_file_folder()}));
      const Precision own =
          engine::open(options_.engine, file->onnx(), {.threads = options_.threads})->precision();
      add(file->onnx(), own == Precision::int8);
    }
    if (!float_.empty()) add(float_, false);
    if (!int8_.empty()) add(int8_, true);
    if (options_.candidates.empty())
      throw UsageError("bench: give --weights, --onnx, --int8 or some of them");
    const auto is_int8 = [](const auto& candidate) { return candidate.precision == Precision::int8; };
    const auto int8 = std::ranges::count_if(options_.candidates, is_int8);
    if (min_speedup_ && (int8 == 0 || int8 == std::ssize(options_.candidates)))
      throw UsageError("bench: --min-speedup: needs a quantized file and a float one");
  }

  void add(const fs::path& onnx, bool is_quantized) {
    if (is_quantized) {
      options_.candidates.push_back({onnx, Precision::int8});
    } else {
      options_.candidates.push_back({onnx, Precision::fp32});
      options_.candidates.push_back({onnx, Precision::bf16});
    }
  }

  /// INT8 against float, of every batch.
  static void compare(const std::vector<stages::BenchResult>& results, std::string& text, json& document) {
    document["speedups"] = json::array();
    for (const stages::BenchResult& result : results) {
      if (result.candidate.precision != Precision::int8) continue;
      const auto speedup = stages::speedup_of(result, results);
      if (!speedup) continue;
      const std::string_view best = name_of(speedup->best_float);
      text += fmt::format("int8 is {:.2f}x as fast as {}, batch {}{}\n", speedup->ratio, best, result.batch,
                          speedup->ratio < stages::kWorthwhileSpeedup
                              ? fmt::format(": take {}; --layers shows where the time goes", best)
                              : "");
      document["speedups"].push_back({{"onnx", result.candidate.onnx.string()},
                                      {"batch", result.batch},
                                      {"against", best},
                                      {"ratio", speedup->ratio}});
    }
  }

  void require_speedup(const std::vector<stages::BenchResult>& results) const {
    for (const stages::BenchResult& result : results) {
      if (!min_speedup_ || result.candidate.precision != Precision::int8) continue;
      const auto speedup = stages::speedup_of(result, results);
      if (speedup && speedup->ratio < *min_speedup_) {
        throw GoalMissed("bench: {}, batch {}: int8 is {:.3f}x as fast as {}, below --min-speedup {:.3f}",
                         result.candidate.onnx.string(), result.batch, speedup->ratio,
                         name_of(speedup->best_float), *min_speedup_);
      }
    }
  }

  std::vector<fs::path> weights_;
  fs::path float_, int8_;
  std::vector<int64_t> batches_{1};
  std::optional<double> min_speedup_;
  std::vector<std::unique_ptr<stages::EngineFile>> files_;
  stages::BenchOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_bench_command() { return std::make_unique<BenchCommand>(); }

}  // namespace y6q::cli
