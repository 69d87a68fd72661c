#pragma once

#include <string>

#include "pipeline/results.h"

namespace y6q::pipeline {

/// What to deploy on the machine that was measured.
struct Verdict {
  std::string model;  ///< of a row; empty: nothing was measured that could be compared
  std::string text;   ///< which and why, one paragraph
  fs::path file;      ///< below the run's folder
};

/// The fastest form that loses nothing that can be told from noise, or no more than half a point; of forms
/// that are as fast within a twentieth, the most accurate. Engines that do not compute what was simulated,
/// and what is not faster than FP32, are no candidates; where none is left, the float network in FP32 is the
/// answer. A float network that has hardly learned is none to deploy in any form.
Verdict verdict(const Result& result);

}  // namespace y6q::pipeline
