#include "api/loki/loki_api.h"

#include <algorithm>
#include <atomic>
#include <mutex>

#include "base/text/ascii.h"
#include "wire/loki/loki.h"
#include "wire/snappy/snappy.h"

namespace kansoku::api::loki {
namespace {

namespace wl = wire::loki;

constexpr std::string_view kPath = "/loki/api/v1/push";
// SigV4 scope; Loki has none of its own.
constexpr std::string_view kService = "logs";
constexpr std::string_view kOtherGroup = "/kansoku/loki";
constexpr size_t kStreamBytesMax = 512;

net::HttpResponse text_answer(int status, std::string_view message) {
  net::HttpResponse out{.status = status, .body = std::string(message) + "\n"};
  out.headers.set("content-type", "text/plain; charset=utf-8");
  if (status == 429 || status == 503) out.headers.set("retry-after", "1");
  return out;
}

// One push on its way; the last verdict answers.
struct Push {
  Push(EventInputServices& s, Caller c, net::HttpRequest r, net::HttpExchange e)
      : services(s), caller(std::move(c)), request(std::move(r)), exchange(std::move(e)) {}
  EventInputServices& services;
  Caller caller;
  net::HttpRequest request;
  net::HttpExchange exchange;
  MemoryLease memory;
  std::atomic<size_t> parts{1};  // the reader is one
  std::mutex outcome_mutex;      // guards the two below
  std::optional<Error> again;
  std::string refused;

  void refuse(std::string message) {
    std::lock_guard lock(outcome_mutex);
    if (refused.empty()) refused = std::move(message);
  }
  void end(net::HttpResponse response) {
    memory.release();
    exchange.respond(std::move(response));
  }
  void finish_part() {
    if (parts.fetch_sub(1) != 1) return;
    if (again) return end(text_answer(503, again->to_string()));
    if (!refused.empty()) return end(text_answer(400, refused));
    end({.status = 204});
  }
  void settle(const signal::Verdict& verdict) {
    switch (fate_of(verdict)) {
      case Fate::Kept:
        break;
      case Fate::TryAgain: {
        std::lock_guard lock(outcome_mutex);
        if (!again) again = verdict.status.error();
        break;
      }
      case Fate::Refused:
        refuse(verdict.status.error().to_string());
        break;
    }
    finish_part();
  }
};
using PushPtr = std::shared_ptr<Push>;

// Entries into batches.
class Filler final : public wl::PushSink {
 public:
  explicit Filler(PushPtr push) : push_(std::move(push)) {}

  void stream(const wl::Labels& labels) override {
    row_.reset();
    if (labels.size() > kInputColumnsMax) {
      refuse_all_ = "too_many_labels";
      push_->refuse(
          fmt::format("a stream has {} label names, limit {}", labels.size(), kInputColumnsMax));
      return;
    }
    labels_ = labels;
    std::ranges::sort(labels_);
    const auto find = [&](std::string_view name) {
      return std::ranges::find(labels_, name, &std::pair<std::string, std::string>::first);
    };
    auto named = find("job");
    if (named == labels_.end() || named->second.empty()) named = find("service_name");
    const bool has_group = named != labels_.end() && !named->second.empty();
    group_ = has_group ? named->second : std::string(kOtherGroup);
    stream_ = "{";
    for (const auto& label : labels_) {
      if (has_group && &label == &*named) continue;
      if (stream_.size() > 1) stream_ += ", ";
      stream_ += fmt::format("{}=\"{}\"", label.first, label.second);
    }
    stream_ += '}';
    allowed_ = may_write(push_->caller, group_);
    if (labels_.empty()) {
      refuse_all_ = "no_labels";
      push_->refuse("error at least one label pair is required per stream");
    } else if (!allowed_) {
      refuse_all_ = "not_allowed";
      push_->refuse(fmt::format("not authorized to perform logs:PutLogEvents on log group {}",
                                quoted(group_)));
    } else {
      refuse_all_ = nullptr;
    }
  }

  void entry(int64_t unix_ns, std::string_view line, const wl::Labels& metadata) override {
    const char* reason = refuse_all_ != nullptr ? refuse_all_ : refuse_entry(line, metadata);
    if (reason != nullptr) {
      count_refused(push_->services, push_->caller, kReceiver, reason, 1);
      return;
    }
    if (builder_.row_count() == 0) {
      message_column_ = builder_.text_column(signal::kMessagePath);
      row_.reset();
    }
    if (!row_) {
      row_ = builder_.add_stream({.group = group_, .stream = stream_.substr(0, kStreamBytesMax)});
    }
    builder_.add_text_row(*row_, unix_ns, message_column_, line);
    set_columns(metadata);
    bytes_ += line.size();
    if (builder_.row_count() >= kInputBatchRowsMax || bytes_ >= kInputBatchBytesMax) push();
  }

  void push() {
    if (builder_.row_count() == 0) return;
    bytes_ = 0;
    ++push_->parts;
    signal::AckToken token(
        builder_.row_count(), nullptr, Lane::Ingest,
        [push = push_](const signal::Verdict& verdict) { push->settle(verdict); });
    push_->services.sink->push({push_->caller.scope, builder_.finish(), {}, std::move(token)});
  }

 private:
  // Why an entry is not taken; null: it is.
  const char* refuse_entry(std::string_view line, const wl::Labels& metadata) {
    if (line.size() > kInputMessageBytesMax) {
      push_->refuse(
          fmt::format("max entry size {} bytes exceeded for stream {} while adding an entry with "
                      "length {} bytes",
                      kInputMessageBytesMax, quoted(stream_), line.size()));
      return "too_large";
    }
    if (metadata.size() > kInputColumnsMax) {
      push_->refuse(
          fmt::format("an entry of stream {} has {} names of structured metadata, limit {}",
                      quoted(stream_), metadata.size(), kInputColumnsMax));
      return "too_much_metadata";
    }
    return nullptr;
  }
  // A row has one value of a path: the first of names that are repeated.
  void set_columns(const wl::Labels& metadata) {
    const auto level = [this](std::string_view name) {
      path_.clear();
      signal::append_path_level(name, path_);
      return !path_.empty();
    };
    for (size_t i = 0; i < labels_.size(); ++i) {
      if (i > 0 && labels_[i].first == labels_[i - 1].first) continue;
      if (level(labels_[i].first)) builder_.set_text(path_, labels_[i].second);
    }
    for (size_t i = 0; i < metadata.size(); ++i) {
      const auto same = [&](const auto& other) { return other.first == metadata[i].first; };
      if (std::any_of(metadata.begin(), metadata.begin() + static_cast<ptrdiff_t>(i), same))
        continue;
      const bool is_label = std::ranges::any_of(labels_, same);
      if (!level(is_label ? metadata[i].first + "_extracted" : metadata[i].first)) continue;
      const bool taken = is_label && std::ranges::any_of(labels_, [&](const auto& label) {
                           return label.first == metadata[i].first + "_extracted";
                         });
      if (!taken) builder_.set_text(path_, metadata[i].second);
    }
  }

  PushPtr push_;
  signal::EventBatchBuilder builder_;
  uint32_t message_column_ = 0;
  size_t bytes_ = 0;
  wl::Labels labels_;
  std::string group_;
  std::string stream_;
  std::string path_;
  std::optional<uint32_t> row_;
  bool allowed_ = false;
  const char* refuse_all_ = nullptr;  // why nothing of the stream is taken
};

// The message, expanded; `json` says of which form.
std::expected<std::string, Refusal> read_body(Push& push, bool json) {
  if (json) {
    auto body = expand_body(push.services, push.request);
    if (!body) return std::unexpected(std::move(body).error());
    push.memory = std::move(body->memory);
    return std::move(body->text);
  }
  const std::string_view encoding = push.request.headers.get("content-encoding");
  if (!encoding.empty() && !net::header_equals(encoding, "snappy"))
    return std::unexpected(Refusal{415, "Content-Encoding of protobuf must be snappy"});
  const std::string& block = push.request.body;
  const size_t claimed = wire::snappy_claimed_bytes(block).value_or(0);
  if (claimed > kEventBodyBytesMax)
    return std::unexpected(Refusal{413, fmt::format("the body expands to {} bytes", claimed)});
  // No block expands by more than 32 (wire/snappy refuses such claims).
  auto memory = take_memory(push.services, std::min(claimed, block.size() * 32));
  if (!memory) return std::unexpected(std::move(memory).error());
  push.memory = std::move(*memory);
  std::string out;
  if (Status read = wire::snappy_decode(block, kEventBodyBytesMax, out); !read)
    return std::unexpected(Refusal{400, read.error().to_string()});
  return out;
}

void run(const PushPtr& push, bool json) {
  auto body = read_body(*push, json);
  if (!body) return push->end(text_answer(body.error().status, body.error().message));
  Filler filler(push);
  const Status decoded = json ? wl::decode_json(*body, filler) : wl::decode_protobuf(*body, filler);
  if (!decoded) push->refuse(decoded.error().to_string());
  // What came whole before an error is kept: the sender will not send any of it again.
  filler.push();
  push->finish_part();
}

}  // namespace

bool LokiApi::is_mine(const net::HttpRequest& request) { return request.path() == kPath; }

void LokiApi::handle(net::HttpRequest request, net::HttpExchange exchange) {
  auto caller = authenticate_caller(request, services_.authentication, kService);
  if (!caller) {
    auto out = text_answer(caller.error().status, caller.error().message);
    if (caller.error().status == 401) add_challenges(out.headers);
    return exchange.respond(std::move(out));
  }
  if (request.method != "POST") {
    auto out = text_answer(405, "only POST is served here");
    out.headers.set("allow", "POST");
    return exchange.respond(std::move(out));
  }
  std::string_view type = request.headers.get("content-type");
  type = trimmed(type.substr(0, type.find(';')), kBlanks);
  const bool json = net::header_equals(type, "application/json");
  if (!json && !net::header_equals(type, "application/x-protobuf")) {
    return exchange.respond(
        text_answer(415, fmt::format("content type {} is not taken: application/json and "
                                     "application/x-protobuf are",
                                     quoted(type))));
  }
  auto push = std::make_shared<Push>(services_, std::move(*caller), std::move(request),
                                     std::move(exchange));
  services_.executor->post(Lane::Ingest, [push, json] { run(push, json); });
}

}  // namespace kansoku::api::loki
