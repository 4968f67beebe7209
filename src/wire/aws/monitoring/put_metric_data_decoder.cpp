#include "wire/aws/monitoring/put_metric_data_decoder.h"

#include <fmt/core.h>

#include <array>
#include <functional>

#include "wire/aws/monitoring/put_metric_data_form.h"
#include "wire/cbor/cbor_walk.h"
#include "wire/json/json_reader.h"

namespace kansoku::aws::monitoring {
namespace {

// Places in the tree that mean something; everything else is skipped.
enum class Place : uint8_t {
  Document,
  Root,
  Datums,
  Datum,
  Dimensions,
  Dimension,
  Values,
  Counts,
  Statistics,
  EntityDatums,
  EntityDatum,
  Entity,
  KeyAttributes,
  Attributes
};
enum class Field : uint8_t {
  None,
  Namespace,
  MetricData,
  EntityMetricData,
  StrictEntityValidation,
  MetricName,
  Dimensions,
  Timestamp,
  Value,
  StatisticValues,
  Values,
  Counts,
  Unit,
  StorageResolution,
  Name,
  SampleCount,
  Sum,
  Minimum,
  Maximum,
  Entity,
  KeyAttributes,
  Attributes
};
constexpr std::string_view kFieldNames[] = {"",
                                            "Namespace",
                                            "MetricData",
                                            "EntityMetricData",
                                            "StrictEntityValidation",
                                            "MetricName",
                                            "Dimensions",
                                            "Timestamp",
                                            "Value",
                                            "StatisticValues",
                                            "Values",
                                            "Counts",
                                            "Unit",
                                            "StorageResolution",
                                            "Name",
                                            "SampleCount",
                                            "Sum",
                                            "Minimum",
                                            "Maximum",
                                            "Entity",
                                            "KeyAttributes",
                                            "Attributes"};

// A table without collisions over length, second and last character; its multipliers are searched
// for when this file is compiled.
struct FieldTable {
  static constexpr size_t kSlots = 64;
  size_t of_length = 0;
  size_t of_second = 0;
  std::array<uint8_t, kSlots> fields{};

  constexpr size_t slot(std::string_view name) const {
    return (name.size() * of_length + static_cast<unsigned char>(name[1]) * of_second +
            static_cast<unsigned char>(name.back())) %
           kSlots;
  }
};

consteval FieldTable make_field_table() {
  for (size_t a = 1; a < 64; ++a) {
    for (size_t b = 1; b < 64; ++b) {
      FieldTable table{a, b, {}};
      bool distinct = true;
      for (size_t i = 1; i < std::size(kFieldNames) && distinct; ++i) {
        uint8_t& field = table.fields[table.slot(kFieldNames[i])];
        distinct = field == 0;
        field = static_cast<uint8_t>(i);
      }
      if (distinct) return table;
    }
  }
  throw "no table without collisions";
}

Field field_of(std::string_view name) {
  static constexpr FieldTable kTable = make_field_table();
  if (name.size() < 2) return Field::None;
  size_t field = kTable.fields[kTable.slot(name)];
  return kFieldNames[field] == name ? static_cast<Field>(field) : Field::None;
}

// Maps whose members have names; an unknown one is skipped whatever its form.
bool holds_members(Place place) {
  switch (place) {
    case Place::Root:
    case Place::Datum:
    case Place::Dimension:
    case Place::Statistics:
    case Place::EntityDatum:
    case Place::Entity:
      return true;
    default:
      return false;
  }
}

// What must be known before the first datum goes to the sink.
struct Head {
  bool known = false;
  std::optional<std::string> metric_namespace;
  bool strict = false;
  std::vector<EntityView> entities;
};

class BodyDecoder final : public wire::TreeVisitor {
 public:
  enum class Pass : uint8_t { HeadOnly, Whole };
  BodyDecoder(Pass pass, Head& head, PutMetricDataSink* sink, std::string_view body)
      : pass_(pass), head_(head), sink_(sink), body_(body) {}

  bool needs_head() const { return needs_head_; }
  bool stopped_by_sink() const { return stopped_; }
  bool started() const { return started_; }
  const std::string& message() const { return message_; }

  // True when the sink was told of the head, at the latest at the end of the body.
  bool start() {
    if (started_) return true;
    started_ = true;
    std::optional<std::string_view> name;
    if (head_.metric_namespace) name = *head_.metric_namespace;
    if (!sink_->start(name, head_.strict)) return stop();
    return true;
  }

  bool begin_map() override { return begin(true); }
  bool begin_list() override { return begin(false); }
  bool end() override;
  bool key(std::string_view name) override;
  bool text(std::string_view value) override;
  bool bytes(std::string_view) override { return wrong("a byte string"); }
  bool integer(int64_t value) override { return numeric(static_cast<double>(value), value); }
  bool number(double value) override { return numeric(value, std::nullopt); }
  bool boolean(bool value) override;
  bool null() override { return true; }

 private:
  // Text of a datum. Views of a visitor end with its call, so it is copied, unless it stands in the
  // body itself (all of CBOR but chunked strings).
  struct Piece {
    const char* in_body = nullptr;
    uint32_t offset = 0;  // in text_ where it was copied
    uint32_t size = 0;
    bool set = false;
  };

  bool stop() {
    stopped_ = true;
    return false;
  }
  // Something came too late; the body is read again unless the sink has seen datums already.
  bool late_head() {
    needs_head_ = !started_;
    if (started_) message_ = "members of the request in an order that cannot be read";
    return false;
  }
  bool wrong(std::string_view got);
  bool begin(bool map);
  std::optional<Place> enter(bool map);
  bool begin_datum();
  bool end_datum();
  bool numeric(double value, std::optional<int64_t> exact);
  bool timestamp(double seconds);
  Piece keep(std::string_view value) {
    auto size = static_cast<uint32_t>(value.size());
    std::less_equal<const char*> at_most;
    if (at_most(body_.data(), value.data()) &&
        at_most(value.data() + size, body_.data() + body_.size())) {
      return {value.data(), 0, size, true};
    }
    Piece piece{nullptr, static_cast<uint32_t>(text_.size()), size, true};
    text_ += value;
    return piece;
  }
  std::optional<std::string_view> piece(const Piece& p) const {
    if (!p.set) return std::nullopt;
    return std::string_view(p.in_body != nullptr ? p.in_body : text_.data() + p.offset, p.size);
  }
  Place place() const { return places_.empty() ? Place::Document : places_.back(); }

  Pass pass_;
  Head& head_;
  PutMetricDataSink* sink_;
  std::string_view body_;
  bool needs_head_ = false;
  bool stopped_ = false;
  bool started_ = false;
  std::string message_;

  std::vector<Place> places_;
  int skip_depth_ = 0;
  Field field_ = Field::None;
  std::string attribute_;

  uint32_t datum_index_ = 0;
  uint32_t entity_index_ = 0;
  DatumView datum_;
  std::string text_;
  Piece metric_name_, unit_;
  struct DimensionPieces {
    Piece name, value;
  };
  std::vector<DimensionPieces> dimension_pieces_;
  std::vector<DimensionView> dimensions_;
  std::vector<double> values_, counts_;
};

bool BodyDecoder::wrong(std::string_view got) {
  if (skip_depth_ > 0) return true;
  if (field_ == Field::None && holds_members(place())) return true;
  message_ = fmt::format("{} is not what {} takes", got, kFieldNames[static_cast<size_t>(field_)]);
  return false;
}

std::optional<Place> BodyDecoder::enter(bool map) {
  Place here = place();
  if (map) {
    switch (here) {
      case Place::Document:
        return Place::Root;
      case Place::Datums:
        return Place::Datum;
      case Place::Dimensions:
        return Place::Dimension;
      case Place::EntityDatums:
        return Place::EntityDatum;
      case Place::Datum:
        if (field_ == Field::StatisticValues) return Place::Statistics;
        break;
      case Place::EntityDatum:
        if (field_ == Field::Entity) return Place::Entity;
        break;
      case Place::Entity:
        if (field_ == Field::KeyAttributes) return Place::KeyAttributes;
        if (field_ == Field::Attributes) return Place::Attributes;
        break;
      default:
        break;
    }
    return std::nullopt;
  }
  if ((here == Place::Root || here == Place::EntityDatum) && field_ == Field::MetricData) {
    return Place::Datums;
  }
  if (here == Place::Root && field_ == Field::EntityMetricData) return Place::EntityDatums;
  if (here == Place::Datum) {
    if (field_ == Field::Dimensions) return Place::Dimensions;
    if (field_ == Field::Values) return Place::Values;
    if (field_ == Field::Counts) return Place::Counts;
  }
  return std::nullopt;
}

bool BodyDecoder::begin(bool map) {
  if (skip_depth_ > 0) {
    ++skip_depth_;
    return true;
  }
  auto entered = enter(map);
  if (!entered) {
    // A container where a member of the model takes another form is no unknown member.
    bool unknown = field_ == Field::None && holds_members(place());
    if (!unknown) {
      message_ =
          fmt::format("{} is not what {} takes", map ? "a map" : "a list",
                      places_.empty() ? "the request" : kFieldNames[static_cast<size_t>(field_)]);
      return false;
    }
    ++skip_depth_;
    return true;
  }
  switch (*entered) {
    case Place::Datums:
      datum_index_ = 0;
      break;
    case Place::Datum:
      if (!begin_datum()) return false;
      break;
    case Place::Dimension:
      dimension_pieces_.emplace_back();
      break;
    case Place::Values:
      datum_.has_values = true;
      break;
    case Place::Counts:
      datum_.has_counts = true;
      break;
    case Place::Statistics:
      datum_.has_statistics = true;
      break;
    case Place::EntityDatum:
      ++entity_index_;
      if (pass_ == Pass::HeadOnly) {
        head_.entities.emplace_back();
      } else {
        if (!head_.known) return late_head();
        if (!start()) return false;
        if (!sink_->entity(entity_index_, head_.entities[entity_index_ - 1])) return stop();
      }
      break;
    default:
      break;
  }
  places_.push_back(*entered);
  field_ = Field::None;
  return true;
}

bool BodyDecoder::begin_datum() {
  ++datum_index_;
  datum_ = {};
  text_.clear();
  metric_name_ = unit_ = {};
  dimension_pieces_.clear();
  values_.clear();
  counts_.clear();
  if (pass_ == Pass::HeadOnly) return true;
  if (!head_.metric_namespace && !head_.known) return late_head();
  return start();
}

bool BodyDecoder::end_datum() {
  if (pass_ == Pass::HeadOnly) return true;
  datum_.metric_name = piece(metric_name_);
  datum_.unit = piece(unit_);
  dimensions_.clear();
  for (const DimensionPieces& one : dimension_pieces_) {
    dimensions_.push_back({piece(one.name), piece(one.value)});
  }
  datum_.dimensions = dimensions_;
  datum_.values = values_;
  datum_.counts = counts_;
  datum_.index = datum_index_;
  datum_.entity_index = entity_index_;
  return sink_->datum(datum_) || stop();
}

bool BodyDecoder::end() {
  if (skip_depth_ > 0) {
    --skip_depth_;
    return true;
  }
  Place left = places_.back();
  places_.pop_back();
  field_ = Field::None;
  if (left == Place::EntityDatums) entity_index_ = 0;
  return left != Place::Datum || end_datum();
}

bool BodyDecoder::key(std::string_view name) {
  if (skip_depth_ > 0) return true;
  if (place() == Place::KeyAttributes || place() == Place::Attributes) {
    attribute_ = name;
  } else {
    field_ = field_of(name);
  }
  return true;
}

bool BodyDecoder::text(std::string_view value) {
  if (skip_depth_ > 0) return true;
  switch (place()) {
    case Place::Root:
      if (field_ != Field::Namespace) return wrong("a string");
      head_.metric_namespace = value;
      return true;
    case Place::KeyAttributes:
    case Place::Attributes: {
      if (pass_ != Pass::HeadOnly) return true;
      EntityView& entity = head_.entities.back();
      auto& into = place() == Place::KeyAttributes ? entity.key_attributes : entity.attributes;
      into.emplace_back(attribute_, value);
      return true;
    }
    case Place::Dimension:
      if (field_ == Field::Name) {
        dimension_pieces_.back().name = keep(value);
      } else if (field_ == Field::Value) {
        dimension_pieces_.back().value = keep(value);
      }
      return true;
    case Place::Datum:
      if (field_ == Field::MetricName) {
        metric_name_ = keep(value);
        return true;
      }
      if (field_ == Field::Unit) {
        unit_ = keep(value);
        return true;
      }
      if (field_ == Field::Timestamp) {
        describe::Timestamp time;
        if (!parse_timestamp(value, time)) return wrong("a string that is no time");
        datum_.timestamp_ms = time.ms;
        return true;
      }
      break;
    default:
      break;
  }
  // NaN and infinities are strings in JSON.
  double special = 0;
  if ((value == "NaN" || value.ends_with("Infinity")) && parse_double(value, special)) {
    return numeric(special, std::nullopt);
  }
  return wrong("a string");
}

bool BodyDecoder::timestamp(double seconds) {
  describe::Timestamp time;
  if (!timestamp_from_seconds(seconds, time)) return wrong("a time out of range");
  datum_.timestamp_ms = time.ms;
  return true;
}

bool BodyDecoder::numeric(double value, std::optional<int64_t> exact) {
  if (skip_depth_ > 0) return true;
  switch (place()) {
    case Place::Values:
      values_.push_back(value);
      return true;
    case Place::Counts:
      counts_.push_back(value);
      return true;
    case Place::Statistics:
      switch (field_) {
        case Field::SampleCount:
          datum_.sample_count = value;
          break;
        case Field::Sum:
          datum_.sum = value;
          break;
        case Field::Minimum:
          datum_.minimum = value;
          break;
        case Field::Maximum:
          datum_.maximum = value;
          break;
        default:
          break;
      }
      return true;
    case Place::Datum:
      switch (field_) {
        case Field::Value:
          datum_.value = value;
          return true;
        case Field::Timestamp:
          return timestamp(value);
        case Field::StorageResolution:
          if (!exact && value != static_cast<double>(static_cast<int32_t>(value))) {
            return wrong("a fraction");
          }
          datum_.storage_resolution = exact ? *exact : static_cast<int64_t>(value);
          return true;
        default:
          break;
      }
      return wrong("a number");
    default:
      return wrong("a number");
  }
}

bool BodyDecoder::boolean(bool value) {
  if (skip_depth_ > 0) return true;
  if (place() == Place::Root && field_ == Field::StrictEntityValidation) {
    if (pass_ == Pass::Whole && !head_.known && value) return late_head();
    head_.strict = value;
    return true;
  }
  return wrong("a boolean");
}

Status read_body(Protocol protocol, std::string_view body, BodyDecoder& visitor) {
  return protocol == Protocol::Cbor ? wire::walk_cbor(body, visitor)
                                    : wire::read_json(body, visitor);
}

Decoded failure_of(const Status& status, const BodyDecoder& decoder) {
  return std::unexpected(DecodeFailure{
      status.error().code == ErrorCode::Cancelled ? decoder.message() : status.error().message});
}

Decoded read_head(Protocol protocol, std::string_view body, Head& head) {
  head = {};
  BodyDecoder decoder(BodyDecoder::Pass::HeadOnly, head, nullptr, body);
  if (Status done = read_body(protocol, body, decoder); !done) return failure_of(done, decoder);
  head.known = true;
  return {};
}

bool blank(std::string_view body) {
  return body.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

}  // namespace

std::string DatumView::path() const {
  if (entity_index == 0) return fmt::format("MetricData.member.{}", index);
  return fmt::format("EntityMetricData.member.{}.MetricData.member.{}", entity_index, index);
}

Decoded decode_put_metric_data(Protocol protocol, std::string_view body, PutMetricDataSink& sink) {
  if (protocol == Protocol::Query) return decode_put_metric_data_form(body, sink);
  Head head;
  if (blank(body)) {
    sink.start(std::nullopt, false);
    return {};
  }
  // Entities and their strictness may stand behind the datums; a request that has them is rare and
  // is read for its head first.
  if (body.find("EntityMetricData") != std::string_view::npos ||
      body.find("StrictEntityValidation") != std::string_view::npos) {
    if (auto read = read_head(protocol, body, head); !read) return read;
  }
  for (int round = 0; round < 2; ++round) {
    BodyDecoder decoder(BodyDecoder::Pass::Whole, head, &sink, body);
    Status status = read_body(protocol, body, decoder);
    if (decoder.stopped_by_sink()) return {};
    if (status) {
      decoder.start();
      return {};
    }
    if (!decoder.needs_head() || round == 1) return failure_of(status, decoder);
    if (auto read = read_head(protocol, body, head); !read) return read;
  }
  return {};
}

}  // namespace kansoku::aws::monitoring
