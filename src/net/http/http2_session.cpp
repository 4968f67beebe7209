// HTTP/2 on a connection by libnghttp2: the same requests and exchanges, many at a time.
//
// nghttp2 does frames, HPACK, flow control and the legality of messages; this file keeps the
// bodies, the limits and the counts that floods run into.

#include <nghttp2/nghttp2.h>

#include "base/check.h"
#include "base/text/ascii.h"
#include "net/http/connection.h"

namespace kansoku::net {
namespace {

// Windows for received bodies. One stream may fill a 1 MiB window in flight: enough for 100 ms at
// 80 Mbit/s; all streams together four times that.
constexpr int32_t kStreamWindowBytes = 1 << 20;
constexpr int32_t kConnectionWindowBytes = 4 << 20;
// Frames are made only while less than this waits in the connection's queue: the rest stays with
// its stream, where it counts against response_buffered_bytes_max.
constexpr size_t kOutBytesMax = 256 * 1024;
// PING, SETTINGS, PRIORITY, WINDOW_UPDATE and empty DATA frames cost us and carry nothing. A busy
// client sends a window update for every few KiB it reads; these are counted with a higher limit.
constexpr uint32_t kControlFramesPerSMax = 1'000;
constexpr uint32_t kWindowUpdatesPerSMax = 100'000;

struct Stream {
  explicit Stream(std::shared_ptr<ServerState> state) : head_reservation(std::move(state)) {}
  int32_t id = 0;
  BodyReservation head_reservation;  // of its header fields
  HttpRequest request;
  size_t header_bytes = 0;
  int refused = 0;  // a status: the request is answered by net/ itself
  std::string refusal;
  uint64_t body_expected = 0;
  bool dispatched = false;
  bool head_only = false;
  int64_t began_ns = 0;
  int64_t body_byte_ns = 0;
  std::shared_ptr<ConnectionExchange> exchange;

  // The answer.
  bool answering = false;
  std::string out;  // bytes to be framed, from out_at on
  size_t out_at = 0;
  std::string_view out_static;
  bool out_ended = false;
  bool deferred = false;
  bool streaming = false;  // by begin/write: sent bytes are told to the exchange
  Headers trailers;
  bool has_trailers = false;
};

// How often something happened in the running second.
class RateCounter {
 public:
  bool over(uint32_t per_s_max, int64_t now_ns) {
    int64_t second = now_ns / env::kNsPerS;
    if (second != second_) {
      second_ = second;
      count_ = 0;
    }
    return ++count_ > per_s_max;
  }

 private:
  int64_t second_ = 0;
  uint32_t count_ = 0;
};

nghttp2_nv make_nv(std::string_view name, std::string_view value) {
  return {reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
          NGHTTP2_NV_FLAG_NONE};
}

// Names and values as HTTP/2 wants them, kept alive while nghttp2 copies.
class NvList {
 public:
  void add(std::string_view name, std::string_view value) {
    std::string clean;
    append_header_value(clean, value);
    fields_.emplace_back(lower_ascii(name), std::move(clean));
  }
  void add_all(const Headers& headers) {
    for (const Header& header : headers.list()) {
      if (!is_framing_header(header.name) && is_token(header.name)) add(header.name, header.value);
    }
  }
  std::vector<nghttp2_nv> list() const {
    std::vector<nghttp2_nv> nvs;
    for (const auto& [name, value] : fields_) nvs.push_back(make_nv(name, value));
    return nvs;
  }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

class Http2Session final : public Session {
 public:
  explicit Http2Session(Connection& connection);
  Http2Session(const Http2Session&) = delete;
  Http2Session& operator=(const Http2Session&) = delete;
  ~Http2Session() override { nghttp2_session_del(session_); }

  void on_bytes(std::string_view bytes) override;
  // A peer that does not read its answers is not read either.
  bool wants_read() const override { return connection_.out_bytes() < 2 * kOutBytesMax; }
  void on_end_of_input() override;
  void on_written() override { pump(); }
  void on_sweep(int64_t now_ns) override;
  void stop() override;
  void on_closed() override;

  void respond(int32_t id, HttpResponse response) override;
  void begin(int32_t id, int status, Headers headers) override;
  void write(int32_t id, std::string chunk) override;
  void end(int32_t id, Headers trailers) override;
  void abort(int32_t id) override;

 private:
  static nghttp2_session_callbacks* callbacks();
  static Http2Session& self(void* user) { return *static_cast<Http2Session*>(user); }
  Stream* find(int32_t id) {
    auto at = streams_.find(id);
    return at == streams_.end() ? nullptr : at->second.get();
  }
  int on_begin_headers(const nghttp2_frame& frame);
  int on_header(const nghttp2_frame& frame, std::string_view name, std::string_view value);
  int on_frame(const nghttp2_frame& frame);
  int on_frame_sent(const nghttp2_frame& frame);
  int on_data(int32_t id, std::string_view bytes);
  int on_stream_close(int32_t id, uint32_t error);
  ssize_t read_answer(int32_t id, uint8_t* into, size_t room, uint32_t* flags);
  void head_arrived(Stream& stream);
  void dispatch(Stream& stream);
  void refuse(Stream& stream, int status, std::string text);
  void submit_head(Stream& stream, int status, const Headers& headers, bool with_body);
  void answer_refusal(Stream& stream);
  void resume(Stream& stream);
  void flooded(const char* what);
  void pump();

  Connection& connection_;
  ServerState& state_;
  nghttp2_session* session_ = nullptr;
  std::unordered_map<int32_t, std::unique_ptr<Stream>> streams_;
  RateCounter resets_;
  RateCounter control_frames_;
  RateCounter window_updates_;
  int64_t idle_since_ns_;
  int64_t last_output_ns_;
  bool pumping_ = false;
  bool receiving_ = false;
  bool stopping_ = false;
  bool terminated_ = false;
};

nghttp2_session_callbacks* Http2Session::callbacks() {
  struct Owned {
    nghttp2_session_callbacks* list = nullptr;
    Owned() {
      KANSOKU_CHECK(nghttp2_session_callbacks_new(&list) == 0);
      nghttp2_session_callbacks_set_on_begin_headers_callback(
          list, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
            return self(user).on_begin_headers(*frame);
          });
      nghttp2_session_callbacks_set_on_header_callback(
          list, [](nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                   size_t name_size, const uint8_t* value, size_t value_size, uint8_t, void* user) {
            return self(user).on_header(*frame, {reinterpret_cast<const char*>(name), name_size},
                                        {reinterpret_cast<const char*>(value), value_size});
          });
      nghttp2_session_callbacks_set_on_frame_recv_callback(
          list, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
            return self(user).on_frame(*frame);
          });
      nghttp2_session_callbacks_set_on_frame_send_callback(
          list, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
            return self(user).on_frame_sent(*frame);
          });
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
          list,
          [](nghttp2_session*, uint8_t, int32_t id, const uint8_t* bytes, size_t size, void* user) {
            return self(user).on_data(id, {reinterpret_cast<const char*>(bytes), size});
          });
      nghttp2_session_callbacks_set_on_stream_close_callback(
          list, [](nghttp2_session*, int32_t id, uint32_t error, void* user) {
            return self(user).on_stream_close(id, error);
          });
      nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(
          list, [](nghttp2_session*, const nghttp2_frame*, int, void* user) {
            // Frames that make us reset streams cost the same as resets ("MadeYouReset").
            Http2Session& session = self(user);
            if (session.resets_.over(session.state_.limits.http2_resets_per_s_max,
                                     session.connection_.now_ns())) {
              session.flooded("invalid frames");
            }
            return 0;
          });
    }
    Owned(const Owned&) = delete;
    Owned& operator=(const Owned&) = delete;
    ~Owned() { nghttp2_session_callbacks_del(list); }
  };
  static Owned owned;
  return owned.list;
}

Http2Session::Http2Session(Connection& connection)
    : connection_(connection),
      state_(connection.state()),
      idle_since_ns_(connection.now_ns()),
      last_output_ns_(connection.now_ns()) {
  nghttp2_option* option = nullptr;
  KANSOKU_CHECK(nghttp2_option_new(&option) == 0);
  // Closed streams are remembered by nghttp2 for priorities that nobody uses any more.
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_option_set_max_send_header_block_length(option, 256 * 1024);
  KANSOKU_CHECK(nghttp2_session_server_new2(&session_, callbacks(), this, option) == 0);
  nghttp2_option_del(option);
  nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, state_.limits.http2_streams_max},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<uint32_t>(kStreamWindowBytes)},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
       static_cast<uint32_t>(state_.limits.header_bytes_max)}};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings));
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindowBytes);
}

void Http2Session::on_bytes(std::string_view bytes) {
  receiving_ = true;
  ssize_t taken = nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(bytes.data()),
                                           bytes.size());
  receiving_ = false;
  if (connection_.closed()) return;
  if (taken < 0) {
    ++state_.bad_requests;
    nghttp2_session_terminate_session(
        session_, taken == NGHTTP2_ERR_FLOODED ? static_cast<uint32_t>(NGHTTP2_ENHANCE_YOUR_CALM)
                                               : static_cast<uint32_t>(NGHTTP2_PROTOCOL_ERROR));
    terminated_ = true;
  }
  pump();
}

int Http2Session::on_begin_headers(const nghttp2_frame& frame) {
  if (frame.hd.type != NGHTTP2_HEADERS || frame.headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  auto stream = std::make_unique<Stream>(connection_.shared_state());
  stream->id = frame.hd.stream_id;
  stream->began_ns = stream->body_byte_ns = connection_.now_ns();
  stream->request.version_major = 2;
  stream->request.version_minor = 0;
  stream->request.arrived = {stream->began_ns};
  streams_.emplace(frame.hd.stream_id, std::move(stream));
  return 0;
}

int Http2Session::on_header(const nghttp2_frame& frame, std::string_view name,
                            std::string_view value) {
  Stream* stream = find(frame.hd.stream_id);
  if (stream == nullptr || frame.headers.cat != NGHTTP2_HCAT_REQUEST || stream->refused != 0)
    return 0;
  const HttpLimits& limits = state_.limits;
  HttpRequest& request = stream->request;
  if (name == ":path") {
    if (value.size() > limits.target_bytes_max) {
      refuse(*stream, 414, "the request target is too long");
    }
    request.target = value;
    return 0;
  }
  // RFC 9113 6.5.2 counts 32 bytes for each field.
  stream->header_bytes += name.size() + value.size() + 32;
  if (stream->header_bytes > limits.header_bytes_max ||
      request.headers.list().size() >= limits.headers_max) {
    refuse(*stream, 431, "the header lines are too long");
    return 0;
  }
  if (name == ":method") {
    request.method = value;
  } else if (name == ":authority") {
    request.headers.set("Host", std::string(value));
  } else if (name == "host") {
    // RFC 9113 8.3.1: where both stand, :authority is what counts.
    if (!request.headers.has("Host")) request.headers.add("Host", std::string(value));
  } else if (name == "cookie" && request.headers.has("cookie")) {
    // RFC 9113 8.2.3: crumbs are put together again.
    request.headers.set("cookie",
                        std::string(request.headers.get("cookie")) + "; " + std::string(value));
  } else if (!name.starts_with(':')) {
    request.headers.add(std::string(name), std::string(value));
  }
  return 0;
}

void Http2Session::head_arrived(Stream& stream) {
  stream.request.peer = connection_.peer();
  stream.head_only = stream.request.method == "HEAD";
  stream.exchange = std::make_shared<ConnectionExchange>(connection_.shared_from_this(), stream.id);
  if (stream.refused != 0) return;
  std::string_view length = stream.request.headers.get("content-length");
  uint64_t expected = 0;
  std::from_chars(length.data(), length.data() + length.size(), expected);  // nghttp2 checked it
  stream.body_expected = expected;
  if (!stream.head_reservation.grow_to(stream.header_bytes)) {
    refuse(stream, 503, "too many request bytes are in flight; try again");
  } else if (expected > state_.limits.body_bytes_max) {
    refuse(stream, 413,
           fmt::format("the body is too long: {} bytes, limit {}", expected,
                       state_.limits.body_bytes_max));
  } else if (stream.request.method == "CONNECT") {
    refuse(stream, 501, "CONNECT is not served");
  } else if (header_equals(stream.request.headers.get("expect"), "100-continue")) {
    nghttp2_nv status = make_nv(":status", "100");
    nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, stream.id, nullptr, &status, 1, nullptr);
  }
}

int Http2Session::on_frame(const nghttp2_frame& frame) {
  int64_t now_ns = connection_.now_ns();
  const HttpLimits& limits = state_.limits;
  bool ends = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  switch (frame.hd.type) {
    case NGHTTP2_RST_STREAM:
      if (resets_.over(limits.http2_resets_per_s_max, now_ns)) flooded("stream resets");
      return 0;
    case NGHTTP2_PING:
    case NGHTTP2_SETTINGS:
    case NGHTTP2_PRIORITY:
      if (control_frames_.over(kControlFramesPerSMax, now_ns)) flooded("control frames");
      return 0;
    case NGHTTP2_WINDOW_UPDATE:
      if (window_updates_.over(kWindowUpdatesPerSMax, now_ns)) flooded("window updates");
      return 0;
    case NGHTTP2_DATA:
      if (frame.hd.length == 0 && !ends && control_frames_.over(kControlFramesPerSMax, now_ns)) {
        flooded("empty data frames");
      }
      break;
    case NGHTTP2_HEADERS:
      break;
    default:
      return 0;
  }
  Stream* stream = find(frame.hd.stream_id);
  if (stream == nullptr) return 0;
  if (frame.hd.type == NGHTTP2_HEADERS && frame.headers.cat == NGHTTP2_HCAT_REQUEST) {
    head_arrived(*stream);
  }
  if (stream->refused != 0) {
    if (!stream->answering) answer_refusal(*stream);
  } else if (ends && !stream->dispatched) {
    dispatch(*stream);
  }
  return 0;
}

int Http2Session::on_frame_sent(const nghttp2_frame& frame) {
  bool answer = frame.hd.type == NGHTTP2_DATA || frame.hd.type == NGHTTP2_HEADERS;
  if (!answer || (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
  Stream* stream = find(frame.hd.stream_id);
  // A refusal ends the stream; the client need not send the rest of its body (RFC 9113 8.1).
  if (stream != nullptr && stream->refused != 0) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, frame.hd.stream_id, NGHTTP2_NO_ERROR);
  }
  return 0;
}

int Http2Session::on_data(int32_t id, std::string_view bytes) {
  Stream* stream = find(id);
  if (stream == nullptr || stream->refused != 0 || stream->exchange == nullptr) return 0;
  std::string& body = stream->request.body;
  stream->body_byte_ns = connection_.now_ns();
  if (body.size() + bytes.size() > state_.limits.body_bytes_max) {
    refuse(*stream, 413,
           fmt::format("the body is too long: limit {} bytes", state_.limits.body_bytes_max));
  } else {
    uint64_t expected = stream->body_expected > 0 ? stream->body_expected
                        : body.empty()            ? bytes.size()
                                                  : state_.limits.body_bytes_max;
    if (!grow_body(body, bytes.size(), expected, stream->exchange->reservation)) {
      refuse(*stream, 503, "too many request bodies are in flight; try again");
    } else {
      body.append(bytes);
    }
  }
  if (stream->refused != 0 && !stream->answering) answer_refusal(*stream);
  return 0;
}

int Http2Session::on_stream_close(int32_t id, uint32_t error) {
  auto at = streams_.find(id);
  if (at == streams_.end()) return 0;
  std::unique_ptr<Stream> stream = std::move(at->second);
  streams_.erase(at);
  if (stream->exchange != nullptr) {
    if (error == NGHTTP2_NO_ERROR && stream->out_ended) {
      stream->exchange->finished();
    } else {
      stream->exchange->peer_gone();
    }
  }
  if (streams_.empty()) idle_since_ns_ = connection_.now_ns();
  return 0;
}

void Http2Session::dispatch(Stream& stream) {
  stream.dispatched = true;
  state_.requests.fetch_add(1, std::memory_order_relaxed);
  HttpRequest request = std::move(stream.request);
  stream.request = {};
  state_.handler(std::move(request), HttpExchange(stream.exchange));
}

void Http2Session::refuse(Stream& stream, int status, std::string text) {
  ++state_.bad_requests;
  stream.refused = status;
  stream.refusal = std::move(text);
  stream.request.body = {};
  if (stream.exchange != nullptr) stream.exchange->reservation.release();
}

void Http2Session::answer_refusal(Stream& stream) {
  stream.out = std::move(stream.refusal) + "\n";
  stream.out_ended = true;
  submit_head(stream, stream.refused, {{"Content-Type", "text/plain; charset=utf-8"}}, true);
}

void Http2Session::submit_head(Stream& stream, int status, const Headers& headers, bool with_body) {
  stream.answering = true;
  NvList fields;
  fields.add(":status", std::to_string(status));
  fields.add("date", http_date());
  fields.add_all(headers);
  if (stream.out_ended && !stream.has_trailers && status != 204 && status != 304) {
    std::string_view told = headers.get("Content-Length");
    size_t size = stream.out.size() + stream.out_static.size();
    fields.add("content-length", stream.head_only && size == 0 && !told.empty()
                                     ? std::string(told)
                                     : std::to_string(size));
  }
  bool bodyless = !with_body || stream.head_only || status == 204 || status == 304;
  if (bodyless) {
    stream.out.clear();
    stream.out_static = {};
  }
  std::vector<nghttp2_nv> list = fields.list();
  nghttp2_data_provider provider{};
  provider.read_callback = [](nghttp2_session*, int32_t id, uint8_t* into, size_t room,
                              uint32_t* flags, nghttp2_data_source*,
                              void* user) { return self(user).read_answer(id, into, room, flags); };
  bool empty =
      stream.out_ended && stream.out.empty() && stream.out_static.empty() && !stream.has_trailers;
  nghttp2_submit_response(session_, stream.id, list.data(), list.size(),
                          bodyless && stream.out_ended ? nullptr : (empty ? nullptr : &provider));
}

ssize_t Http2Session::read_answer(int32_t id, uint8_t* into, size_t room, uint32_t* flags) {
  Stream* stream = find(id);
  if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  std::string_view owned = std::string_view(stream->out).substr(stream->out_at);
  std::string_view from = owned.empty() ? stream->out_static : owned;
  size_t bytes = std::min(room, from.size());
  if (bytes > 0) std::memcpy(into, from.data(), bytes);
  if (!owned.empty()) {
    stream->out_at += bytes;
    if (stream->out_at == stream->out.size()) {
      stream->out = {};
      stream->out_at = 0;
    }
    if (stream->streaming) stream->exchange->sent(bytes);
  } else {
    stream->out_static.remove_prefix(bytes);
  }
  bool all = stream->out.empty() && stream->out_static.empty();
  if (all && stream->out_ended) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (stream->has_trailers) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      NvList fields;
      fields.add_all(stream->trailers);
      std::vector<nghttp2_nv> list = fields.list();
      nghttp2_submit_trailer(session_, id, list.data(), list.size());
    }
  } else if (bytes == 0) {
    stream->deferred = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  return static_cast<ssize_t>(bytes);
}

void Http2Session::respond(int32_t id, HttpResponse response) {
  Stream* stream = find(id);
  if (stream == nullptr || stream->answering) return;
  stream->out_ended = true;
  if (response.body.empty()) {
    stream->out_static = response.static_body;
  } else {
    stream->out = std::move(response.body);
  }
  stream->exchange->reservation.release();
  submit_head(*stream, response.status, response.headers, true);
  pump();
}

void Http2Session::begin(int32_t id, int status, Headers headers) {
  Stream* stream = find(id);
  if (stream == nullptr || stream->answering) return;
  stream->exchange->begun = true;
  stream->streaming = true;
  submit_head(*stream, status, headers, true);
  pump();
}

void Http2Session::resume(Stream& stream) {
  if (std::exchange(stream.deferred, false)) nghttp2_session_resume_data(session_, stream.id);
  pump();
}

void Http2Session::write(int32_t id, std::string chunk) {
  Stream* stream = find(id);
  if (stream == nullptr || !stream->streaming || stream->out_ended) return;
  if (stream->head_only) {
    stream->exchange->sent(chunk.size());
    return;
  }
  if (stream->out.empty()) {
    stream->out = std::move(chunk);
  } else {
    if (stream->out_at > stream->out.size() / 2) {
      stream->out.erase(0, std::exchange(stream->out_at, 0));
    }
    stream->out += chunk;
  }
  resume(*stream);
}

void Http2Session::end(int32_t id, Headers trailers) {
  Stream* stream = find(id);
  if (stream == nullptr || !stream->streaming || stream->out_ended) return;
  stream->out_ended = true;
  stream->trailers = std::move(trailers);
  stream->has_trailers = !stream->trailers.list().empty();
  resume(*stream);
}

void Http2Session::abort(int32_t id) {
  if (find(id) == nullptr) return;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_INTERNAL_ERROR);
  pump();
}

void Http2Session::flooded(const char* what) {
  if (std::exchange(terminated_, true)) return;
  ++state_.bad_requests;
  // The text goes along with GOAWAY as debug data, for whoever looks at the wire.
  nghttp2_submit_goaway(
      session_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_),
      NGHTTP2_ENHANCE_YOUR_CALM, reinterpret_cast<const uint8_t*>(what), std::strlen(what));
}

// Frames move from nghttp2 into the connection's queue while there is room in it.
void Http2Session::pump() {
  // Callbacks of nghttp2 may answer at once; frames are made when it has returned.
  if (receiving_ || pumping_ || connection_.closed() || connection_.finishing()) return;
  pumping_ = true;
  std::string gathered;
  while (connection_.out_bytes() + gathered.size() < kOutBytesMax) {
    const uint8_t* frame = nullptr;
    ssize_t bytes = nghttp2_session_mem_send(session_, &frame);
    if (bytes < 0) {
      connection_.close();
      pumping_ = false;
      return;
    }
    if (bytes == 0) break;
    gathered.append(reinterpret_cast<const char*>(frame), static_cast<size_t>(bytes));
  }
  if (!gathered.empty()) {
    last_output_ns_ = connection_.now_ns();
    connection_.send(std::move(gathered));
  }
  pumping_ = false;
  bool done = nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0;
  bool drained = stopping_ && streams_.empty() && nghttp2_session_want_write(session_) == 0;
  if (terminated_ || done || drained) connection_.finish(true);
}

void Http2Session::on_end_of_input() {
  // Without the peer's window updates and acknowledgements nothing can be finished.
  connection_.close();
}

void Http2Session::on_sweep(int64_t now_ns) {
  const HttpLimits& limits = state_.limits;
  if (streams_.empty()) {
    if ((now_ns - idle_since_ns_) / env::kNsPerMs > limits.keep_alive_timeout_ms) {
      nghttp2_session_terminate_session(session_, NGHTTP2_NO_ERROR);
      terminated_ = true;
      pump();
    }
    return;
  }
  std::vector<int32_t> late;
  bool waits_for_window = false;
  for (auto& [id, stream] : streams_) {
    bool receiving = !stream->dispatched && stream->refused == 0;
    int64_t waited_ms = (now_ns - stream->began_ns) / env::kNsPerMs;
    int64_t silent_ms = (now_ns - stream->body_byte_ns) / env::kNsPerMs;
    auto got = static_cast<int64_t>(stream->request.body.size());
    bool slow = waited_ms > limits.body_idle_timeout_ms &&
                got < waited_ms * limits.body_bytes_per_s_min / 1'000;
    if (receiving && (silent_ms > limits.body_idle_timeout_ms || slow)) late.push_back(id);
    waits_for_window |= stream->answering && (!stream->out.empty() || !stream->out_static.empty());
  }
  for (int32_t id : late) {
    Stream* stream = find(id);
    ++state_.timeouts;
    if (stream->exchange == nullptr) {  // its head never ended
      nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
      continue;
    }
    refuse(*stream, 408, "the body came too slowly");
    answer_refusal(*stream);
  }
  if (waits_for_window &&
      now_ns - last_output_ns_ > limits.write_stall_timeout_ms * env::kNsPerMs) {
    ++state_.timeouts;
    connection_.close();
    return;
  }
  pump();
}

void Http2Session::stop() {
  stopping_ = true;
  // Streams up to the last one seen are finished; newer ones the client sends elsewhere.
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_), NGHTTP2_NO_ERROR,
                        nullptr, 0);
  pump();
}

void Http2Session::on_closed() {
  auto streams = std::move(streams_);
  streams_.clear();
  for (auto& [id, stream] : streams) {
    if (stream->exchange != nullptr) stream->exchange->peer_gone();
  }
}

}  // namespace

std::unique_ptr<Session> make_http2_session(Connection& connection) {
  return std::make_unique<Http2Session>(connection);
}

}  // namespace kansoku::net
