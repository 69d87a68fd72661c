#include "stages/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace y6q::stages {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int64_t kGiB = int64_t{1} << 30;

/// As most machines are: AVX2 and nothing beyond.
Machine plain_machine() {
  return {.cpu = "Plain CPU",
          .isa = {.avx2 = true},
          .affinity = 2,
          .quota = std::nullopt,
          .memory = 8 * kGiB,
          .free_memory = 3 * kGiB,
          .folder = "/data/runs",
          .free_disk = 5 * kGiB,
          .engines = {{engine::Kind::openvino, "2026.1.0"}},
          .libtorch = "2.15.0",
          .video = true,
          .trtexec = "/opt/tensorrt/bin/trtexec",
          .nvidia_driver = false,
          .gpus = {}};
}

Machine vnni_machine() {
  Machine machine = plain_machine();
  machine.isa = {.avx2 = true, .avx512 = true, .avx512_vnni = true, .avx512_bf16 = true};
  return machine;
}

std::vector<bool> native(const Isa& isa) {
  std::vector<bool> all;
  for (const Arithmetic& row : arithmetics(isa)) all.push_back(row.native);
  return all;
}

std::vector<std::string> missing(const Machine& machine) {
  std::vector<std::string> all;
  for (const Lack& lack : lacks(machine)) all.push_back(lack.what);
  return all;
}

// In the order FP32, BF16, INT8 with 8-bit weights, INT8 with 7-bit weights.
TEST(Arithmetics, EightBitWeightsSaturateWithoutVnniOrAmx) {
  EXPECT_EQ(native({.avx2 = true}), (std::vector{true, false, false, true}));
  EXPECT_EQ(native({.avx2 = true, .avx512 = true}), (std::vector{true, false, false, true}));
  EXPECT_EQ(native({.avx2 = true, .avx_vnni = true}), (std::vector{true, false, true, true}));
}

TEST(Arithmetics, Bf16NeedsInstructionsOfItsOwn) {
  EXPECT_EQ(native({.avx2 = true, .avx512 = true, .avx512_vnni = true}),
            (std::vector{true, false, true, true}));
  EXPECT_EQ(native(vnni_machine().isa), (std::vector{true, true, true, true}));
}

TEST(Lacks, AreThoseOfTheCpu) {
  EXPECT_THAT(missing(plain_machine()), ::testing::ElementsAre(HasSubstr("VNNI"), HasSubstr("BF16")));
  EXPECT_THAT(missing(vnni_machine()), ::testing::IsEmpty());
}

TEST(Lacks, AreThoseOfTheBuildAndOfThePath) {
  Machine machine = vnni_machine();
  machine.engines.at(engine::Kind::openvino) = machine.libtorch = "";
  machine.video = false;
  machine.trtexec = "";
  EXPECT_THAT(missing(machine), ::testing::ElementsAre(HasSubstr("OpenVINO"), HasSubstr("LibTorch"),
                                                       HasSubstr("video"), HasSubstr("trtexec")));
}

TEST(DoctorLines, NameTheCpuItsCoresAndWhatInt8NeedsThere) {
  EXPECT_EQ(doctor_lines(plain_machine()),
            (std::vector<std::string>{
                "Plain CPU: avx2, 2 cores, 8.0 GiB of memory",
                "INT8 with weights of 7 bits (8 bits saturate on this CPU); BF16 not on this CPU"}));
  EXPECT_EQ(doctor_lines(vnni_machine()).at(1), "INT8 with weights of 8 bits; BF16 natively");
}

TEST(DoctorLines, SayThatAQuotaLeavesFewerCores) {
  Machine machine = plain_machine();
  machine.affinity = 8;
  machine.quota = 1.5;
  EXPECT_THAT(doctor_lines(machine).at(0), HasSubstr("2 cores (a quota of 1.5 of 8)"));
  machine.quota = 16;
  EXPECT_THAT(doctor_lines(machine).at(0), AllOf(HasSubstr("8 cores,"), Not(HasSubstr("quota"))));
}

TEST(Doctor, TextAndJsonSayWhatIsMissing) {
  Machine machine = plain_machine();
  machine.trtexec = "";
  EXPECT_THAT(to_text(machine),
              AllOf(HasSubstr("OpenVINO 2026.1.0; TensorRT's trtexec: not on PATH"),
                    HasSubstr("5.0 GiB free in /data/runs"), HasSubstr("7-bit weights  yes")));
  const nlohmann::json document = to_json(machine);
  EXPECT_EQ(document.at("openvino"), "2026.1.0");
  EXPECT_EQ(document.at("trtexec"), nullptr);
  EXPECT_EQ(document.at("quota"), nullptr);
  EXPECT_EQ(document.at("cores"), 2);
  EXPECT_EQ(document.at("missing").size(), 3);
  EXPECT_EQ(document.at("precisions").at(2).at("native"), false);
}

TEST(Doctor, LooksAtThisMachine) {
  const Machine machine = this_machine(".");
  EXPECT_NE(machine.cpu, "");
  EXPECT_GT(machine.memory, machine.free_memory);
  EXPECT_GT(machine.free_memory, 0);
  EXPECT_GT(machine.free_disk, 0);
  EXPECT_GE(machine.affinity, 1);
}

}  // namespace
}  // namespace y6q::stages
