#include "data/image_files.h"

#include <gmock/gmock.h>

#include "data/test_set.h"

namespace y6q::data {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::ThrowsMessage;

class ImageFilesTest : public DatasetTest {
 protected:
  std::vector<std::string> images_of(const std::string& list) {
    std::vector<std::string> images;
    for (const DraftSample& sample : parse_image_list(list, root / "lists/train.txt", root)) {
      images.push_back(sample.image.lexically_relative(root).string());
    }
    return images;
  }
  std::string problem_of(const std::string& list) {
    const auto samples = parse_image_list(list, root / "lists/train.txt", root);
    return samples.size() == 1 && samples[0].image.empty() ? samples[0].problems.at(0) : "accepted";
  }
};

TEST_F(ImageFilesTest, ALineBeginsAtItsListsFolderOrElseAtTheRootOrIsAbsolute) {
  for (const char* name : {"lists/a.png", "a.png", "images/b.png"}) text(name, "");
  EXPECT_THAT(images_of("a.png\n./images/b.png\n../images/b.png\n" + (root / "a.png").string()),
              ElementsAre("lists/a.png", "images/b.png", "images/b.png", "a.png"));
}

TEST_F(ImageFilesTest, LinesMayEndAsOnWindowsAndEmptyOnesAreNone) {
  text("my pictures/a b.png", "");
  EXPECT_THAT(images_of("\xEF\xBB\xBF my pictures/a b.png \r\n\r\n\n"), ElementsAre("my pictures/a b.png"));
  EXPECT_THAT(images_of(""), IsEmpty());
}

TEST_F(ImageFilesTest, ALineThatLeadsToNothingIsNamedWithWhereItWasLookedFor) {
  const std::string list = (root / "lists/train.txt").string();
  EXPECT_THAT(problem_of("gone.png"),
              AllOf(HasSubstr(list + ", line 1"), HasSubstr((root / "gone.png").string()),
                    HasSubstr((root / "lists/gone.png").string())));
  EXPECT_THAT(problem_of("\n\ngone.png\n"), HasSubstr("line 3"));
  EXPECT_THAT(problem_of(std::string("a\0b", 3)), HasSubstr("no NUL"));
  EXPECT_THAT(problem_of(std::string(5000, 'a')), HasSubstr("5000 bytes"));
  EXPECT_THAT(problem_of("caf\xE9.png"), HasSubstr("caf\xE9.png does not exist"));
}

TEST_F(ImageFilesTest, ALinkToItselfIsNotFollowedForEver) {
  fs::create_directories(root);
  fs::create_symlink("loop.png", root / "loop.png");
  EXPECT_THAT(images_of("loop.png"), ElementsAre("loop.png")) << "whoever reads it says why it cannot";
}

TEST_F(ImageFilesTest, AnImageIsTakenOnceHoweverOftenListsNameIt) {
  image("images/a.png");
  image("images/b.png");
  text("one.txt", "images/b.png\nimages/../images/b.png\n./images/c.png\n");
  image("images/c.png");
  text("two.txt", "images/c.png\n");
  const ImageFiles lists = find_image_files({root / "one.txt", root / "two.txt"}, root);
  EXPECT_EQ(lists.samples.size(), 2U);
  EXPECT_EQ(lists.repeated, 2);
  const ImageFiles mixed = find_image_files({root / "one.txt", root / "images"}, root);
  EXPECT_EQ(mixed.samples.size(), 3U);
  EXPECT_EQ(mixed.repeated, 3);
}

TEST_F(ImageFilesTest, WhatIsNeitherAFolderNorAListIsRefused) {
  text("images.json", "{}");
  EXPECT_THAT(
      [&] { find_image_files({root / "images.json"}, root); },
      ThrowsMessage<InputError>(AllOf(HasSubstr("images.json"), HasSubstr("a folder of images, or a .txt"))));
  EXPECT_THAT([&] { find_image_files({root / "gone.txt"}, root); },
              ThrowsMessage<InputError>(HasSubstr("gone.txt")));
  EXPECT_THAT([&] { find_image_files({root / "gone"}, root); }, ThrowsMessage<InputError>(HasSubstr("gone")));
}

TEST_F(ImageFilesTest, AListOfMoreThanFiveMillionLinesIsRefused) {
  EXPECT_THAT([&] { parse_image_list(std::string(5'000'001, '\n'), root / "train.txt", root); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("train.txt"), HasSubstr("5000001 lines"))));
}

}  // namespace
}  // namespace y6q::data
