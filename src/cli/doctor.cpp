#include "stages/doctor.h"

#include "cli/command.h"
#include "cli/options.h"

namespace y6q::cli {
namespace {

class DoctorCommand : public Command {
 public:
  void declare(CLI::App& app) override { add_example(app, "yolov6q doctor"); }

  void run(Console& console) override {
    const stages::Machine machine = stages::this_machine(std::filesystem::current_path());
    console.result(stages::to_text(machine), stages::to_json(machine));
  }
};

}  // namespace

std::unique_ptr<Command> make_doctor_command() { return std::make_unique<DoctorCommand>(); }

}  // namespace y6q::cli
