#include "report/tensorboard.h"

#include <gtest/gtest.h>

#include <cstring>

#include "base/errors.h"
#include "support/folder.h"

namespace y6q::report {
namespace {

TEST(Tensorboard, Crc32cMatchesPublishedValues) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);  // RFC 3720 B.4
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43U);
}

class EventFile : public testing::Test {
 protected:
  support::Folder own_;
  fs::path folder_ = own_.path() / "new";
};

TEST_F(EventFile, HoldsTheBytesOfAScalar) {
  EventWriter writer(folder_);
  const size_t head = read_file(writer.path()).size();
  writer.add_scalar("a", 1.0, 3, 2.0);
  const std::string record = read_file(writer.path()).substr(head);
  // Encoded by hand: wall_time 2.0, step 3, summary { value { tag "a", simple_value 1.0 } }.
  const std::string event(
      "\x09\0\0\0\0\0\0\0\x40\x10\x03\x2a\x0a\x0a\x08\x0a\x01"
      "a\x15\0\0\x80\x3f",
      23);
  ASSERT_EQ(record.size(), 8 + 4 + event.size() + 4);
  EXPECT_EQ(record.substr(12, event.size()), event);
  uint64_t length = 0;
  std::memcpy(&length, record.data(), sizeof length);
  EXPECT_EQ(length, event.size());
}

TEST_F(EventFile, TwoWritersOfAFolderHaveTwoFiles) {
  const EventWriter a(folder_), b(folder_);
  EXPECT_NE(a.path(), b.path());
  EXPECT_TRUE(a.path().filename().string().starts_with("events.out.tfevents."));
}

TEST_F(EventFile, SaysWhenItCannotBeWritten) {
  write_file(folder_, "a file where the folder should be");
  EXPECT_THROW(EventWriter{folder_}, EnvironmentError);
}

}  // namespace
}  // namespace y6q::report
