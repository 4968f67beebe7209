#include "wire/document/document.h"
#include "wire/json/json_reader.h"

namespace kansoku::wire {
namespace {

// Builds the tree from the visitor's calls.
class TreeBuilder final : public TreeVisitor {
 public:
  bool begin_map() override { return open(Node::Kind::Mapping); }
  bool begin_list() override { return open(Node::Kind::Sequence); }
  bool end() override {
    Node node = std::move(stack_.back());
    stack_.pop_back();
    return add(std::move(node));
  }
  bool key(std::string_view name) override {
    keys_.emplace_back(name);
    return true;
  }
  bool text(std::string_view value) override { return scalar(std::string(value), true); }
  bool bytes(std::string_view value) override { return scalar(std::string(value), true); }
  bool integer(int64_t value) override { return scalar(fmt::format("{}", value), false); }
  bool number(double value) override { return scalar(fmt::format("{}", value), false); }
  bool boolean(bool value) override { return scalar(value ? "true" : "false", false); }
  bool null() override { return add({}); }
  Node take() { return std::move(root_); }

 private:
  bool open(Node::Kind kind) {
    stack_.emplace_back();
    stack_.back().kind = kind;
    return true;
  }
  bool scalar(std::string value, bool is_text) {
    Node node;
    node.kind = Node::Kind::Scalar;
    node.scalar = std::move(value);
    node.quoted = is_text;
    return add(std::move(node));
  }
  bool add(Node node) {
    if (stack_.empty()) {
      root_ = std::move(node);
    } else if (stack_.back().kind == Node::Kind::Sequence) {
      stack_.back().items.push_back(std::move(node));
    } else {
      stack_.back().entries.push_back({std::move(keys_.back()), {}, std::move(node)});
      keys_.pop_back();
    }
    return true;
  }

  std::vector<Node> stack_;
  std::vector<std::string> keys_;
  Node root_;
};

}  // namespace

Result<Node> parse_json(std::string_view text) {
  TreeBuilder builder;
  KANSOKU_RETURN_IF_ERROR(read_json(text, builder));
  return builder.take();
}

}  // namespace kansoku::wire
