#include "store/exemplars/rows.h"

#include "base/bytes.h"
#include "signal/labels.h"

namespace kansoku::store::exemplars {
namespace {

struct Reader {
  const char* at;
  const char* end;

  bool number(uint64_t& out) { return read_varint(at, end, out); }
  // Of things that take `bytes_min` bytes each at least, so that a lie takes no memory.
  bool count(uint64_t& out, size_t bytes_min) {
    return number(out) && out <= static_cast<uint64_t>(end - at) / bytes_min;
  }
  bool text(std::string_view& out) { return read_text(at, end, out); }
  bool labels(std::string_view& out) {
    return text(out) && signal::visit_labels(out, [](const signal::LabelView&) {});
  }
};

bool read_series(Reader& in, DecodedRows& out) {
  uint64_t count = 0;
  if (!in.count(count, 1)) return false;
  out.regions.resize(count);
  for (std::string_view& region : out.regions) {
    if (!in.text(region)) return false;
  }
  if (!in.count(count, 2)) return false;
  out.series.resize(count);
  for (SeriesName& series : out.series) {
    uint64_t region = 0;
    if (!in.number(region) || region >= out.regions.size() || !in.labels(series.labels)) {
      return false;
    }
    series.region = out.regions[region];
  }
  return true;
}

bool read_rows(Reader& in, DecodedRows& out) {
  constexpr size_t kRowBytesMin = 11;  // series, time, value, labels
  uint64_t count = 0;
  if (!in.count(count, kRowBytesMin)) return false;
  out.rows.resize(count);
  uint64_t ms = 0;
  for (DecodedRows::Item& item : out.rows) {
    uint64_t series = 0;
    uint64_t step = 0;
    if (!in.number(series) || series >= out.series.size() || !in.number(step) ||
        in.end - in.at < 8) {
      return false;
    }
    ms += static_cast<uint64_t>(unzigzag(step));
    item.series = static_cast<uint32_t>(series);
    item.row.timestamp_ms = static_cast<int64_t>(ms);
    item.row.value = load_le<double>(in.at);
    in.at += 8;
    if (!in.labels(item.row.labels)) return false;
  }
  return true;
}

}  // namespace

uint32_t RowsEncoder::region_of(std::string_view region) {
  auto found = std::find(regions_.begin(), regions_.end(), region);
  if (found == regions_.end()) found = regions_.insert(regions_.end(), std::string(region));
  return static_cast<uint32_t>(found - regions_.begin());
}

void RowsEncoder::add(uint64_t series_key, const SeriesName& series, const Row& row) {
  auto [known, made] = series_.try_emplace(series_key, static_cast<uint32_t>(series_.size()));
  if (made) {
    append_varint(series_bytes_, region_of(series.region));
    append_text(series_bytes_, series.labels);
  }
  append_varint(row_bytes_, known->second);
  // Unsigned: any two times may follow one another.
  append_varint(row_bytes_, zigzag(static_cast<int64_t>(static_cast<uint64_t>(row.timestamp_ms) -
                                                        static_cast<uint64_t>(previous_ms_))));
  append_le(row_bytes_, row.value);
  append_text(row_bytes_, row.labels);
  previous_ms_ = row.timestamp_ms;
  ++rows_;
}

void RowsEncoder::append_to(std::string_view account, std::string& out) {
  append_text(out, account);
  append_varint(out, regions_.size());
  for (const std::string& region : regions_) append_text(out, region);
  append_varint(out, series_.size());
  out += series_bytes_;
  append_varint(out, rows_);
  out += row_bytes_;
  *this = RowsEncoder();
}

Status decode_rows(std::string_view bytes, DecodedRows& out) {
  Reader in{bytes.data(), bytes.data() + bytes.size()};
  out = {};
  if (!in.text(out.account) || !read_series(in, out) || !read_rows(in, out) || in.at != in.end) {
    return corruption("not rows of exemplars");
  }
  return {};
}

Status decode_record(std::string_view payload, DecodedRows& out) {
  if (payload.empty() || static_cast<uint8_t>(payload[0]) != kRecordVersion) {
    return corruption("exemplars of an unknown version");
  }
  return decode_rows(payload.substr(1), out);
}

}  // namespace kansoku::store::exemplars
