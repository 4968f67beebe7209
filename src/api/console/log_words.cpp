#include "api/console/log_words.h"

#include <array>
#include <charconv>
#include <cmath>

#include "base/regex/regex.h"
#include "store/event_store.h"

namespace kansoku::api::console {
namespace {

// Longer ones first: "!=" is not "!" and "=".
constexpr std::array<std::string_view, 8> kOperators{"!=", "!~", ">=", "<=", "=", "~", ">", "<"};

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool is_name(char c) {
  return is_letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '@' || c == '/';
}

class WordReader {
 public:
  explicit WordReader(std::string_view text) : text_(text) {}

  std::expected<std::vector<LogWord>, QueryError> read() {
    if (text_.size() > kLogTextBytesMax) {
      fail(kLogTextBytesMax, fmt::format("{} bytes, limit {}", text_.size(), kLogTextBytesMax));
    }
    while (!problem_) {
      while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
      if (at_ == text_.size()) break;
      if (words_.size() == kLogWordsMax) {
        fail(at_, fmt::format("more than {} words", kLogWordsMax));
        break;
      }
      read_one();
    }
    if (problem_) return std::unexpected(std::move(*problem_));
    return std::move(words_);
  }

 private:
  void fail(size_t position, std::string message) {
    if (problem_) return;
    problem_ = QueryError{{ErrorCode::InvalidArgument, std::move(message), {}}, position};
  }
  bool ended() const { return at_ == text_.size() || is_blank(text_[at_]); }

  void read_one();
  void read_sign(LogWord& word);
  std::string quoted_text(bool of_name);
  void read_expression(LogWord& word);
  std::string bare_text();
  size_t name_end() const;
  std::string_view operator_at(size_t at) const;
  void read_field(LogWord& word, std::string name);
  void read_value(LogWord& word);
  void check_number(const LogWord& word, size_t position);

  std::string_view text_;
  size_t at_ = 0;
  std::vector<LogWord> words_;
  std::optional<QueryError> problem_;
};

void WordReader::read_sign(LogWord& word) {
  const char sign = text_[at_];
  const bool alone = at_ + 1 == text_.size() || is_blank(text_[at_ + 1]);
  if ((sign != '-' && sign != '?') || alone) return;
  word.excluded = sign == '-';
  word.optional = sign == '?';
  ++at_;
}

void WordReader::read_one() {
  LogWord word;
  word.position = at_;
  read_sign(word);
  if (text_[at_] == '"') {
    const size_t begin = at_;
    const bool names_field = [&] {
      WordReader ahead(text_);
      ahead.at_ = at_;
      (void)ahead.quoted_text(true);
      return !ahead.problem_ && !operator_at(ahead.at_).empty();
    }();
    std::string inside = quoted_text(names_field);
    if (inside.empty()) fail(begin, "nothing stands in the quotes");
    if (names_field) {
      read_field(word, std::move(inside));
    } else {
      if (!ended()) fail(at_, "a blank is missing behind the quotes");
      word.text = std::move(inside);
    }
  } else if (text_[at_] == '%') {
    read_expression(word);
  } else if (const size_t end = name_end(); end > at_ && !operator_at(end).empty()) {
    std::string name(text_.substr(at_, end - at_));
    at_ = end;
    read_field(word, std::move(name));
  } else {
    word.text = bare_text();
  }
  if (!problem_) words_.push_back(std::move(word));
}

// A name keeps its backslashes: they are its path's.
std::string WordReader::quoted_text(bool of_name) {
  const size_t begin = at_++;
  std::string out;
  while (at_ < text_.size() && text_[at_] != '"') {
    const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    const bool escape = text_[at_] == '\\' && (next == '"' || (next == '\\' && !of_name));
    if (escape) ++at_;
    out += text_[at_++];
  }
  if (at_ == text_.size()) {
    fail(begin, "text in quotes without an end");
  } else {
    ++at_;
  }
  return out;
}

void WordReader::read_expression(LogWord& word) {
  const size_t begin = at_++;
  const size_t end = text_.find('%', at_);
  if (end == std::string_view::npos) {
    return fail(begin, "expression in % without an end; a text that begins with % needs quotes");
  }
  word.kind = LogWord::Kind::Expression;
  word.text = text_.substr(at_, end - at_);
  at_ = end + 1;
  if (word.text.empty()) return fail(begin, "empty expression");
  if (!ended()) return fail(at_, "a blank is missing behind the expression");
  if (auto read = Regex::compile_search(word.text); !read) fail(begin + 1, read.error().message);
}

std::string WordReader::bare_text() {
  const size_t begin = at_;
  for (; !ended(); ++at_) {
    if (text_[at_] == '"') fail(at_, "a quote in a word; the whole of it needs quotes");
  }
  return std::string(text_.substr(begin, at_ - begin));
}

// Behind the field's name that begins here; here, where none does.
size_t WordReader::name_end() const {
  if (!is_letter(text_[at_]) && text_[at_] != '@') return at_;
  size_t end = at_;
  while (end < text_.size()) {
    if (text_[end] == '\\' && end + 1 < text_.size() && !is_blank(text_[end + 1])) {
      end += 2;
    } else if (is_name(text_[end])) {
      ++end;
    } else {
      break;
    }
  }
  // "->" and "/=" are signs of their own.
  return end > at_ && (text_[end - 1] == '-' || text_[end - 1] == '/') ? at_ : end;
}

std::string_view WordReader::operator_at(size_t at) const {
  for (std::string_view sign : kOperators) {
    if (text_.substr(std::min(at, text_.size())).starts_with(sign)) return sign;
  }
  return {};
}

void WordReader::read_field(LogWord& word, std::string name) {
  word.kind = LogWord::Kind::Field;
  word.path = std::move(name);
  if (word.optional) return fail(word.position, "? stands before words only, not before a field");
  if (word.path.size() > store::kEventPathBytesMax) {
    return fail(word.position, fmt::format("a name of {} bytes, limit {}", word.path.size(),
                                           store::kEventPathBytesMax));
  }
  const bool known = word.path == "@message" || word.path == "@log" || word.path == "@logStream" ||
                     word.path == "@level";
  if (word.path.starts_with('@') && !word.path.starts_with("@@") && !known) {
    return fail(word.position,
                fmt::format("no field {}; there are @message, @log, @logStream and @level, and a "
                            "name in a message that begins with @ is written @{}",
                            word.path, word.path));
  }
  word.op = operator_at(at_);
  at_ += word.op.size();
  read_value(word);
}

void WordReader::read_value(LogWord& word) {
  const size_t begin = at_;
  const bool ordered = word.op[0] == '<' || word.op[0] == '>';
  if (ended()) {
    return fail(begin, fmt::format("no value behind {}; an empty one is written \"\"", word.op));
  }
  if (text_[at_] == '"') {
    word.text = quoted_text(false);
    if (!ended()) fail(at_, "a blank is missing behind the quotes");
  } else {
    if (!operator_at(at_).empty()) {
      return fail(begin, "two operators; a value that begins with one needs quotes");
    }
    word.text = bare_text();
    const size_t star = word.text.find('*');
    word.any = word.text == "*" && (word.op == "=" || word.op == "!=");
    if (star != std::string::npos && !word.any) {
      return fail(begin + star, "a * stands alone behind = and !=; for a part of a value take ~");
    }
  }
  if (ordered) check_number(word, begin);
}

void WordReader::check_number(const LogWord& word, size_t position) {
  if (!read_number(word.text)) {
    fail(position, fmt::format("{} compares numbers, {} is none", word.op, quoted(word.text)));
  }
}

}  // namespace

std::optional<double> read_number(std::string_view text) {
  double out = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, out);
  if (text.empty() || read.ec != std::errc() || read.ptr != end || !std::isfinite(out)) {
    return std::nullopt;
  }
  return out;
}

std::expected<std::vector<LogWord>, QueryError> read_log_words(std::string_view text) {
  return WordReader(text).read();
}

}  // namespace kansoku::api::console
