#include "models/recognise.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/errors.h"

namespace y6q::models {
namespace {

constexpr std::string_view kStem = "backbone.stem.";
constexpr int64_t kMostChannels = 1 << 16, kMostRepeats = 200;  // far above any network

/// The 3x3 kernel of a Rep block in each mode.
constexpr std::pair<Mode, std::string_view> kKernels[] = {{Mode::hyper_search, ".conv.weight"},
                                                          {Mode::repopt, ".conv.weight"},
                                                          {Mode::repvgg, ".rbr_dense.conv.weight"},
                                                          {Mode::qarepvgg, ".rbr_dense.conv.weight"},
                                                          {Mode::repvgg_deploy, ".rbr_reparam.weight"}};

/// Parts of names that only networks have which are not built here.
constexpr std::pair<std::string_view, std::string_view> kForeign[] = {
    {".Bifusion", "a v3 neck (BiFusion)"},     {".cspsppf.", "a v3 backbone (CSPSPPF)"},
    {"backbone.ERBlock_6.", "a P6 network"},   {"reg_preds_dist.", "a self-distillation head"},
    {"cls_preds_ab.", "an anchor-aided head"}, {".m.conv1.conv1.", "BepC3 stages (m or l)"}};

/// What each channel of the layout is the output of.
constexpr std::pair<std::string_view, bool> kOutputs[] = {  // path, is a Rep block
    {"backbone.stem", true},        {"backbone.ERBlock_2.0", true}, {"backbone.ERBlock_3.0", true},
    {"backbone.ERBlock_4.0", true}, {"backbone.ERBlock_5.0", true}, {"neck.reduce_layer0", false},
    {"neck.reduce_layer1", false},  {"neck.downsample2", false},    {"neck.Rep_n3.conv1", true},
    {"neck.downsample1", false},    {"neck.Rep_n4.conv1", true}};

/// The stacks of the layout's repeats, from the second on.
constexpr std::string_view kStacks[] = {
    "backbone.ERBlock_2.1", "backbone.ERBlock_3.1", "backbone.ERBlock_4.1", "backbone.ERBlock_5.1",
    "neck.Rep_p4",          "neck.Rep_p3",          "neck.Rep_n3",          "neck.Rep_n4"};

Mode mode_of(const ParameterShapes& parameters) {
  for (const auto& [part, network] : kForeign) {
    for (const auto& [name, shape] : parameters) {
      if (name.find(part) == std::string::npos) continue;
      throw InputError("entry '{}' belongs to {}; accepted are YOLOv6 v2 networks ({}) in the modes {}", name,
                       network, fmt::join(architectures(), ", "), fmt::join(trainable_modes(), ", "));
    }
  }
  const auto has = [&](std::string_view name) {
    return parameters.contains(std::string(kStem) + std::string(name));
  };
  if (has("scale_conv.weight")) return Mode::hyper_search;
  if (has("conv.weight")) return Mode::repopt;
  if (has("rbr_dense.conv.weight")) return has("rbr_1x1.weight") ? Mode::qarepvgg : Mode::repvgg;
  if (has("rbr_reparam.weight")) return Mode::repvgg_deploy;
  throw InputError(
      "no entry is called as the stem of a YOLOv6 network ({}conv.weight, {}rbr_dense.conv.weight or "
      "{}rbr_reparam.weight); accepted are YOLOv6 v2 networks ({})",
      kStem, kStem, kStem, fmt::join(architectures(), ", "));
}

std::string kernel_name(std::string_view path, Mode mode) {
  const auto* found =
      std::find_if(std::begin(kKernels), std::end(kKernels), [&](auto& k) { return k.first == mode; });
  return std::string(path) + std::string(found->second);
}

/// Output channels of a convolution; 0 when there is none of that name.
int64_t outputs_of(const ParameterShapes& parameters, const std::string& weight) {
  const auto found = parameters.find(weight);
  if (found == parameters.end() || found->second.empty()) return 0;
  const int64_t channels = found->second[0];
  if (channels < 1 || channels > kMostChannels) {
    throw InputError("entry '{}' has {} output channels; 1 to {} are accepted", weight, channels,
                     kMostChannels);
  }
  return channels;
}

Layout read_layout(const ParameterShapes& parameters, Mode mode) {
  Layout layout;
  for (size_t i = 0; i < layout.channels.size(); ++i) {
    const auto& [path, is_rep] = kOutputs[i];
    layout.channels[i] =
        outputs_of(parameters, is_rep ? kernel_name(path, mode) : std::string(path) + ".block.conv.weight");
  }
  layout.repeats[0] = 1;
  for (size_t i = 1; i < layout.repeats.size(); ++i) {
    const auto block = [&](int64_t k) {
      return kernel_name(fmt::format("{}.block.{}", kStacks[i - 1], k), mode);
    };
    layout.repeats[i] = 1;
    while (layout.repeats[i] < kMostRepeats && parameters.contains(block(layout.repeats[i] - 1))) {
      ++layout.repeats[i];
    }
  }
  return layout;
}

/// The named architecture that a network with missing entries was most likely meant to be.
std::string nearest(const Layout& layout) {
  std::string best = architectures().front();
  int64_t most = -1;
  for (const std::string& name : architectures()) {
    const Layout known = layout_of(name);
    int64_t equal = 0;
    for (size_t i = 0; i < known.channels.size(); ++i)
      equal += known.channels[i] == layout.channels[i] ? 1 : 0;
    if (equal > most) most = equal, best = name;
  }
  return best;
}

}  // namespace

Recognised recognise(const ParameterShapes& parameters) {
  Recognised result;
  Options& options = result.options;
  options.mode = mode_of(parameters);
  options.folded_units = options.mode != Mode::repvgg_deploy &&
                         parameters.contains("neck.reduce_layer0.block.conv.bias") &&
                         !parameters.contains("neck.reduce_layer0.block.bn.weight");
  const int64_t classes = outputs_of(parameters, "detect.cls_preds.0.weight");
  if (classes > 0) options.class_count = classes;
  const Layout layout = read_layout(parameters, options.mode);
  options.architecture = nearest(layout);
  const bool complete = std::ranges::find(layout.channels, 0) == layout.channels.end();
  if (complete && layout != layout_of(options.architecture)) {
    result.is_custom = true;
    options.layout = layout;
  }
  return result;
}

}  // namespace y6q::models
