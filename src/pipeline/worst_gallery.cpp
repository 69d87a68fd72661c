#include "pipeline/worst_gallery.h"

#include <fmt/core.h>

#include <algorithm>

#include "image/decode.h"
#include "image/draw.h"
#include "image/encode.h"
#include "image/resize.h"
#include "pipeline/table.h"
#include "pipeline/worst_images.h"

namespace y6q::pipeline {
namespace {

constexpr size_t kShownImages = 6;
constexpr int64_t kPictureSide = 480;  ///< smaller images are enlarged, so that captions do not hide them

/// The image with boxes in its own pixels.
report::Picture picture(const data::ImageRecord& record, std::vector<image::Caption> captions,
                        std::string caption) {
  const image::Image original = image::decode_file(record.path);
  const image::Size size =
      image::fitted_size({original.height, original.width}, {kPictureSide, kPictureSide});
  image::Image image = image::resize(original, size, image::Interpolation::kArea);
  const double x = static_cast<double>(size.width) / static_cast<double>(original.width),
               y = static_cast<double>(size.height) / static_cast<double>(original.height);
  for (image::Caption& box : captions) box.x1 *= x, box.x2 *= x, box.y1 *= y, box.y2 *= y;
  image::draw_captions(image, captions);
  return {image::encode(image, ".jpg", {.jpeg_quality = 80}), std::move(caption)};
}

std::vector<image::Caption> labels_of(const data::ImageRecord& record, const data::Dataset& dataset) {
  std::vector<image::Caption> captions;
  const auto width = static_cast<double>(record.width), height = static_cast<double>(record.height);
  for (const data::Label& l : record.labels) {
    captions.push_back({(l.cx - l.w / 2) * width, (l.cy - l.h / 2) * height, (l.cx + l.w / 2) * width,
                        (l.cy + l.h / 2) * height, dataset.class_names.at(static_cast<size_t>(l.label)),
                        l.label});
  }
  return captions;
}

std::vector<image::Caption> found_in(const data::ImageRecord& record, const Judged& judged,
                                     const data::Dataset& dataset) {
  const coco::Detections& detections = judged.detections;
  std::vector<image::Caption> captions;
  for (size_t i = 0; i < detections.size(); ++i) {
    if (detections.image_id[i] != record.image_id || detections.score[i] < judged.analysis.used.score)
      continue;
    const auto& box = detections.box[i];
    const auto found = std::ranges::find(dataset.category_ids, detections.category_id[i]);
    const auto label = found - dataset.category_ids.begin();
    captions.push_back(
        {box.x, box.y, box.x + box.w, box.y + box.h,
         fmt::format("{} {:.2f}", dataset.class_names.at(static_cast<size_t>(label)), detections.score[i]),
         label});
  }
  return captions;
}

}  // namespace

report::Gallery worst_gallery(const Compared& compared, const coco::GroundTruth& truth,
                              const data::Dataset& dataset) {
  const auto& [plain, engine] = compared;
  report::Gallery gallery{
      .title = fmt::format("The images with most mistakes of {}, each model at the score of its best F1",
                           title_of(*engine.row)),
      .column_titles = {"labels", title_of(*plain.row), title_of(*engine.row)},
      .columns = 3};
  const auto worst = worst_images(truth, engine.detections, engine.analysis.used.score);
  for (size_t i = 0; i < std::min(kShownImages, worst.size()); ++i) {
    const auto record = std::ranges::find(dataset.images, worst[i].image_id, &data::ImageRecord::image_id);
    if (record == dataset.images.end()) continue;
    gallery.pictures.push_back(
        picture(*record, labels_of(*record, dataset), record->path.filename().string()));
    gallery.pictures.push_back(picture(*record, found_in(*record, plain, dataset),
                                       fmt::format("score from {:.2f}", plain.analysis.used.score)));
    gallery.pictures.push_back(
        picture(*record, found_in(*record, engine, dataset),
                fmt::format("score from {:.2f}: {} wrong, {} missed", engine.analysis.used.score,
                            worst[i].false_positives, worst[i].missed)));
  }
  return gallery;
}

}  // namespace y6q::pipeline
