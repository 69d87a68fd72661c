#include "pipeline/training_sections.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <sstream>

#include "pipeline/sensitivity_chart.h"

namespace y6q::pipeline {
namespace {

/// Columns of the CSV by their heading; empty cells are left out with their x.
report::LineChart::Series curve(const std::string& csv, const std::string& x_name,
                                const std::string& y_name) {
  auto cells = [](const std::string& line) {
    std::vector<std::string> list;
    std::istringstream words(line);
    for (std::string word; std::getline(words, word, ',');) list.push_back(word);
    return list;
  };
  std::istringstream lines(csv);
  std::string line;
  std::getline(lines, line);
  const std::vector<std::string> names = cells(line);
  report::LineChart::Series series{y_name, {}, {}};
  while (std::getline(lines, line)) {
    const std::vector<std::string> row = cells(line);
    for (size_t i = 0; i < std::min(row.size(), names.size()); ++i) {
      double value = 0;
      const auto [end, error] = std::from_chars(row[i].data(), row[i].data() + row[i].size(), value);
      if (error != std::errc()) continue;
      if (names[i] == x_name) series.x.push_back(value);
      if (names[i] == y_name) series.y.push_back(value);
    }
    if (series.x.size() > series.y.size()) series.x.pop_back();
  }
  return series;
}

void add_curves(report::Page& page, const fs::path& folder, const char* title) {
  const std::string csv = read_file(folder / "history.csv");
  report::LineChart losses{
      .title = fmt::format("{}: training loss", title), .x_label = "epoch", .y_label = "loss"};
  for (const train::LossTerm& term : train::kLossTerms) {
    report::LineChart::Series series = curve(csv, "epoch", std::string("loss_") + term.name);
    series.name = term.name;
    const bool drawn = std::any_of(series.y.begin(), series.y.end(), [](double y) { return y > 0; });
    if (drawn) losses.series.push_back(std::move(series));
  }
  page.sections.emplace_back(std::move(losses));
  report::LineChart::Series accuracy = curve(csv, "epoch", "map");
  accuracy.name = "mAP";
  for (double& value : accuracy.y) value *= 100;
  page.sections.emplace_back(
      report::LineChart{fmt::format("{}: accuracy on val", title), "epoch", "mAP", {std::move(accuracy)}});
}

void add_ranges(report::Page& page, const fs::path& file) {
  report::Histograms section{
      .title = "What the quantizers see",
      .note =
          "Magnitudes from 0 to the largest seen, on a logarithmic scale over six decades; "
          "the line is the range that integers reach."};
  const auto document = nlohmann::json::parse(read_file(file));
  for (const auto& row : document.at("ranges")) {
    const double amax = row.at("amax"), max = row.at("max");
    section.items.push_back(
        {row.at("quantizer"), row.at("histogram"), max > 0 ? amax / max : 1,
         fmt::format("amax {:.3g}, clipped {:.2g} %", amax, 100 * row.at("clipped").get<double>())});
  }
  page.sections.emplace_back(std::move(section));
}

}  // namespace

void add_training(report::Page& page, const Network& network) {
  if (network.searches) add_curves(page, network.files.search, "Search for scales");
  add_curves(page, network.files.root / "float", "Float network");
  if (network.has_qat) add_curves(page, network.files.root / "qat", "QAT");
  if (network.measures_sensitivity) page.sections.emplace_back(sensitivity_chart(network.files.sensitivity));
  add_ranges(page, network.files.ranges);
}

}  // namespace y6q::pipeline
