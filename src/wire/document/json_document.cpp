// A strict reader of JSON that keeps positions. wire/json is quicker, but knows none.
#include "wire/document/cursor.h"
#include "wire/json/json_writer.h"

namespace kansoku::wire {

void append_code_point(uint32_t point, std::string& out) {
  auto push = [&](uint32_t byte) { out += static_cast<char>(byte); };
  if (point < 0x80) {
    push(point);
  } else if (point < 0x800) {
    push(0xc0 | (point >> 6));
    push(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    push(0xe0 | (point >> 12));
    push(0x80 | ((point >> 6) & 0x3f));
    push(0x80 | (point & 0x3f));
  } else {
    push(0xf0 | (point >> 18));
    push(0x80 | ((point >> 12) & 0x3f));
    push(0x80 | ((point >> 6) & 0x3f));
    push(0x80 | (point & 0x3f));
  }
}

std::optional<uint32_t> hex_digits(std::string_view text, size_t count) {
  if (text.size() < count) return std::nullopt;
  uint32_t out = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + count, out, 16);
  if (error != std::errc() || end != text.data() + count) return std::nullopt;
  return out;
}

namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

class JsonText {
 public:
  JsonText(std::string_view text, const std::string& file, DocumentLimits limits,
           uint32_t file_index)
      : text_(text), cursor_(text, file_index), file_(file), limits_(limits) {}

  std::expected<Node, Problem> run() {
    if (text_.size() > limits_.bytes_max) {
      fail(fmt::format("file too large: {} bytes, limit {}", text_.size(), limits_.bytes_max));
    } else if (!is_utf8(text_)) {
      fail_in_bytes();
    } else {
      if (text_.starts_with(kByteOrderMark)) cursor_.skip(kByteOrderMark.size());
      Node root;
      skip_blanks();
      if (value(root)) {
        skip_blanks();
        if (cursor_.done()) return root;
        fail(fmt::format("text behind the document: {}", here_is(cursor_)));
      }
    }
    return std::unexpected(std::move(*failed_));
  }

 private:
  bool fail_at(Position at, std::string message) {
    std::string pointer;
    for (const std::string& step : path_) pointer = join_pointer(pointer, step);
    failed_ = Problem{file_, at, std::move(pointer), std::move(message)};
    return false;
  }
  bool fail(std::string message) { return fail_at(cursor_.position(), std::move(message)); }

  // Finds the line that is not UTF-8.
  void fail_in_bytes() {
    while (!cursor_.done()) {
      const std::string_view line = cursor_.rest().substr(0, cursor_.rest().find('\n'));
      if (!is_utf8(line)) break;
      cursor_.skip(line.size() + 1);
    }
    fail("this line is not UTF-8");
  }

  void skip_blanks() {
    for (char c = cursor_.peek(); c == ' ' || c == '\t' || c == '\n' || c == '\r';
         c = cursor_.peek()) {
      cursor_.skip(1);
    }
  }

  bool value(Node& out) {
    out.at = cursor_.position();
    if (++nodes_ > limits_.nodes_max) {
      return fail(fmt::format("more than {} values", limits_.nodes_max));
    }
    const char c = cursor_.peek();
    if (c == '{') return deeper(out, &JsonText::object);
    if (c == '[') return deeper(out, &JsonText::array);
    if (c == '"') {
      out.kind = Node::Kind::Scalar;
      out.quoted = true;
      return text(out.scalar);
    }
    if (c == '-' || (c >= '0' && c <= '9')) return number(out);
    for (std::string_view word : {"true", "false", "null"}) {
      if (!cursor_.rest().starts_with(word)) continue;
      out.kind = word == "null" ? Node::Kind::Null : Node::Kind::Scalar;
      if (word != "null") out.scalar = word;
      cursor_.skip(word.size());
      return true;
    }
    return fail(fmt::format("a value is missing: {}", here_is(cursor_)));
  }

  bool deeper(Node& out, bool (JsonText::*read)(Node&)) {
    if (depth_ >= limits_.depth_max) {
      return fail(fmt::format("nested deeper than {} levels", limits_.depth_max));
    }
    ++depth_;
    cursor_.skip(1);
    skip_blanks();
    const bool good = (this->*read)(out);
    --depth_;
    return good;
  }

  // After the value of a container: true with `last` when it ends here, or goes on.
  bool next(char end, std::string_view what, bool& last) {
    skip_blanks();
    last = cursor_.peek() == end;
    if (!last && cursor_.peek() != ',') {
      return fail(fmt::format("expected ',' or '{}' after a value of the {}: {}", end, what,
                              here_is(cursor_)));
    }
    cursor_.skip(1);
    if (last) return true;
    skip_blanks();
    if (cursor_.peek() == end) return fail(fmt::format("a ',' stands before '{}'", end));
    return true;
  }

  bool object(Node& out) {
    out.kind = Node::Kind::Mapping;
    if (cursor_.peek() == '}') {
      cursor_.skip(1);
      return true;
    }
    std::unordered_map<std::string, size_t> seen;
    for (bool last = false; !last;) {
      if (!member(out, seen) || !next('}', "object", last)) return false;
    }
    return true;
  }

  bool member(Node& out, std::unordered_map<std::string, size_t>& seen) {
    const Position at = cursor_.position();
    if (cursor_.peek() != '"') {
      return fail(fmt::format("a name in quotation marks is missing: {}", here_is(cursor_)));
    }
    std::string key;
    if (!text(key)) return false;
    path_.push_back(key);
    skip_blanks();
    if (cursor_.peek() != ':') {
      return fail(fmt::format("expected ':' after the name {}: {}", quoted(key), here_is(cursor_)));
    }
    cursor_.skip(1);
    skip_blanks();
    Node item;
    if (!value(item)) return false;
    auto [first, fresh] = seen.try_emplace(key, out.entries.size());
    if (!fresh && canonical(out.entries[first->second].value) != canonical(item)) {
      const Position& there = out.entries[first->second].key_at;
      return fail_at(at, fmt::format("key {} appears twice with different values, first at {}:{}",
                                     quoted(key), there.line, there.column));
    }
    path_.pop_back();
    if (fresh) out.entries.push_back({std::move(key), at, std::move(item)});
    return true;
  }

  bool array(Node& out) {
    out.kind = Node::Kind::Sequence;
    if (cursor_.peek() == ']') {
      cursor_.skip(1);
      return true;
    }
    for (bool last = false; !last;) {
      path_.push_back(fmt::format("{}", out.items.size()));
      Node item;
      if (!value(item)) return false;
      path_.pop_back();
      out.items.push_back(std::move(item));
      if (!next(']', "list", last)) return false;
    }
    return true;
  }

  size_t digits(size_t at) const {
    const std::string_view rest = cursor_.rest();
    while (at < rest.size() && rest[at] >= '0' && rest[at] <= '9') ++at;
    return at;
  }

  bool number(Node& out) {
    const std::string_view rest = cursor_.rest();
    size_t at = rest.starts_with('-') ? 1 : 0;
    const size_t whole = at;
    at = digits(at);
    if (at == whole) return fail("a number has no digits");
    if (at > whole + 1 && rest[whole] == '0') return fail("a number begins with 0");
    if (at < rest.size() && rest[at] == '.') {
      const size_t fraction = ++at;
      at = digits(at);
      if (at == fraction) return fail("a number has no digits behind its '.'");
    }
    if (at < rest.size() && (rest[at] == 'e' || rest[at] == 'E')) {
      ++at;
      if (at < rest.size() && (rest[at] == '+' || rest[at] == '-')) ++at;
      const size_t exponent = at;
      at = digits(at);
      if (at == exponent) return fail("a number has no digits in its exponent");
    }
    out.kind = Node::Kind::Scalar;
    out.scalar = rest.substr(0, at);
    cursor_.skip(at);
    return true;
  }

  bool text(std::string& out) {
    const Position begin = cursor_.position();
    cursor_.skip(1);
    while (!cursor_.done()) {
      const std::string_view rest = cursor_.rest();
      size_t plain = 0;
      while (plain < rest.size() && rest[plain] != '"' && rest[plain] != '\\' &&
             static_cast<unsigned char>(rest[plain]) >= 0x20) {
        ++plain;
      }
      out += rest.substr(0, plain);
      cursor_.skip(plain);
      const char c = cursor_.peek();
      if (cursor_.done()) break;
      if (c == '"') {
        cursor_.skip(1);
        return true;
      }
      if (c != '\\') {
        return fail(c == '\n' ? "a text goes on over the end of its line; write \\n"
                              : "a control character in a text; write it as \\u and four digits");
      }
      if (!escape(out)) return false;
    }
    return fail_at(begin, "this text has no end");
  }

  bool escape(std::string& out) {
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kBytes = "\"\\/\b\f\n\r\t";
    const char name = cursor_.peek_after();
    const size_t index = kNames.find(name);
    if (name != '\0' && index != std::string_view::npos) {
      out += kBytes[index];
      cursor_.skip(2);
      return true;
    }
    if (name != 'u') {
      return fail(fmt::format("{} is no escape of JSON; write \\\\ for a backslash",
                              quoted(cursor_.rest().substr(0, 2))));
    }
    auto point = hex_digits(cursor_.rest().substr(2), 4);
    if (!point) return fail("\\u needs four hexadecimal digits");
    size_t bytes = 6;
    if (*point >= 0xd800 && *point < 0xdc00) {
      const std::string_view low_text = cursor_.rest().substr(6);
      auto low = low_text.starts_with("\\u") ? hex_digits(low_text.substr(2), 4) : std::nullopt;
      if (!low || *low < 0xdc00 || *low > 0xdfff) return fail("half of a surrogate pair");
      point = 0x10000 + ((*point - 0xd800) << 10) + (*low - 0xdc00);
      bytes = 12;
    } else if (*point >= 0xdc00 && *point <= 0xdfff) {
      return fail("half of a surrogate pair");
    }
    append_code_point(*point, out);
    cursor_.skip(bytes);
    return true;
  }

  std::string_view text_;
  Cursor cursor_;
  const std::string& file_;
  DocumentLimits limits_;
  std::vector<std::string> path_;
  size_t depth_ = 0;
  size_t nodes_ = 0;
  std::optional<Problem> failed_;
};

}  // namespace

std::expected<Node, Problem> parse_json_document(std::string_view text, const std::string& file,
                                                 DocumentLimits limits, uint32_t file_index) {
  return JsonText(text, file, limits, file_index).run();
}

}  // namespace kansoku::wire
