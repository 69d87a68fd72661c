#include "base/class_names.h"

#include <gmock/gmock.h>

#include <vector>

#include "base/errors.h"

namespace y6q {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(ClassNames, UpToTheLimitsAreAccepted) {
  std::string longest(254, 'x');
  longest += "\xc3\xa9";
  const std::vector<std::string> names(10'000, longest);
  EXPECT_NO_THROW(check_class_names(names, "set"));
}

TEST(ClassNames, TooManyTooLongOrNotUtf8AreRefusedWithTheirPlace) {
  const auto checking = [](std::vector<std::string> names) {
    return [names = std::move(names)] { check_class_names(names, "data: x.yaml"); };
  };
  EXPECT_THAT(checking(std::vector<std::string>(10'001, "a")),
              ThrowsMessage<InputError>(HasSubstr("data: x.yaml: 10001 classes; at most 10000")));
  EXPECT_THAT(checking({"a", std::string(257, 'x')}),
              ThrowsMessage<InputError>(AllOf(HasSubstr("class 1 has 257 bytes"), HasSubstr("at most 256"))));
  EXPECT_THAT(checking({"a", "b", "caf\xe9"}), ThrowsMessage<InputError>(HasSubstr("class 2 is not UTF-8")));
}

}  // namespace
}  // namespace y6q
