#include "pipeline/exporters/cloudwatch_logs/cloudwatch_logs_exporter.h"

#include "base/log.h"
#include "wire/document/document.h"

namespace kansoku::pipeline::cloudwatch_logs {
namespace {

using signal::Outcome;

// Waits between tries, as the CloudWatch agent has them: first, doublings, and then a minute.
constexpr int64_t kLongFirstMs = 2'000;
constexpr uint32_t kLongDoublings = 2;
constexpr int64_t kShortFirstMs = 200;
constexpr uint32_t kShortDoublings = 5;
constexpr int64_t kLastMs = 60'000;

// Requests of a delivery are numbered together in runs of this many, fewer than the window within
// which a server tells batches of one producer apart (64): one of them may wait while all others of
// its run are sent, and the next delivery of a producer comes when this one is settled.
constexpr uint32_t kRun = 32;

// A request that is wrong as it is: sending it again would not help.
constexpr std::array<std::string_view, 4> kRefusals{"InvalidParameterException",
                                                    "SerializationException", "ValidationException",
                                                    "RequestEntityTooLarge"};

}  // namespace

std::shared_ptr<CloudWatchLogsExporter> CloudWatchLogsExporter::make(
    ComponentContext context, CloudWatchLogsConfig config,
    std::shared_ptr<net::aws::AwsClient> client) {
  return std::shared_ptr<CloudWatchLogsExporter>(
      new CloudWatchLogsExporter(std::move(context), std::move(config), std::move(client)));
}

CloudWatchLogsExporter::CloudWatchLogsExporter(ComponentContext context,
                                               CloudWatchLogsConfig config,
                                               std::shared_ptr<net::aws::AwsClient> client)
    : context_(std::move(context)),
      config_(std::move(config)),
      client_(std::move(client)),
      groups_(std::make_shared<LogGroups>(client_, config_)) {}

void CloudWatchLogsExporter::push(signal::EventDelivery delivery) {
  auto shipment = std::make_shared<Shipment>();
  shipment->plan = plan_requests(*delivery.batch);
  shipment->delivery = std::move(delivery);
  shipment->pushed = context_.env.clock->monotonic_now();
  const RequestPlan& plan = shipment->plan;
  shipment->open = plan.requests.size();
  if (plan.without_message > 0) {
    shipment->verdict.counts.push_back(
        {Outcome::Filtered, "without_message", plan.without_message, "an event without a text"});
  }
  if (plan.too_long > 0) {
    shipment->verdict.counts.push_back({Outcome::Rejected, "event_too_long", plan.too_long,
                                        fmt::format("an event over {} bytes", kMessageBytesMax)});
  }
  bool refused = false;
  {
    std::lock_guard lock(mutex_);
    refused = stopping_;
    if (!refused) {
      ++deliveries_;
      for (uint32_t i = 0; i < plan.requests.size(); ++i) ready_.push_back({shipment, i});
    }
  }
  if (refused) {
    shipment->delivery.token.resolve({.status = unavailable("the exporter is stopping")});
    return;
  }
  if (shipment->open == 0) return finish(*shipment);
  pump();
}

// Begins what may begin.
void CloudWatchLogsExporter::pump() {
  std::vector<Request> begin;
  {
    std::lock_guard lock(mutex_);
    while (!stopping_ && !ready_.empty() &&
           running_ < static_cast<uint64_t>(std::max(config_.concurrency, 1))) {
      begin.push_back(std::move(ready_.front()));
      ready_.pop_front();
      ++running_;
    }
  }
  for (Request& request : begin) {
    context_.executor->post(Lane::Ingest,
                            [self = shared_from_this(), request = std::move(request)]() mutable {
                              self->ship(std::move(request));
                            });
  }
}

void CloudWatchLogsExporter::ship(Request request) {
  const signal::EventDelivery& delivery = request.shipment->delivery;
  RequestBody body = encode_request(*delivery.batch, request.shipment->plan, request.range());
  net::aws::AwsRequest out = logs_request(
      "PutLogEvents", config_.gzip ? net::gzip_encode(body.json) : std::move(body.json), config_);
  if (config_.gzip) out.headers.add("content-encoding", "gzip");
  if (body.is_emf) out.headers.add("x-amzn-logs-format", "json/emf");
  if (config_.numbered && !delivery.producer.id.empty()) {
    const signal::Producer& producer = delivery.producer;
    out.headers.add("x-kansoku-batch",
                    fmt::format("{}.{}/{}/{}", producer.id, request.number / kRun, producer.epoch,
                                producer.sequence * kRun + request.number % kRun));
  }
  groups_->check_retention(request.stream().group);
  {
    std::lock_guard lock(mutex_);
    ++stats_.requests_sent;
    stats_.body_bytes += out.body.size();
  }
  client_->send(std::move(out), [self = shared_from_this(), request = std::move(request)](
                                    Result<net::HttpClientResponse> response) mutable {
    self->answered(std::move(request), std::move(response));
  });
}

CloudWatchLogsExporter::Fate CloudWatchLogsExporter::fate_of(
    const Result<net::HttpClientResponse>& response) {
  using Kind = Fate::Kind;
  if (!response) return {Kind::RetryEndpoint, {}, response.error().to_string()};
  if (response->status < 300) return {};
  const std::string code = net::aws::error_code_of(*response);
  std::string detail = fmt::format("HTTP {} {}", response->status, code);
  // The service has the events already.
  if (code == "DataAlreadyAcceptedException") return {};
  if (code == "ResourceNotFoundException") return {Kind::MakeStream, {}, std::move(detail)};
  if (response->status == 413 || std::ranges::find(kRefusals, code) != kRefusals.end())
    return {Kind::Refused, "refused_by_endpoint", detail + ": " + response->body.substr(0, 300)};
  if (is_refusal_of_stream(code)) return {Kind::StreamRefused, {}, std::move(detail)};
  const bool endpoint =
      response->status == 429 || response->status >= 500 || net::aws::is_throttling_code(code);
  return {endpoint ? Kind::RetryEndpoint : Kind::RetryRequest, {}, std::move(detail)};
}

void CloudWatchLogsExporter::answered(Request request, Result<net::HttpClientResponse> response) {
  const Fate fate = fate_of(response);
  using Kind = Fate::Kind;
  {
    std::lock_guard lock(mutex_);
    const bool settled = fate.kind == Kind::Forwarded || fate.kind == Kind::Refused;
    if (fate.kind == Kind::Forwarded) stats_.last_error.clear();
    if (fate.kind != Kind::Forwarded && fate.kind != Kind::MakeStream)
      stats_.last_error = fate.detail;
    // Without an answer nobody knows whether they stand there.
    if (!response && !settled) stats_.events_maybe_repeated += request.rows();
  }
  switch (fate.kind) {
    case Kind::Forwarded:
      return take_forwarded(request, *response);
    case Kind::Refused:
      return settle(request, {{Outcome::Dropped, fate.reason, request.rows(), fate.detail}},
                    invalid_argument("{}", fate.detail));
    case Kind::MakeStream:
      if (!request.stream_made) return make_stream(std::move(request));
      // It was made, and is not there: made again with the next try.
      request.stream_made = false;
      return stream_refused(std::move(request), fate.detail);
    case Kind::StreamRefused:
      return stream_refused(std::move(request), fate.detail);
    case Kind::RetryEndpoint:
      return retry(std::move(request), true);
    case Kind::RetryRequest:
      return retry(std::move(request), false);
  }
}

// The answer names rows that the service did not take: too old, over their retention, too new.
void CloudWatchLogsExporter::take_forwarded(Request& request,
                                            const net::HttpClientResponse& response) {
  {
    std::lock_guard lock(mutex_);
    refusals_.taken(request.stream());
  }
  const auto rows = static_cast<int64_t>(request.rows());
  const auto document = wire::parse_json(response.body);
  const wire::Node* info = document ? document->find("rejectedLogEventsInfo") : nullptr;
  const auto index = [&](std::string_view key, int64_t otherwise) {
    const auto number = info == nullptr ? std::nullopt : info->number_of(key);
    return number ? std::clamp<int64_t>(static_cast<int64_t>(*number), 0, rows) : otherwise;
  };
  const int64_t old_end = index("tooOldLogEventEndIndex", 0);
  const int64_t expired_end = std::max(index("expiredLogEventEndIndex", 0), old_end);
  const int64_t new_begin = std::max(index("tooNewLogEventStartIndex", rows), expired_end);
  std::vector<signal::OutcomeCount> counts;
  const auto add = [&](Outcome outcome, int64_t count, std::string reason, std::string detail) {
    if (count <= 0) return;
    counts.push_back({outcome, std::move(reason), static_cast<uint64_t>(count), std::move(detail)});
  };
  add(Outcome::Forwarded, new_begin - expired_end, {}, {});
  add(Outcome::Rejected, old_end, "too_old", "older than 14 days");
  add(Outcome::Rejected, expired_end - old_end, "expired", "older than its group's retention");
  add(Outcome::Rejected, rows - new_begin, "too_new", "more than 2 hours ahead");
  Status status;
  if (new_begin - expired_end < rows)
    status = invalid_argument("the endpoint rejected {} of {} events",
                              rows - (new_begin - expired_end), rows);
  settle(request, std::move(counts), std::move(status));
}

void CloudWatchLogsExporter::make_stream(Request request) {
  const signal::EventStream& stream = request.stream();
  request.stream_made = true;
  groups_->make(stream.group, stream.stream,
                [self = shared_from_this(), request = std::move(request)](Status made) mutable {
                  if (!made) {
                    {
                      std::lock_guard lock(self->mutex_);
                      self->stats_.last_error = made.error().to_string();
                    }
                    request.stream_made = false;
                    if (made.error().code == ErrorCode::PermissionDenied)
                      return self->stream_refused(std::move(request), made.error().message);
                    return self->retry(std::move(request), false);
                  }
                  bool stopping = false;
                  {
                    std::lock_guard lock(self->mutex_);
                    stopping = self->stopping_;
                    if (!stopping) {
                      --self->running_;
                      self->ready_.push_front(std::move(request));
                    }
                  }
                  // Nothing that is ready begins any more.
                  if (stopping) return self->abandon(request);
                  self->pump();
                });
}

void CloudWatchLogsExporter::stream_refused(Request request, const std::string& why) {
  const signal::EventStream& stream = request.stream();
  Refusals::Refused refused;
  bool give_up = false;
  {
    std::lock_guard lock(mutex_);
    refused = refusals_.refused(stream, context_.env.clock->monotonic_now());
    give_up =
        !stopping_ && config_.refused_after_ms > 0 && refused.for_ms >= config_.refused_after_ms;
    if (give_up) refusals_.tell(stream);
  }
  if (!give_up) return retry(std::move(request), false);
  if (!refused.told) {
    log_error("cloudwatch_logs",
              "{} of {} is refused for {} s ({}): its events are dropped until it is taken",
              quoted(stream.stream), quoted(stream.group), refused.for_ms / 1'000, why);
  }
  settle(request, {{Outcome::Dropped, "refused", request.rows(), why}},
         invalid_argument("{} of {} is refused: {}", quoted(stream.stream), quoted(stream.group),
                          why));
}

int64_t CloudWatchLogsExporter::backoff_ms(bool whole_endpoint, uint32_t failures) {
  const uint32_t doublings = whole_endpoint ? kLongDoublings : kShortDoublings;
  const int64_t first = whole_endpoint ? kLongFirstMs : kShortFirstMs;
  const int64_t most = failures > doublings ? kLastMs : first << failures;
  // 50 to 100 % of it, so that a fleet does not come back at once.
  return most / 2 +
         static_cast<int64_t>(context_.env.random->u64() % static_cast<uint64_t>(most / 2 + 1));
}

// While the endpoint is away a request keeps its place, so that no other goes there; one that fails
// by itself lets others pass.
void CloudWatchLogsExporter::retry(Request request, bool whole_endpoint) {
  const int64_t age_ms =
      (context_.env.clock->monotonic_now().ns - request.shipment->pushed.ns) / env::kNsPerMs;
  const int64_t wait_ms = backoff_ms(whole_endpoint, request.failures++);
  uint64_t id = 0;
  std::string why;
  bool stopping = false;
  {
    std::lock_guard lock(mutex_);
    stopping = stopping_;
    why = stats_.last_error;
    if (!stopping && age_ms <= kGiveUpMs) {
      id = ++next_wait_;
      if (!whole_endpoint) --running_;
      waiting_.emplace(id, Waiting{std::move(request), whole_endpoint});
    }
  }
  if (stopping) return abandon(request);
  if (id == 0) {
    return settle(request, {{Outcome::Dropped, "given_up", request.rows(), why}},
                  invalid_argument("given up after 14 days: {}", why));
  }
  context_.timers->after(wait_ms * env::kNsPerMs,
                         [self = shared_from_this(), id] { self->end_wait(id); });
  pump();
}

void CloudWatchLogsExporter::end_wait(uint64_t id) {
  {
    std::lock_guard lock(mutex_);
    const auto at = waiting_.find(id);
    if (at == waiting_.end()) return;  // stopped meanwhile
    if (at->second.holds_place) --running_;
    ready_.push_front(std::move(at->second.request));
    waiting_.erase(at);
  }
  pump();
}

void CloudWatchLogsExporter::settle(Request& request, std::vector<signal::OutcomeCount> counts,
                                    Status status) {
  Shipment& shipment = *request.shipment;
  bool last = false;
  {
    std::lock_guard lock(mutex_);
    --running_;
    for (signal::OutcomeCount& count : counts) {
      if (count.outcome == Outcome::Forwarded) {
        stats_.events_forwarded += count.rows;
        stats_.last_forwarded_ms = context_.env.clock->wall_now().ms();
      } else {
        stats_.events_rejected += count.rows;
      }
      shipment.verdict.counts.push_back(std::move(count));
    }
    if (!status && shipment.verdict.status) shipment.verdict.status = std::move(status);
    last = --shipment.open == 0;
  }
  if (last) finish(shipment);
  pump();
}

void CloudWatchLogsExporter::abandon(Request& request) {
  Shipment& shipment = *request.shipment;
  bool last = false;
  {
    std::lock_guard lock(mutex_);
    --running_;
    shipment.verdict.status = unavailable("the exporter is stopping");
    last = --shipment.open == 0;
  }
  if (last) finish(shipment);
}

void CloudWatchLogsExporter::finish(Shipment& shipment) {
  const bool kept =
      shipment.verdict.status || shipment.verdict.status.error().code != ErrorCode::Unavailable;
  // What went out before the stop is sent again under its number.
  if (!kept) shipment.verdict.counts.clear();
  // One line a reason.
  std::map<std::pair<Outcome, std::string>, signal::OutcomeCount> joined;
  for (signal::OutcomeCount& count : shipment.verdict.counts) {
    auto [at, fresh] = joined.try_emplace({count.outcome, count.reason}, count);
    if (!fresh) at->second.rows += count.rows;
  }
  shipment.verdict.counts.clear();
  for (auto& [key, count] : joined) shipment.verdict.counts.push_back(std::move(count));
  shipment.delivery.token.resolve(std::move(shipment.verdict));
  std::move_only_function<void()> stopped;
  {
    std::lock_guard lock(mutex_);
    if (--deliveries_ == 0) stopped = std::move(stopped_);
  }
  if (stopped) stopped();
}

void CloudWatchLogsExporter::stop(std::move_only_function<void()> done) {
  std::deque<Request> open;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    open = std::move(ready_);
    ready_.clear();
    running_ += open.size();  // abandon() gives their places free
    for (auto& [id, waiting] : waiting_) {
      if (!waiting.holds_place) ++running_;
      open.push_back(std::move(waiting.request));
    }
    waiting_.clear();
    if (deliveries_ > 0) stopped_ = std::exchange(done, nullptr);
  }
  if (done) return done();
  for (Request& request : open) abandon(request);
}

ExporterStats CloudWatchLogsExporter::stats() const {
  std::lock_guard lock(mutex_);
  ExporterStats out = stats_;
  out.requests_in_flight = running_;
  out.requests_waiting = ready_.size() + waiting_.size();
  return out;
}

}  // namespace kansoku::pipeline::cloudwatch_logs
