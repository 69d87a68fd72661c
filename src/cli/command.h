#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/monitor.h"

namespace y6q::cli {

/// Where a subcommand puts its result: stdout, as text or, with --json, as one document.
class Console {
 public:
  Console(bool json, Monitor& monitor) : json_(json), monitor_(monitor) {}
  Monitor& monitor() { return monitor_; }
  bool is_json() const { return json_; }
  /// Nothing is put out from now on: another process of the job does that.
  void be_silent() { silent_ = true; }
  /// Puts out a line of the text result at once, for work whose end may be far; call it only without --json.
  void line(const std::string& text);
  /// The result, or with line() the rest of it.
  void result(const std::string& text, const nlohmann::json& document);

 private:
  bool json_, silent_ = false;
  Monitor& monitor_;
};

/// Thrown by a command whose work other processes have done: the exit code.
struct Finished {
  int code;
};

/// One subcommand: one file in cli/, named as its stage. Members hold the options.
class Command {
 public:
  virtual ~Command() = default;
  /// Declares options and an example; `app` is the subcommand's own, --json is there already.
  virtual void declare(CLI::App& app) = 0;
  virtual void run(Console& console) = 0;
};

/// The subcommands of this program (subcommands.h lists those of all) by name. Defined once for each program:
/// commands_front.cpp, commands_engine.cpp and commands_torch.cpp.
using Commands = std::map<std::string_view, std::unique_ptr<Command> (*)()>;
Commands commands();

/// The program beside this one that has further subcommands; null: there is none.
const char* next_program();

/// Parses, runs, catches once. Returns the exit code (base/errors.h).
int run(int argc, char** argv);

// One a file.
std::unique_ptr<Command> make_bench_command();
std::unique_ptr<Command> make_build_command();
std::unique_ptr<Command> make_calibrate_command();
std::unique_ptr<Command> make_coco_eval_command();
std::unique_ptr<Command> make_compare_command();
std::unique_ptr<Command> make_convert_command();
std::unique_ptr<Command> make_data_command();
std::unique_ptr<Command> make_detect_command();
std::unique_ptr<Command> make_doctor_command();
std::unique_ptr<Command> make_eval_command();
std::unique_ptr<Command> make_export_command();
std::unique_ptr<Command> make_inspect_command();
std::unique_ptr<Command> make_pipeline_command();
std::unique_ptr<Command> make_qat_command();
std::unique_ptr<Command> make_quantize_command();
std::unique_ptr<Command> make_search_command();
std::unique_ptr<Command> make_sensitivity_command();
std::unique_ptr<Command> make_summarize_command();
std::unique_ptr<Command> make_synth_command();
std::unique_ptr<Command> make_train_command();

}  // namespace y6q::cli
