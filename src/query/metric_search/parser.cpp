#include "query/metric_search/tree.h"

namespace kansoku::query::metric_search {
namespace {

using NodePtr = std::shared_ptr<const Node>;
using Parsed = std::expected<NodePtr, Problem>;

constexpr std::string_view kSpaces = " \t\r\n";

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::expected<void, Problem> run(std::optional<Schema>& schema, NodePtr& root) {
    if (text_.size() > kSearchBytesMax) {
      return problem(
          0, fmt::format("search of {} characters, limit {}", text_.size(), kSearchBytesMax));
    }
    skip();
    if (peek('{')) {
      auto read = read_schema();
      if (!read) return std::unexpected(std::move(read).error());
      schema = std::move(*read);
      skip();
    }
    if (at_ == text_.size()) {
      if (schema) return {};
      return problem(at_, "a search holds a schema in braces, a term, or both");
    }
    auto tree = any_of("");
    if (!tree) return std::unexpected(std::move(tree).error());
    if (at_ < text_.size()) return problem(at_, "a ) without its (");
    root = std::move(*tree);
    return {};
  }

 private:
  std::unexpected<Problem> problem(size_t at, std::string message) const {
    return std::unexpected(Problem{at, std::move(message)});
  }
  // A comma on its own separates, as behind the schema in the guide's examples.
  void skip() {
    while (at_ < text_.size() &&
           (kSpaces.find(text_[at_]) != std::string_view::npos || text_[at_] == ',')) {
      ++at_;
    }
  }
  bool peek(char c) const { return at_ < text_.size() && text_[at_] == c; }
  bool take(char c) {
    skip();
    if (!peek(c)) return false;
    ++at_;
    return true;
  }
  // An operator in capitals, as a word of its own.
  bool peek_word(std::string_view word) {
    skip();
    if (!text_.substr(at_).starts_with(word)) return false;
    size_t end = at_ + word.size();
    return end == text_.size() || kSpaces.find(text_[end]) != std::string_view::npos ||
           text_[end] == '(' || text_[end] == ')' || text_[end] == '"';
  }
  bool take_word(std::string_view word) {
    if (!peek_word(word)) return false;
    at_ += word.size();
    return true;
  }

  std::expected<std::string, Problem> quoted_text() {
    size_t begin = at_++;
    std::string out;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      out += text_[at_++];
    }
    if (at_ == text_.size()) return problem(begin, "a quote is not closed");
    ++at_;
    return out;
  }
  // Up to what ends a term; a backslash takes the next character as it is.
  std::string bare_text(std::string_view ends) {
    std::string out;
    while (at_ < text_.size() && ends.find(text_[at_]) == std::string_view::npos) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      out += text_[at_++];
    }
    return out;
  }

  std::expected<std::string, Problem> schema_name() {
    while (at_ < text_.size() && kSpaces.find(text_[at_]) != std::string_view::npos) ++at_;
    size_t begin = at_;
    if (peek('"')) {
      auto name = quoted_text();
      while (at_ < text_.size() && kSpaces.find(text_[at_]) != std::string_view::npos) ++at_;
      return name;
    }
    std::string name = bare_text(",}{\"");
    size_t last = name.find_last_not_of(kSpaces);
    if (last == std::string::npos) return problem(begin, "a name is missing in the schema");
    name.resize(last + 1);
    return name;
  }

  std::expected<Schema, Problem> read_schema() {
    size_t begin = at_++;
    Schema out;
    auto name = schema_name();
    if (!name) return std::unexpected(std::move(name).error());
    out.metric_namespace = std::move(*name);
    while (peek(',')) {
      ++at_;
      auto dimension = schema_name();
      if (!dimension) return std::unexpected(std::move(dimension).error());
      out.dimensions.push_back(std::move(*dimension));
    }
    if (!peek('}')) {
      return at_ == text_.size() ? problem(begin, "a } is missing")
                                 : problem(at_, "a , or } is expected");
    }
    ++at_;
    std::ranges::sort(out.dimensions);
    if (std::ranges::adjacent_find(out.dimensions) != out.dimensions.end()) {
      return problem(begin, "the schema names a dimension twice");
    }
    return out;
  }

  static NodePtr join(NodeKind kind, std::vector<NodePtr> children) {
    if (children.size() == 1) return std::move(children.front());
    auto node = std::make_shared<Node>();
    node->kind = kind;
    node->children = std::move(children);
    return node;
  }

  Parsed any_of(std::string_view property) {
    if (++depth_ > kDepthMax) {
      return problem(at_, fmt::format("nested deeper than {}", kDepthMax));
    }
    std::vector<NodePtr> children;
    do {
      auto child = all_of(property);
      if (!child) return child;
      children.push_back(std::move(*child));
    } while (take_word("OR"));
    --depth_;
    return join(NodeKind::Or, std::move(children));
  }

  // Terms beside each other, with or without AND.
  Parsed all_of(std::string_view property) {
    std::vector<NodePtr> children;
    while (true) {
      auto child = one_of(property);
      if (!child) return child;
      children.push_back(std::move(*child));
      skip();
      if (take_word("AND")) continue;
      if (at_ == text_.size() || peek(')') || peek_word("OR")) break;
    }
    return join(NodeKind::And, std::move(children));
  }

  Parsed one_of(std::string_view property) {
    skip();
    size_t begin = at_;
    if (take_word("NOT")) {
      if (++depth_ > kDepthMax) {
        return problem(begin, fmt::format("nested deeper than {}", kDepthMax));
      }
      auto child = one_of(property);
      if (!child) return child;
      --depth_;
      auto node = std::make_shared<Node>();
      node->kind = NodeKind::Not;
      node->children.push_back(std::move(*child));
      return NodePtr(std::move(node));
    }
    if (at_ == text_.size()) return problem(at_, "the search ends where a term is expected");
    if (peek_word("AND") || peek_word("OR")) return problem(at_, "a term is expected before this");
    if (take('(')) return group(begin, property);
    if (peek('{') || peek('}')) return problem(at_, "a schema stands at the beginning only");
    if (peek(')') || peek('=')) return problem(at_, "a term is expected");
    return term(property);
  }

  Parsed group(size_t begin, std::string_view property) {
    auto inner = any_of(property);
    if (inner && !take(')')) return problem(begin, "a ) is missing");
    return inner;
  }

  // A term, or PROPERTY=term, or PROPERTY=(terms).
  Parsed term(std::string_view property) {
    size_t begin = at_;
    bool exact = peek('"');
    std::string text;
    if (exact) {
      auto read = quoted_text();
      if (!read) return std::unexpected(std::move(read).error());
      text = std::move(*read);
    } else {
      text = bare_text(" \t\r\n\"(){}=");
    }
    size_t behind = at_;
    skip();
    if (!peek('=')) {
      at_ = behind;
      return leaf(begin, property, std::move(text), exact);
    }
    if (!property.empty()) return problem(begin, "a property inside a property");
    if (text.empty()) return problem(begin, "a property has no name");
    ++at_;
    skip();
    size_t value_at = at_;
    if (take('(')) return group(value_at, text);
    if (at_ == text_.size() || peek(')') || peek('=')) {
      return problem(at_, fmt::format("{} has no value", text));
    }
    if (peek('"')) {
      auto read = quoted_text();
      if (!read) return std::unexpected(std::move(read).error());
      return leaf(value_at, text, std::move(*read), true);
    }
    if (peek('\'')) {
      ++at_;
      std::string value = bare_text("'");
      if (at_ == text_.size()) return problem(value_at, "a quote is not closed");
      ++at_;
      return leaf(value_at, text, std::move(value), true);
    }
    std::string value = bare_text(" \t\r\n\"(){}=");
    return leaf(value_at, text, std::move(value), false);
  }

  Parsed leaf(size_t begin, std::string_view property, std::string text, bool exact) {
    auto node = std::make_shared<Node>();
    node->property = property;
    // Accounts are named, not searched.
    if (exact || property == kAccountId) {
      node->kind = NodeKind::Exact;
      node->exact = std::move(text);
      return NodePtr(std::move(node));
    }
    node->kind = NodeKind::Partial;
    node->partial.emplace(text);
    if (node->partial->empty()) {
      return problem(begin, fmt::format("{} has no letter or digit", quoted(text)));
    }
    return NodePtr(std::move(node));
  }

  std::string_view text_;
  size_t at_ = 0;
  size_t depth_ = 0;
};

// Exact properties that no operator but AND stands above.
void collect_required(const Node& node, std::vector<Required>& out) {
  if (node.kind == NodeKind::And) {
    for (const NodePtr& child : node.children) collect_required(*child, out);
  }
  if (node.kind == NodeKind::Exact && !node.property.empty() && node.property != kAccountId) {
    out.push_back({node.property, node.exact});
  }
}

// Calls `test` with every text that a term may be found in, until one passes.
template <class Test>
bool found_in(const Candidate& candidate, std::string_view property, Test test) {
  bool everywhere = property.empty();
  if ((everywhere || property == kMetricName) && test(candidate.metric_name)) return true;
  if ((everywhere || property == kNamespace) && test(candidate.metric_namespace)) return true;
  for (const auto& [name, value] : candidate.dimensions) {
    if (everywhere && test(std::string_view(name))) return true;
    if ((everywhere || property == name) && test(std::string_view(value))) return true;
  }
  return false;
}

bool holds(const Node& node, const Candidate& candidate) {
  auto child_holds = [&](const NodePtr& child) { return holds(*child, candidate); };
  switch (node.kind) {
    case NodeKind::And:
      return std::ranges::all_of(node.children, child_holds);
    case NodeKind::Or:
      return std::ranges::any_of(node.children, child_holds);
    case NodeKind::Not:
      return !holds(*node.children.front(), candidate);
    case NodeKind::Partial:
      return found_in(candidate, node.property,
                      [&](std::string_view text) { return node.partial->matches(text); });
    case NodeKind::Exact:
      if (node.property == kAccountId) {
        return node.exact == candidate.account || node.exact == kLocalAccount;
      }
      return found_in(candidate, node.property,
                      [&](std::string_view text) { return text == node.exact; });
  }
  return false;
}

}  // namespace

std::expected<Search, Problem> Search::parse(std::string_view text) {
  Search out;
  auto read = Parser(text).run(out.schema_, out.root_);
  if (!read) return std::unexpected(std::move(read).error());
  if (out.root_ != nullptr) collect_required(*out.root_, out.required_);
  return out;
}

bool Search::matches(const Candidate& candidate) const {
  if (schema_) {
    if (candidate.metric_namespace != schema_->metric_namespace) return false;
    if (candidate.dimensions.size() != schema_->dimensions.size()) return false;
    for (const auto& [name, value] : candidate.dimensions) {
      if (!std::ranges::binary_search(schema_->dimensions, name)) return false;
    }
  }
  return root_ == nullptr || holds(*root_, candidate);
}

}  // namespace kansoku::query::metric_search
