#include "wire/aws/monitoring/put_metric_data_form.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <deque>
#include <map>

#include "base/text/percent.h"
#include "wire/json/json_writer.h"

namespace kansoku::aws::monitoring {
namespace {

struct Field {
  uint32_t entity = 0;  // from 1; 0: none
  uint32_t datum = 0;   // from 1; 0: a field of the entity itself
  std::string_view rest;
  std::string_view raw;  // the value, still encoded
  uint32_t order = 0;
};

// "member.12.rest" (or "12.rest") → 12, advanced behind the dot.
bool take_index(std::string_view& text, uint32_t& index) {
  if (text.starts_with("member.")) text.remove_prefix(7);
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (error != std::errc{} || index == 0) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  if (text.empty()) return true;
  if (text.front() != '.') return false;
  text.remove_prefix(1);
  return true;
}

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

class FormDecoder {
 public:
  explicit FormDecoder(PutMetricDataSink& sink) : sink_(sink) {}

  Decoded run(std::string_view body) {
    if (auto split = tokenize(body); !split) return split;
    auto before = [](const Field& a, const Field& b) {
      return std::tie(a.entity, a.datum, a.order) < std::tie(b.entity, b.datum, b.order);
    };
    if (!std::is_sorted(fields_.begin(), fields_.end(), before)) {
      std::sort(fields_.begin(), fields_.end(), before);
    }
    std::optional<std::string_view> name;
    if (namespace_) name = *namespace_;
    if (!sink_.start(name, strict_)) return {};
    size_t at = 0;
    while (at < fields_.size()) {
      size_t end = at;
      while (end < fields_.size() && fields_[end].entity == fields_[at].entity &&
             fields_[end].datum == fields_[at].datum) {
        ++end;
      }
      std::span<const Field> group(fields_.data() + at, end - at);
      // Entities without a field of their own are told of as well, before their first datum.
      if (group[0].entity != 0 && group[0].entity != told_) {
        told_ = group[0].entity;
        position_ = 0;
        EntityView entity;
        if (group[0].datum == 0) {
          if (auto done = read_entity(group, entity); !done) return done;
        }
        ++entity_position_;
        if (!sink_.entity(entity_position_, entity)) return {};
      }
      if (group[0].datum != 0) {
        ++position_;
        if (auto done = read_datum(group); !done) return done;
        if (stopped_) return {};
      }
      at = end;
    }
    return {};
  }

 private:
  static Decoded failure(std::string_view field, std::string_view why) {
    return std::unexpected(DecodeFailure{fmt::format("parameter {}: {}", field, why)});
  }

  // The decoded text, which lives until the datum is done.
  bool decode(std::string_view raw, std::string_view& out) {
    if (raw.find_first_of("%+") == std::string_view::npos) {
      out = raw;
    } else {
      if (used_ == scratch_.size()) scratch_.emplace_back();
      std::string& text = scratch_[used_++];
      text.clear();
      if (!append_form_decoded(text, raw)) return false;
      out = text;
    }
    return wire::is_utf8(out);
  }

  Decoded tokenize(std::string_view body) {
    while (!body.empty() && (body.back() == '\n' || body.back() == '\r')) body.remove_suffix(1);
    fields_.reserve(body.size() / 48);
    while (!body.empty()) {
      size_t end = body.find('&');
      std::string_view item = body.substr(0, end);
      body = end == std::string_view::npos ? std::string_view{} : body.substr(end + 1);
      size_t equals = item.find('=');
      std::string_view key = item.substr(0, equals);
      std::string_view raw =
          equals == std::string_view::npos ? std::string_view{} : item.substr(equals + 1);
      if (key.find('%') != std::string_view::npos) {
        std::string_view decoded;
        if (!decode(key, decoded)) return failure(quoted(key), "malformed escape");
        key = keys_.emplace_back(decoded);
        used_ = 0;
      }
      if (auto done = file(key, raw); !done) return done;
      if (fields_.size() > kFormFieldsMax) return failure("MetricData", "too many fields");
    }
    return {};
  }

  Decoded file(std::string_view key, std::string_view raw) {
    Field field;
    field.order = static_cast<uint32_t>(fields_.size());
    field.raw = raw;
    std::string_view rest = key;
    if (take(rest, "MetricData.")) {
      if (take_index(rest, field.datum)) {
        field.rest = rest;
        fields_.push_back(field);
      }
    } else if (take(rest, "EntityMetricData.")) {
      if (!take_index(rest, field.entity)) return {};
      if (take(rest, "MetricData.") && !take_index(rest, field.datum)) return {};
      field.rest = rest;
      fields_.push_back(field);
    } else if (key == "Namespace") {
      std::string_view text;
      if (!decode(raw, text)) return failure(key, "malformed value");
      namespace_ = text;
      used_ = 0;
    } else if (key == "StrictEntityValidation") {
      strict_ = raw == "true";
    }
    return {};
  }

  Decoded read_entity(std::span<const Field> group, EntityView& entity) {
    std::map<uint32_t, std::pair<std::string, std::string>> pairs[2];
    used_ = 0;
    for (const Field& field : group) {
      std::string_view rest = field.rest;
      if (!take(rest, "Entity.")) continue;
      int which = take(rest, "KeyAttributes.entry.") ? 0 : take(rest, "Attributes.entry.") ? 1 : -1;
      uint32_t index = 0;
      std::string_view text;
      if (which < 0 || !take_index(rest, index)) continue;
      if (!decode(field.raw, text)) return failure("Entity", "malformed value");
      if (rest == "key") pairs[which][index].first = text;
      if (rest == "value") pairs[which][index].second = text;
    }
    for (auto& [index, pair] : pairs[0]) entity.key_attributes.push_back(std::move(pair));
    for (auto& [index, pair] : pairs[1]) entity.attributes.push_back(std::move(pair));
    return {};
  }

  Decoded read_datum(std::span<const Field> group) {
    DatumView datum;
    used_ = 0;
    dimensions_.clear();
    values_.clear();
    counts_.clear();
    datum.index = position_;
    datum.entity_index = group[0].entity == 0 ? 0 : entity_position_;
    for (const Field& field : group) {
      std::string_view text;
      if (!decode(field.raw, text) || !assign(datum, field.rest, text)) {
        return failure(fmt::format("{}.{}", datum.path(), field.rest),
                       fmt::format("malformed value {}", quoted(field.raw)));
      }
    }
    compact(values_);
    compact(counts_);
    std::vector<double> values = plain(values_), counts = plain(counts_);
    std::erase_if(dimensions_, [](const DimensionView& d) { return !d.name && !d.value; });
    datum.dimensions = dimensions_;
    datum.values = values;
    datum.counts = counts;
    stopped_ = !sink_.datum(datum);
    return {};
  }

  using Sparse = std::vector<std::pair<uint32_t, double>>;
  static void compact(Sparse& list) {
    auto before = [](const auto& a, const auto& b) { return a.first < b.first; };
    if (!std::is_sorted(list.begin(), list.end(), before))
      std::sort(list.begin(), list.end(), before);
  }
  static std::vector<double> plain(const Sparse& list) {
    std::vector<double> out;
    out.reserve(list.size());
    for (const auto& [index, value] : list) out.push_back(value);
    return out;
  }

  static bool number(std::string_view text, std::optional<double>& into) {
    double value = 0;
    if (!parse_double(text, value)) return false;
    into = value;
    return true;
  }

  static bool listed(std::string_view rest, std::string_view text, bool& present, Sparse& list) {
    present = true;
    if (text.empty() && rest.empty()) return true;
    uint32_t index = 0;
    double value = 0;
    if (!take(rest, ".") || !take_index(rest, index) || !parse_double(text, value)) return false;
    list.emplace_back(index, value);
    return true;
  }

  bool dimension(std::string_view rest, std::string_view text) {
    uint32_t index = 0;
    if (!take_index(rest, index)) return rest.empty();
    // Indices count from 1 and are dense with real clients; far ones would cost memory.
    if (index > 1'000) return false;
    if (dimensions_.size() < index) dimensions_.resize(index);
    if (rest == "Name") dimensions_[index - 1].name = text;
    if (rest == "Value") dimensions_[index - 1].value = text;
    return true;
  }

  bool assign(DatumView& datum, std::string_view rest, std::string_view text) {
    if (take(rest, "Dimensions.")) return dimension(rest, text);
    if (rest == "MetricName") {
      datum.metric_name = text;
    } else if (rest == "Unit") {
      datum.unit = text;
    } else if (rest == "Value") {
      return number(text, datum.value);
    } else if (rest == "Timestamp") {
      return timestamp(text, datum);
    } else if (rest == "StorageResolution") {
      int64_t value = 0;
      auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      datum.storage_resolution = value;
      return error == std::errc{} && end == text.data() + text.size();
    } else if (take(rest, "StatisticValues.")) {
      datum.has_statistics = true;
      if (rest == "SampleCount") return number(text, datum.sample_count);
      if (rest == "Sum") return number(text, datum.sum);
      if (rest == "Minimum") return number(text, datum.minimum);
      if (rest == "Maximum") return number(text, datum.maximum);
    } else if (take(rest, "Values")) {
      return listed(rest, text, datum.has_values, values_);
    } else if (take(rest, "Counts")) {
      return listed(rest, text, datum.has_counts, counts_);
    }
    return true;
  }

  // The datums of a request mostly carry one time.
  bool timestamp(std::string_view text, DatumView& datum) {
    if (text != last_time_text_ || text.empty()) {
      if (!parse_timestamp(text, last_time_)) return false;
      last_time_text_ = text;
    }
    datum.timestamp_ms = last_time_.ms;
    return true;
  }

  PutMetricDataSink& sink_;
  std::vector<Field> fields_;
  std::deque<std::string> keys_;
  std::deque<std::string> scratch_;
  size_t used_ = 0;
  std::optional<std::string> namespace_;
  bool strict_ = false;
  bool stopped_ = false;
  uint32_t told_ = 0;             // index of the entity told last
  uint32_t entity_position_ = 0;  // sparse indices count as 1, 2, 3
  uint32_t position_ = 0;
  std::vector<DimensionView> dimensions_;
  Sparse values_, counts_;
  std::string last_time_text_;
  describe::Timestamp last_time_;
};

}  // namespace

Decoded decode_put_metric_data_form(std::string_view body, PutMetricDataSink& sink) {
  return FormDecoder(sink).run(body);
}

}  // namespace kansoku::aws::monitoring
