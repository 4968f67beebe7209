// The query form of PutMetricData. Internal to wire/aws/monitoring.
#pragma once

#include "wire/aws/monitoring/put_metric_data_decoder.h"

namespace kansoku::aws::monitoring {

// "MetricData.member.3.Dimensions.member.1.Name=…": in one pass when the fields come in the order
// of their indices, which every client sends; sorted first otherwise.
Decoded decode_put_metric_data_form(std::string_view body, PutMetricDataSink& sink);

}  // namespace kansoku::aws::monitoring
