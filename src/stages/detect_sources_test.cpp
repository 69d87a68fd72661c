#include "stages/detect_sources.h"

#include <gmock/gmock.h>

#include <sstream>

#include "base/errors.h"
#include "support/folder.h"

namespace y6q::stages {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

class DetectSources : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name :
         {"set/b.jpg", "set/a.PNG", "set/deep/er/c.webp", "set/notes.txt", "other/a.jpg"}) {
      write_file(folder_ / name, "x");
    }
  }
  std::vector<std::string> relative(const std::vector<std::string>& words,
                                    const std::string& list = "") const {
    std::istringstream in(list);
    std::vector<std::string> names;
    for (const DetectSource& source : find_sources(words)) {
      if (!source.is_list) names.push_back(source.relative.string());
    }
    while (const auto listed = next_listed(in)) names.push_back(listed->relative.string());
    return names;
  }
  support::Folder folder_;
};

TEST_F(DetectSources, AFolderKeepsItsTreeSorted) {
  EXPECT_THAT(relative({folder_ / "set"}), ElementsAre("a.PNG", "b.jpg", "deep/er/c.webp"));
}

TEST_F(DetectSources, AFileIsTakenWhateverItsName) {
  EXPECT_THAT(relative({folder_ / "set/notes.txt", folder_ / "set/b.jpg"}),
              ElementsAre("notes.txt", "b.jpg"));
}

TEST_F(DetectSources, AGlobKeepsTheTreeBelowItsPlainPart) {
  EXPECT_THAT(relative({folder_ / "*/a.*"}), ElementsAre("other/a.jpg", "set/a.PNG"));
  EXPECT_THAT(relative({folder_ / "set/dee[p]"}), ElementsAre("deep/er/c.webp"));
}

TEST_F(DetectSources, AListMayNameWhatIsNotThereAndNeverLeadsOut) {
  EXPECT_THAT(relative({"-"}, "x/gone.jpg\r\n\n../../up.jpg\n/abs/./y.jpg"),
              ElementsAre("x/gone.jpg", "up.jpg", "abs/y.jpg"));
}

TEST_F(DetectSources, SaysWhatIsNotThere) {
  EXPECT_THAT([&] { relative({folder_ / "gone.jpg"}); }, ThrowsMessage<InputError>(HasSubstr("gone.jpg")));
  EXPECT_THAT([&] { relative({folder_ / "*.bmp"}); }, ThrowsMessage<InputError>(HasSubstr("*.bmp")));
  fs::create_directories(folder_ / "empty");
  EXPECT_THAT([&] { relative({folder_ / "empty"}); }, ThrowsMessage<InputError>(HasSubstr("no image")));
}

}  // namespace
}  // namespace y6q::stages
