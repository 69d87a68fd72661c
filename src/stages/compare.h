#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "coco/bootstrap.h"
#include "stages/network_tensors.h"
#include "stages/run.h"

namespace y6q::stages {

struct CompareOptions {
  fs::path first, second;  ///< model files or ONNX files, in any combination
  std::string split = "val";
  int64_t images = 8;  ///< of the split that tensors are compared on, from its beginning
  coco::BootstrapOptions bootstrap = {};
};

/// How one tensor of the second network differs from the first one's.
struct Difference {
  double largest = 0, mean = 0;  ///< of |second - first|
  double magnitude = 0;          ///< the largest |first|
  /// Of tensors that both quantize with the same step: the share of equal codes, and how far apart the others
  /// are.
  double equal_codes = 1;
  int64_t largest_code_difference = 0;
};

struct TensorComparison {
  NetworkTensor tensor;  ///< of the first network
  bool codes = false;    ///< both quantize it, with the same step
  Difference run;        ///< each network on the image: differences of earlier layers add up
  /// The first network's layer on what the second one's layers wrote, against what the second one's layer
  /// wrote; nothing where the networks have different tensors.
  std::optional<Difference> alone = {};

  /// Beyond rounding: fewer than 99.9 % equal codes or codes more than 1 apart; of other tensors 1e-3 of the
  /// magnitude. Alone where that was measured.
  bool parts() const;
};

struct DetectionComparison {
  int64_t first = 0, second = 0, matched = 0;  ///< matched: same class, IoU of at least 0.5, best score first
  double mean_iou = 0, largest_score_difference = 0;  ///< of the matched
};

struct Comparison {
  std::vector<TensorComparison> tensors;             ///< that both networks have, in the first one's order
  std::vector<std::string> only_first, only_second;  ///< names of the others
  int64_t images = 0;
  std::string first_runner, second_runner;
  DetectionComparison detections;
  coco::ComparisonResult accuracy;

  /// Where the networks part; null: nowhere.
  const TensorComparison* first_to_part() const;
  int64_t parting_count() const;
};

/// Compares two networks tensor by tensor, detection by detection, and by their mAP with its paired interval.
/// Throws what open_network and infer::open throw, and InputError for networks of other image sizes or
/// classes, or without a common tensor.
Comparison compare(const CompareOptions& options, Run& run);

/// What two networks must not exceed to count as one; nothing: anything goes.
struct CompareGoals {
  std::optional<double> max_drop = {};      ///< points of mAP by which the second may be lower or higher
  std::optional<int64_t> max_parting = {};  ///< tensors that may part
};
/// Throws GoalMissed.
void require_goals(const Comparison& comparison, const CompareGoals& goals);

nlohmann::json to_json(const Comparison& comparison);

}  // namespace y6q::stages
