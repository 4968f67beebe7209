#include "pipeline/receivers/emf/document.h"

#include <charconv>
#include <set>

#include "wire/document/document.h"
#include "wire/emf/emf.h"
#include "wire/json/json_writer.h"

namespace kansoku::pipeline::emf_listener {
namespace {

using wire::JsonWriter;
using wire::Node;

// CloudWatch Logs API Reference, CreateLogGroup and CreateLogStream.
constexpr size_t kNameBytesMax = 512;

bool is_list(const Node* node) { return node != nullptr && node->kind == Node::Kind::Sequence; }

bool is_group_name(std::string_view name) {
  const auto allowed = [](char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return letter || std::string_view(".-_/#").find(c) != std::string_view::npos;
  };
  return name.size() <= kNameBytesMax && std::ranges::all_of(name, allowed);
}
bool is_stream_name(std::string_view name) {
  return name.size() <= kNameBytesMax && name.find_first_of(":*") == std::string_view::npos;
}

// The text of the first of the members that is there and good.
template <class Good>
std::string name_in(const Node& metadata, std::initializer_list<std::string_view> members,
                    Good good) {
  for (const std::string_view member : members) {
    const Node* value = metadata.find(member);
    if (value != nullptr && value->quoted && !value->scalar.empty() && good(value->scalar))
      return value->scalar;
  }
  return {};
}

void write(const Node& node, JsonWriter& json) {
  switch (node.kind) {
    case Node::Kind::Null:
      return json.null();
    case Node::Kind::Scalar:
      return node.quoted ? json.string(node.scalar) : json.raw(node.scalar);
    case Node::Kind::Sequence:
      json.begin_array();
      for (const Node& item : node.items) write(item, json);
      return json.end_array();
    case Node::Kind::Mapping:
      json.begin_object();
      for (const Node::Entry& entry : node.entries) {
        json.key(entry.key);
        write(entry.value, json);
      }
      return json.end_object();
  }
}

// Definitions [begin, end) of each directive that go into one part.
struct Part {
  struct Slice {
    const Node* directive = nullptr;
    size_t begin = 0;
    size_t end = 0;
  };
  std::vector<Slice> slices;
  size_t metrics = 0;
};

std::vector<Part> parts_of(const Node& directives) {
  std::vector<Part> out(1);
  for (const Node& directive : directives.items) {
    const Node* metrics = directive.find("Metrics");
    const size_t count = is_list(metrics) ? metrics->items.size() : 0;
    size_t at = 0;
    do {
      if (out.back().metrics == wire::kEmfMetricsMax) out.emplace_back();
      const size_t take = std::min(count - at, wire::kEmfMetricsMax - out.back().metrics);
      out.back().slices.push_back({&directive, at, at + take});
      out.back().metrics += take;
      at += take;
    } while (at < count);
  }
  return out;
}

void write_directive(const Part::Slice& slice, JsonWriter& json) {
  if (slice.directive->kind != Node::Kind::Mapping) return write(*slice.directive, json);
  json.begin_object();
  for (const Node::Entry& entry : slice.directive->entries) {
    json.key(entry.key);
    if (entry.key != "Metrics" || !is_list(&entry.value)) {
      write(entry.value, json);
      continue;
    }
    json.begin_array();
    for (size_t i = slice.begin; i < slice.end; ++i) write(entry.value.items[i], json);
    json.end_array();
  }
  json.end_object();
}

// Names of the metrics that the part has.
std::set<std::string_view> names_of(const Part& part) {
  std::set<std::string_view> out;
  for (const Part::Slice& slice : part.slices) {
    const Node* metrics = slice.directive->find("Metrics");
    for (size_t i = slice.begin; i < slice.end; ++i) out.insert(metrics->items[i].text_of("Name"));
  }
  return out;
}

void add_dimensions(const Node& directive, std::set<std::string_view>& out) {
  const Node* sets = directive.find("Dimensions");
  if (!is_list(sets)) return;
  for (const Node& set : sets->items) {
    for (const Node& key : set.items) out.insert(key.scalar);
  }
}

// The document with the part's metrics; members that are values of other parts' metrics only are
// left out, all others are in each.
std::string text_of(const Node& root, const Part& part, const std::set<std::string_view>& others) {
  const std::set<std::string_view> own = names_of(part);
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  for (const Node::Entry& member : root.entries) {
    if (member.key != "_aws") {
      if (others.contains(member.key) && !own.contains(member.key)) continue;
      json.key(member.key);
      write(member.value, json);
      continue;
    }
    json.key(member.key);
    json.begin_object();
    for (const Node::Entry& entry : member.value.entries) {
      json.key(entry.key);
      if (entry.key != "CloudWatchMetrics") {
        write(entry.value, json);
        continue;
      }
      json.begin_array();
      for (const Part::Slice& slice : part.slices) write_directive(slice, json);
      json.end_array();
    }
    json.end_object();
  }
  json.end_object();
  return out;
}

std::vector<std::string> split(const Node& root, const Node& directives) {
  const std::vector<Part> parts = parts_of(directives);
  if (parts.size() == 1) return {};
  std::set<std::string_view> metrics;
  std::set<std::string_view> dimensions;
  for (const Part& part : parts) metrics.merge(names_of(part));
  for (const Node& directive : directives.items) add_dimensions(directive, dimensions);
  for (const std::string_view name : dimensions) metrics.erase(name);
  std::vector<std::string> out;
  for (const Part& part : parts) out.push_back(text_of(root, part, metrics));
  return out;
}

}  // namespace

std::optional<Document> read_document(std::string_view text) {
  if (!wire::may_be_emf(text)) return std::nullopt;
  const auto root = wire::parse_json(text);
  if (!root) return std::nullopt;
  const Node* metadata = root->find("_aws");
  if (metadata == nullptr || metadata->kind != Node::Kind::Mapping) return std::nullopt;
  const Node* directives = metadata->find("CloudWatchMetrics");
  if (!is_list(directives)) return std::nullopt;
  Document out;
  out.group = name_in(*metadata, {"LogGroupName", "LogGroup"}, is_group_name);
  out.stream = name_in(*metadata, {"LogStreamName"}, is_stream_name);
  if (const Node* timestamp = metadata->find("Timestamp");
      timestamp != nullptr && !timestamp->quoted && timestamp->kind == Node::Kind::Scalar) {
    int64_t ms = 0;
    const std::string& number = timestamp->scalar;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), ms);
    if (error == std::errc() && end == number.data() + number.size() && ms > 0)
      out.timestamp_ms = ms;
  }
  out.parts = split(*root, *directives);
  return out;
}

}  // namespace kansoku::pipeline::emf_listener
