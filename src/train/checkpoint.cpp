#include "train/checkpoint.h"

#include <nlohmann/json.hpp>

#include "base/errors.h"
#include "formats/safetensors.h"

namespace y6q::train {
namespace {

using nlohmann::json;

constexpr const char* kFormat = "yolov6q training state 1";

void put(json& object, const char* prefix, const LossTerms& terms) {
  for (const LossTerm& term : kLossTerms) object[std::string(prefix) + term.name] = terms.*term.value;
}

LossTerms terms_from(const json& object, const char* prefix) {
  LossTerms terms;
  for (const LossTerm& term : kLossTerms)  // a state may be older than a term
    terms.*term.value = object.value(std::string(prefix) + term.name, 0.0);
  return terms;
}

json to_json(const EpochRow& row) {
  json object{{"epoch", row.epoch},
              {"lr", row.lr},
              {"map", row.map ? json(*row.map) : json()},
              {"images_per_s", row.images_per_s}};
  put(object, "loss_", row.losses);
  return object;
}

EpochRow row_from(const json& row) {
  EpochRow result{row.at("epoch"), terms_from(row, "loss_"), row.at("lr"), {}, row.at("images_per_s")};
  if (!row.at("map").is_null()) result.map = row.at("map").get<double>();
  return result;
}

json to_json(const Progress& progress) {
  json history = json::array();
  for (const EpochRow& row : progress.history) history.push_back(to_json(row));
  json object{{"epoch", progress.epoch},
              {"batch", progress.batch},
              {"iteration", progress.iteration},
              {"ema_updates", progress.ema_updates},
              {"best_map", progress.best_map},
              {"best_epoch", progress.best_epoch},
              {"history", history}};
  put(object, "sum_", progress.sums);
  return object;
}

Progress progress_from(const json& object) {
  Progress progress{
      object.at("epoch"),         object.at("batch"),    object.at("iteration"),  object.at("ema_updates"),
      terms_from(object, "sum_"), object.at("best_map"), object.at("best_epoch"), {}};
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
  std::string text = "epoch";
  for (const LossTerm& term : kLossTerms) text.append(",loss_").append(term.name);
  text += ",lr,map,images_per_s\n";
  for (const EpochRow& row : history) {
    text += fmt::format("{}", row.epoch + 1);
    for (const LossTerm& term : kLossTerms) text += fmt::format(",{:.6f}", row.losses.*term.value);
    text += fmt::format(",{:.8g},{},{:.1f}\n", row.lr, row.map ? fmt::format("{:.6f}", *row.map) : "",
                        row.images_per_s);
  }
  return text;
}

}  // namespace y6q::train
