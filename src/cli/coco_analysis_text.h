#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "eval/coco_analysis.h"
#include "eval/coco_bootstrap.h"

namespace y6q::cli {

// For people, and as the parts "analysis", "bootstrap" and "comparison" of coco-eval's document
// (docs/reference/summary.md).

std::string analysis_text(const eval::CocoAnalysis& analysis);
nlohmann::json analysis_document(const eval::CocoAnalysis& analysis);

std::string bootstrap_text(const eval::BootstrapResult& result, double confidence);
nlohmann::json bootstrap_document(const eval::BootstrapResult& result, const eval::BootstrapOptions& options);

std::string comparison_text(const eval::ComparisonResult& result, double confidence);
nlohmann::json comparison_document(const eval::ComparisonResult& result);

}  // namespace y6q::cli
