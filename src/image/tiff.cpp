#include "image/tiff.h"

#include <tiffio.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "base/errors.h"
#include "image/decode.h"
#include "image/jpeg.h"

namespace y6q::image {
namespace {

/// A file in memory, and the first error in it.
struct Source {
  std::span<const std::byte> bytes;
  uint64_t position = 0;
  std::string error;
};

Source& of(thandle_t handle) { return *static_cast<Source*>(handle); }

tmsize_t read(thandle_t handle, void* out, tmsize_t count) {
  Source& source = of(handle);
  const uint64_t left = source.bytes.size() - std::min<uint64_t>(source.position, source.bytes.size());
  const uint64_t taken = std::min(left, static_cast<uint64_t>(std::max<tmsize_t>(count, 0)));
  std::memcpy(out, source.bytes.data() + source.position, taken);
  source.position += taken;
  return static_cast<tmsize_t>(taken);
}

toff_t seek(thandle_t handle, toff_t offset, int whence) {
  Source& source = of(handle);
  const uint64_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? source.position : source.bytes.size();
  return source.position = std::min<uint64_t>(base + offset, source.bytes.size());
}

int hear_error(TIFF*, void* user, const char*, const char* format, std::va_list arguments) {
  auto& error = static_cast<Source*>(user)->error;
  if (!error.empty()) return 1;
  std::array<char, 256> text{};
  std::vsnprintf(text.data(), text.size(), format, arguments);
  error = text.data();
  return 1;
}
int ignore_warning(TIFF*, void*, const char*, const char*, std::va_list) { return 1; }

std::unique_ptr<TIFF, decltype(&TIFFClose)> open(Source& source) {
  const std::unique_ptr<TIFFOpenOptions, decltype(&TIFFOpenOptionsFree)> options(TIFFOpenOptionsAlloc(),
                                                                                 TIFFOpenOptionsFree);
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), hear_error, &source);
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), ignore_warning, &source);
  TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), tmsize_t{4} * kMaxSide * kMaxSide);
  TIFF* file = TIFFClientOpenExt(
      "image", "rm", &source, read, [](thandle_t, void*, tmsize_t) { return tmsize_t{0}; }, seek,
      [](thandle_t) { return 0; },
      [](thandle_t handle) { return static_cast<toff_t>(of(handle).bytes.size()); },
      [](thandle_t, void**, toff_t*) { return 0; }, [](thandle_t, void*, toff_t) {}, options.get());
  return {file, TIFFClose};
}

[[noreturn]] void refuse_tiff(const std::string& name, const std::string& error) {
  throw InputError("image: {}: not a sound TIFF ({})", name, error.empty() ? "it cannot be read" : error);
}

}  // namespace

bool starts_as_tiff(std::span<const std::byte> bytes) {
  constexpr std::string_view kStarts[]{{"II*\0", 4}, {"MM\0*", 4}, {"II+\0", 4}, {"MM\0+", 4}};
  if (bytes.size() < 4) return false;
  const std::string_view start(reinterpret_cast<const char*>(bytes.data()), 4);
  return std::ranges::find(kStarts, start) != std::end(kStarts);
}

Image decode_tiff(std::span<const std::byte> bytes, const std::string& name) {
  Source source{bytes, 0, {}};
  const auto file = open(source);
  if (file == nullptr) refuse_tiff(name, source.error);
  uint32_t width = 0, height = 0;
  uint16_t orientation = ORIENTATION_TOPLEFT;
  TIFFGetField(file.get(), TIFFTAG_IMAGEWIDTH, &width);
  TIFFGetField(file.get(), TIFFTAG_IMAGELENGTH, &height);
  TIFFGetFieldDefaulted(file.get(), TIFFTAG_ORIENTATION, &orientation);
  check_sides(height, width, name);
  std::vector<uint32_t> pixels(size_t{width} * height);
  constexpr int kStopAtErrors = 1;
  if (TIFFReadRGBAImageOriented(file.get(), width, height, pixels.data(), orientation, kStopAtErrors) == 0)
    refuse_tiff(name, source.error);
  Image image(height, width);
  for (size_t i = 0; i < pixels.size(); ++i) {
    image.pixels[3 * i] = TIFFGetB(pixels[i]);
    image.pixels[3 * i + 1] = TIFFGetG(pixels[i]);
    image.pixels[3 * i + 2] = TIFFGetR(pixels[i]);
  }
  return turned(std::move(image), orientation);
}

std::string tiff_version() {
  const std::string version = TIFFGetVersion();
  return version.substr(0, version.find('\n'));
}

}  // namespace y6q::image
