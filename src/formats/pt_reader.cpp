#include "formats/pt_reader.h"

#include "base/errors.h"
#include "base/file_kind.h"
#include "formats/pt_walk.h"
#include "formats/safetensors.h"

namespace y6q::formats {
namespace {

constexpr uint64_t kArrayMargin = 8U << 20;

pickle::ElementType element_type(DType dtype) {
  using pickle::ElementType;
  switch (dtype) {
    case DType::f32:
      return ElementType::f32;
    case DType::f16:
      return ElementType::f16;
    case DType::i64:
      return ElementType::i64;
    case DType::i32:
      return ElementType::i32;
    case DType::i8:
      return ElementType::i8;
    case DType::u8:
      return ElementType::u8;
  }
  throw InternalError("safetensors: type {}", static_cast<int>(dtype));
}

/// Views into the file.
PtNetwork network_of(const SafetensorsReader& file) {
  PtNetwork network;
  for (const auto& [name, raw] : file.tensors()) {
    if (raw.bytes.empty()) continue;  // its other extents may be anything
    PtTensor tensor{.type = element_type(raw.dtype), .shape = raw.shape, .storage = raw.bytes};
    int64_t stride = 1;
    for (size_t i = raw.shape.size(); i-- > 0; stride *= raw.shape[i])
      tensor.strides.insert(tensor.strides.begin(), stride);
    network.tensors.emplace_back(name, std::move(tensor));
  }
  return network;
}

}  // namespace

PtReader::PtReader(const fs::path& path) : path_(path) {
  file_.emplace(path);
  read(file_->bytes());
}

PtReader::PtReader(std::span<const std::byte> bytes, const fs::path& path) : path_(path) { read(bytes); }

void PtReader::read(std::span<const std::byte> bytes) {
  if (kind_of(bytes) == FileKind::state_dictionary) {
    checkpoint_.model = network_of(SafetensorsReader(bytes, path_));
    return;
  }
  contents_ = read_pt_container(bytes, path_, file_ ? &*file_ : nullptr);
  try {
    checkpoint_ = walk_checkpoint(contents_, 2 * bytes.size() + kArrayMargin);
  } catch (const pickle::Refusal& refusal) {
    throw InputError("pt: {}: {}", path_.string(), refusal.what());
  }
}

const PtNetwork& PtReader::network() const {
  if (checkpoint_.ema) return *checkpoint_.ema;
  if (checkpoint_.model) return *checkpoint_.model;
  throw InputError("pt: {}: no network in it; entry 'ema' or 'model', or a state dictionary is needed",
                   path_.string());
}

ir::Array PtReader::array(const PtTensor& tensor) const {
  ir::Array result = widen(tensor);
  if (file_) file_->release(tensor.storage);
  return result;
}

}  // namespace y6q::formats
