#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "detect/outputs.h"
#include "detect/placement.h"
#include "engine/engine.h"
#include "image/letterbox.h"

/// From a model file and an image to boxes; what `detect` and the installed library y6q::detector are made
/// of.
namespace y6q::embed {

struct DetectorOptions {
  engine::Kind engine = engine::kDefaultKind;
  std::optional<engine::Precision> precision = {};  ///< nothing: int8 for a quantized file, else fp32
  int threads = 0;                                  ///< 0: all cores
  int streams = 1;  ///< detectors that run side by side (another()), each on threads / streams
  /// The reference's `infer` (spec/06 §3): 0.4, 0.45, 1000, the best class of a cell.
  detect::NmsOptions nms{
      .score_threshold = 0.4F, .iou_threshold = 0.45F, .max_detections = 1000, .multi_label = false};
  std::vector<std::string> names = {};  ///< of the classes, instead of the file's
  /// Only these, by name or number from 0; others neither count nor suppress. Empty: all.
  std::vector<std::string> classes = {};
};

enum class ChannelOrder { bgr, rgb };

/// One network with its preparation and its suppression; for one thread at a time.
class ImageDetector {
 public:
  /// An ONNX file as `export` writes it: one image input, raw or decoded head, or boxes that the file
  /// suppresses itself (the options then take of these alone; the classes of a cell are not told apart).
  /// Throws InputError (no such file, other outputs, names or a precision that do not fit it), UsageError
  /// (options out of range, classes that it does not know), EnvironmentError (built without the engine, no
  /// BF16 in this CPU).
  ImageDetector(const fs::path& onnx, const DetectorOptions& options);

  /// The same network for one more thread; weights are shared.
  std::unique_ptr<ImageDetector> another() const;

  /// Boxes in pixels of `image`, clipped to it, best first. Images of any size; throws ShapeError for an
  /// empty one.
  std::vector<detect::Detection> detect(const image::ImageView& image,
                                        ChannelOrder order = ChannelOrder::bgr);

  // The three steps of detect(), in their order, to be timed one by one.
  void prepare(const image::ImageView& image, ChannelOrder order = ChannelOrder::bgr);
  void infer();
  std::vector<detect::Detection> collect() const;

  image::Size input_size() const;
  int64_t class_count() const { return facts_->class_count; }
  /// As given, else as the file has them; empty when there are none.
  const std::vector<std::string>& class_names() const { return facts_->class_names; }
  engine::Precision precision() const { return engine_->precision(); }
  /// What computes, as engine::describe says it.
  std::string runner() const { return engine::describe(facts_->options.engine, *engine_); }

 private:
  /// What all detectors of one network share.
  struct Facts {
    DetectorOptions options;
    int64_t class_count = 0;
    std::vector<std::string> class_names;
    std::vector<int64_t> labels;  ///< that count; empty: all
  };
  ImageDetector(std::unique_ptr<engine::Engine> engine, std::shared_ptr<const Facts> facts);
  static Facts facts_of(const engine::Engine& engine, const DetectorOptions& options);

  std::unique_ptr<engine::Engine> engine_;
  std::shared_ptr<const Facts> facts_;
  std::vector<uint8_t> input_;  ///< [H, W, 3], RGB
  detect::Placement placement_;
  std::vector<engine::OutputTensor> outputs_;
};

/// Suppression that the exporter has put into the file, by what it wrote about it; nothing where boxes are
/// not suppressed in it. Throws InputError for words in the place of numbers.
std::optional<detect::NmsOptions> suppression_of(const engine::Engine& engine);

/// The class names that the exporter wrote into the file; empty when there are none.
std::vector<std::string> class_names_of(const engine::Engine& engine);

/// An engine's outputs for one image, as detect/ takes them.
std::vector<detect::ImageOutput> image_outputs(const std::vector<engine::OutputTensor>& tensors);

}  // namespace y6q::embed
