#include "pipeline/steps.h"

#include <gtest/gtest.h>

namespace y6q::pipeline {
namespace {

TEST(Context, ACommandByHandReadsTheSameData) {
  const stages::Run run(
      {.data = "/sets/my cats",
       .reading = {.skip_broken = true, .keep_difficult = true, .classes = {"cat", "old cat"}}},
      silent_monitor());
  const PipelineOptions options;
  const Network network;
  const Premises premises;
  EXPECT_EQ((Context{options, network, premises, run}.data_arguments()),
            "--data '/sets/my cats' --classes 'cat,old cat' --keep-difficult --skip-broken");
}

}  // namespace
}  // namespace y6q::pipeline
