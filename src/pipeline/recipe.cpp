#include <map>

#include "data/yaml_fields.h"
#include "pipeline/options.h"

namespace y6q::pipeline {

const std::vector<Field<BenchSettings>>& bench_fields() {
  static const std::vector<Field<BenchSettings>> kFields{
      number_field("seconds", &BenchSettings::seconds, 0.01, 600,
                   "Seconds for each file, precision and round"),
      number_field("rounds", &BenchSettings::rounds, 1, 1000, "Rounds; files take turns"),
      numbers_field("batches", &BenchSettings::batches, 1, 4096, "Batch sizes"),
  };
  return kFields;
}

const std::vector<Field<Parts>>& part_fields() {
  static const std::vector<Field<Parts>> kFields{
      truth_field("sensitivity", &Parts::sensitivity, "Measure what each layer costs in INT8"),
      truth_field("qat", &Parts::qat, "Train with quantization"),
      truth_field("distill", &Parts::distill, "Let the float network teach in QAT"),
      truth_field("branchy", &Parts::branchy, "The branchy network as well, for comparison"),
  };
  return kFields;
}

void read_pipeline_recipe(const fs::path& path, PipelineOptions& options) {
  constexpr uint64_t kLongest = 1 << 20;
  constexpr const char* kAccepted = "pipeline, hyper_search, train, calibrate, qat and bench";
  const data::YamlReader reader("recipe: " + path.string());
  const std::map<std::string, std::string*> trainings{{"train", &options.train.training.recipe},
                                                      {"hyper_search", &options.search_recipe},
                                                      {"qat", &options.qat_recipe}};
  for (const data::YamlEntry& entry : reader.entries(reader.load(read_file(path, kLongest)), kAccepted)) {
    if (entry.value.IsNull()) continue;
    if (const auto training = trainings.find(entry.name); training != trainings.end()) {
      // Refuses here, where lines are known and nothing is written yet; what is kept is free of mistakes.
      train::parse_train_recipe(entry, path.string());
      *training->second = YAML::Dump(entry.value);
    } else if (entry.name == "pipeline") {
      data::set_fields(part_fields(), reader, entry, options.parts);
    } else if (entry.name == "calibrate") {
      data::set_fields(stages::calibration_fields(), reader, entry, options.calibrate);
    } else if (entry.name == "bench") {
      data::set_fields(bench_fields(), reader, entry, options.bench);
    } else {
      reader.refuse_key(entry, kAccepted);
    }
  }
}

}  // namespace y6q::pipeline
