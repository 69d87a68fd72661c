#include "formats/pt_reader.h"

#include "base/errors.h"
#include "formats/pt_walk.h"

namespace y6q::formats {
namespace {

constexpr uint64_t kArrayMargin = 8U << 20;

}  // namespace

PtReader::PtReader(const fs::path& path) : path_(path) {
  file_.emplace(path);
  read(file_->bytes());
}

PtReader::PtReader(std::span<const std::byte> bytes, const fs::path& path) : path_(path) { read(bytes); }

void PtReader::read(std::span<const std::byte> bytes) {
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

bool is_pt(const fs::path& path) {
  // The first eight bytes of a safetensors file are a length: its ninth tells the two apart.
  constexpr size_t kJson = 8;
  const MappedFile file(path);
  const auto bytes = file.bytes();
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), std::min(bytes.size(), kJson + 1));
  return (text.starts_with("PK") || text.starts_with('\x80')) && !(text.size() > kJson && text[kJson] == '{');
}

}  // namespace y6q::formats
