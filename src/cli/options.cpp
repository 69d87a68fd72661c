#include "cli/options.h"

#include <charconv>
#include <string>

#include "base/device_name.h"
#include "base/errors.h"

namespace y6q::cli {

namespace {

constexpr int64_t kLargestSide = 8192, kStride = 32;

std::string multiple_of_stride(const std::string& side) {
  const int64_t below = std::stoll(side) / kStride * kStride;
  if (std::stoll(side) == below) return "";
  return side + " is not a multiple of " + std::to_string(kStride) + "; " + std::to_string(below) + " and " +
         std::to_string(below + kStride) + " are";
}

/// "384x640" as "384" and "640", "320" as twice that.
std::array<std::string, 2> sides_of(const std::string& size) {
  const size_t cross = size.find('x');
  return {size.substr(0, cross), cross == std::string::npos ? size : size.substr(cross + 1)};
}

std::string no_image_size(const std::string& size) {
  for (const std::string& side : sides_of(size)) {
    int64_t pixels = 0;
    const auto [end, error] = std::from_chars(side.data(), side.data() + side.size(), pixels);
    if (error != std::errc() || end != side.data() + side.size() || pixels < kStride || pixels > kLargestSide)
      return "'" + size + "' is no image size; accepted: 320, or 384x640 (height, width)";
    if (std::string message = multiple_of_stride(side); !message.empty()) return message;
  }
  return "";
}

/// CLI11 takes -1 for 2^64 - 1.
std::string no_seed(const std::string& text) {
  uint64_t seed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  const bool is_seed = error == std::errc() && end == text.data() + text.size();
  return is_seed ? "" : "'" + text + "' is not a whole number from 0 to 18446744073709551615";
}

std::string no_device(const std::string& text) {
  try {
    device_names(text);
    return "";
  } catch (const UsageError& error) {
    return error.what();
  }
}

}  // namespace

CLI::Option* add_data(CLI::App& app, std::filesystem::path& data) {
  return app
      .add_option("--data", data,
                  "Data set: a data.yaml (YOLO), a COCO instances JSON, or a Pascal VOC folder")
      ->required()
      ->group(kDataGroup);
}

CLI::Option* add_weights(CLI::App& app, std::filesystem::path& weights) {
  return app.add_option("--weights", weights, "Model file to read")->required()->group(kModelGroup);
}

CLI::Option* add_out(CLI::App& app, std::filesystem::path& out, const char* what) {
  return app.add_option("--out", out, what)->required()->group(kOutputGroup);
}

CLI::Option* add_image_size(CLI::App& app, std::array<int64_t, 2>& size) {
  return app
      .add_option_function<std::vector<int64_t>>(
          "--img-size",
          [&size](const std::vector<int64_t>& sides) {
            size = {sides.front(), sides.back()};
          },
          "Input size of the network in pixels, multiples of 32: one number for a square, or height and "
          "width")
      ->expected(1, 2)
      ->check(CLI::Range(kStride, kLargestSide))
      ->check(CLI::Validator(multiple_of_stride, ""))
      ->default_str(std::to_string(size[0]))
      ->group(kModelGroup);
}

CLI::Option* add_image_sizes(CLI::App& app, std::vector<std::array<int64_t, 2>>& sizes) {
  return app
      .add_option_function<std::vector<std::string>>(
          "--img-sizes",
          [&sizes](const std::vector<std::string>& texts) {
            sizes.clear();
            for (const std::string& text : texts) {
              const auto [height, width] = sides_of(text);
              sizes.push_back({std::stoll(height), std::stoll(width)});
            }
          },
          "Input sizes of the networks in pixels, multiples of 32, separated by commas: 320 for a square, or "
          "384x640 (height, width)")
      ->delimiter(',')
      ->check(CLI::Validator(no_image_size, ""))
      ->group(kModelGroup);
}

CLI::Option* add_batch_size(CLI::App& app, int64_t& batch_size) {
  return app.add_option("--batch-size", batch_size, "Number of images in a batch")
      ->check(CLI::Range(int64_t{1}, int64_t{4096}))
      ->capture_default_str()
      ->group(kDataGroup);
}

CLI::Option* add_workers(CLI::App& app, int& workers) {
  return app
      .add_option("--workers", workers, "Number of threads that load images; the results do not depend on it")
      ->check(CLI::Range(0, 256))
      ->capture_default_str()
      ->group(kMachineGroup);
}

CLI::Option* add_threads(CLI::App& app, int& threads) {
  return app.add_option("--threads", threads, "Number of threads that compute; 0 means one for each core")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str()
      ->group(kMachineGroup);
}

CLI::Option* add_seed(CLI::App& app, uint64_t& seed) {
  return app.add_option("--seed", seed, "Seed of the random numbers")
      ->check(CLI::Validator(no_seed, ""))
      ->capture_default_str()
      ->group(kMachineGroup);
}

CLI::Option* add_seed(CLI::App& app, std::optional<uint64_t>& seed) {
  return app.add_option("--seed", seed, "Seed of the random numbers (default: the recipe's, else 0)")
      ->check(CLI::Validator(no_seed, ""))
      ->group(kMachineGroup);
}

CLI::Option* add_device(CLI::App& app, std::string& device) {
  return app
      .add_option("--device", device,
                  "Device that LibTorch computes on: cpu, cuda, cuda:N; with several processes a list, such "
                  "as 0,1, one "
                  "for each of this machine's")
      ->check(CLI::Validator(no_device, ""))
      ->capture_default_str()
      ->group(kMachineGroup);
}

CLI::Option* add_engine(CLI::App& app, engine::Kind& kind, bool* by_trtexec) {
  constexpr const char* kTrtexec = "tensorrt";
  std::vector<std::string> names = all_names<engine::Kind>();
  if (by_trtexec != nullptr) names.emplace_back(kTrtexec);
  const auto set = [&kind, by_trtexec](const std::string& name) {
    if (by_trtexec != nullptr) *by_trtexec = name == kTrtexec;
    if (name != kTrtexec) kind = from_name<engine::Kind>(name);
  };
  return app.add_option_function<std::string>("--engine", set, "Engine that runs exported files")
      ->check(CLI::IsMember(names))
      ->default_str(std::string(name_of(kind)))
      ->group(kModelGroup);
}

CLI::Option* add_classes(CLI::App& app, std::vector<std::string>& classes, const char* what) {
  return app.add_option("--classes", classes, what)->delimiter(',')->group(kDataGroup);
}

void add_example(CLI::App& app, const char* commands) { app.footer(std::string("Example:\n  ") + commands); }

}  // namespace y6q::cli
