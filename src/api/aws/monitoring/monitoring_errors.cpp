#include "api/aws/monitoring/monitoring_errors.h"

#include <fmt/core.h>

namespace kansoku::api::aws::monitoring {
namespace {

AwsError make(std::string shape, std::string code, std::string message) {
  AwsError error;
  error.shape = std::move(shape);
  error.query_code = std::move(code);
  error.message = std::move(message);
  return error;
}

// 'metricDataQueries.1.member.id' as CloudWatch's own checks print it:
// MetricDataQueries.member.1.Id.
std::string parameter_name(std::string_view path) {
  std::vector<std::string> parts;
  while (true) {
    size_t dot = path.find('.');
    parts.emplace_back(path.substr(0, dot));
    if (dot == std::string_view::npos) break;
    path.remove_prefix(dot + 1);
  }
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    if (parts[i + 1] == "member") std::swap(parts[i], parts[i + 1]), ++i;
  }
  std::string out;
  for (std::string& part : parts) {
    if (part != "member" && part[0] >= 'a' && part[0] <= 'z')
      part[0] = static_cast<char>(part[0] - 32);
    if (!out.empty()) out += '.';
    out += part;
  }
  return out;
}

}  // namespace

AwsError invalid_parameter_value(std::string message) {
  return make("InvalidParameterValueException", "InvalidParameterValue", std::move(message));
}
AwsError invalid_parameter_combination(std::string message) {
  return make("InvalidParameterCombinationException", "InvalidParameterCombination",
              std::move(message));
}
AwsError missing_parameter(std::string message) {
  return make("MissingRequiredParameterException", "MissingParameter", std::move(message));
}
AwsError invalid_next_token() {
  return make("InvalidNextToken", "InvalidNextToken",
              "The next token is not valid for this request");
}

AwsError limit_exceeded(std::string message) {
  return make("LimitExceededException", "LimitExceededException", std::move(message));
}

AwsError violations_error(const std::vector<Violation>& violations) {
  const Violation& first = violations.front();
  if (first.missing) {
    return missing_parameter(
        fmt::format("The parameter {} is required.", parameter_name(first.path)));
  }
  if (first.refused) return invalid_parameter_value(first.message);
  return validation_error(kansoku::aws::violations_message(violations));
}

AwsError backend_error(const Error& error) { return from_error(error); }

AwsError failure_error(const std::vector<query::metric_data::Query>& queries,
                       const query::metric_data::Failure& failure) {
  if (!failure.query) return backend_error(failure.error);
  return validation_error(fmt::format("Error in expression '{}' at character {}: {}",
                                      queries[*failure.query].id, failure.position.value_or(0) + 1,
                                      failure.error.message));
}

}  // namespace kansoku::api::aws::monitoring
