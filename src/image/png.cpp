#include "image/png.h"

#include <fmt/format.h>
#include <png.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/errors.h"
#include "image/decode.h"
#include "image/give_up.h"

namespace y6q::image {
namespace {

/// What reading and writing share.
class Png : public GiveUp {
 public:
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::string error;  ///< libpng's words

 protected:
  ~Png() = default;
  static void fail(png_structp png, png_const_charp text) {
    Png& self = *static_cast<Png*>(png_get_error_ptr(png));
    self.error = text;
    self.give_up();
  }
  static void ignore(png_structp, png_const_charp) {}
};

class Reader : public Png {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {
    png = png_create_read_struct(PNG_LIBPNG_VER_STRING, static_cast<Png*>(this), fail, ignore);
    info = png == nullptr ? nullptr : png_create_info_struct(png);
    if (info == nullptr) throw std::bad_alloc();
    png_set_user_limits(png, 2 * kMaxSide, 2 * kMaxSide);  // ours are said in our words
    png_set_read_fn(png, this, [](png_structp caller, png_bytep out, size_t count) {
      auto& left = static_cast<Reader*>(png_get_io_ptr(caller))->bytes_;
      if (count > left.size()) png_error(caller, "the data end early");
      std::memcpy(out, left.data(), count);
      left = left.subspan(count);
    });
  }
  ~Reader() { png_destroy_read_struct(&png, &info, nullptr); }

 private:
  std::span<const std::byte> bytes_;
};

class Writer : public Png {
 public:
  Writer() {
    png = png_create_write_struct(PNG_LIBPNG_VER_STRING, static_cast<Png*>(this), fail, ignore);
    info = png == nullptr ? nullptr : png_create_info_struct(png);
    if (info == nullptr) throw std::bad_alloc();
    png_set_write_fn(
        png, this,
        [](png_structp caller, png_bytep data, size_t count) {
          static_cast<Writer*>(png_get_io_ptr(caller))->bytes.append(reinterpret_cast<char*>(data), count);
        },
        [](png_structp) {});
  }
  ~Writer() { png_destroy_write_struct(&png, &info); }

  std::string bytes;
};

[[noreturn]] void refuse_png(const std::string& name, const std::string& error) {
  throw InputError("image: {}: not a sound PNG ({})", name, error);
}

}  // namespace

bool starts_as_png(std::span<const std::byte> bytes) {
  constexpr size_t kSignature = 8;
  return bytes.size() >= kSignature &&
         png_sig_cmp(reinterpret_cast<png_const_bytep>(bytes.data()), 0, kSignature) == 0;
}

Image decode_png(std::span<const std::byte> bytes, const std::string& name) {
  Reader reader(bytes);
  const png_structp png = reader.png;
  const bool has_header = reader.attempt([&] { png_read_info(png, reader.info); });
  if (!has_header) refuse_png(name, reader.error);
  check_sides(png_get_image_height(png, reader.info), png_get_image_width(png, reader.info), name);
  const bool is_set_up = reader.attempt([&] {
    png_set_palette_to_rgb(png);
    png_set_expand_gray_1_2_4_to_8(png);
    png_set_strip_16(png);
    png_set_gray_to_rgb(png);
    png_set_strip_alpha(png);
    png_set_bgr(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, reader.info);
  });
  if (!is_set_up) refuse_png(name, reader.error);
  Image image(png_get_image_height(png, reader.info), png_get_image_width(png, reader.info));
  if (png_get_rowbytes(png, reader.info) != static_cast<size_t>(image.width) * 3)
    throw InternalError("image: {}: libpng's rows have {} bytes", name, png_get_rowbytes(png, reader.info));
  std::vector<png_bytep> rows;
  for (int64_t y = 0; y < image.height; ++y) rows.push_back(image.at(y, 0));
  const bool is_decoded = reader.attempt([&] {
    png_read_image(png, rows.data());
    png_read_end(png, nullptr);
  });
  if (!is_decoded) refuse_png(name, reader.error);
  return image;
}

std::string encode_png(const Image& image, int compression) {
  Writer writer;
  std::vector<png_bytep> rows;
  for (int64_t y = 0; y < image.height; ++y) rows.push_back(const_cast<png_bytep>(image.at(y, 0)));
  const bool is_encoded = writer.attempt([&] {
    png_set_IHDR(writer.png, writer.info, static_cast<png_uint_32>(image.width),
                 static_cast<png_uint_32>(image.height), 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_compression_level(writer.png, compression);
    png_set_compression_strategy(writer.png, Z_RLE);
    png_write_info(writer.png, writer.info);
    png_set_bgr(writer.png);
    png_write_image(writer.png, rows.data());
    png_write_end(writer.png, nullptr);
  });
  if (!is_encoded) throw InternalError("image: libpng: {}", writer.error);
  return std::move(writer.bytes);
}

std::string png_version() { return fmt::format("libpng {}", png_get_libpng_ver(nullptr)); }

}  // namespace y6q::image
