#include "api/aws/monitoring/service.h"

#include "api/aws/monitoring/handlers.h"
#include "api/aws/monitoring/monitoring_errors.h"
#include "base/check.h"
#include "wire/aws/monitoring/shapes.h"

namespace kansoku::api::aws::monitoring {
namespace {

constexpr Protocol kProtocols[] = {Protocol::Cbor, Protocol::Json10, Protocol::Json11,
                                   Protocol::Query};

}  // namespace

std::unique_ptr<ServiceTable> service_table(MonitoringOptions options) {
  KANSOKU_CHECK(options.backend != nullptr && !options.page_token_key.empty());
  auto shared = std::make_shared<Shared>(std::move(options));
  auto table = std::make_unique<ServiceTable>();
  table->service = {.name = "monitoring",
                    .shape = "GraniteServiceVersion20100801",
                    .version = "2010-08-01",
                    .xml_namespace = "http://monitoring.amazonaws.com/doc/2010-08-01/",
                    .error_namespace = "com.amazonaws.cloudwatch.v2010_08_01",
                    .query_compatible = true};
  table->action_prefix = "cloudwatch";
  table->shapes = kansoku::aws::monitoring::operation_shapes();
  table->protocols = kProtocols;
  table->violations_error = violations_error;
  table->operations.push_back(put_metric_data(shared));
  table->operations.push_back(get_metric_statistics(shared));
  table->operations.push_back(get_metric_data(shared));
  table->operations.push_back(list_metrics(shared));
  table->operations.push_back(put_anomaly_detector(shared));
  table->operations.push_back(describe_anomaly_detectors(shared));
  table->operations.push_back(delete_anomaly_detector(shared));
  table->operations.push_back(get_metric_widget_image(shared));
  return table;
}

}  // namespace kansoku::api::aws::monitoring
