#pragma once

#include "base/random.h"
#include "data/image_store.h"
#include "data/recipe.h"
#include "data/sample.h"
#include "detect/placement.h"

namespace y6q::data {

/// What a batch slot is filled from: a data set, its images, and the slot's size in pixels.
struct SampleSource {
  const Dataset& dataset;
  ImageStore& images;
  image::Size size;
};

/// Image `index`, letterboxed without enlarging; labels in pixels of the slot.
struct PlacedSample {
  Sample sample;
  detect::Placement placement;
};
PlacedSample letterboxed_sample(const SampleSource& source, int64_t index);

/// One augmented sample in the order of spec/02 §2.3: (mosaic [mixup] | letterbox, affine), clip, HSV, flips.
/// A new augmentation adds its line to training_sample.cpp and its settings to recipe.cpp.
Sample augmented_sample(const SampleSource& source, int64_t index, const AugmentRecipe& recipe,
                        Random& random);

/// Boxes to [0, width - 1e-3] x [0, height - 1e-3] (spec/02 §2.3).
void clip_labels(Sample& sample);

}  // namespace y6q::data
