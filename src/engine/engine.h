#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/kind.h"

/// Runs an exported network. One interface; each runtime is a folder behind it.
namespace y6q::engine {

enum class Precision {
  fp32,
  bf16,
  int8  ///< of files with quantizers, and those only: what they stand around; everything else in float32
};

constexpr auto names_of(Precision) {
  return name_table<Precision>(
      "precision", {{Precision::fp32, "fp32"}, {Precision::bf16, "bf16"}, {Precision::int8, "int8"}});
}

/// How images are handed over. Bytes cost a quarter of the traffic, and channels last is what decoders give:
/// the runtime then converts and reorders in one step. Files that take bytes themselves ([N, H, W, 3]) are
/// given what they take; floats are rounded to it.
enum class InputLayout {
  float_nchw,  ///< [N, 3, H, W], RGB in [0, 1]
  bytes_nchw,  ///< [N, 3, H, W], RGB in 0..255, divided by 255 inside
  bytes_nhwc   ///< [N, H, W, 3], RGB in 0..255, divided by 255 inside
};

struct EngineOptions {
  std::optional<Precision> precision = {};  ///< nothing: int8 for a file with quantizers, else fp32
  InputLayout input = InputLayout::float_nchw;
  int64_t batch = 1;  ///< 1..4096; images a call
  int threads = 0;    ///< 0: all cores
  int streams = 1;    ///< engines that run side by side (another()), each on threads / streams; 0: as many as
                      ///< the runtime finds best for throughput (Engine::streams says how many)
  /// Tensors of the file that outputs() gives as well, behind its own; the engine computes them as without.
  std::vector<std::string> taps = {};
  bool times_layers = false;         ///< layer_times() knows them; costs some microseconds a layer
  std::filesystem::path cache = {};  ///< folder that keeps compiled networks for later; empty: none
};

struct TensorInfo {
  std::string name;
  std::vector<int64_t> shape;  ///< with the batch that was asked for; of the input: in its InputLayout
};

struct OutputTensor {
  std::string name;
  std::vector<int64_t> shape;
  std::span<const float> data;  ///< row-major; valid until the next infer() or the engine's end
};

/// A step of the compiled network, after fusion.
struct ExecutedLayer {
  std::string type;  ///< e.g. "Convolution", "Deconvolution", "Pooling", "Reorder"
  std::string name;
  std::vector<std::string> originals;  ///< names in the file of the nodes it stands for
  std::string precision;               ///< it computes in: "f32", "bf16", "u8", "i8"
};

/// What one step took in the last call.
struct LayerTime {
  std::string type, name, precision;
  double ms = 0;
};

/// One compiled network, for one thread at a time.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual const TensorInfo& input() const = 0;
  virtual const std::vector<TensorInfo>& outputs() const = 0;
  virtual Precision precision() const = 0;
  /// Empty, or a sentence for the user on why this machine computes otherwise than precision() says: int8 of
  /// a file whose weights would saturate in its integer unit is emulated in float32, with the same numbers.
  virtual const std::string& note() const = 0;
  /// Exactly options.batch images, in options.input's layout; the outputs in their order. Throws ShapeError
  /// on another number of elements, UsageError when the element type is not that of the layout.
  virtual const std::vector<OutputTensor>& infer(std::span<const float> images) = 0;
  virtual const std::vector<OutputTensor>& infer(std::span<const uint8_t> images) = 0;
  /// The same compiled network for one more thread: its weights are shared. EngineOptions::streams says how
  /// many are meant to run at a time; more of them wait for each other.
  virtual std::unique_ptr<Engine> another() const = 0;
  /// The file's metadata_props: what the exporter wrote about the network. Empty where it wrote nothing.
  virtual const std::map<std::string, std::string>& metadata() const = 0;
  /// In execution order, constants left out.
  virtual std::vector<ExecutedLayer> executed_layers() const = 0;
  /// Of the steps that were executed in the last infer(), with EngineOptions::times_layers; else empty.
  virtual std::vector<LayerTime> layer_times() const = 0;
  /// How many of another() run side by side.
  virtual int streams() const = 0;
};

/// Compiles an ONNX file with that engine for this machine. Throws InputError (no such file, not ONNX,
/// refused by the runtime; int8 of a file without quantizers, another precision of one that has them; a tap
/// that the file has not),
/// UsageError (options out of range), EnvironmentError (built without the engine; no BF16 arithmetic in this
/// CPU).
std::unique_ptr<Engine> open(Kind kind, const std::filesystem::path& onnx, const EngineOptions& options = {});

/// "openvino int8", or "openvino int8 (emulated in fp32)" where note() has something to say.
std::string describe(Kind kind, const Engine& engine);

/// The engine is built in and this machine has the arithmetic: bench leaves out what is not.
bool supports(Kind kind, Precision precision);

}  // namespace y6q::engine
