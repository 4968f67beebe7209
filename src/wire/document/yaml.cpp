#include <yaml.h>

#include "wire/document/document.h"

namespace kansoku::wire {
namespace {

// Builds the tree from libyaml's events.
class Builder {
 public:
  Builder(std::string file, DocumentLimits limits) : file_(std::move(file)), limits_(limits) {}

  std::expected<Node, Problem> run(std::string_view text) {
    if (text.size() > limits_.bytes_max) {
      return problem({1, 1}, fmt::format("file too large: {} bytes, limit {}", text.size(),
                                         limits_.bytes_max));
    }
    yaml_parser_t parser;
    if (yaml_parser_initialize(&parser) == 0) return problem({1, 1}, "out of memory");
    yaml_parser_set_input_string(&parser, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
    bool done = false;
    while (!done && !failed_) {
      yaml_event_t event;
      if (yaml_parser_parse(&parser, &event) == 0) {
        fail({static_cast<uint32_t>(parser.problem_mark.line + 1),
              static_cast<uint32_t>(parser.problem_mark.column + 1)},
             parser.problem != nullptr ? parser.problem : "not YAML");
        break;
      }
      done = take(event);
      yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    if (failed_) return std::unexpected(*failed_);
    return std::move(root_);
  }

 private:
  struct Open {
    Node node;
    std::string key;
    Position key_at;
    bool have_key = false;
  };

  std::unexpected<Problem> problem(Position at, std::string message) {
    return std::unexpected(Problem{file_, at, pointer(), std::move(message)});
  }
  void fail(Position at, std::string message) {
    failed_ = Problem{file_, at, pointer(), std::move(message)};
  }
  std::string pointer() const {
    std::string out;
    for (const Open& open : stack_) {
      if (open.node.kind == Node::Kind::Mapping && open.have_key) out += "/" + open.key;
      if (open.node.kind == Node::Kind::Sequence) out += fmt::format("/{}", open.node.items.size());
    }
    return out.empty() ? "/" : out;
  }

  // True at the end of the stream.
  bool take(const yaml_event_t& event) {
    Position at{static_cast<uint32_t>(event.start_mark.line + 1),
                static_cast<uint32_t>(event.start_mark.column + 1)};
    switch (event.type) {
      case YAML_STREAM_END_EVENT:
        return true;
      case YAML_DOCUMENT_START_EVENT:
        if (++documents_ > 1) fail(at, "more than one document in the file");
        break;
      case YAML_ALIAS_EVENT:
        fail(at, "aliases are not supported in configuration files");
        break;
      case YAML_SCALAR_EVENT:
        scalar(event, at);
        break;
      case YAML_SEQUENCE_START_EVENT:
        open(Node::Kind::Sequence, at);
        break;
      case YAML_MAPPING_START_EVENT:
        open(Node::Kind::Mapping, at);
        break;
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT:
        close();
        break;
      default:
        break;
    }
    return false;
  }

  void open(Node::Kind kind, Position at) {
    if (stack_.size() >= limits_.depth_max) {
      fail(at, fmt::format("nested deeper than {} levels", limits_.depth_max));
      return;
    }
    if (!stack_.empty() && stack_.back().node.kind == Node::Kind::Mapping &&
        !stack_.back().have_key) {
      fail(at, "a key must be a plain word");
      return;
    }
    stack_.emplace_back();
    stack_.back().node.kind = kind;
    stack_.back().node.at = at;
  }

  void close() {
    Node node = std::move(stack_.back().node);
    stack_.pop_back();
    add(std::move(node));
  }

  void scalar(const yaml_event_t& event, Position at) {
    std::string value(reinterpret_cast<const char*>(event.data.scalar.value),
                      event.data.scalar.length);
    bool is_quoted = event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    if (!stack_.empty() && stack_.back().node.kind == Node::Kind::Mapping &&
        !stack_.back().have_key) {
      Open& top = stack_.back();
      if (top.node.find(value) != nullptr) {
        top.key = value;
        top.have_key = true;
        fail(at, fmt::format("key {} appears twice", quoted(value)));
        return;
      }
      top.key = std::move(value);
      top.key_at = at;
      top.have_key = true;
      return;
    }
    Node node;
    node.at = at;
    bool is_null = !is_quoted && (value.empty() || value == "null" || value == "~");
    node.kind = is_null ? Node::Kind::Null : Node::Kind::Scalar;
    node.scalar = std::move(value);
    node.quoted = is_quoted;
    add(std::move(node));
  }

  void add(Node node) {
    if (++nodes_ > limits_.nodes_max) {
      fail(node.at, fmt::format("more than {} values", limits_.nodes_max));
      return;
    }
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& top = stack_.back();
    if (top.node.kind == Node::Kind::Sequence) {
      top.node.items.push_back(std::move(node));
    } else {
      top.node.entries.push_back({std::move(top.key), top.key_at, std::move(node)});
      top.have_key = false;
    }
  }

  std::string file_;
  DocumentLimits limits_;
  std::vector<Open> stack_;
  Node root_;
  size_t nodes_ = 0;
  int documents_ = 0;
  std::optional<Problem> failed_;
};

}  // namespace

std::expected<Node, Problem> parse_yaml(std::string_view text, const std::string& file,
                                        DocumentLimits limits) {
  return Builder(file, limits).run(text);
}

}  // namespace kansoku::wire
