#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/files.h"
#include "ir/model.h"

namespace y6q::formats {

enum class DType { f32, f16, i64, i32, i8, u8 };

/// One tensor as it lies in a file: little-endian, row-major.
struct RawTensor {
  DType dtype = DType::f32;
  ir::Shape shape;
  std::span<const std::byte> bytes;
};

/// A safetensors file (huggingface.co/docs/safetensors), mapped. Throws InputError with path and place;
/// header length, offsets, overlaps, gaps, shapes and types are checked before use; header at most 100 MB.
class SafetensorsReader {
 public:
  explicit SafetensorsReader(const fs::path& path);
  /// The same of a file in memory, which must outlive the reader; path: for messages.
  SafetensorsReader(std::span<const std::byte> bytes, const fs::path& path);
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const std::map<std::string, RawTensor>& tensors() const { return tensors_; }
  /// A copy: F32, or F16 widened; the tensor's part of the file is not kept in memory. Throws InputError when
  /// absent or of another type.
  ir::Array floats(const std::string& name) const;
  /// The same of I64, I32, U8 or I8, widened to int64.
  ir::Array integers(const std::string& name) const;

 private:
  void read(std::span<const std::byte> bytes, const fs::path& path);
  void release(const RawTensor& tensor) const;

  std::optional<MappedFile> file_;
  std::map<std::string, std::string> metadata_;
  std::map<std::string, RawTensor> tensors_;
};

/// Atomic; tensors sorted by name, data aligned to 8 bytes: same content, same bytes.
void write_safetensors(const fs::path& path, const std::map<std::string, ir::Array>& tensors,
                       const std::map<std::string, std::string>& metadata);

}  // namespace y6q::formats
