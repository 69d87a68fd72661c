#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "coco/prepare.h"

namespace y6q::coco {

/// Why a detection is a false positive, after Bolya et al., "TIDE: A General Toolbox for Identifying Object
/// Detection Errors" (arXiv 2008.08115, section 2.2), and objects that nothing accounts for. With the
/// foreground threshold f (the first IoU threshold) and the background threshold b, the first that applies:
enum class ErrorKind : uint8_t {
  kLocalisation,  ///< best IoU with an object of its class in [b, f)
  kClass,         ///< IoU >= f with an object of another class
  kDuplicate,     ///< IoU >= f with an object of its class, which a better detection has taken
  kBackground,    ///< IoU < b with every object
  kBoth,          ///< the rest: another class, and badly placed
  kMissed         ///< an object that is neither found nor the object of a localisation or class error
};
inline constexpr size_t kErrorKinds = 6;
inline constexpr std::array<const char*, kErrorKinds> kErrorNames{"localisation", "class", "duplicate",
                                                                  "background",   "both",  "missed"};

/// A false positive.
struct DetectionError {
  ErrorKind kind;
  uint32_t category;   ///< position, of the detection
  uint32_t detection;  ///< position in that category's matches
  uint32_t object;     ///< entry of the object it should have been (localisation, class); else kNoObject
};

struct ErrorList {
  std::vector<DetectionError> errors;     ///< by image
  std::vector<uint32_t> missed;           ///< entries of objects
  std::vector<uint32_t> missed_category;  ///< their category positions
};

struct ErrorOptions {
  double background_iou = 0.1;  ///< below it a detection has nothing to do with an object
  double min_score = -1e300;    ///< detections below it do not exist
};

/// matches: of every category of the case. Crowd regions and ignored objects take no part.
ErrorList find_errors(const Case& prepared, std::span<const CategoryMatches> matches,
                      const ErrorOptions& options = {});

/// What AP at the first threshold would gain if one kind of error were mended and all others stayed (TIDE's
/// oracles): a misplaced or misnamed detection becomes a hit of its object, and of several for one object
/// only the best stays; other false positives vanish; missed objects are no longer asked for.
struct ErrorCosts {
  double ap = -1;  ///< at the first threshold, -1: not defined
  std::array<double, kErrorKinds> gain{};
};
ErrorCosts error_costs(const Case& prepared, std::span<const CategoryMatches> matches,
                       const ErrorList& errors);

}  // namespace y6q::coco
