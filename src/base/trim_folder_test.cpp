#include "base/trim_folder.h"

#include <gtest/gtest.h>

#include <set>

#include "support/folder.h"

namespace y6q {
namespace {

class TrimFolder : public testing::Test {
 protected:
  /// Ten bytes that were last used so many hours ago.
  fs::path file(const char* name, int hours_ago) const {
    const fs::path path = folder_ / name;
    write_file(path, "0123456789");
    fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(hours_ago));
    return path;
  }
  std::set<std::string> names() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_)) names.insert(entry.path().filename().string());
    return names;
  }

  const support::Folder own_;
  const fs::path& folder_ = own_.path();
};

using Names = std::set<std::string>;

TEST_F(TrimFolder, TheFilesThatWereUsedLongestAgoGo) {
  const fs::path latest = file("c", 0);
  file("a", 1), file("b", 3), file("d", 2);
  trim_folder(folder_, 25, latest);
  EXPECT_EQ(names(), (Names{"a", "c"}));
}

TEST_F(TrimFolder, NothingGoesWhereThereIsRoom) {
  const fs::path latest = file("b", 0);
  file("a", 1);
  trim_folder(folder_, 20, latest);
  EXPECT_EQ(names(), (Names{"a", "b"}));
}

TEST_F(TrimFolder, TheNewFileStaysHoweverLargeAndOldItIs) {
  const fs::path made = file("made", 9);
  file("a", 1);
  trim_folder(folder_, 5, made);
  EXPECT_EQ(names(), Names{"made"});
}

TEST_F(TrimFolder, FoldersAndWhatLinksLeadToAreLeftAlone) {
  const fs::path made = file("made", 0);
  make_folder(folder_ / "folder");
  fs::create_symlink(made, folder_ / "link");
  trim_folder(folder_, 5, made);
  EXPECT_EQ(names(), (Names{"folder", "link", "made"}));
  trim_folder(folder_ / "nowhere", 5, made);
}

}  // namespace
}  // namespace y6q
