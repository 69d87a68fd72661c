#pragma once

#include <map>
#include <span>
#include <string>

#include "base/files.h"
#include "formats/pickle_value.h"

namespace y6q::formats {

/// The parts of a file of torch.save(): what was pickled, and the raw little-endian contents of the storages
/// that it names. Everything is a view into the mapped file.
struct PtContents {
  pickle::Document document;
  std::map<std::string, std::span<const std::byte>, std::less<>> storages;
};

/// Both containers: the zip archive `<root>/data.pkl`, `<root>/data/<key>` (checksums are compared), and the
/// sequence of pickles and storages that PyTorch wrote before 1.6. Every storage holds as many bytes as the
/// pickle says. `path` is for messages. Throws InputError.
PtContents read_pt_container(const MappedFile& file, const fs::path& path);

/// Gives the memory of pages of a mapped file back; they are read again when needed. Without it a file that
/// is read from end to end would stay in memory beside what was made of it.
void release_pages(const MappedFile& file, std::span<const std::byte> part);

}  // namespace y6q::formats
