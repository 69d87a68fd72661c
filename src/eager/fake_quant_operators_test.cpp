#include "eager/fake_quant_operators.h"

#include <gtest/gtest.h>

#include <bit>

#include "eager/fake_quant.h"
#include "quant/half_scale.h"

namespace y6q::eager {
namespace {

using torch::Tensor;

std::vector<uint32_t> bits_of(const Tensor& tensor) {
  const Tensor plain = tensor.detach().contiguous();
  std::vector<uint32_t> bits;
  for (int64_t i = 0; i < plain.numel(); ++i)
    bits.push_back(std::bit_cast<uint32_t>(plain.const_data_ptr<float>()[i]));
  return bits;
}

/// Around every border between two codes, at the ends of the range and beyond, and signed zeros.
Tensor borders(float amax, int64_t high) {
  std::vector<float> values{0.0F, -0.0F, 1e-30F, -1e-30F, 100 * amax, -100 * amax};
  for (int64_t code = -high - 2; code <= high + 2; ++code) {
    float border = (static_cast<float>(code) + 0.5F) * amax / static_cast<float>(high);
    for (int step = -2; step <= 2; ++step) {
      float value = border;
      for (int i = 0; i < std::abs(step); ++i) value = std::nextafter(value, step < 0 ? -1e9F : 1e9F);
      values.push_back(value);
    }
  }
  return torch::tensor(values);
}

void expect_same(const Tensor& source, const Tensor& amax, const ir::FakeQuant& op) {
  const Tensor a = source.clone().requires_grad_(true), b = source.clone().requires_grad_(true);
  const Tensor by_loops = fake_quantize(a, amax, op), by_operators = fake_quantize_by_operators(b, amax, op);
  EXPECT_EQ(bits_of(by_operators), bits_of(by_loops));
  const Tensor upstream = torch::randn(source.sizes());
  (by_loops * upstream).sum().backward();
  (by_operators * upstream).sum().backward();
  EXPECT_TRUE(b.grad().equal(a.grad()));  // 0 and -0 alike
}

TEST(FakeQuantizeByOperators, EqualsTheLoopsBitForBitAtEveryBorder) {
  for (const bool is_signed : {true, false}) {
    for (const int64_t bits : {7, 8}) {
      for (const float amax : {1.0F, 0.37F, 6.1F, 1e-3F, 0.0F, 0x1p-24F, 0x1.8p-24F}) {
        const int64_t high = (int64_t{1} << (is_signed ? bits - 1 : bits)) - 1;
        expect_same(borders(std::max(amax, 1e-6F), high), torch::scalar_tensor(amax), {bits, -1, is_signed});
      }
    }
  }
}

TEST(FakeQuantizeByOperators, RangesOfChannels) {
  const Tensor source = torch::randn({4, 3, 5, 2}) * 2;
  expect_same(source, torch::tensor({0.5F, 0.0F, 3.0F}), {.channel_axis = 1});
  expect_same(source.contiguous(torch::MemoryFormat::ChannelsLast), torch::tensor({0.5F, 1.0F, 3.0F, 0.1F}),
              {.channel_axis = 0});
}

TEST(RangesOfHalfSteps, EqualThoseOfTheLoop) {
  for (const auto& [bits, is_signed] : {std::pair{8, true}, std::pair{8, false}, std::pair{7, true}}) {
    std::vector<float> ranges{0.0F, 0x1p-24F, 0x1.8p-24F, 1e-6F, 1.0F, 6e4F};
    for (float amax = 1e-7F; amax < 1e5F; amax *= 1.003F) ranges.push_back(amax);
    std::vector<float> want;
    for (const float amax : ranges)
      want.push_back(quant::range_of_half_step(amax, quant::integer_range(bits, is_signed)));
    for (const float amax : std::vector<float>(want)) {  // those of the grid stay
      ranges.push_back(amax);
      want.push_back(amax);
    }
    const Tensor got = ranges_of_half_steps(torch::tensor(ranges), {.bits = bits, .is_signed = is_signed});
    EXPECT_EQ(bits_of(got), bits_of(torch::tensor(want)));
  }
}

}  // namespace
}  // namespace y6q::eager
