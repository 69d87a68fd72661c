#pragma once

#include <array>

namespace y6q::train {

/// The weighted terms of a loss.
struct LossTerms {
  double classes = 0, iou = 0, dfl = 0;
  double distill = 0;  ///< with a teacher: all of its terms

  inline double total() const;
  inline LossTerms& operator+=(const LossTerms& other);
  inline LossTerms over(double count) const;
  bool operator==(const LossTerms&) const = default;
};

struct LossTerm {
  const char* name;  ///< logs, curves and JSON call it loss_<name>
  double LossTerms::*value;
};

/// A new term is a member and a line here.
inline constexpr std::array kLossTerms{LossTerm{"classes", &LossTerms::classes},
                                       LossTerm{"iou", &LossTerms::iou}, LossTerm{"dfl", &LossTerms::dfl},
                                       LossTerm{"distill", &LossTerms::distill}};

/// Of a term in kLossTerms.
constexpr size_t place_of(double LossTerms::*term) {
  size_t place = 0;
  while (kLossTerms[place].value != term) ++place;
  return place;
}

double LossTerms::total() const {
  double sum = 0;
  for (const LossTerm& term : kLossTerms) sum += this->*term.value;
  return sum;
}

LossTerms& LossTerms::operator+=(const LossTerms& other) {
  for (const LossTerm& term : kLossTerms) this->*term.value += other.*term.value;
  return *this;
}

LossTerms LossTerms::over(double count) const {
  LossTerms mean;
  for (const LossTerm& term : kLossTerms) mean.*term.value = this->*term.value / count;
  return mean;
}

}  // namespace y6q::train
