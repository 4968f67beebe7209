#include "wire/remote_read/response.h"

#include "wire/protobuf/protobuf_writer.h"
#include "wire/remote_write/encode.h"

namespace kansoku::wire::remote_read {
namespace {

// Keys and lengths around the fields of a frame: generous.
constexpr size_t kOverheadBytes = 32;

void append_labels(const signal::Labels& labels, ProtobufWriter& series) {
  signal::visit_labels(labels.canonical(), [&](signal::LabelView label) {
    series.message(1, [&](ProtobufWriter& one) {
      one.bytes(1, label.name);
      one.bytes(2, label.value);
    });
  });
}

// `scratch` saves an allocation a sample.
void append_sample(ProtobufWriter& series, int64_t timestamp_ms, double value,
                   std::string& scratch) {
  scratch.clear();
  ProtobufWriter sample(scratch);
  sample.float64(1, value);
  sample.varint(2, static_cast<uint64_t>(timestamp_ms));
  series.bytes(2, scratch);
}

// Length, checksum (big-endian), message.
void append_frame(std::string_view message, std::string& frames) {
  append_varint(frames, message.size());
  uint32_t checksum = crc32c(as_bytes(message));
  for (int shift = 24; shift >= 0; shift -= 8) frames += static_cast<char>(checksum >> shift);
  frames += message;
}

}  // namespace

void append_time_series(const signal::Labels& labels, const tsdb_block::PointColumns& points,
                        std::string& query_result) {
  ProtobufWriter(query_result).message(1, [&](ProtobufWriter& series) {
    append_labels(labels, series);
    std::string scratch;
    for (size_t i = 0; i < points.timestamps_ms.size(); ++i) {
      int64_t ms = points.timestamps_ms[i];
      const signal::Distribution* d =
          points.distributions.empty() ? nullptr : points.distributions[i].get();
      // Refused for pairs and sketches, which are the float in `values`.
      bool is_histogram = d != nullptr && remote_write::append_histogram(series, *d, ms);
      if (!is_histogram) append_sample(series, ms, points.values[i], scratch);
    }
  });
}

void append_query_result(std::string_view query_result, std::string& response) {
  ProtobufWriter(response).bytes(1, query_result);
}

void append_frames(const signal::Labels& labels, const tsdb_block::PointColumns& points,
                   uint64_t query_index, size_t frame_bytes_max, std::string& frames) {
  std::string head;
  {
    ProtobufWriter writer(head);
    append_labels(labels, writer);
  }
  std::string series = head;
  bool has_chunk = false;
  auto finish = [&] {
    std::string message;
    ProtobufWriter writer(message);
    writer.bytes(1, series);
    if (query_index != 0) writer.varint(2, query_index);
    append_frame(message, frames);
    series = head;
    has_chunk = false;
  };
  tsdb_block::encode_chunks(points, [&](const tsdb_block::EncodedChunk& chunk) {
    std::string one;
    ProtobufWriter writer(one);
    writer.varint(1, static_cast<uint64_t>(chunk.min_ms));
    writer.varint(2, static_cast<uint64_t>(chunk.max_ms));
    writer.varint(3, static_cast<uint64_t>(chunk.encoding));
    writer.bytes(4, chunk.data);
    if (has_chunk && series.size() + one.size() + kOverheadBytes > frame_bytes_max) finish();
    ProtobufWriter(series).bytes(2, one);
    has_chunk = true;
  });
  if (has_chunk || points.timestamps_ms.empty()) finish();
}

}  // namespace kansoku::wire::remote_read
