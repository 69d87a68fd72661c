#include "coco/arrays.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "support/folder.h"

namespace y6q::coco {
namespace {

TEST(CocoArrays, AreNumpyFiles) {
  coco::GroundTruth truth;
  truth.images = {1};
  truth.categories = {{1, "a"}, {2, "b"}};
  truth.add(1, 1, {0, 0, 50, 50});
  coco::Detections found;
  found.add(1, 1, {0, 0, 50, 50}, 0.9);
  const auto result = coco::evaluate(truth, found, {.iou_thresholds = {0.5}});
  const support::Folder folder;
  write_arrays(folder.path() / "arrays", result);
  const std::string bytes = read_file(folder.path() / "arrays/recall.npy");
  ASSERT_EQ(bytes.size(), 128 + 1 * 2 * 4 * 3 * sizeof(double));
  EXPECT_EQ(bytes.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  EXPECT_EQ(bytes[8], 118) << "128 bytes less the 10 before the header";
  EXPECT_THAT(bytes, testing::HasSubstr("{'descr': '<f8', 'fortran_order': False, 'shape': (1,2,4,3,), }"));
  EXPECT_EQ(bytes[127], '\n');
  double first = 0, of_absent_class = 0;
  std::memcpy(&first, bytes.data() + 128, sizeof first);
  std::memcpy(&of_absent_class, bytes.data() + 128 + 12 * sizeof(double), sizeof of_absent_class);
  EXPECT_EQ(first, 1);
  EXPECT_EQ(of_absent_class, -1);
  EXPECT_EQ(read_file(folder.path() / "arrays/precision.npy").size(), 128 + 101 * 2 * 4 * 3 * sizeof(double));
}

}  // namespace
}  // namespace y6q::coco
