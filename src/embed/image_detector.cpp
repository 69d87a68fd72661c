#include "embed/image_detector.h"

#include <algorithm>

#include "base/class_names.h"
#include "base/errors.h"
#include "base/fields.h"
#include "image/colour.h"

namespace y6q::embed {
namespace {

/// The exporter writes one name a line.
std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  if (text.empty()) return lines;
  for (size_t first = 0; first <= text.size();) {
    const size_t end = std::min(text.find('\n', first), text.size());
    lines.push_back(text.substr(first, end - first));
    first = end + 1;
  }
  return lines;
}

void check(const DetectorOptions& options) {
  const detect::NmsOptions& nms = options.nms;
  if (!(nms.score_threshold >= 0 && nms.score_threshold <= 1 && nms.iou_threshold >= 0 &&
        nms.iou_threshold <= 1 && nms.max_detections >= 0 && nms.max_candidates >= 0)) {
    throw UsageError(
        "detector: score threshold {}, IoU threshold {}, at most {} boxes, at most {} candidates; thresholds "
        "from 0 to 1 and numbers from 0 are accepted",
        nms.score_threshold, nms.iou_threshold, nms.max_detections, nms.max_candidates);
  }
}

/// The labels of the classes that were asked for.
std::vector<int64_t> labels_of(const std::vector<std::string>& classes, std::vector<std::string> names,
                               int64_t class_count) {
  for (int64_t label = std::ssize(names); label < class_count; ++label)
    names.push_back(std::to_string(label));
  return find_classes(classes, names);
}

}  // namespace

std::optional<detect::NmsOptions> suppression_of(const engine::Engine& engine) {
  const auto number = [&](const char* key, auto low, auto high, auto& value) {
    const auto found = engine.metadata().find(key);
    if (found == engine.metadata().end()) return false;
    if (!fields::parse_number(found->second, low, high, value))
      throw InputError("its metadata '{}' are '{}'; {} to {} is accepted", key, found->second, low, high);
    return true;
  };
  detect::NmsOptions nms;
  const bool is_known = number("score_threshold", 0.0, 1.0, nms.score_threshold) &&
                        number("iou_threshold", 0.0, 1.0, nms.iou_threshold) &&
                        number("max_detections", 1.0, 1e6, nms.max_detections);
  return is_known ? std::optional(nms) : std::nullopt;
}

std::vector<std::string> class_names_of(const engine::Engine& engine) {
  const auto found = engine.metadata().find("names");
  return found == engine.metadata().end() ? std::vector<std::string>() : split_lines(found->second);
}

std::vector<detect::ImageOutput> image_outputs(const std::vector<engine::OutputTensor>& tensors) {
  std::vector<detect::ImageOutput> outputs;
  for (const engine::OutputTensor& tensor : tensors) {
    const auto& s = tensor.shape;
    if (s.size() == 4) outputs.push_back({tensor.name, tensor.data.data(), s[1], s[2], s[3]});
    if (s.size() == 3) outputs.push_back({tensor.name, tensor.data.data(), s[1], 1, s[2]});
    if (s.size() == 2) outputs.push_back({tensor.name, tensor.data.data(), s[1], 1, 1});
  }
  return outputs;
}

ImageDetector::Facts ImageDetector::facts_of(const engine::Engine& engine, const DetectorOptions& options) {
  std::vector<engine::OutputTensor> empty;
  for (const engine::TensorInfo& info : engine.outputs()) empty.push_back({info.name, info.shape, {}});
  Facts facts{options, 0, {}, {}};
  facts.class_names = options.names.empty() ? class_names_of(engine) : options.names;
  const auto outputs = image_outputs(empty);
  const bool is_told = !detect::are_suppressed(outputs);
  facts.class_count = is_told ? detect::class_count_of(outputs) : std::ssize(facts.class_names);
  if (facts.class_count == 0)
    throw InputError("it suppresses boxes itself and does not name its classes; give their names");
  if (!facts.class_names.empty() && std::ssize(facts.class_names) != facts.class_count) {
    throw InputError("{}, its outputs tell {} classes apart",
                     options.names.empty()
                         ? fmt::format("the file names {} classes", facts.class_names.size())
                         : fmt::format("{} class names are given", facts.class_names.size()),
                     facts.class_count);
  }
  check(options);
  const auto file = suppression_of(engine);
  if (file && (file->score_threshold > options.nms.score_threshold ||
               file->iou_threshold < options.nms.iou_threshold)) {
    throw InputError(
        "suppression is in the file, with scores above {} and IoU {}; scores above {} and IoU {} are asked "
        "for; "
        "export it with --conf-thres {} --iou-thres {}",
        file->score_threshold, file->iou_threshold, options.nms.score_threshold, options.nms.iou_threshold,
        options.nms.score_threshold, options.nms.iou_threshold);
  }
  facts.labels = labels_of(options.classes, facts.class_names, facts.class_count);
  return facts;
}

ImageDetector::ImageDetector(const fs::path& onnx, const DetectorOptions& options) {
  // Channels last are what decoders give: the runtime then reorders and converts in one step.
  engine_ = engine::open(options.engine, onnx,
                         {.precision = options.precision,
                          .input = engine::InputLayout::bytes_nhwc,
                          .threads = options.threads,
                          .streams = options.streams});
  try {
    facts_ = std::make_shared<const Facts>(facts_of(*engine_, options));
  } catch (const InputError& error) {
    throw InputError("detector: {}: {}", onnx.string(), error.what());
  }
}

ImageDetector::ImageDetector(std::unique_ptr<engine::Engine> engine, std::shared_ptr<const Facts> facts)
    : engine_(std::move(engine)), facts_(std::move(facts)) {}

std::unique_ptr<ImageDetector> ImageDetector::another() const {
  return std::unique_ptr<ImageDetector>(new ImageDetector(engine_->another(), facts_));
}

image::Size ImageDetector::input_size() const {
  return {engine_->input().shape[1], engine_->input().shape[2]};
}

void ImageDetector::prepare(const image::ImageView& image, ChannelOrder order) {
  image::Letterboxed boxed = image::fit_and_letterbox(image, input_size());
  placement_ = {image.height, image.width, boxed.gain_x, boxed.gain_y, boxed.left, boxed.top};
  if (order == ChannelOrder::rgb) {
    input_ = std::move(boxed.image.pixels);
  } else {
    input_.resize(boxed.image.pixels.size());
    image::to_rgb(boxed.image, input_);
  }
}

void ImageDetector::infer() { outputs_ = engine_->infer(std::span<const uint8_t>(input_)); }

std::vector<detect::Detection> ImageDetector::collect() const {
  const DetectorOptions& options = facts_->options;
  auto candidates = detect::candidates_of(image_outputs(outputs_), input_size().height, options.nms);
  if (const std::vector<int64_t>& labels = facts_->labels; !labels.empty()) {
    std::erase_if(candidates, [&](const detect::Detection& candidate) {
      return std::ranges::find(labels, candidate.label) == labels.end();
    });
  }
  for (const detect::Detection& candidate : candidates) {
    if (candidate.label >= facts_->class_count)
      throw InputError("detector: the network finds class {}; it has 0 to {}", candidate.label,
                       facts_->class_count - 1);
  }
  auto detections = detect::nms(std::move(candidates), options.nms);
  detect::to_source(detections, placement_);
  return detections;
}

std::vector<detect::Detection> ImageDetector::detect(const image::ImageView& image, ChannelOrder order) {
  prepare(image, order);
  infer();
  return collect();
}

}  // namespace y6q::embed
