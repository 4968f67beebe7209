#include "store/events/batch_record.h"

#include "base/bytes.h"
#include "base/codec/lz4.h"

namespace kansoku::store::events {
namespace {

using signal::ColumnType;
using signal::EventColumn;

enum class Coding : uint8_t { Plain = 0, Lz4 = 1 };
// Below this a record is not worth a second pass.
constexpr size_t kCompressBytesMin = 4096;
// What compression must save, of the whole, for replay to pay it back.
constexpr size_t kSavedShareMin = 8;
// A decoded body is at most this (a payload of 48 MiB, compressed).
constexpr uint64_t kBodyBytesMax = 256U << 20;

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

void put_body(const BatchRecord& record, std::string& out) {
  const signal::EventBatch& batch = *record.batch;
  append_text(out, record.scope.account);
  append_text(out, record.scope.region);
  append_varint(out, zigzag(record.ingested_ns));
  append_varint(out, batch.streams().size());
  for (const signal::EventStream& stream : batch.streams()) {
    append_text(out, stream.group);
    append_text(out, stream.stream);
    append_varint(out, stream.generation);
  }
  append_varint(out, batch.row_count());
  if (batch.streams().size() > 1) {
    for (const uint32_t stream : batch.stream_rows()) append_varint(out, stream);
  }
  int64_t previous = record.ingested_ns;
  for (const int64_t ns : batch.timestamps_ns()) {
    append_varint(out, zigzag(static_cast<int64_t>(static_cast<uint64_t>(ns) -
                                                   static_cast<uint64_t>(previous))));
    previous = ns;
  }
  append_varint(out, batch.columns().size());
  for (const EventColumn& column : batch.columns()) put_column(column, batch.row_count(), out);
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
  bool streams(std::vector<signal::EventStream>& out) {
    uint64_t n = 0;
    if (!count(n)) return false;
    out.resize(n);
    for (signal::EventStream& stream : out) {
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
      if (!read_varint(at, end, bytes) || bytes > kBodyBytesMax) return false;
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

bool take_body(std::string_view body, BatchRecord& out) {
  Reader reader{body.data(), body.data() + body.size()};
  uint64_t ingested = 0;
  if (!reader.text(out.scope.account) || !reader.text(out.scope.region) ||
      !read_varint(reader.at, reader.end, ingested)) {
    return false;
  }
  out.ingested_ns = unzigzag(ingested);
  std::vector<signal::EventStream> streams;
  std::vector<uint32_t> stream_rows;
  std::vector<int64_t> timestamps_ns;
  uint64_t n = 0;
  if (!reader.streams(streams) ||
      !reader.rows(streams.size(), out.ingested_ns, stream_rows, timestamps_ns) ||
      !reader.count(n)) {
    return false;
  }
  std::vector<EventColumn> columns(n);
  for (EventColumn& column : columns) {
    if (!reader.column(timestamps_ns.size(), column)) return false;
  }
  if (reader.at != reader.end) return false;
  out.batch = signal::EventBatchBuilder::assemble(std::move(streams), std::move(timestamps_ns),
                                                  std::move(stream_rows), std::move(columns));
  return true;
}

}  // namespace

void encode_batch_record(const BatchRecord& record, std::string& out) {
  out += kBatchRecord;
  out += static_cast<char>(Coding::Plain);
  const size_t head = out.size();
  put_body(record, out);
  const size_t body = out.size() - head;
  if (body < kCompressBytesMin) return;
  std::string packed;
  packed += kBatchRecord;
  packed += static_cast<char>(Coding::Lz4);
  append_varint(packed, body);
  codec::compress_lz4(std::string_view(out).substr(head), packed);
  if (packed.size() + body / kSavedShareMin > body) return;
  out.resize(head - 2);
  out += packed;
}

Result<BatchRecord> decode_batch_record(std::string_view payload) {
  const char* at = payload.data();
  const char* end = at + payload.size();
  if (payload.size() < 2 || *at++ != kBatchRecord) {
    return corruption("event record of an unknown version");
  }
  const auto coding = static_cast<Coding>(*at++);
  BatchRecord out;
  if (coding == Coding::Plain) {
    if (!take_body({at, end}, out)) return corruption("event record: cut off");
    return out;
  }
  uint64_t bytes = 0;
  if (coding != Coding::Lz4 || !read_varint(at, end, bytes) || bytes > kBodyBytesMax) {
    return corruption("event record of an unknown coding");
  }
  std::string body;
  KANSOKU_RETURN_IF_ERROR(codec::decompress_lz4({at, end}, bytes, body));
  if (!take_body(body, out)) return corruption("event record: cut off");
  return out;
}

std::string encode_stream_deletion(const StreamDeletion& deletion) {
  std::string out(1, kStreamDeletion);
  out += char{1};  // version
  append_text(out, deletion.scope.account);
  append_text(out, deletion.scope.region);
  append_text(out, deletion.group);
  append_text(out, deletion.stream);
  return out;
}

Result<StreamDeletion> decode_stream_deletion(std::string_view payload) {
  if (payload.size() < 2 || payload[0] != kStreamDeletion || payload[1] != 1) {
    return corruption("event record of an unknown version");
  }
  Reader reader{payload.data() + 2, payload.data() + payload.size()};
  StreamDeletion out;
  if (!reader.text(out.scope.account) || !reader.text(out.scope.region) ||
      !reader.text(out.group) || !reader.text(out.stream) || reader.at != reader.end) {
    return corruption("deletion of a stream: cut off");
  }
  return out;
}

}  // namespace kansoku::store::events
