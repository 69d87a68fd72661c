#include "stages/bench.h"

#include <fmt/core.h>

#include "base/errors.h"
#include "base/isa.h"
#include "cli/command.h"
#include "cli/options.h"

namespace y6q::cli {
namespace {

class BenchCommand : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option("--onnx", float_, "Float ONNX file: timed in FP32 and, where this CPU has it, BF16")
        ->group(kModelGroup);
    app.add_option("--int8", int8_, "Q/DQ ONNX file: timed in INT8")->group(kModelGroup);
    add_batch_size(app, options_.batch);
    add_threads(app, options_.threads);
    app.add_option("--seconds", options_.seconds, "Seconds to measure each candidate in each round")
        ->check(CLI::Range(0.01, 600.0))
        ->capture_default_str()
        ->group(kTimingGroup);
    app.add_option("--rounds", options_.rounds, "Number of rounds in which the candidates take turns")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str()
        ->group(kTimingGroup);
    add_example(app, "yolov6q bench --onnx float.onnx --int8 ptq.onnx --batch-size 1");
  }

  void run(Console& console) override {
    if (!float_.empty()) {
      options_.candidates.push_back({float_, engine::Precision::fp32});
      options_.candidates.push_back({float_, engine::Precision::bf16});
    }
    if (!int8_.empty()) options_.candidates.push_back({int8_, engine::Precision::int8});
    if (options_.candidates.empty()) throw UsageError("bench: give --onnx, --int8 or both");
    const auto results = stages::bench(options_, console.monitor());
    nlohmann::json list = nlohmann::json::array();
    std::string text = fmt::format("{:<6} {:>5} {:>9} {:>9} {:>9} {:>10}  {}\n", "", "batch", "p50 ms",
                                   "p90 ms", "p99 ms", "images/s", kernel_isa().name());
    for (const stages::BenchResult& result : results) {
      const std::string precision(name_of(result.candidate.precision));
      const auto& ms = result.latency_ms;
      text += fmt::format("{:<6} {:>5} {:>9.3f} {:>9.3f} {:>9.3f} {:>10.1f}\n", precision, result.batch,
                          ms.p50, ms.p90, ms.p99, result.images_per_s);
      if (!result.note.empty()) text += result.note + "\n";
      list.push_back({{"precision", precision},
                      {"batch", result.batch},
                      {"p50_ms", ms.p50},
                      {"p90_ms", ms.p90},
                      {"p99_ms", ms.p99},
                      {"images_per_s", result.images_per_s},
                      {"isa", result.isa},
                      {"note", result.note},
                      {"onnx", result.candidate.onnx.string()}});
    }
    console.result(text, {{"results", list}, {"isa", kernel_isa().name()}});
  }

 private:
  fs::path float_, int8_;
  stages::BenchOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_bench_command() { return std::make_unique<BenchCommand>(); }

}  // namespace y6q::cli
