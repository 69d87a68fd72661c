#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dist/place.h"

namespace y6q::dist {

/// A sum that is under way.
class Pending {
 public:
  virtual ~Pending() = default;
  /// The values live, and are not touched, until it returns or throws. Throws EnvironmentError that names the
  /// processes that are gone.
  virtual void wait() = 0;
};

/// The processes of a job, as one of them sees it. Every call is a collective: all processes make the same
/// calls in the same order, whatever their share of the work. Calls that wait throw EnvironmentError that
/// names the processes that are gone.
class Group {
 public:
  explicit Group(Place place) : place_(std::move(place)) {}
  virtual ~Group() = default;
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  const Place& place() const { return place_; }
  int rank() const { return place_.rank; }
  int size() const { return place_.size; }
  bool is_alone() const { return place_.size == 1; }
  /// Writes files and talks to the user; the others do neither.
  bool is_first() const { return place_.rank == 0; }
  /// Everything is added in the order of ranks: see join.
  virtual bool deterministic() const { return true; }

  /// Element by element over all processes, added in the order of their ranks: the same bits everywhere and
  /// each time. For few values.
  virtual void sum(std::span<double> values) = 0;
  double sum(double value) {
    sum(std::span(&value, 1));
    return value;
  }
  /// The same of many values, beside other work. Every process gets the same bits; with `deterministic` (see
  /// join) they are those of adding in the order of ranks.
  virtual std::unique_ptr<Pending> start_sum(std::span<float> values) = 0;
  /// What everybody has, in the order of ranks.
  virtual std::vector<std::string> gather(std::string_view mine) = 0;
  /// What the first process has.
  virtual std::string from_first(std::string_view mine) = 0;
  /// Waits for all.
  void meet() { gather(""); }
  /// True when it is for any of them.
  bool any(bool mine) { return sum(mine ? 1.0 : 0.0) > 0; }

 private:
  Place place_;
};

/// A job of one process: sums are what they are.
Group& alone();

}  // namespace y6q::dist
