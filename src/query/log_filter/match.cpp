#include "query/log_filter/tree.h"

namespace kansoku::query::log_filter {
namespace {

using Json = Message::Json;

std::optional<double> as_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(out)) {
    return std::nullopt;
  }
  return out;
}

bool in_order(Op op, double value, double wanted) {
  switch (op) {
    case Op::Less:
      return value < wanted;
    case Op::LessOrEqual:
      return value <= wanted;
    case Op::Greater:
      return value > wanted;
    default:
      return value >= wanted;
  }
}

bool holds(const Condition& condition, const Json& json) {
  const auto nodes = select(json, condition.steps);
  const auto any = [&](auto&& test) {
    return std::ranges::any_of(nodes, [&](const Json::Node* node) { return test(*node); });
  };
  const Operand& operand = condition.operand;
  const auto equal = [&](const Json::Node& node) {
    if (node.is_number() && operand.number && node.as_number() == *operand.number) return true;
    return operand.matches(node.shown());
  };
  switch (condition.op) {
    case Op::IsNull:
      return any([](const Json::Node& node) { return node.kind == Json::Kind::Null; });
    case Op::IsTrue:
    case Op::IsFalse:
      return any([&](const Json::Node& node) {
        return node.kind == Json::Kind::Bool && node.truth == (condition.op == Op::IsTrue);
      });
    case Op::NotExists:
      return nodes.empty();
    case Op::Equal:
      return any([&](const Json::Node& node) { return node.is_scalar() && equal(node); });
    case Op::NotEqual:
      return any([&](const Json::Node& node) { return node.is_scalar() && !equal(node); });
    default:
      return any([&](const Json::Node& node) {
        return node.is_number() && in_order(condition.op, node.as_number(), *operand.number);
      });
  }
}

bool holds(const Condition& condition, const std::vector<std::string_view>& fields) {
  const std::string_view value = fields[condition.field];
  const Operand& operand = condition.operand;
  const auto equal = [&] {
    if (operand.number && as_number(value) == operand.number) return true;
    return operand.matches(value);
  };
  if (condition.op == Op::Equal) return equal();
  if (condition.op == Op::NotEqual) return !equal();
  const auto number = as_number(value);
  return number && in_order(condition.op, *number, *operand.number);
}

template <class Subject>
bool all_hold(const Condition& condition, const Subject& subject) {
  const auto holds_one = [&](const Condition& child) { return all_hold(child, subject); };
  switch (condition.kind) {
    case Condition::Kind::And:
      return std::ranges::all_of(condition.children, holds_one);
    case Condition::Kind::Or:
      return std::ranges::any_of(condition.children, holds_one);
    case Condition::Kind::Compare:
      return holds(condition, subject);
  }
  return false;
}

bool terms_match(const std::vector<Term>& terms, std::string_view message) {
  bool required = false;
  bool optional = false;
  bool optional_found = false;
  for (const Term& term : terms) {
    if (term.kind == Term::Kind::Optional) {
      optional = true;
      if (!optional_found) optional_found = term.found_in(message);
      continue;
    }
    required |= term.kind == Term::Kind::Required;
    if (term.found_in(message) != (term.kind == Term::Kind::Required)) return false;
  }
  // Beside terms that must be there, those with '?' have no effect.
  return required || !optional || optional_found;
}

void add_selectors(const Condition& condition, const Json& json,
                   std::vector<std::pair<std::string, std::string>>& out) {
  for (const Condition& child : condition.children) add_selectors(child, json, out);
  if (condition.kind != Condition::Kind::Compare) return;
  const auto nodes = select(json, condition.steps);
  if (nodes.empty() || !nodes[0]->is_scalar()) return;
  const auto known = [&](const auto& one) { return one.first == condition.selector; };
  if (std::ranges::none_of(out, known)) out.emplace_back(condition.selector, nodes[0]->shown());
}

}  // namespace

std::string_view Operand::literal() const {
  std::string_view best;
  std::string_view rest = text;
  while (wildcard) {
    const size_t star = rest.find('*');
    if (rest.substr(0, star).size() > best.size()) best = rest.substr(0, star);
    if (star == std::string_view::npos) return best;
    rest.remove_prefix(star + 1);
  }
  return rest;
}

// Pieces between stars are found from the left: no piece has to move for a later one.
bool Operand::matches(std::string_view value) const {
  if (regex) return regex->matches(value);
  if (!wildcard) return value == text;
  std::string_view pattern = text;
  size_t star = pattern.find('*');
  if (!value.starts_with(pattern.substr(0, star))) return false;
  value.remove_prefix(star);
  pattern.remove_prefix(star + 1);
  while ((star = pattern.find('*')) != std::string_view::npos) {
    const size_t found = value.find(pattern.substr(0, star));
    if (found == std::string_view::npos) return false;
    value.remove_prefix(found + star);
    pattern.remove_prefix(star + 1);
  }
  return value.ends_with(pattern);
}

bool Term::found_in(std::string_view message) const {
  return regex ? regex->matches(message) : message.find(text) != std::string_view::npos;
}

std::optional<std::vector<std::string_view>> align(const Pattern::Tree& tree, Message& message) {
  const auto& fields = message.fields();
  const size_t names = tree.names.size();
  if (fields.size() < names || (tree.ellipses.empty() && fields.size() != names)) {
    return std::nullopt;
  }
  const auto passes = [&](const std::vector<std::string_view>& values) {
    return !tree.condition || all_hold(*tree.condition, values);
  };
  std::vector<std::string_view> values(names);
  const size_t spare = fields.size() - names;
  const size_t first = tree.ellipses.empty() ? names : tree.ellipses.front();
  const size_t last = tree.ellipses.empty() ? names : tree.ellipses.back();
  for (size_t i = 0; i < first; ++i) values[i] = fields[i];
  for (size_t i = last; i < names; ++i) values[i] = fields[i + spare];
  // What stands between two ellipses slides.
  for (size_t shift = 0; shift <= (first == last ? 0 : spare); ++shift) {
    for (size_t i = first; i < last; ++i) values[i] = fields[i + shift];
    if (passes(values)) return values;
  }
  return std::nullopt;
}

bool Pattern::matches(Message& message) const {
  switch (tree_->shape) {
    case Shape::Everything:
      return true;
    case Shape::Terms:
      return terms_match(tree_->terms, message.text());
    case Shape::Json: {
      const Message::Json* json = message.json();
      return json != nullptr && all_hold(*tree_->condition, *json);
    }
    case Shape::Fields:
      return align(*tree_, message).has_value();
  }
  return false;
}

std::vector<std::pair<std::string, std::string>> Pattern::extracted(Message& message) const {
  std::vector<std::pair<std::string, std::string>> out;
  if (tree_->shape == Shape::Json) {
    if (const Message::Json* json = message.json()) add_selectors(*tree_->condition, *json, out);
  }
  if (tree_->shape != Shape::Fields) return out;
  const auto values = align(*tree_, message);
  if (!values) return out;
  for (size_t i = 0; i < values->size(); ++i) {
    if (!tree_->names[i].empty()) {
      out.emplace_back("$" + tree_->names[i], (*values)[i]);
      continue;
    }
    // Fields without a name have that of their number in the message.
    const auto& fields = message.fields();
    const auto place = std::ranges::find_if(
        fields, [&](std::string_view field) { return field.data() == (*values)[i].data(); });
    out.emplace_back(fmt::format("${}", place - fields.begin() + 1), (*values)[i]);
  }
  return out;
}

std::expected<Selector, Problem> Selector::parse(std::string_view text, const Pattern& pattern) {
  Selector out(pattern);
  const Pattern::Tree& tree = pattern.tree();
  if (tree.shape == Shape::Json) {
    size_t position = 0;
    auto steps = parse_selector(text, position);
    if (!steps) return std::unexpected(std::move(steps).error());
    if (position != text.size()) {
      return std::unexpected(Problem{position, "a selector ends before this"});
    }
    out.steps_ = std::move(*steps);
    return out;
  }
  if (tree.shape != Shape::Fields) {
    return std::unexpected(
        Problem{0, fmt::format("{} needs a JSON pattern or a space-delimited one", quoted(text))});
  }
  const std::string_view name = text.starts_with('$') ? text.substr(1) : text;
  const auto found = std::ranges::find(tree.names, name);
  if (!text.starts_with('$') || name.empty() || found == tree.names.end()) {
    return std::unexpected(Problem{0, fmt::format("no field {} in the pattern", quoted(text))});
  }
  out.field_ = static_cast<size_t>(found - tree.names.begin());
  return out;
}

std::optional<std::string> Selector::value(Message& message) const {
  if (pattern_.shape() == Shape::Json) {
    const Message::Json* json = message.json();
    if (json == nullptr) return std::nullopt;
    const auto nodes = select(*json, steps_);
    if (nodes.empty() || !nodes[0]->is_scalar()) return std::nullopt;
    return nodes[0]->shown();
  }
  const auto values = align(pattern_.tree(), message);
  if (!values) return std::nullopt;
  return std::string((*values)[field_]);
}

Shape Pattern::shape() const { return tree_->shape; }
size_t Pattern::regex_count() const { return tree_->regexes; }

}  // namespace kansoku::query::log_filter
