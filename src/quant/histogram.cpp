#include "quant/histogram.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <utility>

#include "base/errors.h"

namespace y6q::quant {
namespace {

constexpr size_t kBlock = 1024;  // a fixed trip count: what the compiler vectorises at -O2
constexpr uint32_t kMagnitude = 0x7fffffffU;

/// Bits of non-negative floats compare as integers, and NaN and infinity are the largest: one pass finds the
/// maximum and what is not finite.
uint32_t largest_bits(std::span<const float> values) {
  std::array<uint32_t, 8> lanes{};
  size_t i = 0;
  for (; i + 8 <= values.size(); i += 8) {
    for (size_t lane = 0; lane < 8; ++lane) {
      lanes[lane] = std::max(lanes[lane], std::bit_cast<uint32_t>(values[i + lane]) & kMagnitude);
    }
  }
  for (; i < values.size(); ++i)
    lanes[0] = std::max(lanes[0], std::bit_cast<uint32_t>(values[i]) & kMagnitude);
  return *std::max_element(lanes.begin(), lanes.end());
}

void index_block(const float* values, size_t count, float width, int32_t* indices) {
  for (size_t i = 0; i < count; ++i) indices[i] = static_cast<int32_t>(std::fabs(values[i]) / width);
}

}  // namespace

Histogram::Histogram(float width) : width_(width) {
  if (!(width >= 0) || !std::isfinite(width)) {
    throw InputError("histogram: width {}, finite widths >= 0 are accepted", width);
  }
  if (width > 0) counts_.assign(kBins + 1, 0);
}

Histogram Histogram::from_counts(float width, std::vector<uint64_t> counts, float max) {
  Histogram result(width);
  const auto bins = static_cast<int64_t>(counts.size());
  const double end = static_cast<double>(bins) * static_cast<double>(width) * (1 + 1e-6);
  if (bins < 1 || bins > kMostBins || !(max >= 0) || static_cast<double>(max) > end) {
    throw InputError(
        "histogram: {} bins of width {} with maximum {}; 1 to {} bins that cover it are accepted", bins,
        width, max, kMostBins);
  }
  result.max_ = max;
  if (width == 0) {
    for (const uint64_t count : counts) result.zeros_ += count;
    return result;
  }
  counts.resize(static_cast<size_t>(std::max(bins, kBins)) + 1);
  result.counts_ = std::move(counts);
  return result;
}

Histogram Histogram::from_state(State state) {
  Histogram result(state.width);
  result.max_ = state.max;
  result.zeros_ = state.zeros;
  result.counts_ = std::move(state.counts);
  return result;
}

void Histogram::require_searchable(int levels) const {
  if (levels < 2 || levels >= kBins)
    throw UsageError("range search: {} levels, 2 to {} are accepted", levels, kBins - 1);
  if (total() == 0) throw InputError("range search: no values were observed");
}

void Histogram::observe(std::span<const float> values) {
  make_room(std::bit_cast<float>(largest_bits(values)));
  if (width_ == 0) {
    zeros_ += values.size();
  } else {
    count(values);
  }
}

void Histogram::make_room(float max) {
  if (!(max >= 0) || !std::isfinite(max)) {
    throw InputError("histogram: a value that is not finite was observed");
  }
  if (width_ == 0) {
    width_ =
        max / static_cast<float>(kBins);  // stays 0 for zeros, and for subnormals nobody can tell from zero
    if (width_ == 0) return;
    counts_.assign(kBins + 1, 0);
  }
  max_ = std::max(max_, max);
  while (max_ / width_ > static_cast<float>(kMostBins)) double_width();
  const auto needed = static_cast<size_t>(max_ / width_) + 1;
  if (counts_.size() < needed) counts_.resize(needed);
}

void Histogram::add(std::span<const int64_t> counts) {
  if (counts.size() > std::max<size_t>(counts_.size(), 1)) {
    throw InputError("histogram: {} counts; there is room for {}", counts.size(), counts_.size());
  }
  for (size_t i = 0; i < counts.size(); ++i) {
    (width_ == 0 ? zeros_ : counts_[i]) += static_cast<uint64_t>(counts[i]);
  }
}

void Histogram::double_width() {
  for (size_t i = 0; i < counts_.size(); ++i) {
    const uint64_t moved = std::exchange(counts_[i], 0);
    counts_[i / 2] += moved;
  }
  counts_.resize(std::max<size_t>(kBins + 1, (counts_.size() + 1) / 2));
  width_ *= 2;
}

void Histogram::count(std::span<const float> values) {
  // Four tables: neighbours that fall into one bin (zeros after a ReLU) would wait for each other.
  constexpr size_t kTables = 4;
  constexpr size_t kMostAtOnce = size_t{1} << 30;  // keeps 32-bit counters from overflowing
  std::array<int32_t, kBlock> indices;
  std::vector<std::array<uint32_t, kTables>> tables(counts_.size());
  for (size_t begin = 0; begin < values.size(); begin += kMostAtOnce) {
    const auto part = values.subspan(begin, std::min(kMostAtOnce, values.size() - begin));
    size_t i = 0;
    for (; i + kBlock <= part.size(); i += kBlock) {
      index_block(part.data() + i, kBlock, width_, indices.data());
      for (size_t j = 0; j < kBlock; ++j) ++tables[static_cast<size_t>(indices[j])][j % kTables];
    }
    index_block(part.data() + i, part.size() - i, width_, indices.data());
    for (size_t j = 0; i + j < part.size(); ++j) ++tables[static_cast<size_t>(indices[j])][j % kTables];
    for (size_t bin = 0; bin < tables.size(); ++bin) {
      for (uint32_t& table : tables[bin]) counts_[bin] += std::exchange(table, 0);
    }
  }
}

void Histogram::merge(const Histogram& other) {
  zeros_ += other.zeros_;
  if (other.width_ == 0) return;
  if (width_ == 0) {
    width_ = other.width_;
    counts_.assign(kBins + 1, 0);
  }
  int exponents[2];
  if (std::frexp(width_, &exponents[0]) != std::frexp(other.width_, &exponents[1])) {
    throw InputError("histogram: bins of width {} cannot be joined with bins of width {}", width_,
                     other.width_);
  }
  Histogram part = other;
  while (width_ < part.width_) double_width();
  make_room(part.max_);
  while (part.width_ < width_) part.double_width();
  counts_.resize(std::max(counts_.size(), part.counts_.size()));
  for (size_t i = 0; i < part.counts_.size(); ++i) counts_[i] += part.counts_[i];
}

uint64_t Histogram::total() const {
  uint64_t sum = zeros_;
  for (const uint64_t count : counts_) sum += count;
  return sum;
}

int64_t Histogram::bins() const {
  return width_ == 0 ? kBins : std::max(kBins, static_cast<int64_t>(std::ceil(max_ / width_)));
}

std::vector<uint64_t> Histogram::counts() const {
  std::vector<uint64_t> result(static_cast<size_t>(bins()));
  for (size_t i = 0; i < counts_.size(); ++i) result[std::min(i, result.size() - 1)] += counts_[i];
  result[0] += zeros_;
  return result;
}

}  // namespace y6q::quant
