#include <fmt/ranges.h>

#include <chrono>
#include <openvino/openvino.hpp>
#include <sstream>

#include "base/errors.h"
#include "base/file_kind.h"
#include "base/isa.h"
#include "base/threads.h"
#include "engine/openvino/openvino.h"
#include "engine/openvino/quantizers.h"
#include "engine/openvino/read.h"
#include "engine/openvino/weights.h"

namespace y6q::engine {
namespace {

constexpr int64_t kLargestBatch = 4096;
constexpr int kMostThreads = 1024;

std::vector<int64_t> to_shape(const ov::Shape& shape) { return {shape.begin(), shape.end()}; }

void check(const EngineOptions& options) {
  if (options.batch < 1 || options.batch > kLargestBatch) {
    throw UsageError("engine: batch {}: 1 to {} is accepted", options.batch, kLargestBatch);
  }
  if (options.threads < 0 || options.threads > kMostThreads) {
    throw UsageError("engine: {} threads: 0 (all cores) to {} are accepted", options.threads, kMostThreads);
  }
  if (options.streams < 0 || options.streams > kMostThreads) {
    throw UsageError("engine: {} streams: 0 (as many as are best) to {} are accepted", options.streams,
                     kMostThreads);
  }
  if (options.precision && !openvino_supports(*options.precision)) {
    throw EnvironmentError("engine: this CPU ({}) has no {} arithmetic; use fp32 or int8",
                           kernel_isa().name(), name_of(*options.precision));
  }
}

/// Makes the batch static, and the input what the caller hands over.
std::shared_ptr<ov::Model> adapt(std::shared_ptr<ov::Model> model, const EngineOptions& options,
                                 Arithmetic arithmetic) {
  const bool is_of_bytes = model->input().get_element_type() == ov::element::u8;
  ov::PartialShape shape = model->input().get_partial_shape();
  if (shape.rank() != 4 || !shape[is_of_bytes ? 3 : 1].is_static()) {
    throw InputError("its input is {}; images [N, 3, H, W], or [N, H, W, 3] of bytes, are accepted",
                     shape.to_string());
  }
  if (shape[0] != options.batch) {
    shape[0] = options.batch;
    model->reshape(shape);
  }
  simplify_quantizers(*model, arithmetic);
  if (arithmetic == Arithmetic::floats) compute_in_float(*model);
  ov::preprocess::PrePostProcessor steps(model);
  auto& input = steps.input();
  input.model().set_layout(is_of_bytes ? "NHWC" : "NCHW");
  input.tensor().set_layout(options.input == InputLayout::bytes_nhwc ? "NHWC" : "NCHW");
  if (options.input != InputLayout::float_nchw) {
    input.tensor().set_element_type(ov::element::u8);
    if (!is_of_bytes) input.preprocess().convert_element_type(ov::element::f32).scale(255.0F);
  } else if (is_of_bytes) {
    // Conversion cuts off: the half makes it round.
    input.tensor().set_element_type(ov::element::f32);
    input.preprocess().scale(1 / 255.0F).mean(-0.5F).convert_element_type(ov::element::u8);
  }
  for (size_t i = 0; i < model->outputs().size(); ++i)
    steps.output(i).tensor().set_element_type(ov::element::f32);
  return steps.build();
}

/// Quantizers run in integers whatever is asked for, and without them nothing does: a wish that does not fit
/// would put a wrong name on the result.
Precision settle(const ov::Model& model, std::optional<Precision> wanted) {
  const bool quantized = has_quantizers(model);
  const Precision precision = wanted.value_or(quantized ? Precision::int8 : Precision::fp32);
  if (quantized != (precision == Precision::int8)) {
    throw InputError("{}; it cannot run in {}",
                     quantized ? "it is quantized and runs in int8" : "it has no quantizers",
                     name_of(precision));
  }
  return precision;
}

/// The integer units of CPUs without VNNI or AMX add two products of an unsigned and a signed byte in 16
/// bits: 2 * 255 * 64 = 32640 fits, larger weights saturate. A network with such weights gets its right
/// numbers in float32.
Arithmetic arithmetic_for(const ov::Model& model) {
  constexpr int64_t kLargestSafeCode = 64;
  const bool exact = kernel_isa().fast_int8() || !has_quantizers(model);
  return exact || largest_weight_code(model) <= kLargestSafeCode ? Arithmetic::integers : Arithmetic::floats;
}

std::string note_on(Arithmetic arithmetic) {
  if (arithmetic == Arithmetic::integers) return {};
  return fmt::format(
      "int8 emulated in float32: 8-bit weights would saturate in the integer unit of this CPU ({}); "
      "calibrate "
      "with --scheme cpu, which has 7-bit weights",
      kernel_isa().name());
}

ov::AnyMap properties(const EngineOptions& options, Precision precision) {
  // Left to itself the runtime computes float32 models in BF16 where the CPU has AMX; for the float remainder
  // of INT8 models float32 is also the faster choice.
  const ov::element::Type remainder = precision == Precision::bf16 ? ov::element::bf16 : ov::element::f32;
  ov::AnyMap properties{ov::inference_num_threads(options.threads > 0 ? options.threads : core_count()),
                        ov::hint::inference_precision(remainder), ov::enable_profiling(options.times_layers)};
  if (options.streams > 0) {
    properties.insert(ov::hint::performance_mode(ov::hint::PerformanceMode::LATENCY));
    properties.insert(ov::num_streams(options.streams));
  } else {
    properties.insert(ov::hint::performance_mode(ov::hint::PerformanceMode::THROUGHPUT));
  }
  if (!options.cache.empty()) properties.insert(ov::cache_dir(options.cache.string()));
  return properties;
}

/// An output of the compiled network: of the file, or a tap.
struct Port {
  std::string name;
  size_t index;
};

/// Makes the tapped tensors outputs. A tensor may be one already.
std::vector<Port> add_taps(ov::Model& model, const std::vector<std::string>& taps) {
  std::vector<Port> ports;
  for (size_t i = 0; i < model.outputs().size(); ++i) ports.push_back({model.output(i).get_any_name(), i});
  for (const std::string& tap : taps) {
    const ov::Output<ov::Node> added = model.add_output(tap);
    for (size_t i = 0; i < model.outputs().size(); ++i) {
      if (model.output(i).get_node() == added.get_node()) ports.push_back({tap, i});
    }
  }
  return ports;
}

/// The front end keeps metadata_props as runtime information of the model, section "framework".
std::map<std::string, std::string> metadata_of(const ov::Model& model) {
  std::map<std::string, std::string> metadata;
  if (!model.has_rt_info("framework")) return metadata;
  for (const auto& [key, value] : model.get_rt_info<ov::AnyMap>("framework")) {
    if (value.is<std::string>()) metadata[key] = value.as<std::string>();
  }
  return metadata;
}

/// What engines of one network share.
struct Compiled {
  ov::Core core;
  ov::CompiledModel model;
  InputLayout layout = InputLayout::float_nchw;
  Precision precision = Precision::fp32;
  std::map<std::string, std::string> metadata;
  std::string note;
  std::vector<Port> ports;
  int streams = 1;
};

std::shared_ptr<const Compiled> compile(const fs::path& onnx, const EngineOptions& options) {
  auto compiled = std::make_shared<Compiled>();
  const auto model = read_network(onnx);
  compiled->metadata = metadata_of(*model);
  compiled->layout = options.input;
  compiled->precision = settle(*model, options.precision);
  const Arithmetic arithmetic = arithmetic_for(*model);
  compiled->ports = add_taps(*model, options.taps);
  compiled->note = note_on(arithmetic);
  compiled->model = compiled->core.compile_model(adapt(model, options, arithmetic), "CPU",
                                                 properties(options, compiled->precision));
  const auto best = compiled->model.get_property(ov::optimal_number_of_infer_requests);
  compiled->streams = options.streams > 0 ? options.streams : static_cast<int>(best);
  return compiled;
}

class OpenVinoEngine : public Engine {
 public:
  explicit OpenVinoEngine(std::shared_ptr<const Compiled> compiled)
      : shared_(std::move(compiled)), compiled_(shared_->model), layout_(shared_->layout) {
    request_ = compiled_.create_infer_request();
    input_ = {compiled_.input().get_any_name(), to_shape(compiled_.input().get_shape())};
    for (const Port& port : shared_->ports) {
      outputs_.push_back({port.name, to_shape(compiled_.output(port.index).get_shape())});
      results_.push_back({port.name, outputs_.back().shape, {}});
    }
  }

  std::unique_ptr<Engine> another() const override { return std::make_unique<OpenVinoEngine>(shared_); }
  const std::map<std::string, std::string>& metadata() const override { return shared_->metadata; }
  Precision precision() const override { return shared_->precision; }
  const std::string& note() const override { return shared_->note; }
  int streams() const override { return shared_->streams; }
  const TensorInfo& input() const override { return input_; }
  const std::vector<TensorInfo>& outputs() const override { return outputs_; }

  const std::vector<OutputTensor>& infer(std::span<const float> images) override {
    if (layout_ != InputLayout::float_nchw)
      throw UsageError("engine: opened for images of bytes, given floats");
    return run(ov::element::f32, images.data(), images.size());
  }

  const std::vector<OutputTensor>& infer(std::span<const uint8_t> images) override {
    if (layout_ == InputLayout::float_nchw)
      throw UsageError("engine: opened for images of floats, given bytes");
    return run(ov::element::u8, images.data(), images.size());
  }

  std::vector<ExecutedLayer> executed_layers() const override {
    std::vector<ExecutedLayer> layers;
    for (const auto& node : compiled_.get_runtime_model()->get_ordered_ops()) {
      const auto& facts = node->get_rt_info();
      auto fact = [&](const char* key) {
        const auto found = facts.find(key);
        return found == facts.end() ? std::string() : found->second.as<std::string>();
      };
      ExecutedLayer layer{fact("layerType"), node->get_friendly_name(), {}, fact("runtimePrecision")};
      if (layer.type == "Const") continue;
      std::istringstream originals(fact("originalLayersNames"));
      for (std::string name; std::getline(originals, name, ',');) layer.originals.push_back(name);
      layers.push_back(std::move(layer));
    }
    return layers;
  }

  std::vector<LayerTime> layer_times() const override {
    std::vector<LayerTime> times;
    if (!compiled_.get_property(ov::enable_profiling)) return times;
    for (const ov::ProfilingInfo& step : request_.get_profiling_info()) {
      if (step.status != ov::ProfilingInfo::Status::EXECUTED) continue;
      // "brgconv_avx512_amx_I8": the kernel, and behind its last _ what it computes in.
      const size_t end = step.exec_type.rfind('_');
      times.push_back({step.node_type, step.node_name,
                       end == std::string::npos ? std::string() : step.exec_type.substr(end + 1),
                       std::chrono::duration<double, std::milli>(step.real_time).count()});
    }
    return times;
  }

 private:
  const std::vector<OutputTensor>& run(ov::element::Type type, const void* images, size_t count) {
    const ov::Shape shape = compiled_.input().get_shape();
    if (count != ov::shape_size(shape)) {
      throw ShapeError("engine: images of {} elements; the network takes [{}], {} elements", count,
                       fmt::join(shape, ", "), ov::shape_size(shape));
    }
    // The runtime only reads its input; its interface has no tensor of constants.
    request_.set_input_tensor(ov::Tensor(type, shape, const_cast<void*>(images)));
    request_.infer();
    for (size_t i = 0; i < results_.size(); ++i) {
      const ov::Tensor tensor = request_.get_output_tensor(shared_->ports[i].index);
      results_[i].data = {tensor.data<const float>(), tensor.get_size()};
    }
    return results_;
  }

  std::shared_ptr<const Compiled> shared_;
  ov::CompiledModel compiled_;  ///< a handle
  InputLayout layout_;
  ov::InferRequest request_;
  TensorInfo input_;
  std::vector<TensorInfo> outputs_;
  std::vector<OutputTensor> results_;
};

}  // namespace

std::unique_ptr<Engine> open_openvino(const fs::path& onnx, const EngineOptions& options) {
  check(options);
  require_kind(onnx, {FileKind::onnx, FileKind::openvino_ir});
  try {
    return std::make_unique<OpenVinoEngine>(compile(onnx, options));
  } catch (const InputError& error) {
    throw InputError("engine: {}: {}", onnx.string(), error.what());
  } catch (const ov::Exception& error) {
    throw InputError("engine: {}: OpenVINO does not accept it: {}", onnx.string(), reason(error));
  }
}

bool openvino_supports(Precision precision) {
  return precision != Precision::bf16 || kernel_isa().avx512_bf16;
}

}  // namespace y6q::engine
