#include "cli/suggestion.h"

#include <algorithm>

namespace y6q::cli {
namespace {

struct Alias {
  std::string_view other, ours;
};

/// What Ultralytics, PyTorch's examples and NVIDIA's tools call it.
constexpr Alias kAliases[] = {{"val", "eval"},
                              {"validate", "eval"},
                              {"test", "eval"},
                              {"predict", "detect"},
                              {"infer", "detect"},
                              {"benchmark", "bench"},
                              {"ptq", "calibrate"},
                              {"quantize", "calibrate"},
                              {"checks", "doctor"},
                              {"info", "inspect"},
                              {"--imgsz", "--img-size"},
                              {"--img", "--img-size"},
                              {"--size", "--img-size"},
                              {"--batch", "--batch-size"},
                              {"--conf", "--conf-thres"},
                              {"--iou", "--iou-thres"},
                              {"--conf-thres", "--conf"},
                              {"--iou-thres", "--iou"},
                              {"--data-path", "--data"},
                              {"--conf-file", "--recipe"},
                              {"--output-dir", "--out"},
                              {"--num-workers", "--workers"},
                              {"--format", "--target"},
                              {"--teacher-model-path", "--teacher"},
                              {"--model", "--weights"},
                              {"--checkpoint", "--weights"},
                              {"--project", "--out"},
                              {"--name", "--out"},
                              {"--output", "--out"},
                              {"--save-dir", "--out"},
                              {"--cfg", "--recipe"},
                              {"--hyp", "--recipe"},
                              {"--lr0", "--recipe"},
                              {"--patience", "--recipe"},
                              {"--freeze", "--recipe"},
                              {"--nproc", "--processes"},
                              {"--gpus", "--device"},
                              {"--nms-thres", "--iou-thres"}};

/// Letters that are put in, left out, exchanged, or swapped with their neighbour to make one word of the
/// other.
size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> needed(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        needed[i][j] = i + j;
        continue;
      }
      const size_t exchanged = needed[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      needed[i][j] = std::min({needed[i - 1][j] + 1, needed[i][j - 1] + 1, exchanged});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        needed[i][j] = std::min(needed[i][j], needed[i - 2][j - 2] + 1);
    }
  }
  return needed[a.size()][b.size()];
}

}  // namespace

std::string meant_by(std::string_view given, const std::vector<std::string>& known) {
  for (const Alias& alias : kAliases) {
    if (alias.other == given && std::ranges::find(known, alias.ours) != known.end())
      return std::string(alias.ours);
  }
  std::string best;
  size_t fewest = given.size() / 3 + 1;
  for (const std::string& word : known) {
    if (const size_t needed = edits(given, word); needed < fewest) {
      fewest = needed;
      best = word;
    }
  }
  return best;
}

}  // namespace y6q::cli
