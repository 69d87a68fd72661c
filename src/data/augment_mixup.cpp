#include "data/augment_mixup.h"

#include "image/colour.h"

namespace y6q::data {

double draw_mixup(Random& random) { return random.beta(32, 32); }

Sample apply_mixup(const Sample& a, const Sample& b, double ratio) {
  Sample mixed{image::blend(a.image, b.image, ratio), a.labels};
  mixed.labels.insert(mixed.labels.end(), b.labels.begin(), b.labels.end());
  return mixed;
}

}  // namespace y6q::data
