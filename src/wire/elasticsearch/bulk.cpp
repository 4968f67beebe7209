#include "wire/elasticsearch/bulk.h"

#include <array>
#include <cmath>

#include "base/time/iso8601.h"
#include "wire/json/json_reader.h"
#include "wire/tree/tree_visitor.h"

namespace kansoku::wire::elasticsearch {
namespace {

constexpr std::array<std::string_view, 4> kActions{"create", "index", "update", "delete"};
constexpr std::array<std::string_view, 3> kTimes{"@timestamp", "timestamp", "time"};

// {"create": {"_index": ..., "_id": ...}}
class ActionVisitor final : public TreeVisitor {
 public:
  ActionVisitor(Action& action, std::string& index, std::string& id, std::string& pipeline)
      : action_(action), index_(index), id_(id), pipeline_(pipeline) {}
  const std::string& failure() const { return failure_; }
  bool complete() const { return actions_ == 1; }

  bool begin_map() override {
    if (level_ == 1 && !named_) return wrong("expected an action");
    return level_ < 2 ? (++level_, true) : wrong("unexpected object");
  }
  bool begin_list() override { return wrong("unexpected list"); }
  bool end() override {
    --level_;
    return true;
  }
  bool key(std::string_view name) override {
    if (level_ == 1) {
      const auto found = std::ranges::find(kActions, name);
      if (found == kActions.end()) return wrong(fmt::format("unknown action {}", quoted(name)));
      action_ = static_cast<Action>(found - kActions.begin());
      ++actions_;
      named_ = true;
      return true;
    }
    into_ = nullptr;
    if (name == "_index") into_ = &index_;
    if (name == "_id") into_ = &id_;
    if (name == "pipeline") into_ = &pipeline_;
    // Where shards are, and the type of versions before 8: neither is here. The last is of updates,
    // which are refused.
    if (into_ != nullptr || name == "routing" || name == "_type" || name == "retry_on_conflict")
      return true;
    return wrong(fmt::format("unknown parameter {}", quoted(name)));
  }
  bool text(std::string_view value) override {
    if (level_ != 2) return wrong("expected an object");
    if (into_ != nullptr) *into_ = value;
    return true;
  }
  bool bytes(std::string_view) override { return false; }
  bool integer(int64_t value) override { return text(fmt::format("{}", value)); }
  bool number(double value) override { return text(fmt::format("{}", value)); }
  bool boolean(bool) override { return wrong("expected text"); }
  bool null() override { return level_ == 2 || wrong("expected an object"); }

 private:
  bool wrong(std::string what) {
    failure_ = std::move(what);
    return false;
  }
  Action& action_;
  std::string& index_;
  std::string& id_;
  std::string& pipeline_;
  std::string* into_ = nullptr;
  std::string failure_;
  int level_ = 0;
  int actions_ = 0;
  bool named_ = false;
};

// Seconds, milliseconds, microseconds or nanoseconds: which one, the size tells until the year 5138
// (1e11 seconds; 1e14 ms; 1e17 µs).
std::optional<int64_t> time_of_number(double value, std::optional<int64_t> exact) {
  const double size = std::abs(value);
  double scale = 1;
  if (size < 1e11) {
    scale = 1e9;
  } else if (size < 1e14) {
    scale = 1e6;
  } else if (size < 1e17) {
    scale = 1e3;
  }
  if (!(size * scale < 9.2e18)) return std::nullopt;
  if (exact) return *exact * static_cast<int64_t>(scale);
  return static_cast<int64_t>(value * scale);
}

}  // namespace

std::string_view action_name(Action action) { return kActions[static_cast<size_t>(action)]; }

std::string_view BulkReader::take_line() {
  const size_t end = std::min(rest_.find('\n'), rest_.size());
  std::string_view line = rest_.substr(0, end);
  rest_.remove_prefix(std::min(end + 1, rest_.size()));
  ++line_;
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

Status BulkReader::read_action(std::string_view line) {
  index_.clear();
  id_.clear();
  pipeline_.clear();
  ActionVisitor visitor(action_, index_, id_, pipeline_);
  const Status read = read_json(line, visitor);
  if (read && visitor.complete()) return {};
  return invalid_argument("Malformed action/metadata line [{}]: {}", line_,
                          !visitor.failure().empty() ? visitor.failure()
                          : read                     ? "expected one action"
                                                     : read.error().message);
}

Result<std::optional<BulkItem>> BulkReader::next() {
  std::string_view line;
  while (line.empty()) {
    if (rest_.empty()) return std::nullopt;
    line = take_line();
  }
  if (line != action_line_) {
    action_line_ = {};
    KANSOKU_RETURN_IF_ERROR(read_action(line));
    action_line_ = line;
  }
  BulkItem out{.action = action_, .index = index_, .id = id_, .pipeline = pipeline_};
  if (action_ == Action::Delete) return out;
  if (rest_.empty()) return invalid_argument("line [{}] has no document behind it", line_);
  out.document = take_line();
  return out;
}

Result<std::optional<int64_t>> time_of(const PaddedText& body, std::string_view document) {
  KANSOKU_TRY(const auto member, find_json_member(body, document, kTimes));
  if (!member) return std::nullopt;
  if (const auto* text = std::get_if<std::string_view>(&member->value))
    return parse_iso8601_ns(*text);
  if (const auto* integer = std::get_if<int64_t>(&member->value))
    return time_of_number(static_cast<double>(*integer), *integer);
  return time_of_number(std::get<double>(member->value), std::nullopt);
}

}  // namespace kansoku::wire::elasticsearch
