#include "api/console/log_facets.h"

#include <algorithm>
#include <numeric>

#include "api/console/log_search.h"

namespace kansoku::api::console {
namespace {

std::string printed(const store::EventValues& values, size_t row) {
  switch (values.type) {
    case signal::ColumnType::Int64:
      return fmt::format("{}", values.integers[row]);
    case signal::ColumnType::Float64:
      return fmt::format("{}", values.floats[row]);
    case signal::ColumnType::Bool:
      return values.integers[row] != 0 ? "true" : "false";
    default:
      return std::string(values.text(row));
  }
}

}  // namespace

Facets::Facets() : Facets(kFacetRowsMax) {}

bool Facets::wants() const { return rows_ < rows_max_; }

void Facets::count(Field& field, std::string value) {
  ++field.rows;
  if (value.size() > kFacetValueBytesMax) {
    field.more = true;
    return;
  }
  const auto known = field.values.find(value);
  if (known != field.values.end()) {
    ++known->second;
  } else if (field.values.size() < kFacetValuesMax) {
    field.values.emplace(std::move(value), 1);
  } else {
    field.more = true;
  }
}

Status Facets::add_fields(store::EventRows& rows) {
  KANSOKU_TRY(const std::vector<std::string_view> views, rows.paths());
  // Reading a column may void the views.
  const std::vector<std::string> paths(views.begin(), views.end());
  for (const std::string& path : paths) {
    if (path.starts_with('@') && !path.starts_with("@@")) continue;
    if (fields_.size() >= kFacetFieldsMax && !fields_.contains(path)) continue;
    KANSOKU_TRY(const std::span<const store::EventValues> columns, rows.columns(path));
    for (const store::EventValues& values : columns) {
      if (values.type == signal::ColumnType::Bytes) continue;
      for (size_t row = 0; row < rows.size(); ++row) {
        if (values.has(row)) count(fields_[path], printed(values, row));
      }
    }
  }
  return {};
}

Status Facets::add(store::EventRows& rows, std::span<const LogLevel> levels) {
  const size_t wanted =
      static_cast<size_t>(std::min<uint64_t>(rows.size(), rows_max_ - std::min(rows_, rows_max_)));
  if (wanted == 0) return {};
  if (wanted < rows.size()) {
    std::vector<uint32_t> first(wanted);
    std::iota(first.begin(), first.end(), 0U);
    rows.keep(first);
  }
  rows_ += wanted;
  for (size_t row = 0; row < wanted; ++row) {
    const store::EventStreamName name = rows.streams()[rows.stream_rows()[row]];
    count(fields_["@level"], std::string(kLogLevelNames[static_cast<size_t>(levels[row])]));
    count(fields_["@log"], std::string(name.group));
    count(fields_["@logStream"], std::string(name.stream));
  }
  return add_fields(rows);
}

void Facets::append(wire::JsonWriter& json) const {
  json.begin_object();
  json.key("rows");
  json.unsigned_integer(rows_);
  json.key("fields");
  json.begin_array();
  for (const auto& [name, field] : fields_) {
    std::vector<std::pair<std::string_view, uint64_t>> values(field.values.begin(),
                                                              field.values.end());
    std::ranges::sort(values, [](const auto& a, const auto& b) {
      return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
    json.begin_object();
    json.key("name");
    json.string(name);
    json.key("rows");
    json.unsigned_integer(field.rows);
    json.key("distinct");
    json.unsigned_integer(field.values.size());
    json.key("more");
    json.boolean(field.more);
    json.key("values");
    json.begin_array();
    for (size_t i = 0; i < std::min(values.size(), kFacetValuesShown); ++i) {
      json.begin_object();
      json.key("value");
      json.string(values[i].first);
      json.key("count");
      json.unsigned_integer(values[i].second);
      json.end_object();
    }
    json.end_array();
    json.end_object();
  }
  json.end_array();
  json.end_object();
}

}  // namespace kansoku::api::console
