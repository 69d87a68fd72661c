#include "dist/message.h"

#include <gtest/gtest.h>

namespace y6q::dist {
namespace {

TEST(Message, GivesBackWhatWasPutInInTheSameOrder) {
  Message message;
  message.put(int64_t{-7});
  message.put(std::vector<float>{1.5F, -2});
  message.put(std::vector<double>{});
  message.put(true);
  MessageReader reader(message.bytes());
  EXPECT_EQ(reader.take<int64_t>(), -7);
  EXPECT_EQ(reader.take_all<float>(), (std::vector<float>{1.5F, -2}));
  EXPECT_TRUE(reader.take_all<double>().empty());
  EXPECT_FALSE(reader.at_end());
  EXPECT_TRUE(reader.take<bool>());
  EXPECT_TRUE(reader.at_end());
  EXPECT_THROW(reader.take<bool>(), InternalError);
}

}  // namespace
}  // namespace y6q::dist
