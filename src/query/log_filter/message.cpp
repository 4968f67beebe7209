#include <charconv>

#include "query/log_filter/tree.h"
#include "store/json_leaves.h"
#include "wire/json/json_reader.h"
#include "wire/json/json_writer.h"

namespace kansoku::query::log_filter {
namespace {

using Json = Message::Json;
using Kind = Json::Kind;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Builds the nodes, with the limits of store/json_leaves.h so that a pattern sees the same fields
// with and without the engine's help.
class TreeBuilder final : public wire::TreeVisitor {
 public:
  explicit TreeBuilder(Json& json) : json_(json) {}

  bool begin_map() override { return begin(Kind::Map); }
  bool begin_list() override { return !levels_.empty() && begin(Kind::List); }
  bool end() override {
    path_bytes_ = levels_.back().path_bytes;
    levels_.pop_back();
    return true;
  }
  bool key(std::string_view name) override {
    key_.assign(name);
    return true;
  }
  bool text(std::string_view value) override {
    Json::Node* node = leaf(Kind::Text);
    if (node == nullptr) return false;
    node->text.assign(value);
    return true;
  }
  bool bytes(std::string_view) override { return false; }
  bool integer(int64_t value) override {
    Json::Node* node = leaf(Kind::Integer);
    if (node == nullptr) return false;
    node->integer = value;
    return true;
  }
  bool number(double value) override {
    Json::Node* node = leaf(Kind::Float);
    if (node == nullptr) return false;
    node->number = value;
    return true;
  }
  bool boolean(bool value) override {
    Json::Node* node = leaf(Kind::Bool);
    if (node == nullptr) return false;
    node->truth = value;
    return true;
  }
  bool null() override { return !levels_.empty() && add(Kind::Null) != nullptr; }

 private:
  struct Level {
    uint32_t node = 0;
    uint32_t last = 0;  // child
    size_t items = 0;
    size_t path_bytes = 0;  // of the path of `node`
  };

  bool begin(Kind kind) {
    const size_t before = path_bytes_;
    const Json::Node* node = add(kind);
    const auto index = static_cast<uint32_t>(node - json_.nodes.data());
    levels_.push_back({index, 0, 0, before});
    path_bytes_ = step_bytes_;
    return true;
  }
  Json::Node* leaf(Kind kind) {
    if (levels_.empty()) return nullptr;  // the whole is no object
    Json::Node* node = add(kind);
    if (leaves_ == store::kJsonLeavesMax || step_bytes_ > store::kEventPathBytesMax) {
      node->kind = Kind::Beyond;
    } else {
      ++leaves_;
    }
    return node;
  }
  Json::Node* add(Kind kind) {
    const auto index = static_cast<uint32_t>(json_.nodes.size());
    Json::Node& node = json_.nodes.emplace_back();
    node.kind = kind;
    step_bytes_ = path_bytes_;
    if (levels_.empty()) return &node;
    Level& above = levels_.back();
    std::string level;
    if (json_.nodes[above.node].kind == Kind::Map) {
      store::append_path_level(key_, level);
      if (levels_.size() == 1 && key_.starts_with('@')) level += '@';
      node.key = std::move(key_);
      key_.clear();
    } else {
      level = std::to_string(above.items);
    }
    step_bytes_ = path_bytes_ + (path_bytes_ > 0 ? 1 : 0) + level.size();
    ++above.items;
    (above.last == 0 ? json_.nodes[above.node].first : json_.nodes[above.last].next) = index;
    above.last = index;
    return &json_.nodes[index];
  }

  Json& json_;
  std::vector<Level> levels_;
  std::string key_;
  size_t path_bytes_ = 0;  // of the innermost container
  size_t step_bytes_ = 0;  // of the node that was added last
  size_t leaves_ = 0;
};

// From an opening sign to its closing one, or nothing.
std::optional<std::string_view> bracketed(std::string_view text, size_t at) {
  const char closing = text[at] == '[' ? ']' : '"';
  if (text[at] != '[' && text[at] != '"') return std::nullopt;
  const size_t end = text.find(closing, at + 1);
  if (end == std::string_view::npos) return std::nullopt;
  return text.substr(at + 1, end - at - 1);
}

}  // namespace

Message::Message(std::string_view text) : text_(text) {}
Message::~Message() = default;

const Message::Json* Message::json() {
  if (json_read_) return json_.get();
  json_read_ = true;
  const size_t begin = text_.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos || text_[begin] != '{') return nullptr;
  auto json = std::make_unique<Json>();
  TreeBuilder builder(*json);
  if (wire::read_json(text_, builder)) json_ = std::move(json);
  return json_.get();
}

const std::vector<std::string_view>& Message::fields() {
  if (fields_) return *fields_;
  fields_.emplace();
  size_t at = 0;
  while (true) {
    while (at < text_.size() && is_blank(text_[at])) ++at;
    if (at == text_.size()) return *fields_;
    if (const auto inside = bracketed(text_, at)) {
      fields_->push_back(*inside);
      at += inside->size() + 2;
      continue;
    }
    const size_t begin = at;
    while (at < text_.size() && !is_blank(text_[at])) ++at;
    fields_->push_back(text_.substr(begin, at - begin));
  }
}

std::string Message::Json::Node::shown() const {
  switch (kind) {
    case Kind::Text:
      return text;
    case Kind::Bool:
      return truth ? "true" : "false";
    case Kind::Integer:
      return std::to_string(integer);
    case Kind::Float: {
      std::string out;
      wire::append_json_number(out, number);
      return out;
    }
    default:
      return {};
  }
}

std::vector<const Message::Json::Node*> select(const Message::Json& json, const Steps& steps) {
  std::vector<const Json::Node*> at{json.nodes.data()};
  for (const Selector::Step& step : steps) {
    std::vector<const Json::Node*> next;
    for (const Json::Node* node : at) {
      const bool member = step.kind == Selector::Step::Kind::Member;
      if (node->kind != (member ? Kind::Map : Kind::List)) continue;
      size_t item = 0;
      for (uint32_t child = node->first; child != 0; child = json.nodes[child].next, ++item) {
        const Json::Node& one = json.nodes[child];
        const bool taken = member ? one.key == step.name
                                  : step.kind == Selector::Step::Kind::AnyItem || item == step.item;
        if (!taken) continue;
        if (one.kind != Kind::Beyond) next.push_back(&one);
        if (step.kind != Selector::Step::Kind::AnyItem) break;  // of equal names the first counts
      }
    }
    at = std::move(next);
  }
  return at;
}

std::optional<std::string> path_of(const Steps& steps) {
  std::string out;
  for (const Selector::Step& step : steps) {
    switch (step.kind) {
      case Selector::Step::Kind::AnyItem:
        return std::nullopt;
      case Selector::Step::Kind::Item:
        store::append_path_level(std::to_string(step.item), out);
        break;
      case Selector::Step::Kind::Member:
        store::append_path_level(
            out.empty() && step.name.starts_with('@') ? "@" + step.name : step.name, out);
        break;
    }
  }
  if (steps.empty()) return std::nullopt;
  return out;
}

}  // namespace kansoku::query::log_filter
