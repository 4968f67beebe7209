#include "query/logs_insights/values.h"

#include <charconv>

#include "base/time/civil.h"
#include "query/exec/rows_batch.h"
#include "query/logs_insights/logs_insights.h"
#include "wire/json/json_reader.h"
#include "wire/json/json_writer.h"

namespace kansoku::query::logs_insights {

using rows::Kind;
using rows::Value;

namespace {

// Below this every whole number is a double, and prints without an exponent.
constexpr double kWholeMax = 9'007'199'254'740'992.0;

void print_time(int64_t ms, std::string& out) {
  const CivilTime t = civil_time(ms);
  out += fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:03}", t.year, t.month, t.day, t.hour,
                     t.minute, t.second, t.ms);
}

void print_number(double number, std::string& out) {
  if (std::isnan(number)) {
    out += "NaN";
  } else if (std::isinf(number)) {
    out += number < 0 ? "-Infinity" : "Infinity";
  } else if (std::abs(number) < kWholeMax && number == std::trunc(number)) {
    out += std::to_string(static_cast<int64_t>(number));
  } else {
    wire::append_json_number(out, number);
  }
}

std::optional<double> parse_number(std::string_view text) {
  if (text.empty() || text.size() > 64) return std::nullopt;
  // Words that from_chars takes are no numbers here.
  const char c = text[0];
  if ((c < '0' || c > '9') && c != '-' && c != '+' && c != '.') return std::nullopt;
  if (c == '+') text.remove_prefix(1);
  double out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(out)) {
    return std::nullopt;
  }
  return out;
}

int three_way(double a, double b) { return a < b ? -1 : a > b ? 1 : 0; }

// Finds one path of a document; what stands there is written again.
class PathReader final : public wire::TreeVisitor {
 public:
  PathReader(std::string_view path, rows::TextArena& arena) : path_(path), arena_(arena) {}
  bool begin_map() override { return begin(false); }
  bool begin_list() override { return begin(true); }
  bool end() override {
    if (writing_ > 0) {
      lists_.back() ? writer_->end_array() : writer_->end_object();
      lists_.pop_back();
      if (--writing_ == 0) return found(Value::of_json(arena_.keep(json_)));
      return true;
    }
    levels_.pop_back();
    return true;
  }
  bool key(std::string_view name) override {
    if (writing_ > 0) {
      writer_->key(name);
    } else {
      levels_.back().name = name;
    }
    return true;
  }
  bool text(std::string_view value) override {
    if (writing_ > 0) writer_->string(value);
    return scalar([&] { return Value::of_text(arena_.keep(value)); });
  }
  bool bytes(std::string_view) override { return false; }
  bool integer(int64_t value) override {
    if (writing_ > 0) writer_->integer(value);
    return scalar([&] { return Value::of_int(value); });
  }
  bool number(double value) override {
    if (writing_ > 0) writer_->number(value);
    return scalar([&] { return Value::of_float(value); });
  }
  bool boolean(bool value) override {
    if (writing_ > 0) writer_->boolean(value);
    return scalar([&] { return Value::of_bool(value); });
  }
  bool null() override {
    if (writing_ > 0) writer_->null();
    return scalar([] { return Value(); });
  }
  Value value() const { return value_; }

 private:
  struct Level {
    bool list = false;
    size_t item = 0;
    std::string name;
    bool on_path = false;
    size_t rest = 0;  // of the path, where its values begin
  };
  // How much of the path is behind the value that begins now; nothing when it is not on it.
  std::optional<size_t> rest_of_value() {
    if (levels_.empty()) return 0;
    Level& level = levels_.back();
    const std::string name = level.list ? std::to_string(level.item++) : level.name;
    if (!level.on_path) return std::nullopt;
    const std::string_view rest = path_.substr(level.rest);
    if (!rest.starts_with(name)) return std::nullopt;
    if (rest.size() == name.size()) return path_.size();
    if (rest[name.size()] != '.') return std::nullopt;
    return level.rest + name.size() + 1;
  }
  bool begin(bool list) {
    const auto rest = writing_ > 0 ? std::nullopt : rest_of_value();
    if (writing_ == 0 && rest == path_.size()) writer_.emplace(json_);
    if (writing_ > 0 || rest == path_.size()) {
      list ? writer_->begin_array() : writer_->begin_object();
      lists_.push_back(list);
      ++writing_;
      return true;
    }
    levels_.push_back({list, 0, {}, rest.has_value(), rest.value_or(0)});
    return true;
  }
  template <class Make>
  bool scalar(Make make) {
    if (writing_ > 0) return true;
    const auto rest = rest_of_value();
    return rest == path_.size() && !levels_.empty() ? found(make()) : true;
  }
  bool found(const Value& value) {
    value_ = value;
    return false;  // enough
  }

  std::string_view path_;
  rows::TextArena& arena_;
  std::vector<Level> levels_;
  size_t writing_ = 0;
  std::vector<bool> lists_;
  std::string json_;
  std::optional<wire::JsonWriter> writer_;
  Value value_;
};

}  // namespace

std::optional<double> number_of(const Value& value) {
  switch (value.kind) {
    case Kind::Bool:
    case Kind::Int:
    case Kind::Time:
      return static_cast<double>(value.integer);
    case Kind::Float:
      return value.number;
    case Kind::Text:
      return parse_number(value.text);
    default:
      return std::nullopt;
  }
}

bool truth_of(const Value& value) {
  if (value.kind == Kind::Text) return value.text == "true" || number_of(value).value_or(0) != 0;
  return number_of(value).value_or(0) != 0;
}

void print(const Value& value, std::string& out) {
  switch (value.kind) {
    case Kind::Null:
      return;
    case Kind::Bool:
    case Kind::Int:
      out += std::to_string(value.integer);
      return;
    case Kind::Float:
      return print_number(value.number, out);
    case Kind::Time:
      return print_time(value.integer, out);
    case Kind::Text:
    case Kind::Json:
      out += value.text;
      return;
  }
}

int compare(const Value& a, const Value& b) {
  if (a.is_null() || b.is_null()) return static_cast<int>(!a.is_null()) - !b.is_null();
  if (a.is_integer() && b.is_integer()) {
    return a.integer < b.integer ? -1 : static_cast<int>(a.integer > b.integer);
  }
  const auto left = number_of(a);
  const auto right = number_of(b);
  if (left && right) return three_way(*left, *right);
  if (left || right) return left ? -1 : 1;
  const int order = a.text.compare(b.text);
  return order < 0 ? -1 : static_cast<int>(order > 0);
}

bool equal(const Value& a, const Value& b) {
  if (a.is_null() || b.is_null()) return false;
  if (a.kind == Kind::Bool && b.kind == Kind::Text && !number_of(b)) {
    return b.text == (a.integer != 0 ? "true" : "false");
  }
  if (b.kind == Kind::Bool && a.kind == Kind::Text && !number_of(a)) return equal(b, a);
  if (a.kind == Kind::Time && b.kind == Kind::Text && !number_of(b)) {
    std::string text;
    print(a, text);
    return text == b.text;
  }
  return compare(a, b) == 0;
}

std::string_view text_of(const Value& value, rows::TextArena& arena) {
  if (value.is_text()) return value.text;
  std::string text;
  print(value, text);
  return arena.keep(text);
}

Value json_at(std::string_view json, std::string_view path, rows::TextArena& arena) {
  PathReader reader(path, arena);
  (void)wire::read_json(json, reader);
  return reader.value();
}

const rows::Semantics& semantics() {
  static constexpr rows::Semantics kSemantics{
      .compare = compare, .number = number_of, .truth = truth_of, .print = print};
  return kSemantics;
}

std::string shown(const Value& value, bool computed) {
  std::string out;
  if (!computed || value.kind != Kind::Float || std::abs(value.number) >= kWholeMax) {
    print(value, out);
    return out;
  }
  // Insights shows four digits behind the point of what it has computed.
  print_number(std::round(value.number * 1e4) / 1e4, out);
  return out;
}

std::vector<Field> shown_row(const rows::RowsTable& table, size_t row) {
  std::vector<Field> out;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const rows::Cell& cell = table.rows[row][i];
    if (cell.value.is_null()) continue;
    Value value = cell.value;
    value.text = cell.text;
    out.push_back({table.columns[i], shown(value, table.computed[i])});
  }
  if (!table.pointers.empty() && !table.pointers[row].empty()) {
    out.push_back({"@ptr", table.pointers[row]});
  }
  return out;
}

std::optional<store::EventId> parse_pointer(std::string_view pointer) {
  return rows::parse_event_pointer(pointer);
}

}  // namespace kansoku::query::logs_insights
