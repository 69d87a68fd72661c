#pragma once

#include <array>
#include <cmath>
#include <cstddef>

namespace y6q::train {

/// A number and its derivatives by the four coordinates of a box (forward-mode differentiation): a formula
/// written once for Dual gives value and gradient. At ties min and max give each side half, as PyTorch does.
struct Dual {
  double value = 0;
  std::array<double, 4> slope{};

  Dual() = default;
  Dual(double constant) : value(constant) {}  // NOLINT(google-explicit-constructor): constants mix with duals
  static Dual variable(double value, size_t index) {
    Dual result(value);
    result.slope[index] = 1;
    return result;
  }
};

/// outer'(inner) known: chain rule.
inline Dual chain(double value, double derivative, const Dual& inner) {
  Dual result(value);
  for (size_t i = 0; i < 4; ++i) result.slope[i] = derivative * inner.slope[i];
  return result;
}

/// p a' + q b'.
inline Dual combine(double value, double p, const Dual& a, double q, const Dual& b) {
  Dual result(value);
  for (size_t i = 0; i < 4; ++i) result.slope[i] = p * a.slope[i] + q * b.slope[i];
  return result;
}

inline Dual operator+(const Dual& a, const Dual& b) { return combine(a.value + b.value, 1, a, 1, b); }
inline Dual operator-(const Dual& a, const Dual& b) { return combine(a.value - b.value, 1, a, -1, b); }
inline Dual operator*(const Dual& a, const Dual& b) {
  return combine(a.value * b.value, b.value, a, a.value, b);
}
inline Dual operator/(const Dual& a, const Dual& b) {
  const double quotient = a.value / b.value;
  return combine(quotient, 1 / b.value, a, -quotient / b.value, b);
}
inline Dual min(const Dual& a, const Dual& b) {
  if (a.value == b.value) return combine(a.value, 0.5, a, 0.5, b);
  return a.value < b.value ? a : b;
}
inline Dual max(const Dual& a, const Dual& b) {
  if (a.value == b.value) return combine(a.value, 0.5, a, 0.5, b);
  return a.value > b.value ? a : b;
}
/// max(a, low); no slope at a == low: boxes that touch do not attract each other (golden/loss, edge pairs).
inline Dual at_least(const Dual& a, double low) { return a.value > low ? a : Dual(low); }
inline Dual abs(const Dual& a) {
  return chain(std::abs(a.value), a.value > 0 ? 1.0 : (a.value < 0 ? -1.0 : 0.0), a);
}
inline Dual square(const Dual& a) { return a * a; }
inline Dual sqrt(const Dual& a) { return chain(std::sqrt(a.value), 0.5 / std::sqrt(a.value), a); }
inline Dual exp(const Dual& a) { return chain(std::exp(a.value), std::exp(a.value), a); }
inline Dual atan(const Dual& a) { return chain(std::atan(a.value), 1 / (1 + a.value * a.value), a); }
inline Dual asin(const Dual& a) { return chain(std::asin(a.value), 1 / std::sqrt(1 - a.value * a.value), a); }
inline Dual cos(const Dual& a) { return chain(std::cos(a.value), -std::sin(a.value), a); }

}  // namespace y6q::train
