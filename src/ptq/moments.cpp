#include "ptq/moments.h"

#include <algorithm>

#include "dist/message.h"
#include "eager/device.h"
#include "eager/images.h"
#include "eager/network.h"
#include "ptq/calibration_batches.h"

namespace y6q::ptq {
namespace {

/// Per channel.
struct Sums {
  std::vector<double> values, squares;
  double count = 0;

  void add(const torch::Tensor& results) {
    const auto add_to = [](std::vector<double>& all, const torch::Tensor& tensor) {
      const torch::Tensor sums = tensor.sum({0, 2, 3}, false, torch::kFloat64).cpu();
      all.resize(static_cast<size_t>(sums.numel()), 0);
      const double* sum = sums.const_data_ptr<double>();
      for (size_t c = 0; c < all.size(); ++c) all[c] += sum[c];
    };
    add_to(values, results);
    add_to(squares, results * results);
    count += static_cast<double>(results.size(0) * results.size(2) * results.size(3));
  }

  passes::Moments moments() const {
    passes::Moments result;
    for (size_t c = 0; c < values.size(); ++c) {
      const double mean = values[c] / count;
      result.mean.push_back(mean);
      result.variance.push_back(std::max(0.0, squares[c] / count - mean * mean));
    }
    return result;
  }
};

/// The model with the results of these convolutions as its first outputs.
ir::Model with_taps(const ir::Model& model, const std::vector<ir::Value>& convolutions) {
  ir::Model tapped = model;
  for (const ir::Value value : convolutions)
    tapped.graph.mark_output("moments/" + model.graph.node(value).name, value);
  return tapped;
}

std::vector<Sums> look(const ir::Model& model, const std::vector<ir::Value>& convolutions,
                       const data::Dataset& dataset, const CalibrationImages& images, Monitor& monitor) {
  const at::Device device = eager::open_device(images.device);
  eager::Network network(with_taps(model, convolutions), {.device = device});
  std::vector<size_t> places;
  for (const ir::Value value : convolutions)
    places.push_back(network.output_index("moments/" + model.graph.node(value).name));
  std::vector<Sums> sums(convolutions.size());
  for_calibration_batches(
      dataset, images, "batch statistics", monitor, [&](const data::Batch& batch, int64_t count) {
        const auto outputs = network.forward(
            eager::to_images(batch.images.data(), {count, 3, batch.height, batch.width}, device),
            eager::Mode::evaluate);
        for (size_t i = 0; i < places.size(); ++i) sums[i].add(outputs[places[i]]);
      });
  return sums;
}

}  // namespace

std::map<std::string, passes::Moments> convolution_moments(const ir::Model& model,
                                                           const data::Dataset& dataset,
                                                           const CalibrationImages& images, Monitor& monitor,
                                                           dist::Group& group) {
  const std::vector<ir::Value> convolutions = passes::convolutions_without_norm(model.graph);
  dist::Message message;
  if (group.is_first()) {
    for (const Sums& sums : look(model, convolutions, dataset, images, monitor)) {
      const passes::Moments moments = sums.moments();
      message.put(moments.mean);
      message.put(moments.variance);
    }
  }
  const std::string of_first = group.from_first(message.bytes());
  dist::MessageReader reader(of_first);
  std::map<std::string, passes::Moments> result;
  for (const ir::Value value : convolutions) {
    passes::Moments& moments = result[model.graph.node(value).name];
    moments.mean = reader.take_all<double>();
    moments.variance = reader.take_all<double>();
  }
  return result;
}

}  // namespace y6q::ptq
