#include "pipeline/candidate.h"

#include <gmock/gmock.h>

namespace y6q::pipeline {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

CandidateResult candidate_of(double ms, double map) { return {.ms = ms, .map = map}; }

TEST(Candidate, ModesShareTheirShape) {
  const Candidate a{"yolov6n", "repopt", {320, 416}}, b{"yolov6n", "repvgg", {320, 416}};
  EXPECT_EQ(a.name(), "yolov6n-repopt-320x416");
  EXPECT_NE(a.name(), b.name());
  EXPECT_EQ(a.shape(), b.shape());
}

TEST(BetterHalf, HoldsTheMostAccurateInsideTheBound) {
  const std::vector<CandidateResult> results{candidate_of(5, 0.50), candidate_of(4, 0.40),
                                             candidate_of(3, 0.45), candidate_of(2, 0.20),
                                             candidate_of(9, 0.90)};
  EXPECT_THAT(better_half(results, 6), ElementsAre(0, 2)) << "0.90 takes 9 ms";
  EXPECT_THAT(better_half(results, 1), IsEmpty());
}

TEST(BetterHalf, OfAnOddNumberIsTheLarger) {
  EXPECT_THAT(
      better_half(std::vector{candidate_of(5, 0.50), candidate_of(4, 0.40), candidate_of(3, 0.45)}, 6),
      ElementsAre(0, 2));
  EXPECT_THAT(better_half(std::vector{candidate_of(5, 0.50)}, 6), ElementsAre(0));
}

// Fast ones stay although they are less accurate than all others. Of five three go on: 0 and 3 are the
// front; of 1, 2 and 4 the first is beaten by 0 alone, and so is 4, which is more accurate.
TEST(BetterHalf, WithoutABoundHoldsTheFront) {
  const std::vector<CandidateResult> results{candidate_of(4, 0.50), candidate_of(5, 0.45),
                                             candidate_of(6, 0.40), candidate_of(2, 0.20),
                                             candidate_of(7, 0.49)};
  EXPECT_THAT(better_half(results, {}), ElementsAre(0, 3, 4));
}

TEST(BetterHalf, LeavesOutWhatWasNotTrained) {
  std::vector<CandidateResult> results{candidate_of(4, 0.5), candidate_of(1, 0), candidate_of(5, 0.6)};
  results[1].skipped = "why";
  EXPECT_THAT(better_half(results, {}), ElementsAre(2));
}

TEST(Epochs, AreHalvedAndRoundedUp) {
  EXPECT_EQ(epochs_before(60, 0), 60);
  EXPECT_EQ(epochs_before(60, 2), 15);
  EXPECT_EQ(epochs_before(25, 2), 7);
  EXPECT_EQ(epochs_before(1, 5), 1);
}

TEST(CandidateResultJson, ReadsBackWhatItWrote) {
  CandidateResult made = candidate_of(3.5, 0.25);
  made.float_map = 0.3, made.map50 = 0.4, made.epochs = 7, made.protocol = "letterbox", made.seconds = 9;
  EXPECT_EQ(to_json(candidate_result_of(to_json(made))), to_json(made));
  EXPECT_EQ(candidate_result_of(to_json(made)).epochs, 7);
  made.skipped = "too slow";
  const CandidateResult skipped = candidate_result_of(to_json(made));
  EXPECT_EQ(skipped.skipped, "too slow");
  EXPECT_EQ(skipped.ms, 3.5);
}

}  // namespace
}  // namespace y6q::pipeline
