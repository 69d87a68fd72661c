#include "checkpoint/state_dict.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "checkpoint/ranges.h"
#include "ir/queries.h"

namespace y6q::checkpoint {
namespace {

/// Registration order of the modules (spec/01 §3.2, §4).
constexpr std::string_view kModules[] = {
    "backbone.stem.",      "backbone.ERBlock_2.", "backbone.ERBlock_3.", "backbone.ERBlock_4.",
    "backbone.ERBlock_5.", "neck.Rep_p4.",        "neck.Rep_p3.",        "neck.Rep_n3.",
    "neck.Rep_n4.",        "neck.reduce_layer0.", "neck.upsample0.",     "neck.reduce_layer1.",
    "neck.upsample1.",     "neck.downsample2.",   "neck.downsample1.",   "neck.upsample_feat0",
    "neck.upsample_feat1", "detect.proj",         "detect.stems.",       "detect.cls_convs.",
    "detect.reg_convs.",   "detect.cls_preds.",   "detect.reg_preds."};

constexpr int64_t kProjection = 17;  // numbers of detect.proj, whatever reg_max is (spec/01 §3.3)
constexpr float kEps = 1e-3F;
constexpr const char* kPool = "backbone.ERBlock_5.2.sppf.m";
constexpr const char* kPoolNeighbour = "backbone.ERBlock_5.2.sppf.cv2";  // registered before it

struct Entry {
  size_t module;    ///< position in kModules
  size_t block;     ///< position of the entry's block among the blocks of the graph
  int branch;       ///< inside a block: the identity branch comes first
  size_t position;  ///< as added
  std::string name;
  const ir::Array* array;
};

class Builder {
 public:
  Builder(const ir::Model& model, int64_t batches_tracked)
      : model_(model), batches_tracked_(batches_tracked), ranges_(checkpoint_ranges(model)) {
    for (const ir::Node& node : model.graph.nodes()) {
      blocks_.try_emplace(node.owner, blocks_.size());
      is_single_branch_ |= is_folded_block(node);
    }
  }

  StateDict build() {
    for (const ir::Node& node : model_.graph.nodes()) {
      if (std::holds_alternative<ir::BatchNorm>(node.op)) add_norm(node);
      if (std::holds_alternative<ir::ChannelScale>(node.op)) add_parameter(node, 1);
      if (ir::is_convolution(node)) add_layer(node);
    }
    add_rest();
    std::ranges::stable_sort(
        entries_, {}, [](const Entry& e) { return std::tuple(e.module, e.block, e.branch, e.position); });
    for (const Entry& entry : entries_) result_.entries.emplace_back(entry.name, entry.array);
    return std::move(result_);
  }

 private:
  /// A block of one 3x3 convolution that has taken in its batch norm: `<owner>.conv` with a bias.
  static bool is_folded_block(const ir::Node& node) {
    return std::holds_alternative<ir::Conv2d>(node.op) && node.inputs.size() > 2 &&
           node.name == node.owner + ".conv";
  }

  const ir::Node& behind_quantizer(ir::Value value) const {
    const ir::Node& node = model_.graph.node(value);
    return std::holds_alternative<ir::FakeQuant>(node.op) ? model_.graph.node(node.inputs[0]) : node;
  }

  void add(const std::string& name, const std::string& owner, const ir::Array* array) {
    const auto module = std::ranges::find_if(kModules, [&](auto prefix) { return name.starts_with(prefix); });
    entries_.push_back({static_cast<size_t>(module - std::begin(kModules)), blocks_.at(owner),
                        name.find(".rbr_identity.") == std::string::npos ? 1 : 0, entries_.size(), name,
                        array});
  }
  void add_own(const std::string& name, const std::string& owner, ir::Array array) {
    result_.own.push_back(std::move(array));
    add(name, owner, &result_.own.back());
  }
  void add_parameter(const ir::Node& node, size_t operand) {
    const std::string& name = behind_quantizer(node.inputs[operand]).name;
    add(name, node.owner, &model_.weights.at(name));
  }
  void add_batch_count(const std::string& norm, const std::string& owner) {
    add_own(norm + ".num_batches_tracked", owner, {{}, std::vector<int64_t>{batches_tracked_}});
  }

  void add_norm(const ir::Node& node) {
    for (size_t operand = 1; operand < node.inputs.size(); ++operand) add_parameter(node, operand);
    add_batch_count(node.name, node.owner);
  }

  void add_layer(const ir::Node& node) {
    const bool folded = is_single_branch_ && node.name.ends_with(".conv") && node.inputs.size() > 2;
    add_parameter(node, 1);
    if (node.inputs.size() > 2 && !folded) add_parameter(node, 2);
    add_ranges(node.name, node.owner, behind_quantizer(node.inputs[1]).shape.size());
    if (folded) add_neutral_norm(node);
  }

  void add_neutral_norm(const ir::Node& conv) {
    const std::string norm = conv.name.substr(0, conv.name.size() - 4) + "bn";
    const ir::Array& bias = model_.weight(conv.inputs[2]);
    add_own(norm + ".weight", conv.owner, ir::Array::filled(bias.shape, 1));
    add(norm + ".bias", conv.owner, &bias);
    add_own(norm + ".running_mean", conv.owner, ir::Array::zeros(bias.shape));
    add_own(norm + ".running_var", conv.owner, ir::Array::filled(bias.shape, 1 - kEps));
    add_batch_count(norm, conv.owner);
  }

  void add_ranges(const std::string& layer, const std::string& owner, size_t weight_rank) {
    for (const char* quantizer : {"._input_quantizer", "._weight_quantizer"}) {
      const auto found = ranges_.find(layer + quantizer);
      if (found == ranges_.end()) continue;
      ir::Shape shape;
      if (found->second.amax.size() > 1 || std::string_view(quantizer) == "._weight_quantizer") {
        shape.assign(weight_rank, 1);
        shape[0] = static_cast<int64_t>(found->second.amax.size());
      }
      add_own(found->first + "._amax", owner, {std::move(shape), found->second.amax});
    }
  }

  /// What belongs to no layer of the graph, and the pool, which is registered after the units around it.
  void add_rest() {
    if (blocks_.contains(kPoolNeighbour)) add_ranges(kPool, kPoolNeighbour, 0);
    const std::string any = model_.graph[0].owner;
    for (const char* own : {"neck.upsample_feat0_quant", "neck.upsample_feat1_quant"}) {
      if (const auto found = ranges_.find(own); found != ranges_.end()) {
        add_own(found->first + "._amax", any, {{}, found->second.amax});
      }
    }
    std::vector<float> bins(kProjection);
    for (size_t i = 0; i < bins.size(); ++i) bins[i] = static_cast<float>(i);
    add_own("detect.proj", any, {{kProjection}, bins});
    add_own("detect.proj_conv.weight", any, {{1, kProjection, 1, 1}, std::move(bins)});
  }

  const ir::Model& model_;
  int64_t batches_tracked_;
  CheckpointRanges ranges_;
  std::map<std::string, size_t> blocks_;
  bool is_single_branch_ = false;
  std::vector<Entry> entries_;
  StateDict result_;
};

}  // namespace

StateDict state_dict(const ir::Model& model, int64_t batches_tracked) {
  return Builder(model, batches_tracked).build();
}

}  // namespace y6q::checkpoint
