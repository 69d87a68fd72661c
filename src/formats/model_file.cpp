#include "formats/model_file.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/class_names.h"
#include "base/errors.h"
#include "formats/safetensors.h"
#include "ir/text.h"

namespace y6q::formats {
namespace {

using nlohmann::json;

constexpr const char* kFormat = "yolov6q-model";
constexpr const char* kVersion = "1";
constexpr size_t kLongestName = 256, kLongestValue = 1 << 20, kMostProvenance = 256;
constexpr int64_t kLargestSide = 8192;

std::string to_json(const ModelInfo& info) {
  const json fields = {
      {"architecture", info.architecture}, {"mode", info.mode},     {"class_names", info.class_names},
      {"image_size", info.image_size},     {"scheme", info.scheme}, {"provenance", info.provenance}};
  try {
    return fields.dump();
  } catch (const json::exception&) {
    throw InputError("model file: a text of its info is not UTF-8");
  }
}

const json& field(const json& info, const char* key) {
  const auto found = info.find(key);
  if (found == info.end()) throw InputError("info: '{}' is missing", key);
  return *found;
}

std::string text_of(const json& value, std::string_view key, size_t longest) {
  if (!value.is_string() || value.get_ref<const std::string&>().size() > longest) {
    throw InputError("info: '{}' is not a text of at most {} bytes", key, longest);
  }
  return value.get<std::string>();
}

int64_t side_of(const json& value) {
  if (!value.is_number_unsigned() || value.get<uint64_t>() < 1 || value.get<uint64_t>() > kLargestSide) {
    throw InputError("info: image side {:.40}, 1 to {} are accepted", value.dump(), kLargestSide);
  }
  return value.get<int64_t>();
}

ModelInfo info_from_json(const std::string& text) {
  json info;
  try {
    info = json::parse(text);
  } catch (const json::exception& error) {
    throw InputError("info is not valid JSON: {}", error.what());
  }
  if (!info.is_object() || info.size() != 6) throw InputError("info: an object of six fields is expected");
  ModelInfo result;
  result.architecture = text_of(field(info, "architecture"), "architecture", kLongestName);
  result.mode = text_of(field(info, "mode"), "mode", kLongestName);
  result.scheme = text_of(field(info, "scheme"), "scheme", kLongestName);
  const json& names = field(info, "class_names");
  if (!names.is_array()) throw InputError("info: 'class_names' is not a list");
  for (const json& name : names)
    result.class_names.push_back(text_of(name, "class_names", kLongestClassName));
  check_class_names(result.class_names, "info: 'class_names'");
  const json& size = field(info, "image_size");
  if (!size.is_array() || size.size() != 2) throw InputError("info: 'image_size' is not [height, width]");
  result.image_size = {side_of(size[0]), side_of(size[1])};
  const json& provenance = field(info, "provenance");
  if (!provenance.is_object() || provenance.size() > kMostProvenance) {
    throw InputError("info: 'provenance' is not an object of at most {} texts", kMostProvenance);
  }
  for (const auto& [key, value] : provenance.items()) {
    result.provenance.emplace(key, text_of(value, key, kLongestValue));
  }
  return result;
}

const std::string& metadata_of(const SafetensorsReader& file, const std::string& key) {
  const auto found = file.metadata().find(key);
  if (found == file.metadata().end()) {
    throw InputError("no '{}' in the metadata: this is not a model file; train and calibrate write them",
                     key);
  }
  return found->second;
}

ir::Array array_of(const SafetensorsReader& file, const std::string& name, DType dtype) {
  if (dtype == DType::f32) return file.floats(name);
  ir::Array wide = file.integers(name);
  if (dtype == DType::i64) return wide;
  if (dtype != DType::i8) throw InputError("tensor '{}': F32, I8 and I64 are accepted in a model file", name);
  const auto& values = std::get<std::vector<int64_t>>(wide.data);
  std::vector<int8_t> narrow(values.size());
  std::transform(values.begin(), values.end(), narrow.begin(),
                 [](int64_t v) { return static_cast<int8_t>(v); });
  return {std::move(wide.shape), std::move(narrow)};
}

ModelFile read_parts(const SafetensorsReader& file) {
  if (const std::string& format = metadata_of(file, "format"); format != kFormat) {
    throw InputError("format '{:.64}', '{}' is accepted", format, kFormat);
  }
  if (const std::string& version = metadata_of(file, "version"); version != kVersion) {
    throw InputError("version '{:.64}' of the format, this program reads version {}", version, kVersion);
  }
  ModelFile result;
  result.info = info_from_json(metadata_of(file, "info"));
  result.model.graph = ir::parse_graph(metadata_of(file, "graph"));
  for (const auto& [name, tensor] : file.tensors()) {
    result.model.weights.emplace(name, array_of(file, name, tensor.dtype));
  }
  ir::validate(result.model);
  return result;
}

ModelFile read_named(const SafetensorsReader& file, const fs::path& path) {
  try {
    return read_parts(file);
  } catch (const InputError& error) {
    throw InputError("model file {}: {}", path.string(), error.what());
  }
}

}  // namespace

void check_info(const ModelInfo& info) {
  check_class_names(info.class_names, "model file");
  info_from_json(to_json(info));  // what could not be read back is not written
}

void write_model(const fs::path& path, const ModelFile& file) {
  ir::validate(file.model);
  check_info(file.info);
  const std::string info = to_json(file.info);
  write_safetensors(
      path, file.model.weights,
      {{"format", kFormat}, {"version", kVersion}, {"graph", ir::to_text(file.model.graph)}, {"info", info}});
}

ModelFile read_model(const fs::path& path) { return read_named(SafetensorsReader(path), path); }

ModelFile parse_model(std::span<const std::byte> bytes, const fs::path& path) {
  return read_named(SafetensorsReader(bytes, path), path);
}

}  // namespace y6q::formats
