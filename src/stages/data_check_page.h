#pragma once

#include "report/html.h"
#include "stages/data_check.h"

namespace y6q::stages {

/// The check in pictures: counts, findings, histograms, and some images of each split with their boxes. Reads
/// those images.
report::Page data_check_page(const DataCheck& check, const DataCheckOptions& options);

/// Objects of each class and sizes of boxes and images, in bars.
void add_label_statistics(report::Page& page, const data::Dataset& split, int64_t image_size);

}  // namespace y6q::stages
