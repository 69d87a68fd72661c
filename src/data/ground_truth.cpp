#include "data/ground_truth.h"

#include <nlohmann/json.hpp>

#include "base/utf8.h"

namespace y6q::data {

std::string write_ground_truth(const Dataset& dataset) {
  using Json = nlohmann::ordered_json;
  Json images = Json::array(), annotations = Json::array(), categories = Json::array();
  for (const ImageRecord& record : dataset.images) {
    const auto width = static_cast<double>(record.width), height = static_cast<double>(record.height);
    images.push_back({{"id", record.image_id},
                      {"file_name", record.path.filename().string()},
                      {"width", record.width},
                      {"height", record.height}});
    const auto add = [&](const Label& l, int is_crowd) {
      const double w = l.w * width, h = l.h * height;
      annotations.push_back({{"id", annotations.size() + 1},
                             {"image_id", record.image_id},
                             {"category_id", dataset.category_ids[static_cast<size_t>(l.label)]},
                             {"bbox", {l.cx * width - w / 2, l.cy * height - h / 2, w, h}},
                             {"area", w * h},
                             {"iscrowd", is_crowd}});
    };
    for (const Label& label : record.labels) add(label, 0);
    for (const Label& label : record.difficult) add(label, 1);
  }
  for (size_t i = 0; i < dataset.class_names.size(); ++i) {
    categories.push_back({{"id", dataset.category_ids[i]}, {"name", dataset.class_names[i]}});
  }
  const Json document{{"images", images}, {"annotations", annotations}, {"categories", categories}};
  return json_text(document);
}

}  // namespace y6q::data
