#include "stages/build_tensorrt.h"

#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "base/errors.h"
#include "ir/queries.h"
#include "onnx/import.h"
#include "stages/export.h"
#include "stages/target.h"

namespace y6q::stages {
namespace {

using nlohmann::json;

/// Files that are not kept.
class Workplace {
 public:
  Workplace() : path_(fs::temp_directory_path() / fmt::format("yolov6q-trtexec-{}", ::getpid())) {
    fs::remove_all(path_);
    make_folder(path_);
  }
  ~Workplace() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;
  fs::path operator/(const char* name) const { return path_ / name; }

 private:
  fs::path path_;
};

/// What trtexec is to be told of a file.
TrtexecJob job_of(const fs::path& onnx, const fs::path& cache) {
  const onnx::Imported file = onnx::read_onnx(onnx);
  const ir::Shape& images = file.model.graph[0].shape;
  const bool has_quantizers = ir::has_quantizers(file.model.graph);
  return {
      .onnx = onnx,
      .cache = cache,
      .integers = has_quantizers || !cache.empty(),
      .nodes = onnx::node_names(file.model, {.form = has_quantizers ? onnx::Form::qdq : onnx::Form::plain}),
      .batch = file.batch,
      .image_size = {images[2], images[3]}};
}

TrtexecJob prepare(const BuildTensorRtOptions& options, const TrtexecProgram& program,
                   const Workplace& workplace) {
  if (options.weights.empty()) return job_of(options.onnx, options.cache);
  const fs::path folder = workplace / "export";
  export_for(target_of_trtexec(program.major()),
             {.weights = options.weights, .out = folder, .batch = options.batch});
  const fs::path cache = folder / "model.cache";
  return job_of(folder / "model.onnx", fs::exists(cache) ? cache : fs::path());
}

/// The way out where there is no trtexec.
std::string elsewhere(const fs::path& weights) {
  if (weights.empty()) return "build elsewhere with the command that `yolov6q export` prints";
  std::vector<std::string_view> names;
  for (const Target& target : targets()) {
    if (target.trtexec_from > 0) names.push_back(target.name);
  }
  return fmt::format(
      "build elsewhere: `yolov6q export --target {} --weights {} --out FOLDER`, then FOLDER/commands.sh",
      fmt::join(names, "|"), weights.string());
}

}  // namespace

TensorRtBuild build_tensorrt(const BuildTensorRtOptions& options, Monitor& monitor) {
  check_not_an_input(options.out, {options.weights, options.onnx, options.cache});
  const TrtexecProgram program(options.trtexec, elsewhere(options.weights));
  const Workplace workplace;
  TrtexecJob job = prepare(options, program, workplace);
  job.engine = workplace / "model.engine";
  const fs::path times = workplace / "times.json", layers = workplace / "layers.json",
                 profile = workplace / "profile.json";
  std::vector<std::string> arguments = trtexec_arguments(program.options(), job);
  arguments.erase(arguments.begin());  // the program itself
  arguments.insert(arguments.end(),
                   {"--exportTimes=" + times.string(), "--exportLayerInfo=" + layers.string(),
                    "--exportProfile=" + profile.string(), "--profilingVerbosity=detailed"});
  program.run(arguments, monitor);
  TensorRtBuild build{program.version(),           fs::path(options.out).replace_extension(".engine"),
                      std::move(arguments),        read_trtexec_times(times),
                      read_trtexec_layers(layers), read_trtexec_profile(profile)};
  AtomicFile engine(build.engine);
  fs::copy_file(job.engine, engine.temporary_path(), fs::copy_options::overwrite_existing);
  engine.commit();
  write_file(options.out, to_json(build).dump(2) + "\n");
  return build;
}

json to_json(const TensorRtBuild& build) {
  constexpr size_t kSlowest = 10;
  std::map<std::string, int64_t> by_precision;
  int64_t reformats = 0;
  for (const TrtexecLayer& layer : build.layers) {
    reformats += layer.is_reformat;
    if (!layer.is_reformat) ++by_precision[layer.precision];
  }
  std::vector<TrtexecLayerTime> slowest = build.profile;
  std::ranges::stable_sort(slowest, std::greater<>(), &TrtexecLayerTime::average_ms);
  slowest.resize(std::min(slowest.size(), kSlowest));
  json rows = json::array(), layers = json::array();
  for (const TrtexecLayerTime& layer : slowest)
    rows.push_back(
        {{"name", layer.name}, {"average_ms", layer.average_ms}, {"percentage", layer.percentage}});
  for (const TrtexecLayer& layer : build.layers)
    layers.push_back({{"name", layer.name}, {"type", layer.type}, {"precision", layer.precision}});
  const eval::LatencyStats &latency = build.times.latency_ms, &compute = build.times.compute_ms;
  return {{"engine", "tensorrt"},
          {"version", build.version},
          {"file", build.engine.string()},
          {"command", build.command},
          {"latency",
           {{"transfers", false},
            {"graph", true},
            {"calls", latency.count},
            {"p50_ms", latency.p50},
            {"p90_ms", latency.p90},
            {"p99_ms", latency.p99},
            {"compute_p50_ms", compute.p50}}},
          {"layers", std::ssize(build.layers) - reformats},
          {"by_precision", by_precision},
          {"reformats", reformats},
          {"slowest", rows},
          {"executed", layers}};
}

}  // namespace y6q::stages
