#include "pipeline/results.h"

#include "base/isa.h"
#include "base/number_text.h"
#include "eval/protocol.h"
#include "pipeline/measurements.h"
#include "stages/doctor.h"
#include "stages/export.h"

namespace y6q::pipeline {
namespace {

using nlohmann::json;

std::optional<Difference> difference_of(const json& entry, const char* other) {
  const auto found = entry.find(other);
  if (found == entry.end()) return {};
  return Difference{found->at("value"), found->at("low"), found->at("high"), found->at("p_value")};
}

Row row_of(const Context& in, const Measured& measured, const json& differences) {
  const fs::path file = in.network.files.numbers(measured.model);
  const json document = read_result(file), subject = document.value("subject", json::object());
  const bool is_engine = measured.file.extension() == ".onnx";
  json expected = subject;
  expected.update({{"data", in.premises.measured},
                   {"split", in.options.split},
                   {"image_size", in.options.train.image_size}});
  if (is_engine) expected.update(engine_premises(in.run));
  if (subject != expected) {
    throw InputError(
        "{}: was measured with another data set, split, image size or engine, or on another machine; use "
        "--from evaluate",
        file.string());
  }
  const json& entry = differences.at(measured.model);
  const fs::path deployed = measured.model == "float" ? in.network.files.float_onnx
                            : is_engine               ? measured.file
                                                      : fs::path();
  return {.model = in.network.prefix + measured.model,
          .map = document.at("map"),
          .map50 = document.at("map50"),
          .selection = measured.selection,
          .runner = document.at("runner"),
          .to_float = difference_of(entry, "float"),
          .to_simulation = difference_of(entry, "simulation"),
          .simulation = measured.simulation,
          .file = deployed.empty() ? deployed : deployed.lexically_relative(in.options.train.training.out),
          .bytes = deployed.empty() ? 0 : fs::file_size(deployed)};
}

void note_speed(const json& measured, std::vector<Row>& rows) {
  const std::string precision = measured.at("precision");
  for (Row& row : rows) {
    const bool same = row.model == measured.at("model") || (row.model == "float_bf16" && precision == "bf16");
    if (!same) continue;
    if (measured.at("batch") == 1) row.latency_ms[precision] = measured.at("p50_ms");
    row.images_per_s[precision][measured.at("batch")] = measured.at("images_per_s");
  }
}

}  // namespace

const Row* find_row(const Result& result, std::string_view model) {
  for (const Row& row : result.rows) {
    if (row.model == model) return &row;
  }
  return nullptr;
}

bool disagrees(const Difference& to_simulation) {
  constexpr double kRounding = 1e-3, kChance = 0.01;
  return to_simulation.p_value < kChance && std::fabs(to_simulation.value) > kRounding;
}

void require_drop(const Result& result, double points) {
  if (!result.alarms.empty()) throw GoalMissed("pipeline: {}", result.alarms.front());
  for (const Row& row : result.rows) {
    if (row.model != "engine" || -100 * row.to_float->value <= points) continue;
    throw GoalMissed("pipeline: the engine loses {:.2f} points of mAP, --max-drop {} is accepted",
                     -100 * row.to_float->value, points);
  }
}

InputError not_of_its_step(const fs::path& path) {
  return InputError("{}: is not what its step wrote; remove it, and the same command makes it again",
                    path.string());
}

json read_result(const fs::path& path) {
  json document = json::parse(read_file(path), nullptr, false);
  if (document.is_discarded()) throw not_of_its_step(path);
  return document;
}

Result results_of(const PipelineOptions& options, std::span<const Network> networks, const Premises& premises,
                  const stages::Run& run) {
  Result result{.split = options.split,
                .protocol = eval::Protocol{}.describe(),
                .engine = run.options().engine,
                .isa = kernel_isa().name(),
                .machine = stages::doctor_lines(stages::this_machine(options.train.training.out)),
                .skipped = run.skipped()};
  for (const Network& network : networks) {
    const Context context{options, network, premises, run};
    const json differences = read_result(network.files.differences);
    for (const Measured& measured : context.measured()) {
      const Row& row = result.rows.emplace_back(row_of(context, measured, differences));
      if (!row.to_simulation || !disagrees(*row.to_simulation)) continue;
      result.alarms.push_back(
          fmt::format("{} ({}) is {} points from its simulation {}{}, 95 % interval {} to {}: "
                      "this engine does not compute the model that was simulated",
                      row.model, row.runner, signed_text(100 * row.to_simulation->value, 1), network.prefix,
                      measured.simulation, signed_text(100 * row.to_simulation->low, 1),
                      signed_text(100 * row.to_simulation->high, 1)));
    }
  }
  const NetworkFiles& files = networks.front().files;
  if (fs::exists(files.bench)) {
    for (const json& measured : read_result(files.bench)) note_speed(measured, result.rows);
  }
  if (networks.front().has_cache) {
    result.trtexec = stages::trtexec_command({.weights = networks.front().quantized(),
                                              .out = files.free_onnx,
                                              .form = stages::ExportForm::qdq_free});
  }
  return result;
}

}  // namespace y6q::pipeline
