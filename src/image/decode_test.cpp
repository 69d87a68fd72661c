#include "image/decode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <jpeglib.h>  // after cstdio
#include <webp/encode.h>
#include <zlib.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "base/errors.h"
#include "image/encode.h"

namespace y6q::image {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

Image gradient(int64_t height, int64_t width) {
  Image image(height, width);
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      image.at(y, x)[0] = static_cast<uint8_t>(x * 3);
      image.at(y, x)[1] = static_cast<uint8_t>(y * 5);
      image.at(y, x)[2] = static_cast<uint8_t>(x ^ y);
    }
  }
  return image;
}

std::string message_of(const std::string& bytes) {
  try {
    decode(std::as_bytes(std::span(bytes)), "a.img");
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

// APP1 with one IFD entry: orientation.
std::string with_exif_orientation(const std::string& jpeg, char orientation) {
  std::string exif = std::string("Exif\0\0", 6) + std::string("MM\0*\0\0\0\x08\0\x01", 10);
  exif += std::string("\x01\x12\0\x03\0\0\0\x01\0", 9) + orientation + std::string("\0\0\0\0\0\0", 6);
  std::string segment = "\xFF\xE1";
  segment += static_cast<char>((exif.size() + 2) >> 8);
  segment += static_cast<char>(exif.size() + 2);
  return jpeg.substr(0, 2) + segment + exif + jpeg.substr(2);
}

TEST(Decode, PngComesBackAsItWas) {
  const Image image = gradient(20, 31);
  const std::string bytes = encode(image, ".png");
  EXPECT_EQ(decode(std::as_bytes(std::span(bytes)), "a.png"), image);
}

TEST(Decode, ExifOrientationSixTurnsTheImage) {
  const std::string bytes = with_exif_orientation(encode(gradient(20, 31), ".jpg"), 6);
  const Image image = decode(std::as_bytes(std::span(bytes)), "a.jpg");
  EXPECT_EQ(image.height, 31);
  EXPECT_EQ(image.width, 20);
}

// Where the pixel at row y, column x of the upright image (h x w) lies in the stored one: JEITA
// CP-3451, 4.6.4.
std::pair<int64_t, int64_t> stored_at(int orientation, int64_t y, int64_t x, int64_t h, int64_t w) {
  switch (orientation) {
    case 2:
      return {y, w - 1 - x};
    case 3:
      return {h - 1 - y, w - 1 - x};
    case 4:
      return {h - 1 - y, x};
    case 5:
      return {x, y};
    case 6:
      return {w - 1 - x, y};
    case 7:
      return {w - 1 - x, h - 1 - y};
    case 8:
      return {x, h - 1 - y};
    default:
      return {y, x};
  }
}

TEST(Decode, EveryExifOrientationMovesEveryPixel) {
  const std::string plain = encode(gradient(20, 31), ".jpg");
  const Image stored = decode(std::as_bytes(std::span(plain)), "a.jpg");
  for (int orientation = 0; orientation <= 9; ++orientation) {
    const std::string bytes = with_exif_orientation(plain, static_cast<char>(orientation));
    const Image image = decode(std::as_bytes(std::span(bytes)), "a.jpg");
    const bool on_its_side = orientation >= 5 && orientation <= 8;
    ASSERT_EQ(image.height, on_its_side ? 31 : 20) << orientation;
    for (int64_t y = 0; y < image.height; ++y) {
      for (int64_t x = 0; x < image.width; ++x) {
        const auto [row, column] = stored_at(orientation, y, x, image.height, image.width);
        ASSERT_EQ(image.at(y, x)[0], stored.at(row, column)[0]) << orientation << ": " << y << ", " << x;
      }
    }
  }
}

TEST(Decode, DamagedExifDataAreNoReasonToRefuseAnImage) {
  const std::string bytes = with_exif_orientation(encode(gradient(20, 31), ".jpg"), 6);
  const size_t exif = bytes.find("Exif");
  for (size_t i = exif; i < exif + 30; ++i) {
    for (const char value : {'\0', '\x7f', '\xff'}) {
      std::string damaged = bytes;
      damaged[i] = value;
      EXPECT_EQ(message_of(damaged), "accepted") << i - exif;
    }
  }
}

TEST(Decode, JpegThatEndsEarlyIsRefusedAtEveryLength) {
  const std::string bytes = encode(gradient(40, 60), ".jpg");
  ASSERT_EQ(message_of(bytes), "accepted");
  for (size_t length = 0; length < bytes.size(); length += 7) {
    EXPECT_NE(message_of(bytes.substr(0, length)), "accepted") << length;
  }
  EXPECT_THAT(message_of(bytes.substr(0, bytes.size() - 2)), HasSubstr("FF D9"));
}

TEST(Decode, BytesAfterTheEndMarkerAreAccepted) {
  EXPECT_EQ(message_of(encode(gradient(40, 60), ".jpg") + "camera data"), "accepted");
}

/// Where the coded data of a baseline JPEG begin.
size_t codes_of(const std::string& jpeg) {
  const size_t scan = jpeg.find("\xFF\xDA");
  return scan + 2 + static_cast<size_t>(static_cast<uint8_t>(jpeg[scan + 3]));
}

// No table has a code of ones alone (ITU-T T.81, annex C), and at most 11 bits belong to a coefficient: 32 of
// them hold a code of 16 that does not exist, wherever they begin.
std::string with_a_code_that_does_not_exist(std::string jpeg, size_t at) {
  return jpeg.replace(at, 8, std::string("\xFF\0\xFF\0\xFF\0\xFF\0", 8));
}

TEST(Decode, JpegWithDamagedCodesIsRefusedWhereverTheyAre) {
  const std::string jpeg = encode(gradient(300, 400), ".jpg");
  const size_t codes = codes_of(jpeg), end = jpeg.size() - 2;
  ASSERT_GT(end - codes, 20000U);
  for (size_t at = codes; at + 8 < end; at += 997) {
    EXPECT_THAT(message_of(with_a_code_that_does_not_exist(jpeg, at)),
                AllOf(HasSubstr("a.img: JPEG data are damaged"), HasSubstr("copy the file again")))
        << at;
  }
  EXPECT_THAT(message_of(jpeg.substr(0, codes + 3000) + jpeg.substr(end)), HasSubstr("premature end"));
}

TEST(Decode, StrayBytesBehindTheCodesOfAJpegAreAccepted) {
  const std::string jpeg = encode(gradient(300, 400), ".jpg");
  const std::string stray = jpeg.substr(0, jpeg.size() - 2) + std::string(100, '\x55') + "\xFF\xD9";
  EXPECT_EQ(decode(std::as_bytes(std::span(stray)), "a.jpg"),
            decode(std::as_bytes(std::span(jpeg)), "a.jpg"));
}

/// A JPEG of four inks, which OpenCV reads but does not write.
std::string cmyk_jpeg() {
  constexpr JDIMENSION kSide = 64;
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* data = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &data, &size);
  jpeg.image_width = jpeg.image_height = kSide;
  jpeg.input_components = 4;
  jpeg.in_color_space = JCS_CMYK;
  jpeg_set_defaults(&jpeg);
  jpeg_start_compress(&jpeg, TRUE);
  for (JDIMENSION y = 0; y < kSide; ++y) {
    std::array<JSAMPLE, kSide * 4> row{};
    for (size_t i = 0; i < row.size(); ++i) row[i] = static_cast<JSAMPLE>(i * 7 + y * 3);
    JSAMPROW rows = row.data();
    jpeg_write_scanlines(&jpeg, &rows, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  const std::string text(reinterpret_cast<const char*>(data), size);
  std::free(data);  // NOLINT(cppcoreguidelines-no-malloc): libjpeg's
  return text;
}

TEST(Decode, ASoundCmykJpegIsAcceptedAndADamagedOneRefused) {
  const std::string jpeg = cmyk_jpeg();
  EXPECT_EQ(message_of(jpeg), "accepted");
  // The first pixel is made of inks 0, 7, 14 and 21 of 255, give or take what compression changes.
  const Image image = decode(std::as_bytes(std::span(jpeg)), "a.jpg");
  for (const auto& [channel, ink] : {std::pair{2, 0.0}, {1, 7.0}, {0, 14.0}})
    EXPECT_NEAR(image.at(0, 0)[channel], ink * 21 / 255, 4) << channel;
  EXPECT_THAT(message_of(with_a_code_that_does_not_exist(jpeg, codes_of(jpeg) + 500)),
              HasSubstr("JPEG data are damaged"));
}

TEST(Decode, PngThatEndsEarlyIsRefused) {
  const std::string bytes = encode(gradient(40, 60), ".png");
  for (const size_t length : {size_t{8}, size_t{30}, bytes.size() / 2, bytes.size() - 20}) {
    EXPECT_NE(message_of(bytes.substr(0, length)), "accepted") << length;
  }
}

/// Little endian, as BMP and TIFF have them.
std::string number(uint32_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}

/// Rows from the bottom up, each filled up to a multiple of four bytes (Windows' BITMAPINFOHEADER).
std::string bmp(const Image& image, int bits) {
  const int64_t row = (image.width * bits + 31) / 32 * 4;
  std::string text =
      "BM" + number(static_cast<uint32_t>(54 + row * image.height), 4) + number(0, 4) + number(54, 4);
  text += number(40, 4) + number(static_cast<uint32_t>(image.width), 4) +
          number(static_cast<uint32_t>(image.height), 4);
  text += number(1, 2) + number(static_cast<uint32_t>(bits), 2) + std::string(24, '\0');
  for (int64_t y = image.height - 1; y >= 0; --y) {
    std::string pixels;
    for (int64_t x = 0; x < image.width; ++x) {
      pixels.append(reinterpret_cast<const char*>(image.at(y, x)), 3);
      if (bits == 32) pixels += '\x80';
    }
    pixels.resize(static_cast<size_t>(row));
    text += pixels;
  }
  return text;
}

TEST(Decode, Bmp) {
  const Image image = gradient(20, 31);
  for (const int bits : {24, 32}) {
    const std::string bytes = bmp(image, bits);
    EXPECT_EQ(decode(std::as_bytes(std::span(bytes)), "a.bmp"), image);
    for (size_t length = 0; length < bytes.size(); length += 97)
      EXPECT_NE(message_of(bytes.substr(0, length)), "accepted") << length;
    EXPECT_NE(message_of(bytes.substr(0, bytes.size() - 1)), "accepted");
  }
}

/// One strip of uncompressed R, G, B (TIFF 6.0, section 6).
std::string tiff(const Image& image, uint32_t orientation = 1) {
  std::string pixels;
  for (size_t i = 0; i < image.pixels.size(); i += 3) {
    for (const size_t channel : {2, 1, 0}) pixels += static_cast<char>(image.pixels[i + channel]);
  }
  const uint32_t directory = static_cast<uint32_t>(8 + pixels.size());
  std::string entries;
  uint32_t count = 0;
  const auto entry = [&](uint32_t tag, uint32_t type, uint32_t values, uint32_t value) {
    entries += number(tag, 2) + number(type, 2) + number(values, 4) + number(value, 4);
    ++count;
  };
  constexpr uint32_t kShort = 3, kLong = 4, kEntries = 10;
  entry(256, kLong, 1, static_cast<uint32_t>(image.width));
  entry(257, kLong, 1, static_cast<uint32_t>(image.height));
  entry(258, kShort, 3, directory + 2 + 12 * kEntries + 4);  // bits of each sample stand behind the directory
  entry(259, kShort, 1, 1);
  entry(262, kShort, 1, 2);
  entry(273, kLong, 1, 8);
  entry(274, kShort, 1, orientation);
  entry(277, kShort, 1, 3);
  entry(278, kLong, 1, static_cast<uint32_t>(image.height));
  entry(279, kLong, 1, static_cast<uint32_t>(pixels.size()));
  EXPECT_EQ(count, kEntries);
  return "II" + number(42, 2) + number(directory, 4) + pixels + number(count, 2) + entries + number(0, 4) +
         number(8, 2) + number(8, 2) + number(8, 2);
}

TEST(Decode, Tiff) {
  const Image stored = gradient(20, 31);
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const std::string bytes = tiff(stored, static_cast<uint32_t>(orientation));
    const Image image = decode(std::as_bytes(std::span(bytes)), "a.tif");
    ASSERT_EQ(image.height, orientation >= 5 ? 31 : 20) << orientation;
    for (int64_t y = 0; y < image.height; ++y) {
      for (int64_t x = 0; x < image.width; ++x) {
        const auto [row, column] = stored_at(orientation, y, x, image.height, image.width);
        for (int channel = 0; channel < 3; ++channel)
          ASSERT_EQ(image.at(y, x)[channel], stored.at(row, column)[channel]) << orientation;
      }
    }
  }
  const std::string bytes = tiff(stored);
  for (size_t length = 0; length < bytes.size() - 6; length += 97)
    EXPECT_NE(message_of(bytes.substr(0, length)), "accepted") << length;
}

TEST(Decode, Webp) {
  const Image image = gradient(20, 31);
  uint8_t* data = nullptr;
  const size_t size = WebPEncodeLosslessBGR(image.pixels.data(), 31, 20, 3 * 31, &data);
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  WebPFree(data);
  EXPECT_EQ(decode(std::as_bytes(std::span(bytes)), "a.webp"), image);
  for (size_t length = 0; length < bytes.size(); length += 13)
    EXPECT_NE(message_of(bytes.substr(0, length)), "accepted") << length;
}

TEST(Decode, TextIsRefusedWithTheFileName) {
  EXPECT_THAT(message_of("hello, this is no image"), HasSubstr("a.img: not an image"));
  EXPECT_THAT(message_of(""), HasSubstr("empty"));
}

TEST(Decode, NinePixelsAreTooFew) {
  EXPECT_THAT(message_of(encode(gradient(9, 40), ".png")), HasSubstr("9 x 40"));
  EXPECT_EQ(message_of(encode(gradient(10, 10), ".png")), "accepted");
}

TEST(Decode, SizeBombIsRefusedFromItsHeader) {
  std::string bytes = encode(gradient(12, 12), ".png");
  bytes[18] = '\x7F';  // width 0x00007F0C
  const auto sum = crc32(0, reinterpret_cast<const Bytef*>(bytes.data()) + 12, 17);
  for (size_t i = 0; i < 4; ++i) bytes[29 + i] = static_cast<char>(sum >> (24 - 8 * i));
  EXPECT_THAT(message_of(bytes), HasSubstr("12 x 32524"));
}

TEST(Decode, SizeBombIsNotHiddenByASecondFrameHeader) {
  const std::string plain = encode(gradient(40, 60), ".jpg");
  const size_t frame = plain.find("\xFF\xC0");
  ASSERT_NE(frame, plain.npos);
  const auto length = static_cast<size_t>(static_cast<uint8_t>(plain[frame + 3])) + 2;
  std::string bomb = plain.substr(frame, length);
  bomb[5] = bomb[7] = '\xFF';  // 65320 x 65340
  EXPECT_THAT(message_of(plain.substr(0, frame) + bomb + plain.substr(frame)), HasSubstr("65320 x 65340"));
}

TEST(Decode, KnowsTheExtensionsOfTheSpec) {
  EXPECT_TRUE(has_image_extension("a/b.JPeG"));
  EXPECT_TRUE(has_image_extension("b.mpo"));
  EXPECT_FALSE(has_image_extension("b.txt"));
  EXPECT_FALSE(has_image_extension("jpg"));
}

TEST(Encode, RefusesOtherTypes) { EXPECT_THROW(encode(gradient(10, 10), ".gif"), UnsupportedError); }

}  // namespace
}  // namespace y6q::image
