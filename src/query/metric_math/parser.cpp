#include "query/metric_math/tree.h"

namespace kansoku::query::metric_math {
namespace {

using NodePtr = std::shared_ptr<const Node>;
using Parsed = std::expected<NodePtr, Problem>;

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return is_lower(c) || is_upper(c) || is_digit(c) || c == '_'; }

struct BinaryRow {
  std::string_view text;
  Operator op;
  int precedence;
};
// Longer spellings first. Precedence, weakest first: OR, AND, comparisons, + -, * /, ^.
constexpr std::array<BinaryRow, 15> kBinary{{{"||", Operator::Or, 1},
                                             {"OR", Operator::Or, 1},
                                             {"&&", Operator::And, 2},
                                             {"AND", Operator::And, 2},
                                             {"==", Operator::Equal, 3},
                                             {"!=", Operator::NotEqual, 3},
                                             {"<=", Operator::LessEqual, 3},
                                             {">=", Operator::GreaterEqual, 3},
                                             {"<", Operator::Less, 3},
                                             {">", Operator::Greater, 3},
                                             {"+", Operator::Add, 4},
                                             {"-", Operator::Subtract, 4},
                                             {"*", Operator::Multiply, 5},
                                             {"/", Operator::Divide, 5},
                                             {"^", Operator::Power, 7}}};
constexpr int kUnaryPrecedence = 6;

// Words in capitals that are arguments of functions, not functions.
constexpr std::array<std::string_view, 8> kWords{"REPEAT", "LINEAR", "ASC", "DESC",
                                                 "AVG",    "MIN",    "MAX", "SUM"};

class Parser {
 public:
  Parser(std::string_view text, std::vector<std::string>& references,
         std::vector<SearchCall>& searches)
      : text_(text), references_(references), searches_(searches) {}

  Parsed run() {
    if (text_.size() > kExpressionBytesMax) {
      return problem(0, fmt::format("expression of {} characters, limit {}", text_.size(),
                                    kExpressionBytesMax));
    }
    auto root = binary(0);
    if (!root) return root;
    skip_space();
    if (at_ < text_.size()) return problem(at_, fmt::format("unexpected {}", rest()));
    return root;
  }

 private:
  std::unexpected<Problem> problem(size_t at, std::string message) {
    return std::unexpected(Problem{at, std::move(message)});
  }
  std::string rest() const { return quoted(text_.substr(at_), 16); }

  void skip_space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
      ++at_;
    }
  }
  bool take(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  const BinaryRow* peek_binary() {
    skip_space();
    for (const BinaryRow& row : kBinary) {
      if (!text_.substr(at_).starts_with(row.text)) continue;
      bool is_name = is_upper(row.text[0]);
      size_t end = at_ + row.text.size();
      if (is_name && end < text_.size() && is_word(text_[end])) continue;
      return &row;
    }
    return nullptr;
  }

  // Precedence climbing; ^ binds to the right.
  Parsed binary(int precedence_min) {
    if (++depth_ > kDepthMax) {
      return problem(at_, fmt::format("nested deeper than {}", kDepthMax));
    }
    auto left = unary();
    while (left) {
      const BinaryRow* row = peek_binary();
      if (row == nullptr || row->precedence < precedence_min) break;
      auto node = std::make_shared<Node>();
      node->kind = NodeKind::Binary;
      node->position = at_;
      node->op = row->op;
      at_ += row->text.size();
      bool right_bound = row->op == Operator::Power;
      auto right = binary(right_bound ? row->precedence : row->precedence + 1);
      if (!right) return right;
      node->children = {*left, *right};
      left = NodePtr(std::move(node));
    }
    --depth_;
    return left;
  }

  Parsed unary() {
    skip_space();
    size_t position = at_;
    if (!take('-')) return primary();
    auto operand = binary(kUnaryPrecedence);
    if (!operand) return operand;
    auto node = std::make_shared<Node>();
    node->kind = NodeKind::Negate;
    node->position = position;
    node->children = {*operand};
    return NodePtr(std::move(node));
  }

  Parsed primary() {
    skip_space();
    if (at_ >= text_.size()) return problem(at_, "the expression ends where a value is expected");
    char c = text_[at_];
    if (c == '(') {
      ++at_;
      auto inner = binary(0);
      if (inner && !take(')')) return problem(at_, "a ) is missing");
      return inner;
    }
    if (c == '[') return list();
    if (c == '"' || c == '\'') return text();
    if (is_digit(c) || c == '.') return number();
    if (is_lower(c)) return identifier();
    if (is_upper(c)) return call_or_word();
    return problem(at_, fmt::format("unexpected {}", rest()));
  }

  Parsed list() {
    auto node = std::make_shared<Node>();
    node->kind = NodeKind::List;
    node->position = at_++;
    do {
      auto item = binary(0);
      if (!item) return item;
      node->children.push_back(*item);
    } while (take(','));
    if (!take(']')) return problem(at_, "a ] is missing");
    return NodePtr(std::move(node));
  }

  Parsed text() {
    auto node = std::make_shared<Node>();
    node->kind = NodeKind::Text;
    node->position = at_;
    char quote = text_[at_];
    size_t end = at_ + 1;
    // A backslash and what it escapes belong to the text.
    while (end < text_.size() && text_[end] != quote) end += text_[end] == '\\' ? 2 : 1;
    if (end >= text_.size()) return problem(at_, "a quote is not closed");
    node->text = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return NodePtr(std::move(node));
  }

  Parsed number() {
    auto node = std::make_shared<Node>();
    node->position = at_;
    auto [end, error] =
        std::from_chars(text_.data() + at_, text_.data() + text_.size(), node->number);
    if (error != std::errc()) return problem(at_, fmt::format("{} is not a number", rest()));
    at_ = static_cast<size_t>(end - text_.data());
    if (at_ < text_.size() && is_word(text_[at_])) {
      return problem(node->position, "a number is followed by a letter");
    }
    return NodePtr(std::move(node));
  }

  std::string word() {
    size_t begin = at_;
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  Parsed identifier() {
    auto node = std::make_shared<Node>();
    node->kind = NodeKind::Identifier;
    node->position = at_;
    node->text = word();
    skip_space();
    if (at_ < text_.size() && text_[at_] == '(') {
      return problem(
          node->position,
          fmt::format("no function {}: names of functions are upper case", quoted(node->text)));
    }
    if (std::find(references_.begin(), references_.end(), node->text) == references_.end()) {
      references_.push_back(node->text);
    }
    return NodePtr(std::move(node));
  }

  Parsed call_or_word() {
    auto node = std::make_shared<Node>();
    node->position = at_;
    node->text = word();
    if (!take('(')) {
      if (std::find(kWords.begin(), kWords.end(), node->text) == kWords.end()) {
        return problem(node->position,
                       fmt::format("{} is neither an id, which begins with a lower-case "
                                   "letter, nor a function with arguments",
                                   quoted(node->text)));
      }
      node->kind = NodeKind::Word;
      return NodePtr(std::move(node));
    }
    node->kind = NodeKind::Call;
    node->function = find_function(node->text);
    if (node->function == nullptr) {
      return problem(node->position,
                     is_unserved_function(node->text)
                         ? fmt::format("function {} is not served by this version", node->text)
                         : fmt::format("no function {}", quoted(node->text)));
    }
    if (!take(')')) {
      do {
        auto argument = binary(0);
        if (!argument) return argument;
        node->children.push_back(*argument);
      } while (take(','));
      if (!take(')')) return problem(at_, "a ) is missing");
    }
    const Function& f = *node->function;
    if (node->children.size() < f.arguments_min || node->children.size() > f.arguments_max) {
      return problem(node->position, fmt::format("{} takes {}, not {} arguments", f.name,
                                                 f.signature, node->children.size()));
    }
    if (f.name == kSearch) {
      if (auto wrong = search_call(*node)) return std::unexpected(std::move(*wrong));
    }
    return NodePtr(std::move(node));
  }

  // What is searched is known before anything is evaluated. The period may be in quotes.
  std::optional<Problem> search_call(Node& node) {
    SearchCall call;
    call.index = searches_.size();
    for (size_t i = 0; i < 2; ++i) {
      const Node& argument = *node.children[i];
      if (argument.kind == NodeKind::Text) continue;
      return Problem{argument.position, i == 0 ? "SEARCH searches a text in quotes"
                                               : "the statistic of SEARCH is a text in quotes"};
    }
    call.text = node.children[0]->text;
    call.text_position = node.children[0]->position + 1;
    call.statistic = node.children[1]->text;
    call.statistic_position = node.children[1]->position + 1;
    if (node.children.size() == 3) {
      const Node& period = *node.children[2];
      call.period_position = period.position;
      double number = period.number;
      if (period.kind == NodeKind::Text) {
        const std::string& text = period.text;
        auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error != std::errc() || end != text.data() + text.size()) number = 0;
      } else if (period.kind != NodeKind::Number) {
        number = 0;
      }
      if (!(number > 0)) return Problem{period.position, "the period of SEARCH is a number"};
      call.period_s = number;
    }
    node.search = call.index;
    searches_.push_back(std::move(call));
    return std::nullopt;
  }

  std::string_view text_;
  std::vector<std::string>& references_;
  std::vector<SearchCall>& searches_;
  size_t at_ = 0;
  size_t depth_ = 0;
};

// Where a function is called, in the order of the text.
void find_calls(const Node& node, std::string_view function, std::vector<size_t>& positions) {
  if (node.kind == NodeKind::Call && node.text == function) positions.push_back(node.position);
  for (const NodePtr& child : node.children) find_calls(*child, function, positions);
}

}  // namespace

std::expected<Expression, Problem> Expression::parse(std::string_view text) {
  Expression out;
  auto root = Parser(text, out.references_, out.searches_).run();
  if (!root) return std::unexpected(std::move(root).error());
  out.root_ = std::move(*root);
  std::vector<size_t> metrics, bands;
  find_calls(*out.root_, "METRICS", metrics);
  find_calls(*out.root_, "ANOMALY_DETECTION_BAND", bands);
  if (bands.size() > 1) {
    return std::unexpected(
        Problem{bands[1], "an expression holds ANOMALY_DETECTION_BAND once, not more often"});
  }
  out.uses_metrics_ = !metrics.empty();
  out.uses_band_ = !bands.empty();
  return out;
}

std::expected<Value, Problem> Expression::evaluate(const Environment& environment) const {
  return evaluate_node(*root_, environment);
}

}  // namespace kansoku::query::metric_math
