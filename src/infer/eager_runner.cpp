#include "infer/eager_runner.h"

#include "base/threads.h"
#include "eager/device.h"
#include "eager/images.h"
#include "eager/network.h"
#include "ir/queries.h"

namespace y6q::infer {
namespace {

class EagerRunner : public Runner {
 public:
  EagerRunner(const ir::Model& model, const EagerOptions& options)
      : device_(eager::open_device(options.device)),
        network_(model, {.bf16 = options.bf16, .device = device_}),
        name_(ir::has_quantizers(model.graph) ? "eager int8 (simulated)"
              : options.bf16                  ? "eager bf16"
                                              : "eager fp32"),
        facts_(options.facts) {
    for (const ir::Output& output : model.graph.outputs()) names_.push_back(output.name);
    for (const ir::Node& node : model.graph.nodes()) {
      if (std::holds_alternative<ir::Input>(node.op)) image_size_ = {node.shape[2], node.shape[3]};
    }
  }

  std::vector<std::vector<detect::Detection>> detect(const data::Batch& batch,
                                                     const detect::NmsOptions& options) override {
    std::vector<torch::Tensor> outputs;
    const auto images =
        eager::to_images(batch.images.data(), {batch.count, 3, batch.height, batch.width}, device_);
    for (const torch::Tensor& output : network_.forward(images, eager::Mode::evaluate)) {
      outputs.push_back(output.cpu().contiguous());
    }
    std::vector<std::vector<detect::Detection>> all(static_cast<size_t>(batch.count));
    parallel_for(batch.count, at::get_num_threads(), [&](int64_t i) {
      all[static_cast<size_t>(i)] = detect::detections_of(views(outputs, i), batch.height, options);
    });
    return all;
  }

  std::string name() const override { return name_; }
  const NetworkFacts& facts() const override { return facts_; }
  std::array<int64_t, 2> image_size() const override { return image_size_; }

 private:
  std::vector<detect::ImageOutput> views(const std::vector<torch::Tensor>& outputs, int64_t image) const {
    std::vector<detect::ImageOutput> list;
    for (size_t i = 0; i < outputs.size(); ++i) {
      const torch::Tensor& output = outputs[i];
      const float* data = output.const_data_ptr<float>() + image * output.stride(0);
      const bool is_map = output.dim() == 4;
      list.push_back(
          {names_[i], data, output.size(1), is_map ? output.size(2) : 1, output.size(is_map ? 3 : 2)});
    }
    return list;
  }

  at::Device device_;
  eager::Network network_;
  std::string name_;
  NetworkFacts facts_;
  std::vector<std::string> names_;
  std::array<int64_t, 2> image_size_{};
};

}  // namespace

std::unique_ptr<Runner> open_eager(const ir::Model& model, const EagerOptions& options) {
  set_torch_threads(options.threads);
  return std::make_unique<EagerRunner>(model, options);
}

void set_torch_threads(int threads) { at::set_num_threads(threads > 0 ? threads : default_thread_count()); }

}  // namespace y6q::infer
