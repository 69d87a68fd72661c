#include "detect/nms.h"

#include <gtest/gtest.h>

#include <cstring>

#include "data/rectangular.h"
#include "detect/decode.h"
#include "detect/placement.h"
#include "golden/arrays.h"
#include "golden/golden.h"
#include "image/decode.h"
#include "image/letterbox.h"

namespace y6q {
namespace {

using nlohmann::json;

using golden::numbers;
using golden::picture;

image::Image source_image(int64_t number) {
  return image::decode_file(golden::folder() / "nms" / ("image" + std::to_string(number) + ".png"));
}

// Quirk of the record: classes are kept apart by shifting boxes by class x 4096 in float32, which costs
// precision in the IoU.
std::vector<detect::Detection> nms_with_shifted_classes(const std::vector<detect::Detection>& candidates,
                                                        detect::NmsOptions options) {
  const float shift = options.agnostic ? 0.0F : 4096.0F;
  std::vector<detect::Detection> shifted = candidates;
  for (size_t i = 0; i < shifted.size(); ++i) {
    const float by = static_cast<float>(candidates[i].label) * shift;
    auto& box = shifted[i].box;
    box = {box.x1 + by, box.y1 + by, box.x2 + by, box.y2 + by};
    shifted[i].label = static_cast<int64_t>(i);
  }
  options.agnostic = true;
  std::vector<detect::Detection> kept;
  for (const auto& detection : detect::nms(shifted, options)) {
    kept.push_back(candidates[static_cast<size_t>(detection.label)]);
  }
  return kept;
}

detect::NmsOptions nms_options(const json& settings) {
  detect::NmsOptions options;
  options.score_threshold = settings.at("conf_thres");
  options.iou_threshold = settings.at("iou_thres");
  options.max_detections = settings.value("max_det", 300);
  options.multi_label = settings.value("multi_label", false);
  options.agnostic = settings.value("agnostic", false);
  return options;
}

std::vector<detect::Detection> candidates_of(std::span<const float> rows, const json& settings) {
  auto candidates = detect::decode_rows(rows, 5, nms_options(settings));
  if (!settings.contains("classes")) return candidates;
  const auto wanted = settings.at("classes").get<std::vector<int64_t>>();
  std::erase_if(candidates,
                [&](const auto& d) { return std::ranges::find(wanted, d.label) == wanted.end(); });
  return candidates;
}

TEST(GoldenNms, EveryCaseIsEqualToTheLastBit) {
  Y6Q_NEED_GOLDEN();
  const auto file = golden::tensors("nms/nms");
  const auto predictions = numbers(file, "pred");
  const json cases = golden::json("nms/nms").at("cases");
  ASSERT_EQ(cases.size(), 8U);
  constexpr size_t kImageNumbers = 1500 * 10;
  for (const auto& [name, settings] : cases.items()) {
    std::vector<float> got;
    for (size_t image = 0; image < 3; ++image) {
      const auto rows = std::span(predictions).subspan(image * kImageNumbers, kImageNumbers);
      const auto kept = nms_with_shifted_classes(candidates_of(rows, settings), nms_options(settings));
      EXPECT_EQ(kept.size(), settings.at("count_per_image").at(image).get<size_t>()) << name;
      for (const auto& d : kept) {
        got.insert(got.end(), {d.box.x1, d.box.y1, d.box.x2, d.box.y2, d.score, static_cast<float>(d.label)});
      }
    }
    EXPECT_EQ(got, numbers(file, name)) << name;
  }
}

TEST(GoldenNms, UnshiftedBoxesKeepAlmostTheSame) {
  Y6Q_NEED_GOLDEN();
  const auto file = golden::tensors("nms/nms");
  const auto predictions = numbers(file, "pred");
  const json settings = golden::json("nms/nms").at("cases").at("multi_03_65_all");
  for (size_t image = 0; image < 3; ++image) {
    const auto rows = std::span(predictions).subspan(image * 15000, 15000);
    const auto kept = detect::nms(candidates_of(rows, settings), nms_options(settings));
    EXPECT_NEAR(double(kept.size()), settings.at("count_per_image").at(image).get<double>(), 2);
  }
}

TEST(GoldenLetterbox, EveryCase) {
  Y6Q_NEED_GOLDEN();
  const auto file = golden::tensors("nms/letterbox");
  const json cases = golden::json("nms/letterbox").at("cases");
  ASSERT_EQ(cases.size(), 27U);
  for (const json& c : cases) {
    const auto boxed =
        image::letterbox(source_image(c.at("image")), {.size = {c.at("new_shape")[0], c.at("new_shape")[1]},
                                                       .scale_up = c.at("scaleup"),
                                                       .minimal = c.at("auto"),
                                                       .stride = c.at("stride")});
    const std::string name = c.at("tensor");
    EXPECT_EQ(boxed.ratio, c.at("ratio").get<double>()) << name;
    EXPECT_EQ(boxed.left, c.at("pad_left_top")[0].get<int64_t>()) << name;
    EXPECT_EQ(boxed.top, c.at("pad_left_top")[1].get<int64_t>()) << name;
    EXPECT_TRUE(boxed.image == picture(file, name)) << name;
  }
}

TEST(GoldenValPipeline, ImagesAndBoxes) {
  Y6Q_NEED_GOLDEN();
  const auto file = golden::tensors("nms/val_pipeline");
  const json rows = golden::json("nms/val_pipeline").at("rows");
  ASSERT_EQ(rows.size(), 12U);
  for (const json& row : rows) {
    const std::string name = row.at("tensor");
    const image::Image source = source_image(row.at("image"));
    const int64_t shrink = row.at("shrink_size").is_null() ? 0 : row.at("shrink_size").get<int64_t>();
    const int64_t side = row.at("img_size").get<int64_t>() - shrink;
    const image::Image resized = image::resize_to_fit(source, {side, side});
    EXPECT_TRUE(resized == picture(file, name + "/resized")) << name;
    const auto boxed =
        image::letterbox(resized, {.size = {row.at("target")[0], row.at("target")[1]}, .scale_up = false});
    EXPECT_TRUE(boxed.image == picture(file, name + "/boxed")) << name;
    const detect::Placement placement{source.height,
                                      source.width,
                                      boxed.gain_x * double(resized.width) / double(source.width),
                                      boxed.gain_y * double(resized.height) / double(source.height),
                                      boxed.left,
                                      boxed.top};
    EXPECT_DOUBLE_EQ(placement.gain_y, row.at("gain_h_w")[0].get<double>());
    EXPECT_DOUBLE_EQ(placement.gain_x, row.at("gain_h_w")[1].get<double>());
    const auto in = numbers(file, name + "/boxes_in");
    std::vector<float> got;
    for (size_t i = 0; i < in.size(); i += 4) {
      const detect::Box box = detect::to_source({in[i], in[i + 1], in[i + 2], in[i + 3]}, placement);
      got.insert(got.end(), {box.x1, box.y1, box.x2, box.y2});
    }
    golden::expect_close(got, numbers(file, name + "/boxes_out"), {.atol = 1e-3}, name);
  }
}

TEST(GoldenRectBatches, OrderAndShapes) {
  Y6Q_NEED_GOLDEN();
  const auto cases = golden::json("nms/rect_batches").at("cases");
  for (const json& c : cases) {
    std::vector<image::Size> sizes;
    for (const json& hw : c.at("heights_widths"))
      sizes.push_back({int64_t(hw[0].get<double>()), int64_t(hw[1].get<double>())});
    const auto plan = data::plan_rectangular(sizes, {.image_size = c.at("img_size"),
                                                     .batch_size = c.at("batch"),
                                                     .stride = c.at("stride"),
                                                     .pad = c.at("pad")});
    EXPECT_EQ(plan.order, c.at("order").get<std::vector<int64_t>>());
    std::vector<std::vector<int64_t>> shapes;
    for (const image::Size& size : plan.shapes) shapes.push_back({size.height, size.width});
    EXPECT_EQ(shapes, c.at("batch_shapes").get<std::vector<std::vector<int64_t>>>());
  }
}

}  // namespace
}  // namespace y6q
