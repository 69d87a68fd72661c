#include "formats/pt_writer.h"

#include <zlib.h>

#include <cstring>
#include <set>
#include <span>

#include "base/errors.h"

namespace y6q::formats {
namespace {

using Bytes = std::span<const std::byte>;

constexpr uint64_t kPtAlignment = 64;  // as PyTorch: contents can be mapped
constexpr uint64_t kMaxSize = 0xffffffff;
constexpr uint16_t kVersion = 20, kPaddingField = 0x4246;  // "FB", as PyTorch
constexpr uint16_t kFirstDay = 1 << 5 | 1;                 // 1980-01-01
constexpr uint64_t kLocalHead = 30, kFieldHead = 4;
constexpr const char* kRoot = "model/";

template <typename T>
void put(std::string& out, T value) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.append(bytes, sizeof(T));
}

/// Stored entries one after another, then the index (APPNOTE.TXT 6.3).
class ZipWriter {
 public:
  explicit ZipWriter(std::ostream& out) : out_(out) {}

  void add(const std::string& name, Bytes content) {
    const uint64_t head = kLocalHead + name.size() + kFieldHead;
    const uint64_t padding = (kPtAlignment - (offset_ + head) % kPtAlignment) % kPtAlignment;
    if (++count_ > 0xffff || offset_ + head + padding + content.size() > kMaxSize) {
      throw UnsupportedError(
          "pt: files from 4 GB or 65,536 tensors on are not written; found {} bytes at '{}'", content.size(),
          name);
    }
    const auto crc =
        static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(content.data()), content.size()));
    std::string fields;  // the same in the entry's header and in the index
    put<uint16_t>(fields, 0);
    put<uint16_t>(fields, 0);
    put<uint16_t>(fields, 0);
    put(fields, kFirstDay);
    put(fields, crc);
    put(fields, static_cast<uint32_t>(content.size()));
    put(fields, static_cast<uint32_t>(content.size()));
    put(fields, static_cast<uint16_t>(name.size()));

    std::string local = "PK\3\4";
    put(local, kVersion);
    local += fields;
    put(local, static_cast<uint16_t>(kFieldHead + padding));
    local += name;
    put(local, kPaddingField);
    put(local, static_cast<uint16_t>(padding));
    local.append(padding, 'Z');

    index_ += "PK\1\2";
    put(index_, kVersion);
    put(index_, kVersion);
    index_ += fields;
    index_.append(12, '\0');  // no extra field, comment, part, attributes
    put(index_, static_cast<uint32_t>(offset_));
    index_ += name;

    write(local);
    write({reinterpret_cast<const char*>(content.data()), content.size()});
  }
  void add(const std::string& name, std::string_view content) {
    add(name, std::as_bytes(std::span(content)));
  }

  void finish() {
    const uint64_t begin = offset_;
    if (begin + index_.size() > kMaxSize)
      throw UnsupportedError("pt: files from {} bytes on are not written", kMaxSize);
    write(index_);
    std::string end = "PK\5\6";
    put<uint32_t>(end, 0);
    put(end, static_cast<uint16_t>(count_));
    put(end, static_cast<uint16_t>(count_));
    put(end, static_cast<uint32_t>(index_.size()));
    put(end, static_cast<uint32_t>(begin));
    put<uint16_t>(end, 0);
    write(end);
  }

 private:
  void write(std::string_view bytes) {
    out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    offset_ += bytes.size();
  }

  std::ostream& out_;
  std::string index_;
  uint64_t offset_ = 0, count_ = 0;
};

const char* storage_name(const ir::Array& array) {
  static constexpr const char* kNames[] = {"FloatStorage", "CharStorage", "LongStorage"};
  return kNames[array.data.index()];
}

Bytes bytes_of(const ir::Array& array) {
  return std::visit([](const auto& data) { return std::as_bytes(std::span(data)); }, array.data);
}

int64_t count_of(const ir::Array& array) {
  return std::visit([](const auto& data) { return static_cast<int64_t>(data.size()); }, array.data);
}

void pickle_text(std::string& out, std::string_view text) {
  out += 'X';
  put(out, static_cast<uint32_t>(text.size()));
  out += text;
}

void pickle_integer(std::string& out, int64_t value) {
  out += "\x8a\x08";  // LONG1 of 8 bytes
  put(out, value);
}

void pickle_tuple(std::string& out, const ir::Shape& values) {
  out += '(';
  for (const int64_t value : values) pickle_integer(out, value);
  out += 't';
}

/// torch._utils._rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks)
void pickle_tensor(std::string& out, const ir::Array& array, const std::string& key) {
  ir::Shape strides(array.shape.size());
  int64_t stride = 1;
  for (size_t i = strides.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= std::max<int64_t>(array.shape[i], 1);
  }
  out += "ctorch._utils\n_rebuild_tensor_v2\n((";
  pickle_text(out, "storage");
  out += fmt::format("ctorch\n{}\n", storage_name(array));
  pickle_text(out, key);
  pickle_text(out, "cpu");
  pickle_integer(out, count_of(array));
  out += "tQ";
  pickle_integer(out, 0);
  pickle_tuple(out, array.shape);
  pickle_tuple(out, strides);
  out +=
      "\x89"  // False
      "ccollections\nOrderedDict\n)R"
      "tR";
}

std::string pickle_of(const PtEntries& entries) {
  std::string out =
      "\x80\x02"
      "ccollections\nOrderedDict\n)R(";
  std::set<std::string_view> names;
  for (size_t i = 0; i < entries.size(); ++i) {
    const auto& [name, array] = entries[i];
    int64_t elements = 1;
    for (const int64_t extent : array->shape) elements *= extent;
    if (elements != count_of(*array) || !names.insert(name).second) {
      throw InternalError("pt: tensor '{}' stands twice or does not fill its shape", name);
    }
    pickle_text(out, name);
    pickle_tensor(out, *array, std::to_string(i));
  }
  return out + "u.";
}

}  // namespace

void write_pt(const fs::path& path, const PtEntries& entries) {
  const std::string pickled = pickle_of(entries);
  AtomicFile file(path);
  ZipWriter zip(file.stream());
  zip.add(std::string(kRoot) + "data.pkl", pickled);
  zip.add(std::string(kRoot) + "byteorder", "little");
  for (size_t i = 0; i < entries.size(); ++i) {
    zip.add(fmt::format("{}data/{}", kRoot, i), bytes_of(*entries[i].second));
  }
  zip.add(std::string(kRoot) + "version", "3\n");
  zip.finish();
  file.commit();
}

}  // namespace y6q::formats
