#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>

#include "eager/parallel.h"

namespace y6q::train {

/// Shares the elements of several arrays among LibTorch's threads in one parallel region, since waking
/// threads costs more than most arrays take: calls work(array, first, last) for parts of each. counts:
/// elements of each array.
template <typename Work>
void for_elements(std::span<const int64_t> counts, const Work& work) {
  constexpr int64_t kGrain = 1 << 15;
  const int64_t total = std::accumulate(counts.begin(), counts.end(), int64_t{0});
  at::parallel_for(0, total, kGrain, [&](int64_t begin, int64_t end) {
    int64_t start = 0;
    for (size_t i = 0; i < counts.size() && start < end; start += counts[i++]) {
      const int64_t first = std::max<int64_t>(begin - start, 0), last = std::min(end - start, counts[i]);
      if (first < last) work(i, first, last);
    }
  });
}

}  // namespace y6q::train
