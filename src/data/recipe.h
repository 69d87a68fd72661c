#pragma once

#include "base/fields.h"

namespace y6q::data {

/// Settings of the random augmentations (spec/02 §2.8, same names and meaning).
struct AugmentRecipe {
  double hsv_h = 0.015, hsv_s = 0.7, hsv_v = 0.4;  ///< relative gain ranges
  double degrees = 0;                              ///< rotation in ±degrees
  double translate = 0.1;                          ///< ± fraction of the size
  double scale = 0.5;                              ///< ± relative zoom
  double shear = 0;                                ///< ± degrees
  double flipud = 0, fliplr = 0.5;                 ///< probabilities
  double mosaic = 1, mixup = 0;                    ///< probabilities; mixup is drawn inside mosaic only
  bool operator==(const AugmentRecipe&) const = default;
};

/// The same without mosaic and mixup: what is left when strong augmentation is off.
AugmentRecipe without_strong(AugmentRecipe recipe);

/// In the order of the struct.
const std::vector<Field<AugmentRecipe>>& augment_fields();

}  // namespace y6q::data
