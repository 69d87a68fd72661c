#include "report/tensorboard.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <chrono>

#include "base/errors.h"

namespace y6q::report {
namespace {

using google::protobuf::io::CodedOutputStream;

// Field numbers of TensorFlow's event.proto and summary.proto, shifted over the wire types of protobuf.
enum WireType : uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };
constexpr uint32_t tag_of(uint32_t field, WireType type) { return field << 3 | type; }
constexpr uint32_t kEventWallTime = tag_of(1, kFixed64), kEventStep = tag_of(2, kVarint),
                   kEventFileVersion = tag_of(3, kBytes), kEventSummary = tag_of(5, kBytes),
                   kEventSession = tag_of(7, kBytes), kSessionStatus = tag_of(1, kVarint),
                   kSummaryValue = tag_of(1, kBytes), kValueTag = tag_of(1, kBytes),
                   kValueSimple = tag_of(2, kFixed32);

template <typename Fill>
std::string message(const Fill& fill) {
  std::string bytes;
  google::protobuf::io::StringOutputStream out(&bytes);
  {
    CodedOutputStream coded(&out);
    fill(coded);
  }
  return bytes;
}

void put_bytes(CodedOutputStream& out, uint32_t tag, std::string_view bytes) {
  out.WriteVarint32(tag);
  out.WriteVarint64(bytes.size());
  out.WriteRaw(bytes.data(), static_cast<int>(bytes.size()));
}

void put_time(CodedOutputStream& out, double wall_time_s) {
  out.WriteVarint32(kEventWallTime);
  out.WriteLittleEndian64(std::bit_cast<uint64_t>(wall_time_s));
}

double now_s() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string scalar_event(std::string_view tag, double value, int64_t step, double wall_time_s) {
  const std::string content = message([&](CodedOutputStream& out) {
    put_bytes(out, kValueTag, tag);
    out.WriteVarint32(kValueSimple);
    out.WriteLittleEndian32(std::bit_cast<uint32_t>(static_cast<float>(value)));
  });
  const std::string summary =
      message([&](CodedOutputStream& out) { put_bytes(out, kSummaryValue, content); });
  return message([&](CodedOutputStream& out) {
    put_time(out, wall_time_s);
    out.WriteVarint32(kEventStep);
    out.WriteVarint64(static_cast<uint64_t>(step));
    put_bytes(out, kEventSummary, summary);
  });
}

constexpr std::array<uint32_t, 256> kCrcTable = [] {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78U : 0U);
    table[byte] = crc;
  }
  return table;
}();

/// TFRecord stores CRCs rotated by 15 bits plus a constant, because a CRC of data that holds CRCs is weak.
uint32_t masked_crc(std::string_view bytes) { return std::rotr(crc32c(bytes), 15) + 0xA282EAD8U; }

fs::path new_file_name(const fs::path& folder) {
  char host[256] = {};
  if (gethostname(host, sizeof host - 1) != 0) host[0] = '\0';
  const std::string stem = fmt::format("events.out.tfevents.{:010d}.{}.{}", static_cast<int64_t>(now_s()),
                                       *host ? host : "host", getpid());
  for (int number = 0;; ++number) {
    const fs::path path = folder / fmt::format("{}.{}", stem, number);
    if (!fs::exists(path)) return path;
  }
}

}  // namespace

uint32_t crc32c(std::string_view bytes) {
  uint32_t crc = ~0U;
  for (const char c : bytes) crc = crc >> 8 ^ kCrcTable[(crc ^ static_cast<unsigned char>(c)) & 0xFF];
  return ~crc;
}

EventWriter::EventWriter(const fs::path& folder) {
  make_folder(folder);
  path_ = new_file_name(folder);
  stream_.open(path_, std::ios::binary | std::ios::trunc);
  write(message([&](CodedOutputStream& out) {
    put_time(out, now_s());
    put_bytes(out, kEventFileVersion, "brain.Event:2");  // what readers look for first
  }));
}

void EventWriter::start_session(int64_t step) {
  constexpr uint32_t kStart = 1;  // SessionLog.SessionStatus
  const std::string session = message([&](CodedOutputStream& out) {
    out.WriteVarint32(kSessionStatus);
    out.WriteVarint32(kStart);
  });
  write(message([&](CodedOutputStream& out) {
    put_time(out, now_s());
    out.WriteVarint32(kEventStep);
    out.WriteVarint64(static_cast<uint64_t>(step));
    put_bytes(out, kEventSession, session);
  }));
}

void EventWriter::add_scalar(std::string_view tag, double value, int64_t step, double wall_time_s) {
  write(scalar_event(tag, value, step, wall_time_s < 0 ? now_s() : wall_time_s));
}

void EventWriter::write(std::string_view event) {
  const std::string length = message([&](CodedOutputStream& out) { out.WriteLittleEndian64(event.size()); });
  const std::string record = message([&](CodedOutputStream& out) {
    out.WriteString(length);
    out.WriteLittleEndian32(masked_crc(length));
    out.WriteRaw(event.data(), static_cast<int>(event.size()));
    out.WriteLittleEndian32(masked_crc(event));
  });
  stream_.write(record.data(), static_cast<std::streamsize>(record.size()));
  stream_.flush();
  if (!stream_) {
    throw EnvironmentError("tensorboard: {}: cannot be written; check permission and free space",
                           path_.string());
  }
}

}  // namespace y6q::report
