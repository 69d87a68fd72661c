#include <cstdio>
#include <vector>

#include "base/files.h"
#include "fuzz/target.h"

/// Runs a fuzz target over files and folders of files, in place of libFuzzer's main.
int main(int argc, char** argv) {
  std::vector<y6q::fs::path> files;
  for (int i = 1; i < argc; ++i) {
    if (!y6q::fs::is_directory(argv[i])) {
      files.emplace_back(argv[i]);
      continue;
    }
    for (const auto& entry : y6q::fs::directory_iterator(argv[i])) files.push_back(entry.path());
  }
  for (const auto& file : files) {
    const std::string bytes = y6q::read_file(file);
    std::printf("%s\n", file.c_str());
    std::fflush(stdout);  // the last name printed is the file that crashes
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  }
  std::printf("%zu files replayed\n", files.size());
  return files.empty() ? 1 : 0;
}
