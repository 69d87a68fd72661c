#include "stages/tensorrt_runner.h"

#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>

#include "base/atomic_folder.h"
#include "base/errors.h"
#include "base/fields.h"
#include "stages/trtexec.h"
#include "stages/trtexec_files.h"

namespace y6q::stages {
namespace {

/// The batch filled up with grey, RGB: raw float32 [N, 3, H, W] in 0..1, little-endian, or its bytes with
/// channels last.
std::string input_bytes(const data::Batch& batch, const TensorRtRunnerOptions& options) {
  constexpr uint8_t kGrey = 114;
  constexpr float kWhite = 255;
  const auto cells = static_cast<size_t>(batch.height * batch.width), image = 3 * cells;
  std::vector<uint8_t> pixels(static_cast<size_t>(options.batch) * image, kGrey);
  std::ranges::copy(batch.images, pixels.begin());
  if (options.images == onnx::ImageType::bytes) {
    std::string bytes(pixels.size(), '\0');
    for (size_t i = 0; i < pixels.size(); ++i)
      bytes[i / image * image + i % cells * 3 + i / cells % 3] = static_cast<char>(pixels[i]);
    return bytes;
  }
  std::string bytes(pixels.size() * sizeof(float), '\0');
  auto* numbers = reinterpret_cast<float*>(bytes.data());  // NOLINT(*-reinterpret-cast): the file's form
  for (size_t i = 0; i < pixels.size(); ++i) numbers[i] = static_cast<float>(pixels[i]) / kWhite;
  return bytes;
}

std::string outputs_name(int64_t batch) { return fmt::format("outputs-{:06}.json", batch); }

struct CallFiles {
  std::string engine, input, output;
};

/// Runs the engine once. Static ones take no shapes.
std::vector<std::string> call(const CallFiles& files, const TensorRtRunnerOptions& options) {
  std::vector<std::string> arguments{"--loadEngine=" + files.engine,
                                     "--loadInputs=images:" + files.input,
                                     "--exportOutput=" + files.output,
                                     "--iterations=1",
                                     "--warmUp=0",
                                     "--duration=0"};
  if (options.dynamic) {
    arguments.push_back(fmt::format("--shapes=images:{}x{}", options.batch,
                                    image_extents(options.images, options.image_size)));
  }
  return arguments;
}

class TensorRtRunner : public infer::Runner {
 public:
  TensorRtRunner(const TensorRtRunnerOptions& options, Monitor& monitor)
      : options_(options),
        monitor_(monitor),
        folder_(fs::temp_directory_path() / fmt::format("yolov6q-tensorrt-{}", ::getpid())) {
    if (!options.outputs.empty()) return;
    const MappedFile readable(options.engine);  // says why not where trtexec would only say no
    program_.emplace(
        options.trtexec,
        "let another machine run it: `yolov6q eval --inputs FOLDER`, FOLDER/commands.sh there, then "
        "`yolov6q eval --outputs FOLDER`");
    make_folder(folder_);
  }
  ~TensorRtRunner() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  std::vector<std::vector<detect::Detection>> detect(const data::Batch& batch,
                                                     const detect::NmsOptions& nms) override {
    fs::path results = options_.outputs / outputs_name(batch.number);
    if (program_) {
      const fs::path input = folder_ / "inputs.bin";
      results = folder_ / "outputs.json";
      write_file(input, input_bytes(batch, options_));
      program_->run(call({options_.engine.string(), input.string(), results.string()}, options_), monitor_,
                    false);
    }
    const std::vector<TrtexecOutput> outputs = read_trtexec_outputs(results);
    std::vector<std::vector<detect::Detection>> all;
    try {
      for (int64_t image = 0; image < batch.count; ++image)
        all.push_back(detect::detections_of(image_outputs(outputs, image), batch.height, nms));
    } catch (const InputError& error) {
      throw InputError("{}: {}", results.string(), error.what());
    }
    return all;
  }

  std::string name() const override {
    return program_ ? "tensorrt " + program_->version() : "outputs of " + options_.outputs.string();
  }
  const infer::NetworkFacts& facts() const override { return facts_; }
  std::array<int64_t, 2> image_size() const override { return options_.image_size; }

 private:
  std::vector<detect::ImageOutput> image_outputs(const std::vector<TrtexecOutput>& outputs,
                                                 int64_t image) const {
    std::vector<detect::ImageOutput> list;
    for (const TrtexecOutput& output : outputs) {
      const ir::Shape& shape = output.shape;
      if (shape.size() < 2 || shape.size() > 4 || shape[0] != options_.batch) {
        throw InputError("output '{}' is [{}]; {} images a batch are expected (--batch-size)", output.name,
                         fmt::join(shape, ", "), options_.batch);
      }
      const auto size = static_cast<int64_t>(output.values.size()) / shape[0];
      const bool is_map = shape.size() == 4;
      list.push_back({output.name, output.values.data() + image * size, shape[1], is_map ? shape[2] : 1,
                      shape.size() == 2 ? 1 : shape[is_map ? 3 : 2]});
    }
    return list;
  }

  TensorRtRunnerOptions options_;
  Monitor& monitor_;
  fs::path folder_;
  std::optional<TrtexecProgram> program_;
  infer::NetworkFacts facts_;
};

}  // namespace

std::unique_ptr<infer::Runner> open_tensorrt(const TensorRtRunnerOptions& options, Monitor& monitor) {
  return std::make_unique<TensorRtRunner>(options, monitor);
}

int64_t write_tensorrt_inputs(const fs::path& folder, const data::Dataset& dataset,
                              const TensorRtRunnerOptions& options, const Run& run) {
  data::Loader loader(dataset, {.batch_size = options.batch,
                                .image_height = options.image_size[0],
                                .image_width = options.image_size[1],
                                .workers = run.workers(),
                                .cache_bytes = 0});
  AtomicFolder made(folder, "eval");
  loader.start_epoch(0);
  std::string commands =
      "#!/bin/sh\n# Runs an engine of TensorRT on every batch: commands.sh ENGINE\nset -e\n"
      "engine=$(realpath \"$1\")\ncd \"$(dirname \"$0\")\"\n";
  int64_t count = 0;
  while (const auto batch = loader.next()) {
    if (run.monitor().stop_requested()) throw Interrupted("eval stopped; start it again to begin anew");
    const std::string input = fmt::format("inputs-{:06}.bin", batch->number);
    write_file(made.temporary_path() / input, input_bytes(*batch, options));
    commands += "trtexec";
    for (const std::string& argument : call({"\"$engine\"", input, outputs_name(batch->number)}, options))
      commands += " " + argument;
    commands += "\n";
    ++count;
  }
  const fs::path script = made.temporary_path() / "commands.sh";
  write_file(script, commands);
  fs::permissions(script, fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec,
                  fs::perm_options::add);
  made.commit();
  return count;
}

}  // namespace y6q::stages
