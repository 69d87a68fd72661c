#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "coco/analysis.h"
#include "coco/bootstrap.h"

namespace y6q::cli {

// For people, and as the parts "analysis", "bootstrap" and "comparison" of coco-eval's document
// (docs/reference/summary.md).

std::string analysis_text(const coco::Analysis& analysis);
nlohmann::json analysis_document(const coco::Analysis& analysis);

std::string bootstrap_text(const coco::BootstrapResult& result, double confidence);
nlohmann::json bootstrap_document(const coco::BootstrapResult& result, const coco::BootstrapOptions& options);

std::string comparison_text(const coco::ComparisonResult& result, double confidence);
nlohmann::json comparison_document(const coco::ComparisonResult& result);

}  // namespace y6q::cli
