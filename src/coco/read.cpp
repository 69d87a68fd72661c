#include <simdjson.h>

#include <cmath>

#include "base/errors.h"
#include "coco/dataset.h"

namespace y6q::coco {
namespace {

namespace json = simdjson::ondemand;

/// Where in a file we are, for messages.
struct Place {
  const fs::path& path;
  const char* kind;  ///< "annotation", "detection", "image", "category"
  size_t index = 0;  ///< position in its array, from 0

  [[noreturn]] void fail(const std::string& what) const {
    throw InputError("coco: {}, {} {}: {}", path.string(), kind, index, what);
  }
};

int64_t read_id(json::value value, const Place& place, std::string_view key) {
  int64_t id = 0;
  if (value.get_int64().get(id) != simdjson::SUCCESS)
    place.fail(fmt::format("{} is not a 64-bit integer", key));
  return id;
}

double read_number(json::value value, const Place& place, std::string_view key) {
  constexpr double kLargest = 1e9;  // pixels; keeps areas and unions finite
  double number = 0;
  if (value.get_double().get(number) != simdjson::SUCCESS) place.fail(fmt::format("{} is not a number", key));
  if (!(std::abs(number) <= kLargest)) {
    place.fail(fmt::format("{} is {}, at most 1e9 in magnitude is accepted", key, number));
  }
  return number;
}

/// Areas are squares of pixels: any finite number is accepted.
double read_area(json::value value, const Place& place) {
  double number = 0;
  if (value.get_double().get(number) != simdjson::SUCCESS || !std::isfinite(number)) {
    place.fail("area is not a finite number");
  }
  return number;
}

BoxXywh read_box(json::value value, const Place& place) {
  json::array numbers;
  if (value.get_array().get(numbers) != simdjson::SUCCESS) {
    place.fail("bbox is not an array, [x, y, width, height] expected");
  }
  double corner[4] = {};
  size_t count = 0;
  for (auto number : numbers) {
    if (count < 4) corner[count] = read_number(number.value(), place, "a number of bbox");
    ++count;
  }
  if (count != 4) place.fail(fmt::format("bbox has {} numbers, 4 expected [x, y, width, height]", count));
  return {corner[0], corner[1], corner[2], corner[3]};
}

bool read_flag(json::value value, const Place& place, std::string_view key) {
  bool flag = false;
  if (value.get_bool().get(flag) == simdjson::SUCCESS) return flag;
  int64_t number = 0;
  if (value.get_int64().get(number) != simdjson::SUCCESS)
    place.fail(fmt::format("{} is neither 0 nor 1", key));
  return number != 0;
}

/// One annotation or detection, before it is known to be complete.
struct Entry {
  int64_t image_id = 0, category_id = 0;
  BoxXywh box;
  double area = -1, score = 0;
  bool crowd = false, ignore = false;
  bool has_image = false, has_category = false, has_box = false, has_score = false;
};

Entry read_entry(json::value value, const Place& place, bool is_detection) {
  json::object object;
  if (value.get_object().get(object) != simdjson::SUCCESS) place.fail("is not an object");
  Entry entry;
  for (auto field : object) {
    const std::string_view key = field.unescaped_key();
    if (key == "image_id") {
      entry.image_id = read_id(field.value(), place, key);
      entry.has_image = true;
    } else if (key == "category_id") {
      entry.category_id = read_id(field.value(), place, key);
      entry.has_category = true;
    } else if (key == "bbox") {
      entry.box = read_box(field.value(), place);
      entry.has_box = true;
    } else if (is_detection && key == "score") {
      entry.score = read_number(field.value(), place, key);
      entry.has_score = true;
    } else if (!is_detection && key == "area") {
      entry.area = read_area(field.value(), place);
    } else if (!is_detection && key == "iscrowd") {
      entry.crowd = read_flag(field.value(), place, key);
    } else if (!is_detection && key == "ignore") {
      entry.ignore = read_flag(field.value(), place, key);
    }
  }
  if (!entry.has_image) place.fail("has no image_id");
  if (!entry.has_category) place.fail("has no category_id");
  if (!entry.has_box) place.fail("has no bbox; [x, y, width, height] expected");
  if (is_detection && !entry.has_score)
    place.fail("has no score; COCO results are {image_id, category_id, bbox, score}");
  return entry;
}

/// {"id": …, "name": …, …}; the name is optional.
Category read_named(json::value value, const Place& place) {
  json::object object;
  if (value.get_object().get(object) != simdjson::SUCCESS) place.fail("is not an object");
  Category result;
  bool has_id = false;
  for (auto field : object) {
    const std::string_view key = field.unescaped_key();
    if (key == "id") {
      result.id = read_id(field.value(), place, key);
      has_id = true;
    } else if (key == "name") {
      std::string_view name;
      if (field.value().get_string().get(name) != simdjson::SUCCESS) place.fail("name is not a string");
      result.name = name;
    }
  }
  if (!has_id) place.fail("has no id");
  if (result.name.empty()) result.name = std::to_string(result.id);
  return result;
}

/// The parser looks beyond the end.
std::string padded(std::string text) {
  text.reserve(text.size() + simdjson::SIMDJSON_PADDING);
  return text;
}

std::string load(const fs::path& path) {
  constexpr uint64_t kLargest = uint64_t{0xFFFFFFFF} - simdjson::SIMDJSON_PADDING;  // simdjson's own bound
  return padded(read_file(path, kLargest));
}

/// Calls read(document); a syntax error becomes an InputError with the byte where it was noticed.
template <typename Read>
void parse(const std::string& text, const fs::path& path, const Read& read) {
  json::parser parser;
  json::document document;
  try {
    document = parser.iterate(text);
    read(document);
    const char* rest = nullptr;  // at the end there is no location
    if (document.current_location().get(rest) == simdjson::SUCCESS) {
      throw simdjson::simdjson_error(simdjson::TRAILING_CONTENT);
    }
  } catch (const simdjson::simdjson_error& error) {
    const char* location = nullptr;
    const bool known = document.is_alive() && document.current_location().get(location) == simdjson::SUCCESS;
    const auto byte = known ? location - text.data() : static_cast<std::ptrdiff_t>(text.size());
    throw InputError("coco: {}, byte {}: not the JSON that is expected: {}", path.string(), byte,
                     error.what());
  }
}

template <typename Each>
void for_each_of(json::array array, Place place, const Each& each) {
  for (auto value : array) {
    each(value.value(), place);
    ++place.index;
  }
}

GroundTruth read_truth(const std::string& text, const fs::path& path) {
  GroundTruth truth;
  bool has_images = false, has_categories = false, has_annotations = false;
  parse(text, path, [&](json::document& document) {
    json::object top;
    if (document.get_object().get(top) != simdjson::SUCCESS) {
      throw InputError("coco: {}: is not an object with images, categories and annotations", path.string());
    }
    for (auto field : top) {
      const std::string_view key = field.unescaped_key();
      if (key == "images") {
        has_images = true;
        for_each_of(field.value(), {path, "image"}, [&](json::value value, const Place& place) {
          truth.images.push_back(read_named(value, place).id);
        });
      } else if (key == "categories") {
        has_categories = true;
        for_each_of(field.value(), {path, "category"}, [&](json::value value, const Place& place) {
          truth.categories.push_back(read_named(value, place));
        });
      } else if (key == "annotations") {
        has_annotations = true;
        for_each_of(field.value(), {path, "annotation"}, [&](json::value value, const Place& place) {
          const Entry entry = read_entry(value, place, false);
          truth.add(entry.image_id, entry.category_id, entry.box, entry.area, entry.crowd);
          truth.ignore.back() = entry.ignore ? 1 : 0;
        });
      }
    }
  });
  if (!has_images || !has_categories || !has_annotations) {
    throw InputError("coco: {}: has no \"{}\"; an object with images, categories and annotations is expected",
                     path.string(),
                     !has_images       ? "images"
                     : !has_categories ? "categories"
                                       : "annotations");
  }
  return truth;
}

Detections read_found(const std::string& text, const fs::path& path) {
  Detections detections;
  detections.source = path.string();
  parse(text, path, [&](json::document& document) {
    json::array array;
    if (document.get_array().get(array) != simdjson::SUCCESS) {
      throw InputError("coco: {}: is not an array of {{image_id, category_id, bbox, score}}", path.string());
    }
    for_each_of(array, {path, "detection"}, [&](json::value value, const Place& place) {
      const Entry entry = read_entry(value, place, true);
      detections.add(entry.image_id, entry.category_id, entry.box, entry.score);
    });
  });
  return detections;
}

}  // namespace

GroundTruth read_ground_truth(const fs::path& path) { return read_truth(load(path), path); }

GroundTruth parse_ground_truth(std::string_view text, const fs::path& name) {
  return read_truth(padded(std::string(text)), name);
}

Detections read_detections(const fs::path& path) { return read_found(load(path), path); }

Detections parse_detections(std::string_view text, const fs::path& name) {
  return read_found(padded(std::string(text)), name);
}

}  // namespace y6q::coco
