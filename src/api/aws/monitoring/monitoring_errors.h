// Errors of CloudWatch, as recorded from it.
#pragma once

#include <string>
#include <vector>

#include "api/aws/errors.h"
#include "api/aws/operation.h"
#include "query/metric_data/plan.h"

namespace kansoku::api::aws::monitoring {

AwsError invalid_parameter_value(std::string message);
AwsError invalid_parameter_combination(std::string message);
AwsError missing_parameter(std::string message);
AwsError invalid_next_token();
AwsError limit_exceeded(std::string message);
AwsError violations_error(const std::vector<Violation>& violations);
// ResourceExhausted becomes LimitExceededFault where a query is too large, and so on.
AwsError backend_error(const Error& error);

// Of a request for metric data; anything wrong in an expression is a ValidationError that names it.
AwsError failure_error(const std::vector<query::metric_data::Query>& queries,
                       const query::metric_data::Failure& failure);

}  // namespace kansoku::api::aws::monitoring
