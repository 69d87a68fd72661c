#include "pipeline/measurements.h"

#include "base/isa.h"
#include "coco/bootstrap.h"
#include "infer/open.h"
#include "stages/evaluate.h"

namespace y6q::pipeline {

using nlohmann::json;

json engine_premises(const stages::Run& run) {
  return {{"engine", name_of(run.options().engine)}, {"isa", kernel_isa().name()}};
}

void measure_accuracy(const Measured& row, const AccuracyFiles& files, const json& subject,
                      const std::string& split, stages::Run& run) {
  const data::Dataset& dataset = run.data(split);
  // A model file runs as what it is; the precision is the engine's.
  const bool is_engine = row.file.extension() == ".onnx";
  const auto runner =
      infer::open(row.file, run.runner(is_engine ? std::optional(row.precision) : std::nullopt));
  if (!runner->note().empty()) run.monitor().message(row.model + ": " + runner->note());
  const stages::Evaluation result =
      stages::evaluate(*runner, dataset, {.image_size = runner->image_size()}, run);
  if (!run.group().is_first()) return;
  coco::write_detections(files.detections, coco::to_detections(result.detections, dataset.category_ids));
  const json document{{"map", result.map()},   {"map50", result.map50()}, {"stats", result.coco.stats},
                      {"subject", subject},    {"runner", result.runner}, {"protocol", result.protocol},
                      {"note", runner->note()}};
  write_file(files.numbers, document.dump(2) + "\n");
}

json paired_difference(const Comparison& files, const std::string& split, stages::Run& run) {
  const data::Dataset& dataset = run.data(split);
  InnerMonitor inner(run.monitor());
  const coco::Detections first = coco::read_detections(files.reference),
                         second = coco::read_detections(files.detections);
  const auto result =
      coco::compare(stages::ground_truth_of(dataset), {&first, &second}, stages::judging_of(dataset, run),
                    {.replicates = kReplicates, .confidence = files.confidence, .monitor = &inner});
  const coco::PairedDifference& map = result.stats[0];
  return {{"value", map.difference.value},
          {"low", map.difference.low},
          {"high", map.difference.high},
          {"p_value", map.p_value}};
}

}  // namespace y6q::pipeline
