#pragma once

#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/errors.h"

namespace y6q::dist {

/// Values one after another as bytes, for Group::gather. The processes of a job are one program on machines
/// of one kind: no byte order, no versions.
class Message {
 public:
  template <typename T>
  requires std::is_trivially_copyable_v<T>
  void put(const T& value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(T));  // NOLINT(*-reinterpret-cast)
  }
  template <typename T>
  void put(const std::vector<T>& values) {
    put(values.size());
    for (const T& value : values) put(value);
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

/// Takes values out in the order in which they were put. Throws InternalError at the end of the bytes.
class MessageReader {
 public:
  explicit MessageReader(std::string_view bytes) : rest_(bytes) {}
  bool at_end() const { return rest_.empty(); }
  template <typename T>
  requires std::is_trivially_copyable_v<T> T take() {
    if (rest_.size() < sizeof(T)) throw InternalError("message of another process: ends early");
    T value;
    std::memcpy(&value, rest_.data(), sizeof(T));
    rest_.remove_prefix(sizeof(T));
    return value;
  }
  template <typename T>
  std::vector<T> take_all() {
    const auto count = take<size_t>();
    if (count > rest_.size() / sizeof(T)) throw InternalError("message of another process: ends early");
    std::vector<T> values(count);
    for (T& value : values) value = take<T>();
    return values;
  }

 private:
  std::string_view rest_;
};

}  // namespace y6q::dist
