#pragma once

#include <map>
#include <span>
#include <string>

#include "base/files.h"
#include "formats/pickle_value.h"

namespace y6q::formats {

/// The parts of a file of torch.save(): what was pickled, and the raw little-endian contents of the storages
/// that it names. Everything is a view into the file.
struct PtContents {
  pickle::Document document;
  std::map<std::string, std::span<const std::byte>, std::less<>> storages;
};

/// Both containers: the zip archive `<root>/data.pkl`, `<root>/data/<key>` (checksums are compared), and the
/// sequence of pickles and storages that PyTorch wrote before 1.6. Every storage holds as many bytes as the
/// pickle says. `path` is for messages; `mapped`, if any, is the file behind `file`, whose memory is given
/// back when it has been read. Throws InputError.
PtContents read_pt_container(std::span<const std::byte> file, const fs::path& path,
                             const MappedFile* mapped = nullptr);

}  // namespace y6q::formats
