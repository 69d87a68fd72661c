#include <fmt/ranges.h>

#include "base/errors.h"
#include "cli/command.h"
#include "cli/dataset_options.h"
#include "cli/format_name.h"
#include "cli/options.h"
#include "data/split_summary.h"
#include "stages/data_check_page.h"
#include "stages/data_convert.h"

namespace y6q::cli {
namespace {

void declare_source(CLI::App& app, stages::DataSource& source) {
  add_data(app, source.data);
  app.add_option("--split", source.split, "Only this split (default: all that the data set has)")
      ->check(CLI::IsMember({"train", "val", "test"}))
      ->group(kDataGroup);
  add_dataset_options(app, source.options);
  add_threads(app, source.options.threads);
}

/// `data check`: what a data set is made of, and what is wrong with it.
class Check {
 public:
  void declare(CLI::App& app) {
    declare_source(app, options_.source);
    app.add_option("--img-size", options_.image_size, "Pixels of the long side that boxes are measured at")
        ->check(CLI::Range(32, 8192))
        ->capture_default_str()
        ->group(kDataGroup);
    app.add_option("--report", report_, "HTML page to write, with pictures and histograms")
        ->check(format_name(".html"))
        ->group(kOutputGroup);
    add_example(app, "yolov6q data check --data data.yaml --report data.html");
  }

  void run(Console& console) {
    const bool tolerated = options_.source.options.skip_broken;
    const stages::DataCheck check = stages::check_data(options_, console.monitor());
    if (!report_.empty()) write_file(report_, report::to_html(stages::data_check_page(check, options_)));
    console.result(text_of(check), document_of(check));
    if (!check.problems.empty() && !tolerated) {
      throw InputError(
          "data check: {} samples are broken, they are listed above; correct them, or use --skip-broken",
          broken_of(check));
    }
  }

 private:
  static int64_t broken_of(const stages::DataCheck& check) {
    int64_t broken = 0;
    for (const data::Dataset& split : check.splits) broken += split.skipped;
    return broken;
  }

  static std::string text_of(const stages::DataCheck& check) {
    std::string text = report::to_text(report::transposed(check.split_table)) + "\n" +
                       report::to_text(check.class_table) + "\n" + report::to_text(check.size_table);
    if (!check.findings.empty()) text += fmt::format("\nFindings\n  {}\n", fmt::join(check.findings, "\n  "));
    if (!check.problems.empty()) text += fmt::format("\nBroken\n  {}\n", fmt::join(check.problems, "\n  "));
    return text;
  }

  nlohmann::ordered_json document_of(const stages::DataCheck& check) const {
    nlohmann::ordered_json shared = nlohmann::ordered_json::array();
    for (const stages::SharedSplits& pair : check.shared) {
      shared.push_back({{"first", pair.first},
                        {"second", pair.second},
                        {"images", pair.images.count},
                        {"example", {pair.images.first.string(), pair.images.second.string()}}});
    }
    return {{"data", options_.source.data.string()},
            {"image_size", options_.image_size},
            {"splits", report::to_json(check.split_table)},
            {"classes", report::to_json(check.class_table)},
            {"sizes", report::to_json(check.size_table)},
            {"shared", std::move(shared)},
            {"findings", check.findings},
            {"broken", check.problems}};
  }

  stages::DataCheckOptions options_;
  fs::path report_;
};

/// `data convert`: the same data set in another form.
class Convert {
 public:
  void declare(CLI::App& app) {
    declare_source(app, options_.source);
    app.add_option("--to", form_,
                   "Form to write: " + fmt::format("{}", fmt::join(all_names<data::SetForm>(), ", ")))
        ->required()
        ->check(CLI::IsMember(all_names<data::SetForm>()))
        ->group(kOutputGroup);
    add_out(app, options_.out, "Folder to create; must not exist, or be empty");
    app.add_flag("--link", options_.write.link, "Symbolic links to the images instead of copies")
        ->group(kOutputGroup);
    add_example(app, "yolov6q data convert --data data.yaml --to coco --out coco/");
  }

  void run(Console& console) {
    options_.write.form = from_name<data::SetForm>(form_);
    options_.write.threads = options_.source.options.threads;
    const stages::DataConverted made = stages::convert_data(options_, console.monitor());
    nlohmann::ordered_json splits = nlohmann::ordered_json::array();
    std::string text = made.data.string() + "\n";
    for (const data::Dataset& split : made.splits) {
      const data::SplitCounts counts = data::counts_of(split);
      splits.push_back({{"split", split.split}, {"images", counts.images}, {"boxes", counts.boxes}});
      text += fmt::format("{}: {} images, {} boxes\n", split.split, counts.images, counts.boxes);
    }
    const auto say = [&](int64_t count, const char* what) {
      if (count > 0) text += fmt::format("left out: {} {}\n", count, what);
    };
    say(made.skipped, "broken samples");
    say(made.crowds, "crowd regions");
    say(made.difficult, "difficult objects");
    console.result(text, {{"data", made.data.string()},
                          {"form", form_},
                          {"splits", std::move(splits)},
                          {"skipped", made.skipped},
                          {"crowds", made.crowds},
                          {"difficult", made.difficult}});
  }

 private:
  stages::DataConvertOptions options_;
  std::string form_;
};

class DataCommand : public Command {
 public:
  void declare(CLI::App& app) override {
    app.require_subcommand(1);
    check_app_ =
        app.add_subcommand("check", "Count what a data set is made of, and find what is wrong with it");
    check_.declare(*check_app_->fallthrough());
    convert_.declare(
        *app.add_subcommand("convert", "Write a data set as YOLO, COCO or Pascal VOC")->fallthrough());
    add_example(app,
                "yolov6q data check --data data.yaml --report data.html --json\n"
                "  yolov6q data convert --data data.yaml --to coco --out coco/");
  }

  void run(Console& console) override {
    if (check_app_->parsed()) {
      check_.run(console);
    } else {
      convert_.run(console);
    }
  }

 private:
  CLI::App* check_app_ = nullptr;
  Check check_;
  Convert convert_;
};

}  // namespace

std::unique_ptr<Command> make_data_command() { return std::make_unique<DataCommand>(); }

}  // namespace y6q::cli
