// Exporter `cloudwatch_logs`: events by PutLogEvents to CloudWatch Logs, or to what speaks like it.
// See README.md.
//
// A delivery is cut into requests; its token is resolved when the last of them has an answer.
// Requests that fail for the time being are sent again until kGiveUpMs, so a delivery stays in
// flight while the endpoint is away and holds its source back. Thread contract: push() from any
// worker; bodies are made on the pool, answers come where the client calls back.
#pragma once

#include <deque>
#include <memory>
#include <mutex>

#include "net/aws/aws_client.h"
#include "pipeline/component.h"
#include "pipeline/exporters/cloudwatch_logs/config.h"
#include "pipeline/exporters/cloudwatch_logs/log_groups.h"
#include "pipeline/exporters/cloudwatch_logs/refusals.h"
#include "pipeline/exporters/cloudwatch_logs/requests.h"

namespace kansoku::pipeline::cloudwatch_logs {

struct ExporterStats {
  uint64_t requests_sent = 0;  // PutLogEvents, with those that were sent again
  uint64_t requests_in_flight = 0;
  uint64_t requests_waiting = 0;  // for their turn, or for the time after a failure
  uint64_t events_forwarded = 0;
  uint64_t events_rejected = 0;
  // Of requests whose answer was lost and which were sent again: they may stand there twice, unless
  // the other side is a kansoku server.
  uint64_t events_maybe_repeated = 0;
  uint64_t body_bytes = 0;  // as sent
  int64_t last_forwarded_ms = 0;
  std::string last_error;  // empty since the last good answer
};

class CloudWatchLogsExporter final : public EventSink,
                                     public std::enable_shared_from_this<CloudWatchLogsExporter> {
 public:
  static std::shared_ptr<CloudWatchLogsExporter> make(ComponentContext context,
                                                      CloudWatchLogsConfig config,
                                                      std::shared_ptr<net::aws::AwsClient> client);
  void push(signal::EventDelivery delivery) override;
  // Nothing is sent from now on; what is in flight is answered as not taken. `done` is called when
  // all deliveries are answered.
  void stop(std::move_only_function<void()> done);
  ExporterStats stats() const;

 private:
  // What is refused for the time being is given up after the time for which the service takes
  // events, and a while (CloudWatch agent: 14 days and 10 minutes).
  static constexpr int64_t kGiveUpMs = 14 * int64_t{86'400'000} + 600'000;

  struct Shipment {
    signal::EventDelivery delivery;
    RequestPlan plan;
    env::MonotonicTime pushed;
    size_t open = 0;          // requests without a verdict
    signal::Verdict verdict;  // of those that have one
  };
  struct Request {
    std::shared_ptr<Shipment> shipment;
    uint32_t number = 0;  // in the plan
    uint32_t failures = 0;
    bool stream_made = false;
    const RequestRange& range() const { return shipment->plan.requests[number]; }
    uint64_t rows() const { return range().end - range().begin; }
    const signal::EventStream& stream() const {
      return shipment->delivery.batch->streams()[range().stream];
    }
  };
  struct Fate {
    enum class Kind : uint8_t {
      Forwarded,
      Refused,
      StreamRefused,
      MakeStream,
      RetryEndpoint,
      RetryRequest
    };
    Kind kind = Kind::Forwarded;
    std::string reason;  // for the ledger
    std::string detail;  // for people
  };

  CloudWatchLogsExporter(ComponentContext context, CloudWatchLogsConfig config,
                         std::shared_ptr<net::aws::AwsClient> client);
  static Fate fate_of(const Result<net::HttpClientResponse>& response);
  void pump();
  void ship(Request request);
  void answered(Request request, Result<net::HttpClientResponse> response);
  void take_forwarded(Request& request, const net::HttpClientResponse& response);
  void make_stream(Request request);
  void retry(Request request, bool whole_endpoint);
  // The endpoint refuses its stream: tried again for a while, then dropped.
  void stream_refused(Request request, const std::string& why);
  // A request has its verdict, and gives its place free.
  void settle(Request& request, std::vector<signal::OutcomeCount> counts, Status status);
  void finish(Shipment& shipment);
  // Its delivery is answered as not taken; with a place, which it gives free.
  void abandon(Request& request);
  int64_t backoff_ms(bool whole_endpoint, uint32_t failures);
  void end_wait(uint64_t id);

  ComponentContext context_;
  const CloudWatchLogsConfig config_;
  std::shared_ptr<net::aws::AwsClient> client_;
  std::shared_ptr<LogGroups> groups_;

  mutable std::mutex mutex_;
  std::deque<Request> ready_;
  struct Waiting {
    Request request;
    bool holds_place = false;
  };
  std::map<uint64_t, Waiting> waiting_;  // for a timer
  Refusals refusals_;
  uint64_t next_wait_ = 0;
  uint64_t running_ = 0;     // places taken
  uint64_t deliveries_ = 0;  // without a verdict
  bool stopping_ = false;
  std::move_only_function<void()> stopped_;
  ExporterStats stats_;
};

}  // namespace kansoku::pipeline::cloudwatch_logs
