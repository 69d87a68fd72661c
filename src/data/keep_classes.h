#pragma once

#include "data/draft.h"

namespace y6q::data {

struct KeptClasses {
  std::vector<std::string> others;  ///< names of the classes that were left out
  std::string digest_line;          ///< tells the choice from others; empty: all classes
};

/// Shrinks a draft to the classes that `wanted` names (DatasetOptions::classes): names, category ids and
/// objects. Throws UsageError. Private to this folder.
KeptClasses keep_classes(const std::vector<std::string>& wanted, Draft& draft);

}  // namespace y6q::data
