#pragma once

#include <string>
#include <vector>

#include "coco/evaluate.h"
#include "data/dataset.h"
#include "eval/protocol.h"
#include "infer/runner.h"
#include "stages/run.h"

namespace y6q::stages {

struct EvaluateOptions {
  std::array<int64_t, 2> image_size{640, 640};  ///< height, width
  int64_t batch_size = 32;
  eval::Protocol protocol{};
  /// The data set's class of each of the network's, -1: its boxes do not count (data::match_classes). Empty:
  /// they are the same.
  std::vector<int64_t> class_of{};
};

struct Evaluation {
  coco::Result coco;
  std::vector<coco::ImageDetections> detections;  ///< in pixels of the source images
  std::string protocol, runner;
  double map() const { return coco.map(); }
  double map50() const { return coco.map50(); }
};

/// Ground truth of a split: its annotation file where it has one, else its labels; objects that are flagged
/// difficult carry COCO's `ignore`.
coco::GroundTruth ground_truth_of(const data::Dataset& dataset);

/// How detections of a split are judged: on the images that were loaded and the classes that were chosen (an
/// annotation file may hold more).
coco::Options judging_of(const data::Dataset& dataset, const Run& run);

/// Runs a network over a split and evaluates it: one protocol for float, simulated and engine models.
/// monitor: the run's own, or one of work inside other work. Throws Interrupted when it asks to stop.
Evaluation evaluate(infer::Runner& runner, const data::Dataset& dataset, const EvaluateOptions& options,
                    const Run& run, Monitor& monitor);
inline Evaluation evaluate(infer::Runner& runner, const data::Dataset& dataset,
                           const EvaluateOptions& options, const Run& run) {
  return evaluate(runner, dataset, options, run, run.monitor());
}

}  // namespace y6q::stages
