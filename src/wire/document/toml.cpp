// The part of TOML 1.0 (https://toml.io/en/v1.0.0) that settings files use.
#include "wire/document/cursor.h"
#include "wire/json/json_writer.h"

namespace kansoku::wire {
namespace {

bool is_bare(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

class TomlText {
 public:
  TomlText(std::string_view text, const std::string& file, DocumentLimits limits)
      : text_(text), cursor_(text, 0), file_(file), limits_(limits) {
    root_.kind = Node::Kind::Mapping;
    root_.at = {1, 1};
  }

  std::expected<Node, Problem> run() {
    if (text_.size() > limits_.bytes_max) {
      fail(fmt::format("file too large: {} bytes, limit {}", text_.size(), limits_.bytes_max));
    } else if (!is_utf8(text_)) {
      fail("the file is not UTF-8");
    }
    while (!failed_ && !cursor_.done()) line();
    if (failed_) return std::unexpected(std::move(*failed_));
    return std::move(root_);
  }

 private:
  bool fail_at(Position at, std::string message) {
    failed_ = Problem{file_, at, pointer_, std::move(message)};
    return false;
  }
  bool fail(std::string message) { return fail_at(cursor_.position(), std::move(message)); }

  void skip_blanks() {
    while (cursor_.peek() == ' ' || cursor_.peek() == '\t') cursor_.skip(1);
  }

  // A comment, and the end of the line.
  bool line_end() {
    skip_blanks();
    if (cursor_.peek() == '#') {
      cursor_.skip(std::min(cursor_.rest().find('\n'), cursor_.rest().size()));
    }
    if (cursor_.peek() == '\r' && cursor_.peek_after() == '\n') cursor_.skip(1);
    if (cursor_.done()) return true;
    if (cursor_.peek() != '\n') {
      return fail(fmt::format("expected the end of the line: {}", here_is(cursor_)));
    }
    cursor_.skip(1);
    return true;
  }

  bool line() {
    skip_blanks();
    const char c = cursor_.peek();
    if (c != '[' && c != '#' && c != '\n' && c != '\r' && !cursor_.done()) {
      if (!setting()) return false;
    } else if (c == '[' && !table()) {
      return false;
    }
    return line_end();
  }

  bool table() {
    const Position at = cursor_.position();
    cursor_.skip(1);
    if (cursor_.peek() == '[') return fail("lists of tables are not supported in this file");
    skip_blanks();
    std::string name;
    if (!key(name)) return false;
    skip_blanks();
    if (cursor_.peek() == '.') return fail("tables within tables are not supported in this file");
    if (cursor_.peek() != ']') return fail(fmt::format("expected ']': {}", here_is(cursor_)));
    cursor_.skip(1);
    pointer_ = join_pointer("", name);
    Node node;
    node.kind = Node::Kind::Mapping;
    node.at = at;
    if (!add(root_, std::move(name), at, std::move(node))) return false;
    table_ = root_.entries.size();
    return true;
  }

  bool setting() {
    const Position at = cursor_.position();
    std::string name;
    if (!key(name)) return false;
    skip_blanks();
    if (cursor_.peek() == '.') return fail("dotted keys are not supported in this file");
    if (cursor_.peek() != '=') {
      return fail(fmt::format("expected '=' after {}: {}", quoted(name), here_is(cursor_)));
    }
    cursor_.skip(1);
    skip_blanks();
    const std::string outer = pointer_;
    pointer_ = join_pointer(pointer_, name);
    Node node;
    if (!value(node)) return false;
    Node& into = table_ == 0 ? root_ : root_.entries[table_ - 1].value;
    if (!add(into, std::move(name), at, std::move(node))) return false;
    pointer_ = outer;
    return true;
  }

  bool add(Node& into, std::string name, Position at, Node node) {
    for (const Node::Entry& entry : into.entries) {
      if (entry.key != name) continue;
      return fail_at(at, fmt::format("key {} appears twice, first at {}:{}", quoted(name),
                                     entry.key_at.line, entry.key_at.column));
    }
    // The search above is linear; a settings file has a few keys.
    if (++nodes_ > std::min<size_t>(limits_.nodes_max, 10'000)) return fail("too many values");
    into.entries.push_back({std::move(name), at, std::move(node)});
    return true;
  }

  bool key(std::string& out) {
    if (cursor_.peek() == '"' || cursor_.peek() == '\'') return text(out);
    const std::string_view rest = cursor_.rest();
    size_t bytes = 0;
    while (bytes < rest.size() && is_bare(rest[bytes])) ++bytes;
    if (bytes == 0) return fail(fmt::format("a key is missing: {}", here_is(cursor_)));
    out = rest.substr(0, bytes);
    cursor_.skip(bytes);
    return true;
  }

  bool value(Node& out) {
    out.at = cursor_.position();
    out.kind = Node::Kind::Scalar;
    const char c = cursor_.peek();
    if (c == '"' || c == '\'') {
      out.quoted = true;
      return text(out.scalar);
    }
    if (c == '[' || c == '{') return fail("lists and inline tables are not supported in this file");
    const std::string_view rest = cursor_.rest();
    const size_t bytes = std::min(rest.find_first_of(" \t\r\n#"), rest.size());
    const std::string_view word = rest.substr(0, bytes);
    int64_t number = 0;
    std::string plain(word);
    std::erase(plain, '_');
    const char* begin = plain.data() + (plain.starts_with('+') ? 1 : 0);
    auto [end, error] = std::from_chars(begin, plain.data() + plain.size(), number);
    const bool whole = error == std::errc() && end == plain.data() + plain.size();
    if (!whole && word != "true" && word != "false") {
      return fail(fmt::format("{} is no text in quotation marks, whole number, true or false",
                              quoted(word)));
    }
    out.scalar = whole ? fmt::format("{}", number) : plain;
    cursor_.skip(bytes);
    return true;
  }

  bool text(std::string& out) {
    const Position begin = cursor_.position();
    const char quote = cursor_.peek();
    if (cursor_.rest().starts_with(std::string(3, quote))) {
      return fail("texts of several lines are not supported in this file");
    }
    cursor_.skip(1);
    while (!cursor_.done() && cursor_.peek() != '\n') {
      const char c = cursor_.peek();
      if (c == quote) {
        cursor_.skip(1);
        return true;
      }
      if (c == '\\' && quote == '"') {
        if (!escape(out)) return false;
        continue;
      }
      out += c;
      cursor_.skip(1);
    }
    return fail_at(begin, "this text has no end on its line");
  }

  bool escape(std::string& out) {
    constexpr std::string_view kNames = "\"\\bfnrt";
    constexpr std::string_view kBytes = "\"\\\b\f\n\r\t";
    const char name = cursor_.peek_after();
    const size_t index = kNames.find(name);
    if (name != '\0' && index != std::string_view::npos) {
      out += kBytes[index];
      cursor_.skip(2);
      return true;
    }
    const size_t digits = name == 'u' ? 4 : name == 'U' ? 8 : 0;
    auto point = digits == 0 ? std::nullopt : hex_digits(cursor_.rest().substr(2), digits);
    if (!point || *point > 0x10ffff || (*point >= 0xd800 && *point <= 0xdfff)) {
      return fail(fmt::format("{} is no escape of TOML; '...' keeps backslashes as they are",
                              quoted(cursor_.rest().substr(0, 2))));
    }
    append_code_point(*point, out);
    cursor_.skip(2 + digits);
    return true;
  }

  std::string_view text_;
  Cursor cursor_;
  const std::string& file_;
  DocumentLimits limits_;
  Node root_;
  size_t table_ = 0;  // of root_'s entries, from 1; 0: none yet
  std::string pointer_;
  size_t nodes_ = 0;
  std::optional<Problem> failed_;
};

}  // namespace

std::expected<Node, Problem> parse_toml(std::string_view text, const std::string& file,
                                        DocumentLimits limits) {
  return TomlText(text, file, limits).run();
}

}  // namespace kansoku::wire
