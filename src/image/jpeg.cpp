#include "image/jpeg.h"

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdio>  // jpeglib.h expects it
#include <vector>

// clang-format off
#include <jpeglib.h>
#include <jerror.h>
// clang-format on

#include "base/errors.h"
#include "image/opencv.h"

namespace y6q::image {
namespace {

/// libjpeg-turbo's decompressor with its memory, and what it says of the data.
class Decoder {
 public:
  explicit Decoder(std::span<const std::byte> bytes) : bytes_(bytes) {
    jpeg.err = jpeg_std_error(&errors_);
    jpeg.client_data = this;
    errors_.error_exit = [](j_common_ptr caller) { std::longjmp(of(caller).give_up_, 1); };
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
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  /// Runs calls of libjpeg; false when it gives up, by a jump over them: `calls` may hold no destructor.
  template <typename Calls>
  bool attempt(Calls calls) {
    if (setjmp(give_up_) != 0) return false;  // NOLINT(cert-err52-cpp): libjpeg has no other way
    calls();
    return true;
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
        std::array<char, JMSG_LENGTH_MAX> text{};
        errors_.format_message(reinterpret_cast<j_common_ptr>(&jpeg), text.data());
        damage = text.data();
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
  std::jmp_buf give_up_{};
};

void refuse_damage(const std::string& damage, const std::string& name) {
  if (damage.empty()) return;
  throw InputError("image: {}: JPEG data are damaged ({}); copy the file again", name, damage);
}

}  // namespace

std::optional<Image> decode_jpeg(std::span<const std::byte> bytes, const std::string& name) {
  Decoder decoder(bytes);
  jpeg_decompress_struct& jpeg = decoder.jpeg;
  if (!decoder.attempt([&] { jpeg_read_header(&jpeg, TRUE); })) return std::nullopt;
  if (jpeg.jpeg_color_space == JCS_CMYK || jpeg.jpeg_color_space == JCS_YCCK) {
    decoder.attempt([&] { jpeg_read_coefficients(&jpeg); });
    refuse_damage(decoder.damage, name);
    return std::nullopt;
  }
  jpeg.out_color_space = JCS_EXT_BGR;
  Image image(jpeg.image_height, jpeg.image_width);
  std::vector<JSAMPROW> rows;
  for (int64_t y = 0; y < image.height; ++y) rows.push_back(image.at(y, 0));
  const bool is_decoded = decoder.attempt([&] {
    jpeg_start_decompress(&jpeg);
    while (jpeg.output_scanline < jpeg.output_height) {
      jpeg_read_scanlines(&jpeg, &rows[jpeg.output_scanline], jpeg.output_height - jpeg.output_scanline);
    }
    jpeg_finish_decompress(&jpeg);
  });
  refuse_damage(decoder.damage, name);
  if (!is_decoded) return std::nullopt;
  return image;
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
