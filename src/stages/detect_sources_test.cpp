#include "stages/detect_sources.h"

#include <gmock/gmock.h>

#include <sstream>

#include "base/errors.h"
#include "support/folder.h"

namespace y6q::stages {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

class Messages : public InnerMonitor {
 public:
  Messages() : InnerMonitor(silent_monitor()) {}
  void message(std::string_view line) override { lines.emplace_back(line); }
  std::vector<std::string> lines;
};

class DetectSources : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name :
         {"set/b.jpg", "set/a.PNG", "set/deep/er/c.webp", "set/notes.txt", "other/a.jpg"}) {
      write_file(folder_ / name, "x");
    }
  }
  std::vector<std::string> relative(const std::vector<std::string>& words, const std::string& list = "") {
    std::istringstream in(list);
    std::vector<std::string> names;
    for (const DetectSource& source : find_sources(words, messages_)) {
      if (!source.is_list) names.push_back(source.relative.string());
    }
    while (const auto listed = next_listed(in)) names.push_back(listed->relative.string());
    return names;
  }
  support::Folder folder_;
  Messages messages_;
};

TEST_F(DetectSources, AFolderKeepsItsTreeSorted) {
  EXPECT_THAT(relative({folder_ / "set"}), ElementsAre("a.PNG", "b.jpg", "deep/er/c.webp"));
}

TEST_F(DetectSources, AFolderSaysHowManyFilesOfOtherTypesItHas) {
  for (const char* name : {"set/1.heic", "set/deep/2.HEIC", "set/3.gif", "set/LICENSE"}) {
    write_file(folder_ / name, "x");
  }
  relative({folder_ / "set"});
  EXPECT_THAT(messages_.lines, ElementsAre(AllOf(HasSubstr(folder_ / "set"), HasSubstr("5 files"),
                                                 HasSubstr("2 .heic, 1 .gif, 1 .txt, 1 without extension"))));
  messages_.lines.clear();
  relative({folder_ / "other"});
  EXPECT_THAT(messages_.lines, ElementsAre());
}

TEST_F(DetectSources, FoldersThatLeadInCirclesAreWalkedOnce) {
  fs::create_directory_symlink("..", folder_ / "set/deep/up");
  fs::create_directory_symlink(folder_ / "set", folder_ / "other/set");
  fs::create_directory_symlink(folder_ / "other", folder_ / "set/other");
  fs::create_symlink("self", folder_ / "set/self");
  EXPECT_THAT(relative({folder_ / "set"}), ElementsAre("a.PNG", "b.jpg", "deep/er/c.webp", "other/a.jpg"));
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
