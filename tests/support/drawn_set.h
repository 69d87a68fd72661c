#pragma once

#include "support/process.h"

namespace y6q::support {

/// The program's own small data set, out/data.yaml: 24 images to train on in seconds, 8 to validate, one to
/// test.
inline void draw_set(const fs::path& program, const std::string& out) {
  ASSERT_EQ(
      run(program, {"synth", "--out", out, "--train", "24", "--val", "8", "--test", "1", "--img-size", "96"})
          .code,
      0);
}

}  // namespace y6q::support
