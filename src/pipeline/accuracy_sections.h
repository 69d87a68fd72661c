#pragma once

#include "pipeline/judged.h"
#include "report/html.h"

namespace y6q::pipeline {

/// Engines against the models that simulate them.
report::Table agreement_table(const Result& result);

/// The float network and the INT8 engine: AP of each class, precision over recall, kinds of errors, and the
/// engine's confusions.
void add_accuracy(report::Page& page, const Compared& compared);

}  // namespace y6q::pipeline
