#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/monitor.h"
#include "data/dataset.h"
#include "dist/group.h"
#include "passes/insert_quantizers.h"
#include "ptq/best_range.h"
#include "quant/histogram.h"

namespace y6q::ptq {

/// How the range of a weight's channel is found.
enum class WeightMethod {
  max,  ///< its largest magnitude
  mse   ///< passes::clip_weights
};

constexpr auto names_of(WeightMethod) {
  return name_table<WeightMethod>("weight method", {{WeightMethod::max, "max"}, {WeightMethod::mse, "mse"}});
}

/// How tensors and weights become ranges, and weights codes.
struct RangeOptions {
  quant::Scheme scheme = quant::Scheme::cpu;
  std::optional<int64_t> weight_bits = {};           ///< nothing: the scheme's (quant::rules_of)
  std::optional<quant::Transposed> transposed = {};  ///< the same
  std::optional<quant::RangeMethod> method = quant::RangeMethod::max;  ///< nothing: best_range
  double percentile = 99.99;
  WeightMethod weight_method = WeightMethod::max;
  bool equalize = false;           ///< passes::equalize, before images are looked at
  bool adaptive_rounding = false;  ///< of weights: rounded_adaptively
  bool bias_correction = true;     ///< passes::correct_biases with the means of the same images
  int64_t images = 128;            ///< to look at, drawn from the train split with the seed

  /// CalibrationImages::windows that the choices need.
  int64_t windows() const;
  /// Of the method, where there is one.
  quant::RangeSearch search() const;
  quant::Rules rules() const { return quant::rules_of(scheme, {weight_bits, transposed}); }
};

/// What a calibrator looks at: the trained network merged, folded and, where asked for, equalized.
ir::Model deployed(const ir::Model& trained, const RangeOptions& options);

/// The images a calibrator looks at.
struct CalibrationImages {
  std::array<int64_t, 2> image_size{640, 640};  ///< height, width
  int64_t count = 128;                          ///< drawn from the set with the seed
  int64_t batch_size = 16;
  uint64_t seed = 0;
  int workers = 2;
  std::string device = "cpu";  ///< see eager::open_device
  int64_t windows = 0;  ///< pixels of each tensor to keep with what is around them, of all images together
};

/// PTQ of one float network: looks at images once, then quantizes as often as asked for, each time another
/// choice of layers.
class Calibrator {
 public:
  /// float_model: merged and folded, without quantizers.
  explicit Calibrator(ir::Model float_model) : float_(std::move(float_model)) {}

  /// Collects a histogram and channel means of every tensor that a quantizable layer reads or writes
  /// (predictions read, too), on letterboxed, un-augmented images. Returns the number of images. Processes of
  /// a job look at batches in turn, and each then has seen what one process would have: to the last bit.
  /// Throws Interrupted.
  int64_t look_at(const data::Dataset& dataset, const CalibrationImages& images, Monitor& monitor,
                  dist::Group& group = dist::alone());

  /// Inserts quantizers, searches ranges, gives concatenated tensors one range, rounds weights, corrects
  /// biases.
  ir::Model quantized(const RangeOptions& ranges, bool float_predictions = true,
                      const std::set<std::string>& keep_float = {}) const;

  const ir::Model& float_model() const { return float_; }
  /// By the quantizer's name.
  const quant::Histogram& histogram(const std::string& quantizer) const {
    return seen_.at(quantizer).histogram;
  }

 private:
  struct Seen {
    quant::Histogram histogram;
    std::vector<double> channel_sums;  ///< over images and pixels
    double pixels = 0;                 ///< of all images, per channel
    std::vector<float> windows;        ///< [S, C, 3, 3] around pixels of all images (windows_at)
  };
  using AllSeen = std::map<std::string, Seen>;  ///< by the quantizer's name
  class Look;

  void search(ir::Model& model, const RangeOptions& ranges) const;
  void round_weights(ir::Model& model) const;
  torch::Tensor windows_of(const ir::Node& quantizer) const;
  SeenTensor seen_tensor(const ir::Model& model, ir::Value quantizer) const;

  ir::Model float_;
  AllSeen seen_;
};

}  // namespace y6q::ptq
