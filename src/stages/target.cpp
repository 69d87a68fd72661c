#include "stages/target.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/errors.h"
#include "stages/trtexec.h"

namespace y6q::stages {
namespace {

using onnx::Remainder;
using onnx::Suppressor;
using quant::Scheme;
using Arguments = std::vector<std::string>;

TrtexecJob trtexec_job(const Exported& exported) {
  return {.onnx = "model.onnx",
          .engine = "model.engine",
          .integers = exported.quantized,
          .nodes = exported.nodes,
          .batch = exported.batch,
          .image_size = exported.image_size,
          .images = exported.images};
}
TrtexecJob with_cache(const Exported& exported) {
  TrtexecJob job = trtexec_job(exported);
  if (exported.quantized) job.cache = "model.cache";
  return job;
}

Arguments tensorrt_8(const Exported& exported) {
  return trtexec_arguments(TrtexecVersion::from_8_4_to_10, with_cache(exported));
}
Arguments tensorrt_dla(const Exported& exported) {
  TrtexecJob job = with_cache(exported);
  job.on_dla = true;
  return trtexec_arguments(TrtexecVersion::from_8_4_to_10, job);
}
Arguments tensorrt_10(const Exported& exported) {
  return trtexec_arguments(TrtexecVersion::from_8_4_to_10, trtexec_job(exported));
}
Arguments tensorrt_11(const Exported& exported) {
  return trtexec_arguments(TrtexecVersion::from_11, trtexec_job(exported));
}

/// Of one image, or of as many as the file is for.
std::string image_shape(const Exported& exported, std::string_view separator) {
  const int64_t batch = std::max(exported.batch, int64_t{1});
  const auto [height, width] = exported.image_size;
  return exported.images == onnx::ImageType::bytes
             ? fmt::format("{1}{0}{2}{0}{3}{0}3", separator, batch, height, width)
             : fmt::format("{1}{0}3{0}{2}{0}{3}", separator, batch, height, width);
}

/// Ships with `pip install openvino`.
Arguments openvino(const Exported& exported) {
  Arguments arguments{"benchmark_app",
                      "-m",
                      exported.quantized ? "model.xml" : "model.onnx",
                      "-d",
                      "CPU",
                      "-hint",
                      "latency",
                      "-t",
                      "5"};
  if (exported.batch == 0) {
    arguments.insert(arguments.end(), {"-shape", fmt::format("images[{}]", image_shape(exported, ","))});
  }
  return arguments;
}

/// Ships with `pip install onnxruntime`.
Arguments onnxruntime(const Exported& exported) {
  const std::string shape = image_shape(exported, ", ");
  return {"python3", "-c",
          fmt::format(
              "import time, numpy, onnxruntime\n"
              "session = onnxruntime.InferenceSession(\"model.onnx\")\n"
              "images = {}\n"
              "for i in range(20):\n"
              "    start = time.perf_counter()\n"
              "    outputs = session.run(None, {{\"images\": images}})\n"
              "    print(f\"{{1e3 * (time.perf_counter() - start):.2f}} ms\", [x.shape for x in outputs])",
              exported.images == onnx::ImageType::bytes
                  ? fmt::format("numpy.random.randint(0, 256, ({}), numpy.uint8)", shape)
                  : fmt::format("numpy.random.rand({}).astype(numpy.float32)", shape))};
}

constexpr onnx::FileRules kTensorRt{.signed_codes = true}, kOthers{.no_plugins = true};

constexpr Target kTargets[] = {
    {.name = "tensorrt-8",
     .runtime = "TensorRT 8.4 to 8.6",
     .scheme = Scheme::tensorrt,
     .form = QuantizedForm::cache,
     .remainder = Remainder::fp32,
     .opset = 13,
     .rules = kTensorRt,
     .transposed_per_channel = false,
     .suppressor = Suppressor::efficient,
     .takes_bytes = false,
     .trtexec_from = 8,
     .command = tensorrt_8,
     .remark =
         "Weights are written as they are rounded, so that the ranges which TensorRT chooses for them give "
         "the codes of the simulation. Layers without integers run in FP16."},
    {.name = "tensorrt-10",
     .runtime = "TensorRT 10",
     .scheme = Scheme::tensorrt,
     .form = QuantizedForm::qdq,
     .remainder = Remainder::fp32,
     .opset = 13,
     .rules = kTensorRt,
     .transposed_per_channel = true,
     .suppressor = Suppressor::efficient,
     .takes_bytes = true,
     .trtexec_from = 9,
     .command = tensorrt_10,
     .remark =
         "Layers without integers run in FP16 or FP32, as TensorRT finds faster. From 10.12 on the files of "
         "target tensorrt-11 can be built, too, with --stronglyTyped."},
    {.name = "tensorrt-11",
     .runtime = "TensorRT 11",
     .scheme = Scheme::tensorrt,
     .form = QuantizedForm::qdq,
     .remainder = Remainder::fp16,
     .opset = 19,
     .rules = kTensorRt,
     .transposed_per_channel = true,
     .suppressor = Suppressor::efficient,
     .takes_bytes = true,
     .trtexec_from = 11,
     .command = tensorrt_11,
     .remark = "Strongly typed: what is not in integers is FP16, boxes are decoded in FP32."},
    {.name = "tensorrt-dla",
     .runtime = "TensorRT 8.4 to 10 on a DLA",
     .scheme = Scheme::tensorrt,
     .form = QuantizedForm::cache,
     .remainder = Remainder::fp32,
     .opset = 13,
     .rules = kTensorRt,
     .transposed_per_channel = false,
     .suppressor = Suppressor::efficient,
     .takes_bytes = false,
     .takes_any_batch = false,
     .command = tensorrt_dla,
     .remark =
         "What the DLA cannot run, such as decoding and suppression of boxes, runs on the GPU; --raw-head "
         "leaves it least. Layers without integers run in FP16. The DLA's own rounding is not simulated: "
         "measure mAP on the device."},
    {.name = "openvino",
     .runtime = "OpenVINO 2026",
     .scheme = Scheme::cpu,
     .form = QuantizedForm::openvino,
     .remainder = Remainder::fp32,
     .opset = 13,
     .rules = kOthers,
     .transposed_per_channel = true,
     .suppressor = Suppressor::onnx,
     .takes_bytes = true,
     .command = openvino,
     .remark =
         "The IR is right in every program that loads it. State ov::hint::inference_precision (f32): left to "
         "itself the runtime computes in BF16 what is not in integers, where the CPU can."},
    {.name = "onnxruntime",
     .runtime = "ONNX Runtime",
     .scheme = Scheme::cpu,
     .form = QuantizedForm::qdq,
     .remainder = Remainder::fp32,
     .opset = 13,
     .rules = kOthers,
     .transposed_per_channel = true,
     .suppressor = Suppressor::onnx,
     .takes_bytes = true,
     .command = onnxruntime,
     .remark = ""},
};

}  // namespace

std::span<const Target> targets() { return kTargets; }

const Target& target_named(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Target& target : kTargets) {
    if (target.name == name) return target;
    names.push_back(target.name);
  }
  throw UsageError("target '{}': {} are accepted", name, fmt::join(names, ", "));
}

const Target& target_of_trtexec(int major) {
  const Target* newest = nullptr;
  for (const Target& target : kTargets) {
    const bool fits = target.trtexec_from > 0 && target.trtexec_from <= major;
    if (fits && (newest == nullptr || newest->trtexec_from < target.trtexec_from)) newest = &target;
  }
  if (newest == nullptr) throw InternalError("target: none is for trtexec {}", major);
  return *newest;
}

void require_fit(const Target& target, const ir::Model& model, std::string_view scheme) {
  if (!scheme.empty() && scheme != name_of(target.scheme)) {
    throw InputError("it is calibrated for scheme {}, target {} takes scheme {}; run calibrate --scheme {}",
                     scheme, target.name, name_of(target.scheme), name_of(target.scheme));
  }
  if (target.transposed_per_channel) return;
  for (const ir::Node& node : model.graph.nodes()) {
    if (!std::holds_alternative<ir::ConvTranspose2d>(node.op)) continue;
    const auto* quantizer = std::get_if<ir::FakeQuant>(&model.graph.node(node.inputs[1]).op);
    if (quantizer == nullptr || quantizer->channel_axis < 0) continue;
    throw UnsupportedError(
        "node '{}': its weights have one range a channel, which {} computes otherwise; calibrate with "
        "--transposed per-tensor or float",
        node.name, target.runtime);
  }
}

void require_form(const Target& target, const onnx::OnnxOptions& options) {
  if (options.images == onnx::ImageType::bytes && !target.takes_bytes) {
    throw UnsupportedError("target {}: {} takes images of floats; leave --images bytes out", target.name,
                           target.runtime);
  }
  if (options.batch == 0 && !target.takes_any_batch) {
    throw UnsupportedError("target {}: {} runs one batch size only; say which by --export-batch-size",
                           target.name, target.runtime);
  }
  if (options.suppression && options.suppression->by != target.suppressor) {
    throw UnsupportedError("target {}: {} takes --nms {}, not {}", target.name, target.runtime,
                           name_of(target.suppressor), name_of(options.suppression->by));
  }
}

}  // namespace y6q::stages
