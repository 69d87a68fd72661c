#include "data/coco_json.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <unordered_set>

#include "base/errors.h"

namespace y6q::data {
namespace {

namespace ondemand = simdjson::ondemand;

int64_t to_integer(ondemand::value value) {
  // Some exporters write whole numbers as 3.0.
  int64_t integer = 0;
  if (value.get_int64().get(integer) == simdjson::SUCCESS) return integer;
  const double real = value.get_double();
  if (real != static_cast<double>(static_cast<int64_t>(real)))
    throw simdjson::simdjson_error(simdjson::INCORRECT_TYPE);
  return static_cast<int64_t>(real);
}

void read_bbox(ondemand::value value, CocoAnnotation& annotation) {
  double* const targets[]{&annotation.x, &annotation.y, &annotation.w, &annotation.h};
  size_t count = 0;
  for (ondemand::value number : value.get_array()) {
    const double parsed = number.get_double();
    if (count < 4) *targets[count] = parsed;
    ++count;
  }
  if (count != 4) throw InputError("bbox has {} numbers, 4 expected [x, y, width, height]", count);
}

bool to_flag(ondemand::value value) {
  bool flag = false;
  if (value.get_bool().get(flag) == simdjson::SUCCESS) return flag;
  return to_integer(value) != 0;
}

template <size_t kCount>
void require(const bool (&found)[kCount], const char* const (&names)[kCount]) {
  for (size_t i = 0; i < kCount; ++i) {
    if (!found[i]) throw InputError("'{}' is missing", names[i]);
  }
}

CocoImage read_image(ondemand::object object) {
  CocoImage image;
  bool found[2]{};
  for (auto field : object) {
    const std::string_view key = field.unescaped_key();
    if (key == "id") image.id = to_integer(field.value()), found[0] = true;
    if (key == "file_name") image.file_name = std::string_view(field.value()), found[1] = true;
    if (key == "height") image.height = to_integer(field.value());
    if (key == "width") image.width = to_integer(field.value());
  }
  require(found, {"id", "file_name"});
  return image;
}

CocoAnnotation read_annotation(ondemand::object object) {
  CocoAnnotation annotation;
  bool found[3]{};
  for (auto field : object) {
    const std::string_view key = field.unescaped_key();
    if (key == "id") annotation.id = to_integer(field.value());
    if (key == "image_id") annotation.image_id = to_integer(field.value()), found[0] = true;
    if (key == "category_id") annotation.category_id = to_integer(field.value()), found[1] = true;
    if (key == "bbox") read_bbox(field.value(), annotation), found[2] = true;
    if (key == "iscrowd") annotation.crowd = to_flag(field.value());
  }
  require(found, {"image_id", "category_id", "bbox"});
  return annotation;
}

Category read_category(ondemand::object object) {
  Category category;
  bool found[2]{};
  for (auto field : object) {
    const std::string_view key = field.unescaped_key();
    if (key == "id") category.id = to_integer(field.value()), found[0] = true;
    if (key == "name") category.name = std::string_view(field.value()), found[1] = true;
  }
  require(found, {"id", "name"});
  return category;
}

template <typename T, typename Read>
void read_all(ondemand::value list, std::vector<T>& items, Read read) {
  for (ondemand::object object : list.get_array()) items.push_back(read(object));
}

void read_document(ondemand::document& document, CocoInstances& instances) {
  bool found[3]{};
  for (auto field : document.get_object()) {
    const std::string_view key = field.unescaped_key();
    if (key == "images") read_all(field.value(), instances.images, read_image), found[0] = true;
    if (key == "annotations")
      read_all(field.value(), instances.annotations, read_annotation), found[1] = true;
    if (key == "categories") read_all(field.value(), instances.categories, read_category), found[2] = true;
  }
  require(found, {"images", "annotations", "categories"});
}

template <typename T>
void check_ids(const std::vector<T>& items, const std::string& what, const fs::path& path) {
  std::unordered_set<int64_t> ids;
  for (const T& item : items) {
    if (!ids.insert(item.id).second) {
      throw InputError("coco: {}: {} id {} occurs twice; ids must differ", path.string(), what, item.id);
    }
  }
}

/// The closing bracket of a list of lists of numbers that begins at `open`; npos when it is something else.
size_t end_of_outline(std::string_view text, size_t open) {
  static constexpr std::string_view kOthers = "0123456789.,-+eE \t\r\n";
  static constexpr auto kIsOther = [] {
    std::array<bool, 256> is{};
    for (const char c : kOthers) is[static_cast<unsigned char>(c)] = true;
    return is;
  }();
  int64_t depth = 0;
  for (size_t at = open; at < text.size(); ++at) {
    if (text[at] == '[') {
      ++depth;
    } else if (text[at] == ']') {
      if (--depth == 0) return at;
    } else if (!kIsOther[static_cast<unsigned char>(text[at])]) {
      break;
    }
  }
  return text.npos;
}

/// Empties the lists of outlines, by spaces, so that places in the text stay. They are most of such files'
/// bytes; the parser notes the place of each of their numbers before it is told that nobody wants them.
void empty_outlines(std::string& text) {
  constexpr std::string_view kKey = "\"segmentation\"", kSpaces = " \t\r\n";
  for (size_t at = text.find(kKey); at != text.npos; at = text.find(kKey, at)) {
    at += kKey.size();
    const size_t colon = std::min(text.find_first_not_of(kSpaces, at), text.size());
    const size_t open = std::min(text.find_first_not_of(kSpaces, colon + 1), text.size());
    if (text[colon] != ':' || text[open] != '[') continue;
    const size_t end = end_of_outline(text, open);
    if (end == text.npos) continue;
    std::fill(text.begin() + static_cast<ptrdiff_t>(open) + 1, text.begin() + static_cast<ptrdiff_t>(end),
              ' ');
    at = end;
  }
}

std::string place(ondemand::document& document, const std::string& text) {
  const char* location = nullptr;
  if (document.current_location().get(location) != simdjson::SUCCESS || !location) return "at its end";
  return fmt::format("byte {}", location - text.data());
}

}  // namespace

CocoInstances read_coco_instances(const fs::path& path) {
  std::string text = read_file(path);
  static_assert(kSpareBytes >= simdjson::SIMDJSON_PADDING);  // the parser looks beyond the end
  empty_outlines(text);
  CocoInstances instances;
  ondemand::parser parser;
  ondemand::document document;
  try {
    document = parser.iterate(text);
    read_document(document, instances);
  } catch (const simdjson::simdjson_error& error) {
    throw InputError("coco: {}, {}: {}; a COCO instances JSON is expected", path.string(),
                     place(document, text), error.what());
  } catch (const InputError& error) {
    throw InputError("coco: {}, {}: {}", path.string(), place(document, text), error.what());
  }
  std::ranges::sort(instances.categories, {}, &Category::id);
  check_ids(instances.images, "image", path);
  check_ids(instances.categories, "category", path);
  return instances;
}

}  // namespace y6q::data
