#include "image/jpeg_markers.h"

#include <array>

namespace y6q::image {
namespace {

constexpr uint8_t kEndOfImage = 0xD9, kStartOfScan = 0xDA, kApplication1 = 0xE1;

uint8_t at(std::span<const std::byte> bytes, size_t place) { return std::to_integer<uint8_t>(bytes[place]); }

int64_t word(std::span<const std::byte> bytes, size_t place) {
  return at(bytes, place) << 8 | at(bytes, place + 1);
}

bool stands_alone(uint8_t marker) { return marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8); }

// SOF0..SOF15 without DHT (C4), JPG (C8) and DAC (CC).
bool is_frame_header(uint8_t marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

// First byte of the marker that ends the coded data starting at `place`; FF 00 and restart markers belong to
// it.
size_t skip_coded_data(std::span<const std::byte> bytes, size_t place) {
  for (; place + 1 < bytes.size(); ++place) {
    if (at(bytes, place) != 0xFF) continue;
    const uint8_t next = at(bytes, place + 1);
    if (next != 0x00 && next != 0xFF && !(next >= 0xD0 && next <= 0xD7)) return place;
  }
  return bytes.size();
}

/// Of an APP1 segment's data: "Exif", two zeros, then a TIFF header whose first directory may hold the tag
/// Orientation (JEITA CP-3451, 4.5 and 4.6).
int exif_orientation(std::span<const std::byte> data) {
  constexpr size_t kName = 6, kHeader = 8, kEntry = 12;
  constexpr int64_t kOrientation = 0x0112, kShort = 3;
  static constexpr std::array<uint8_t, kName> kExif{'E', 'x', 'i', 'f', 0, 0};
  for (size_t i = 0; i < kName; ++i) {
    if (i >= data.size() || at(data, i) != kExif[i]) return 1;
  }
  const auto tiff = data.subspan(kName);
  if (tiff.size() < kHeader) return 1;
  const bool little = at(tiff, 0) == 'I';
  const auto short_at = [&](size_t place) {
    return little ? at(tiff, place) | at(tiff, place + 1) << 8 : word(tiff, place);
  };
  const auto directory =
      static_cast<size_t>(little ? short_at(4) | short_at(6) << 16 : short_at(4) << 16 | short_at(6));
  if (directory > tiff.size() || tiff.size() - directory < 2) return 1;
  const auto entries = static_cast<size_t>(short_at(directory));
  for (size_t i = 0; i < entries && directory + 2 + (i + 1) * kEntry <= tiff.size(); ++i) {
    const size_t entry = directory + 2 + i * kEntry;
    if (short_at(entry) != kOrientation || short_at(entry + 2) != kShort) continue;
    const int64_t value = short_at(entry + 8);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

}  // namespace

bool starts_as_jpeg(std::span<const std::byte> bytes) {
  return bytes.size() >= 3 && at(bytes, 0) == 0xFF && at(bytes, 1) == 0xD8 && at(bytes, 2) == 0xFF;
}

JpegOutline outline_jpeg(std::span<const std::byte> bytes) {
  JpegOutline outline;
  size_t& place = outline.stopped_at;
  place = 2;
  while (place + 1 < bytes.size()) {
    if (at(bytes, place) != 0xFF) return outline;
    const uint8_t marker = at(bytes, place + 1);
    if (marker == 0xFF) {  // fill byte
      ++place;
      continue;
    }
    if (marker == kEndOfImage) {
      outline.complete = true;
      return outline;
    }
    if (stands_alone(marker)) {
      place += 2;
      continue;
    }
    if (place + 4 > bytes.size()) return outline;
    const int64_t length = word(bytes, place + 2);
    const size_t segment_end = place + 2 + static_cast<size_t>(length);
    if (length < 2 || segment_end > bytes.size()) return outline;
    // Only the first counts: decoders allocate by it and refuse a second one.
    if (is_frame_header(marker) && length >= 7 && outline.height == 0 && outline.width == 0) {
      outline.height = word(bytes, place + 5);
      outline.width = word(bytes, place + 7);
    }
    if (marker == kApplication1 && outline.orientation == 1) {
      outline.orientation = exif_orientation(bytes.subspan(place + 4, static_cast<size_t>(length) - 2));
    }
    place = marker == kStartOfScan ? skip_coded_data(bytes, segment_end) : segment_end;
  }
  return outline;
}

}  // namespace y6q::image
