#include "pipeline/accuracy_sections.h"

#include "pipeline/table.h"
#include "stages/coco_page.h"

namespace y6q::pipeline {
namespace {

report::Cell defined(double value) { return value < 0 ? report::Cell{} : report::Cell{value}; }

report::Table class_table(const Compared& in) {
  report::Table table{.title = "AP of each class",
                      .columns = {{"class", "class"},
                                  {"objects", "objects"},
                                  {"ap_float", "AP, float", 1, 100},
                                  {"ap_engine", "AP, engine", 1, 100},
                                  {"difference", "difference", 1, 100, "", true},
                                  {"ap50_float", "AP50, float", 1, 100},
                                  {"ap50_engine", "AP50, engine", 1, 100},
                                  {"f1", "best F1, engine", 1, 100},
                                  {"score", "at score", 2}}};
  for (size_t k = 0; k < in.plain.result.classes.size(); ++k) {
    const coco::ClassResult &first = in.plain.result.classes[k], &second = in.engine.result.classes[k];
    const coco::OperatingPoint& best = in.engine.analysis.best_of[k];
    const bool both = first.ap >= 0 && second.ap >= 0;
    table.rows.push_back({first.category.name, first.objects, defined(first.ap), defined(second.ap),
                          both ? report::Cell(second.ap - first.ap) : report::Cell(), defined(first.ap50),
                          defined(second.ap50), defined(best.f1),
                          best.f1 < 0 ? report::Cell() : report::Cell(best.score)});
  }
  return table;
}

report::LineChart precision_chart(const Compared& in) {
  report::LineChart chart{"Precision over recall, mean of the classes", "recall", "precision"};
  for (const auto& [judged, name] : {std::pair{&in.plain, "float"}, {&in.engine, "engine"}}) {
    chart.series.push_back(
        stages::precision_curve(judged->result, fmt::format("{}, IoU 0.5", name), size_t{0}));
    chart.series.push_back(
        stages::precision_curve(judged->result, fmt::format("{}, mean of all IoU", name), {}));
  }
  return chart;
}

report::Table mistake_table(const Compared& in) {
  report::Table table{.title = "Kinds of errors, each model at the score of its best F1",
                      .columns = {{"kind", "kind"},
                                  {"float", "float"},
                                  {"engine", "engine"},
                                  {"gain_float", "AP50 to be gained, float", 2, 100, "", true},
                                  {"gain_engine", "AP50 to be gained, engine", 2, 100, "", true}}};
  const auto count = [](const coco::Analysis& analysis, size_t kind) {
    int64_t sum = 0;
    for (const auto& of_class : analysis.errors) sum += of_class[kind];
    return sum;
  };
  for (size_t kind = 0; kind < coco::kErrorKinds; ++kind) {
    table.rows.push_back({coco::kErrorNames[kind], count(in.plain.analysis, kind),
                          count(in.engine.analysis, kind), in.plain.analysis.costs.gain[kind],
                          in.engine.analysis.costs.gain[kind]});
  }
  return table;
}

}  // namespace

report::Table agreement_table(const Result& result) {
  report::Table table{
      .title = "Do the engines compute what was simulated?",
      .columns = {{"engine", "engine"},
                  {"difference", "less its simulation", 2, 100, "", true},
                  {"low", "from", 2, 100, "", true},
                  {"high", "to", 2, 100, "", true},
                  {"answer", ""}},
      .note =
          "Points of mAP on the same images, with a 95 % interval. ALARM: zero is outside of it, and the "
          "difference is more than 0.1."};
  for (const Row& row : result.rows) {
    if (!row.to_simulation) continue;
    const Difference& difference = *row.to_simulation;
    table.rows.push_back({title_of(row), difference.value, difference.low, difference.high,
                          disagrees(difference) ? "ALARM: no" : "yes"});
  }
  return table;
}

void add_accuracy(report::Page& page, const Compared& compared) {
  page.sections.emplace_back(class_table(compared));
  page.sections.emplace_back(precision_chart(compared));
  page.sections.emplace_back(stages::confusion_map(compared.engine.analysis));
  page.sections.emplace_back(mistake_table(compared));
}

}  // namespace y6q::pipeline
