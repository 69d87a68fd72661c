#pragma once

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "data/dataset.h"
#include "detect/box.h"
#include "image/decode.h"

/// A detector without learning of form, to show that a data set needs more: everything whose colour is not
/// the ground's, cut into connected pieces, classified by mean colour.
namespace y6q::pipeline {

using Colour = std::array<double, 3>;  ///< B, G, R

struct ColourPiece {
  detect::Box box;
  int64_t pixels = 0;
  Colour mean{};
};

/// Otsu's threshold on grey levels (IEEE Trans. SMC 9, 1979).
inline int otsu_threshold(const std::vector<uint8_t>& grey) {
  std::array<double, 256> counts{};
  for (const uint8_t level : grey) ++counts[level];
  double sum = 0, below = 0, below_sum = 0, best = -1;
  for (size_t i = 0; i < 256; ++i) sum += static_cast<double>(i) * counts[i];
  int threshold = 0;
  const auto all = static_cast<double>(grey.size());
  for (size_t i = 0; i < 256; ++i) {
    below += counts[i];
    below_sum += static_cast<double>(i) * counts[i];
    if (below == 0 || below == all) continue;
    const double gap = below_sum / below - (sum - below_sum) / (all - below);
    const double between = below * (all - below) * gap * gap;
    if (between > best) best = between, threshold = static_cast<int>(i);
  }
  return threshold;
}

/// Four-connected pieces of `mask` (not 0), at least min_pixels large.
inline std::vector<ColourPiece> connected_pieces(const image::Image& image, std::vector<uint8_t> mask,
                                                 int64_t min_pixels) {
  std::vector<ColourPiece> pieces;
  std::vector<int64_t> stack;
  for (int64_t start = 0; start < image.height * image.width; ++start) {
    if (!mask[static_cast<size_t>(start)]) continue;
    int64_t x1 = image.width, y1 = image.height, x2 = 0, y2 = 0;
    ColourPiece piece;
    stack.assign(1, start);
    mask[static_cast<size_t>(start)] = 0;
    while (!stack.empty()) {
      const int64_t place = stack.back(), x = place % image.width, y = place / image.width;
      stack.pop_back();
      x1 = std::min(x1, x), x2 = std::max(x2, x + 1), y1 = std::min(y1, y), y2 = std::max(y2, y + 1);
      ++piece.pixels;
      for (size_t i = 0; i < 3; ++i) piece.mean[i] += image.at(y, x)[i];
      auto visit = [&](bool inside, int64_t next) {
        if (!inside || !mask[static_cast<size_t>(next)]) return;
        mask[static_cast<size_t>(next)] = 0;
        stack.push_back(next);
      };
      visit(x > 0, place - 1), visit(x + 1 < image.width, place + 1);
      visit(y > 0, place - image.width), visit(y + 1 < image.height, place + image.width);
    }
    if (piece.pixels < min_pixels) continue;
    for (double& channel : piece.mean) channel /= static_cast<double>(piece.pixels);
    piece.box = {static_cast<float>(x1), static_cast<float>(y1), static_cast<float>(x2),
                 static_cast<float>(y2)};
    pieces.push_back(piece);
  }
  return pieces;
}

/// Pieces by two rules: the smaller side of Otsu's threshold, and what differs from the most frequent colour
/// by more than 40 in a channel. At least half a percent of the image.
inline std::vector<ColourPiece> colour_pieces(const image::Image& image) {
  const auto count = static_cast<size_t>(image.height * image.width);
  std::vector<uint8_t> grey(count), dark(count), apart(count);
  std::vector<int64_t> frequency(16 * 16 * 16);
  auto cell = [&](size_t i) {
    const uint8_t* p = &image.pixels[i * 3];
    return static_cast<size_t>(p[0] >> 4) * 256 + static_cast<size_t>(p[1] >> 4) * 16 +
           static_cast<size_t>(p[2] >> 4);
  };
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* p = &image.pixels[i * 3];
    grey[i] = static_cast<uint8_t>((29 * p[0] + 150 * p[1] + 77 * p[2]) >> 8);
    ++frequency[cell(i)];
  }
  const auto ground = static_cast<int>(std::ranges::max_element(frequency) - frequency.begin());
  const std::array<int, 3> ground_colour{(ground / 256) * 16 + 8, (ground / 16 % 16) * 16 + 8,
                                         (ground % 16) * 16 + 8};
  const int threshold = otsu_threshold(grey);
  for (size_t i = 0; i < count; ++i) {
    dark[i] = grey[i] <= threshold;
    for (size_t k = 0; k < 3; ++k) apart[i] |= std::abs(int{image.pixels[i * 3 + k]} - ground_colour[k]) > 40;
  }
  if (2 * std::ranges::count(dark, 1) > static_cast<int64_t>(count)) {
    for (uint8_t& pixel : dark) pixel = !pixel;
  }
  auto pieces = connected_pieces(image, dark, static_cast<int64_t>(count / 200));
  const auto others = connected_pieces(image, apart, static_cast<int64_t>(count / 200));
  pieces.insert(pieces.end(), others.begin(), others.end());
  return pieces;
}

/// Mean colour of each class: the centres of its boxes in a training split.
inline std::vector<Colour> learn_class_colours(const data::Dataset& train) {
  std::vector<Colour> colours(train.class_names.size());
  std::vector<double> counts(colours.size());
  for (const data::ImageRecord& record : train.images) {
    const image::Image image = image::decode_file(record.path);
    for (const data::Label& label : record.labels) {
      const auto x = static_cast<int64_t>(label.cx * static_cast<double>(image.width));
      const auto y = static_cast<int64_t>(label.cy * static_cast<double>(image.height));
      const uint8_t* pixel = image.at(std::min(y, image.height - 1), std::min(x, image.width - 1));
      const auto slot = static_cast<size_t>(label.label);
      for (size_t i = 0; i < 3; ++i) colours[slot][i] += pixel[i];
      ++counts[slot];
    }
  }
  for (size_t i = 0; i < colours.size(); ++i) {
    for (double& channel : colours[i]) channel /= std::max(1.0, counts[i]);
  }
  return colours;
}

/// Every piece, as the class of the nearest colour; the score grows with how much of its box a piece fills.
inline std::vector<detect::Detection> detect_by_colour(const image::Image& image,
                                                       const std::vector<Colour>& classes) {
  std::vector<detect::Detection> found;
  for (const ColourPiece& piece : colour_pieces(image)) {
    double nearest = std::numeric_limits<double>::infinity();
    int64_t label = 0;
    for (size_t c = 0; c < classes.size(); ++c) {
      double distance = 0;
      for (size_t i = 0; i < 3; ++i)
        distance += (piece.mean[i] - classes[c][i]) * (piece.mean[i] - classes[c][i]);
      if (distance < nearest) nearest = distance, label = static_cast<int64_t>(c);
    }
    const float area = (piece.box.x2 - piece.box.x1) * (piece.box.y2 - piece.box.y1);
    found.push_back({piece.box, static_cast<float>(piece.pixels) / area, label});
  }
  return found;
}

}  // namespace y6q::pipeline
