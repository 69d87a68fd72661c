#include "pipeline/pipeline.h"

#include <algorithm>

#include "base/folder_lock.h"
#include "base/isa.h"
#include "base/utf8.h"
#include "pipeline/result_page.h"
#include "pipeline/runner.h"
#include "pipeline/table.h"
#include "stages/doctor.h"
#include "stages/evaluate.h"

namespace y6q::pipeline {
namespace {

/// The last step: reads what the others left, and is cheap enough to be done each time.
Step report_step(const PipelineOptions& options, std::span<const Network> networks, const Premises& premises,
                 std::vector<std::string> commands, std::vector<std::string> names) {
  return {.phase = "report", .name = "report", .work = [=, &options, &premises](stages::Run& run) {
            const Result result = results_of(options, networks, premises, run);
            const fs::path folder = results_folder(options);
            write_file(folder / "summary.json", json_text(result_document(result), 2) + "\n");
            const data::Dataset& dataset = run.data(options.split);
            const std::vector<Judged> judged = judge(result, networks, dataset, run);
            write_pages(judged, folder);
            const StepLog log(options.train.training.out);
            std::vector<std::pair<std::string, double>> seconds;
            for (const std::string& name : names) seconds.emplace_back(name, log.seconds(name));
            const report::Page page = result_page({.result = result,
                                                   .options = options,
                                                   .network = networks.front(),
                                                   .dataset = dataset,
                                                   .data_path = run.options().data,
                                                   .data_sha256 = premises.train,
                                                   .seed = run.seed(),
                                                   .commands = commands,
                                                   .judged = judged,
                                                   .truth = stages::ground_truth_of(dataset),
                                                   .seconds = std::move(seconds)});
            write_file(folder / "report.html", report::to_html(page));
          }};
}

std::vector<std::string> step_names(std::span<const Step> steps) {
  std::vector<std::string> names;
  for (const Step& step : steps) names.push_back(step.name);
  return names;
}

std::vector<std::string> commands_of(std::span<const Step> steps) {
  std::vector<std::string> commands;
  for (const Step& step : steps) {
    if (!step.by_hand.empty()) commands.push_back("yolov6q " + step.by_hand);
  }
  return commands;
}

}  // namespace

Result pipeline(const PipelineOptions& options, stages::Run& run) {
  const PhaseRange range = phase_range(options.from, options.to);
  const Premises premises = premises_of(options, run);
  const std::vector<Network> networks = networks_of(options);
  std::vector<Step> steps = steps_of(options, networks, premises, run);
  steps.push_back(report_step(options, networks, premises, commands_of(steps), step_names(steps)));
  const fs::path& out = options.train.training.out;
  std::optional<FolderLock> lock;
  if (run.group().is_first()) lock.emplace(out);
  require_earlier(steps, range);
  const auto evaluate = static_cast<size_t>(std::ranges::find(kPhases, "evaluate") - kPhases.begin());
  // Numbers that are taken as they are must be of this data, size and machine, before anything is done.
  if (range.first > evaluate) results_of(options, networks, premises, run);
  for (const std::string& line : stages::doctor_lines(stages::this_machine(out))) run.monitor().message(line);
  run_steps(steps, range, StepLog(out), run);
  if (range.last < evaluate)
    return {.split = options.split,
            .engine = run.options().engine,
            .isa = kernel_isa().name(),
            .skipped = run.skipped()};
  return results_of(options, networks, premises, run);
}

}  // namespace y6q::pipeline
