#include "image/jpeg.h"

#include <algorithm>
#include <array>
#include <cstdio>  // jpeglib.h expects it
#include <cstdlib>
#include <vector>

// clang-format off
#include <jpeglib.h>
#include <jerror.h>
// clang-format on

#include "base/errors.h"
#include "image/decode.h"
#include "image/give_up.h"
#include "image/opencv.h"

namespace y6q::image {
namespace {

/// libjpeg-turbo's decompressor with its memory, and what it says of the data.
class Decoder : public GiveUp {
 public:
  explicit Decoder(std::span<const std::byte> bytes) : bytes_(bytes) {
    jpeg.err = jpeg_std_error(&errors_);
    jpeg.client_data = this;
    errors_.error_exit = [](j_common_ptr caller) { of(caller).give_up(); };
    errors_.emit_message = [](j_common_ptr caller, int level) {
      if (level < 0) of(caller).hear_warning();
    };
    errors_.output_message = [](j_common_ptr) {};
    attempt([&] { jpeg_create_decompress(&jpeg); });
    source_.init_source = [](j_decompress_ptr) {};
    source_.term_source = [](j_decompress_ptr) {};
    source_.resync_to_restart = jpeg_resync_to_restart;
    source_.fill_input_buffer = [](j_decompress_ptr caller) -> boolean {
      of(reinterpret_cast<j_common_ptr>(caller)).next_part();
      return TRUE;
    };
    source_.skip_input_data = [](j_decompress_ptr caller, long count) {
      for (jpeg_source_mgr& source = *caller->src; count > 0; --count) {
        if (source.bytes_in_buffer == 0) source.fill_input_buffer(caller);
        ++source.next_input_byte;
        --source.bytes_in_buffer;
      }
    };
    jpeg.src = &source_;
  }
  ~Decoder() { jpeg_destroy_decompress(&jpeg); }

  /// libjpeg's words for why it gave up.
  std::string last_error() {
    std::array<char, JMSG_LENGTH_MAX> text{};
    errors_.format_message(reinterpret_cast<j_common_ptr>(&jpeg), text.data());
    return text.data();
  }

  jpeg_decompress_struct jpeg{};
  std::string damage;  ///< libjpeg's words for the first of it; empty: none

 private:
  static Decoder& of(j_common_ptr caller) { return *static_cast<Decoder*>(caller->client_data); }

  void hear_warning() {
    switch (errors_.msg_code) {
      case JWRN_HUFF_BAD_CODE:
      case JWRN_ARITH_BAD_CODE:
      case JWRN_HIT_MARKER:
      case JWRN_MUST_RESYNC: {
        if (!damage.empty()) return;
        damage = last_error();
        return;
      }
      default:  // stray bytes before a marker; an unknown revision or profile; scans in another order
        return;
    }
  }

  // With 512 bytes a block at hand libjpeg-turbo takes a code that its table does not have for a zero and
  // says nothing; with less it looks at every code, and warns, for 3 % more instructions.
  void next_part() {
    constexpr size_t kPart = 500;
    static constexpr std::array<JOCTET, 2> kEnd{0xFF, JPEG_EOI};
    const size_t size = std::min(kPart, bytes_.size());
    source_.next_input_byte = size > 0 ? reinterpret_cast<const JOCTET*>(bytes_.data()) : kEnd.data();
    source_.bytes_in_buffer = size > 0 ? size : kEnd.size();
    bytes_ = bytes_.subspan(size);
  }

  std::span<const std::byte> bytes_;
  jpeg_error_mgr errors_{};
  jpeg_source_mgr source_{};
};

class Encoder : public GiveUp {
 public:
  Encoder() {
    jpeg.err = jpeg_std_error(&errors_);
    jpeg.client_data = this;
    errors_.error_exit = [](j_common_ptr caller) { static_cast<Encoder*>(caller->client_data)->give_up(); };
    attempt([&] {
      jpeg_create_compress(&jpeg);
      jpeg_mem_dest(&jpeg, &bytes, &size);
    });
  }
  ~Encoder() {
    jpeg_destroy_compress(&jpeg);
    std::free(bytes);  // NOLINT(cppcoreguidelines-no-malloc): libjpeg's
  }

  jpeg_compress_struct jpeg{};
  unsigned char* bytes = nullptr;
  unsigned long size = 0;

 private:
  jpeg_error_mgr errors_{};
};

/// Of one pixel: its three inks by its black, as Adobe's files have them (all inverted).
void mix_inks(const JSAMPLE* inks, uint8_t* bgr) {
  const int black = inks[3];
  for (int i = 0; i < 3; ++i) bgr[2 - i] = static_cast<uint8_t>(black - ((255 - inks[i]) * black >> 8));
}

void refuse_damage(const std::string& damage, const std::string& name) {
  if (damage.empty()) return;
  throw InputError("image: {}: JPEG data are damaged ({}); copy the file again", name, damage);
}

[[noreturn]] void refuse(Decoder& decoder, const std::string& name) {
  throw InputError("image: {}: not a sound JPEG ({})", name, decoder.last_error());
}

}  // namespace

Image decode_jpeg(std::span<const std::byte> bytes, const std::string& name) {
  Decoder decoder(bytes);
  jpeg_decompress_struct& jpeg = decoder.jpeg;
  if (!decoder.attempt([&] { jpeg_read_header(&jpeg, TRUE); })) refuse(decoder, name);
  check_sides(jpeg.image_height, jpeg.image_width, name);
  const bool has_inks = jpeg.jpeg_color_space == JCS_CMYK || jpeg.jpeg_color_space == JCS_YCCK;
  jpeg.out_color_space = has_inks ? JCS_CMYK : JCS_EXT_BGR;
  Image image(jpeg.image_height, jpeg.image_width);
  std::vector<JSAMPLE> inks(has_inks ? static_cast<size_t>(image.width) * 4 : 0);
  const bool is_decoded = decoder.attempt([&] {
    jpeg_start_decompress(&jpeg);
    while (jpeg.output_scanline < jpeg.output_height) {
      uint8_t* pixels = image.at(jpeg.output_scanline, 0);
      JSAMPROW row = has_inks ? inks.data() : pixels;
      jpeg_read_scanlines(&jpeg, &row, 1);
      if (!has_inks) continue;
      for (int64_t x = 0; x < image.width; ++x) mix_inks(&inks[static_cast<size_t>(4 * x)], pixels + 3 * x);
    }
    jpeg_finish_decompress(&jpeg);
  });
  refuse_damage(decoder.damage, name);
  if (!is_decoded) refuse(decoder, name);
  return image;
}

std::string encode_jpeg(const Image& image, int quality) {
  Encoder encoder;
  jpeg_compress_struct& jpeg = encoder.jpeg;
  const bool is_encoded = encoder.attempt([&] {
    jpeg.image_width = static_cast<JDIMENSION>(image.width);
    jpeg.image_height = static_cast<JDIMENSION>(image.height);
    jpeg.input_components = 3;
    jpeg.in_color_space = JCS_EXT_BGR;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, quality, TRUE);
    jpeg_start_compress(&jpeg, TRUE);
    while (jpeg.next_scanline < jpeg.image_height) {
      auto* row = const_cast<JSAMPROW>(image.at(jpeg.next_scanline, 0));
      jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
  });
  if (!is_encoded)
    throw InternalError("image: libjpeg-turbo cannot encode {} x {} pixels", image.height, image.width);
  return {reinterpret_cast<const char*>(encoder.bytes), encoder.size};
}

std::string jpeg_version() { return fmt::format("libjpeg-turbo {}", LIBJPEG_TURBO_VERSION_NUMBER); }

Image turned(Image image, int orientation) {
  if (orientation < 2 || orientation > 8) return image;
  constexpr int kUpsideDown = 0, kMirrored = 1, kBoth = -1, kNone = 2;
  constexpr int kFlips[] = {kNone, kMirrored, kBoth, kUpsideDown, kNone, kMirrored, kBoth, kUpsideDown};
  cv::Mat pixels = view(image);
  if (orientation >= 5) cv::transpose(pixels.clone(), pixels);
  if (const int flip = kFlips[orientation - 1]; flip != kNone) cv::flip(pixels.clone(), pixels, flip);
  Image result(pixels.rows, pixels.cols);
  pixels.copyTo(view(result));
  return result;
}

}  // namespace y6q::image
