#include <fmt/core.h>

#include "cli/command.h"
#include "cli/options.h"
#include "formats/model_file.h"
#include "ir/text.h"

namespace y6q::cli {
namespace {

class InspectCommand : public Command {
 public:
  void declare(CLI::App& app) override {
    add_weights(app, weights_);
    app.add_flag("--graph", graph_, "Print every node, too");
    add_example(app, "yolov6q inspect --weights runs/x/float/best.safetensors");
  }

  void run(Console& console) override {
    const formats::ModelFile file = formats::read_model(weights_);
    const formats::ModelInfo& info = file.info;
    const int64_t parameters = ir::parameter_count(file.model);
    nlohmann::json document{
        {"architecture", info.architecture}, {"mode", info.mode},     {"class_names", info.class_names},
        {"image_size", info.image_size},     {"scheme", info.scheme}, {"parameters", parameters},
        {"provenance", info.provenance}};
    std::string text = fmt::format(
        "architecture  {}\nmode          {}\nimage size    {}x{}\nclasses       {}\n", info.architecture,
        info.mode, info.image_size[0], info.image_size[1], info.class_names.size());
    text += fmt::format("scheme        {}\nparameters    {}\n", info.scheme.empty() ? "float" : info.scheme,
                        parameters);
    for (const auto& [key, value] : info.provenance) text += fmt::format("{:<13} {}\n", key, value);
    if (graph_) {
      const std::string graph = ir::to_text(file.model.graph);
      text += graph;
      document["graph"] = graph;
    }
    console.result(text, document);
  }

 private:
  fs::path weights_;
  bool graph_ = false;
};

}  // namespace

std::unique_ptr<Command> make_inspect_command() { return std::make_unique<InspectCommand>(); }

}  // namespace y6q::cli
