#include "pipeline/network.h"

#include <fmt/format.h>

namespace y6q::pipeline {
namespace {

NetworkFiles files_in(const fs::path& root, bool is_final) {
  return {.root = root, .results = is_final ? root / "final" : root};
}

Network network_of(const PipelineOptions& options, const fs::path& root) {
  Network network{.prefix = "", .train = options.train, .files = files_in(root, options.split == "test")};
  const bool repopt = options.train.mode == "repopt";
  network.searches = repopt && options.search && options.train.scales.empty();
  network.has_scales = repopt && (network.searches || !options.train.scales.empty());
  network.is_partial = options.calibrate.keep_float_count > 0;
  network.measures_sensitivity = options.parts.sensitivity || network.is_partial;
  network.has_qat = options.parts.qat;
  network.has_cache = options.calibrate.ranges.scheme == quant::Scheme::tensorrt;
  return network;
}

}  // namespace

std::vector<Measured> Network::measured(engine::Kind engine, int64_t evaluations) const {
  using engine::Precision;
  const std::string chosen = fmt::format("best of {} on val", evaluations);
  std::vector<Measured> rows{{"float", files.trained, Precision::fp32, chosen}};
  if (prefix.empty() && engine::supports(engine, Precision::bf16)) {
    rows.push_back({"float_bf16", files.float_onnx, Precision::bf16, chosen});
  }
  rows.push_back({"ptq", files.ptq, Precision::int8, "nothing chosen"});
  std::string last = "ptq", selection = "nothing chosen";
  if (is_partial || has_qat) {
    rows.push_back({"ptq_engine", files.ptq_onnx, Precision::int8, "nothing chosen", "ptq"});
  }
  if (is_partial) {
    last = "partial", selection = "layers chosen on val";
    rows.push_back({last, files.partial, Precision::int8, selection});
  }
  if (has_qat) {
    last = "qat", selection = "last epoch";
    rows.push_back({last, files.qat, Precision::int8, selection});
  }
  rows.push_back({"engine", files.engine_onnx, Precision::int8, selection, last});
  return rows;
}

std::vector<Network> networks_of(const PipelineOptions& options) {
  const fs::path& out = options.train.training.out;
  std::vector<Network> networks{network_of(options, out)};
  if (options.parts.branchy) {
    PipelineOptions branchy = options;
    branchy.train.mode = "repvgg";
    branchy.train.scales.clear();
    branchy.calibrate.keep_float_count = 0;
    branchy.parts.sensitivity = branchy.parts.qat = false;
    networks.push_back(network_of(branchy, out / "branchy"));
    networks.back().prefix = "branchy_";
  }
  return networks;
}

fs::path results_folder(const PipelineOptions& options) {
  const fs::path& out = options.train.training.out;
  return options.split == "test" ? out / "final" : out;
}

}  // namespace y6q::pipeline
