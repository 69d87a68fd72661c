#include "data/image_index.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "base/errors.h"
#include "image/encode.h"

namespace y6q::data {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr double kEverythingIsSettled = 0, kNothingIsSettled = 3600;
constexpr auto kClockTick = std::chrono::milliseconds(20);  // longer than a file system's

class Messages : public InnerMonitor {
 public:
  Messages() : InnerMonitor(silent_monitor()) {}
  void advance(int64_t done, std::string_view) override { stop_ = done == stop_after; }
  void message(std::string_view line) override { lines.emplace_back(line); }
  bool stop_requested() const override { return stop_; }
  std::vector<std::string> lines;
  int64_t stop_after = -1;

 private:
  bool stop_ = false;
};

class ImageIndexTest : public ::testing::Test {
 protected:
  fs::path root =
      fs::temp_directory_path() / ("y6q_image_index_" + std::to_string(getpid()) + "_" +
                                   ::testing::UnitTest::GetInstance()->current_test_info()->name());
  ImageIndexOptions index{.folder = root / "cache", .worth_s = 0, .settled_s = kEverythingIsSettled};
  Messages messages;

  void SetUp() override {
    fs::remove_all(root);
    write_file(root / "data.yaml", "train: images/train\nnames: [cat]\n");
    for (const char* name : {"a", "b", "c"}) image(name, 90);
    write_file(root / "labels/train/a.txt", "0 0.5 0.5 0.25 0.5\n");
    std::this_thread::sleep_for(kClockTick);
  }
  void TearDown() override { fs::remove_all(root); }

  fs::path path(const std::string& name) const { return root / "images/train" / (name + ".png"); }
  void image(const std::string& name, uint8_t grey, int64_t width = 40) const {
    image::encode_file(path(name), image::Image(20, width, grey));
  }
  Dataset read(const ImageIndexOptions& options) {
    return read_dataset(root / "data.yaml", {.skip_broken = true, .index = options}, messages);
  }
  Dataset read() { return read(index); }
  Dataset read_without() { return read(ImageIndexOptions{}); }
  fs::path file() const { return image_index_file(index, {root / "data.yaml"}, "train"); }
  FoundImages kept() const { return parse_image_index(read_file(file())); }
  /// Makes the index say something else of an image: who believes it has not read the image.
  void forge(const std::string& name) const {
    FoundImages images = kept();
    images.at(path(name).string()).width = 1234;
    write_file(file(), image_index_text(images));
  }
};

void expect_same(const Dataset& a, const Dataset& b) {
  EXPECT_EQ(a.sha256, b.sha256);
  EXPECT_EQ(a.skipped, b.skipped);
  ASSERT_EQ(a.images.size(), b.images.size());
  for (size_t i = 0; i < a.images.size(); ++i) {
    EXPECT_EQ(a.images[i].path, b.images[i].path);
    EXPECT_EQ(a.images[i].image_id, b.images[i].image_id);
    EXPECT_EQ(a.images[i].height, b.images[i].height);
    EXPECT_EQ(a.images[i].width, b.images[i].width);
    EXPECT_EQ(a.images[i].sha256, b.images[i].sha256);
    EXPECT_EQ(a.images[i].labels, b.images[i].labels);
  }
}

TEST_F(ImageIndexTest, TheDataSetIsTheSameWithAndWithoutIt) {
  const Dataset without = read_without(), first = read(), later = read();
  expect_same(first, without);
  expect_same(later, without);
  EXPECT_EQ(kept().size(), 3U);
  EXPECT_THAT(messages.lines, IsEmpty());
}

TEST_F(ImageIndexTest, WhatIsKnownIsNotReadAgainUnlessAskedFor) {
  read();
  forge("b");
  EXPECT_EQ(read().images[1].width, 1234);
  index.verify = true;
  EXPECT_EQ(read().images[1].width, 40);
  index.verify = false;
  EXPECT_EQ(read().images[1].width, 40);  // the index has been corrected
}

TEST_F(ImageIndexTest, NoticesAnotherSize) {
  read();
  image("b", 90, 44);
  EXPECT_EQ(read().images[1].width, 44);
  expect_same(read(), read_without());
}

TEST_F(ImageIndexTest, NoticesAnotherContentOfTheSameSize) {
  read();
  const uint64_t bytes = fs::file_size(path("b"));
  image("b", 91);
  ASSERT_EQ(fs::file_size(path("b")), bytes);
  expect_same(read(), read_without());
}

TEST_F(ImageIndexTest, NoticesAnotherContentOfTheSameSizeWhoseTimeWasSetBack) {
  read();
  const FileStamp before = *stamp_of(path("b"));
  image("other", 91);
  const std::string other = read_file(path("other"));
  fs::remove(path("other"));
  const int file = ::open(path("b").c_str(), O_WRONLY);  // the same inode
  ASSERT_EQ(::pwrite(file, other.data(), other.size(), 0), std::ssize(other));
  constexpr int64_t kNanoseconds = 1'000'000'000;
  const timespec modified{before.modified_ns / kNanoseconds, before.modified_ns % kNanoseconds};
  const timespec times[]{modified, modified};
  ASSERT_EQ(::futimens(file, times), 0);
  ::close(file);
  FileStamp now = *stamp_of(path("b"));
  now.changed_ns = before.changed_ns;
  ASSERT_EQ(now, before);
  expect_same(read(), read_without());
}

TEST_F(ImageIndexTest, AFileJustWrittenIsReadAgainNextTime) {
  index.settled_s = kNothingIsSettled;
  read();
  EXPECT_FALSE(fs::exists(file()));
  index.settled_s = kEverythingIsSettled;
  read();
  forge("b");
  index.settled_s = kNothingIsSettled;
  EXPECT_EQ(read().images[1].width, 1234);  // it was settled when it was read
  EXPECT_EQ(kept().size(), 3U);
}

TEST_F(ImageIndexTest, NoticesAddedAndRemovedFiles) {
  read();
  image("d", 17);
  fs::remove(path("a"));
  std::this_thread::sleep_for(kClockTick);
  const Dataset later = read();
  EXPECT_EQ(later.images.size(), 3U);
  expect_same(later, read_without());
  const FoundImages now = kept();
  EXPECT_TRUE(now.contains(path("d").string()));
  EXPECT_FALSE(now.contains(path("a").string()));
}

TEST_F(ImageIndexTest, ABrokenImageIsReportedEachTime) {
  write_file(path("b"), "no image");
  std::this_thread::sleep_for(kClockTick);
  for (int opening = 0; opening < 3; ++opening) {
    EXPECT_EQ(read().skipped, 1);
    EXPECT_EQ(kept().size(), 2U);
  }
  const auto strict = [&] { read_dataset(root / "data.yaml", {.index = index}, messages); };
  EXPECT_THROW(strict(), InputError);
}

TEST_F(ImageIndexTest, LabelsAreReadEachTime) {
  read();
  write_file(root / "labels/train/a.txt", "0 0.5 0.5 0.25 0.25\n");
  expect_same(read(), read_without());
}

TEST_F(ImageIndexTest, AnInterruptedOpeningKeepsWhatItHasFound) {
  read();
  image("b", 91);
  std::this_thread::sleep_for(kClockTick);
  messages.stop_after = 1;  // c is not come to
  const auto interrupted = [&] {
    read_dataset(root / "data.yaml", {.threads = 1, .index = index}, messages);
  };
  EXPECT_THROW(interrupted(), Interrupted);
  const FoundImages now = kept();
  EXPECT_EQ(now.at(path("b").string()).stamp, *stamp_of(path("b")));
  EXPECT_EQ(now.size(), 3U);
}

TEST_F(ImageIndexTest, WhatWasQuickIsNotKept) {
  index.worth_s = 3600;
  read();
  EXPECT_FALSE(fs::exists(file()));
}

// The first set's index is the oldest file of the folder, but it has been opened since the stranger was
// written.
TEST_F(ImageIndexTest, SetsThatWereOpenedLongestAgoMakeRoomForOthers) {
  read();
  const auto now = fs::file_time_type::clock::now();
  fs::last_write_time(file(), now - std::chrono::hours(3));
  const fs::path stranger = root / "cache/stranger";
  write_file(stranger, std::string(fs::file_size(file()), 'x'));
  fs::last_write_time(stranger, now - std::chrono::hours(2));
  read();
  write_file(root / "b.yaml", read_file(root / "data.yaml"));
  index.bytes = 5 * fs::file_size(file()) / 2;
  read_dataset(root / "b.yaml", {.index = index}, messages);
  EXPECT_TRUE(fs::exists(image_index_file(index, {root / "b.yaml"}, "train")));
  EXPECT_TRUE(fs::exists(file()));
  EXPECT_FALSE(fs::exists(stranger));
}

TEST_F(ImageIndexTest, AFolderThatCannotBeWrittenIsOneMessage) {
  write_file(root / "cache", "a file");
  expect_same(read(), read_without());
  ASSERT_EQ(messages.lines.size(), 1U);
  EXPECT_THAT(messages.lines[0], HasSubstr("cache"));
}

TEST_F(ImageIndexTest, EverySplitAndDescriptionHasItsOwn) {
  const fs::path one = image_index_file(index, {root / "a.yaml"}, "train");
  EXPECT_NE(one, image_index_file(index, {root / "a.yaml"}, "val"));
  EXPECT_NE(one, image_index_file(index, {root / "b.yaml"}, "train"));
  EXPECT_EQ(image_index_file({}, {root / "a.yaml"}, "train"), fs::path());
}

FoundImages two_images() {
  return {{"/set/a b.jpg", {{100, -5, 1'700'000'000'123'456'789, 42}, 480, 640, std::string(64, 'a')}},
          {"/set/c.jpg", {{200, 7, 8, 9}, 10, 16384, std::string(64, '0')}}};
}

TEST(ImageIndexText, ComesBackAsItWas) {
  EXPECT_EQ(parse_image_index(image_index_text(two_images())), two_images());
  EXPECT_EQ(parse_image_index(image_index_text({})), FoundImages{});
}

TEST(ImageIndexText, APathOfTwoLinesIsLeftOut) {
  FoundImages images = two_images();
  images["/set/d\n.jpg"] = images.at("/set/c.jpg");
  EXPECT_EQ(parse_image_index(image_index_text(images)), two_images());
}

TEST(ImageIndexText, OneThatIsCutSaysNothing) {
  const std::string text = image_index_text(two_images());
  for (size_t length = 0; length < text.size(); ++length) {
    EXPECT_THAT(parse_image_index(text.substr(0, length)), IsEmpty()) << length;
  }
  EXPECT_THAT(parse_image_index(text + "\n"), IsEmpty());
}

TEST(ImageIndexText, OneWithAFlippedBitSaysNothing) {
  const std::string text = image_index_text(two_images());
  for (size_t bit = 0; bit < 8 * text.size(); ++bit) {
    std::string flipped = text;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    EXPECT_THAT(parse_image_index(flipped), IsEmpty()) << bit;
  }
}

TEST(ImageIndexText, WhatNoReadingFindsSaysNothingThoughItsDigestIsRight) {
  const std::string text = image_index_text(two_images());
  const std::string body = text.substr(0, text.rfind("sha256 "));
  const auto says = [&](const std::string& from, const std::string& to) {
    std::string changed = body;
    changed.replace(changed.find(from), from.size(), to);
    return parse_image_index(changed + "sha256 " + sha256_hex(changed) + "\n").size();
  };
  EXPECT_EQ(says("480", "481"), 2U);
  EXPECT_EQ(says("images 1", "images 2"), 0U);
  EXPECT_EQ(says("libpng", "Other"), 0U);
  EXPECT_EQ(says("16384", "16385"), 0U);
  EXPECT_EQ(says("480", "9"), 0U);
  EXPECT_EQ(says("480", "x"), 0U);
  EXPECT_EQ(says("480", "99999999999999999999"), 0U);
  EXPECT_EQ(says("aaaa", "AAAA"), 0U);
  EXPECT_EQ(says(" 640 /set/a b.jpg", ""), 0U);
}

}  // namespace
}  // namespace y6q::data
