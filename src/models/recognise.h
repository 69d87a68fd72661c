#pragma once

#include <map>
#include <string>

#include "models/yolov6.h"

namespace y6q::models {

/// Name (nested generation, spec/01 §0) and shape of the parameters of a checkpoint.
using ParameterShapes = std::map<std::string, ir::Shape>;

struct Recognised {
  Options
      options;  ///< architecture kCustom and a layout when channels or repeats are those of no architecture
  bool is_custom = false;
};

/// Names the networks whose channels or repeats are other than those of architectures().
inline constexpr const char* kCustom = "yolov6-custom";

/// Architecture, mode and number of classes that belong to the parameters: channels from the shapes, repeats
/// and mode from the names. Only what is needed to tell is looked at: compare with the graph for the rest.
/// The two versions of QARepVGG have the same parameters (spec/07 §6): mode `qarepvgg` stands for either.
/// Throws InputError for networks that are not built here (YOLOv6 v3 necks, m, l, P6, lite) and for names of
/// none.
Recognised recognise(const ParameterShapes& parameters);

}  // namespace y6q::models
