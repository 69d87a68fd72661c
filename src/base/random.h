#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <random>
#include <span>
#include <utility>

namespace y6q {

/// Random numbers that are the same with every compiler and standard library: a Mersenne Twister (whose
/// output the standard fixes) and distributions of our own (those of the standard library are not fixed). A
/// stream is chosen by numbers such as (seed, epoch, sample), so that results do not depend on the order in
/// which threads draw, and nothing has to be stored to go on after a restart.
class Random {
 public:
  template <typename... Keys>
  explicit Random(uint64_t seed, Keys... keys) {
    std::seed_seq sequence{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32),
                           static_cast<uint32_t>(keys)...};
    engine_.seed(sequence);
  }

  uint64_t bits() { return engine_(); }
  /// In [0, 1), 53 bits.
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1.0p-53; }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  /// In [0, count). count > 0.
  int64_t index(int64_t count) {
    const auto range = static_cast<uint64_t>(count);
    const uint64_t limit = ~uint64_t{0} - (~uint64_t{0} % range + 1) % range;  // largest unbiased value
    uint64_t draw = bits();
    while (draw > limit) draw = bits();
    return static_cast<int64_t>(draw % range);
  }
  bool chance(double probability) { return uniform() < probability; }
  /// Standard normal (Box-Muller, one of the pair).
  double normal() {
    const double radius = std::sqrt(-2.0 * std::log1p(-uniform()));
    return radius * std::cos(6.283185307179586 * uniform());
  }
  /// Gamma(shape, 1), shape >= 1 (Marsaglia and Tsang 2000).
  double gamma(double shape) {
    const double d = shape - 1.0 / 3.0;
    const double c = 1.0 / std::sqrt(9.0 * d);
    for (;;) {
      const double x = normal();
      const double v = std::pow(1.0 + c * x, 3);
      if (v > 0 && std::log(1.0 - uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
    }
  }
  /// Beta(a, b), a and b >= 1.
  double beta(double a, double b) {
    const double x = gamma(a);
    return x / (x + gamma(b));
  }
  template <typename T>
  void shuffle(std::span<T> values) {
    for (size_t i = values.size(); i > 1; --i) {
      std::swap(values[i - 1], values[static_cast<size_t>(index(static_cast<int64_t>(i)))]);
    }
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace y6q
