#pragma once

#include "report/html.h"
#include "stages/data_check.h"

namespace y6q::stages {

/// The check in pictures: counts, findings, histograms, and some images of each split with their boxes. Reads
/// those images.
report::Page data_check_page(const DataCheck& check, const DataCheckOptions& options);

}  // namespace y6q::stages
