#include "ptq/range_fields.h"

namespace y6q::ptq {
namespace {

Field<RangeOptions> weight_bits_field() {
  return {"weight_bits",
          "Bits of the weights: 7 is right on every x86 CPU, 8 needs VNNI or AMX; auto: 7 for scheme cpu, 8 "
          "for tensorrt",
          "auto, 7 or 8",
          Field<RangeOptions>::Kind::value,
          [](const RangeOptions& options) {
            return options.weight_bits ? fmt::format("{}", *options.weight_bits) : "auto";
          },
          [](RangeOptions& options, std::string_view text) {
            if (text == "auto") {
              options.weight_bits.reset();
              return true;
            }
            int64_t bits = 0;
            if (!fields::parse_number(text, 7, 8, bits)) return false;
            options.weight_bits = bits;
            return true;
          }};
}

Field<RangeOptions> transposed_field() {
  return {
      "transposed",
      "Weights of transposed convolutions: one range (per-tensor), one an output channel (per-channel), or "
      "the layer in float; auto: per-tensor for scheme tensorrt, per-channel for cpu",
      "auto, per-tensor, per-channel or float",
      Field<RangeOptions>::Kind::value,
      [](const RangeOptions& options) {
        return options.transposed ? std::string(name_of(*options.transposed)) : "auto";
      },
      [](RangeOptions& options, std::string_view text) {
        std::optional<quant::Transposed> wanted;
        for (const quant::Transposed value : all_values<quant::Transposed>()) {
          if (name_of(value) == text) wanted = value;
        }
        if (!wanted && text != "auto") return false;
        options.transposed = wanted;
        return true;
      }};
}

}  // namespace

const std::vector<Field<RangeOptions>>& range_fields() {
  static const std::vector<Field<RangeOptions>> kFields{
      enum_field("scheme", &RangeOptions::scheme,
                 "Integers: tensorrt (all signed) or cpu (unsigned where nothing is negative)"),
      weight_bits_field(),
      transposed_field(),
      enum_field("method", &RangeOptions::method, "How a range is found in a histogram"),
      number_field("percentile", &RangeOptions::percentile, 50, 100,
                   "Share of values inside the range, in percent, for --method percentile"),
      truth_field("equalize", &RangeOptions::equalize,
                  "Even out the channels between two convolutions first (cross-layer equalization)"),
      truth_field("bias_correction", &RangeOptions::bias_correction,
                  "Take back the shift of mean outputs that rounded weights cause"),
      number_field("images", &RangeOptions::images, 1, 1 << 20,
                   "Training images to look at, letterboxed, not augmented"),
  };
  return kFields;
}

}  // namespace y6q::ptq
