#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace y6q::quant {

/// Counts of |x| in equal bins from 0 (spec/04 §3.2).
///
///   Histogram seen;                    // the first batch with data has maximum m: 2048 bins of m / 2048
///   for (auto& batch : batches) seen.observe(batch);
///   float amax = amax_by_entropy(seen, 128);
///
/// Larger values append bins of the same width; zeros seen before any data are kept in bin 0. Counts are sums
/// of integers and an element's bin depends on the width alone: with equal widths (`Histogram
/// part(seen.width())`) the result does not depend on how the data were split among threads or processes, nor
/// on their order. A range that would grow past 2^14 bins doubles its width instead, joining neighbours, so
/// that a tiny first batch cannot exhaust memory.
class Histogram {
 public:
  static constexpr int64_t kBins = 2048, kMostBins = 16384;

  /// Width 0: fixed by the first batch that has data. Throws InputError for a negative or non-finite width.
  explicit Histogram(float width = 0);
  /// As recorded elsewhere: at least one bin; max is the largest magnitude seen. Throws InputError (no bins,
  /// too many, max outside the last bin).
  static Histogram from_counts(float width, std::vector<uint64_t> counts, float max);

  /// All that a histogram is, for another process of the same program: from_state(h.state()) goes on as h
  /// would.
  struct State {
    float width = 0, max = 0;
    uint64_t zeros = 0;
    std::vector<uint64_t> counts;  ///< a value on the upper end of the range still in an entry of its own
  };
  State state() const { return {width_, max_, zeros_, counts_}; }
  static Histogram from_state(State state);

  /// Hundreds of millions of values a second and core. Throws InputError when a value is not finite.
  void observe(std::span<const float> values);
  /// observe in two parts, for values that are counted elsewhere: room for magnitudes up to `max`, which may
  /// fix or change the width, then how many have each floor(|x| / width()), quotients in float. Of width 0,
  /// all are zeros. Throws InputError (max negative or not finite; a count beyond the room).
  void make_room(float max);
  void add(std::span<const int64_t> counts);
  /// Adds other's counts. Widths may differ by powers of two (doubled ones) or be 0 (zeros only). Throws
  /// InputError.
  void merge(const Histogram& other);

  float width() const { return width_; }
  /// Largest magnitude seen; 0 when there were only zeros.
  float max() const { return max_; }
  uint64_t total() const;
  /// max(2048, ceil(max / width)); a value on the upper end belongs to the last bin.
  int64_t bins() const;
  /// bins() counts; when only zeros were seen, they stand in bin 0.
  std::vector<uint64_t> counts() const;
  /// Left end of bin i; edge(bins()) is the end of the range.
  float edge(int64_t i) const {
    return static_cast<float>(static_cast<double>(i) * static_cast<double>(width_));
  }

  /// Before a range is searched with so many levels: throws InputError when nothing was observed, UsageError
  /// for levels outside [2, 2047].
  void require_searchable(int levels = 2) const;

 private:
  void double_width();
  void count(std::span<const float> values);

  float width_ = 0, max_ = 0;
  uint64_t zeros_ = 0;            ///< seen while there was no width
  std::vector<uint64_t> counts_;  ///< by floor(|x| / width), hence one more entry than bins
};

}  // namespace y6q::quant
