#include <regex>
#include <sstream>

#include "engine/engine.h"
#include "hostile/contract.h"

// docs/reference/bad-inputs.md is the table: each row is tried as it stands there.
namespace y6q::hostile {
namespace {

struct Row {
  int number = 0;  ///< line of the document
  std::string command, message;
  int code = 0;
};

/// Cells of "| a | b |", without backticks; `\|` is no border.
std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::string cell;
  for (size_t i = 1; i < line.size(); ++i) {
    if (line[i] == '|' && line[i - 1] != '\\') {
      const size_t first = cell.find_first_not_of(" `"), last = cell.find_last_not_of(" `");
      cells.push_back(first == cell.npos ? "" : cell.substr(first, last - first + 1));
      cell.clear();
    } else if (line[i] != '\\' || i + 1 == line.size() || line[i + 1] != '|') {
      cell += line[i];
    }
  }
  return cells;
}

std::vector<Row> rows_of(const std::string& document) {
  std::vector<Row> rows;
  std::istringstream lines(document);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (!line.starts_with("| `yolov6q ")) continue;
    const auto cells = cells_of(line);
    if (cells.size() == 3) rows.push_back({number, cells[0], cells[2], std::stoi(cells[1])});
  }
  return rows;
}

/// "…" stands for anything.
bool fits(const std::string& line, const std::string& message) {
  static const std::regex kSpecial(R"([.^$|()\[\]{}*+?\\])");
  std::string pattern = std::regex_replace(message, kSpecial, R"(\$&)");
  for (size_t at = 0; (at = pattern.find("…")) != pattern.npos;)
    pattern.replace(at, std::string("…").size(), ".*");
  return std::regex_match(line, std::regex(pattern));
}

class BadInputs : public Contract {
 protected:
  /// What the rows name.
  void make_files() const {
    make_set();
    make_weights();
    make_calibrated();
    ASSERT_EQ(
        run({"export", "--weights", folder_ / "float.safetensors", "--out", folder_ / "float.onnx"}).code, 0);
    ASSERT_EQ(run({"convert", "--weights", folder_ / "float.safetensors", "--out", folder_ / "net.pt"}).code,
              0);
    coco_eval();
    write("photo.jpg", bytes("set/images/val/000001.jpg"));
    write("empty.onnx", "");
    write("cut.safetensors", bytes("float.safetensors").substr(0, 5000));
    write("cut.onnx", bytes("float.onnx").substr(0, 5000));
    write("notes.txt", "nothing of interest\n");
    write("recipe.yaml", "epochs: many\n");
    write("unknown-key.yaml", "epoch: 3\n");
    write("dt-3-numbers.json", R"([{"image_id": 1, "category_id": 3, "bbox": [1, 2, 3], "score": 1}])");
    write("dt-other-image.json", R"([{"image_id": 9, "category_id": 3, "bbox": [1, 2, 3, 4], "score": 1}])");
    write("no-names.yaml", "train: set/images/train\nval: set/images/val\n");
    write("two-classes.yaml", "train: set/images/train\nval: set/images/val\nnames: [disc, square]\n");
    write("no-folder.yaml", "path: elsewhere\ntrain: images/train\nval: images/val\nnames: [a]\n");
  }
};

TEST_F(BadInputs, EndAsTheDocumentSaysAndLeaveNothingBehind) {
  if (!engine::supports(engine::Kind::openvino, engine::Precision::fp32))
    GTEST_SKIP() << "built without OpenVINO";
  make_files();
  const auto rows = rows_of(read_file(Y6Q_DOCUMENT));
  EXPECT_GE(rows.size(), 40U);
  const auto before = files();
  const std::string program = fs::path(Y6Q_PROGRAM).parent_path();
  for (const Row& row : rows) {
    const Outcome outcome = support::run(
        "/bin/sh", {"-c", "cd " + folder_.quoted() + " && PATH=" + program + ":$PATH && " + row.command});
    EXPECT_EQ(outcome.code, row.code) << "line " << row.number << ": " << outcome.err;
    // Progress and what was read of the data stand before.
    std::istringstream lines(outcome.err);
    bool found = false;
    for (std::string line; std::getline(lines, line);) found |= fits(line, "yolov6q: " + row.message);
    EXPECT_TRUE(found) << "line " << row.number << ", " << row.command << "\n" << outcome.err;
    EXPECT_EQ(outcome.out, "") << "line " << row.number;
    EXPECT_EQ(files(), before) << "line " << row.number;
  }
}

}  // namespace
}  // namespace y6q::hostile
