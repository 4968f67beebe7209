#include "pipeline/dialects/cloudwatch_agent/merge.h"

namespace kansoku::pipeline::cloudwatch_agent {
namespace {

// Lists that append.
constexpr std::array<std::string_view, 4> kAppended{
    "/logs/logs_collected/files/collect_list", "/logs/logs_collected/windows_events/collect_list",
    "/metrics/metrics_collected/procstat", "/agent/usage_metadata"};
// An object or a list of them; different ones become a list.
constexpr std::array<std::string_view, 3> kListed{"/metrics/metrics_collected/jmx",
                                                  "/metrics/metrics_collected/otlp",
                                                  "/logs/metrics_collected/otlp"};
// What stands directly below is joined no further.
constexpr std::string_view kWhole = "/metrics/metrics_collected/";

template <size_t N>
bool has(const std::array<std::string_view, N>& list, std::string_view pointer) {
  return std::find(list.begin(), list.end(), pointer) != list.end();
}

void append(Node& into, Node from) {
  std::unordered_set<std::string> seen;
  for (const Node& item : into.items) seen.insert(wire::canonical(item));
  for (Node& item : from.items) {
    if (seen.insert(wire::canonical(item)).second) into.items.push_back(std::move(item));
  }
}

void as_list(Node& node) {
  if (node.kind == Node::Kind::Sequence) return;
  Node list;
  list.kind = Node::Kind::Sequence;
  list.at = node.at;
  list.items.push_back(std::move(node));
  node = std::move(list);
}

std::string shown(const Node& node) {
  if (node.kind == Node::Kind::Mapping) return "an object";
  if (node.kind == Node::Kind::Sequence) return "a list";
  return node.kind == Node::Kind::Null ? "null" : quoted(node.scalar);
}

class Merge {
 public:
  explicit Merge(Findings& findings) : findings_(findings) {}

  void values(Node& into, Node from, const std::string& pointer, std::string_view key) {
    const bool both_lists = into.kind == Node::Kind::Sequence && from.kind == Node::Kind::Sequence;
    if (both_lists && has(kAppended, pointer)) return append(into, std::move(from));
    if (wire::canonical(into) == wire::canonical(from)) return;
    if (has(kListed, pointer)) {
      as_list(into);
      as_list(from);
      return append(into, std::move(from));
    }
    const bool whole =
        pointer.starts_with(kWhole) && pointer.find('/', kWhole.size()) == std::string::npos;
    const bool both_objects = into.kind == Node::Kind::Mapping && from.kind == Node::Kind::Mapping;
    if (both_objects && !whole) return objects(into, std::move(from), pointer);
    findings_.problem(from.at, pointer,
                      fmt::format("different values are specified for {}: {} here, {} at {}", key,
                                  shown(from), shown(into), findings_.place(into.at)));
  }

  void objects(Node& into, Node from, const std::string& pointer) {
    for (Node::Entry& entry : from.entries) {
      auto known = std::find_if(into.entries.begin(), into.entries.end(),
                                [&](const Node::Entry& e) { return e.key == entry.key; });
      if (known == into.entries.end()) {
        into.entries.push_back(std::move(entry));
      } else {
        values(known->value, std::move(entry.value), wire::join_pointer(pointer, entry.key),
               entry.key);
      }
    }
  }

 private:
  Findings& findings_;
};

}  // namespace

void merge(Node& into, Node from, Findings& findings) {
  Merge(findings).values(into, std::move(from), "", "the document");
}

}  // namespace kansoku::pipeline::cloudwatch_agent
