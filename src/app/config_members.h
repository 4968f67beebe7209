// Keys of components of the configuration as tables: parsing, unknown-key guesses and the reference
// page come from them. Internal to app/.
#pragma once

#include <string>
#include <vector>

#include "base/time/zone.h"
#include "wire/document/document.h"

namespace kansoku::app {

using wire::Node;
using wire::Problem;
using wire::Reader;

// One key of a component.
template <class Config>
struct Member {
  std::string_view key;
  std::string_view values;     // for people
  std::string_view otherwise;  // the default, for people
  std::string_view doc;
  void (*read)(Reader& reader, std::string_view key, Config& config);
};

template <class Config, size_t N>
void read_members(const Node& node, const std::string& file, const std::string& pointer,
                  const Member<Config> (&members)[N], Config& config,
                  std::vector<Problem>& problems) {
  Reader reader(node, file, pointer, problems);
  for (const Member<Config>& member : members) member.read(reader, member.key, config);
  reader.finish();
}

template <class Config, size_t N>
std::string reference_of(std::string_view section, const Member<Config> (&members)[N]) {
  std::string out = fmt::format(
      "\n### `{}`\n\n| key | values | default | meaning |\n| --- | --- | --- | --- |\n", section);
  for (const Member<Config>& member : members) {
    out += fmt::format("| `{}` | {} | {} | {} |\n", member.key, member.values,
                       member.otherwise.empty() ? "none" : member.otherwise, member.doc);
  }
  return out;
}

// A zone by its name in the system's tz database, or "local".
void read_zone(Reader& reader, std::string_view key, Zone& out);

}  // namespace kansoku::app
