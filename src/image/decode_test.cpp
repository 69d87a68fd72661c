#include "image/decode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <jpeglib.h>  // after cstdio

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
  EXPECT_THAT(message_of(with_a_code_that_does_not_exist(jpeg, codes_of(jpeg) + 500)),
              HasSubstr("JPEG data are damaged"));
}

TEST(Decode, PngThatEndsEarlyIsRefused) {
  const std::string bytes = encode(gradient(40, 60), ".png");
  for (const size_t length : {size_t{8}, size_t{30}, bytes.size() / 2, bytes.size() - 20}) {
    EXPECT_NE(message_of(bytes.substr(0, length)), "accepted") << length;
  }
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
