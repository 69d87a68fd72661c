#include "data/training_sample.h"

#include <algorithm>

#include "data/augment_affine.h"
#include "data/augment_flip.h"
#include "data/augment_hsv.h"
#include "data/augment_mixup.h"
#include "data/augment_mosaic.h"
#include "image/letterbox.h"

namespace y6q::data {
namespace {

Sample mosaic_sample(const SampleSource& source, int64_t index, const AugmentRecipe& recipe, Random& random) {
  const auto count = static_cast<int64_t>(source.dataset.images.size());
  const MosaicDraws draws = draw_mosaic(index, count, source.size, random);
  std::array<ImageStore::Handle, 4> handles;
  std::array<Tile, 4> tiles;
  for (size_t i = 0; i < 4; ++i) {
    handles[i] = source.images.get(draws.indices[i]);
    tiles[i] = {&*handles[i], source.dataset.images[static_cast<size_t>(draws.indices[i])].labels};
  }
  return apply_affine(mosaic_canvas(tiles, draws, source.size), draw_affine(recipe, random), source.size);
}

}  // namespace

PlacedSample letterboxed_sample(const SampleSource& source, int64_t index) {
  const ImageRecord& record = source.dataset.images[static_cast<size_t>(index)];
  const auto handle = source.images.get(index);
  image::Letterboxed boxed = image::letterbox(*handle, {.size = source.size, .scale_up = false});
  const double inner_width = static_cast<double>((*handle).width) * boxed.gain_x;
  const double inner_height = static_cast<double>((*handle).height) * boxed.gain_y;
  PlacedSample placed;
  placed.placement = {record.height,
                      record.width,
                      inner_width / static_cast<double>(record.width),
                      inner_height / static_cast<double>(record.height),
                      boxed.left,
                      boxed.top};
  const auto left = static_cast<double>(boxed.left), top = static_cast<double>(boxed.top);
  for (const Label& l : record.labels) {
    placed.sample.labels.push_back(
        {l.label, inner_width * (l.cx - l.w / 2) + left, inner_height * (l.cy - l.h / 2) + top,
         inner_width * (l.cx + l.w / 2) + left, inner_height * (l.cy + l.h / 2) + top});
  }
  placed.sample.image = std::move(boxed.image);
  return placed;
}

Sample augmented_sample(const SampleSource& source, int64_t index, const AugmentRecipe& recipe,
                        Random& random) {
  Sample sample;
  if (random.chance(recipe.mosaic)) {
    sample = mosaic_sample(source, index, recipe, random);
    if (random.chance(recipe.mixup)) {
      const int64_t other = random.index(static_cast<int64_t>(source.dataset.images.size()));
      const Sample second = mosaic_sample(source, other, recipe, random);
      sample = apply_mixup(sample, second, draw_mixup(random));
    }
  } else {
    sample = apply_affine(letterboxed_sample(source, index).sample, draw_affine(recipe, random), source.size);
  }
  clip_labels(sample);
  apply_hsv(sample.image, draw_hsv(random), recipe);
  return apply_flip(std::move(sample), draw_flip(recipe, random));
}

void clip_labels(Sample& sample) {
  const double width = static_cast<double>(sample.image.width) - 1e-3;
  const double height = static_cast<double>(sample.image.height) - 1e-3;
  for (PixelLabel& box : sample.labels) {
    box.x1 = std::clamp(box.x1, 0.0, width), box.x2 = std::clamp(box.x2, 0.0, width);
    box.y1 = std::clamp(box.y1, 0.0, height), box.y2 = std::clamp(box.y2, 0.0, height);
  }
}

}  // namespace y6q::data
