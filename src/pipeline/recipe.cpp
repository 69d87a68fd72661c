#include <map>

#include "data/yaml_reader.h"
#include "pipeline/pipeline.h"

namespace y6q::pipeline {
using namespace stages;  // TEMPORARY
namespace {

using data::YamlEntry;
using data::YamlReader;

/// One of an enumeration's names.
template <typename E>
E named(const YamlReader& reader, const YamlEntry& entry) {
  const std::string text = reader.text(entry, "a name");
  try {
    return from_name<E>(text);
  } catch (const Error& error) {
    reader.refuse_line(entry.line, error.what());
  }
}

/// A number of the most sensitive layers, or a list of names.
void read_keep_float(const YamlReader& reader, const YamlEntry& entry, CalibrateOptions& options) {
  if (!entry.value.IsSequence()) {
    options.keep_float_count = reader.number<int64_t>(entry, 0, 1000);
    return;
  }
  for (const YamlEntry& layer : reader.elements(entry, "an element of keep_float")) {
    options.keep_float.insert(reader.text(layer, "the name of a layer"));
  }
}

void read_calibrate(const YamlReader& reader, const YamlEntry& map, CalibrateOptions& options) {
  constexpr const char* kAccepted = "scheme, method, percentile, images, bias_correction, keep_float";
  for (const YamlEntry& entry : reader.entries(map, kAccepted)) {
    if (entry.name == "scheme") {
      options.ranges.scheme = named<quant::Scheme>(reader, entry);
    } else if (entry.name == "method") {
      options.ranges.method = named<quant::RangeMethod>(reader, entry);
    } else if (entry.name == "percentile") {
      options.ranges.percentile = reader.number<double>(entry, 50, 100);
    } else if (entry.name == "images") {
      options.images = reader.number<int64_t>(entry, 1, 1 << 20);
    } else if (entry.name == "bias_correction") {
      options.ranges.bias_correction = reader.truth(entry);
    } else if (entry.name == "keep_float") {
      read_keep_float(reader, entry, options);
    } else {
      reader.refuse_key(entry, kAccepted);
    }
  }
}

void read_batches(const YamlReader& reader, const YamlEntry& entry, std::vector<int64_t>& batches) {
  if (!entry.value.IsSequence()) reader.refuse(entry, "a list of batch sizes");
  batches.clear();
  for (const YamlEntry& batch : reader.elements(entry, "an element of batches")) {
    batches.push_back(reader.number<int64_t>(batch, 1, 4096));
  }
}

void read_bench(const YamlReader& reader, const YamlEntry& map, PipelineOptions& options) {
  constexpr const char* kAccepted = "seconds, rounds, batches";
  for (const YamlEntry& entry : reader.entries(map, kAccepted)) {
    if (entry.name == "seconds") {
      options.bench_seconds = reader.number<double>(entry, 0.01, 600);
    } else if (entry.name == "rounds") {
      options.bench_rounds = reader.number<int>(entry, 1, 1000);
    } else if (entry.name == "batches") {
      read_batches(reader, entry, options.bench_batches);
    } else {
      reader.refuse_key(entry, kAccepted);
    }
  }
}

void read_switches(const YamlReader& reader, const YamlEntry& map, PipelineOptions& options) {
  constexpr const char* kAccepted = "sensitivity, qat, distill, branchy";
  const std::map<std::string, bool PipelineOptions::*> switches{
      {"sensitivity", &PipelineOptions::sensitivity},
      {"qat", &PipelineOptions::qat},
      {"distill", &PipelineOptions::distill},
      {"branchy", &PipelineOptions::branchy}};
  for (const YamlEntry& entry : reader.entries(map, kAccepted)) {
    const auto found = switches.find(entry.name);
    if (found == switches.end()) reader.refuse_key(entry, kAccepted);
    options.*found->second = reader.truth(entry);
  }
}

}  // namespace

void read_pipeline_recipe(const fs::path& path, PipelineOptions& options) {
  constexpr uint64_t kLongest = 1 << 20;
  constexpr const char* kAccepted = "pipeline, hyper_search, train, calibrate, qat and bench";
  const YamlReader reader("recipe: " + path.string());
  const std::map<std::string, std::string*> trainings{{"train", &options.train.recipe},
                                                      {"hyper_search", &options.search_recipe},
                                                      {"qat", &options.qat_recipe}};
  for (const YamlEntry& entry : reader.entries(reader.load(read_file(path, kLongest)), kAccepted)) {
    if (entry.value.IsNull()) continue;
    if (const auto training = trainings.find(entry.name); training != trainings.end()) {
      // Refuses here, where lines are known and nothing is written yet; what is kept is free of mistakes.
      train::parse_train_recipe(entry, path.string());
      *training->second = YAML::Dump(entry.value);
    } else if (entry.name == "pipeline") {
      read_switches(reader, entry, options);
    } else if (entry.name == "calibrate") {
      read_calibrate(reader, entry, options.calibrate);
    } else if (entry.name == "bench") {
      read_bench(reader, entry, options);
    } else {
      reader.refuse_key(entry, kAccepted);
    }
  }
}

}  // namespace y6q::pipeline
