#include <gmock/gmock.h>

#include "embed/test_network.h"
#include "support/process.h"

// Installs to a prefix, builds a project of somebody else against it, and runs that.
namespace y6q {
namespace {

using support::Outcome;
using testing::HasSubstr;

void expect_success(const fs::path& program, const std::vector<std::string>& arguments) {
  const Outcome outcome = support::run(program, arguments);
  ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.err;
}

TEST(Consumer, BuildsAndRunsAgainstTheInstalledPackage) {
  const support::Folder folder;
  const std::string prefix = folder / "prefix", build = folder / "build";
  expect_success(Y6Q_CMAKE,
                 {"--install", Y6Q_BUILD, "--prefix", prefix, "--strip", "--component", "library"});
  expect_success(Y6Q_CMAKE,
                 {"-S", Y6Q_PROJECT, "-B", build, "-G", "Ninja", "-DCMAKE_PREFIX_PATH=" + prefix,
                  std::string("-DEXAMPLES=") + Y6Q_EXAMPLES, "-DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF"});
  expect_success(Y6Q_CMAKE, {"--build", build});

  const std::string onnx = embed::write_network(folder).string();
  write_file(folder / "grey.ppm", "P6\n60 40\n255\n" + std::string(60 * 40 * 3, '\x5a'));
  EXPECT_EQ(support::run(build + "/example", {onnx, folder / "grey.ppm"}).code, 0);  // untrained: no box
  const Outcome refused = support::run(build + "/example", {folder / "absent.onnx", folder / "grey.ppm"});
  EXPECT_EQ(refused.code, 3);
  EXPECT_THAT(refused.err, HasSubstr("absent.onnx"));
  EXPECT_THAT(support::run(build + "/from_c", {onnx}).out, HasSubstr(": 3 classes\n"));
  EXPECT_EQ(support::run(build + "/from_c", {folder / "absent.onnx"}).code, 3);
  // IoU 8/9 = 0.889: right at the thresholds 0.5 to 0.85, 8 of 10.
  EXPECT_EQ(support::run(build + "/coco", {}).out, "0.800000\n");
}

}  // namespace
}  // namespace y6q
