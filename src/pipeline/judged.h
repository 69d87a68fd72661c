#pragma once

#include <span>

#include "coco/analysis.h"
#include "pipeline/results.h"

namespace y6q::pipeline {

/// A row of the table, judged again with everything that COCO's numbers leave out.
struct Judged {
  const Row* row = nullptr;
  coco::Detections detections{};
  coco::Result result{};
  coco::Analysis analysis{};
  fs::path page{};  ///< with all of it, below the folder of the results
};

/// The two rows that a page sets side by side.
struct Compared {
  const Judged& plain;   ///< the float network
  const Judged& engine;  ///< the last quantized model in the engine
};

/// Reads the detections of each row; in the order of the rows. Throws InputError where a file is not what its
/// step wrote.
std::vector<Judged> judge(const Result& result, std::span<const Network> networks,
                          const data::Dataset& dataset, const stages::Run& run);

/// Writes each one's page.
void write_pages(std::span<const Judged> all, const fs::path& folder);

}  // namespace y6q::pipeline
