#include "pipeline/exporters/aws_target/aws_target.h"

#include <algorithm>

#include "pipeline/exporters/aws_target/requests.h"

namespace kansoku::pipeline::aws_target {
namespace {

constexpr int64_t kWaitMs = 1'000;
constexpr int64_t kWaitMsMax = 60'000;
// CloudWatch Logs leaves a destination that is missing or forbids it alone for ten minutes.
constexpr int64_t kUnwillingMs = 600'000;
// Beside the records.
constexpr size_t kRecordOverheadBytes = 64;

constexpr std::array<std::string_view, 3> kServices{"kinesis", "firehose", "lambda"};

size_t bytes_of(const Shipment& shipment) {
  size_t out = 0;
  for (const Record& record : shipment.records)
    out += record.bytes.size() + record.partition_key.size() + kRecordOverheadBytes;
  return out;
}

// The region and the last part of "arn:PARTITION:SERVICE:REGION:ACCOUNT:REST".
struct Arn {
  std::string_view service, region, account, rest;
};
std::optional<Arn> parse_arn(std::string_view text) {
  std::array<std::string_view, 5> parts;
  for (std::string_view& part : parts) {
    const size_t colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    part = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  if (parts[0] != "arn" || parts[3].empty() || text.empty()) return std::nullopt;
  return Arn{parts[2], parts[3], parts[4], text};
}

// Of what a target will not take however often it is tried. What is forbidden or missing may be
// mended meanwhile.
bool is_hopeless(int status, std::string_view code) {
  if (status == 413) return true;
  constexpr std::array<std::string_view, 6> kCodes{"ValidationException",
                                                   "InvalidArgumentException",
                                                   "SerializationException",
                                                   "InvalidParameterValueException",
                                                   "InvalidRequestContentException",
                                                   "RequestTooLargeException"};
  return std::ranges::find(kCodes, code) != kCodes.end();
}

}  // namespace

std::string_view service_of(TargetKind kind) {
  return kind == TargetKind::Http ? "http" : kServices[static_cast<size_t>(kind)];
}

Result<Target> parse_target(std::string_view text) {
  if (text.starts_with("https://") || text.starts_with("http://")) {
    if (text.find_first_of(" \t\r\n") != std::string_view::npos || text.ends_with("//"))
      return invalid_argument("{} is no URL", quoted(text));
    return Target{TargetKind::Http, "", std::string(text)};
  }
  const auto arn = parse_arn(text);
  constexpr std::string_view kStream = "stream/", kDelivery = "deliverystream/",
                             kFunction = "function:";
  if (arn && arn->service == "kinesis" && arn->rest.starts_with(kStream) &&
      arn->rest.size() > kStream.size()) {
    return Target{TargetKind::Kinesis, std::string(arn->region),
                  std::string(arn->rest.substr(kStream.size()))};
  }
  if (arn && arn->service == "firehose" && arn->rest.starts_with(kDelivery) &&
      arn->rest.size() > kDelivery.size()) {
    return Target{TargetKind::Firehose, std::string(arn->region),
                  std::string(arn->rest.substr(kDelivery.size()))};
  }
  if (arn && arn->service == "lambda" && arn->rest.starts_with(kFunction) &&
      arn->rest.size() > kFunction.size()) {
    return Target{TargetKind::Lambda, std::string(arn->region), std::string(text)};
  }
  return invalid_argument(
      "{} is neither a stream of Kinesis, a delivery stream of Firehose, a function of Lambda nor "
      "the URL of an HTTP endpoint",
      quoted(text));
}

// One shipment on its way.
struct AwsTargetExporter::Job {
  Shipment shipment;
  Done done;
  size_t bytes = 0;
  size_t first = 0;             // records before it are done with
  std::vector<size_t> current;  // of the request that runs
  std::vector<size_t> left;     // refused one by one, to be sent again
  int attempts = 0;             // since the last success
  uint64_t records_dropped = 0;
};

std::shared_ptr<AwsTargetExporter> AwsTargetExporter::make(Parts parts) {
  return std::shared_ptr<AwsTargetExporter>(new AwsTargetExporter(std::move(parts)));
}

Status AwsTargetExporter::send(Shipment shipment, Done done) {
  auto job = std::make_shared<Job>();
  job->bytes = bytes_of(shipment);
  job->shipment = std::move(shipment);
  job->done = std::move(done);
  {
    std::lock_guard lock(jobs_mutex_);
    // One that is alone is taken, however large.
    if (stats_.queued_bytes > 0 &&
        stats_.queued_bytes + job->bytes > parts_.limits.queued_bytes_max) {
      return resource_exhausted("{} bytes wait for AWS targets, limit {}", stats_.queued_bytes,
                                parts_.limits.queued_bytes_max);
    }
    stats_.queued_bytes += job->bytes;
    ++stats_.shipments;
    waiting_.push_back(job);
  }
  if (parts_.ledger != nullptr) parts_.ledger->received(job->shipment.ledger, job->shipment.rows);
  pump();
  return {};
}

void AwsTargetExporter::stop() {
  std::deque<JobPtr> left;
  std::lock_guard lock(jobs_mutex_);
  stopped_ = true;
  left.swap(waiting_);
}

Stats AwsTargetExporter::stats() const {
  std::lock_guard lock(jobs_mutex_);
  return stats_;
}

void AwsTargetExporter::pump() {
  while (true) {
    JobPtr job;
    {
      std::lock_guard lock(jobs_mutex_);
      if (stopped_ || waiting_.empty() || in_flight_ >= parts_.limits.in_flight_max) return;
      job = std::move(waiting_.front());
      waiting_.pop_front();
      ++in_flight_;
    }
    request(job);
  }
}

std::shared_ptr<net::aws::AwsClient> AwsTargetExporter::client_of(const Target& target) {
  const std::string service(service_of(target.kind));
  std::lock_guard lock(jobs_mutex_);
  auto& client = clients_[{service, target.region}];
  if (client == nullptr) {
    net::aws::AwsClientOptions options{.region = target.region, .service = service};
    // Waiting and trying again is done here.
    options.attempts_max = 1;
    if (parts_.endpoint_of) options.endpoint = parts_.endpoint_of(service).value_or("");
    client = net::aws::AwsClient::make(parts_.doors, parts_.credentials, std::move(options));
  }
  return client;
}

void AwsTargetExporter::request(const JobPtr& job) {
  const Shipment& shipment = job->shipment;
  // Those that were refused one by one first, then the next ones.
  if (job->left.empty()) {
    const size_t count = records_of_request(shipment.target, shipment.records, job->first);
    for (size_t i = 0; i < count; ++i) job->left.push_back(job->first + i);
    job->first += count;
  }
  job->current = std::exchange(job->left, {});
  std::vector<Record> records;
  for (const size_t i : job->current) records.push_back(shipment.records[i]);
  auto callback = [weak = weak_from_this(), job](Answer answer) {
    if (const auto self = weak.lock()) self->on_answer(job, std::move(answer));
  };
  if (shipment.target.kind != TargetKind::Http) {
    client_of(shipment.target)->send(request_of(shipment.target, records), std::move(callback));
    return;
  }
  const std::string id = fmt::format("{:016x}", parts_.doors.random->u64());
  parts_.doors.http->send(
      http_request_of(shipment.target, records, id, parts_.doors.clock->wall_now().ms()),
      std::move(callback));
}

void AwsTargetExporter::on_answer(const JobPtr& job, Answer answer) {
  const Target& target = job->shipment.target;
  if (!answer) return again(job, answer.error());
  if (answer->status >= 300) {
    const std::string code = net::aws::error_code_of(*answer);
    Error why{ErrorCode::Unavailable,
              fmt::format("{} answered {} {}", service_of(target.kind), answer->status, code),
              {}};
    const bool throttled = answer->status == 429 || net::aws::is_throttling_code(code);
    if (throttled || answer->status >= 500) return again(job, std::move(why));
    if (is_hopeless(answer->status, code)) {
      job->records_dropped += job->current.size();
    } else {
      why.code = ErrorCode::PermissionDenied;
      return again(job, std::move(why));
    }
  } else {
    auto left = refused_records(target, answer->body, job->current.size());
    if (!left) return again(job, left.error());
    {
      std::lock_guard lock(jobs_mutex_);
      stats_.records += job->current.size() - left->size();
    }
    for (size_t& i : *left) i = job->current[i];
    if (left->size() < job->current.size()) job->attempts = 0;
    if (!left->empty()) {
      job->current = std::move(*left);
      return again(job, Error{ErrorCode::Unavailable, "some records were refused for now", {}});
    }
  }
  job->current.clear();
  if (job->first < job->shipment.records.size()) return request(job);
  if (job->records_dropped == 0) return finish(job, {}, "");
  finish(job,
         invalid_argument("{} takes {} of {} records never", service_of(target.kind),
                          job->records_dropped, job->shipment.records.size()),
         "refused");
}

// What is in `current` is tried once more, later; the job keeps its bytes but no place among those
// that run.
void AwsTargetExporter::again(const JobPtr& job, Error why) {
  if (parts_.doors.clock->wall_now() >= job->shipment.expires)
    return finish(job, std::unexpected(std::move(why)), "expired");
  job->left = std::exchange(job->current, {});
  const int doublings = std::min(job->attempts++, 10);
  int64_t ceiling_ms = std::min(kWaitMs << doublings, kWaitMsMax);
  if (why.code == ErrorCode::PermissionDenied)
    ceiling_ms = std::min(kWaitMs << doublings, kUnwillingMs);
  // Full jitter, but never at once.
  const int64_t wait_ms =
      ceiling_ms / 4 + static_cast<int64_t>(parts_.doors.random->u64() %
                                            static_cast<uint64_t>(ceiling_ms * 3 / 4 + 1));
  {
    std::lock_guard lock(jobs_mutex_);
    --in_flight_;
    ++stats_.retries;
    if (stopped_) return;
  }
  parts_.doors.timers->after(wait_ms * env::kNsPerMs, [weak = weak_from_this(), job] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    {
      std::lock_guard lock(self->jobs_mutex_);
      if (self->stopped_) return;
      self->waiting_.push_back(job);
    }
    self->pump();
  });
  pump();
}

void AwsTargetExporter::finish(const JobPtr& job, Status status, std::string_view reason) {
  {
    std::lock_guard lock(jobs_mutex_);
    --in_flight_;
    stats_.queued_bytes -= job->bytes;
    stats_.expired += reason == "expired" ? 1 : 0;
    stats_.refused += reason == "refused" ? 1 : 0;
    if (stopped_) return;
  }
  if (parts_.ledger != nullptr) {
    const uint64_t rows = job->shipment.rows;
    parts_.ledger->resolved(
        job->shipment.ledger,
        status ? signal::Verdict::forwarded(rows)
               : signal::Verdict::dropped(rows, std::string(reason), status.error()));
  }
  job->done(std::move(status));
  pump();
}

}  // namespace kansoku::pipeline::aws_target
