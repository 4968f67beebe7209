#include "signal/batch_codec.h"

#include "base/bytes.h"

namespace kansoku::signal {
namespace {

// Text of one column at most: a batch is bounded by its carrier, this by the offsets.
constexpr uint64_t kTextBytesMax = 256U << 20;

void put_column(const EventColumn& column, size_t batch_rows, std::string& out) {
  append_text(out, column.path);
  out += static_cast<char>(column.type);
  append_varint(out, column.rows.size());
  if (column.rows.size() != batch_rows) {
    uint32_t previous = 0;
    for (const uint32_t row : column.rows) {
      append_varint(out, row - previous);
      previous = row;
    }
  }
  switch (column.type) {
    case ColumnType::Int64:
    case ColumnType::Bool:
      for (const int64_t value : column.integers) append_varint(out, zigzag(value));
      break;
    case ColumnType::Float64:
      for (const double value : column.floats) append_le(out, value);
      break;
    case ColumnType::Text:
    case ColumnType::Bytes:
      for (size_t i = 0, begin = 0; i < column.text_ends.size(); ++i) {
        append_varint(out, column.text_ends[i] - begin);
        begin = column.text_ends[i];
      }
      out += column.text;
      break;
  }
}

// Reads a body; any failure is one failure.
struct Reader {
  const char* at;
  const char* end;

  bool count(uint64_t& out) {
    return read_varint(at, end, out) && out <= static_cast<uint64_t>(end - at);
  }
  bool text(std::string& out) {
    std::string_view view;
    if (!read_text(at, end, view)) return false;
    out.assign(view);
    return true;
  }
  bool streams(std::vector<EventStream>& out) {
    uint64_t n = 0;
    if (!count(n)) return false;
    out.resize(n);
    for (EventStream& stream : out) {
      if (!text(stream.group) || !text(stream.stream) || !read_varint(at, end, stream.generation))
        return false;
    }
    return true;
  }
  bool rows(size_t streams, int64_t base, std::vector<uint32_t>& stream_rows,
            std::vector<int64_t>& timestamps_ns) {
    uint64_t n = 0;
    if (!count(n) || (n > 0 && streams == 0)) return false;
    stream_rows.resize(n);
    timestamps_ns.resize(n);
    for (uint32_t& stream : stream_rows) {
      uint64_t value = 0;
      if (streams > 1 && (!read_varint(at, end, value) || value >= streams)) return false;
      stream = static_cast<uint32_t>(value);
    }
    auto ns = static_cast<uint64_t>(base);
    for (int64_t& out : timestamps_ns) {
      uint64_t change = 0;
      if (!read_varint(at, end, change)) return false;
      ns += static_cast<uint64_t>(unzigzag(change));
      out = static_cast<int64_t>(ns);
    }
    return true;
  }
  bool column(size_t batch_rows, EventColumn& out) {
    uint64_t n = 0;
    if (!text(out.path) || at == end) return false;
    const auto type = static_cast<uint8_t>(*at++);
    if (type > static_cast<uint8_t>(ColumnType::Bytes)) return false;
    out.type = static_cast<ColumnType>(type);
    if (!read_varint(at, end, n) || n > batch_rows) return false;
    out.rows.resize(n);
    uint64_t row = 0;
    for (size_t i = 0; i < n; ++i) {
      uint64_t change = i;
      if (n != batch_rows && !read_varint(at, end, change)) return false;
      if (n != batch_rows && i > 0 && change == 0) return false;  // rows ascend
      row = n == batch_rows ? i : row + change;
      if (row >= batch_rows) return false;
      out.rows[i] = static_cast<uint32_t>(row);
    }
    return values(n, out);
  }
  bool values(size_t n, EventColumn& out) {
    switch (out.type) {
      case ColumnType::Int64:
      case ColumnType::Bool:
        out.integers.resize(n);
        for (int64_t& value : out.integers) {
          uint64_t bits = 0;
          if (!read_varint(at, end, bits)) return false;
          value = unzigzag(bits);
        }
        return true;
      case ColumnType::Float64:
        if (static_cast<size_t>(end - at) < n * sizeof(double)) return false;
        out.floats.resize(n);
        if (n > 0) std::memcpy(out.floats.data(), at, n * sizeof(double));
        at += n * sizeof(double);
        return true;
      case ColumnType::Text:
      case ColumnType::Bytes:
        break;
    }
    out.text_ends.resize(n);
    uint64_t total = 0;
    for (uint32_t& text_end : out.text_ends) {
      uint64_t bytes = 0;
      if (!read_varint(at, end, bytes) || bytes > kTextBytesMax) return false;
      total += bytes;
      if (total > static_cast<uint64_t>(end - at)) return false;
      text_end = static_cast<uint32_t>(total);
    }
    if (total > static_cast<uint64_t>(end - at)) return false;
    out.text.assign(at, total);
    at += total;
    return true;
  }
};

}  // namespace

void encode_batch(const EventBatch& batch, int64_t base_ns, std::string& out) {
  append_varint(out, batch.streams().size());
  for (const EventStream& stream : batch.streams()) {
    append_text(out, stream.group);
    append_text(out, stream.stream);
    append_varint(out, stream.generation);
  }
  append_varint(out, batch.row_count());
  if (batch.streams().size() > 1) {
    for (const uint32_t stream : batch.stream_rows()) append_varint(out, stream);
  }
  int64_t previous = base_ns;
  for (const int64_t ns : batch.timestamps_ns()) {
    append_varint(out, zigzag(static_cast<int64_t>(static_cast<uint64_t>(ns) -
                                                   static_cast<uint64_t>(previous))));
    previous = ns;
  }
  append_varint(out, batch.columns().size());
  for (const EventColumn& column : batch.columns()) put_column(column, batch.row_count(), out);
}

std::shared_ptr<const EventBatch> decode_event_batch(std::string_view bytes, int64_t base_ns) {
  Reader reader{bytes.data(), bytes.data() + bytes.size()};
  std::vector<EventStream> streams;
  std::vector<uint32_t> stream_rows;
  std::vector<int64_t> timestamps_ns;
  uint64_t n = 0;
  if (!reader.streams(streams) ||
      !reader.rows(streams.size(), base_ns, stream_rows, timestamps_ns) || !reader.count(n)) {
    return nullptr;
  }
  std::vector<EventColumn> columns(n);
  for (EventColumn& column : columns) {
    if (!reader.column(timestamps_ns.size(), column)) return nullptr;
  }
  if (reader.at != reader.end) return nullptr;
  return EventBatchBuilder::assemble(std::move(streams), std::move(timestamps_ns),
                                     std::move(stream_rows), std::move(columns));
}

void encode_batch(const MetricBatch& batch, std::string& out) {
  append_varint(out, batch.resources().size());
  for (const Labels& resource : batch.resources()) append_text(out, resource.canonical());
  append_varint(out, batch.series_count());
  for (SeriesRow row = 0; row < batch.series_count(); ++row) {
    const SeriesMeta& meta = batch.meta(row);
    append_text(out, batch.canonical_labels(row));
    out += static_cast<char>(meta.merge);
    out += static_cast<char>(meta.temporality);
    append_varint(out, meta.resource == kNoResource ? 0 : uint64_t{meta.resource} + 1);
  }
  append_varint(out, batch.point_count());
  int64_t previous = 0;
  for (size_t i = 0; i < batch.point_count(); ++i) {
    append_varint(out, batch.point_series()[i]);
    append_varint(out, zigzag(batch.timestamps_ms()[i] - previous));
    previous = batch.timestamps_ms()[i];
    const bool has_start = !batch.start_ms().empty() && batch.start_ms()[i] != 0;
    const bool is_float = batch.is_float(i);
    out += static_cast<char>((is_float ? 0 : 1) | (has_start ? 2 : 0));
    if (has_start) append_varint(out, zigzag(previous - batch.start_ms()[i]));
    if (is_float) {
      append_le(out, batch.values()[i]);
    } else {
      std::string bytes;
      encode_distribution(batch.distributions()[batch.distribution_rows()[i]], bytes);
      append_text(out, bytes);
    }
  }
  append_varint(out, batch.exemplars().size());
  for (const Exemplar& exemplar : batch.exemplars()) {
    append_varint(out, exemplar.series);
    append_varint(out, zigzag(exemplar.timestamp_ms));
    append_le(out, exemplar.value);
    append_text(out, exemplar.labels.canonical());
  }
}

namespace {

struct MetricReader {
  Reader in;
  MetricBatchBuilder builder;
  uint64_t resources = 0;
  uint64_t series = 0;

  bool canonical(std::string& out) {
    return in.text(out) && visit_labels(out, [](const LabelView&) { return true; });
  }
  bool take_series() {
    std::string labels;
    uint64_t n = 0;
    if (!in.count(resources)) return false;
    for (uint64_t i = 0; i < resources; ++i) {
      if (!canonical(labels)) return false;
      builder.add_resource(Labels::from_canonical(labels));
    }
    if (!in.count(n)) return false;
    for (series = 0; series < n; ++series) {
      uint64_t resource = 0;
      if (!canonical(labels) || in.end - in.at < 2) return false;
      const auto merge = static_cast<uint8_t>(*in.at++);
      const auto temporality = static_cast<uint8_t>(*in.at++);
      if (merge > 1 || temporality > 2) return false;
      if (!read_varint(in.at, in.end, resource) || resource > resources) return false;
      builder.add_series_canonical(
          labels, {static_cast<MergeKind>(merge), static_cast<Temporality>(temporality),
                   resource == 0 ? kNoResource : static_cast<uint32_t>(resource - 1)});
    }
    return true;
  }
  bool take_point(int64_t& at_ms) {
    uint64_t row = 0;
    uint64_t change = 0;
    if (!read_varint(in.at, in.end, row) || row >= series) return false;
    if (!read_varint(in.at, in.end, change) || in.at == in.end) return false;
    at_ms += unzigzag(change);
    const auto flags = static_cast<uint8_t>(*in.at++);
    uint64_t before = 0;
    if (flags > 3 || ((flags & 2) != 0 && !read_varint(in.at, in.end, before))) return false;
    if ((flags & 1) == 0) {
      if (in.end - in.at < 8) return false;
      builder.add_float(static_cast<SeriesRow>(row), at_ms, load_le<double>(in.at));
      in.at += 8;
    } else {
      std::string_view bytes;
      if (!read_text(in.at, in.end, bytes)) return false;
      auto distribution = decode_distribution(bytes);
      if (!distribution || !bytes.empty()) return false;
      builder.add_point(static_cast<SeriesRow>(row), at_ms, Point(std::move(*distribution)));
    }
    if ((flags & 2) != 0) builder.set_start_ms(at_ms - unzigzag(before));
    return true;
  }
  bool take_exemplars() {
    uint64_t n = 0;
    if (!in.count(n)) return false;
    for (uint64_t i = 0; i < n; ++i) {
      Exemplar exemplar;
      uint64_t row = 0;
      uint64_t at = 0;
      std::string labels;
      if (!read_varint(in.at, in.end, row) || row >= series) return false;
      if (!read_varint(in.at, in.end, at) || in.end - in.at < 8) return false;
      exemplar.series = static_cast<SeriesRow>(row);
      exemplar.timestamp_ms = unzigzag(at);
      exemplar.value = load_le<double>(in.at);
      in.at += 8;
      if (!canonical(labels)) return false;
      exemplar.labels = Labels::from_canonical(std::move(labels));
      builder.add_exemplar(std::move(exemplar));
    }
    return in.at == in.end;
  }
};

}  // namespace

std::shared_ptr<const MetricBatch> decode_metric_batch(std::string_view bytes) {
  MetricReader reader{.in = {bytes.data(), bytes.data() + bytes.size()}};
  uint64_t points = 0;
  if (!reader.take_series() || !reader.in.count(points)) return nullptr;
  int64_t at_ms = 0;
  for (uint64_t i = 0; i < points; ++i) {
    if (!reader.take_point(at_ms)) return nullptr;
  }
  if (!reader.take_exemplars()) return nullptr;
  return reader.builder.finish();
}

}  // namespace kansoku::signal
