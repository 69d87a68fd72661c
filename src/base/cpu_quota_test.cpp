#include "base/cpu_quota.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/threads.h"
#include "support/folder.h"

namespace y6q {
namespace {

namespace fs = std::filesystem;

class CgroupCpuLimit : public ::testing::Test {
 protected:
  /// Group "" is the root of the hierarchy.
  void limit(const std::string& group, const std::string& cpu_max) {
    fs::create_directories(root_ / group);
    std::ofstream(root_ / group / "cpu.max") << cpu_max << '\n';
  }
  std::optional<double> of(const std::string& membership) const {
    return cgroup_cpu_limit(membership, root_);
  }

  support::Folder folder_;
  fs::path root_ = folder_.path();
};

TEST_F(CgroupCpuLimit, IsTheQuotaOverThePeriod) {
  limit("service", "150000 100000");
  EXPECT_EQ(of("0::/service\n"), 1.5);
}

TEST_F(CgroupCpuLimit, IsTheLeastOfAGroupAndThoseAboveIt) {
  limit("pod", "200000 100000");
  limit("pod/container", "max 100000");
  limit("pod/container/job", "300000 100000");
  EXPECT_EQ(of("0::/pod/container/job\n"), 2);
}

TEST_F(CgroupCpuLimit, OfAContainerIsInItsRoot) {
  limit("", "50000 100000");
  EXPECT_EQ(of("0::/\n"), 0.5);
  // Without a namespace of its own, a container is told a path that only the host has.
  EXPECT_EQ(of("0::/system.slice/docker-1f3a.scope\n"), 0.5);
}

TEST_F(CgroupCpuLimit, IsEmptyWithoutALimit) {
  limit("service", "max 100000");
  EXPECT_EQ(of("0::/service\n"), std::nullopt);
  EXPECT_EQ(of("0::/elsewhere\n"), std::nullopt);
  EXPECT_EQ(of(""), std::nullopt);
}

TEST_F(CgroupCpuLimit, IsNotTakenFromAGroupOfVersion1) {
  limit("service", "50000 100000");
  EXPECT_EQ(of("4:cpu,cpuacct:/service\n1:name=systemd:/service\n0::/other\n"), std::nullopt);
}

TEST_F(CgroupCpuLimit, IsNotTakenFromADamagedFile) {
  for (const char* text : {"", "many 100000", "50000", "50000 0", "-1 100000"}) {
    limit("service", text);
    EXPECT_EQ(of("0::/service\n"), std::nullopt) << text;
  }
}

TEST(CoresWithin, RoundsTheQuotaUp) {
  EXPECT_EQ(cores_within(8, 1.5), 2);
  EXPECT_EQ(cores_within(8, 2.0), 2);
  EXPECT_EQ(cores_within(8, 0.1), 1);
}

TEST(CoresWithin, IsTheAffinityWhereThatIsLess) {
  EXPECT_EQ(cores_within(2, 4.0), 2);
  EXPECT_EQ(cores_within(2, std::nullopt), 2);
}

}  // namespace
}  // namespace y6q
