#pragma once

#include <zlib.h>

#include <cstring>
#include <string>
#include <vector>

/// Zip archives and pickles put together by hand, so that any part of them can be wrong.
namespace y6q::formats::test {

template <typename T>
void put(std::string& out, T value) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.append(bytes, sizeof(T));
}

struct ArchiveEntry {
  std::string name, content;
  uint16_t method = 0, flags = 0;
  int64_t announced = -1;    ///< size in the index; -1: the true one
  int64_t compressed = -1;   ///< as above
  int64_t local = -1;        ///< where the index finds its header; -1: where it is
  std::string local_name{};  ///< empty: the same
  bool checksum = true;
  bool zip64 = false;  ///< sizes and place in the extra field of the index
};

inline std::string index_record(const ArchiveEntry& entry, uint32_t offset) {
  const auto size = static_cast<uint32_t>(entry.announced < 0 ? entry.content.size() : entry.announced);
  const auto compressed = entry.compressed < 0 ? size : static_cast<uint32_t>(entry.compressed);
  const auto* data = reinterpret_cast<const Bytef*>(entry.content.data());
  const auto local = entry.local < 0 ? offset : static_cast<uint32_t>(entry.local);
  std::string extra;
  if (entry.zip64) {
    put<uint16_t>(extra, 1);
    put<uint16_t>(extra, 24);
    for (const uint64_t value : {uint64_t{size}, uint64_t{compressed}, uint64_t{local}}) put(extra, value);
  }
  std::string out = "PK\1\2";
  put<uint32_t>(out, 20);
  put(out, entry.flags);
  put(out, entry.method);
  put<uint32_t>(out, 0);
  put(out, entry.checksum ? static_cast<uint32_t>(crc32_z(0, data, entry.content.size())) : 0);
  for (const uint32_t value : {compressed, size}) put(out, entry.zip64 ? 0xffffffff : value);
  put(out, static_cast<uint16_t>(entry.name.size()));
  put(out, static_cast<uint16_t>(extra.size()));
  out.append(10, '\0');
  put(out, entry.zip64 ? 0xffffffff : local);
  return out + entry.name + extra;
}

/// The end record; counts and places of the index as given.
inline std::string end_record(uint16_t count, uint32_t index_size, uint32_t index_offset) {
  std::string out = "PK\5\6";
  put<uint32_t>(out, 0);
  put(out, count);
  put(out, count);
  put(out, index_size);
  put(out, index_offset);
  put<uint16_t>(out, 0);
  return out;
}

inline std::string archive(const std::vector<ArchiveEntry>& entries) {
  std::string out, index;
  for (const ArchiveEntry& entry : entries) {
    index += index_record(entry, static_cast<uint32_t>(out.size()));
    const std::string& name = entry.local_name.empty() ? entry.name : entry.local_name;
    out += "PK\3\4";
    out.append(22, '\0');
    put(out, static_cast<uint16_t>(name.size()));
    put<uint16_t>(out, 0);
    out += name + entry.content;
  }
  const auto offset = static_cast<uint32_t>(out.size());
  return out + index +
         end_record(static_cast<uint16_t>(entries.size()), static_cast<uint32_t>(index.size()), offset);
}

// Pickles of protocol 2 without their head and end.

inline std::string text(const std::string& value) {
  std::string out = "X";
  put(out, static_cast<uint32_t>(value.size()));
  return out + value;
}
inline std::string global(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}
inline std::string integer(int32_t value) {
  std::string out = "J";
  put(out, value);
  return out;
}
/// {key: value, …} of keys that are texts and values that are pickled.
inline std::string dict(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string out = "}(";
  for (const auto& [key, value] : entries) out += text(key) + value;
  return out + "u";
}
inline std::string object(const std::string& module, const std::string& name, const std::string& state) {
  return global(module, name) + ")\x81" + state + "b";
}
/// One-dimensional.
inline std::string tensor(const std::string& type, const std::string& key, int32_t count, int32_t elements,
                          int32_t stride = 1) {
  return global("torch._utils", "_rebuild_tensor_v2") + "((" + text("storage") + global("torch", type) +
         text(key) + text("cpu") + integer(count) + "tQ" + integer(0) + integer(elements) + "\x85" +
         integer(stride) + "\x85\x89}tR";
}

}  // namespace y6q::formats::test
