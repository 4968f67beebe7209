#include "base/text/ascii.h"
#include "query/metrics_insights/lexer.h"

namespace kansoku::query::metrics_insights {
namespace {

// Words of the grammar; names that are spelled so need double quotes.
constexpr std::array<std::string_view, 19> kReserved{
    "SELECT", "FROM", "SCHEMA", "WHERE", "AND",  "OR",    "NOT",    "IN", "LIKE", "BETWEEN",
    "GROUP",  "BY",   "ORDER",  "ASC",   "DESC", "LIMIT", "HAVING", "AS", "NULL"};
// Words of SQL that somebody may try; they are refused by name.
constexpr std::array<std::string_view, 7> kUnserved{"NOT",    "IN",     "LIKE", "BETWEEN",
                                                    "HAVING", "OFFSET", "AS"};

struct FunctionRow {
  std::string_view name;
  Aggregate function;
};
constexpr std::array<FunctionRow, 5> kFunctions{{{"AVG", Aggregate::Avg},
                                                 {"COUNT", Aggregate::Count},
                                                 {"MAX", Aggregate::Max},
                                                 {"MIN", Aggregate::Min},
                                                 {"SUM", Aggregate::Sum}}};

template <size_t N>
bool one_of(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::ranges::any_of(words,
                             [&](std::string_view one) { return equals_ignore_case(one, word); });
}

using Failed = std::optional<Problem>;

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  std::expected<Query, Problem> run() {
    Query out;
    for (auto clause : {&Parser::select, &Parser::from, &Parser::where, &Parser::group_by,
                        &Parser::order_by, &Parser::limit}) {
      if (Failed wrong = (this->*clause)(out)) return std::unexpected(std::move(*wrong));
    }
    if (at_sign(";")) ++at_;
    if (now().kind != TokenKind::End) return std::unexpected(unexpected("the end of the query"));
    return out;
  }

 private:
  const Token& now() const { return tokens_[at_]; }
  const Token& behind() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  bool at_word(std::string_view word) const {
    return now().kind == TokenKind::Word && equals_ignore_case(now().text, word);
  }
  bool at_sign(std::string_view sign) const {
    return now().kind == TokenKind::Sign && now().text == sign;
  }
  bool take_word(std::string_view word) {
    if (!at_word(word)) return false;
    ++at_;
    return true;
  }
  bool take_sign(std::string_view sign) {
    if (!at_sign(sign)) return false;
    ++at_;
    return true;
  }

  Problem unexpected(std::string_view wanted) const {
    const Token& token = now();
    if (token.kind == TokenKind::End) {
      return {token.position, fmt::format("the query ends where {} is expected", wanted)};
    }
    if (token.kind == TokenKind::Word && one_of(token.text, kUnserved)) {
      return {token.position,
              fmt::format("{} is no part of Metrics Insights; {} is expected", token.text, wanted)};
    }
    return {token.position, fmt::format("{} where {} is expected", quoted(token.text), wanted)};
  }
  Failed expect_word(std::string_view word) {
    if (take_word(word)) return std::nullopt;
    return unexpected(word);
  }
  Failed expect_sign(std::string_view sign) {
    if (take_sign(sign)) return std::nullopt;
    return unexpected(sign);
  }

  Failed function(Aggregate& out) {
    auto row = std::ranges::find_if(kFunctions, [&](const FunctionRow& one) {
      return now().kind == TokenKind::Word && equals_ignore_case(one.name, now().text);
    });
    if (row == kFunctions.end()) return unexpected("AVG, COUNT, MAX, MIN or SUM");
    ++at_;
    out = row->function;
    return expect_sign("(");
  }

  // A metric, a namespace or a key.
  Failed name(std::string& out, std::string_view wanted) {
    bool plain = now().kind == TokenKind::Word || now().kind == TokenKind::Number;
    if (!plain && now().kind != TokenKind::Identifier) return unexpected(wanted);
    if (plain && one_of(now().text, kReserved)) {
      Problem problem = unexpected(wanted);
      problem.message += "; a name that is a word of the language stands in double quotes";
      return problem;
    }
    if (now().text.empty()) return Problem{now().position, "a name is empty"};
    out = now().text;
    ++at_;
    return std::nullopt;
  }

  // A name, AWS.AccountId, or tag.NAME, which is refused.
  Failed key(std::string& out) {
    size_t position = now().position;
    bool plain = now().kind == TokenKind::Word;
    bool dotted = behind().kind == TokenKind::Sign && behind().text == ".";
    if (!plain || !dotted) return name(out, "a label key");
    std::string prefix = now().text;
    at_ += 2;
    std::string rest;
    if (Failed wrong = name(rest, "a label key")) return wrong;
    if (equals_ignore_case(prefix, "tag")) {
      return Problem{position, "tags of resources are not kept here; tag.KEY is not served"};
    }
    out = prefix + "." + rest;
    if (out == kAccountKey) return std::nullopt;
    return Problem{position, fmt::format("no key {}; a dimension of that name stands in double "
                                         "quotes",
                                         quoted(out))};
  }

  Failed select(Query& out) {
    if (Failed wrong = expect_word("SELECT")) return wrong;
    if (Failed wrong = function(out.function)) return wrong;
    if (Failed wrong = name(out.metric_name, "the name of a metric")) return wrong;
    return expect_sign(")");
  }

  Failed from(Query& out) {
    if (Failed wrong = expect_word("FROM")) return wrong;
    bool schema = at_word("SCHEMA") && behind().kind == TokenKind::Sign && behind().text == "(";
    if (!schema) return name(out.metric_namespace, "a namespace");
    at_ += 2;
    if (Failed wrong = name(out.metric_namespace, "a namespace")) return wrong;
    out.schema.emplace();
    while (take_sign(",")) {
      size_t position = now().position;
      std::string one;
      if (Failed wrong = name(one, "a label key")) return wrong;
      if (std::ranges::find(*out.schema, one) != out.schema->end()) {
        return Problem{position, fmt::format("SCHEMA names {} twice", quoted(one))};
      }
      out.schema->push_back(std::move(one));
    }
    std::ranges::sort(*out.schema);
    return expect_sign(")");
  }

  Failed where(Query& out) {
    if (!take_word("WHERE")) return std::nullopt;
    return any_of(out.where.emplace());
  }

  // Puts one child in its parent's place.
  static void settle(Condition& node) {
    if (node.children.size() != 1) return;
    Condition only = std::move(node.children.front());
    node = std::move(only);
  }

  Failed any_of(Condition& out) {
    if (++depth_ > kDepthMax) {
      return Problem{now().position, fmt::format("nested deeper than {}", kDepthMax)};
    }
    out.kind = ConditionKind::Or;
    do {
      if (Failed wrong = all_of(out.children.emplace_back())) return wrong;
    } while (take_word("OR"));
    settle(out);
    --depth_;
    return std::nullopt;
  }

  Failed all_of(Condition& out) {
    out.kind = ConditionKind::And;
    do {
      Condition& child = out.children.emplace_back();
      if (take_sign("(")) {
        if (Failed wrong = any_of(child)) return wrong;
        if (Failed wrong = expect_sign(")")) return wrong;
      } else if (Failed wrong = comparison(child)) {
        return wrong;
      }
    } while (take_word("AND"));
    settle(out);
    return std::nullopt;
  }

  Failed comparison(Condition& out) {
    if (Failed wrong = key(out.key)) return wrong;
    if (take_sign("=")) {
      out.kind = ConditionKind::Equal;
    } else if (take_sign("!=")) {
      out.kind = ConditionKind::NotEqual;
    } else {
      return unexpected("= or !=");
    }
    if (now().kind != TokenKind::Text) return unexpected("a value in single quotes");
    out.value = now().text;
    ++at_;
    return std::nullopt;
  }

  Failed group_by(Query& out) {
    if (!take_word("GROUP")) return std::nullopt;
    if (Failed wrong = expect_word("BY")) return wrong;
    do {
      size_t position = now().position;
      std::string one;
      if (Failed wrong = key(one)) return wrong;
      if (std::ranges::find(out.group_by, one) != out.group_by.end()) {
        return Problem{position, fmt::format("GROUP BY names {} twice", quoted(one))};
      }
      out.group_by.push_back(std::move(one));
    } while (take_sign(","));
    return std::nullopt;
  }

  Failed order_by(Query& out) {
    if (!take_word("ORDER")) return std::nullopt;
    if (Failed wrong = expect_word("BY")) return wrong;
    Order& order = out.order_by.emplace();
    if (Failed wrong = function(order.function)) return wrong;
    if (Failed wrong = expect_sign(")")) return wrong;
    if (take_word("DESC")) {
      order.descending = true;
    } else {
      take_word("ASC");
    }
    return std::nullopt;
  }

  Failed limit(Query& out) {
    if (!take_word("LIMIT")) return std::nullopt;
    if (now().kind != TokenKind::Number) return unexpected("a number");
    const std::string& text = now().text;
    size_t number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || number < 1 || number > kSeriesMax) {
      return Problem{now().position, fmt::format("LIMIT is a number from 1 to {}, not {}",
                                                 kSeriesMax, quoted(text))};
    }
    out.limit = number;
    ++at_;
    return std::nullopt;
  }

  std::vector<Token> tokens_;
  size_t at_ = 0;
  size_t depth_ = 0;
};

}  // namespace

bool is_query(std::string_view text) {
  text = trimmed(text, kBlanksAndLineEnds);
  constexpr std::string_view kSelect = "SELECT";
  if (!equals_ignore_case(text.substr(0, kSelect.size()), kSelect)) return false;
  return text.size() == kSelect.size() ||
         kBlanksAndLineEnds.find(text[kSelect.size()]) != std::string_view::npos;
}

std::expected<Query, Problem> parse(std::string_view text) {
  auto tokens = lex(text);
  if (!tokens) return std::unexpected(std::move(tokens).error());
  return Parser(std::move(*tokens)).run();
}

}  // namespace kansoku::query::metrics_insights
