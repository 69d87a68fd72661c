#include "data/plain_names.h"

#include <gmock/gmock.h>

#include "base/utf8.h"

namespace y6q::data {
namespace {

using ::testing::ElementsAre;

TEST(PlainNames, FoldersBelowTheCommonOneBecomePartOfTheName) {
  PlainNames names;
  EXPECT_THAT(names.of({"/d/images/train/a.jpg", "/d/images/train/b.PNG"}), ElementsAre("a.jpg", "b.png"));
  names = {};
  EXPECT_THAT(names.of({"/d/cam1/1.jpg", "/d/cam2/x/1.jpg"}), ElementsAre("cam1_1.jpg", "cam2_x_1.jpg"));
}

TEST(PlainNames, WhatWouldShareALabelFileGetsANumber) {
  PlainNames names;
  EXPECT_THAT(names.of({"/d/a.jpg", "/d/a.png", "/d/a-2.jpg"}), ElementsAre("a.jpg", "a-2.png", "a-2-2.jpg"));
  EXPECT_THAT(names.of({"/e/a.jpg"}), ElementsAre("a-3.jpg")) << "names of earlier calls are taken";
}

TEST(PlainNames, WhatToolsStumbleOverBecomesAnUnderscore) {
  PlainNames names;
  EXPECT_THAT(names.of({"/d/my photo (1).jpg", "/d/a\n\"b\".jpg", "/d/caf\xC3\xA9.jpg", "/d/caf\xE9.jpg"}),
              ElementsAre("my_photo_(1).jpg", "a__b_.jpg", "caf\xC3\xA9.jpg", "caf_.jpg"));
}

TEST(PlainNames, LongNamesKeepTheirEndAndStayText) {
  std::string name = "/d/";
  for (int i = 0; i < 125; ++i) name += "\xC3\xA9";
  PlainNames names;
  const std::string plain = names.of({name + "x.jpg"}).at(0);
  EXPECT_EQ(plain.size(), 200U);
  EXPECT_TRUE(plain.ends_with("x.jpg"));
  EXPECT_TRUE(is_utf8(plain));
}

}  // namespace
}  // namespace y6q::data
