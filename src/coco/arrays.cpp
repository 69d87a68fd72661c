#include "coco/arrays.h"

#include <bit>
#include <span>

namespace y6q::coco {
namespace {

static_assert(std::endian::native == std::endian::little, "the header below says '<f8'");

/// NumPy's format 1.0: magic, version, header length, a Python dictionary padded to 64 bytes, raw values.
void write_npy(const fs::path& path, std::span<const size_t> shape, std::span<const double> values) {
  std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': (";
  for (const size_t side : shape) header += std::to_string(side) + ",";
  header += "), }";
  constexpr size_t kAlignment = 64, kPrefix = 10;
  const size_t total = (kPrefix + header.size() + 1 + kAlignment - 1) / kAlignment * kAlignment;
  header.resize(total - kPrefix - 1, ' ');
  header += '\n';
  AtomicFile file(path);
  file.stream() << std::string_view("\x93NUMPY\x01\x00", 8) << static_cast<char>(header.size() & 0xFF)
                << static_cast<char>(header.size() >> 8) << header;
  file.stream().write(reinterpret_cast<const char*>(values.data()),
                      static_cast<std::streamsize>(values.size_bytes()));
  file.commit();
}

}  // namespace

void write_arrays(const fs::path& folder, const coco::Result& result) {
  const size_t thresholds = result.iou_thresholds.size(), classes = result.classes.size();
  const size_t limits = result.max_dets.size();
  const std::array curve{thresholds, result.recall_thresholds.size(), classes, coco::kAreaCount, limits};
  const std::array last{thresholds, classes, coco::kAreaCount, limits};
  write_npy(folder / "precision.npy", curve, result.precision);
  write_npy(folder / "scores.npy", curve, result.scores);
  write_npy(folder / "recall.npy", last, result.recall);
}

}  // namespace y6q::coco
