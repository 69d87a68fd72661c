#include "models/yolov6.h"

#include <fmt/ranges.h>

#include <cmath>

#include "base/errors.h"
#include "models/blocks.h"

namespace y6q::models {
namespace {

using ir::Value;

struct Scaling {
  std::string_view name;
  double depth, width;
};

// spec/01 §3.
constexpr std::array<Scaling, 3> kScalings{
    {{"yolov6n", 0.33, 0.25}, {"yolov6t", 0.33, 0.375}, {"yolov6s", 0.33, 0.50}}};
constexpr std::array<int64_t, 11> kChannels{64, 128, 256, 512, 1024, 256, 128, 128, 256, 256, 512};
constexpr std::array<int64_t, 9> kRepeats{1, 6, 12, 18, 6, 12, 12, 12, 12};

/// Multiples of 8, half-to-even rounding (spec/01 §1).
Layout scaled_layout(const Scaling& scaling) {
  Layout layout;
  for (size_t i = 0; i < layout.channels.size(); ++i) {
    layout.channels[i] =
        static_cast<int64_t>(std::ceil(static_cast<double>(kChannels[i]) * scaling.width / 8)) * 8;
  }
  for (size_t i = 0; i < layout.repeats.size(); ++i) {
    const auto scaled =
        static_cast<int64_t>(std::nearbyint(static_cast<double>(kRepeats[i]) * scaling.depth));
    layout.repeats[i] = kRepeats[i] > 1 ? std::max<int64_t>(scaled, 1) : kRepeats[i];
  }
  return layout;
}

struct Levels {
  Value fine, middle, coarse;  ///< strides 8, 16, 32
};

Value concat(Builder& b, const std::string& name, Value first, Value second) {
  return b.model.graph.add(name, ir::Concat{}, {first, second}, "neck");
}

Levels backbone(Builder& b, const Layout& plan, Value x) {
  const auto& c = plan.channels;
  auto stage = [&](const std::string& path, Value in, size_t i) {
    in = rep_conv(b, path + ".0", in, {.out_channels = c[i], .stride = 2});
    return rep_stack(b, path + ".1", in, c[i], plan.repeats[i]);
  };
  x = rep_conv(b, "backbone.stem", x, {.out_channels = c[0], .stride = 2});
  x = stage("backbone.ERBlock_2", x, 1);
  const Value c3 = stage("backbone.ERBlock_3", x, 2);
  const Value c4 = stage("backbone.ERBlock_4", c3, 3);
  const Value last = stage("backbone.ERBlock_5", c4, 4);
  return {c3, c4, sppf(b, "backbone.ERBlock_5.2", last, c[4])};
}

// spec/01 §3.2; the order of concatenation matters for the weights.
Levels neck(Builder& b, const Layout& plan, const Levels& in) {
  const auto& c = plan.channels;
  const auto& n = plan.repeats;
  const Value f0 = conv_unit(b, "neck.reduce_layer0", in.coarse, {.out_channels = c[5], .kernel = 1});
  const Value u0 = upsample(b, "neck.upsample0", f0);
  const Value p4 = rep_stack(b, "neck.Rep_p4", concat(b, "neck.concat_p4", u0, in.middle), c[5], n[5]);
  const Value f1 = conv_unit(b, "neck.reduce_layer1", p4, {.out_channels = c[6], .kernel = 1});
  const Value u1 = upsample(b, "neck.upsample1", f1);
  const Value n3 = rep_stack(b, "neck.Rep_p3", concat(b, "neck.concat_p3", u1, in.fine), c[6], n[6]);
  const Value d1 = conv_unit(b, "neck.downsample2", n3, {.out_channels = c[7], .stride = 2});
  const Value n4 = rep_stack(b, "neck.Rep_n3", concat(b, "neck.concat_n3", d1, f1), c[8], n[7]);
  const Value d0 = conv_unit(b, "neck.downsample1", n4, {.out_channels = c[9], .stride = 2});
  const Value n5 = rep_stack(b, "neck.Rep_n4", concat(b, "neck.concat_n4", d0, f0), c[10], n[8]);
  return {n3, n4, n5};
}

/// One level of the decoupled head (spec/01 §3.3): logits and distances.
std::pair<Value, Value> head_level(Builder& b, const std::string& level, Value x, int64_t class_count) {
  const int64_t c = b.channels(x);
  const float class_bias = static_cast<float>(-std::log((1 - 0.01) / 0.01));
  const ConvOptions unit{.out_channels = c, .kernel = 3, .activation = Activation::silu};
  x = conv_unit(b, "detect.stems." + level, x,
                {.out_channels = c, .kernel = 1, .activation = Activation::silu});
  const Value cls = conv_unit(b, "detect.cls_convs." + level, x, unit);
  const Value reg = conv_unit(b, "detect.reg_convs." + level, x, unit);
  return {prediction(b, "detect.cls_preds." + level, cls, class_count, class_bias),
          prediction(b, "detect.reg_preds." + level, reg, 4, 1.0F)};
}

const Scaling& scaling_of(std::string_view architecture) {
  for (const Scaling& scaling : kScalings) {
    if (scaling.name == architecture) return scaling;
  }
  throw UnsupportedError("--model {}: is not known; {} are", architecture, fmt::join(architectures(), ", "));
}

/// Adds the whole network to the builder's empty model.
void build(Builder& b, const Options& options) {
  const Layout plan = options.layout ? *options.layout : layout_of(options.architecture);
  const auto [height, width] = options.image_size;
  if (height < 32 || width < 32 || height % 32 != 0 || width % 32 != 0) {
    throw UsageError("--img-size {}x{}: height and width must be multiples of 32, at least 32", height,
                     width);
  }
  if (options.class_count < 1)
    throw UsageError("a network of {} classes: at least 1 is needed", options.class_count);
  const Value images = b.model.graph.add("images", ir::Input{{1, 3, height, width}}, {});
  const Levels features = neck(b, plan, backbone(b, plan, images));
  const std::array<Value, 3> levels{features.fine, features.middle, features.coarse};
  std::array<std::pair<Value, Value>, 3> heads;
  for (size_t i = 0; i < 3; ++i) heads[i] = head_level(b, std::to_string(i), levels[i], options.class_count);
  for (size_t i = 0; i < 3; ++i) b.model.graph.mark_output("cls" + std::to_string(i), heads[i].first);
  for (size_t i = 0; i < 3; ++i) b.model.graph.mark_output("reg" + std::to_string(i), heads[i].second);
  for (size_t i = 0; i < 3; ++i) b.model.graph.mark_output("feat" + std::to_string(i), levels[i]);
}

}  // namespace

ir::Model yolov6(const Options& options) {
  Builder b{{}, options.mode, Random(options.seed), options.folded_units};
  build(b, options);
  return std::move(b.model);
}

ir::Graph yolov6_graph(const Options& options) {
  Builder b{{}, options.mode, Random(options.seed), options.folded_units, true};
  build(b, options);
  return std::move(b.model.graph);
}

Layout layout_of(std::string_view architecture) { return scaled_layout(scaling_of(architecture)); }

std::vector<std::string> architectures() {
  std::vector<std::string> names;
  for (const Scaling& scaling : kScalings) names.emplace_back(scaling.name);
  return names;
}

std::vector<std::string> trainable_modes() {
  std::vector<std::string> names;
  for (const Mode mode : kTrainableModes) names.emplace_back(name_of(mode));
  return names;
}

}  // namespace y6q::models
