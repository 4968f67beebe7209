#include "store/events/block_fixture.h"

#include <algorithm>
#include <set>

#include "store/json_leaves.h"

namespace kansoku::store::events {

using signal::ColumnType;
using signal::EventColumn;

void BlockBuilder::add(std::string_view stream, int64_t timestamp_ns) {
  if (rows_.streams.empty() || rows_.streams.back().stream != stream)
    rows_.streams.push_back({"group", 3, std::string(stream)});
  rows_.stream_rows.push_back(static_cast<uint32_t>(rows_.streams.size() - 1));
  rows_.timestamps_ns.push_back(timestamp_ns);
  rows_.sequences.push_back(100 + rows_.size() / 10);
  rows_.batch_rows.push_back(static_cast<uint32_t>(rows_.size() % 10));
  rows_.ingested_ns.push_back(timestamp_ns + 1000);
}

EventColumn& BlockBuilder::column(std::string_view path, ColumnType type) {
  for (EventColumn& column : rows_.columns) {
    if (column.path == path && column.type == type) {
      column.rows.push_back(static_cast<uint32_t>(rows_.size() - 1));
      return column;
    }
  }
  EventColumn& column = rows_.columns.emplace_back();
  column.path = path;
  column.type = type;
  column.rows.push_back(static_cast<uint32_t>(rows_.size() - 1));
  return column;
}

void BlockBuilder::set_text(std::string_view path, std::string_view value, ColumnType type) {
  EventColumn& to = column(path, type);
  to.text += value;
  to.text_ends.push_back(static_cast<uint32_t>(to.text.size()));
}
void BlockBuilder::set_number(std::string_view path, int64_t value, ColumnType type) {
  column(path, type).integers.push_back(value);
}
void BlockBuilder::set_number(std::string_view path, double value) {
  column(path, ColumnType::Float64).floats.push_back(value);
}

BlockRows rows_of(const std::vector<std::string>& messages) {
  BlockBuilder builder;
  int64_t ns = 1'700'000'000'000'000'000;
  for (const std::string& message : messages) {
    builder.add("s", ns += 1'000'000);
    builder.message(message);
  }
  return builder.take();
}

namespace {

std::string hex_of(uint64_t value, size_t digits) {
  std::string out = fmt::format("{:016x}{:016x}", value, value * 0x9e3779b97f4a7c15ULL);
  return out.substr(0, digits);
}

std::string random_json(std::mt19937_64& random) {
  const auto below = [&](uint64_t n) { return random() % n; };
  switch (below(12)) {
    case 0:
      return fmt::format(R"({{"level":"{}","n":{},"took":{:.2f},"trace":"{}"}})",
                         below(2) ? "info" : "error", below(1000),
                         static_cast<double>(below(10000)) / 100, hex_of(random(), 32));
    case 1:
      return fmt::format(R"({{ "level" : "warn", "n" : -{}, "ok":{}, "list":[1,"a",null,{}] }} )",
                         below(50), below(2) ? "true" : "false", below(9));
    case 2:
      return fmt::format(R"({{"msg":"user {} logged in from 10.0.{}.{}","n":"{}"}})", below(20),
                         below(5), below(256), below(7));
    case 3:
      return fmt::format(R"({{"msg":"line\nbreak \"{}\" \\ tab\t","esc":"\u00e9\/{}"}})", below(9),
                         below(4));
    case 4:
      return fmt::format(R"({{"a":{{"b":{},"c":{{"d":"x{}"}}}},"a.b":{},"@m":{}}})", below(5),
                         below(3), below(4), below(3));
    case 5:
      return fmt::format(R"({{"dup":{},"dup":{}}})", below(5), below(5));
    case 6: {
      static constexpr std::string_view kNumbers[] = {"-0",
                                                      "0",
                                                      "-0.0",
                                                      "1e5",
                                                      "1E-7",
                                                      "123456789012345678901234567890",
                                                      "9223372036854775807",
                                                      "9223372036854775808",
                                                      "-9223372036854775808",
                                                      "0.1000",
                                                      "12345678901234567.25",
                                                      "1.7976931348623157e308",
                                                      "1e400",
                                                      "01",
                                                      "-",
                                                      "1.",
                                                      "0.000000000000000000000001",
                                                      "18446744073709551615"};
      return fmt::format(R"({{"num":{},"n":{}}})", kNumbers[below(std::size(kNumbers))], below(3));
    }
    case 7:
      return fmt::format(R"({{"k{}":{},"n":1}})", below(3000), below(5));
    case 8: {
      static constexpr std::string_view kTexts[] = {
          R"(\ud83d\ude00)", R"(\ud83d)", "\xff\xfe",  "\xc3\xa9", "tab\there", R"(bad \x escape)",
          R"(\u0000)",       R"(\u001f)", R"(\u003c)", "",         "open",      R"(\b\f)"};
      return fmt::format(R"({{"text":"{}","n":{}}})", kTexts[below(std::size(kTexts))], below(3));
    }
    case 9:
      return fmt::format(
          R"({{"time":"2026-11-22T10:{:02}:{:02}.{:03}Z","id":"{}-4a3f-11ee-8c99-0242ac120002"}})",
          below(60), below(60), below(1000), hex_of(random(), 8));
    case 10:
      return fmt::format(R"({{"empty":{{}},"none":null,"l":[],"n":{})", below(3)) +
             (below(2) ? "}" : "");
    default:
      return R"({"deep":)" + std::string(below(80), '[') + "1";
  }
}

}  // namespace

std::string random_message(std::mt19937_64& random) {
  const auto below = [&](uint64_t n) { return random() % n; };
  switch (below(16)) {
    case 0:
      return fmt::format("GET /api/v1/orders/{} 200 in {} ms", below(100'000), below(500));
    case 1:
      return fmt::format("GET /api/v1/orders/{} 500 in {} ms", below(100'000), below(500));
    case 2:
      return fmt::format("2026-11-22 10:{:02}:{:02},{:03} ERROR [worker-{}] job {} failed: {}",
                         below(60), below(60), below(1000), below(8), hex_of(random(), 16),
                         below(2) ? "timeout" : "refused");
    case 3:
      return "";
    case 4: {
      std::string out(below(60), '\0');
      for (char& c : out) c = static_cast<char>(random());
      return out;
    }
    case 5:
      return fmt::format("id={} {}\r\n", hex_of(random(), 32), std::string(1, '\0'));
    case 6:
      return std::string(below(300), static_cast<char>('a' + below(3)));
    case 7:
      return fmt::format("user u{}x{} 007 {:05} a1b2c3 {}", below(5), below(100), below(3000),
                         random());
    default:
      return random_json(random);
  }
}

BlockRows random_block(uint64_t seed, size_t rows) {
  std::mt19937_64 random(seed);
  const auto below = [&](uint64_t n) { return random() % n; };
  BlockBuilder builder;
  const size_t streams = 1 + below(4);
  int64_t ns = static_cast<int64_t>(1'700'000'000) * 1'000'000'000;
  for (size_t row = 0; row < rows; ++row) {
    const size_t stream = row * streams / rows;
    if (stream > 0 && stream * rows / streams == row) ns -= 1'000'000'000;
    ns += static_cast<int64_t>(below(5)) * 1'000'000 + static_cast<int64_t>(below(50) == 0);
    builder.add("stream" + std::to_string(stream), ns);
    if (below(20) != 0) builder.message(random_message(random));
    if (below(3) == 0) builder.set_number("n", static_cast<int64_t>(below(3)) - 1);
    if (below(10) == 0) builder.set_text("level", below(2) ? "own" : "info");
    if (below(9) == 0) builder.set_number("ratio", static_cast<double>(below(9)) / 8 - 0.5);
    if (below(9) == 0) builder.set_text("raw", std::string(below(4), '\x80'), ColumnType::Bytes);
    if (below(9) == 0) builder.set_number("flag", static_cast<int64_t>(below(2)), ColumnType::Bool);
  }
  return builder.take();
}

EventClause random_clause(std::mt19937_64& random) {
  using Op = EventPredicate::Op;
  const auto below = [&](uint64_t n) { return random() % n; };
  static constexpr std::string_view kPaths[] = {
      kMessagePath, "level", "n",    "took", "trace", "msg",  "a.b", "a\\.b", "list.1", "num",
      "text",       "time",  "flag", "esc",  "ratio", "none", "dup", "id",    "k7",     "raw"};
  static constexpr std::string_view kTexts[] = {"",           "info",
                                                "err",        "GET /api",
                                                "orders/1",   " 500 in",
                                                "0.0",        "\":\"",
                                                "a",          "\n",
                                                "\\n",        "7",
                                                "2026-11",    "10:1",
                                                "failed",     "refused",
                                                "user 7",     "\"n\":1",
                                                "\xc3",       "f",
                                                "aaaa",       "worker-3",
                                                "e\":1",      "}",
                                                "{\"",        "logged in from 10",
                                                "00ff",       "x1",
                                                "5]",         "12",
                                                "true",       ",\"ok\"",
                                                "\\u00e9",    "\xc3\xa9",
                                                "job 1",      "ERROR [",
                                                "-4a3f-11ee", "Z\"",
                                                "in 12 ms",   "99999",
                                                "b\\\"",      "u3x",
                                                "007 00"};
  static constexpr std::string_view kRegexes[] = {
      "(?i)error", "in \\d+ ms",          "^GET", "orders/7\\d", "a|b",
      "\\d{5,}",   "failed: (timeout|x)", "$",    "info\"",      "[^\\x00-\\x7f]"};
  EventClause out;
  for (size_t i = 1 + below(2); i-- > 0;) {
    EventPredicate p{
        .path = std::string(below(3) == 0 ? kMessagePath : kPaths[below(std::size(kPaths))]),
        .op = static_cast<Op>(below(12))};
    p.text =
        p.op == Op::Regex ? kRegexes[below(std::size(kRegexes))] : kTexts[below(std::size(kTexts))];
    p.number = static_cast<double>(below(1000)) / (below(2) ? 1 : 100) - 2;
    p.truth = below(2) == 0;
    out.push_back(std::move(p));
  }
  return out;
}

namespace {

// All values of all rows as text and number.
class PlainRows final : public EventRows {
 public:
  explicit PlainRows(const BlockRows& rows) : block_(rows), values_(rows.size()) {
    for (uint32_t row = 0; row < rows.size(); ++row) rows_.push_back(row);
    for (const EventColumn& column : rows.columns) {
      for (size_t i = 0; i < column.rows.size(); ++i)
        values_[column.rows[i]].push_back(of(column, i));
    }
    for (auto& values : values_) add_leaves(values);
    for (const StreamKey& key : rows.streams) streams_.push_back({key.group, key.stream});
    fill();
  }
  size_t size() const override { return rows_.size(); }
  std::span<const int64_t> timestamps_ns() const override { return times_; }
  std::span<const int64_t> ingested_ns() override { return ingested_; }
  EventId id(size_t row) override {
    const uint32_t at = rows_[row];
    return {block_.timestamps_ns[at], block_.sequences[at], block_.batch_rows[at]};
  }
  std::span<const uint32_t> stream_rows() const override { return stream_rows_; }
  std::span<const EventStreamName> streams() const override { return streams_; }
  bool checked(size_t) const override { return false; }
  Result<std::span<const EventValues>> columns(std::string_view path) override {
    Path& out = made_[std::string(path)];
    out = Path();
    for (const ColumnType type : {ColumnType::Text, ColumnType::Int64, ColumnType::Float64,
                                  ColumnType::Bool, ColumnType::Bytes}) {
      make(path, type, out);
    }
    return std::span<const EventValues>(out.values);
  }
  Result<std::vector<std::string_view>> paths() override {
    std::set<std::string_view> out;
    for (const uint32_t row : rows_) {
      for (const Value& value : values_[row]) out.insert(value.path);
    }
    return std::vector<std::string_view>(out.begin(), out.end());
  }
  void keep(std::span<const uint32_t> rows) override {
    std::vector<uint32_t> kept;
    for (const uint32_t row : rows) kept.push_back(rows_[row]);
    rows_ = std::move(kept);
    fill();
  }

 private:
  struct Value {
    std::string path;
    ColumnType type = ColumnType::Text;
    std::string text;
    int64_t integer = 0;
    double number = 0;
  };
  struct Part {
    std::vector<uint8_t> present;
    std::vector<int64_t> integers;
    std::vector<double> floats;
    std::vector<std::string_view> texts;
  };
  struct Path {
    std::deque<Part> parts;
    std::vector<EventValues> values;
  };

  static Value of(const EventColumn& column, size_t i) {
    Value out{.path = column.path, .type = column.type};
    if (column.type == ColumnType::Text || column.type == ColumnType::Bytes) {
      out.text = column.text_at(i);
    } else if (column.type == ColumnType::Float64) {
      out.number = column.floats[i];
    } else {
      out.integer = column.integers[i];
    }
    return out;
  }
  static void add_leaves(std::vector<Value>& values) {
    std::set<std::string> known;
    std::string message;
    for (const Value& value : values) {
      known.insert(value.path);
      if (value.path == kMessagePath && value.type == ColumnType::Text) message = value.text;
    }
    for (JsonLeaf& leaf : json_leaves(message)) {
      if (known.contains(leaf.path)) continue;
      Value& out = values.emplace_back(Value{.path = leaf.path});
      if (auto* text = std::get_if<std::string>(&leaf.value)) {
        out.text = *text;
      } else if (const auto* number = std::get_if<double>(&leaf.value)) {
        out.type = ColumnType::Float64;
        out.number = *number;
      } else if (const auto* integer = std::get_if<int64_t>(&leaf.value)) {
        out.type = ColumnType::Int64;
        out.integer = *integer;
      } else {
        out.type = ColumnType::Bool;
        out.integer = std::get<bool>(leaf.value);
      }
    }
  }
  void make(std::string_view path, ColumnType type, Path& out) {
    Part part;
    part.present.resize(rows_.size());
    part.integers.resize(rows_.size());
    part.floats.resize(rows_.size());
    part.texts.resize(rows_.size());
    bool any = false;
    for (size_t i = 0; i < rows_.size(); ++i) {
      for (const Value& value : values_[rows_[i]]) {
        if (value.path != path || value.type != type) continue;
        any = true;
        part.present[i] = 1;
        part.integers[i] = value.integer;
        part.floats[i] = value.number;
        part.texts[i] = value.text;
      }
    }
    if (!any) return;
    const Part& kept = out.parts.emplace_back(std::move(part));
    EventValues values{.path = path, .type = type, .present = kept.present};
    values.integers = kept.integers;
    values.floats = kept.floats;
    values.texts = kept.texts;
    out.values.push_back(values);
  }
  void fill() {
    times_.clear();
    ingested_.clear();
    stream_rows_.clear();
    for (const uint32_t row : rows_) {
      times_.push_back(block_.timestamps_ns[row]);
      ingested_.push_back(block_.ingested_ns[row]);
      stream_rows_.push_back(block_.stream_rows[row]);
    }
  }

  const BlockRows& block_;
  std::vector<std::vector<Value>> values_;
  std::vector<uint32_t> rows_;
  std::vector<int64_t> times_;
  std::vector<int64_t> ingested_;
  std::vector<uint32_t> stream_rows_;
  std::vector<EventStreamName> streams_;
  std::map<std::string, Path> made_;
};

std::string shown(const EventValues& values, size_t row) {
  switch (values.type) {
    case ColumnType::Text:
      return fmt::format("t:{}", values.text(row));
    case ColumnType::Bytes:
      return fmt::format("y:{}", values.text(row));
    case ColumnType::Int64:
      return fmt::format("i:{}", values.integers[row]);
    case ColumnType::Float64:
      return fmt::format("f:{:016x}", std::bit_cast<uint64_t>(values.floats[row]));
    case ColumnType::Bool:
      return values.integers[row] != 0 ? "b:true" : "b:false";
  }
  return {};
}

}  // namespace

std::unique_ptr<EventRows> plain_rows(const BlockRows& rows) {
  return std::make_unique<PlainRows>(rows);
}

std::vector<std::string> shown(EventRows& rows) {
  std::vector<std::string> out(rows.size());
  for (size_t row = 0; row < rows.size(); ++row) {
    const EventId id = rows.id(row);
    out[row] = fmt::format("{} {} {} {} {}", id.timestamp_ns, id.log_sequence, id.row,
                           rows.ingested_ns()[row], rows.streams()[rows.stream_rows()[row]].stream);
  }
  const auto paths = rows.paths();
  if (!paths) return {paths.error().to_string()};
  const std::vector<std::string> names(paths->begin(), paths->end());
  for (const std::string& path : names) {
    const auto columns = rows.columns(path);
    if (!columns) return {columns.error().to_string()};
    std::vector<std::set<std::string>> values(rows.size());
    for (const EventValues& column : *columns) {
      for (size_t row = 0; row < rows.size(); ++row) {
        if (column.has(row)) values[row].insert(shown(column, row));
      }
    }
    for (size_t row = 0; row < rows.size(); ++row) {
      for (const std::string& value : values[row]) out[row] += " " + path + "=" + value;
    }
  }
  return out;
}

Result<std::shared_ptr<const std::string>> MemoryBytes::read(uint64_t offset, size_t bytes) {
  if (offset > bytes_.size() || bytes > bytes_.size() - offset) return corruption("past the end");
  return std::make_shared<const std::string>(bytes_.substr(offset, bytes));
}

}  // namespace kansoku::store::events
