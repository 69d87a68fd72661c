#include "hostile/checkpoint_files.h"
#include "hostile/contract.h"

// `convert` and `inspect` with hostile files: exit 3, a message, no output, nothing executed, under
// two seconds, memory of the whole process below twice the file and 64 MB.
namespace y6q::hostile {

void PrintTo(const HostileFile& file, std::ostream* out) { *out << file.kind; }

namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr bool kIsSanitized = true;  // the program, too: slower, and freed memory is kept for a while
#else
constexpr bool kIsSanitized = false;
#endif
constexpr double kLongestSeconds = kIsSanitized ? 20 : 2;  // of the processor: others may be busy on it
constexpr int64_t kMargin = int64_t{64} << 20;

class HostileCheckpoint : public Contract, public testing::WithParamInterface<HostileFile> {};

TEST_P(HostileCheckpoint, IsRefusedWithinBounds) {
  const std::string marker = folder_ / "executed", bytes = GetParam().bytes(marker);
  const std::string path = write("file.pt", bytes), out = folder_ / "out.safetensors";
  const auto before = files();
  for (const Arguments& command :
       {Arguments{"convert", "--weights", path, "--out", out}, Arguments{"inspect", "--weights", path}}) {
    const Outcome outcome = run(command);
    // inspect shows what it can of other people's networks.
    const bool shown = command[0] == "inspect" && outcome.code == 0;
    EXPECT_TRUE(shown || outcome.code == 3) << outcome.code << "\n" << outcome.err;
    EXPECT_THAT(shown ? outcome.out : outcome.err, HasSubstr(GetParam().message));
    if (!shown) {
      EXPECT_THAT(outcome.err, HasSubstr(path));
    }
    EXPECT_LT(outcome.cpu_seconds, kLongestSeconds);
    if (!kIsSanitized) {
      EXPECT_LT(outcome.peak_bytes, 2 * static_cast<int64_t>(bytes.size()) + kMargin);
    }
    EXPECT_EQ(files(), before) << "something was executed or written";
  }
}

std::string kind_of(const testing::TestParamInfo<HostileFile>& info) { return info.param.kind; }

INSTANTIATE_TEST_SUITE_P(Pickles, HostileCheckpoint, testing::ValuesIn(hostile_pickles()), kind_of);
INSTANTIATE_TEST_SUITE_P(Archives, HostileCheckpoint, testing::ValuesIn(hostile_archives()), kind_of);
INSTANTIATE_TEST_SUITE_P(Models, HostileCheckpoint, testing::ValuesIn(hostile_models()), kind_of);

}  // namespace
}  // namespace y6q::hostile
