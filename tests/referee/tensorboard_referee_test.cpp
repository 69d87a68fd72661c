// Event files read by TensorBoard itself, whose loader checks every CRC and length.
#include <limits>
#include <nlohmann/json.hpp>

#include "referee/referee.h"
#include "report/tensorboard.h"

namespace y6q::report {
namespace {

struct Scalar {
  std::string tag;
  int64_t step;
  float value;
  double wall_time_s;
};

TEST(TensorboardReferee, ReadsEveryScalar) {
  const referee::Folder folder;
  const std::vector<Scalar> scalars{{"train/loss", 0, 12.5F, 1700000000.25},
                                    {"train/loss", 1, -3e-7F, 1700000001},
                                    {std::string(300, 'x'), int64_t{1} << 40, 0, 1},
                                    {"caf\xc3\xa9/mAP", 7, std::numeric_limits<float>::max(), 2}};
  EventWriter writer(folder.path());
  writer.start_session(5);
  for (const Scalar& s : scalars) writer.add_scalar(s.tag, s.value, s.step, s.wall_time_s);
  Y6Q_REFEREE("tensorboard_referee.py", "'" + writer.path().string() + "'");
  const auto read = nlohmann::json::parse(read_file(writer.path().string() + ".json"));
  ASSERT_EQ(read.size(), scalars.size());
  for (size_t i = 0; i < scalars.size(); ++i) {
    EXPECT_EQ(read[i][0].get<std::string>(), scalars[i].tag);
    EXPECT_EQ(read[i][1].get<int64_t>(), scalars[i].step);
    EXPECT_EQ(read[i][2].get<float>(), scalars[i].value);
    EXPECT_EQ(read[i][3].get<double>(), scalars[i].wall_time_s);
  }
}

}  // namespace
}  // namespace y6q::report
