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

/// The entry as text: a scalar as it stands, a list with commas. Refuses what is neither.
std::string text_of(const YamlReader& reader, const YamlEntry& entry, const std::string& accepted);

/// Sets the field that the entry is named for. False: the table has none of that name. Throws InputError for
/// a value that is not accepted.
template <typename T>
bool set_field(const std::vector<Field<T>>& table, const YamlReader& reader, const YamlEntry& entry,
               T& options) {
  const auto field = std::ranges::find(table, entry.name, &Field<T>::name);
  if (field == table.end()) return false;
  const bool is_list = field->kind == Field<T>::Kind::list;
  if (entry.value.IsSequence() && !is_list) reader.refuse(entry, field->accepted);
  if (!field->set(options, text_of(reader, entry, field->accepted))) reader.refuse(entry, field->accepted);
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
