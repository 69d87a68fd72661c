#pragma once

#include "base/files.h"
#include "report/html.h"

namespace y6q::pipeline {

/// What each layer costs in INT8, of a file of `sensitivity`, measured or estimated. Throws InputError.
report::BarChart sensitivity_chart(const fs::path& file);

}  // namespace y6q::pipeline
