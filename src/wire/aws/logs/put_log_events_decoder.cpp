#include "wire/aws/logs/put_log_events_decoder.h"

#include <cmath>

#include "wire/json/json_reader.h"

namespace kansoku::aws::logs {
namespace {

enum class Field : uint8_t { None, Group, Stream, Events, Timestamp, Message };

Field root_field(std::string_view name) {
  if (name == "logGroupName") return Field::Group;
  if (name == "logStreamName") return Field::Stream;
  return name == "logEvents" ? Field::Events : Field::None;
}
Field event_field(std::string_view name) {
  if (name == "timestamp") return Field::Timestamp;
  return name == "message" ? Field::Message : Field::None;
}

// Levels: 1 the request, 2 the list of events, 3 an event; what lies deeper or elsewhere is
// skipped.
class Decoder final : public wire::TreeVisitor {
 public:
  Decoder(PutLogEventsNames& names, PutLogEventsSink& sink) : names_(names), sink_(sink) {}

  const std::string& failure() const { return failure_; }
  bool stopped_by_sink() const { return stopped_by_sink_; }

  bool begin_map() override {
    if (skipped_ > 0) return skip();
    if (level_ == 0 || level_ == 2) return enter();
    return field_ == Field::None ? skip() : wrong("a structure");
  }
  bool begin_list() override {
    if (skipped_ > 0) return skip();
    if (level_ == 1 && field_ == Field::Events) {
      names_.has_events = true;
      return enter();
    }
    if (level_ == 0 || level_ == 2) return wrong("a list");
    return field_ == Field::None ? skip() : wrong("a list");
  }
  bool end() override {
    if (skipped_ > 0) {
      --skipped_;
      return true;
    }
    --level_;
    field_ = Field::None;
    if (level_ != 2) return true;
    stopped_by_sink_ = !sink_.event(
        timestamp_ms_, message_ ? std::optional(std::string_view(*message_)) : std::nullopt);
    timestamp_ms_.reset();
    message_.reset();
    return !stopped_by_sink_;
  }
  bool key(std::string_view name) override {
    if (skipped_ == 0) field_ = level_ == 1 ? root_field(name) : event_field(name);
    return true;
  }
  bool text(std::string_view value) override {
    if (skipped_ > 0) return true;
    switch (field_) {
      case Field::Group:
        names_.group = value;
        return true;
      case Field::Stream:
        names_.stream = value;
        return true;
      case Field::Message:
        message_.emplace(value);
        return true;
      case Field::None:
        return level_ == 1 || level_ == 3 || wrong("text");
      default:
        return wrong("text");
    }
  }
  bool bytes(std::string_view) override { return false; }
  bool integer(int64_t value) override {
    if (skipped_ > 0) return true;
    if (level_ == 3 && field_ == Field::Timestamp) {
      timestamp_ms_ = value;
      return true;
    }
    return (field_ == Field::None && level_ != 2 && level_ != 0) || wrong("a number");
  }
  bool number(double value) override {
    if (level_ == 3 && skipped_ == 0 && field_ == Field::Timestamp) {
      if (!(std::abs(value) < 9e18)) return wrong("a number out of range");
      return integer(static_cast<int64_t>(value));
    }
    return integer(0);
  }
  bool boolean(bool) override {
    return skipped_ > 0 || (field_ == Field::None && level_ != 2 && level_ != 0) ||
           wrong("true or false");
  }
  bool null() override { return level_ > 0; }

 private:
  bool enter() {
    ++level_;
    field_ = Field::None;
    return true;
  }
  bool skip() {
    ++skipped_;
    return true;
  }
  bool wrong(std::string_view found) {
    static constexpr std::string_view kNames[] = {"the request", "logGroupName", "logStreamName",
                                                  "logEvents",   "timestamp",    "message"};
    failure_ = fmt::format("{} cannot be {}",
                           level_ == 2 ? "an item of logEvents" : kNames[size_t(field_)], found);
    return false;
  }

  PutLogEventsNames& names_;
  PutLogEventsSink& sink_;
  int level_ = 0;
  int skipped_ = 0;  // containers that nobody wants
  Field field_ = Field::None;
  std::optional<int64_t> timestamp_ms_;
  std::optional<std::string> message_;
  std::string failure_;
  bool stopped_by_sink_ = false;
};

}  // namespace

Decoded decode_put_log_events(std::string_view body, PutLogEventsNames& names,
                              PutLogEventsSink& sink) {
  Decoder decoder(names, sink);
  const Status read = wire::read_json(body, decoder);
  if (read || decoder.stopped_by_sink()) return {};
  return std::unexpected(
      DecodeFailure{decoder.failure().empty() ? read.error().message : decoder.failure()});
}

}  // namespace kansoku::aws::logs
