#include "data/synth.h"

#include <fmt/core.h>

#include "cli/command.h"
#include "cli/options.h"

namespace y6q::cli {
namespace {

class SynthCommand : public Command {
 public:
  void declare(CLI::App& app) override {
    add_out(app, options_.out, "Folder to create; must not exist, or be empty");
    const CLI::Range images(int64_t{1}, int64_t{1000000});
    app.add_option("--train", options_.train, "Number of training images")
        ->check(images)
        ->capture_default_str()
        ->group(kDataGroup);
    app.add_option("--val", options_.val, "Number of validation images")
        ->check(images)
        ->capture_default_str()
        ->group(kDataGroup);
    app.add_option("--test", options_.test, "Number of test images")
        ->check(images)
        ->capture_default_str()
        ->group(kDataGroup);
    app.add_option("--img-size", options_.image_size, "Width and height of the images in pixels")
        ->check(CLI::Range(int64_t{64}, int64_t{4096}))
        ->capture_default_str()
        ->group(kDataGroup);
    app.add_option("--classes", options_.classes, "Number of classes")
        ->check(CLI::Range(int64_t{2}, int64_t{6}))
        ->capture_default_str()
        ->group(kDataGroup);
    add_seed(app, options_.seed);
    add_threads(app, options_.threads);
    add_example(app, "yolov6q synth --out runs/shapes --train 400 --val 100");
  }

  void run(Console& console) override {
    data::write_synth(options_, console.monitor());
    const fs::path yaml = options_.out / "data.yaml";
    console.result(
        fmt::format("{}: {} training, {} validation, {} test images\n", yaml.string(), options_.train,
                    options_.val, options_.test),
        {{"data", yaml.string()}, {"train", options_.train}, {"val", options_.val}, {"test", options_.test}});
  }

 private:
  data::SynthOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_synth_command() { return std::make_unique<SynthCommand>(); }

}  // namespace y6q::cli
