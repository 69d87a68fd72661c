#include "engine/engine.h"

#include <gmock/gmock.h>

#include "base/errors.h"
#include "base/files.h"
#include "support/folder.h"

namespace y6q::engine {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(OpenVinoEngine, NamesTheFileThatIsMissing) {
  EXPECT_THAT([] { open(Kind::openvino, "nowhere/net.onnx"); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("nowhere/net.onnx"), HasSubstr("No such file"))));
}

TEST(OpenVinoEngine, RefusesWhatIsNoOnnxFileWithAReasonOnOneLine) {
  const support::Folder folder;
  const fs::path path = folder / "garbage.onnx";
  for (const std::string& bytes : {std::string(), std::string("no protobuf"), std::string(4096, '\xff')}) {
    write_file(path, bytes);
    EXPECT_THAT([&] { open(Kind::openvino, path); },
                ThrowsMessage<InputError>(AllOf(HasSubstr("garbage.onnx"), Not(HasSubstr("\n")))));
  }
}

TEST(OpenVinoEngine, RefusesABatchAndThreadsOutOfRange) {
  EXPECT_THROW(open(Kind::openvino, "net.onnx", {.batch = 0}), UsageError);
  EXPECT_THROW(open(Kind::openvino, "net.onnx", {.threads = -1}), UsageError);
}

}  // namespace
}  // namespace y6q::engine
