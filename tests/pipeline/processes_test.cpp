#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "formats/model_file.h"
#include "support/process.h"

// Several real processes do what one does.
namespace y6q::pipeline {
namespace {

using support::Outcome;
using support::Process;
using testing::HasSubstr;
using Arguments = std::vector<std::string>;

class Processes : public testing::Test {
 protected:
  void SetUp() override {
    // 41 = 5 * 8 + 1: at the end of an epoch all processes but one have no image.
    ASSERT_EQ(support::run(Y6Q_PROGRAM, {"synth", "--out", folder_ / "set", "--train", "41", "--val", "9",
                                         "--test", "1", "--img-size", "64"})
                  .code,
              0);
    write_file(folder_ / "recipe.yaml",
               "sync_bn: true\nbf16: 'off'\nwarmup_min_iterations: 12\nlr0: 0.001\neval_interval: 2\n");
    write_file(folder_ / "qat.yaml", "sync_bn: true\nbf16: 'off'\neval_interval: 2\n");
  }

  static Arguments joined(Arguments first, const Arguments& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
  }
  Arguments train(const std::string& out, const Arguments& more = {}, const char* epochs = "4") const {
    return joined({"train", "--data", folder_ / "set/data.yaml", "--model", "yolov6n", "--mode", "repvgg",
                   "--img-size", "64", "--recipe", folder_ / "recipe.yaml", "--batch-size", "8", "--epochs",
                   epochs, "--threads", "1", "--out", folder_ / out},
                  more);
  }
  Outcome run(const Arguments& arguments) const {
    Outcome outcome = support::run(Y6Q_PROGRAM, arguments);
    EXPECT_EQ(outcome.code, 0) << testing::PrintToString(arguments) << "\n" << outcome.err;
    return outcome;
  }
  std::string bytes(const std::string& name) const { return read_file(folder_ / name); }

  /// Column of the losses of every iteration.
  std::vector<double> losses(const std::string& out, const std::string& column) const {
    std::istringstream lines(bytes(out + "/iterations.csv"));
    std::string line, cell;
    std::getline(lines, line);
    std::istringstream head(line);
    size_t place = 0;
    while (std::getline(head, cell, ',') && cell != column) ++place;
    std::vector<double> values;
    while (std::getline(lines, line)) {
      std::istringstream cells(line);
      for (size_t i = 0; i <= place; ++i) std::getline(cells, cell, ',');
      values.push_back(std::stod(cell));
    }
    return values;
  }

  void expect_same_training(const std::string& found, const std::string& wanted) const {
    for (const char* column : {"loss_classes", "loss_iou", "loss_distill"}) {
      const auto of_found = losses(found, column), of_wanted = losses(wanted, column);
      ASSERT_EQ(of_found.size(), 24U) << "six batches of four epochs";
      for (size_t i = 0; i < of_wanted.size(); ++i) {
        EXPECT_NEAR(of_found[i], of_wanted[i], 1e-5 * std::max(1.0, of_wanted[i]))
            << column << ", iteration " << i;
      }
    }
    const auto of_found = formats::read_model(folder_ / (found + "/last.safetensors")).model.weights;
    const auto of_wanted = formats::read_model(folder_ / (wanted + "/last.safetensors")).model.weights;
    ASSERT_EQ(of_found.size(), of_wanted.size());
    for (const auto& [name, array] : of_wanted) {
      const auto& values = of_found.at(name).floats();
      // Running variances of the last maps are of 32 values that differ little: one process with one more
      // thread differs by 7e-5 there, and by 1e-7 in what is learnt.
      const double tolerance = name.find("running_") == std::string::npos ? 1e-5 : 1e-3;
      for (size_t i = 0; i < values.size(); ++i) {
        ASSERT_NEAR(values[i], array.floats()[i], tolerance * std::max(1.0F, std::abs(array.floats()[i])))
            << name;
      }
    }
  }

  support::Folder folder_;
};

TEST_F(Processes, FloatTrainingEqualsThatOfOneProcess) {
  run(train("one"));
  run(train("two", {"--processes", "2"}));
  expect_same_training("two", "one");
  run(train("four", {"--processes", "4", "--deterministic"}));
  expect_same_training("four", "one");
  for (const char* out : {"once", "again"}) run(train(out, {"--processes", "3", "--deterministic"}, "1"));
  EXPECT_TRUE(bytes("once/last.safetensors") == bytes("again/last.safetensors")) << "the same bits each time";
}

TEST_F(Processes, QuantizationEqualsThatOfOneProcess) {
  run(train("float"));
  const std::string float_model = folder_ / "float/last.safetensors", data = folder_ / "set/data.yaml";
  const auto calibrate = [&](const std::string& out, const Arguments& more) {
    run(joined({"calibrate", "--weights", float_model, "--data", data, "--out", folder_ / out, "--images",
                "37", "--batch-size", "4", "--threads", "1"},
               more));
  };
  calibrate("ptq1", {});
  calibrate("ptq2", {"--processes", "2"});
  calibrate("ptq3", {"--processes", "3"});
  EXPECT_TRUE(bytes("ptq1") == bytes("ptq2"));
  EXPECT_TRUE(bytes("ptq1") == bytes("ptq3"));

  const auto evaluated = [&](const Arguments& more) {
    return run(joined({"eval", "--weights", folder_ / "ptq1", "--data", data, "--batch-size", "2",
                       "--conf-thres", "0", "--threads", "1", "--json"},
                      more))
        .out;
  };
  const std::string alone = evaluated({});
  EXPECT_EQ(evaluated({"--processes", "2"}), alone);
  EXPECT_EQ(evaluated({"--processes", "4"}), alone);

  const auto sensitivity = [&](const std::string& out, const Arguments& more) {
    run(joined({"sensitivity", "--weights", float_model, "--data", data, "--out", folder_ / out, "--images",
                "8", "--threads", "1"},
               more));
  };
  sensitivity("s1", {});
  sensitivity("s2", {"--processes", "2"});
  EXPECT_EQ(bytes("s1"), bytes("s2"));

  const auto qat = [&](const std::string& out, const Arguments& more) {
    run(joined({"qat", "--weights", folder_ / "ptq1", "--teacher", float_model, "--data", data, "--recipe",
                folder_ / "qat.yaml", "--batch-size", "8", "--epochs", "4", "--threads", "1", "--out",
                folder_ / out},
               more));
  };
  qat("q1", {});
  qat("q2", {"--processes", "2"});
  qat("q4", {"--processes", "4"});
  expect_same_training("q2", "q1");
  expect_same_training("q4", "q1");
}

TEST_F(Processes, APipelineOfTwoEqualsThatOfOne) {
  write_file(folder_ / "pipeline.yaml",
             "pipeline: {sensitivity: true}\ntrain: {sync_bn: true, bf16: 'off', warmup_min_iterations: 12, "
             "lr0: 0.001}\n"
             "calibrate: {images: 8}\nqat: {epochs: 1, sync_bn: true, bf16: 'off'}\nbench: {seconds: 0.01, "
             "rounds: 1}\n");
  const auto pipeline = [&](const std::string& out, const Arguments& more) {
    run(joined({"pipeline", "--data", folder_ / "set/data.yaml", "--model", "yolov6n", "--mode", "repvgg",
                "--img-size", "64", "--recipe", folder_ / "pipeline.yaml", "--batch-size", "8", "--epochs",
                "2", "--threads", "1", "--out", folder_ / out},
               more));
    return nlohmann::json::parse(bytes(out + "/summary.json"));
  };
  const auto one = pipeline("one", {}), two = pipeline("two", {"--processes", "2"});
  ASSERT_EQ(one.at("rows").size(), two.at("rows").size());
  for (size_t i = 0; i < one.at("rows").size(); ++i) {
    EXPECT_EQ(one["rows"][i]["model"], two["rows"][i]["model"]);
    EXPECT_NEAR(one["rows"][i]["map"].get<double>(), two["rows"][i]["map"].get<double>(), 1e-3);
  }
}

/// Process ids of the launcher's children, by rank.
std::vector<pid_t> children_of(pid_t parent) {
  std::ifstream list("/proc/" + std::to_string(parent) + "/task/" + std::to_string(parent) + "/children");
  std::vector<pid_t> children;
  for (pid_t child = 0; list >> child;) children.push_back(child);
  return children;
}

TEST_F(Processes, AKilledOneEndsTheJobAndTheSameCommandGoesOn) {
  run(train("whole", {"--processes", "2"}));
  for (const int victim : {0, 1}) {
    const std::string out = "killed" + std::to_string(victim);
    Process process(Y6Q_PROGRAM, train(out, {"--processes", "2"}));
    while (process.is_running() && !fs::exists(folder_ / (out + "/state.safetensors")))
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    const auto ranks = children_of(process.id());
    ASSERT_EQ(ranks.size(), 2U) << process.err_so_far();
    ::kill(ranks[static_cast<size_t>(victim)], SIGKILL);
    const auto start = std::chrono::steady_clock::now();
    const Outcome outcome = process.finish();
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
    EXPECT_EQ(outcome.code, 4);
    EXPECT_THAT(outcome.err, HasSubstr("rank " + std::to_string(victim) + " of 2 (process"));
    run(train(out, {"--processes", "2", "--resume"}));
    EXPECT_TRUE(bytes("whole/last.safetensors") == bytes(out + "/last.safetensors"));
  }
}

/// Two machines with a cable between them: network namespaces of the kernel's, by ip(8).
class Machines {
 public:
  Machines() {
    is_there_ = fs::exists(kIp) && ::getuid() == 0 && ip({"netns", "add", name_[0]});
    if (!is_there_) return;
    ip({"netns", "add", name_[1]});
    ip({"link", "add", "cable0", "netns", name_[0], "type", "veth", "peer", "name", "cable1", "netns",
        name_[1]});
    for (int i = 0; i < 2; ++i) {
      ip({"-n", name_[i], "addr", "add", address(i) + "/24", "dev", cable(i)});
      ip({"-n", name_[i], "link", "set", cable(i), "up"});
      ip({"-n", name_[i], "link", "set", "lo", "up"});
    }
    runs_ = ip({"netns", "exec", name_[0], "/usr/bin/env"});  // not in every chroot
  }
  ~Machines() {
    for (const std::string& name : name_) {
      if (is_there_) ip({"netns", "del", name});
    }
  }
  Machines(const Machines&) = delete;
  Machines& operator=(const Machines&) = delete;

  /// False: this user may make none here.
  bool are_there() const { return runs_; }
  void pull_the_cable(bool out) const { ip({"-n", name_[1], "link", "set", cable(1), out ? "down" : "up"}); }

  /// A process on each, as torchrun would start them; other words than the program's may follow.
  std::unique_ptr<Process> start(int rank, const Arguments& arguments) const {
    Arguments words{"netns",
                    "exec",
                    name_[rank],
                    "/usr/bin/env",
                    "RANK=" + std::to_string(rank),
                    "WORLD_SIZE=2",
                    "LOCAL_RANK=0",
                    "LOCAL_WORLD_SIZE=1",
                    "MASTER_ADDR=" + address(0),
                    "MASTER_PORT=29511",
                    "GLOO_SOCKET_IFNAME=" + cable(rank),
                    Y6Q_PROGRAM};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return std::make_unique<Process>(kIp, words);
  }

 private:
  static constexpr const char* kIp = "/usr/sbin/ip";
  static std::string address(int i) { return "10.99.0." + std::to_string(i + 1); }
  static std::string cable(int i) { return "cable" + std::to_string(i); }
  static bool ip(const Arguments& words) { return support::run(kIp, words).code == 0; }

  const std::string name_[2]{"y6q-" + std::to_string(::getpid()) + "-0",
                             "y6q-" + std::to_string(::getpid()) + "-1"};
  bool is_there_ = false, runs_ = false;
};

TEST_F(Processes, APulledCableEndsBothAndTheSameCommandGoesOn) {
  const Machines machines;
  if (!machines.are_there()) GTEST_SKIP() << "network namespaces take root and ip(8)";
  run(train("whole", {"--processes", "2"}));
  const auto start = [&](const Arguments& more = {}) {
    std::vector<std::unique_ptr<Process>> both;
    for (int rank = 0; rank < 2; ++rank) both.push_back(machines.start(rank, train("out", more)));
    return both;
  };
  auto both = start();
  while (both[0]->is_running() && !fs::exists(folder_ / "out/state.safetensors"))
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  machines.pull_the_cable(true);
  const auto pulled = std::chrono::steady_clock::now();
  Outcome outcomes[2];
  for (int rank = 0; rank < 2; ++rank) {
    outcomes[rank] = both[static_cast<size_t>(rank)]->finish();
    EXPECT_EQ(outcomes[rank].code, 4) << outcomes[rank].err;
  }
  EXPECT_LT(std::chrono::steady_clock::now() - pulled, std::chrono::seconds(60));
  EXPECT_THAT(outcomes[0].err, HasSubstr("rank 1 (process"));
  EXPECT_THAT(outcomes[1].err, HasSubstr("rank 0"));

  machines.pull_the_cable(false);
  both = start({"--resume"});
  for (auto& process : both) {
    const Outcome outcome = process->finish();
    EXPECT_EQ(outcome.code, 0) << outcome.err;
  }
  EXPECT_TRUE(bytes("whole/last.safetensors") == bytes("out/last.safetensors"));
}

TEST_F(Processes, AnInterruptedJobSavesAndGoesOnWithAnotherNumber) {
  run(train("whole"));
  Process process(Y6Q_PROGRAM, train("stopped", {"--processes", "2"}));
  EXPECT_TRUE(process.interrupt_at("epoch 2/4", SIGUSR1)) << process.err_so_far();
  const Outcome outcome = process.finish();
  EXPECT_EQ(outcome.code, 130) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("the same command goes on"));
  run(train("stopped", {"--processes", "3", "--resume"}));
  expect_same_training("stopped", "whole");
}

TEST_F(Processes, WrongInputIsRefusedByAll) {
  Arguments arguments = train("out", {"--processes", "2"});
  arguments[2] = folder_ / "nothing.yaml";
  const Outcome outcome = support::run(Y6Q_PROGRAM, arguments);
  EXPECT_EQ(outcome.code, 3) << outcome.err;
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

}  // namespace
}  // namespace y6q::pipeline
