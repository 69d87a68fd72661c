#include "ir/text.h"

#include <gtest/gtest.h>

#include "base/errors.h"

namespace y6q::ir {
namespace {

constexpr std::string_view kSmall =
    "images [1, 3, 8, 8] = Input() shape=1x3x8x8\n"
    "stem.conv.weight [4, 3, 3, 3] = Parameter() shape=4x3x3x3 @stem\n"
    "stem.amax [] = Parameter() trainable=false\n"
    "stem.quant [1, 3, 8, 8] = FakeQuant(images, stem.amax) signed=false\n"
    "stem.conv [1, 4, 4, 4] = Conv2d(stem.quant, stem.conv.weight) stride=2x2 pad=1x1 @stem\n"
    "stem.relu [1, 4, 4, 4] = Relu(stem.conv) @stem\n"
    "output feat = stem.relu\n";

TEST(GraphText, ReadsBackWhatItWrites) { EXPECT_EQ(to_text(parse_graph(kSmall)), kSmall); }

TEST(GraphText, KeepsEveryAttribute) {
  Graph graph;
  const Value images = graph.add("images", Input{{2, 4, 8, 8}}, {});
  const Value pooled = graph.add("pool", MaxPool2d{{3, 5}, {1, 2}, {1, 2}}, {images});
  const Value averaged = graph.add("average", AvgPool2d{{5, 3}, {1, 1}, {2, 1}}, {pooled});
  std::vector<Value> operands{averaged};
  for (const char* name : {"gain", "bias", "mean", "variance"}) {
    operands.push_back(graph.add(name, Parameter{{4}, name[0] != 'm'}, {}));
  }
  graph.add("bn", BatchNorm{.eps = 1.25e-7, .momentum = 0.1}, operands);
  const Graph read = parse_graph(to_text(graph));
  ASSERT_EQ(read.size(), graph.size());
  for (size_t i = 0; i < read.size(); ++i) EXPECT_EQ(read[i].op, graph[i].op) << i;
}

TEST(GraphText, NamesTheLineOfWhatItRefuses) {
  for (const std::string bad :
       {"x [1] = Gelu()\n", "images [1, 3, 8, 9] = Input() shape=1x3x8x8\n", "x [] = Relu(y)\n", "x", "x [",
        "\n", "output a = b\n", "images [1, 3, 8, 8] = Input() shape=1x3x8x8 colour=red\n",
        "images [1, 3, 8, 8] = Input() shape=1x3x8xx8\n",
        "images [1, 3, 8, 8] = Input() shape=1x3x8x99999999999999999999\n"}) {
    try {
      parse_graph(bad);
      FAIL() << bad;
    } catch (const InputError& error) {
      EXPECT_NE(std::string(error.what()).find("line 1"), std::string::npos) << error.what();
    }
  }
}

TEST(GraphText, SurvivesEveryCutAndFlip) {
  for (size_t cut = 0; cut < kSmall.size(); ++cut) {
    try {
      parse_graph(kSmall.substr(0, cut));
    } catch (const Error&) {
    }
    for (const int flip : {1, 4, 32, 128}) {
      std::string text(kSmall);
      text[cut] = static_cast<char>(text[cut] ^ flip);
      try {
        parse_graph(text);
      } catch (const Error&) {
      }
    }
  }
}

}  // namespace
}  // namespace y6q::ir
