// All operations of CloudWatch Logs: the tables' rows, and the names of those that are refused.
#include "wire/aws/logs/shapes.h"

#include "wire/aws/logs/common_shapes.h"

namespace kansoku::aws::logs {
namespace {

constexpr std::string_view kOthers[] = {
    "AssociateKmsKey",
    "AssociateSourceToS3TableIntegration",
    "CancelExportTask",
    "CancelImportTask",
    "CreateDelivery",
    "CreateExportTask",
    "CreateImportTask",
    "CreateLogAnomalyDetector",
    "CreateLookupTable",
    "DeleteAccountPolicy",
    "DeleteDataProtectionPolicy",
    "DeleteDelivery",
    "DeleteDeliveryDestination",
    "DeleteDeliveryDestinationPolicy",
    "DeleteDeliverySource",
    "DeleteDestination",
    "DeleteIndexPolicy",
    "DeleteIntegration",
    "DeleteLogAnomalyDetector",
    "DeleteLookupTable",
    "DeleteResourcePolicy",
    "DeleteSyslogConfiguration",
    "DeleteTransformer",
    "DescribeAccountPolicies",
    "DescribeConfigurationTemplates",
    "DescribeDeliveries",
    "DescribeDeliveryDestinations",
    "DescribeDeliverySources",
    "DescribeDestinations",
    "DescribeExportTasks",
    "DescribeFieldIndexes",
    "DescribeImportTaskBatches",
    "DescribeImportTasks",
    "DescribeIndexPolicies",
    "DescribeLookupTables",
    "DescribeResourcePolicies",
    "DisassociateKmsKey",
    "DisassociateSourceFromS3TableIntegration",
    "GetDataProtectionPolicy",
    "GetDelivery",
    "GetDeliveryDestination",
    "GetDeliveryDestinationPolicy",
    "GetDeliverySource",
    "GetIntegration",
    "GetLogAnomalyDetector",
    "GetLogFields",
    "GetLogObject",
    "GetLookupTable",
    "GetStorageTierPolicy",
    "GetTransformer",
    "ListAggregateLogGroupSummaries",
    "ListAnomalies",
    "ListIntegrations",
    "ListLogAnomalyDetectors",
    "ListLogGroupsForQuery",
    "ListSourcesForS3TableIntegration",
    "ListSyslogConfigurations",
    "PutAccountPolicy",
    "PutBearerTokenAuthentication",
    "PutDataProtectionPolicy",
    "PutDeliveryDestination",
    "PutDeliveryDestinationPolicy",
    "PutDeliverySource",
    "PutDestination",
    "PutDestinationPolicy",
    "PutIndexPolicy",
    "PutIntegration",
    "PutResourcePolicy",
    "PutStorageTierPolicy",
    "PutSyslogConfiguration",
    "PutTransformer",
    "TestTransformer",
    "UpdateAnomaly",
    "UpdateDeliveryConfiguration",
    "UpdateLogAnomalyDetector",
    "UpdateLookupTable",
};

std::vector<OperationShapes> all_rows() {
  std::vector<OperationShapes> out;
  for (const auto rows :
       {group_operations(), event_operations(), filter_operations(), query_operations()})
    out.insert(out.end(), rows.begin(), rows.end());
  for (const std::string_view name : kOthers) out.push_back({.name = name});
  std::ranges::sort(out, {}, &OperationShapes::name);
  return out;
}

}  // namespace

std::span<const OperationShapes> operation_shapes() {
  static const std::vector<OperationShapes> kRows = all_rows();
  return kRows;
}

}  // namespace kansoku::aws::logs
