#include "ir/cost.h"

#include <gtest/gtest.h>

#include "ir/text.h"

namespace y6q::ir {
namespace {

TEST(Cost, CountsMultiplyAddsOfConvolutions) {
  const Graph graph = parse_graph(
      "images [1, 4, 8, 6] = Input() shape=1x4x8x6\n"
      "w [6, 2, 3, 3] = Parameter() shape=6x2x3x3\n"
      "c [1, 6, 4, 3] = Conv2d(images, w) stride=2x2 pad=1x1 groups=2\n"
      "r [1, 6, 4, 3] = Relu(c)\n"
      "t [6, 5, 2, 2] = Parameter() shape=6x5x2x2\n"
      "u [1, 5, 8, 6] = ConvTranspose2d(r, t)\n"
      "output o = u\n");
  // 6 x 4 x 3 outputs of 2 x 9 products; 6 x 4 x 3 inputs of 5 x 4 products.
  EXPECT_EQ(multiply_adds(graph, *graph.find("c")), 72 * 18);
  EXPECT_EQ(multiply_adds(graph, *graph.find("u")), 72 * 20);
  EXPECT_EQ(multiply_adds(graph, *graph.find("r")), 0);
  EXPECT_EQ(multiply_adds(graph), 72 * 38);
}

}  // namespace
}  // namespace y6q::ir
