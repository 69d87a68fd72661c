#include "data/yaml_fields.h"

namespace y6q::data {

std::string text_of(const YamlReader& reader, const YamlEntry& entry, const std::string& accepted) {
  if (!entry.value.IsSequence()) return reader.text(entry, accepted);
  std::string text;
  for (const YamlEntry& element : reader.elements(entry, "an element of " + entry.name)) {
    const std::string word = reader.text(element, accepted);
    if (word.empty() || word.find(',') != std::string::npos) reader.refuse(element, accepted);
    text.append(text.empty() ? "" : ",").append(word);
  }
  return text;
}

}  // namespace y6q::data
