#include "pipeline/exporters/cloudwatch_logs/log_groups.h"

#include "base/text/glob.h"
#include "pipeline/exporters/cloudwatch_logs/refusals.h"
#include "wire/document/document.h"
#include "wire/json/json_writer.h"

namespace kansoku::pipeline::cloudwatch_logs {
namespace {

using Members = std::initializer_list<std::pair<std::string_view, std::string_view>>;
std::string object_of(Members members) {
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  for (const auto& [name, value] : members) {
    if (value.empty()) continue;
    json.key(name);
    json.string(value);
  }
  json.end_object();
  return out;
}

constexpr std::string_view kExists = "ResourceAlreadyExistsException";
constexpr std::string_view kMissing = "ResourceNotFoundException";

// PermissionDenied where the endpoint refuses this one, Unavailable where it may do it later.
std::unexpected<Error> cannot_make(const std::string& what, std::string_view code) {
  std::string text = fmt::format("{} cannot be made: {}", what, code);
  if (is_refusal_to_make(code)) return permission_denied("{}", text);
  return unavailable("{}", text);
}

}  // namespace

net::aws::AwsRequest logs_request(std::string_view operation, std::string body,
                                  const CloudWatchLogsConfig& config) {
  net::aws::AwsRequest out;
  out.headers.add("content-type", "application/x-amz-json-1.1");
  out.headers.add("x-amz-target", fmt::format("Logs_20140328.{}", operation));
  if (!config.user_agent.empty()) out.headers.add("user-agent", config.user_agent);
  out.body = std::move(body);
  return out;
}

void LogGroups::ask(std::string_view operation, std::string body, Answer answer) {
  client_->send(logs_request(operation, std::move(body), config_),
                [self = shared_from_this(), operation = std::string(operation),
                 answer = std::move(answer)](Result<net::HttpClientResponse> response) mutable {
                  if (!response) return answer(std::unexpected(std::move(response).error()));
                  std::string code = net::aws::error_code_of(*response);
                  if (response->status >= 400 && code.empty())
                    code = fmt::format("HTTP {}", response->status);
                  if (!code.empty() && code != kExists && code != kMissing) {
                    std::lock_guard lock(self->mutex_);
                    self->last_error_ = fmt::format("{}: {}", operation, code);
                  }
                  answer(std::move(code));
                });
}

const GroupSettings* LogGroups::settings_of(const std::string& group) const {
  const GroupSettings* pattern = nullptr;
  for (const GroupSettings& settings : config_.groups) {
    if (!settings.is_glob && settings.group == group) return &settings;
    if (settings.is_glob && pattern == nullptr && PathGlob(settings.group).matches(group)) {
      pattern = &settings;
    }
  }
  return pattern;
}

void LogGroups::make(std::string group, std::string stream, Done done) {
  make_stream(group, stream, true, std::move(done));
}

void LogGroups::make_stream(const std::string& group, const std::string& stream,
                            bool group_may_miss, Done done) {
  std::string body = object_of({{"logGroupName", group}, {"logStreamName", stream}});
  ask("CreateLogStream", std::move(body),
      [self = shared_from_this(), group, stream, group_may_miss,
       done = std::move(done)](Result<std::string> code) mutable {
        if (!code) return done(std::unexpected(std::move(code).error()));
        if (code->empty() || *code == kExists) return done({});
        if (*code != kMissing || !group_may_miss)
          return done(cannot_make(fmt::format("stream {} of {}", stream, group), *code));
        self->make_group(group, [self, group, stream, done = std::move(done)](Status made) mutable {
          if (!made) return done(std::move(made));
          self->make_stream(group, stream, false, std::move(done));
        });
      });
}

void LogGroups::make_group(const std::string& group, Done done) {
  const GroupSettings* settings = settings_of(group);
  std::string body =
      object_of({{"logGroupName", group},
                 {"logGroupClass", settings == nullptr ? std::string() : settings->log_class}});
  ask("CreateLogGroup", std::move(body),
      [self = shared_from_this(), group, done = std::move(done)](Result<std::string> code) mutable {
        if (!code) return done(std::unexpected(std::move(code).error()));
        if (!code->empty() && *code != kExists && *code != "OperationAbortedException")
          return done(cannot_make(fmt::format("log group {}", group), *code));
        self->check_retention(group);
        done({});
      });
}

void LogGroups::check_retention(const std::string& group) {
  const GroupSettings* settings = settings_of(group);
  if (settings == nullptr || settings->retention_days <= 0) return;
  {
    std::lock_guard lock(mutex_);
    if (retention_done_.contains(group) || ++retention_tries_[group] > kRetentionTries) return;
    retention_done_.insert(group);
  }
  const int days = settings->retention_days;
  client_->send(
      logs_request("DescribeLogGroups", object_of({{"logGroupNamePrefix", group}}), config_),
      [self = shared_from_this(), group, days](Result<net::HttpClientResponse> response) {
        const auto document = response && response->status < 400
                                  ? wire::parse_json(response->body)
                                  : Result<wire::Node>(unavailable("no answer"));
        const wire::Node* groups = document ? document->find("logGroups") : nullptr;
        const auto is_it = [&](const wire::Node& item) {
          return item.text_of("logGroupName") == group;
        };
        if (groups != nullptr) {
          const auto found = std::ranges::find_if(groups->items, is_it);
          if (found != groups->items.end()) {
            if (found->number_of("retentionInDays") != static_cast<double>(days))
              self->put_retention(group, days);
            return;
          }
        }
        // Not made yet, or not to be seen: the next request asks again.
        std::lock_guard lock(self->mutex_);
        self->retention_done_.erase(group);
      });
}

void LogGroups::put_retention(const std::string& group, int days) {
  std::string body;
  wire::JsonWriter json(body);
  json.begin_object();
  json.key("logGroupName");
  json.string(group);
  json.key("retentionInDays");
  json.integer(days);
  json.end_object();
  ask("PutRetentionPolicy", std::move(body),
      [self = shared_from_this(), group](Result<std::string> code) {
        if (code && code->empty()) return;
        std::lock_guard lock(self->mutex_);
        self->retention_done_.erase(group);
      });
}

std::string LogGroups::last_error() const {
  std::lock_guard lock(mutex_);
  return last_error_;
}

}  // namespace kansoku::pipeline::cloudwatch_logs
