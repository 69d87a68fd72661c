#include "data/synth_scene.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "data/synth_shape.h"
#include "data/synth_texture.h"

namespace y6q::data {
namespace {

constexpr int64_t kRod = 1, kSpeck = 0;  // clutter: a stretched square, a small disc
constexpr double kTurn = 2 * std::numbers::pi;

struct Item {
  int64_t shape = 0;
  SynthPose pose;
  SynthTexture texture;
};

class Canvas {
 public:
  Canvas(int64_t size, const SynthTexture& ground)
      : size_(size), colours_(static_cast<size_t>(size * size)), owner_(colours_.size(), -1) {
    for (int64_t y = 0; y < size; ++y) {
      for (int64_t x = 0; x < size; ++x) colours_[at(x, y)] = ground.at(double(x), double(y));
    }
  }

  /// owner: position of the object, -1 for clutter. Returns the pixels it covers, also those outside the
  /// image.
  int64_t paint(const Item& item, int8_t owner) {
    const double reach = std::max(item.pose.radius_u, item.pose.radius_v) + 1;
    int64_t area = 0;
    for (auto y = int64_t(std::floor(item.pose.y - reach)); y <= int64_t(item.pose.y + reach); ++y) {
      for (auto x = int64_t(std::floor(item.pose.x - reach)); x <= int64_t(item.pose.x + reach); ++x) {
        const double share = synth_coverage(item.shape, item.pose, x, y);
        if (share > 0.5) ++area;
        if (share == 0 || x < 0 || y < 0 || x >= size_ || y >= size_) continue;
        const Bgr colour = item.texture.at(double(x), double(y));
        for (size_t i = 0; i < 3; ++i)
          colours_[at(x, y)][i] = std::lerp(colours_[at(x, y)][i], colour[i], share);
        if (share > 0.5) owner_[at(x, y)] = owner;
      }
    }
    return area;
  }

  image::Image finished(Random& random) const {
    const double angle = random.uniform(0, kTurn), strength = random.uniform(0, 0.25);
    image::Image image(size_, size_);
    for (int64_t y = 0; y < size_; ++y) {
      for (int64_t x = 0; x < size_; ++x) {
        const double place =
            (double(x) * std::cos(angle) + double(y) * std::sin(angle)) / double(size_) - 0.5;
        for (size_t i = 0; i < 3; ++i) {
          const double value = colours_[at(x, y)][i] * (1 + strength * place) + random.uniform(-7, 7);
          image.at(y, x)[i] = static_cast<uint8_t>(std::clamp(value, 0.0, 255.0));
        }
      }
    }
    return image;
  }
  const std::vector<int8_t>& owner() const { return owner_; }

 private:
  size_t at(int64_t x, int64_t y) const { return static_cast<size_t>(y * size_ + x); }
  int64_t size_;
  std::vector<Bgr> colours_;
  std::vector<int8_t> owner_;
};

// Without some contrast not even people would find the object.
SynthTexture draw_object_texture(const SynthTexture& ground, int64_t image_size, Random& random) {
  for (;;) {
    const SynthTexture texture = draw_texture(random, 60, image_size);
    const Bgr a = texture.mean(), b = ground.mean();
    if (std::max({std::abs(a[0] - b[0]), std::abs(a[1] - b[1]), std::abs(a[2] - b[2])}) >= 75) return texture;
  }
}

Item draw_object(const SynthSceneOptions& options, const SynthTexture& ground, Random& random) {
  const auto size = static_cast<double>(options.image_size);
  Item item;
  item.shape = random.index(options.classes);
  const double radius = random.uniform(0.15, 0.5) / 2 * size, stretch = std::sqrt(random.uniform(0.75, 1.33));
  // Centres keep most of a radius inside, so that some objects are cut by the border.
  item.pose = {random.uniform(0.7 * radius, size - 0.7 * radius),
               random.uniform(0.7 * radius, size - 0.7 * radius), radius * stretch, radius / stretch,
               random.uniform(0, kTurn)};
  item.texture = draw_object_texture(ground, options.image_size, random);
  return item;
}

Item draw_clutter(const SynthSceneOptions& options, Random& random) {
  const auto size = static_cast<double>(options.image_size);
  Item item;
  const bool rod = random.chance(0.5);
  item.shape = rod ? kRod : kSpeck;
  item.pose = {random.uniform(0, size), random.uniform(0, size), random.uniform(0.01, 0.025) * size, 0,
               random.uniform(0, kTurn)};
  item.pose.radius_v = rod ? random.uniform(0.1, 0.35) * size : item.pose.radius_u * random.uniform(1, 2);
  item.texture = draw_texture(random, 60, options.image_size);
  return item;
}

std::vector<PixelLabel> visible_boxes(const std::vector<Item>& objects, const Canvas& canvas, int64_t size) {
  const auto far = static_cast<double>(size);
  std::vector<PixelLabel> boxes;
  for (const Item& object : objects) boxes.push_back({object.shape, far, far, 0, 0});
  for (int64_t y = 0; y < size; ++y) {
    for (int64_t x = 0; x < size; ++x) {
      const int8_t owner = canvas.owner()[static_cast<size_t>(y * size + x)];
      if (owner < 0) continue;
      PixelLabel& box = boxes[static_cast<size_t>(owner)];
      box.x1 = std::min(box.x1, double(x)), box.x2 = std::max(box.x2, double(x + 1));
      box.y1 = std::min(box.y1, double(y)), box.y2 = std::max(box.y2, double(y + 1));
    }
  }
  return boxes;
}

bool half_visible(const std::vector<int64_t>& areas, const std::vector<int8_t>& owner) {
  for (size_t i = 0; i < areas.size(); ++i) {
    if (2 * std::ranges::count(owner, static_cast<int8_t>(i)) < areas[i]) return false;
  }
  return true;
}

}  // namespace

SynthScene draw_scene(const SynthSceneOptions& options, Random& random) {
  for (;;) {
    const SynthTexture ground = draw_texture(random, 80, options.image_size);
    Canvas canvas(options.image_size, ground);
    for (int64_t i = random.index(9); i > 0; --i) canvas.paint(draw_clutter(options, random), -1);
    std::vector<Item> objects;
    std::vector<int64_t> areas;
    for (int64_t i = 1 + random.index(4); i > 0; --i) {
      objects.push_back(draw_object(options, ground, random));
      areas.push_back(canvas.paint(objects.back(), static_cast<int8_t>(objects.size() - 1)));
    }
    for (int64_t i = random.index(3); i > 0; --i) canvas.paint(draw_clutter(options, random), -1);
    if (!half_visible(areas, canvas.owner())) continue;
    return {{canvas.finished(random), visible_boxes(objects, canvas, options.image_size)}, canvas.owner()};
  }
}

}  // namespace y6q::data
