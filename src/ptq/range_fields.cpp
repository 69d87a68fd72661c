#include "ptq/range_fields.h"

namespace y6q::ptq {

const std::vector<Field<RangeOptions>>& range_fields() {
  static const std::vector<Field<RangeOptions>> kFields{
      enum_field("scheme", &RangeOptions::scheme,
                 "Integers: tensorrt (all signed) or cpu (unsigned where nothing is negative)"),
      enum_field("method", &RangeOptions::method, "How a range is found in a histogram"),
      number_field("percentile", &RangeOptions::percentile, 50, 100,
                   "Share of values inside the range, in percent, for --method percentile"),
      truth_field("bias_correction", &RangeOptions::bias_correction,
                  "Take back the shift of mean outputs that rounded weights cause"),
      number_field("images", &RangeOptions::images, 1, 1 << 20,
                   "Training images to look at, letterboxed, not augmented"),
  };
  return kFields;
}

}  // namespace y6q::ptq
