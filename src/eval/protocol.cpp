#include "eval/protocol.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/errors.h"

namespace y6q::eval {
namespace {

// spec/05 §8.1: --reproduce_640_eval, of the current configuration and of tag 0.2.1 (load sizes 638, 634,
// 628, 632).
constexpr std::array kShrink640{ModelShrink{"", 2},
                                ModelShrink{"yolov6n", 4},
                                ModelShrink{"yolov6t", 6},
                                ModelShrink{"yolov6s", 6},
                                ModelShrink{"yolov6m", 4},
                                ModelShrink{"yolov6l", 4},
                                ModelShrink{"yolov6l_relu", 2},
                                ModelShrink{"yolov6n6", 17},
                                ModelShrink{"yolov6s6", 8},
                                ModelShrink{"yolov6m6", 64},
                                ModelShrink{"yolov6l6", 41},
                                ModelShrink{"yolov6s_mbla", 7},
                                ModelShrink{"yolov6m_mbla", 7},
                                ModelShrink{"yolov6l_mbla", 7},
                                ModelShrink{"yolov6x_mbla", 3}};
constexpr std::array kShrink021{ModelShrink{"", 2}, ModelShrink{"yolov6t", 6}, ModelShrink{"yolov6m", 12},
                                ModelShrink{"yolov6l", 8}};
constexpr std::array kShrinkEngine{ModelShrink{"", 4}};  // spec/05 §8.3

constexpr detect::NmsOptions kReferenceNms{.max_candidates = 30000};

constexpr std::array kProtocols{
    Protocol{},
    Protocol{
        .name = "reference", .rectangular = true, .rect_pad = 0.5, .rounded = true, .nms = kReferenceNms},
    Protocol{.name = "reference-speed", .rectangular = true, .rounded = true, .nms = kReferenceNms},
    Protocol{.name = "reference-640", .shrink_by_model = kShrink640, .rounded = true, .nms = kReferenceNms},
    Protocol{.name = "reference-0.2.1", .shrink_by_model = kShrink021, .rounded = true, .nms = kReferenceNms},
    Protocol{.name = "reference-trt", .nms = kReferenceNms},
    Protocol{.name = "reference-yolo-trt",
             .shrink_by_model = kShrinkEngine,
             .annotated_only = true,
             .nms = kReferenceNms},
};

}  // namespace

Protocol Protocol::for_model(std::span<const std::string> names) const {
  Protocol result = *this;
  const auto find = [&](std::string_view model) {
    return std::find_if(shrink_by_model.begin(), shrink_by_model.end(),
                        [&](const ModelShrink& entry) { return entry.model == model; });
  };
  auto found = shrink_by_model.end();
  for (const std::string& model : names) {
    if (found == shrink_by_model.end() && !model.empty()) found = find(model);
  }
  if (found == shrink_by_model.end()) found = find("");
  if (found != shrink_by_model.end()) result.shrink = found->pixels;
  return result;
}

std::string Protocol::describe() const {
  std::string placing = shrink ? fmt::format("long side scaled to the image size less {}", shrink)
                               : std::string("long side scaled to the image size");
  placing += rectangular ? fmt::format(", rectangular batches with {:g} strides of padding", rect_pad)
                         : " and centred on grey 114";
  std::string text = fmt::format("{}{}: {}, confidence {:g}, IoU {:g}, {}, at most {} boxes an image", name,
                                 changed ? " (changed)" : "", placing, nms.score_threshold, nms.iou_threshold,
                                 nms.multi_label ? "multi-label" : "best label", nms.max_detections);
  if (nms.max_candidates) text += fmt::format(", at most {} candidates", nms.max_candidates);
  if (rounded) text += ", boxes rounded to 3 decimals, scores to 5";
  if (annotated_only) text += ", only images with objects";
  return text;
}

std::span<const Protocol> protocols() { return kProtocols; }

const Protocol& find_protocol(std::string_view name) {
  std::string names;
  for (const Protocol& protocol : kProtocols) {
    if (protocol.name == name) return protocol;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", protocol.name);
  }
  throw UnsupportedError("eval: there is no protocol '{}'; known: {}", name, names);
}

}  // namespace y6q::eval
