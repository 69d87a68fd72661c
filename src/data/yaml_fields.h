#pragma once

#include "base/fields.h"
#include "data/yaml_reader.h"

namespace y6q::data {

/// "epochs, batch_size, …".
template <typename T>
std::string names_of(const std::vector<Field<T>>& table) {
  std::string names;
  for (const Field<T>& field : table) names.append(names.empty() ? "" : ", ").append(field.name);
  return names;
}

/// Sets the field that the entry is named for. False: the table has none of that name. Throws InputError for
/// a value that is not accepted.
template <typename T>
bool set_field(const std::vector<Field<T>>& table, const YamlReader& reader, const YamlEntry& entry,
               T& options) {
  const auto field = std::ranges::find(table, entry.name, &Field<T>::name);
  if (field == table.end()) return false;
  if (field->kind == Field<T>::Kind::list && entry.value.IsSequence()) {
    std::string list;
    for (const YamlEntry& element : reader.elements(entry, "an element of " + entry.name)) {
      const std::string word = reader.text(element, field->accepted);
      T alone = options;
      if (word.find(',') != std::string::npos || !field->set(alone, word)) {
        reader.refuse(element, field->accepted);
      }
      list.append(list.empty() ? "" : ",").append(word);
    }
    if (!field->set(options, list)) reader.refuse(entry, field->accepted + ", or a list of such");
  } else if (!field->set(options, reader.text(entry, field->accepted))) {
    reader.refuse(entry,
                  field->accepted + (field->kind == Field<T>::Kind::list ? ", or a list of such" : ""));
  }
  return true;
}

/// A map of nothing but fields. Throws InputError for other keys as well.
template <typename T>
void set_fields(const std::vector<Field<T>>& table, const YamlReader& reader, const YamlEntry& map,
                T& options) {
  for (const YamlEntry& entry : reader.entries(map, names_of(table))) {
    if (!set_field(table, reader, entry, options)) reader.refuse_key(entry, names_of(table));
  }
}

}  // namespace y6q::data
