// Exporter `aws_target`: records to Kinesis, Firehose, Lambda or an HTTP endpoint. See README.md.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "net/aws/aws_client.h"
#include "signal/ledger.h"

namespace kansoku::pipeline::aws_target {

enum class TargetKind : uint8_t { Kinesis, Firehose, Lambda, Http };

struct Target {
  TargetKind kind = TargetKind::Http;
  std::string region;
  // Stream, delivery stream, the function's ARN, or the URL.
  std::string name;
};
// "kinesis": the name of the service, also in settings and signatures.
std::string_view service_of(TargetKind kind);
// Of an ARN or a URL; InvalidArgument for any other kind.
Result<Target> parse_target(std::string_view text);

struct Record {
  std::string bytes;
  std::string partition_key;  // of Kinesis; 1 to 256 characters
};

struct Shipment {
  signal::LedgerKey ledger;
  uint64_t rows = 0;
  Target target;
  std::vector<Record> records;
  // Tried until then, at least once.
  env::WallTime expires;
};

struct Limits {
  size_t in_flight_max = 16;
  size_t queued_bytes_max = 64U << 20;
};

struct Stats {
  uint64_t shipments = 0;  // taken
  uint64_t records = 0;    // that targets took
  uint64_t retries = 0;
  uint64_t expired = 0;
  uint64_t refused = 0;
  size_t queued_bytes = 0;
};

class AwsTargetExporter : public std::enable_shared_from_this<AwsTargetExporter> {
 public:
  struct Parts {
    net::aws::Doors doors;
    net::aws::CredentialsProviderPtr credentials;
    signal::Ledger* ledger = nullptr;
    // An endpoint instead of the service's own ("kinesis"); nothing: the service's.
    std::function<std::optional<std::string>(std::string_view service)> endpoint_of;
    Limits limits = {};
  };
  static std::shared_ptr<AwsTargetExporter> make(Parts parts);

  // Ok: all was taken; anything else: some of it was dropped, and is in the ledger.
  using Done = std::move_only_function<void(Status)>;
  // ResourceExhausted: the queue is full, nothing was taken and `done` is never called.
  Status send(Shipment shipment, Done done);
  void stop();
  Stats stats() const;

 private:
  struct Job;
  using JobPtr = std::shared_ptr<Job>;
  using Answer = Result<net::HttpClientResponse>;
  explicit AwsTargetExporter(Parts parts) : parts_(std::move(parts)) {}
  void pump();
  void request(const JobPtr& job);
  void request_http(const JobPtr& job);
  void on_answer(const JobPtr& job, Answer answer);
  void again(const JobPtr& job, Error why);
  void finish(const JobPtr& job, Status status, std::string_view reason);
  std::shared_ptr<net::aws::AwsClient> client_of(const Target& target);

  Parts parts_;
  mutable std::mutex jobs_mutex_;
  std::deque<JobPtr> waiting_;
  std::map<std::pair<std::string, std::string>, std::shared_ptr<net::aws::AwsClient>> clients_;
  size_t in_flight_ = 0;
  bool stopped_ = false;
  Stats stats_;
};

}  // namespace kansoku::pipeline::aws_target
