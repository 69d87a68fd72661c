#pragma once

#include <memory>
#include <vector>

#include "ptq/calibrator.h"

namespace y6q::ptq {

/// How far networks are from a reference in what they predict for some images; needs no labels. The images
/// and the reference's maps stay in memory.
class PredictionError {
 public:
  /// Runs the reference over `images.count` un-augmented images. Throws Interrupted, and InputError when its
  /// outputs are not maps cls0, reg0, ….
  PredictionError(const ir::Model& reference, const data::Dataset& dataset, const CalibrationImages& images,
                  Monitor& monitor);
  ~PredictionError();
  PredictionError(const PredictionError&) = delete;
  PredictionError& operator=(const PredictionError&) = delete;

  /// Of a network with the same outputs, mean over the images, >= 0: over all anchors and classes the sum of
  /// the squared changes of the scores, and over all anchors that of the squared relative changes of the
  /// distances to the four sides, counted as often as the reference's best score says that there is an
  /// object.
  double of(const ir::Model& network) const;

 private:
  struct Kept;
  std::unique_ptr<Kept> kept_;
};

}  // namespace y6q::ptq
