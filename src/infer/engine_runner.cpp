#include "infer/engine_runner.h"

#include "base/errors.h"
#include "embed/image_detector.h"

namespace y6q::infer {
namespace {

class EngineRunner : public Runner {
 public:
  EngineRunner(engine::Kind kind, std::unique_ptr<engine::Engine> engine)
      : engine_(std::move(engine)),
        name_(engine::describe(kind, *engine_)),
        suppression_(embed::suppression_of(*engine_)) {
    facts_.class_names = embed::class_names_of(*engine_);
    const auto architecture = engine_->metadata().find("architecture");
    if (architecture != engine_->metadata().end()) facts_.architecture = architecture->second;
  }

  std::vector<std::vector<detect::Detection>> detect(const data::Batch& batch,
                                                     const detect::NmsOptions& options) override {
    if (suppression_) require_no_more(*suppression_, options);
    const std::vector<int64_t> expected{1, 3, batch.height, batch.width};
    if (engine_->input().shape != expected) {
      throw InputError("engine: takes images of {}x{} pixels, the batch has {}x{}", engine_->input().shape[2],
                       engine_->input().shape[3], batch.height, batch.width);
    }
    const auto image_size = static_cast<size_t>(3 * batch.height * batch.width);
    std::vector<std::vector<detect::Detection>> all;
    for (int64_t i = 0; i < batch.count; ++i) {
      const std::span<const uint8_t> image(batch.images.data() + static_cast<size_t>(i) * image_size,
                                           image_size);
      all.push_back(
          detect::detections_of(embed::image_outputs(engine_->infer(image)), batch.height, options));
    }
    return all;
  }

  std::string name() const override { return name_; }
  std::string note() const override { return engine_->note(); }
  const NetworkFacts& facts() const override { return facts_; }
  std::array<int64_t, 2> image_size() const override {
    return {engine_->input().shape[2], engine_->input().shape[3]};
  }

 private:
  /// What the file has suppressed cannot come back.
  static void require_no_more(const detect::NmsOptions& file, const detect::NmsOptions& options) {
    if (file.score_threshold <= options.score_threshold && file.iou_threshold == options.iou_threshold &&
        file.max_detections >= options.max_detections && options.multi_label)
      return;
    throw InputError(
        "engine: suppression is in the file, with scores above {}, IoU {}, at most {} boxes, every class of "
        "a "
        "cell; asked for are {}, {}, {}{}; export it with --conf-thres {} --iou-thres {} --max-det {}",
        file.score_threshold, file.iou_threshold, file.max_detections, options.score_threshold,
        options.iou_threshold, options.max_detections,
        options.multi_label ? "" : " and the best class of a cell", options.score_threshold,
        options.iou_threshold, options.max_detections);
  }

  std::unique_ptr<engine::Engine> engine_;
  std::string name_;
  std::optional<detect::NmsOptions> suppression_;
  NetworkFacts facts_;
};

}  // namespace

std::unique_ptr<Runner> open_engine(const fs::path& onnx, const RunnerOptions& options) {
  auto opened = engine::open(
      options.engine, onnx,
      {.precision = options.precision, .input = engine::InputLayout::bytes_nchw, .threads = options.threads});
  try {
    return std::make_unique<EngineRunner>(options.engine, std::move(opened));
  } catch (const InputError& error) {
    throw InputError("engine: {}: {}", onnx.string(), error.what());
  }
}

}  // namespace y6q::infer
