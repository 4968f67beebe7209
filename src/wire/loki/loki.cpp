#include "wire/loki/loki.h"

#include <charconv>

#include "wire/json/json_reader.h"
#include "wire/protobuf/protobuf.h"
#include "wire/tree/tree_visitor.h"

namespace kansoku::wire::loki {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kSecondsMax = 9'000'000'000;  // that fit nanoseconds

// Levels of containers: 1 the message, 2 streams, 3 a stream, 4 its labels or its values, 5 a
// value, 6 metadata.
class JsonVisitor final : public TreeVisitor {
 public:
  explicit JsonVisitor(PushSink& sink) : sink_(sink) {}
  const std::string& failure() const { return failure_; }

  bool begin_map() override {
    if (skipped_ > 0) return skip();
    if (level_ == 0) return enter();
    if (level_ == 1) return field_ == Field::Streams ? wrong("streams are no list") : skip();
    if (level_ == 2) {
      labels_.clear();
      pending_.clear();
      told_ = false;
      return enter();
    }
    if (level_ == 3 && field_ == Field::Labels) return enter();
    if (level_ == 3 && field_ == Field::None) return skip();
    if (level_ == 5 && item_ == 2) {
      ++item_;
      return enter();
    }
    return wrong("an object where none may be");
  }
  bool begin_list() override {
    if (skipped_ > 0) return skip();
    if (level_ == 1 && field_ == Field::Streams) return enter();
    if (level_ == 3 && field_ == Field::Values) return enter();
    if (level_ == 4 && field_ == Field::Values) {
      item_ = 0;
      metadata_.clear();
      return enter();
    }
    if ((level_ == 1 || level_ == 3) && field_ == Field::None) return skip();
    return wrong("a list where none may be");
  }
  bool end() override {
    if (skipped_ > 0) {
      --skipped_;
      return true;
    }
    --level_;
    if (level_ == 4 && field_ == Field::Values) return end_value();
    if (level_ == 3) {
      field_ = Field::None;
    } else if (level_ == 2) {
      flush();
    }
    return true;
  }
  bool key(std::string_view name) override {
    if (skipped_ > 0) return true;
    if (level_ == 1) field_ = name == "streams" ? Field::Streams : Field::None;
    if (level_ == 3) {
      field_ = name == "stream" ? Field::Labels : name == "values" ? Field::Values : Field::None;
    }
    if (level_ == 4 || level_ == 6) name_ = name;
    return true;
  }
  bool text(std::string_view value) override {
    if (skipped_ > 0) return true;
    if (level_ == 4 && field_ == Field::Labels) {
      labels_.emplace_back(name_, value);
      return true;
    }
    if (level_ == 6) {
      metadata_.emplace_back(name_, value);
      return true;
    }
    if (level_ != 5) return scalar();
    if (item_ == 0) {
      const char* end = value.data() + value.size();
      if (std::from_chars(value.data(), end, time_ns_).ptr != end || value.empty())
        return wrong(fmt::format("the time {} is no number of nanoseconds", quoted(value)));
    } else if (item_ == 1) {
      line_ = value;
    } else {
      return wrong("a value is time, line and an object of metadata");
    }
    ++item_;
    return true;
  }
  bool bytes(std::string_view) override { return false; }
  bool integer(int64_t) override { return scalar(); }
  bool number(double) override { return scalar(); }
  bool boolean(bool) override { return scalar(); }
  bool null() override { return scalar(); }

 private:
  enum class Field : uint8_t { None, Streams, Labels, Values };
  struct Pending {
    int64_t time_ns = 0;
    std::string line;
    Labels metadata;
  };
  bool enter() {
    ++level_;
    if (level_ == 1 || level_ == 3) field_ = Field::None;
    return true;
  }
  bool skip() {
    ++skipped_;
    return true;
  }
  bool scalar() {
    if (skipped_ > 0) return true;
    const bool unknown = (level_ == 1 || level_ == 3) && field_ == Field::None;
    return unknown || wrong("labels, times, lines and metadata must be text");
  }
  bool end_value() {
    if (item_ < 2) return wrong("a value needs a time and a line");
    // Labels may stand behind the values; mostly they stand before.
    if (labels_.empty()) {
      pending_.push_back({time_ns_, line_, metadata_});
      return true;
    }
    if (!std::exchange(told_, true)) sink_.stream(labels_);
    sink_.entry(time_ns_, line_, metadata_);
    return true;
  }
  void flush() {
    if (pending_.empty()) return;
    sink_.stream(labels_);
    for (const Pending& entry : pending_) sink_.entry(entry.time_ns, entry.line, entry.metadata);
    pending_.clear();
  }
  bool wrong(std::string what) {
    failure_ = std::move(what);
    return false;
  }

  PushSink& sink_;
  int level_ = 0;
  int skipped_ = 0;  // containers that nobody wants
  Field field_ = Field::None;
  int item_ = 0;
  std::string name_;
  Labels labels_;
  bool told_ = false;
  int64_t time_ns_ = 0;
  std::string line_;
  Labels metadata_;
  std::vector<Pending> pending_;
  std::string failure_;
};

void append_utf8(uint32_t point, std::string& out) {
  const auto add = [&](uint32_t byte) { out += static_cast<char>(byte); };
  if (point < 0x80) return add(point);
  if (point < 0x800) {
    add(0xc0 | point >> 6);
  } else if (point < 0x10000) {
    add(0xe0 | point >> 12);
    add(0x80 | (point >> 6 & 0x3f));
  } else {
    add(0xf0 | point >> 18);
    add(0x80 | (point >> 12 & 0x3f));
    add(0x80 | (point >> 6 & 0x3f));
  }
  add(0x80 | (point & 0x3f));
}

// Go's escapes of a quoted string (strconv.Quote); false for others.
bool take_escape(std::string_view& text, std::string& out) {
  static constexpr std::string_view kNames = "abfnrtv\\\"'";
  static constexpr std::string_view kBytes = "\a\b\f\n\r\t\v\\\"'";
  if (text.empty()) return false;
  const char c = text.front();
  text.remove_prefix(1);
  if (const size_t at = kNames.find(c); at != std::string_view::npos) {
    out += kBytes[at];
    return true;
  }
  const size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
  uint32_t value = 0;
  if (digits == 0 || text.size() < digits ||
      std::from_chars(text.data(), text.data() + digits, value, 16).ptr != text.data() + digits) {
    return false;
  }
  text.remove_prefix(digits);
  if (c == 'x') {
    out += static_cast<char>(value);
    return true;
  }
  if (value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return false;
  append_utf8(value, out);
  return true;
}

void skip_blanks(std::string_view& text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
}
bool take(std::string_view& text, char c) {
  skip_blanks(text);
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  skip_blanks(text);
  return true;
}

bool take_label(std::string_view& text, Labels& out) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos) return false;
  std::string_view name = text.substr(0, equals);
  while (name.ends_with(' ')) name.remove_suffix(1);
  text.remove_prefix(equals + 1);
  skip_blanks(text);
  if (name.empty() || !text.starts_with('"')) return false;
  text.remove_prefix(1);
  std::string value;
  while (!text.empty() && text.front() != '"') {
    const char c = text.front();
    text.remove_prefix(1);
    if (c != '\\') {
      value += c;
    } else if (!take_escape(text, value)) {
      return false;
    }
  }
  if (text.empty()) return false;
  text.remove_prefix(1);
  out.emplace_back(name, std::move(value));
  return true;
}

// google.protobuf.Timestamp
bool read_time(ProtobufReader reader, int64_t& unix_ns) {
  int64_t seconds = 0;
  int64_t nanos = 0;
  while (reader.next()) {
    if (reader.field() == 1) seconds = reader.int64();
    if (reader.field() == 2) nanos = reader.int32();
  }
  if (!reader.ok() || std::abs(seconds) > kSecondsMax || nanos < 0 || nanos >= kSecondNs)
    return false;
  unix_ns = seconds * kSecondNs + nanos;
  return true;
}

bool read_pair(ProtobufReader reader, Labels& out) {
  std::string_view name;
  std::string_view value;
  while (reader.next()) {
    if (reader.field() == 1) name = reader.bytes();
    if (reader.field() == 2) value = reader.bytes();
  }
  out.emplace_back(name, value);
  return reader.ok();
}

bool read_entry(ProtobufReader reader, Labels& metadata, PushSink& sink) {
  int64_t unix_ns = 0;
  std::string_view line;
  metadata.clear();
  bool good = true;
  while (good && reader.next()) {
    if (reader.field() == 1) good = read_time(reader.message(), unix_ns);
    if (reader.field() == 2) line = reader.bytes();
    if (reader.field() == 3) good = read_pair(reader.message(), metadata);
  }
  if (!good || !reader.ok()) return false;
  sink.entry(unix_ns, line, metadata);
  return true;
}

}  // namespace

Result<Labels> parse_labels(std::string_view text) {
  Labels out;
  const auto malformed = [whole = text] {
    return invalid_argument("labels {} are malformed", quoted(whole));
  };
  if (!take(text, '{')) return malformed();
  while (!take(text, '}')) {
    if (!take_label(text, out)) return malformed();
    if (!take(text, ',') && !text.starts_with('}')) return malformed();
  }
  if (!text.empty()) return malformed();
  return out;
}

Status decode_json(std::string_view body, PushSink& sink) {
  JsonVisitor visitor(sink);
  const Status read = read_json(body, visitor);
  if (read || visitor.failure().empty()) return read;
  return invalid_argument("{}", visitor.failure());
}

Status decode_protobuf(std::string_view message, PushSink& sink) {
  const auto malformed = [] { return invalid_argument("malformed push request"); };
  ProtobufReader request(message);
  Labels metadata;
  while (request.next()) {
    if (request.field() != 1) continue;
    const std::string_view stream = request.bytes();
    // Labels first: they may stand behind the entries.
    std::string_view labels;
    ProtobufReader ahead(stream);
    while (ahead.next()) {
      if (ahead.field() == 1) labels = ahead.bytes();
    }
    if (!ahead.ok()) return malformed();
    KANSOKU_TRY(const Labels parsed, parse_labels(labels));
    sink.stream(parsed);
    ProtobufReader reader(stream);
    while (reader.next()) {
      if (reader.field() == 2 && !read_entry(reader.message(), metadata, sink)) return malformed();
    }
    if (!reader.ok()) return malformed();
  }
  if (!request.ok()) return malformed();
  return {};
}

}  // namespace kansoku::wire::loki
