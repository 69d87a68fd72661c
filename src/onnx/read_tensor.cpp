#include "onnx/read_tensor.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <functional>
#include <optional>
#include <span>

#include "base/errors.h"
#include "base/files.h"
#include "base/half.h"

namespace y6q::onnx {
namespace {

using ::onnx::TensorProto;

/// Bytes that a tensor keeps in another file: locations are relative to the model's folder and stay in it.
class ExternalData {
 public:
  ExternalData(const TensorProto& tensor, const fs::path& folder) : tensor_(tensor) {
    for (const auto& entry : tensor.external_data()) {
      if (entry.key() == "location") location_ = entry.value();
      if (entry.key() == "offset") offset_ = number(entry.value());
      if (entry.key() == "length") length_ = number(entry.value());
    }
    std::error_code error;
    const fs::path root = fs::weakly_canonical(folder, error);
    const bool is_name =
        !location_.empty() && location_.find('\0') == std::string::npos && !fs::path(location_).is_absolute();
    // Links followed.
    const fs::path path = is_name ? fs::weakly_canonical(root / location_, error) : fs::path();
    const fs::path inside = path.lexically_relative(root);
    if (folder.empty() || inside.empty() || *inside.begin() == "..") {
      throw InputError("onnx: tensor '{}': its data are in '{}'; a file in the model's folder is accepted",
                       tensor.name(), location_);
    }
    try {
      file_.emplace(path);
    } catch (const InputError& reason) {
      throw InputError("onnx: tensor '{}': {}", tensor.name(), reason.what());
    }
  }

  std::span<const std::byte> bytes(size_t expected) const {
    const size_t size = file_->bytes().size();
    if (offset_ > size || expected > size - offset_ || (length_ != 0 && length_ != expected)) {
      throw InputError("onnx: tensor '{}': {} bytes from {} of '{}', which has {}; its shape takes {}",
                       tensor_.name(), length_ == 0 ? expected : length_, offset_, location_, size, expected);
    }
    return file_->bytes().subspan(offset_, expected);
  }

 private:
  uint64_t number(const std::string& text) const {
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
      throw InputError("onnx: tensor '{}': '{}' is no place in a file", tensor_.name(), text);
    return value;
  }

  const TensorProto& tensor_;
  std::string location_;
  uint64_t offset_ = 0, length_ = 0;
  std::optional<MappedFile> file_;
};

[[noreturn]] void refuse_count(const TensorProto& tensor, size_t found, size_t expected, const char* what) {
  throw InputError("onnx: tensor '{}': {} {} of data, its shape takes {}", tensor.name(), found, what,
                   expected);
}

/// Stored elements of type T, converted to To; `typed` is the field that holds them where they are not raw.
template <typename To, typename T, typename Typed, typename Convert>
std::vector<To> elements(const TensorProto& tensor, const fs::path& folder, const Typed& typed,
                         Convert convert) {
  const size_t count = element_count(tensor), bytes = count * sizeof(T);
  std::optional<ExternalData> external;
  std::span<const std::byte> stored;
  if (tensor.data_location() == TensorProto::EXTERNAL) {
    stored = external.emplace(tensor, folder).bytes(bytes);
  } else if (tensor.has_raw_data()) {
    stored = std::as_bytes(std::span(tensor.raw_data()));
    if (stored.size() != bytes) refuse_count(tensor, stored.size(), bytes, "bytes");
  } else if (static_cast<size_t>(typed.size()) != count) {
    refuse_count(tensor, static_cast<size_t>(typed.size()), count, "elements");
  }
  std::vector<To> values(count);
  for (size_t i = 0; i < count; ++i) {
    T element{};
    if (stored.data() == nullptr) {
      element = static_cast<T>(typed[static_cast<int>(i)]);
    } else {
      std::memcpy(&element, stored.data() + i * sizeof(T), sizeof(T));
    }
    values[i] = convert(element);
  }
  return values;
}

template <typename T>
std::vector<int64_t> integers(const TensorProto& tensor, const fs::path& folder, const auto& typed) {
  return elements<int64_t, T>(tensor, folder, typed, [](T element) { return static_cast<int64_t>(element); });
}

ir::Array finite(ir::Array array, const std::string& name) {
  const std::vector<float>& values = array.floats();
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) throw InputError("onnx: tensor '{}': element {} is not finite", name, i);
  }
  return array;
}

}  // namespace

std::string type_name(int32_t type) {
  return TensorProto::DataType_IsValid(type)
             ? TensorProto::DataType_Name(static_cast<TensorProto::DataType>(type))
             : std::to_string(type);
}

size_t element_count(const TensorProto& tensor) {
  constexpr int64_t kMost = int64_t{1} << 31;
  int64_t count = 1;
  for (const int64_t extent : tensor.dims()) {
    if (extent < 0 || (extent > 0 && count > kMost / extent)) {
      throw InputError("onnx: tensor '{}': has an extent of {}; at most 2^31 elements are accepted",
                       tensor.name(), extent);
    }
    count *= extent;
  }
  return static_cast<size_t>(count);
}

ir::Array read_tensor(const TensorProto& tensor, const fs::path& folder) {
  const ir::Shape shape(tensor.dims().begin(), tensor.dims().end());
  switch (tensor.data_type()) {
    case TensorProto::FLOAT:
      return finite({shape, elements<float, float>(tensor, folder, tensor.float_data(), std::identity())},
                    tensor.name());
    case TensorProto::FLOAT16:
      return finite({shape, elements<float, uint16_t>(tensor, folder, tensor.int32_data(), widen_half)},
                    tensor.name());
    case TensorProto::DOUBLE:
      return finite({shape, elements<float, double>(tensor, folder, tensor.double_data(),
                                                    [](double value) { return static_cast<float>(value); })},
                    tensor.name());
    case TensorProto::INT8:
      return {shape, elements<int8_t, int8_t>(tensor, folder, tensor.int32_data(), std::identity())};
    case TensorProto::UINT8:
      return {shape, integers<uint8_t>(tensor, folder, tensor.int32_data())};
    case TensorProto::BOOL:
      return {shape, integers<uint8_t>(tensor, folder, tensor.int32_data())};
    case TensorProto::INT32:
      return {shape, integers<int32_t>(tensor, folder, tensor.int32_data())};
    case TensorProto::INT64:
      return {shape, integers<int64_t>(tensor, folder, tensor.int64_data())};
    default:
      throw InputError(
          "onnx: tensor '{}': has type {}; FLOAT, FLOAT16, DOUBLE, INT8, UINT8, INT32, INT64 and BOOL are "
          "accepted",
          tensor.name(), type_name(tensor.data_type()));
  }
}

}  // namespace y6q::onnx
