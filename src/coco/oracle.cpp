#include <algorithm>
#include <map>

#include "coco/errors.h"

namespace y6q::coco {
namespace {

enum class Verdict : uint8_t { kHit, kFalse, kLeftOut };

/// A detection as the oracle sees it; position breaks ties of the score.
struct Judged {
  double score;
  uint32_t position;
  Verdict verdict;
};

struct FoundOfCategory {
  std::vector<Judged> found;
  int64_t positives = 0;
};

/// 101-point AP of one category; -1 without objects.
double average_precision(FoundOfCategory category) {
  if (category.positives <= 0) return -1;
  std::stable_sort(category.found.begin(), category.found.end(),
                   [](const Judged& a, const Judged& b) { return a.score > b.score; });
  std::vector<double> precision;  // at each hit
  int64_t seen = 0;
  for (const Judged& one : category.found) {
    if (one.verdict == Verdict::kLeftOut) continue;
    ++seen;
    if (one.verdict == Verdict::kHit)
      precision.push_back(static_cast<double>(precision.size() + 1) / static_cast<double>(seen));
  }
  for (size_t i = precision.size(); i-- > 1;) precision[i - 1] = std::max(precision[i - 1], precision[i]);
  const std::vector<double> recalls = linspace(0, 1, 101);
  double sum = 0;
  size_t hit = 0;
  for (const double recall : recalls) {
    while (hit < precision.size() &&
           static_cast<double>(hit + 1) / static_cast<double>(category.positives) < recall) {
      ++hit;
    }
    if (hit < precision.size()) sum += precision[hit];
  }
  return sum / static_cast<double>(recalls.size());
}

double mean_ap(const std::vector<FoundOfCategory>& categories) {
  double sum = 0;
  int64_t count = 0;
  for (const FoundOfCategory& category : categories) {
    const double ap = average_precision(category);
    if (ap >= 0) sum += ap, ++count;
  }
  return count ? sum / static_cast<double>(count) : -1;
}

/// As they were matched.
std::vector<FoundOfCategory> as_they_are(std::span<const CategoryMatches> matches) {
  std::vector<FoundOfCategory> all(matches.size());
  for (size_t k = 0; k < matches.size(); ++k) {
    all[k].positives = matches[k].positives[0];
    for (uint32_t d = 0; d < matches[k].score.size(); ++d) {
      const Verdict verdict = matches[k].hit[0][d] & 1       ? Verdict::kHit
                              : matches[k].ignored[0][d] & 1 ? Verdict::kLeftOut
                                                             : Verdict::kFalse;
      all[k].found.push_back({matches[k].score[d], d, verdict});
    }
  }
  return all;
}

/// Who claims an object: its hit and the errors that would become one.
struct Claim {
  double score;
  size_t category;  // of the detection
  uint32_t detection;
};

/// Every detection of the kind becomes a hit of its object; of several for one object the best stays.
void mend_claims(ErrorKind kind, std::span<const CategoryMatches> matches, const ErrorList& errors,
                 std::span<const size_t> category_of_object, std::vector<FoundOfCategory>& categories) {
  std::map<uint32_t, std::vector<Claim>> claims;
  for (const DetectionError& error : errors.errors) {
    if (error.kind != kind) continue;
    claims[error.object].push_back(
        {matches[error.category].score[error.detection], error.category, error.detection});
  }
  for (size_t k = 0; k < matches.size(); ++k) {
    for (uint32_t d = 0; d < matches[k].score.size(); ++d) {
      if (!(matches[k].hit[0][d] & 1)) continue;
      const auto found = claims.find(matches[k].object[d]);
      if (found != claims.end()) found->second.push_back({matches[k].score[d], k, d});
    }
  }
  for (auto& [object, rivals] : claims) {
    const auto best = std::max_element(rivals.begin(), rivals.end(),
                                       [](const Claim& a, const Claim& b) { return a.score < b.score; });
    const size_t own = category_of_object[object];
    for (auto rival = rivals.begin(); rival != rivals.end(); ++rival) {
      // In its place where it can stay: behind others of its score it would lose precision.
      const bool stays = rival == best && rival->category == own;
      categories[rival->category].found[rival->detection].verdict = stays ? Verdict::kHit : Verdict::kLeftOut;
    }
    if (best->category != own) categories[own].found.push_back({best->score, best->detection, Verdict::kHit});
  }
}

std::vector<FoundOfCategory> mended(ErrorKind kind, std::span<const CategoryMatches> matches,
                                    const ErrorList& errors, std::span<const size_t> category_of_object) {
  std::vector<FoundOfCategory> categories = as_they_are(matches);
  if (kind == ErrorKind::kMissed) {
    for (const uint32_t k : errors.missed_category) --categories[k].positives;
  } else if (kind == ErrorKind::kLocalisation || kind == ErrorKind::kClass) {
    mend_claims(kind, matches, errors, category_of_object, categories);
  } else {
    for (const DetectionError& error : errors.errors) {
      if (error.kind == kind) categories[error.category].found[error.detection].verdict = Verdict::kLeftOut;
    }
  }
  return categories;
}

}  // namespace

ErrorCosts error_costs(const Case& prepared, std::span<const CategoryMatches> matches,
                       const ErrorList& errors) {
  std::vector<size_t> category_of_object(prepared.truth.size(), 0);
  const Groups& groups = prepared.truth_groups;
  for (size_t k = 0; k + 1 < groups.category_begin.size(); ++k) {
    for (size_t g = groups.category_begin[k]; g < groups.category_begin[k + 1]; ++g)
      category_of_object[groups.entry[g]] = k;
  }
  ErrorCosts costs;
  costs.ap = mean_ap(as_they_are(matches));
  if (costs.ap < 0) return costs;
  for (size_t i = 0; i < kErrorKinds; ++i) {
    const double ap = mean_ap(mended(static_cast<ErrorKind>(i), matches, errors, category_of_object));
    costs.gain[i] = ap < 0 ? 0 : ap - costs.ap;
  }
  return costs;
}

}  // namespace y6q::coco
