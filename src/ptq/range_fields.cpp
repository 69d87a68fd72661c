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

/// A value of an enumeration, or `nothing` for none.
template <Named E>
Field<RangeOptions> choice_field(std::string name, std::optional<E> RangeOptions::*member,
                                 std::string nothing, std::string help) {
  return {std::move(name),
          std::move(help),
          fmt::format("one of {}, {}", nothing, fmt::join(all_names<E>(), ", ")),
          Field<RangeOptions>::Kind::value,
          [=](const RangeOptions& options) {
            return options.*member ? std::string(name_of(*(options.*member))) : nothing;
          },
          [=](RangeOptions& options, std::string_view text) {
            std::optional<E> wanted;
            for (const E value : all_values<E>()) {
              if (name_of(value) == text) wanted = value;
            }
            if (!wanted && text != nothing) return false;
            options.*member = wanted;
            return true;
          }};
}

}  // namespace

const std::vector<Field<RangeOptions>>& range_fields() {
  static const std::vector<Field<RangeOptions>> kFields{
      enum_field("scheme", &RangeOptions::scheme,
                 "Integers: tensorrt (all signed) or cpu (unsigned where nothing is negative)"),
      weight_bits_field(),
      choice_field("transposed", &RangeOptions::transposed, "auto",
                   "Weights of transposed convolutions: one range (per-tensor), one an output channel "
                   "(per-channel), or the layer in float; auto: per-tensor for scheme tensorrt, per-channel "
                   "for cpu"),
      choice_field(
          "method", &RangeOptions::method, "best",
          "How a range is found in a histogram; best: for each tensor the one of all that changes the "
          "outputs of its convolutions least"),
      number_field("percentile", &RangeOptions::percentile, 50, 100,
                   "Share of values inside the range, in percent, for --method percentile and best"),
      enum_field(
          "weight_method", &RangeOptions::weight_method,
          "How the range of a weight's channel is found: max, its largest magnitude; mse, what rounds it "
          "best"),
      truth_field("equalize", &RangeOptions::equalize,
                  "Even out the channels between two convolutions first (cross-layer equalization)"),
      truth_field(
          "adaptive_rounding", &RangeOptions::adaptive_rounding,
          "Round weights so that the outputs of their convolutions change least, instead of to the nearest"),
      truth_field("bias_correction", &RangeOptions::bias_correction,
                  "Take back the shift of mean outputs that rounded weights cause"),
      number_field("images", &RangeOptions::images, 1, 1 << 20,
                   "Training images to look at, letterboxed, not augmented"),
  };
  return kFields;
}

}  // namespace y6q::ptq
