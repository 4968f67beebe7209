// POST /api/v1/read: remote read, as samples in one message or as a stream of chunks.
//
// A read goes on in steps on the pool, a batch of series each; the stream waits for its reader, so
// that no more than a batch and the connection's buffer are in memory. Samples are one compressed
// block whose length stands at its beginning, so they are built whole, within limits.
#include "api/prometheus/ingest.h"
#include "api/prometheus/read_series.h"
#include "base/log.h"
#include "wire/remote_read/response.h"
#include "wire/snappy/snappy.h"

namespace kansoku::api::prometheus {
namespace {

namespace rr = wire::remote_read;

// The reference server reads 32 MiB of a request (storage/remote/codec.go, decodeReadLimit).
constexpr size_t kRequestBytesMax = 32U << 20;
// Series a batch: from the first on it aims at about 5 ms of work, which this many bytes are.
constexpr size_t kBatchSeriesFirst = 16;
constexpr size_t kBatchSeriesMax = 1'024;
constexpr size_t kBatchBytes = 512U << 10;
// A message of samples, what becomes of it while it grows, and its compressed block.
constexpr uint64_t kMemoryPerByte = 3;

enum class Next : uint8_t { More, Drain, Over };

// One request. Thread contract: steps run one after the other on the pool; it lives as long as
// somebody waits to go on.
class Read : public std::enable_shared_from_this<Read> {
 public:
  Read(Context& context, CallPtr call, ReadGate::Slot slot)
      : context_(context), call_(std::move(call)), slot_(std::move(slot)) {}

  void go_on() {
    context_.services.executor->post(Lane::Query, [self = shared_from_this()] { self->run(); });
  }

 private:
  void run() {
    if (call_->exchange.closed()) return;
    auto next = step();
    if (!next) return fail(next.error());
    if (*next == Next::More) return go_on();
    if (*next == Next::Over) return;
    call_->exchange.on_drain([self = shared_from_this()] { self->go_on(); });
  }

  Result<Next> step() {
    if (!begun_) {
      begun_ = true;
      KANSOKU_RETURN_IF_ERROR(read_request());
      return Next::More;
    }
    if (!selection_) {
      if (query_ == request_.queries.size()) return finish();
      KANSOKU_TRY(selection_, select_for_read(context_, scope(), request_.queries[query_]));
      row_ = 0;
      samples_ = 0;
      selection_bytes_ = 0;
      for (const store::SeriesInfo& info : selection_->series) {
        selection_bytes_ += sizeof(info) + info.labels.canonical().size();
      }
      KANSOKU_RETURN_IF_ERROR(hold_memory(0));
      return Next::More;
    }
    if (row_ < selection_->series.size()) return read_batch();
    if (type_ == rr::ResponseType::Samples) {
      rr::append_query_result(result_, response_);
      result_.clear();
    }
    selection_.reset();
    ++query_;
    return Next::More;
  }

  const signal::Scope& scope() const { return call_->caller.scope; }
  const RemoteReadLimits& limits() const { return context_.services.remote_read; }

  Status read_request() {
    const std::string& body = call_->request.body;
    auto claimed = wire::snappy_claimed_bytes(body);
    uint64_t bytes = std::min<uint64_t>({claimed.value_or(0), body.size() * 32, kRequestBytesMax});
    KANSOKU_RETURN_IF_ERROR(take_memory(bytes * 2));
    std::string message;
    KANSOKU_RETURN_IF_ERROR(wire::snappy_decode(body, kRequestBytesMax, message));
    KANSOKU_TRY(request_, rr::decode_request(message));
    KANSOKU_TRY(type_, rr::choose_response_type(request_));
    return {};
  }

  // What this read holds, beside a batch of `batch_bytes`.
  Status hold_memory(uint64_t batch_bytes) {
    uint64_t answer_bytes = response_.size() + result_.size();
    return take_memory(selection_bytes_ + batch_bytes + answer_bytes * kMemoryPerByte);
  }
  Status take_memory(uint64_t bytes) {
    if (context_.services.read_memory == nullptr) return {};
    if (memory_.bytes() != 0) return memory_.resize(bytes);
    if (bytes == 0) return {};
    KANSOKU_TRY(memory_, MemoryLease::take(*context_.services.read_memory, bytes));
    return {};
  }

  Status check_samples(size_t more) {
    samples_ += more;
    if (type_ != rr::ResponseType::Samples || samples_ <= limits().samples_max) return {};
    return invalid_argument("exceeded sample limit ({})", limits().samples_max);
  }
  Status check_answer_bytes(size_t batch_bytes) const {
    if (type_ != rr::ResponseType::Samples) return {};
    if (response_.size() + result_.size() + batch_bytes <= limits().answer_bytes_max) return {};
    return invalid_argument(
        "exceeded answer limit ({} bytes); ask for less or for STREAMED_XOR_CHUNKS",
        limits().answer_bytes_max);
  }

  void append(size_t row, const wire::tsdb_block::PointColumns& points, std::string& out) const {
    const signal::Labels& labels = selection_->series[row].labels;
    if (type_ == rr::ResponseType::Samples) {
      rr::append_time_series(labels, points, out);
    } else {
      rr::append_frames(labels, points, query_, limits().frame_bytes_max, out);
    }
  }

  Result<Next> read_batch() {
    size_t end = std::min(row_ + batch_series_, selection_->series.size());
    std::vector<std::string> parts(end - row_);  // by series, as the scan has its own order
    size_t bytes = 0;
    auto take = [&](size_t row, const wire::tsdb_block::PointColumns& points) -> Status {
      KANSOKU_RETURN_IF_ERROR(check_samples(points.timestamps_ms.size()));
      std::string& out = parts[row - row_];
      append(row, points, out);
      bytes += out.size();
      KANSOKU_RETURN_IF_ERROR(check_answer_bytes(bytes));
      return hold_memory(bytes);
    };
    if (selection_->labels_only) {
      for (size_t row = row_; row < end; ++row) KANSOKU_RETURN_IF_ERROR(take(row, {}));
    } else {
      KANSOKU_RETURN_IF_ERROR(scan_for_read(context_, scope(), *selection_, row_, end, take));
    }
    row_ = end;
    if (bytes < kBatchBytes / 2) {
      batch_series_ = std::min(batch_series_ * 2, kBatchSeriesMax);
    } else if (bytes > kBatchBytes) {
      batch_series_ = std::max<size_t>(batch_series_ * kBatchBytes / bytes, 1);
    }
    return send(std::move(parts), bytes);
  }

  Result<Next> send(std::vector<std::string> parts, size_t bytes) {
    if (type_ == rr::ResponseType::Samples) {
      for (const std::string& part : parts) result_ += part;
      KANSOKU_RETURN_IF_ERROR(hold_memory(0));
      return Next::More;
    }
    if (bytes == 0) return Next::More;
    begin_stream();
    std::string joined;
    joined.reserve(bytes);
    for (const std::string& part : parts) joined += part;
    return call_->exchange.write(std::move(joined)) ? Next::More : Next::Drain;
  }

  void begin_stream() {
    if (streaming_) return;
    streaming_ = true;
    call_->exchange.begin(200, {{"Content-Type", rr::kStreamedType}});
  }

  Result<Next> finish() {
    if (type_ == rr::ResponseType::StreamedXorChunks) {
      begin_stream();
      call_->exchange.end();
      return Next::Over;
    }
    net::HttpResponse out{.status = 200, .body = wire::snappy_encode(response_)};
    out.headers.set("content-type", rr::kSamplesType);
    out.headers.set("content-encoding", "snappy");
    call_->exchange.respond(std::move(out));
    return Next::Over;
  }

  // Errors are text, as the reference server's.
  void fail(const Error& error) {
    if (streaming_) {
      log_error("prometheus", "remote read cut off: {}", error.to_string());
      call_->exchange.abort();
      return;
    }
    std::string message = error.to_string() + "\n";
    switch (error.code) {
      case ErrorCode::InvalidArgument:
      case ErrorCode::OutOfRange:
        call_->answer(text_reply(400, std::move(message)));
        break;
      case ErrorCode::ResourceExhausted:
      case ErrorCode::Unavailable:
        call_->answer(try_again(std::move(message)));
        break;
      default:
        call_->answer(text_reply(500, std::move(message)));
    }
  }

  Context& context_;
  CallPtr call_;
  ReadGate::Slot slot_;
  MemoryLease memory_;
  bool begun_ = false;
  bool streaming_ = false;
  rr::Request request_;
  rr::ResponseType type_ = rr::ResponseType::Samples;
  size_t query_ = 0;
  std::optional<ReadSelection> selection_;  // of the query that is being answered
  uint64_t selection_bytes_ = 0;
  size_t row_ = 0;
  size_t batch_series_ = kBatchSeriesFirst;
  uint64_t samples_ = 0;  // of this query
  std::string result_;    // samples of this query
  std::string response_;  // of those before it
};

}  // namespace

void handle_read(Context& context, CallPtr call) {
  auto entered = context.read_gate->enter([&context, call](ReadGate::Slot slot) {
    std::make_shared<Read>(context, call, std::move(slot))->go_on();
  });
  if (!entered) call->answer(try_again(entered.error().to_string() + "\n"));
}

}  // namespace kansoku::api::prometheus
