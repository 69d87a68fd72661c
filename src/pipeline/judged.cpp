#include "pipeline/judged.h"

#include <algorithm>

#include "pipeline/table.h"
#include "stages/coco_page.h"
#include "stages/evaluate.h"

namespace y6q::pipeline {
namespace {

/// The longest prefix that fits: the run's own network has none.
const Network& network_of(const Row& row, std::span<const Network> networks) {
  const Network* found = &networks.front();
  for (const Network& network : networks) {
    if (row.model.starts_with(network.prefix) && network.prefix.size() >= found->prefix.size())
      found = &network;
  }
  return *found;
}

}  // namespace

std::vector<Judged> judge(const Result& result, std::span<const Network> networks,
                          const data::Dataset& dataset, const stages::Run& run) {
  const coco::GroundTruth truth = stages::ground_truth_of(dataset);
  const coco::Options options = stages::judging_of(dataset, run);
  std::vector<Judged> all;
  for (const Row& row : result.rows) {
    const Network& network = network_of(row, networks);
    Judged& judged = all.emplace_back(Judged{.row = &row});
    judged.detections =
        coco::read_detections(network.files.detections(row.model.substr(network.prefix.size())));
    judged.result = coco::evaluate(truth, judged.detections, options);
    judged.analysis = coco::analyse(truth, judged.detections, options);
    judged.page = fs::path("evaluate") / (row.model + ".html");
  }
  return all;
}

void write_pages(std::span<const Judged> all, const fs::path& folder) {
  const std::optional<coco::BootstrapResult> no_bootstrap;
  const std::optional<coco::ComparisonResult> no_comparison;
  for (const Judged& judged : all) {
    const report::Page page = stages::coco_page({.truth = "the labels",
                                                 .detections = title_of(*judged.row),
                                                 .other = "",
                                                 .result = judged.result,
                                                 .analysis = judged.analysis,
                                                 .bootstrap = no_bootstrap,
                                                 .comparison = no_comparison});
    write_file(folder / judged.page, report::to_html(page));
  }
}

}  // namespace y6q::pipeline
