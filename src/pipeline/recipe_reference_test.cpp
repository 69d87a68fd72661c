#include <fmt/ranges.h>
#include <gmock/gmock.h>

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "base/files.h"
#include "data/recipe.h"
#include "pipeline/options.h"
#include "stages/calibrate.h"
#include "train/recipe.h"

// docs/reference/recipe.md names every setting of a recipe, and no other, with its default.
namespace y6q::pipeline {
namespace {

/// Trimmed, without the marks of Markdown.
std::string plain(std::string text) {
  for (const char mark : {'`', '*', '[', ']'}) std::erase(text, mark);
  const size_t first = text.find_first_not_of(' ');
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::vector<std::string> parts(const std::string& text, char separator) {
  std::vector<std::string> found;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) found.push_back(plain(part));
  return found;
}

/// Keys and defaults of the first table below a line. A row may have several keys, with one default each or
/// one for all.
std::map<std::string, std::string> settings_below(const std::string& title) {
  std::istringstream document(read_file(Y6Q_DOCUMENT));
  std::map<std::string, std::string> settings;
  std::string line;
  while (std::getline(document, line) && line != title) {
  }
  bool in_table = false;
  while (std::getline(document, line)) {
    if (!line.starts_with('|') && in_table) break;
    if (!line.starts_with("| `")) continue;
    in_table = true;
    const std::vector<std::string> cells = parts(line, '|');
    const std::vector<std::string> keys = parts(cells.at(1), ','), defaults = parts(cells.at(2), ',');
    for (size_t i = 0; i < keys.size(); ++i) {
      const bool has_own = defaults.size() == keys.size();
      EXPECT_TRUE(settings.emplace(keys[i], has_own ? defaults[i] : plain(cells[2])).second) << keys[i];
    }
  }
  return settings;
}

template <typename Options>
std::map<std::string, std::string> settings_of(const std::vector<Field<Options>>& fields) {
  std::map<std::string, std::string> settings;
  for (const auto& field : fields) {
    std::vector<std::string> elements = parts(field.text({}), ',');
    settings[field.name] = elements.empty() ? "none" : fmt::format("{}", fmt::join(elements, ", "));
  }
  return settings;
}

TEST(RecipeReference, NamesEverySettingWithItsDefault) {
  EXPECT_EQ(settings_below("## pipeline"), settings_of(part_fields()));
  auto train = settings_of(train::recipe_fields());
  train["augment"] = "";
  EXPECT_EQ(settings_below("## train"), train);
  EXPECT_EQ(settings_below("`augment`:"), settings_of(data::augment_fields()));
  EXPECT_EQ(settings_below("## calibrate"), settings_of(stages::calibration_fields()));
  EXPECT_EQ(settings_below("## bench"), settings_of(bench_fields()));
}

}  // namespace
}  // namespace y6q::pipeline
