#include <yaml-cpp/yaml.h>

#include <limits>
#include <map>
#include <sstream>

#include "base/errors.h"
#include "stages/pipeline.h"

namespace y6q::stages {
namespace {

/// The value as T, inside [low, high].
template <typename T>
T number(const YAML::Node& node, const std::string& place, T low, T high) {
  T value{};
  const bool is_number = YAML::convert<T>::decode(node, value);
  if (is_number && value >= low && value <= high) return value;
  throw InputError("{}: line {}: '{}' cannot be used; a number from {} to {} is accepted", place,
                   node.Mark().line + 1, node.IsScalar() ? node.Scalar() : "…", low, high);
}

/// One of the names that `parse` knows; its message lists them.
template <typename Parse>
auto name(const YAML::Node& node, const std::string& place, Parse parse) {
  try {
    return parse(node.IsScalar() ? node.Scalar() : "…");
  } catch (const Error& error) {
    throw InputError("{}: line {}: {}", place, node.Mark().line + 1, error.what());
  }
}

bool flag(const YAML::Node& node, const std::string& place) {
  bool value = false;
  if (!node.IsScalar() || !YAML::convert<bool>::decode(node, value)) {
    throw InputError("{}: line {}: true or false is expected", place, node.Mark().line + 1);
  }
  return value;
}

[[noreturn]] void refuse(const YAML::Node& key, const std::string& place, const char* accepted) {
  throw InputError("{}: line {}: '{}' is not known; {} are", place, key.Mark().line + 1,
                   key.IsScalar() ? key.Scalar() : "…", accepted);
}

/// A number of the most sensitive layers, or a list of names.
void read_keep_float(const YAML::Node& value, const std::string& place, CalibrateOptions& options) {
  if (!value.IsSequence()) {
    options.keep_float_count = number(value, place, int64_t{0}, int64_t{1000});
    return;
  }
  for (const YAML::Node& name : value) options.keep_float.insert(name.IsScalar() ? name.Scalar() : "…");
}

void read_calibrate(const YAML::Node& map, const std::string& place, CalibrateOptions& options) {
  for (const auto& entry : map) {
    const YAML::Node &key = entry.first, &value = entry.second;
    if (key.Scalar() == "scheme") {
      options.ranges.scheme = name(value, place, quant::scheme_from_name);
    } else if (key.Scalar() == "method") {
      options.ranges.method = name(value, place, quant::range_method_from_name);
    } else if (key.Scalar() == "percentile") {
      options.ranges.percentile = number(value, place, 50.0, 100.0);
    } else if (key.Scalar() == "images") {
      options.images = number(value, place, int64_t{1}, int64_t{1} << 20);
    } else if (key.Scalar() == "bias_correction") {
      options.ranges.bias_correction = flag(value, place);
    } else if (key.Scalar() == "keep_float") {
      read_keep_float(value, place, options);
    } else {
      refuse(key, place, "scheme, method, percentile, images, bias_correction and keep_float");
    }
  }
}

void read_bench(const YAML::Node& map, const std::string& place, PipelineOptions& options) {
  for (const auto& entry : map) {
    const YAML::Node &key = entry.first, &value = entry.second;
    if (key.Scalar() == "seconds") {
      options.bench_seconds = number(value, place, 0.01, 600.0);
    } else if (key.Scalar() == "rounds") {
      options.bench_rounds = number(value, place, 1, 1000);
    } else if (key.Scalar() == "batches" && value.IsSequence()) {
      options.bench_batches.clear();
      for (const YAML::Node& batch : value) {
        options.bench_batches.push_back(number(batch, place, int64_t{1}, int64_t{4096}));
      }
    } else {
      refuse(key, place, "seconds, rounds and a list of batches");
    }
  }
}

void read_switches(const YAML::Node& map, const std::string& place, PipelineOptions& options) {
  const std::map<std::string, bool PipelineOptions::*> switches{
      {"sensitivity", &PipelineOptions::sensitivity},
      {"qat", &PipelineOptions::qat},
      {"distill", &PipelineOptions::distill},
      {"branchy", &PipelineOptions::branchy}};
  for (const auto& entry : map) {
    const auto found = switches.find(entry.first.Scalar());
    if (found == switches.end()) refuse(entry.first, place, "sensitivity, qat, distill and branchy");
    options.*found->second = flag(entry.second, place);
  }
}

/// First line of the key after `key`, or a line beyond the file's end.
int end_of(const YAML::Node& root, const YAML::Node& key) {
  int end = std::numeric_limits<int>::max();
  for (const auto& entry : root) {
    const int line = entry.first.Mark().line;
    if (line > key.Mark().line) end = std::min(end, line);
  }
  return end;
}

/// The lines of a map, behind as many empty ones as precede it in the file, so that messages name its lines.
std::string section(const std::string& text, const YAML::Node& map, int end) {
  if (map.Style() == YAML::EmitterStyle::Flow) return YAML::Dump(map);
  std::istringstream lines(text);
  std::string line, result;
  for (int number = 0; number < end && std::getline(lines, line); ++number) {
    result += (number < map.Mark().line ? "" : line) + "\n";
  }
  return result;
}

}  // namespace

void read_pipeline_recipe(const fs::path& path, PipelineOptions& options) {
  constexpr uint64_t kLongest = 1 << 20;
  const std::string text = read_file(path, kLongest);
  YAML::Node root;
  try {
    root = YAML::Load(text);
  } catch (const YAML::Exception& error) {
    throw InputError("{}: is no YAML: {}", path.string(), error.what());
  }
  constexpr const char* kAccepted = "the maps pipeline, hyper_search, train, calibrate, qat and bench";
  const std::map<std::string, std::string*> trainings{{"train", &options.train.recipe},
                                                      {"hyper_search", &options.search_recipe},
                                                      {"qat", &options.qat_recipe}};
  if (!root.IsMap()) throw InputError("{}: {} are expected", path.string(), kAccepted);
  for (const auto& entry : root) {
    const YAML::Node &key = entry.first, &value = entry.second;
    if (value.IsNull()) continue;
    if (!value.IsMap()) refuse(key, path.string(), kAccepted);
    if (const auto training = trainings.find(key.Scalar()); training != trainings.end()) {
      *training->second = section(text, value, end_of(root, key));
      options.train.recipe_origin = path.string();
      train::parse_train_recipe(*training->second, path.string());  // before anything is written
    } else if (key.Scalar() == "pipeline") {
      read_switches(value, path.string(), options);
    } else if (key.Scalar() == "calibrate") {
      read_calibrate(value, path.string(), options.calibrate);
    } else if (key.Scalar() == "bench") {
      read_bench(value, path.string(), options);
    } else {
      refuse(key, path.string(), kAccepted);
    }
  }
}

}  // namespace y6q::stages
