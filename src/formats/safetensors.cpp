#include "formats/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "base/errors.h"
#include "base/half.h"

namespace y6q::formats {
namespace {

using nlohmann::json;

static_assert(std::endian::native == std::endian::little, "safetensors files are little-endian");

constexpr uint64_t kMaxHeader = 100'000'000;
constexpr size_t kMaxRank = 8;
constexpr int kMaxDepth = 4;  // object, tensor or metadata, array
constexpr uint64_t kAlignment = 8;

struct TypeName {
  DType dtype;
  const char* name;
  uint64_t bytes;
};
constexpr TypeName kTypes[] = {{DType::f32, "F32", 4}, {DType::f16, "F16", 2}, {DType::i64, "I64", 8},
                               {DType::i32, "I32", 4}, {DType::i8, "I8", 1},   {DType::u8, "U8", 1}};

const TypeName& describe(DType dtype) {
  for (const TypeName& type : kTypes) {
    if (type.dtype == dtype) return type;
  }
  throw InternalError("safetensors: type {} has no name", static_cast<int>(dtype));
}

template <typename... Args>
[[noreturn]] void fail(const fs::path& path, fmt::format_string<Args...> format, Args&&... args) {
  throw InputError("safetensors: {}: {}", path.string(), fmt::format(format, std::forward<Args>(args)...));
}

/// nlohmann keeps the last of equal keys: a reader that keeps the first would see other tensors.
json parse_header(const fs::path& path, std::string_view text) {
  std::vector<std::set<std::string>> keys(kMaxDepth + 1);
  const auto check = [&](int depth, json::parse_event_t event, json& parsed) {
    if (depth >= kMaxDepth) fail(path, "header nested deeper than {} levels", kMaxDepth);
    auto& seen = keys[static_cast<size_t>(depth)];
    if (event == json::parse_event_t::object_start) keys[static_cast<size_t>(depth) + 1].clear();
    if (event == json::parse_event_t::key && !seen.insert(parsed.get<std::string>()).second) {
      fail(path, "name '{}' stands twice in the header", parsed.get<std::string>());
    }
    return true;
  };
  try {
    json header = json::parse(text, check);
    if (!header.is_object()) fail(path, "header is not a JSON object");
    return header;
  } catch (const json::exception& error) {
    fail(path, "header is not valid JSON: {}", error.what());
  }
}

uint64_t unsigned_of(const fs::path& path, const std::string& name, const json& number) {
  if (!number.is_number_unsigned()) {
    fail(path, "tensor '{}': found {}, whole numbers >= 0 are accepted", name, number.dump());
  }
  return number.get<uint64_t>();
}

ir::Shape read_shape(const fs::path& path, const std::string& name, const json& extents) {
  if (!extents.is_array() || extents.size() > kMaxRank) {
    fail(path, "tensor '{}': shape is not a list of at most {} numbers", name, kMaxRank);
  }
  ir::Shape shape;
  for (const json& extent : extents) {
    const uint64_t value = unsigned_of(path, name, extent);
    if (value > static_cast<uint64_t>(INT64_MAX))
      fail(path, "tensor '{}': extent {} is too large", name, value);
    shape.push_back(static_cast<int64_t>(value));
  }
  return shape;
}

uint64_t byte_count(const fs::path& path, const std::string& name, const ir::Shape& shape, uint64_t element) {
  uint64_t bytes = element;
  for (const int64_t extent : shape) {
    if (__builtin_mul_overflow(bytes, static_cast<uint64_t>(extent), &bytes)) {
      fail(path, "tensor '{}': its shape has more elements than any file can hold", name);
    }
  }
  return bytes;
}

RawTensor read_entry(const fs::path& path, const std::string& name, const json& entry,
                     std::span<const std::byte> data) {
  if (!entry.is_object() || entry.size() != 3 || !entry.contains("dtype") || !entry.contains("shape") ||
      !entry.contains("data_offsets") || !entry["dtype"].is_string()) {
    fail(path, "tensor '{}': found {:.80}, dtype, shape and data_offsets are accepted", name, entry.dump());
  }
  const auto& dtype = entry["dtype"].get_ref<const std::string&>();
  const auto* type =
      std::find_if(std::begin(kTypes), std::end(kTypes), [&](auto& t) { return dtype == t.name; });
  if (type == std::end(kTypes)) {
    fail(path, "tensor '{}': type {:.20}, accepted are F32, F16, I64, I32, I8, U8", name, dtype);
  }
  const json& offsets = entry["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2) fail(path, "tensor '{}': data_offsets is not a pair", name);
  const uint64_t begin = unsigned_of(path, name, offsets[0]), end = unsigned_of(path, name, offsets[1]);
  if (begin > end || end > data.size()) {
    fail(path, "tensor '{}': bytes {} to {} of {} bytes of data; the file is damaged or cut", name, begin,
         end, data.size());
  }
  ir::Shape shape = read_shape(path, name, entry["shape"]);
  if (const uint64_t bytes = byte_count(path, name, shape, type->bytes); bytes != end - begin) {
    fail(path, "tensor '{}': its shape takes {} bytes, its offsets give {}", name, bytes, end - begin);
  }
  return {type->dtype, std::move(shape), data.subspan(begin, end - begin)};
}

/// The tensors must tile the data: bytes that belong to two tensors or to none hide something.
void check_tiling(const fs::path& path, const std::map<std::string, RawTensor>& tensors,
                  std::span<const std::byte> data) {
  std::vector<std::span<const std::byte>> parts;
  for (const auto& [name, tensor] : tensors) {
    if (!tensor.bytes.empty()) parts.push_back(tensor.bytes);
  }
  std::sort(parts.begin(), parts.end(), [](auto a, auto b) { return a.data() < b.data(); });
  const std::byte* next = data.data();
  for (const auto part : parts) {
    if (part.data() != next) {
      fail(path, "{} at data byte {}", part.data() < next ? "tensors overlap" : "bytes of no tensor",
           std::min(part.data(), next) - data.data());
    }
    next = part.data() + part.size();
  }
  const int64_t left = data.data() + data.size() - next;
  if (left != 0) fail(path, "{} bytes after the last tensor", left);
}

/// Element by element through memcpy: tensors in a file need not be aligned.
template <typename Stored, typename Wide, typename Convert>
std::vector<Wide> widen(std::span<const std::byte> bytes, Convert convert) {
  std::vector<Wide> result(bytes.size() / sizeof(Stored));
  for (size_t i = 0; i < result.size(); ++i) {
    Stored stored;
    std::memcpy(&stored, bytes.data() + i * sizeof(Stored), sizeof(Stored));
    result[i] = static_cast<Wide>(convert(stored));
  }
  return result;
}

const RawTensor& find(const std::map<std::string, RawTensor>& tensors, const std::string& name) {
  const auto found = tensors.find(name);
  if (found == tensors.end()) {
    throw InputError("safetensors: no tensor '{}' among the {} of the file", name, tensors.size());
  }
  return found->second;
}

ir::Array widened_floats(const std::string& name, const RawTensor& tensor) {
  switch (tensor.dtype) {
    case DType::f32:
      return {tensor.shape, widen<float, float>(tensor.bytes, [](float value) { return value; })};
    case DType::f16:
      return {tensor.shape, widen<uint16_t, float>(tensor.bytes, widen_half)};
    default:
      throw InputError("safetensors: tensor '{}' is {}, F32 or F16 are accepted", name,
                       describe(tensor.dtype).name);
  }
}

ir::Array widened_integers(const std::string& name, const RawTensor& tensor) {
  const auto same = [](auto value) { return value; };
  switch (tensor.dtype) {
    case DType::i64:
      return {tensor.shape, widen<int64_t, int64_t>(tensor.bytes, same)};
    case DType::i32:
      return {tensor.shape, widen<int32_t, int64_t>(tensor.bytes, same)};
    case DType::i8:
      return {tensor.shape, widen<int8_t, int64_t>(tensor.bytes, same)};
    case DType::u8:
      return {tensor.shape, widen<uint8_t, int64_t>(tensor.bytes, same)};
    default:
      throw InputError("safetensors: tensor '{}' is {}, I64, I32, I8 or U8 are accepted", name,
                       describe(tensor.dtype).name);
  }
}

template <typename T>
constexpr DType dtype_of() {
  if constexpr (std::is_same_v<T, float>) return DType::f32;
  if constexpr (std::is_same_v<T, int8_t>) return DType::i8;
  return DType::i64;
}

/// The data of an array as bytes. Throws InternalError when shape and data disagree.
RawTensor raw_of(const std::string& name, const ir::Array& array) {
  RawTensor raw = std::visit(
      [&]<typename T>(const std::vector<T>& data) {
        return RawTensor{dtype_of<T>(), array.shape, std::as_bytes(std::span<const T>(data))};
      },
      array.data);
  uint64_t bytes = describe(raw.dtype).bytes;
  for (const int64_t extent : array.shape) bytes *= static_cast<uint64_t>(extent);
  if (bytes != raw.bytes.size()) {
    throw InternalError("safetensors: array '{}' has {} bytes, its shape takes {}", name, raw.bytes.size(),
                        bytes);
  }
  return raw;
}

}  // namespace

SafetensorsReader::SafetensorsReader(const fs::path& path) {
  file_.emplace(path);
  read(file_->bytes(), path);
}

SafetensorsReader::SafetensorsReader(std::span<const std::byte> bytes, const fs::path& path) {
  read(bytes, path);
}

void SafetensorsReader::read(std::span<const std::byte> bytes, const fs::path& path) {
  uint64_t length = 0;
  if (bytes.size() < sizeof(length)) fail(path, "{} bytes are too few for a safetensors file", bytes.size());
  std::memcpy(&length, bytes.data(), sizeof(length));
  const uint64_t rest = bytes.size() - sizeof(length);
  if (length > rest || length > kMaxHeader) {
    fail(path, "header of {} bytes in a file of {} bytes; accepted are at most {}", length, bytes.size(),
         std::min(rest, kMaxHeader));
  }
  const char* text = reinterpret_cast<const char*>(bytes.data() + sizeof(length));
  const json header = parse_header(path, {text, length});
  const auto data = bytes.subspan(sizeof(length) + length);
  for (const auto& [name, entry] : header.items()) {
    if (name != "__metadata__") {
      tensors_.emplace(name, read_entry(path, name, entry, data));
      continue;
    }
    if (!entry.is_object()) fail(path, "__metadata__ is not an object");
    for (const auto& [key, value] : entry.items()) {
      if (!value.is_string()) fail(path, "metadata '{}' is not a string", key);
      metadata_.emplace(key, value.get<std::string>());
    }
  }
  check_tiling(path, tensors_, data);
}

void SafetensorsReader::release(const RawTensor& tensor) const {
  if (file_) file_->release(tensor.bytes);
}

ir::Array SafetensorsReader::floats(const std::string& name) const {
  const RawTensor& tensor = find(tensors_, name);
  ir::Array result = widened_floats(name, tensor);
  release(tensor);
  return result;
}

ir::Array SafetensorsReader::integers(const std::string& name) const {
  const RawTensor& tensor = find(tensors_, name);
  ir::Array result = widened_integers(name, tensor);
  release(tensor);
  return result;
}

void write_safetensors(const fs::path& path, const std::map<std::string, ir::Array>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  json header = json::object();  // sorted by key
  if (!metadata.empty()) header["__metadata__"] = metadata;
  uint64_t offset = 0;
  std::vector<std::span<const std::byte>> parts;
  for (const auto& [name, array] : tensors) {
    const RawTensor raw = raw_of(name, array);
    const uint64_t end = offset + raw.bytes.size();
    header[name] = {
        {"dtype", describe(raw.dtype).name}, {"shape", raw.shape}, {"data_offsets", {offset, end}}};
    parts.push_back(raw.bytes);
    offset = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
  const uint64_t length = text.size();
  AtomicFile file(path);
  file.stream().write(reinterpret_cast<const char*>(&length), sizeof(length));
  file.stream() << text;
  for (const auto part : parts) {
    file.stream().write(reinterpret_cast<const char*>(part.data()),
                        static_cast<std::streamsize>(part.size()));
  }
  file.commit();
}

}  // namespace y6q::formats
