#include <gtest/gtest.h>

#include <cstring>

#include "data/augment_affine.h"
#include "data/augment_flip.h"
#include "data/augment_hsv.h"
#include "data/augment_mixup.h"
#include "data/augment_mosaic.h"
#include "data/training_sample.h"
#include "golden/arrays.h"
#include "golden/golden.h"
#include "image/colour.h"
#include "image/decode.h"

namespace y6q {
namespace {

using data::PixelLabel;
using data::Sample;
using nlohmann::json;

using golden::numbers;
using golden::picture;

std::vector<PixelLabel> pixel_labels(const std::vector<float>& rows) {
  std::vector<PixelLabel> labels;
  for (size_t i = 0; i < rows.size(); i += 5) {
    labels.push_back({static_cast<int64_t>(rows[i]), rows[i + 1], rows[i + 2], rows[i + 3], rows[i + 4]});
  }
  return labels;
}

std::vector<data::Label> fraction_labels(const std::vector<float>& rows) {
  std::vector<data::Label> labels;
  for (size_t i = 0; i < rows.size(); i += 5) {
    labels.push_back({static_cast<int64_t>(rows[i]), rows[i + 1], rows[i + 2], rows[i + 3], rows[i + 4]});
  }
  return labels;
}

void expect_labels(const std::vector<PixelLabel>& got, const std::vector<float>& want,
                   const std::string& name) {
  std::vector<double> flat;
  for (const PixelLabel& l : got) flat.insert(flat.end(), {double(l.label), l.x1, l.y1, l.x2, l.y2});
  golden::expect_close(flat, want, {.atol = 1e-3}, name);
}

data::AffineDraws affine_draws(const json& list) {
  return {list[0], list[1], list[2], list[3], list[4], list[5]};
}

TEST(GoldenAugment, Hsv) {
  Y6Q_NEED_GOLDEN();
  const auto file = golden::tensors("augment/hsv");
  const auto cases = golden::json("augment/hsv").at("cases");
  for (const json& c : cases) {
    image::Image image = picture(file, "image");
    const json& draws = c.at("uniform_draws");
    const data::AugmentRecipe recipe{
        .hsv_h = c.at("hsv")[0], .hsv_s = c.at("hsv")[1], .hsv_v = c.at("hsv")[2]};
    data::apply_hsv(image, draws.is_null() ? data::HsvDraws{} : data::HsvDraws{draws[0], draws[1], draws[2]},
                    recipe);
    EXPECT_TRUE(image == picture(file, c.at("tensor"))) << c.at("tensor");
  }
}

TEST(GoldenAugment, Affine) {
  Y6Q_NEED_GOLDEN();
  const auto file = golden::tensors("augment/affine");
  const Sample source{picture(file, "image"), pixel_labels(numbers(file, "labels"))};
  const auto cases = golden::json("augment/affine").at("cases");
  for (const json& c : cases) {
    const std::string name = c.at("tensor");
    const data::AffineDraws draws{c.at("angle"),   c.at("scale"), c.at("shear_x"),
                                  c.at("shear_y"), c.at("tx"),    c.at("ty")};
    const image::Size target{c.at("new")[0], c.at("new")[1]};
    const auto matrix = data::affine_matrix(draws, {source.image.height, source.image.width}, target);
    for (size_t i = 0; i < 6; ++i) {
      const double want = c.at("matrix")[i / 3][i % 3];
      EXPECT_NEAR(matrix[i], want, 1e-9 * std::abs(want) + 1e-12) << name << " " << i;
    }
    const Sample warped = data::apply_affine(source, draws, target);
    EXPECT_TRUE(warped.image == picture(file, name + "/image")) << name;
    EXPECT_EQ(warped.labels.size(), c.at("kept").get<size_t>());
    expect_labels(warped.labels, numbers(file, name + "/labels"), name);
  }
}

TEST(GoldenAugment, AffineKeepsTheRecordedBoxes) {
  Y6Q_NEED_GOLDEN();
  const auto file = golden::tensors("augment/affine");
  const auto before = numbers(file, "candidates/before"), after = numbers(file, "candidates/after");
  const auto kept = std::get<std::vector<int64_t>>(file.integers("candidates/kept").data);
  ASSERT_EQ(kept.size(), 40U);
  for (size_t i = 0; i < kept.size(); ++i) {
    const float *b = &before[i * 4], *a = &after[i * 4];
    EXPECT_EQ(data::keeps_box({0, b[0], b[1], b[2], b[3]}, {0, a[0], a[1], a[2], a[3]}, 1), kept[i] == 1)
        << i;
  }
}

TEST(GoldenAugment, Mosaic) {
  Y6Q_NEED_GOLDEN();
  const auto file = golden::tensors("augment/mosaic");
  std::array<image::Image, 4> images;
  std::array<std::vector<data::Label>, 4> labels;
  std::array<data::Tile, 4> tiles;
  for (size_t i = 0; i < 4; ++i) {
    images[i] = picture(file, "image" + std::to_string(i));
    labels[i] = fraction_labels(numbers(file, "labels" + std::to_string(i)));
    tiles[i] = {&images[i], labels[i]};
  }
  const auto cases = golden::json("augment/mosaic").at("cases");
  for (const json& c : cases) {
    const std::string name = c.at("tensor");
    const data::MosaicDraws draws{
        .indices = {}, .centre_y = c.at("centre_y_x")[0], .centre_x = c.at("centre_y_x")[1]};
    const image::Size target{c.at("img_size"), c.at("img_size")};
    const Sample canvas = data::mosaic_canvas(tiles, draws, target);
    EXPECT_TRUE(canvas.image == picture(file, name + "/canvas")) << name;
    expect_labels(canvas.labels, numbers(file, name + "/canvas_labels"), name);
    const Sample warped = data::apply_affine(canvas, affine_draws(c.at("affine_draws")), target);
    EXPECT_TRUE(warped.image == picture(file, name + "/image")) << name;
    expect_labels(warped.labels, numbers(file, name + "/labels"), name);
  }
}

TEST(GoldenAugment, Mixup) {
  Y6Q_NEED_GOLDEN();
  const auto file = golden::tensors("augment/mixup");
  const Sample a{picture(file, "image_a"), pixel_labels(numbers(file, "labels_a"))};
  const Sample b{picture(file, "image_b"), pixel_labels(numbers(file, "labels_b"))};
  const auto cases = golden::json("augment/mixup").at("cases");
  for (const json& c : cases) {
    const std::string name = c.at("tensor");
    const Sample mixed = data::apply_mixup(a, b, c.at("ratio_of_a"));
    EXPECT_TRUE(mixed.image == picture(file, name + "/image")) << name;
    expect_labels(mixed.labels, numbers(file, name + "/labels"), name);
  }
}

// The whole way of a sample without mosaic, as data::augmented_sample goes it, with the recorded draws.
TEST(GoldenAugment, Sample) {
  Y6Q_NEED_GOLDEN();
  const auto file = golden::tensors("augment/sample");
  const json settings = golden::json("augment/sample");
  const int64_t side = settings.at("img_size");
  data::Dataset dataset;
  const fs::path path = golden::folder() / "augment" / "sample.png";
  const image::Image source = image::decode_file(path);
  dataset.images.push_back({path, 1, source.height, source.width, fraction_labels(numbers(file, "labels"))});
  data::ImageStore store(dataset, {.fit = {side, side}, .augmenting = true});
  data::AugmentRecipe recipe;
  for (const auto& [name, value] : settings.at("hyp").items()) {
    const auto& known = data::augment_fields();
    const auto field = std::ranges::find(known, name, &Field<data::AugmentRecipe>::name);
    ASSERT_NE(field, known.end()) << name;
    ASSERT_TRUE(field->set(recipe, value.dump())) << name;
  }
  for (const json& c : settings.at("cases")) {
    const std::string name = c.at("tensor");
    Sample sample = data::letterboxed_sample({dataset, store, {side, side}}, 0).sample;
    sample = data::apply_affine(sample, affine_draws(c.at("affine_draws")), {side, side});
    data::clip_labels(sample);
    const json& hsv = c.at("hsv_uniform_draws");
    data::apply_hsv(sample.image, {hsv[0], hsv[1], hsv[2]}, recipe);
    sample = data::apply_flip(std::move(sample), {c.at("flipud"), c.at("fliplr")});
    std::vector<uint8_t> planes(sample.image.pixels.size());
    image::to_rgb_planes(sample.image, planes);
    const auto want = file.tensors().at(name + "/image").bytes;
    ASSERT_EQ(planes.size(), want.size());
    EXPECT_EQ(std::memcmp(planes.data(), want.data(), want.size()), 0) << name;
    std::vector<double> rows;
    const auto s = static_cast<double>(side);
    for (const PixelLabel& l : sample.labels) {
      rows.insert(rows.end(), {0.0, double(l.label), (l.x1 + l.x2) / 2 / s, (l.y1 + l.y2) / 2 / s,
                               (l.x2 - l.x1) / s, (l.y2 - l.y1) / s});
    }
    golden::expect_close(rows, numbers(file, name + "/labels"), {.atol = 1e-5}, name);
  }
}

}  // namespace
}  // namespace y6q
