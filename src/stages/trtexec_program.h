#pragma once

#include <string>
#include <vector>

#include "base/files.h"
#include "base/monitor.h"
#include "stages/trtexec.h"

namespace y6q::stages {

/// TensorRT's own program, as it is installed on this machine.
class TrtexecProgram {
 public:
  /// `name`: on PATH, or a file. Asks it for its version. Throws EnvironmentError when there is none, with
  /// `otherwise` as the way out; or when it is none of TensorRT 8.4 to 11.
  TrtexecProgram(const std::string& name, std::string_view otherwise);

  int major() const { return major_; }
  const std::string& version() const { return version_; }  ///< "10.3.0"
  TrtexecVersion options() const {
    return major_ >= 11 ? TrtexecVersion::from_11 : TrtexecVersion::from_8_4_to_10;
  }

  /// Runs it with these arguments, its lines as messages. Throws EnvironmentError with its last errors when
  /// it fails, Interrupted when the monitor asks to stop.
  void run(const std::vector<std::string>& arguments, Monitor& monitor, bool says_lines = true) const;

 private:
  fs::path path_;
  std::string version_;
  int major_ = 0;
};

}  // namespace y6q::stages
