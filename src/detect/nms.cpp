#include "detect/nms.h"

#include <algorithm>
#include <bit>
#include <unordered_map>

#include "detect/iou.h"

namespace y6q::detect {
namespace {

// Orders like the score, and among equal scores puts the earlier candidate first in a max-heap.
uint64_t priority(float score, size_t position) {
  const auto bits = std::bit_cast<uint32_t>(score + 0.0F);  // -0 -> +0
  const uint32_t ordered = bits & 0x80000000U ? ~bits : bits | 0x80000000U;
  return uint64_t{ordered} << 32 | (0xFFFFFFFFU - static_cast<uint32_t>(position));
}

size_t position_of(uint64_t priority) { return 0xFFFFFFFFU - static_cast<uint32_t>(priority); }

bool touches_any(const Box& box, const std::vector<Box>& kept, float threshold) {
  return std::ranges::any_of(kept, [&](const Box& other) { return iou(other, box) > threshold; });
}

}  // namespace

std::vector<Detection> nms(std::vector<Detection> candidates, const NmsOptions& options) {
  std::vector<uint64_t> heap;
  heap.reserve(candidates.size());
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (candidates[i].score > options.score_threshold) heap.push_back(priority(candidates[i].score, i));
  }
  if (options.max_candidates > 0 && heap.size() > static_cast<size_t>(options.max_candidates)) {
    std::ranges::nth_element(heap, heap.begin() + options.max_candidates, std::greater{});
    heap.resize(static_cast<size_t>(options.max_candidates));
  }
  // A heap and not a sort: the cut at max_detections is mostly reached long before the last candidate.
  std::ranges::make_heap(heap);
  std::vector<Detection> kept;
  std::unordered_map<int64_t, std::vector<Box>> kept_of_class;
  while (!heap.empty() && std::ssize(kept) < options.max_detections) {
    std::ranges::pop_heap(heap);
    const Detection& candidate = candidates[position_of(heap.back())];
    heap.pop_back();
    std::vector<Box>& rivals = kept_of_class[options.agnostic ? 0 : candidate.label];
    if (touches_any(candidate.box, rivals, options.iou_threshold)) continue;
    rivals.push_back(candidate.box);
    kept.push_back(candidate);
  }
  return kept;
}

}  // namespace y6q::detect
