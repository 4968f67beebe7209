// Makes the groups and streams that a request misses, and brings the retention of groups to what is
// configured. All by the client's requests, one after the other.
//
// Thread contract: free-threaded; callbacks come where the client calls back.
#pragma once

#include <memory>
#include <mutex>
#include <set>

#include "net/aws/aws_client.h"
#include "pipeline/exporters/cloudwatch_logs/config.h"

namespace kansoku::pipeline::cloudwatch_logs {

// One request of the JSON protocol ("Logs_20140328.<operation>").
net::aws::AwsRequest logs_request(std::string_view operation, std::string body,
                                  const CloudWatchLogsConfig& config);

class LogGroups : public std::enable_shared_from_this<LogGroups> {
 public:
  using Done = std::move_only_function<void(Status)>;
  LogGroups(std::shared_ptr<net::aws::AwsClient> client, const CloudWatchLogsConfig& config)
      : client_(std::move(client)), config_(config) {}
  // The stream, and its group where that is what is missing. PermissionDenied where the endpoint
  // refuses this one (refusals.h).
  void make(std::string group, std::string stream, Done done);
  // Once for each group, beside everything else; what fails is tried again with the next call, at
  // most kRetentionTries times.
  void check_retention(const std::string& group);
  std::string last_error() const;

 private:
  static constexpr int kRetentionTries = 5;
  using Answer = std::move_only_function<void(Result<std::string> code)>;
  // Calls back with the error code of an answer, empty for a good one.
  void ask(std::string_view operation, std::string body, Answer answer);
  void make_group(const std::string& group, Done done);
  void make_stream(const std::string& group, const std::string& stream, bool group_may_miss,
                   Done done);
  const GroupSettings* settings_of(const std::string& group) const;
  void put_retention(const std::string& group, int days);

  std::shared_ptr<net::aws::AwsClient> client_;
  const CloudWatchLogsConfig config_;
  mutable std::mutex mutex_;
  std::map<std::string, int> retention_tries_;
  std::set<std::string> retention_done_;
  std::string last_error_;
};

}  // namespace kansoku::pipeline::cloudwatch_logs
