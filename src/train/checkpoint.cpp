#include "train/checkpoint.h"

#include <nlohmann/json.hpp>

#include "base/errors.h"
#include "formats/safetensors.h"

namespace y6q::train {
namespace {

using nlohmann::json;

constexpr const char* kFormat = "yolov6q training state 1";

json to_json(const EpochRow& row) {
  return {{"epoch", row.epoch},
          {"loss_classes", row.loss_classes},
          {"loss_iou", row.loss_iou},
          {"loss_dfl", row.loss_dfl},
          {"loss_distill", row.loss_distill},
          {"lr", row.lr},
          {"map", row.map ? json(*row.map) : json()},
          {"images_per_s", row.images_per_s}};
}

EpochRow row_from(const json& row) {
  EpochRow result{row.at("epoch"),
                  row.at("loss_classes"),
                  row.at("loss_iou"),
                  row.at("loss_dfl"),
                  row.at("loss_distill"),
                  row.at("lr"),
                  {},
                  row.at("images_per_s")};
  if (!row.at("map").is_null()) result.map = row.at("map").get<double>();
  return result;
}

json to_json(const Progress& progress) {
  json history = json::array();
  for (const EpochRow& row : progress.history) history.push_back(to_json(row));
  return {{"epoch", progress.epoch},
          {"batch", progress.batch},
          {"iteration", progress.iteration},
          {"ema_updates", progress.ema_updates},
          {"sum_classes", progress.sum_classes},
          {"sum_iou", progress.sum_iou},
          {"sum_dfl", progress.sum_dfl},
          {"sum_distill", progress.sum_distill},
          {"best_map", progress.best_map},
          {"best_epoch", progress.best_epoch},
          {"history", history}};
}

Progress progress_from(const json& object) {
  Progress progress{object.at("epoch"),
                    object.at("batch"),
                    object.at("iteration"),
                    object.at("ema_updates"),
                    object.at("sum_classes"),
                    object.at("sum_iou"),
                    object.at("sum_dfl"),
                    object.at("sum_distill"),
                    object.at("best_map"),
                    object.at("best_epoch"),
                    {}};
  for (const json& row : object.at("history")) progress.history.push_back(row_from(row));
  if (progress.epoch < 0 || progress.batch < 0 || progress.iteration < 0 || progress.ema_updates < 0) {
    throw InputError("a counter is negative");
  }
  return progress;
}

struct Group {
  const char* prefix;
  Arrays TrainState::*arrays;
};
constexpr Group kGroups[] = {{"weights/", &TrainState::weights},
                             {"momentum/", &TrainState::momentum},
                             {"average/", &TrainState::average},
                             {"best/", &TrainState::best}};

const std::string& entry(const std::map<std::string, std::string>& metadata, const char* key) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) throw InputError("the metadata lacks '{}'", key);
  return found->second;
}

TrainState state_from(const formats::SafetensorsReader& reader) {
  const auto& metadata = reader.metadata();
  if (entry(metadata, "format") != kFormat) {
    throw InputError("format '{}' found, '{}' accepted", entry(metadata, "format"), kFormat);
  }
  TrainState state;
  state.progress = progress_from(json::parse(entry(metadata, "progress")));
  state.recipe = entry(metadata, "recipe");
  for (const auto& [name, tensor] : reader.tensors()) {
    bool known = false;
    for (const Group& group : kGroups) {
      if (!name.starts_with(group.prefix)) continue;
      (state.*group.arrays).emplace(name.substr(std::string_view(group.prefix).size()), reader.floats(name));
      known = true;
    }
    if (!known) throw InputError("tensor '{}' belongs to none of weights, momentum, average, best", name);
  }
  return state;
}

}  // namespace

void write_state(const fs::path& path, const TrainState& state) {
  Arrays tensors;
  for (const Group& group : kGroups) {
    for (const auto& [name, array] : state.*group.arrays) tensors.emplace(group.prefix + name, array);
  }
  formats::write_safetensors(
      path, tensors,
      {{"format", kFormat}, {"progress", to_json(state.progress).dump()}, {"recipe", state.recipe}});
}

TrainState read_state(const fs::path& path) {
  const formats::SafetensorsReader reader(path);
  try {
    return state_from(reader);
  } catch (const json::exception& error) {
    throw InputError("training state: {}: {}; remove the file to start anew", path.string(), error.what());
  } catch (const InputError& error) {
    throw InputError("training state: {}: {}; remove the file to start anew", path.string(), error.what());
  }
}

std::string history_csv(const std::vector<EpochRow>& history) {
  std::string text = "epoch,loss_classes,loss_iou,loss_dfl,loss_distill,lr,map,images_per_s\n";
  for (const EpochRow& row : history) {
    text += fmt::format("{},{:.6f},{:.6f},{:.6f},{:.6f},{:.8g},{},{:.1f}\n", row.epoch, row.loss_classes,
                        row.loss_iou, row.loss_dfl, row.loss_distill, row.lr,
                        row.map ? fmt::format("{:.6f}", *row.map) : "", row.images_per_s);
  }
  return text;
}

}  // namespace y6q::train
