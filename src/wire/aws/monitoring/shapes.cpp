// The tables of CloudWatch: names, constraints and use of every member.
#include "wire/aws/monitoring/shapes.h"

namespace kansoku::aws::monitoring {
namespace {

using namespace kansoku::describe;

constexpr auto kMetricId = text("MetricId", {.min = 1, .max = 255});
constexpr auto kNamespace = text("Namespace", {.min = 1, .max = 255});
constexpr auto kMetricName = text("MetricName", {.min = 1, .max = 255});
constexpr auto kDimensionName = text("DimensionName", {.min = 1, .max = 255});
constexpr auto kDimensionValue = text("DimensionValue", {.min = 1, .max = 1024});
constexpr auto kDimensionMembers =
    members(member<&Dimension::name>("Name", kDimensionName, Use::Used, {.required = true}),
            member<&Dimension::value>("Value", kDimensionValue, Use::Used, {.required = true}));
constexpr auto kDimension = structure<Dimension>("Dimension", kDimensionMembers);
constexpr auto kDimensions = list_of("Dimensions", kDimension, {.max = 30});
constexpr auto kMetricMembers =
    members(member<&Metric::metric_namespace>("Namespace", kNamespace, Use::Used),
            member<&Metric::metric_name>("MetricName", kMetricName, Use::Used),
            member<&Metric::dimensions>("Dimensions", kDimensions, Use::Used));
constexpr auto kMetric = structure<Metric>("Metric", kMetricMembers);
constexpr auto kPeriod = number<int32_t>("Period", {.min = 1});
constexpr auto kStat = text("Stat");
constexpr std::string_view kStandardUnitValues[] = {"Seconds",
                                                    "Microseconds",
                                                    "Milliseconds",
                                                    "Bytes",
                                                    "Kilobytes",
                                                    "Megabytes",
                                                    "Gigabytes",
                                                    "Terabytes",
                                                    "Bits",
                                                    "Kilobits",
                                                    "Megabits",
                                                    "Gigabits",
                                                    "Terabits",
                                                    "Percent",
                                                    "Count",
                                                    "Bytes/Second",
                                                    "Kilobytes/Second",
                                                    "Megabytes/Second",
                                                    "Gigabytes/Second",
                                                    "Terabytes/Second",
                                                    "Bits/Second",
                                                    "Kilobits/Second",
                                                    "Megabits/Second",
                                                    "Gigabits/Second",
                                                    "Terabits/Second",
                                                    "Count/Second",
                                                    "None"};
constexpr auto kStandardUnit = text("StandardUnit", {.values = kStandardUnitValues});
constexpr auto kMetricStatMembers =
    members(member<&MetricStat::metric>("Metric", kMetric, Use::Used, {.required = true}),
            member<&MetricStat::period>("Period", kPeriod, Use::Used, {.required = true}),
            member<&MetricStat::stat>("Stat", kStat, Use::Used, {.required = true}),
            member<&MetricStat::unit>("Unit", kStandardUnit, Use::Used));
constexpr auto kMetricStat = structure<MetricStat>("MetricStat", kMetricStatMembers);
constexpr auto kMetricExpression = text("MetricExpression", {.min = 1, .max = 2048});
constexpr auto kMetricLabel = text("MetricLabel");
constexpr auto kReturnData = boolean("ReturnData");
constexpr auto kAccountId = text("AccountId", {.min = 1, .max = 255});
constexpr auto kMetricDataQueryMembers =
    members(member<&MetricDataQuery::id>("Id", kMetricId, Use::Used, {.required = true}),
            member<&MetricDataQuery::metric_stat>("MetricStat", kMetricStat, Use::Used),
            member<&MetricDataQuery::expression>("Expression", kMetricExpression, Use::Used),
            member<&MetricDataQuery::label>("Label", kMetricLabel, Use::Used),
            member<&MetricDataQuery::return_data>("ReturnData", kReturnData, Use::Used),
            member<&MetricDataQuery::period>("Period", kPeriod, Use::Used),
            member<&MetricDataQuery::account_id>("AccountId", kAccountId, Use::Used));
constexpr auto kMetricDataQuery =
    structure<MetricDataQuery>("MetricDataQuery", kMetricDataQueryMembers);
constexpr auto kMetricDataQueries = list_of("MetricDataQueries", kMetricDataQuery);
constexpr auto kTimestamp = timestamp("Timestamp");
constexpr auto kNextToken = text("NextToken");
constexpr std::string_view kScanByValues[] = {"TimestampDescending", "TimestampAscending"};
constexpr auto kScanBy = text("ScanBy", {.values = kScanByValues});
constexpr auto kGetMetricDataMaxDatapoints = number<int32_t>("GetMetricDataMaxDatapoints");
constexpr auto kGetMetricDataLabelTimezone = text("GetMetricDataLabelTimezone");
constexpr auto kLabelOptionsMembers =
    members(member<&LabelOptions::timezone>("Timezone", kGetMetricDataLabelTimezone, Use::Used));
constexpr auto kLabelOptions = structure<LabelOptions>("LabelOptions", kLabelOptionsMembers);
constexpr auto kGetMetricDataInputMembers = members(
    member<&GetMetricDataInput::metric_data_queries>("MetricDataQueries", kMetricDataQueries,
                                                     Use::Used, {.required = true}),
    member<&GetMetricDataInput::start_time>("StartTime", kTimestamp, Use::Used, {.required = true}),
    member<&GetMetricDataInput::end_time>("EndTime", kTimestamp, Use::Used, {.required = true}),
    member<&GetMetricDataInput::next_token>("NextToken", kNextToken, Use::Used),
    member<&GetMetricDataInput::scan_by>("ScanBy", kScanBy, Use::Used),
    member<&GetMetricDataInput::max_datapoints>("MaxDatapoints", kGetMetricDataMaxDatapoints,
                                                Use::Used),
    member<&GetMetricDataInput::label_options>("LabelOptions", kLabelOptions, Use::Used));
constexpr auto kGetMetricDataInput =
    structure<GetMetricDataInput>("GetMetricDataInput", kGetMetricDataInputMembers);
constexpr auto kTimestamps = list_of("Timestamps", kTimestamp);
constexpr auto kDatapointValue = number<double>("DatapointValue");
constexpr auto kDatapointValues = list_of("DatapointValues", kDatapointValue);
constexpr std::string_view kStatusCodeValues[] = {"Complete", "InternalError", "PartialData",
                                                  "Forbidden"};
constexpr auto kStatusCode = text("StatusCode", {.values = kStatusCodeValues});
constexpr auto kMessageDataCode = text("MessageDataCode");
constexpr auto kMessageDataValue = text("MessageDataValue");
constexpr auto kMessageDataMembers =
    members(member<&MessageData::code>("Code", kMessageDataCode, Use::Used),
            member<&MessageData::value>("Value", kMessageDataValue, Use::Used));
constexpr auto kMessageData = structure<MessageData>("MessageData", kMessageDataMembers);
constexpr auto kMetricDataResultMessages = list_of("MetricDataResultMessages", kMessageData);
constexpr auto kMetricDataResultMembers =
    members(member<&MetricDataResult::id>("Id", kMetricId, Use::Used),
            member<&MetricDataResult::label>("Label", kMetricLabel, Use::Used),
            member<&MetricDataResult::timestamps>("Timestamps", kTimestamps, Use::Used),
            member<&MetricDataResult::values>("Values", kDatapointValues, Use::Used),
            member<&MetricDataResult::status_code>("StatusCode", kStatusCode, Use::Used),
            member<&MetricDataResult::messages>("Messages", kMetricDataResultMessages, Use::Used));
constexpr auto kMetricDataResult =
    structure<MetricDataResult>("MetricDataResult", kMetricDataResultMembers);
constexpr auto kMetricDataResults = list_of("MetricDataResults", kMetricDataResult);
constexpr auto kGetMetricDataOutputMembers = members(
    member<&GetMetricDataOutput::metric_data_results>("MetricDataResults", kMetricDataResults,
                                                      Use::Used),
    member<&GetMetricDataOutput::next_token>("NextToken", kNextToken, Use::Used),
    member<&GetMetricDataOutput::messages>("Messages", kMetricDataResultMessages, Use::Used));
constexpr auto kGetMetricDataOutput =
    structure<GetMetricDataOutput>("GetMetricDataOutput", kGetMetricDataOutputMembers);
constexpr std::string_view kStatisticValues[] = {"SampleCount", "Average", "Sum", "Minimum",
                                                 "Maximum"};
constexpr auto kStatistic = text("Statistic", {.values = kStatisticValues});
constexpr auto kStatistics = list_of("Statistics", kStatistic, {.min = 1, .max = 5});
constexpr auto kExtendedStatistic = text("ExtendedStatistic");
constexpr auto kExtendedStatistics =
    list_of("ExtendedStatistics", kExtendedStatistic, {.min = 1, .max = 10});
constexpr auto kGetMetricStatisticsInputMembers = members(
    member<&GetMetricStatisticsInput::metric_namespace>("Namespace", kNamespace, Use::Used,
                                                        {.required = true}),
    member<&GetMetricStatisticsInput::metric_name>("MetricName", kMetricName, Use::Used,
                                                   {.required = true}),
    member<&GetMetricStatisticsInput::dimensions>("Dimensions", kDimensions, Use::Used),
    member<&GetMetricStatisticsInput::start_time>("StartTime", kTimestamp, Use::Used,
                                                  {.required = true}),
    member<&GetMetricStatisticsInput::end_time>("EndTime", kTimestamp, Use::Used,
                                                {.required = true}),
    member<&GetMetricStatisticsInput::period>("Period", kPeriod, Use::Used, {.required = true}),
    member<&GetMetricStatisticsInput::statistics>("Statistics", kStatistics, Use::Used),
    member<&GetMetricStatisticsInput::extended_statistics>("ExtendedStatistics",
                                                           kExtendedStatistics, Use::Used),
    member<&GetMetricStatisticsInput::unit>("Unit", kStandardUnit, Use::Used));
constexpr auto kGetMetricStatisticsInput = structure<GetMetricStatisticsInput>(
    "GetMetricStatisticsInput", kGetMetricStatisticsInputMembers);
constexpr auto kDatapointValueMap = map_of("DatapointValueMap", kDatapointValue);
constexpr auto kDatapointMembers = members(
    member<&Datapoint::timestamp>("Timestamp", kTimestamp, Use::Used),
    member<&Datapoint::sample_count>("SampleCount", kDatapointValue, Use::Used),
    member<&Datapoint::average>("Average", kDatapointValue, Use::Used),
    member<&Datapoint::sum>("Sum", kDatapointValue, Use::Used),
    member<&Datapoint::minimum>("Minimum", kDatapointValue, Use::Used),
    member<&Datapoint::maximum>("Maximum", kDatapointValue, Use::Used),
    member<&Datapoint::unit>("Unit", kStandardUnit, Use::Used),
    member<&Datapoint::extended_statistics>("ExtendedStatistics", kDatapointValueMap, Use::Used));
constexpr auto kDatapoint = structure<Datapoint>("Datapoint", kDatapointMembers);
constexpr auto kDatapoints = list_of("Datapoints", kDatapoint);
constexpr auto kGetMetricStatisticsOutputMembers =
    members(member<&GetMetricStatisticsOutput::label>("Label", kMetricLabel, Use::Used),
            member<&GetMetricStatisticsOutput::datapoints>("Datapoints", kDatapoints, Use::Used));
constexpr auto kGetMetricStatisticsOutput = structure<GetMetricStatisticsOutput>(
    "GetMetricStatisticsOutput", kGetMetricStatisticsOutputMembers);
constexpr auto kDimensionFilterMembers =
    members(member<&DimensionFilter::name>("Name", kDimensionName, Use::Used, {.required = true}),
            member<&DimensionFilter::value>("Value", kDimensionValue, Use::Used));
constexpr auto kDimensionFilter =
    structure<DimensionFilter>("DimensionFilter", kDimensionFilterMembers);
constexpr auto kDimensionFilters = list_of("DimensionFilters", kDimensionFilter, {.max = 10});
constexpr std::string_view kRecentlyActiveValues[] = {"PT3H"};
constexpr auto kRecentlyActive = text("RecentlyActive", {.values = kRecentlyActiveValues});
constexpr auto kIncludeLinkedAccounts = boolean("IncludeLinkedAccounts");
constexpr auto kListMetricsInputMembers = members(
    member<&ListMetricsInput::metric_namespace>("Namespace", kNamespace, Use::Used),
    member<&ListMetricsInput::metric_name>("MetricName", kMetricName, Use::Used),
    member<&ListMetricsInput::dimensions>("Dimensions", kDimensionFilters, Use::Used),
    member<&ListMetricsInput::next_token>("NextToken", kNextToken, Use::Used),
    member<&ListMetricsInput::recently_active>("RecentlyActive", kRecentlyActive, Use::Used),
    member<&ListMetricsInput::include_linked_accounts>("IncludeLinkedAccounts",
                                                       kIncludeLinkedAccounts, Use::Used),
    member<&ListMetricsInput::owning_account>("OwningAccount", kAccountId, Use::Used));
constexpr auto kListMetricsInput =
    structure<ListMetricsInput>("ListMetricsInput", kListMetricsInputMembers);
constexpr auto kMetrics = list_of("Metrics", kMetric);
constexpr auto kOwningAccounts = list_of("OwningAccounts", kAccountId);
constexpr auto kListMetricsOutputMembers = members(
    member<&ListMetricsOutput::metrics>("Metrics", kMetrics, Use::Used),
    member<&ListMetricsOutput::next_token>("NextToken", kNextToken, Use::Used),
    member<&ListMetricsOutput::owning_accounts>("OwningAccounts", kOwningAccounts, Use::Used));
constexpr auto kListMetricsOutput =
    structure<ListMetricsOutput>("ListMetricsOutput", kListMetricsOutputMembers);
constexpr auto kStatisticSetMembers = members(
    member<&StatisticSet::sample_count>("SampleCount", kDatapointValue, Use::Used,
                                        {.required = true}),
    member<&StatisticSet::sum>("Sum", kDatapointValue, Use::Used, {.required = true}),
    member<&StatisticSet::minimum>("Minimum", kDatapointValue, Use::Used, {.required = true}),
    member<&StatisticSet::maximum>("Maximum", kDatapointValue, Use::Used, {.required = true}));
constexpr auto kStatisticSet = structure<StatisticSet>("StatisticSet", kStatisticSetMembers);
constexpr auto kValues = list_of("Values", kDatapointValue);
constexpr auto kCounts = list_of("Counts", kDatapointValue);
constexpr auto kStorageResolution = number<int32_t>("StorageResolution", {.min = 1});
constexpr auto kMetricDatumMembers = members(
    member<&MetricDatum::metric_name>("MetricName", kMetricName, Use::Used, {.required = true}),
    member<&MetricDatum::dimensions>("Dimensions", kDimensions, Use::Used),
    member<&MetricDatum::timestamp>("Timestamp", kTimestamp, Use::Used),
    member<&MetricDatum::value>("Value", kDatapointValue, Use::Used),
    member<&MetricDatum::statistic_values>("StatisticValues", kStatisticSet, Use::Used),
    member<&MetricDatum::values>("Values", kValues, Use::Used),
    member<&MetricDatum::counts>("Counts", kCounts, Use::Used),
    member<&MetricDatum::unit>("Unit", kStandardUnit, Use::Used),
    member<&MetricDatum::storage_resolution>("StorageResolution", kStorageResolution, Use::Used));
constexpr auto kMetricDatum = structure<MetricDatum>("MetricDatum", kMetricDatumMembers);
constexpr auto kMetricData = list_of("MetricData", kMetricDatum);
constexpr auto kEntityKeyAttributesMapValueString =
    text("EntityKeyAttributesMapValueString", {.min = 1, .max = 2048});
constexpr auto kEntityKeyAttributesMap =
    map_of("EntityKeyAttributesMap", kEntityKeyAttributesMapValueString, {.min = 2, .max = 4});
constexpr auto kEntityAttributesMapValueString =
    text("EntityAttributesMapValueString", {.min = 1, .max = 2048});
constexpr auto kEntityAttributesMap =
    map_of("EntityAttributesMap", kEntityAttributesMapValueString, {.min = 0, .max = 10});
constexpr auto kEntityMembers =
    members(member<&Entity::key_attributes>("KeyAttributes", kEntityKeyAttributesMap, Use::Used),
            member<&Entity::attributes>("Attributes", kEntityAttributesMap, Use::Used));
constexpr auto kEntity = structure<Entity>("Entity", kEntityMembers);
constexpr auto kEntityMetricDataMembers =
    members(member<&EntityMetricData::entity>("Entity", kEntity, Use::Used),
            member<&EntityMetricData::metric_data>("MetricData", kMetricData, Use::Used));
constexpr auto kEntityMetricData =
    structure<EntityMetricData>("EntityMetricData", kEntityMetricDataMembers);
constexpr auto kEntityMetricDataList = list_of("EntityMetricDataList", kEntityMetricData);
constexpr auto kStrictEntityValidation = boolean("StrictEntityValidation");
constexpr auto kPutMetricDataInputMembers =
    members(member<&PutMetricDataInput::metric_namespace>("Namespace", kNamespace, Use::Used,
                                                          {.required = true}),
            member<&PutMetricDataInput::metric_data>("MetricData", kMetricData, Use::Used),
            member<&PutMetricDataInput::entity_metric_data>("EntityMetricData",
                                                            kEntityMetricDataList, Use::Used),
            member<&PutMetricDataInput::strict_entity_validation>(
                "StrictEntityValidation", kStrictEntityValidation, Use::Used));
constexpr auto kPutMetricDataInput =
    structure<PutMetricDataInput>("PutMetricDataInput", kPutMetricDataInputMembers);
constexpr auto kDatasetIdentifier = text("DatasetIdentifier", {.min = 1, .max = 2048});
constexpr auto kKmsKeyArn = text("KmsKeyArn", {.min = 20, .max = 2048});
constexpr auto kAssociateDatasetKmsKeyInputMembers =
    members(member<&AssociateDatasetKmsKeyInput::dataset_identifier>(
                "DatasetIdentifier", kDatasetIdentifier, Use::Refused, {.required = true}),
            member<&AssociateDatasetKmsKeyInput::kms_key_arn>("KmsKeyArn", kKmsKeyArn, Use::Refused,
                                                              {.required = true}));
constexpr auto kAssociateDatasetKmsKeyInput = structure<AssociateDatasetKmsKeyInput>(
    "AssociateDatasetKmsKeyInput", kAssociateDatasetKmsKeyInputMembers);
constexpr auto kAssociateDatasetKmsKeyOutput =
    empty_structure<AssociateDatasetKmsKeyOutput>("AssociateDatasetKmsKeyOutput");
constexpr auto kName = text("Name", {.min = 1, .max = 255});
constexpr auto kDeleteAlarmMuteRuleInputMembers =
    members(member<&DeleteAlarmMuteRuleInput::alarm_mute_rule_name>(
        "AlarmMuteRuleName", kName, Use::Refused, {.required = true}));
constexpr auto kDeleteAlarmMuteRuleInput = structure<DeleteAlarmMuteRuleInput>(
    "DeleteAlarmMuteRuleInput", kDeleteAlarmMuteRuleInputMembers);
constexpr auto kAlarmName = text("AlarmName", {.min = 1, .max = 255});
constexpr auto kAlarmNames = list_of("AlarmNames", kAlarmName, {.max = 100});
constexpr auto kDeleteAlarmsInputMembers = members(member<&DeleteAlarmsInput::alarm_names>(
    "AlarmNames", kAlarmNames, Use::Refused, {.required = true}));
constexpr auto kDeleteAlarmsInput =
    structure<DeleteAlarmsInput>("DeleteAlarmsInput", kDeleteAlarmsInputMembers);
constexpr auto kAnomalyDetectorId = text("AnomalyDetectorId", {.min = 1, .max = 128});
constexpr auto kAnomalyDetectorMetricStat = text("AnomalyDetectorMetricStat", {.max = 50});
constexpr auto kSingleMetricAnomalyDetectorMembers = members(
    member<&SingleMetricAnomalyDetector::account_id>("AccountId", kAccountId, Use::Used),
    member<&SingleMetricAnomalyDetector::metric_namespace>("Namespace", kNamespace, Use::Used),
    member<&SingleMetricAnomalyDetector::metric_name>("MetricName", kMetricName, Use::Used),
    member<&SingleMetricAnomalyDetector::dimensions>("Dimensions", kDimensions, Use::Used),
    member<&SingleMetricAnomalyDetector::stat>("Stat", kAnomalyDetectorMetricStat, Use::Used));
constexpr auto kSingleMetricAnomalyDetector = structure<SingleMetricAnomalyDetector>(
    "SingleMetricAnomalyDetector", kSingleMetricAnomalyDetectorMembers);
constexpr auto kMetricMathAnomalyDetectorMembers =
    members(member<&MetricMathAnomalyDetector::metric_data_queries>("MetricDataQueries",
                                                                    kMetricDataQueries, Use::Used));
constexpr auto kMetricMathAnomalyDetector = structure<MetricMathAnomalyDetector>(
    "MetricMathAnomalyDetector", kMetricMathAnomalyDetectorMembers);
constexpr auto kDeleteAnomalyDetectorInputMembers = members(
    member<&DeleteAnomalyDetectorInput::anomaly_detector_id>("AnomalyDetectorId",
                                                             kAnomalyDetectorId, Use::Used),
    member<&DeleteAnomalyDetectorInput::metric_namespace>("Namespace", kNamespace, Use::Used),
    member<&DeleteAnomalyDetectorInput::metric_name>("MetricName", kMetricName, Use::Used),
    member<&DeleteAnomalyDetectorInput::dimensions>("Dimensions", kDimensions, Use::Used),
    member<&DeleteAnomalyDetectorInput::stat>("Stat", kAnomalyDetectorMetricStat, Use::Used),
    member<&DeleteAnomalyDetectorInput::single_metric_anomaly_detector>(
        "SingleMetricAnomalyDetector", kSingleMetricAnomalyDetector, Use::Used),
    member<&DeleteAnomalyDetectorInput::metric_math_anomaly_detector>(
        "MetricMathAnomalyDetector", kMetricMathAnomalyDetector, Use::Used));
constexpr auto kDeleteAnomalyDetectorInput = structure<DeleteAnomalyDetectorInput>(
    "DeleteAnomalyDetectorInput", kDeleteAnomalyDetectorInputMembers);
constexpr auto kDeleteAnomalyDetectorOutput =
    empty_structure<DeleteAnomalyDetectorOutput>("DeleteAnomalyDetectorOutput");
constexpr auto kDashboardName = text("DashboardName");
constexpr auto kDashboardNames = list_of("DashboardNames", kDashboardName);
constexpr auto kDeleteDashboardsInputMembers =
    members(member<&DeleteDashboardsInput::dashboard_names>("DashboardNames", kDashboardNames,
                                                            Use::Refused, {.required = true}));
constexpr auto kDeleteDashboardsInput =
    structure<DeleteDashboardsInput>("DeleteDashboardsInput", kDeleteDashboardsInputMembers);
constexpr auto kDeleteDashboardsOutput =
    empty_structure<DeleteDashboardsOutput>("DeleteDashboardsOutput");
constexpr auto kInsightRuleName = text("InsightRuleName", {.min = 1, .max = 128});
constexpr auto kInsightRuleNames = list_of("InsightRuleNames", kInsightRuleName);
constexpr auto kDeleteInsightRulesInputMembers =
    members(member<&DeleteInsightRulesInput::rule_names>("RuleNames", kInsightRuleNames,
                                                         Use::Refused, {.required = true}));
constexpr auto kDeleteInsightRulesInput =
    structure<DeleteInsightRulesInput>("DeleteInsightRulesInput", kDeleteInsightRulesInputMembers);
constexpr auto kFailureResource = text("FailureResource");
constexpr auto kExceptionType = text("ExceptionType");
constexpr auto kFailureCode = text("FailureCode");
constexpr auto kFailureDescription = text("FailureDescription");
constexpr auto kPartialFailureMembers = members(
    member<&PartialFailure::failure_resource>("FailureResource", kFailureResource, Use::Refused),
    member<&PartialFailure::exception_type>("ExceptionType", kExceptionType, Use::Refused),
    member<&PartialFailure::failure_code>("FailureCode", kFailureCode, Use::Refused),
    member<&PartialFailure::failure_description>("FailureDescription", kFailureDescription,
                                                 Use::Refused));
constexpr auto kPartialFailure =
    structure<PartialFailure>("PartialFailure", kPartialFailureMembers);
constexpr auto kBatchFailures = list_of("BatchFailures", kPartialFailure);
constexpr auto kDeleteInsightRulesOutputMembers =
    members(member<&DeleteInsightRulesOutput::failures>("Failures", kBatchFailures, Use::Refused));
constexpr auto kDeleteInsightRulesOutput = structure<DeleteInsightRulesOutput>(
    "DeleteInsightRulesOutput", kDeleteInsightRulesOutputMembers);
constexpr auto kMetricStreamName = text("MetricStreamName", {.min = 1, .max = 255});
constexpr auto kDeleteMetricStreamInputMembers = members(member<&DeleteMetricStreamInput::name>(
    "Name", kMetricStreamName, Use::Refused, {.required = true}));
constexpr auto kDeleteMetricStreamInput =
    structure<DeleteMetricStreamInput>("DeleteMetricStreamInput", kDeleteMetricStreamInputMembers);
constexpr auto kDeleteMetricStreamOutput =
    empty_structure<DeleteMetricStreamOutput>("DeleteMetricStreamOutput");
constexpr auto kDescribeAlarmContributorsInputMembers = members(
    member<&DescribeAlarmContributorsInput::alarm_name>("AlarmName", kAlarmName, Use::Refused,
                                                        {.required = true}),
    member<&DescribeAlarmContributorsInput::next_token>("NextToken", kNextToken, Use::Refused));
constexpr auto kDescribeAlarmContributorsInput = structure<DescribeAlarmContributorsInput>(
    "DescribeAlarmContributorsInput", kDescribeAlarmContributorsInputMembers);
constexpr auto kContributorId = text("ContributorId", {.min = 1, .max = 16});
constexpr auto kAttributeValue = text("AttributeValue", {.min = 1, .max = 1024});
constexpr auto kContributorAttributes =
    map_of("ContributorAttributes", kAttributeValue, {.min = 0, .max = 150});
constexpr auto kStateReason = text("StateReason", {.min = 0, .max = 1023});
constexpr auto kAlarmContributorMembers =
    members(member<&AlarmContributor::contributor_id>("ContributorId", kContributorId, Use::Refused,
                                                      {.required = true}),
            member<&AlarmContributor::contributor_attributes>(
                "ContributorAttributes", kContributorAttributes, Use::Refused, {.required = true}),
            member<&AlarmContributor::state_reason>("StateReason", kStateReason, Use::Refused,
                                                    {.required = true}),
            member<&AlarmContributor::state_transitioned_timestamp>("StateTransitionedTimestamp",
                                                                    kTimestamp, Use::Refused));
constexpr auto kAlarmContributor =
    structure<AlarmContributor>("AlarmContributor", kAlarmContributorMembers);
constexpr auto kAlarmContributors = list_of("AlarmContributors", kAlarmContributor);
constexpr auto kDescribeAlarmContributorsOutputMembers = members(
    member<&DescribeAlarmContributorsOutput::alarm_contributors>(
        "AlarmContributors", kAlarmContributors, Use::Refused, {.required = true}),
    member<&DescribeAlarmContributorsOutput::next_token>("NextToken", kNextToken, Use::Refused));
constexpr auto kDescribeAlarmContributorsOutput = structure<DescribeAlarmContributorsOutput>(
    "DescribeAlarmContributorsOutput", kDescribeAlarmContributorsOutputMembers);
constexpr std::string_view kAlarmTypeValues[] = {"CompositeAlarm", "MetricAlarm", "LogAlarm"};
constexpr auto kAlarmType = text("AlarmType", {.values = kAlarmTypeValues});
constexpr auto kAlarmTypes = list_of("AlarmTypes", kAlarmType);
constexpr std::string_view kHistoryItemTypeValues[] = {"ConfigurationUpdate", "StateUpdate",
                                                       "Action", "AlarmContributorStateUpdate",
                                                       "AlarmContributorAction"};
constexpr auto kHistoryItemType = text("HistoryItemType", {.values = kHistoryItemTypeValues});
constexpr auto kMaxRecords = number<int32_t>("MaxRecords", {.min = 1, .max = 100});
constexpr auto kDescribeAlarmHistoryInputMembers = members(
    member<&DescribeAlarmHistoryInput::alarm_name>("AlarmName", kAlarmName, Use::Refused),
    member<&DescribeAlarmHistoryInput::alarm_contributor_id>("AlarmContributorId", kContributorId,
                                                             Use::Refused),
    member<&DescribeAlarmHistoryInput::alarm_types>("AlarmTypes", kAlarmTypes, Use::Refused),
    member<&DescribeAlarmHistoryInput::history_item_type>("HistoryItemType", kHistoryItemType,
                                                          Use::Refused),
    member<&DescribeAlarmHistoryInput::start_date>("StartDate", kTimestamp, Use::Refused),
    member<&DescribeAlarmHistoryInput::end_date>("EndDate", kTimestamp, Use::Refused),
    member<&DescribeAlarmHistoryInput::max_records>("MaxRecords", kMaxRecords, Use::Refused),
    member<&DescribeAlarmHistoryInput::next_token>("NextToken", kNextToken, Use::Refused),
    member<&DescribeAlarmHistoryInput::scan_by>("ScanBy", kScanBy, Use::Refused));
constexpr auto kDescribeAlarmHistoryInput = structure<DescribeAlarmHistoryInput>(
    "DescribeAlarmHistoryInput", kDescribeAlarmHistoryInputMembers);
constexpr auto kHistorySummary = text("HistorySummary", {.min = 1, .max = 255});
constexpr auto kHistoryData = text("HistoryData", {.min = 1, .max = 4095});
constexpr auto kAlarmHistoryItemMembers = members(
    member<&AlarmHistoryItem::alarm_name>("AlarmName", kAlarmName, Use::Refused),
    member<&AlarmHistoryItem::alarm_contributor_id>("AlarmContributorId", kContributorId,
                                                    Use::Refused),
    member<&AlarmHistoryItem::alarm_type>("AlarmType", kAlarmType, Use::Refused),
    member<&AlarmHistoryItem::timestamp>("Timestamp", kTimestamp, Use::Refused),
    member<&AlarmHistoryItem::history_item_type>("HistoryItemType", kHistoryItemType, Use::Refused),
    member<&AlarmHistoryItem::history_summary>("HistorySummary", kHistorySummary, Use::Refused),
    member<&AlarmHistoryItem::history_data>("HistoryData", kHistoryData, Use::Refused),
    member<&AlarmHistoryItem::alarm_contributor_attributes>("AlarmContributorAttributes",
                                                            kContributorAttributes, Use::Refused));
constexpr auto kAlarmHistoryItem =
    structure<AlarmHistoryItem>("AlarmHistoryItem", kAlarmHistoryItemMembers);
constexpr auto kAlarmHistoryItems = list_of("AlarmHistoryItems", kAlarmHistoryItem);
constexpr auto kDescribeAlarmHistoryOutputMembers =
    members(member<&DescribeAlarmHistoryOutput::alarm_history_items>(
                "AlarmHistoryItems", kAlarmHistoryItems, Use::Refused),
            member<&DescribeAlarmHistoryOutput::next_token>("NextToken", kNextToken, Use::Refused));
constexpr auto kDescribeAlarmHistoryOutput = structure<DescribeAlarmHistoryOutput>(
    "DescribeAlarmHistoryOutput", kDescribeAlarmHistoryOutputMembers);
constexpr auto kAlarmNamePrefix = text("AlarmNamePrefix", {.min = 1, .max = 255});
constexpr std::string_view kStateValueValues[] = {"OK", "ALARM", "INSUFFICIENT_DATA"};
constexpr auto kStateValue = text("StateValue", {.values = kStateValueValues});
constexpr auto kActionPrefix = text("ActionPrefix", {.min = 1, .max = 1024});
constexpr auto kDescribeAlarmsInputMembers = members(
    member<&DescribeAlarmsInput::alarm_names>("AlarmNames", kAlarmNames, Use::Refused),
    member<&DescribeAlarmsInput::alarm_name_prefix>("AlarmNamePrefix", kAlarmNamePrefix,
                                                    Use::Refused),
    member<&DescribeAlarmsInput::alarm_types>("AlarmTypes", kAlarmTypes, Use::Refused),
    member<&DescribeAlarmsInput::children_of_alarm_name>("ChildrenOfAlarmName", kAlarmName,
                                                         Use::Refused),
    member<&DescribeAlarmsInput::parents_of_alarm_name>("ParentsOfAlarmName", kAlarmName,
                                                        Use::Refused),
    member<&DescribeAlarmsInput::state_value>("StateValue", kStateValue, Use::Refused),
    member<&DescribeAlarmsInput::action_prefix>("ActionPrefix", kActionPrefix, Use::Refused),
    member<&DescribeAlarmsInput::max_records>("MaxRecords", kMaxRecords, Use::Refused),
    member<&DescribeAlarmsInput::next_token>("NextToken", kNextToken, Use::Refused));
constexpr auto kDescribeAlarmsInput =
    structure<DescribeAlarmsInput>("DescribeAlarmsInput", kDescribeAlarmsInputMembers);
constexpr auto kActionsEnabled = boolean("ActionsEnabled");
constexpr auto kResourceName = text("ResourceName", {.min = 1, .max = 1024});
constexpr auto kResourceList = list_of("ResourceList", kResourceName, {.max = 5});
constexpr auto kAlarmArn = text("AlarmArn", {.min = 1, .max = 1600});
constexpr auto kAlarmDescription = text("AlarmDescription", {.min = 0, .max = 1024});
constexpr auto kAlarmRule = text("AlarmRule", {.min = 1, .max = 10240});
constexpr auto kStateReasonData = text("StateReasonData", {.min = 0, .max = 4000});
constexpr std::string_view kActionsSuppressedByValues[] = {"WaitPeriod", "ExtensionPeriod",
                                                           "Alarm"};
constexpr auto kActionsSuppressedBy =
    text("ActionsSuppressedBy", {.values = kActionsSuppressedByValues});
constexpr auto kActionsSuppressedReason = text("ActionsSuppressedReason", {.min = 0, .max = 1024});
constexpr auto kSuppressorPeriod = number<int32_t>("SuppressorPeriod");
constexpr auto kCompositeAlarmMembers = members(
    member<&CompositeAlarm::actions_enabled>("ActionsEnabled", kActionsEnabled, Use::Refused),
    member<&CompositeAlarm::alarm_actions>("AlarmActions", kResourceList, Use::Refused),
    member<&CompositeAlarm::alarm_arn>("AlarmArn", kAlarmArn, Use::Refused),
    member<&CompositeAlarm::alarm_configuration_updated_timestamp>(
        "AlarmConfigurationUpdatedTimestamp", kTimestamp, Use::Refused),
    member<&CompositeAlarm::alarm_description>("AlarmDescription", kAlarmDescription, Use::Refused),
    member<&CompositeAlarm::alarm_name>("AlarmName", kAlarmName, Use::Refused),
    member<&CompositeAlarm::alarm_rule>("AlarmRule", kAlarmRule, Use::Refused),
    member<&CompositeAlarm::insufficient_data_actions>("InsufficientDataActions", kResourceList,
                                                       Use::Refused),
    member<&CompositeAlarm::ok_actions>("OKActions", kResourceList, Use::Refused),
    member<&CompositeAlarm::state_reason>("StateReason", kStateReason, Use::Refused),
    member<&CompositeAlarm::state_reason_data>("StateReasonData", kStateReasonData, Use::Refused),
    member<&CompositeAlarm::state_updated_timestamp>("StateUpdatedTimestamp", kTimestamp,
                                                     Use::Refused),
    member<&CompositeAlarm::state_value>("StateValue", kStateValue, Use::Refused),
    member<&CompositeAlarm::state_transitioned_timestamp>("StateTransitionedTimestamp", kTimestamp,
                                                          Use::Refused),
    member<&CompositeAlarm::actions_suppressed_by>("ActionsSuppressedBy", kActionsSuppressedBy,
                                                   Use::Refused),
    member<&CompositeAlarm::actions_suppressed_reason>("ActionsSuppressedReason",
                                                       kActionsSuppressedReason, Use::Refused),
    member<&CompositeAlarm::actions_suppressor>("ActionsSuppressor", kAlarmArn, Use::Refused),
    member<&CompositeAlarm::actions_suppressor_wait_period>("ActionsSuppressorWaitPeriod",
                                                            kSuppressorPeriod, Use::Refused),
    member<&CompositeAlarm::actions_suppressor_extension_period>("ActionsSuppressorExtensionPeriod",
                                                                 kSuppressorPeriod, Use::Refused));
constexpr auto kCompositeAlarm =
    structure<CompositeAlarm>("CompositeAlarm", kCompositeAlarmMembers);
constexpr auto kCompositeAlarms = list_of("CompositeAlarms", kCompositeAlarm);
constexpr auto kEvaluationPeriods = number<int32_t>("EvaluationPeriods", {.min = 1});
constexpr auto kDatapointsToAlarm = number<int32_t>("DatapointsToAlarm", {.min = 1});
constexpr auto kThreshold = number<double>("Threshold");
constexpr std::string_view kComparisonOperatorValues[] = {
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
    "LessThanLowerOrGreaterThanUpperThreshold",
    "LessThanLowerThreshold",
    "GreaterThanUpperThreshold"};
constexpr auto kComparisonOperator =
    text("ComparisonOperator", {.values = kComparisonOperatorValues});
constexpr auto kTreatMissingData = text("TreatMissingData", {.min = 1, .max = 255});
constexpr auto kEvaluateLowSampleCountPercentile =
    text("EvaluateLowSampleCountPercentile", {.min = 1, .max = 255});
constexpr std::string_view kEvaluationStateValues[] = {"PARTIAL_DATA", "EVALUATION_FAILURE",
                                                       "EVALUATION_ERROR"};
constexpr auto kEvaluationState = text("EvaluationState", {.values = kEvaluationStateValues});
constexpr auto kTimezone = text("Timezone", {.min = 1, .max = 50});
constexpr auto kWallClockWindowMembers =
    members(member<&WallClockWindow::timezone>("Timezone", kTimezone, Use::Refused));
constexpr auto kWallClockWindow =
    structure<WallClockWindow>("WallClockWindow", kWallClockWindowMembers);
constexpr auto kSlidingWindow = empty_structure<SlidingWindow>("SlidingWindow");
constexpr auto kEvaluationWindowMembers = members(
    member<&EvaluationWindow::wall_clock_window>("WallClockWindow", kWallClockWindow, Use::Refused),
    member<&EvaluationWindow::sliding_window>("SlidingWindow", kSlidingWindow, Use::Refused));
constexpr auto kEvaluationWindow =
    structure<EvaluationWindow>("EvaluationWindow", kEvaluationWindowMembers);
constexpr auto kQuery = text("Query", {.min = 1, .max = 10000});
constexpr auto kPendingPeriod = number<int32_t>("PendingPeriod", {.min = 0, .max = 86400});
constexpr auto kRecoveryPeriod = number<int32_t>("RecoveryPeriod", {.min = 0, .max = 86400});
constexpr auto kAlarmPromQLCriteriaMembers = members(
    member<&AlarmPromQLCriteria::query>("Query", kQuery, Use::Refused, {.required = true}),
    member<&AlarmPromQLCriteria::pending_period>("PendingPeriod", kPendingPeriod, Use::Refused),
    member<&AlarmPromQLCriteria::recovery_period>("RecoveryPeriod", kRecoveryPeriod, Use::Refused));
constexpr auto kAlarmPromQLCriteria =
    structure<AlarmPromQLCriteria>("AlarmPromQLCriteria", kAlarmPromQLCriteriaMembers);
constexpr auto kEvaluationCriteriaMembers = members(member<&EvaluationCriteria::prom_ql_criteria>(
    "PromQLCriteria", kAlarmPromQLCriteria, Use::Refused));
constexpr auto kEvaluationCriteria =
    structure<EvaluationCriteria>("EvaluationCriteria", kEvaluationCriteriaMembers);
constexpr auto kEvaluationInterval =
    number<int32_t>("EvaluationInterval", {.min = 10, .max = 3600});
constexpr auto kMetricAlarmMembers = members(
    member<&MetricAlarm::alarm_name>("AlarmName", kAlarmName, Use::Refused),
    member<&MetricAlarm::alarm_arn>("AlarmArn", kAlarmArn, Use::Refused),
    member<&MetricAlarm::alarm_description>("AlarmDescription", kAlarmDescription, Use::Refused),
    member<&MetricAlarm::alarm_configuration_updated_timestamp>(
        "AlarmConfigurationUpdatedTimestamp", kTimestamp, Use::Refused),
    member<&MetricAlarm::actions_enabled>("ActionsEnabled", kActionsEnabled, Use::Refused),
    member<&MetricAlarm::ok_actions>("OKActions", kResourceList, Use::Refused),
    member<&MetricAlarm::alarm_actions>("AlarmActions", kResourceList, Use::Refused),
    member<&MetricAlarm::insufficient_data_actions>("InsufficientDataActions", kResourceList,
                                                    Use::Refused),
    member<&MetricAlarm::state_value>("StateValue", kStateValue, Use::Refused),
    member<&MetricAlarm::state_reason>("StateReason", kStateReason, Use::Refused),
    member<&MetricAlarm::state_reason_data>("StateReasonData", kStateReasonData, Use::Refused),
    member<&MetricAlarm::state_updated_timestamp>("StateUpdatedTimestamp", kTimestamp,
                                                  Use::Refused),
    member<&MetricAlarm::metric_name>("MetricName", kMetricName, Use::Refused),
    member<&MetricAlarm::metric_namespace>("Namespace", kNamespace, Use::Refused),
    member<&MetricAlarm::statistic>("Statistic", kStatistic, Use::Refused),
    member<&MetricAlarm::extended_statistic>("ExtendedStatistic", kExtendedStatistic, Use::Refused),
    member<&MetricAlarm::dimensions>("Dimensions", kDimensions, Use::Refused),
    member<&MetricAlarm::period>("Period", kPeriod, Use::Refused),
    member<&MetricAlarm::unit>("Unit", kStandardUnit, Use::Refused),
    member<&MetricAlarm::evaluation_periods>("EvaluationPeriods", kEvaluationPeriods, Use::Refused),
    member<&MetricAlarm::datapoints_to_alarm>("DatapointsToAlarm", kDatapointsToAlarm,
                                              Use::Refused),
    member<&MetricAlarm::threshold>("Threshold", kThreshold, Use::Refused),
    member<&MetricAlarm::comparison_operator>("ComparisonOperator", kComparisonOperator,
                                              Use::Refused),
    member<&MetricAlarm::treat_missing_data>("TreatMissingData", kTreatMissingData, Use::Refused),
    member<&MetricAlarm::evaluate_low_sample_count_percentile>(
        "EvaluateLowSampleCountPercentile", kEvaluateLowSampleCountPercentile, Use::Refused),
    member<&MetricAlarm::metrics>("Metrics", kMetricDataQueries, Use::Refused),
    member<&MetricAlarm::threshold_metric_id>("ThresholdMetricId", kMetricId, Use::Refused),
    member<&MetricAlarm::evaluation_state>("EvaluationState", kEvaluationState, Use::Refused),
    member<&MetricAlarm::state_transitioned_timestamp>("StateTransitionedTimestamp", kTimestamp,
                                                       Use::Refused),
    member<&MetricAlarm::evaluation_window>("EvaluationWindow", kEvaluationWindow, Use::Refused),
    member<&MetricAlarm::evaluation_criteria>("EvaluationCriteria", kEvaluationCriteria,
                                              Use::Refused),
    member<&MetricAlarm::evaluation_interval>("EvaluationInterval", kEvaluationInterval,
                                              Use::Refused));
constexpr auto kMetricAlarm = structure<MetricAlarm>("MetricAlarm", kMetricAlarmMembers);
constexpr auto kMetricAlarms = list_of("MetricAlarms", kMetricAlarm);
constexpr auto kQueryString = text("QueryString", {.min = 0, .max = 10000});
constexpr auto kAmazonResourceName = text("AmazonResourceName", {.min = 1, .max = 1024});
constexpr auto kLogGroupIdentifiers =
    list_of("LogGroupIdentifiers", kAmazonResourceName, {.min = 1, .max = 50});
constexpr auto kScheduleExpression = text("ScheduleExpression", {.min = 1, .max = 256});
constexpr auto kStartTimeOffset = number<int64_t>("StartTimeOffset", {.min = 1, .max = 2592000});
constexpr auto kEndTimeOffset = number<int64_t>("EndTimeOffset", {.min = 0, .max = 2592000});
constexpr auto kScheduleConfigurationMembers = members(
    member<&ScheduleConfiguration::schedule_expression>("ScheduleExpression", kScheduleExpression,
                                                        Use::Refused, {.required = true}),
    member<&ScheduleConfiguration::start_time_offset>("StartTimeOffset", kStartTimeOffset,
                                                      Use::Refused, {.required = true}),
    member<&ScheduleConfiguration::end_time_offset>("EndTimeOffset", kEndTimeOffset, Use::Refused));
constexpr auto kScheduleConfiguration =
    structure<ScheduleConfiguration>("ScheduleConfiguration", kScheduleConfigurationMembers);
constexpr auto kAggregationExpression = text("AggregationExpression", {.min = 1, .max = 2048});
constexpr auto kTagKey = text("TagKey", {.min = 1, .max = 128});
constexpr auto kTagValue = text("TagValue", {.min = 0, .max = 256});
constexpr auto kTagMembers =
    members(member<&Tag::key>("Key", kTagKey, Use::Refused, {.required = true}),
            member<&Tag::value>("Value", kTagValue, Use::Refused, {.required = true}));
constexpr auto kTag = structure<Tag>("Tag", kTagMembers);
constexpr auto kTagList = list_of("TagList", kTag);
constexpr auto kScheduledQueryConfigurationMembers = members(
    member<&ScheduledQueryConfiguration::query_string>("QueryString", kQueryString, Use::Refused,
                                                       {.required = true}),
    member<&ScheduledQueryConfiguration::log_group_identifiers>("LogGroupIdentifiers",
                                                                kLogGroupIdentifiers, Use::Refused),
    member<&ScheduledQueryConfiguration::query_arn>("QueryARN", kAmazonResourceName, Use::Refused),
    member<&ScheduledQueryConfiguration::scheduled_query_role_arn>(
        "ScheduledQueryRoleARN", kAmazonResourceName, Use::Refused, {.required = true}),
    member<&ScheduledQueryConfiguration::schedule_configuration>(
        "ScheduleConfiguration", kScheduleConfiguration, Use::Refused, {.required = true}),
    member<&ScheduledQueryConfiguration::aggregation_expression>(
        "AggregationExpression", kAggregationExpression, Use::Refused, {.required = true}),
    member<&ScheduledQueryConfiguration::tags>("Tags", kTagList, Use::Refused));
constexpr auto kScheduledQueryConfiguration = structure<ScheduledQueryConfiguration>(
    "ScheduledQueryConfiguration", kScheduledQueryConfigurationMembers);
constexpr auto kQueryResultsToEvaluate = number<int32_t>("QueryResultsToEvaluate", {.min = 1});
constexpr auto kQueryResultsToAlarm = number<int32_t>("QueryResultsToAlarm", {.min = 1});
constexpr auto kActionLogLineCount = number<int32_t>("ActionLogLineCount");
constexpr auto kActionLogLineRoleArn = text("ActionLogLineRoleArn");
constexpr auto kLogAlarmMembers = members(
    member<&LogAlarm::alarm_name>("AlarmName", kAlarmName, Use::Refused),
    member<&LogAlarm::alarm_arn>("AlarmArn", kAlarmArn, Use::Refused),
    member<&LogAlarm::alarm_description>("AlarmDescription", kAlarmDescription, Use::Refused),
    member<&LogAlarm::alarm_configuration_updated_timestamp>("AlarmConfigurationUpdatedTimestamp",
                                                             kTimestamp, Use::Refused),
    member<&LogAlarm::actions_enabled>("ActionsEnabled", kActionsEnabled, Use::Refused),
    member<&LogAlarm::ok_actions>("OKActions", kResourceList, Use::Refused),
    member<&LogAlarm::alarm_actions>("AlarmActions", kResourceList, Use::Refused),
    member<&LogAlarm::insufficient_data_actions>("InsufficientDataActions", kResourceList,
                                                 Use::Refused),
    member<&LogAlarm::state_value>("StateValue", kStateValue, Use::Refused),
    member<&LogAlarm::state_reason>("StateReason", kStateReason, Use::Refused),
    member<&LogAlarm::state_reason_data>("StateReasonData", kStateReasonData, Use::Refused),
    member<&LogAlarm::state_updated_timestamp>("StateUpdatedTimestamp", kTimestamp, Use::Refused),
    member<&LogAlarm::scheduled_query_configuration>("ScheduledQueryConfiguration",
                                                     kScheduledQueryConfiguration, Use::Refused),
    member<&LogAlarm::query_results_to_evaluate>("QueryResultsToEvaluate", kQueryResultsToEvaluate,
                                                 Use::Refused),
    member<&LogAlarm::query_results_to_alarm>("QueryResultsToAlarm", kQueryResultsToAlarm,
                                              Use::Refused),
    member<&LogAlarm::threshold>("Threshold", kThreshold, Use::Refused),
    member<&LogAlarm::comparison_operator>("ComparisonOperator", kComparisonOperator, Use::Refused),
    member<&LogAlarm::treat_missing_data>("TreatMissingData", kTreatMissingData, Use::Refused),
    member<&LogAlarm::state_transitioned_timestamp>("StateTransitionedTimestamp", kTimestamp,
                                                    Use::Refused),
    member<&LogAlarm::evaluation_state>("EvaluationState", kEvaluationState, Use::Refused),
    member<&LogAlarm::action_log_line_count>("ActionLogLineCount", kActionLogLineCount,
                                             Use::Refused),
    member<&LogAlarm::action_log_line_role_arn>("ActionLogLineRoleArn", kActionLogLineRoleArn,
                                                Use::Refused));
constexpr auto kLogAlarm = structure<LogAlarm>("LogAlarm", kLogAlarmMembers);
constexpr auto kLogAlarms = list_of("LogAlarms", kLogAlarm);
constexpr auto kDescribeAlarmsOutputMembers = members(
    member<&DescribeAlarmsOutput::composite_alarms>("CompositeAlarms", kCompositeAlarms,
                                                    Use::Refused),
    member<&DescribeAlarmsOutput::metric_alarms>("MetricAlarms", kMetricAlarms, Use::Refused),
    member<&DescribeAlarmsOutput::log_alarms>("LogAlarms", kLogAlarms, Use::Refused),
    member<&DescribeAlarmsOutput::next_token>("NextToken", kNextToken, Use::Refused));
constexpr auto kDescribeAlarmsOutput =
    structure<DescribeAlarmsOutput>("DescribeAlarmsOutput", kDescribeAlarmsOutputMembers);
constexpr auto kDescribeAlarmsForMetricInputMembers = members(
    member<&DescribeAlarmsForMetricInput::metric_name>("MetricName", kMetricName, Use::Refused,
                                                       {.required = true}),
    member<&DescribeAlarmsForMetricInput::metric_namespace>("Namespace", kNamespace, Use::Refused,
                                                            {.required = true}),
    member<&DescribeAlarmsForMetricInput::statistic>("Statistic", kStatistic, Use::Refused),
    member<&DescribeAlarmsForMetricInput::extended_statistic>("ExtendedStatistic",
                                                              kExtendedStatistic, Use::Refused),
    member<&DescribeAlarmsForMetricInput::dimensions>("Dimensions", kDimensions, Use::Refused),
    member<&DescribeAlarmsForMetricInput::period>("Period", kPeriod, Use::Refused),
    member<&DescribeAlarmsForMetricInput::unit>("Unit", kStandardUnit, Use::Refused));
constexpr auto kDescribeAlarmsForMetricInput = structure<DescribeAlarmsForMetricInput>(
    "DescribeAlarmsForMetricInput", kDescribeAlarmsForMetricInputMembers);
constexpr auto kDescribeAlarmsForMetricOutputMembers =
    members(member<&DescribeAlarmsForMetricOutput::metric_alarms>("MetricAlarms", kMetricAlarms,
                                                                  Use::Refused));
constexpr auto kDescribeAlarmsForMetricOutput = structure<DescribeAlarmsForMetricOutput>(
    "DescribeAlarmsForMetricOutput", kDescribeAlarmsForMetricOutputMembers);
constexpr auto kAnomalyDetectorIds = list_of("AnomalyDetectorIds", kAnomalyDetectorId, {.max = 50});
constexpr auto kMaxReturnedResultsCount = number<int32_t>("MaxReturnedResultsCount", {.min = 1});
constexpr std::string_view kAnomalyDetectorTypeValues[] = {"SINGLE_METRIC", "METRIC_MATH"};
constexpr auto kAnomalyDetectorType =
    text("AnomalyDetectorType", {.values = kAnomalyDetectorTypeValues});
constexpr auto kAnomalyDetectorTypes =
    list_of("AnomalyDetectorTypes", kAnomalyDetectorType, {.max = 2});
constexpr auto kDescribeAnomalyDetectorsInputMembers = members(
    member<&DescribeAnomalyDetectorsInput::anomaly_detector_ids>("AnomalyDetectorIds",
                                                                 kAnomalyDetectorIds, Use::Used),
    member<&DescribeAnomalyDetectorsInput::next_token>("NextToken", kNextToken, Use::Used),
    member<&DescribeAnomalyDetectorsInput::max_results>("MaxResults", kMaxReturnedResultsCount,
                                                        Use::Used),
    member<&DescribeAnomalyDetectorsInput::metric_namespace>("Namespace", kNamespace, Use::Used),
    member<&DescribeAnomalyDetectorsInput::metric_name>("MetricName", kMetricName, Use::Used),
    member<&DescribeAnomalyDetectorsInput::dimensions>("Dimensions", kDimensions, Use::Used),
    member<&DescribeAnomalyDetectorsInput::anomaly_detector_types>(
        "AnomalyDetectorTypes", kAnomalyDetectorTypes, Use::Used));
constexpr auto kDescribeAnomalyDetectorsInput = structure<DescribeAnomalyDetectorsInput>(
    "DescribeAnomalyDetectorsInput", kDescribeAnomalyDetectorsInputMembers);
constexpr auto kRangeMembers =
    members(member<&Range::start_time>("StartTime", kTimestamp, Use::Used, {.required = true}),
            member<&Range::end_time>("EndTime", kTimestamp, Use::Used, {.required = true}));
constexpr auto kRange = structure<Range>("Range", kRangeMembers);
constexpr auto kAnomalyDetectorExcludedTimeRanges =
    list_of("AnomalyDetectorExcludedTimeRanges", kRange);
constexpr auto kAnomalyDetectorMetricTimezone = text("AnomalyDetectorMetricTimezone", {.max = 50});
constexpr auto kAnomalyDetectorConfigurationMembers =
    members(member<&AnomalyDetectorConfiguration::excluded_time_ranges>(
                "ExcludedTimeRanges", kAnomalyDetectorExcludedTimeRanges, Use::Used),
            member<&AnomalyDetectorConfiguration::metric_timezone>(
                "MetricTimezone", kAnomalyDetectorMetricTimezone, Use::Used));
constexpr auto kAnomalyDetectorConfiguration = structure<AnomalyDetectorConfiguration>(
    "AnomalyDetectorConfiguration", kAnomalyDetectorConfigurationMembers);
constexpr std::string_view kAnomalyDetectorStateValueValues[] = {
    "PENDING_TRAINING", "TRAINED_INSUFFICIENT_DATA", "TRAINED"};
constexpr auto kAnomalyDetectorStateValue =
    text("AnomalyDetectorStateValue", {.values = kAnomalyDetectorStateValueValues});
constexpr auto kPeriodicSpikes = boolean("PeriodicSpikes");
constexpr auto kMetricCharacteristicsMembers = members(
    member<&MetricCharacteristics::periodic_spikes>("PeriodicSpikes", kPeriodicSpikes, Use::Used));
constexpr auto kMetricCharacteristics =
    structure<MetricCharacteristics>("MetricCharacteristics", kMetricCharacteristicsMembers);
constexpr auto kAnomalyDetectorMembers = members(
    member<&AnomalyDetector::anomaly_detector_id>("AnomalyDetectorId", kAnomalyDetectorId,
                                                  Use::Used),
    member<&AnomalyDetector::metric_namespace>("Namespace", kNamespace, Use::Used),
    member<&AnomalyDetector::metric_name>("MetricName", kMetricName, Use::Used),
    member<&AnomalyDetector::dimensions>("Dimensions", kDimensions, Use::Used),
    member<&AnomalyDetector::stat>("Stat", kAnomalyDetectorMetricStat, Use::Used),
    member<&AnomalyDetector::configuration>("Configuration", kAnomalyDetectorConfiguration,
                                            Use::Used),
    member<&AnomalyDetector::state_value>("StateValue", kAnomalyDetectorStateValue, Use::Used),
    member<&AnomalyDetector::metric_characteristics>("MetricCharacteristics",
                                                     kMetricCharacteristics, Use::Used),
    member<&AnomalyDetector::single_metric_anomaly_detector>(
        "SingleMetricAnomalyDetector", kSingleMetricAnomalyDetector, Use::Used),
    member<&AnomalyDetector::metric_math_anomaly_detector>("MetricMathAnomalyDetector",
                                                           kMetricMathAnomalyDetector, Use::Used));
constexpr auto kAnomalyDetector =
    structure<AnomalyDetector>("AnomalyDetector", kAnomalyDetectorMembers);
constexpr auto kAnomalyDetectors = list_of("AnomalyDetectors", kAnomalyDetector);
constexpr auto kDescribeAnomalyDetectorsOutputMembers = members(
    member<&DescribeAnomalyDetectorsOutput::anomaly_detectors>("AnomalyDetectors",
                                                               kAnomalyDetectors, Use::Used),
    member<&DescribeAnomalyDetectorsOutput::next_token>("NextToken", kNextToken, Use::Used));
constexpr auto kDescribeAnomalyDetectorsOutput = structure<DescribeAnomalyDetectorsOutput>(
    "DescribeAnomalyDetectorsOutput", kDescribeAnomalyDetectorsOutputMembers);
constexpr auto kInsightRuleMaxResults =
    number<int32_t>("InsightRuleMaxResults", {.min = 1, .max = 500});
constexpr auto kDescribeInsightRulesInputMembers =
    members(member<&DescribeInsightRulesInput::next_token>("NextToken", kNextToken, Use::Refused),
            member<&DescribeInsightRulesInput::max_results>("MaxResults", kInsightRuleMaxResults,
                                                            Use::Refused));
constexpr auto kDescribeInsightRulesInput = structure<DescribeInsightRulesInput>(
    "DescribeInsightRulesInput", kDescribeInsightRulesInputMembers);
constexpr auto kInsightRuleState = text("InsightRuleState", {.min = 1, .max = 32});
constexpr auto kInsightRuleSchema = text("InsightRuleSchema");
constexpr auto kInsightRuleDefinition = text("InsightRuleDefinition", {.min = 1, .max = 8192});
constexpr auto kInsightRuleIsManaged = boolean("InsightRuleIsManaged");
constexpr auto kInsightRuleOnTransformedLogs = boolean("InsightRuleOnTransformedLogs");
constexpr auto kInsightRuleMembers = members(
    member<&InsightRule::name>("Name", kInsightRuleName, Use::Refused, {.required = true}),
    member<&InsightRule::state>("State", kInsightRuleState, Use::Refused, {.required = true}),
    member<&InsightRule::schema>("Schema", kInsightRuleSchema, Use::Refused, {.required = true}),
    member<&InsightRule::definition>("Definition", kInsightRuleDefinition, Use::Refused,
                                     {.required = true}),
    member<&InsightRule::managed_rule>("ManagedRule", kInsightRuleIsManaged, Use::Refused),
    member<&InsightRule::apply_on_transformed_logs>("ApplyOnTransformedLogs",
                                                    kInsightRuleOnTransformedLogs, Use::Refused));
constexpr auto kInsightRule = structure<InsightRule>("InsightRule", kInsightRuleMembers);
constexpr auto kInsightRules = list_of("InsightRules", kInsightRule);
constexpr auto kDescribeInsightRulesOutputMembers =
    members(member<&DescribeInsightRulesOutput::next_token>("NextToken", kNextToken, Use::Refused),
            member<&DescribeInsightRulesOutput::insight_rules>("InsightRules", kInsightRules,
                                                               Use::Refused));
constexpr auto kDescribeInsightRulesOutput = structure<DescribeInsightRulesOutput>(
    "DescribeInsightRulesOutput", kDescribeInsightRulesOutputMembers);
constexpr auto kDisableAlarmActionsInputMembers =
    members(member<&DisableAlarmActionsInput::alarm_names>("AlarmNames", kAlarmNames, Use::Refused,
                                                           {.required = true}));
constexpr auto kDisableAlarmActionsInput = structure<DisableAlarmActionsInput>(
    "DisableAlarmActionsInput", kDisableAlarmActionsInputMembers);
constexpr auto kDisableInsightRulesInputMembers =
    members(member<&DisableInsightRulesInput::rule_names>("RuleNames", kInsightRuleNames,
                                                          Use::Refused, {.required = true}));
constexpr auto kDisableInsightRulesInput = structure<DisableInsightRulesInput>(
    "DisableInsightRulesInput", kDisableInsightRulesInputMembers);
constexpr auto kDisableInsightRulesOutputMembers =
    members(member<&DisableInsightRulesOutput::failures>("Failures", kBatchFailures, Use::Refused));
constexpr auto kDisableInsightRulesOutput = structure<DisableInsightRulesOutput>(
    "DisableInsightRulesOutput", kDisableInsightRulesOutputMembers);
constexpr auto kDisassociateDatasetKmsKeyInputMembers =
    members(member<&DisassociateDatasetKmsKeyInput::dataset_identifier>(
        "DatasetIdentifier", kDatasetIdentifier, Use::Refused, {.required = true}));
constexpr auto kDisassociateDatasetKmsKeyInput = structure<DisassociateDatasetKmsKeyInput>(
    "DisassociateDatasetKmsKeyInput", kDisassociateDatasetKmsKeyInputMembers);
constexpr auto kDisassociateDatasetKmsKeyOutput =
    empty_structure<DisassociateDatasetKmsKeyOutput>("DisassociateDatasetKmsKeyOutput");
constexpr auto kEnableAlarmActionsInputMembers =
    members(member<&EnableAlarmActionsInput::alarm_names>("AlarmNames", kAlarmNames, Use::Refused,
                                                          {.required = true}));
constexpr auto kEnableAlarmActionsInput =
    structure<EnableAlarmActionsInput>("EnableAlarmActionsInput", kEnableAlarmActionsInputMembers);
constexpr auto kEnableInsightRulesInputMembers =
    members(member<&EnableInsightRulesInput::rule_names>("RuleNames", kInsightRuleNames,
                                                         Use::Refused, {.required = true}));
constexpr auto kEnableInsightRulesInput =
    structure<EnableInsightRulesInput>("EnableInsightRulesInput", kEnableInsightRulesInputMembers);
constexpr auto kEnableInsightRulesOutputMembers =
    members(member<&EnableInsightRulesOutput::failures>("Failures", kBatchFailures, Use::Refused));
constexpr auto kEnableInsightRulesOutput = structure<EnableInsightRulesOutput>(
    "EnableInsightRulesOutput", kEnableInsightRulesOutputMembers);
constexpr auto kGetAlarmMuteRuleInputMembers =
    members(member<&GetAlarmMuteRuleInput::alarm_mute_rule_name>("AlarmMuteRuleName", kName,
                                                                 Use::Refused, {.required = true}));
constexpr auto kGetAlarmMuteRuleInput =
    structure<GetAlarmMuteRuleInput>("GetAlarmMuteRuleInput", kGetAlarmMuteRuleInputMembers);
constexpr auto kArn = text("Arn", {.min = 1, .max = 1600});
constexpr auto kExpression = text("Expression", {.min = 1, .max = 256});
constexpr auto kDuration = text("Duration", {.min = 1, .max = 50});
constexpr auto kScheduleMembers = members(
    member<&Schedule::expression>("Expression", kExpression, Use::Refused, {.required = true}),
    member<&Schedule::duration>("Duration", kDuration, Use::Refused, {.required = true}),
    member<&Schedule::timezone>("Timezone", kTimezone, Use::Refused));
constexpr auto kSchedule = structure<Schedule>("Schedule", kScheduleMembers);
constexpr auto kRuleMembers =
    members(member<&Rule::schedule>("Schedule", kSchedule, Use::Refused, {.required = true}));
constexpr auto kRule = structure<Rule>("Rule", kRuleMembers);
constexpr auto kMuteTargetAlarmNameList = list_of("MuteTargetAlarmNameList", kName, {.max = 100});
constexpr auto kMuteTargetsMembers = members(member<&MuteTargets::alarm_names>(
    "AlarmNames", kMuteTargetAlarmNameList, Use::Refused, {.required = true}));
constexpr auto kMuteTargets = structure<MuteTargets>("MuteTargets", kMuteTargetsMembers);
constexpr std::string_view kAlarmMuteRuleStatusValues[] = {"SCHEDULED", "ACTIVE", "EXPIRED"};
constexpr auto kAlarmMuteRuleStatus =
    text("AlarmMuteRuleStatus", {.values = kAlarmMuteRuleStatusValues});
constexpr auto kMuteType = text("MuteType");
constexpr auto kGetAlarmMuteRuleOutputMembers = members(
    member<&GetAlarmMuteRuleOutput::name>("Name", kName, Use::Refused),
    member<&GetAlarmMuteRuleOutput::alarm_mute_rule_arn>("AlarmMuteRuleArn", kArn, Use::Refused),
    member<&GetAlarmMuteRuleOutput::description>("Description", kAlarmDescription, Use::Refused),
    member<&GetAlarmMuteRuleOutput::rule>("Rule", kRule, Use::Refused),
    member<&GetAlarmMuteRuleOutput::mute_targets>("MuteTargets", kMuteTargets, Use::Refused),
    member<&GetAlarmMuteRuleOutput::start_date>("StartDate", kTimestamp, Use::Refused),
    member<&GetAlarmMuteRuleOutput::expire_date>("ExpireDate", kTimestamp, Use::Refused),
    member<&GetAlarmMuteRuleOutput::status>("Status", kAlarmMuteRuleStatus, Use::Refused),
    member<&GetAlarmMuteRuleOutput::last_updated_timestamp>("LastUpdatedTimestamp", kTimestamp,
                                                            Use::Refused),
    member<&GetAlarmMuteRuleOutput::mute_type>("MuteType", kMuteType, Use::Refused));
constexpr auto kGetAlarmMuteRuleOutput =
    structure<GetAlarmMuteRuleOutput>("GetAlarmMuteRuleOutput", kGetAlarmMuteRuleOutputMembers);
constexpr auto kGetDashboardInputMembers = members(member<&GetDashboardInput::dashboard_name>(
    "DashboardName", kDashboardName, Use::Refused, {.required = true}));
constexpr auto kGetDashboardInput =
    structure<GetDashboardInput>("GetDashboardInput", kGetDashboardInputMembers);
constexpr auto kDashboardArn = text("DashboardArn");
constexpr auto kDashboardBody = text("DashboardBody");
constexpr auto kGetDashboardOutputMembers = members(
    member<&GetDashboardOutput::dashboard_arn>("DashboardArn", kDashboardArn, Use::Refused),
    member<&GetDashboardOutput::dashboard_body>("DashboardBody", kDashboardBody, Use::Refused),
    member<&GetDashboardOutput::dashboard_name>("DashboardName", kDashboardName, Use::Refused));
constexpr auto kGetDashboardOutput =
    structure<GetDashboardOutput>("GetDashboardOutput", kGetDashboardOutputMembers);
constexpr auto kGetDatasetInputMembers = members(member<&GetDatasetInput::dataset_identifier>(
    "DatasetIdentifier", kDatasetIdentifier, Use::Refused, {.required = true}));
constexpr auto kGetDatasetInput =
    structure<GetDatasetInput>("GetDatasetInput", kGetDatasetInputMembers);
constexpr auto kDatasetId = text("DatasetId", {.min = 7, .max = 7});
constexpr auto kDatasetArn = text("DatasetArn", {.min = 1, .max = 2048});
constexpr auto kGetDatasetOutputMembers =
    members(member<&GetDatasetOutput::dataset_id>("DatasetId", kDatasetId, Use::Refused,
                                                  {.required = true}),
            member<&GetDatasetOutput::arn>("Arn", kDatasetArn, Use::Refused, {.required = true}),
            member<&GetDatasetOutput::kms_key_arn>("KmsKeyArn", kKmsKeyArn, Use::Refused));
constexpr auto kGetDatasetOutput =
    structure<GetDatasetOutput>("GetDatasetOutput", kGetDatasetOutputMembers);
constexpr auto kInsightRuleUnboundInteger = number<int32_t>("InsightRuleUnboundInteger");
constexpr auto kInsightRuleMetricName = text("InsightRuleMetricName", {.min = 1, .max = 32});
constexpr auto kInsightRuleMetricList = list_of("InsightRuleMetricList", kInsightRuleMetricName);
constexpr auto kInsightRuleOrderBy = text("InsightRuleOrderBy", {.min = 1, .max = 32});
constexpr auto kGetInsightRuleReportInputMembers = members(
    member<&GetInsightRuleReportInput::rule_name>("RuleName", kInsightRuleName, Use::Refused,
                                                  {.required = true}),
    member<&GetInsightRuleReportInput::start_time>("StartTime", kTimestamp, Use::Refused,
                                                   {.required = true}),
    member<&GetInsightRuleReportInput::end_time>("EndTime", kTimestamp, Use::Refused,
                                                 {.required = true}),
    member<&GetInsightRuleReportInput::period>("Period", kPeriod, Use::Refused, {.required = true}),
    member<&GetInsightRuleReportInput::max_contributor_count>(
        "MaxContributorCount", kInsightRuleUnboundInteger, Use::Refused),
    member<&GetInsightRuleReportInput::metrics>("Metrics", kInsightRuleMetricList, Use::Refused),
    member<&GetInsightRuleReportInput::order_by>("OrderBy", kInsightRuleOrderBy, Use::Refused));
constexpr auto kGetInsightRuleReportInput = structure<GetInsightRuleReportInput>(
    "GetInsightRuleReportInput", kGetInsightRuleReportInputMembers);
constexpr auto kInsightRuleContributorKeyLabel = text("InsightRuleContributorKeyLabel");
constexpr auto kInsightRuleContributorKeyLabels =
    list_of("InsightRuleContributorKeyLabels", kInsightRuleContributorKeyLabel);
constexpr auto kInsightRuleAggregationStatistic = text("InsightRuleAggregationStatistic");
constexpr auto kInsightRuleUnboundDouble = number<double>("InsightRuleUnboundDouble");
constexpr auto kInsightRuleUnboundLong = number<int64_t>("InsightRuleUnboundLong");
constexpr auto kInsightRuleContributorKey = text("InsightRuleContributorKey");
constexpr auto kInsightRuleContributorKeys =
    list_of("InsightRuleContributorKeys", kInsightRuleContributorKey);
constexpr auto kInsightRuleContributorDatapointMembers =
    members(member<&InsightRuleContributorDatapoint::timestamp>("Timestamp", kTimestamp,
                                                                Use::Refused, {.required = true}),
            member<&InsightRuleContributorDatapoint::approximate_value>(
                "ApproximateValue", kInsightRuleUnboundDouble, Use::Refused, {.required = true}));
constexpr auto kInsightRuleContributorDatapoint = structure<InsightRuleContributorDatapoint>(
    "InsightRuleContributorDatapoint", kInsightRuleContributorDatapointMembers);
constexpr auto kInsightRuleContributorDatapoints =
    list_of("InsightRuleContributorDatapoints", kInsightRuleContributorDatapoint);
constexpr auto kInsightRuleContributorMembers = members(
    member<&InsightRuleContributor::keys>("Keys", kInsightRuleContributorKeys, Use::Refused,
                                          {.required = true}),
    member<&InsightRuleContributor::approximate_aggregate_value>(
        "ApproximateAggregateValue", kInsightRuleUnboundDouble, Use::Refused, {.required = true}),
    member<&InsightRuleContributor::datapoints>("Datapoints", kInsightRuleContributorDatapoints,
                                                Use::Refused, {.required = true}));
constexpr auto kInsightRuleContributor =
    structure<InsightRuleContributor>("InsightRuleContributor", kInsightRuleContributorMembers);
constexpr auto kInsightRuleContributors =
    list_of("InsightRuleContributors", kInsightRuleContributor);
constexpr auto kInsightRuleMetricDatapointMembers = members(
    member<&InsightRuleMetricDatapoint::timestamp>("Timestamp", kTimestamp, Use::Refused,
                                                   {.required = true}),
    member<&InsightRuleMetricDatapoint::unique_contributors>(
        "UniqueContributors", kInsightRuleUnboundDouble, Use::Refused),
    member<&InsightRuleMetricDatapoint::max_contributor_value>(
        "MaxContributorValue", kInsightRuleUnboundDouble, Use::Refused),
    member<&InsightRuleMetricDatapoint::sample_count>("SampleCount", kInsightRuleUnboundDouble,
                                                      Use::Refused),
    member<&InsightRuleMetricDatapoint::average>("Average", kInsightRuleUnboundDouble,
                                                 Use::Refused),
    member<&InsightRuleMetricDatapoint::sum>("Sum", kInsightRuleUnboundDouble, Use::Refused),
    member<&InsightRuleMetricDatapoint::minimum>("Minimum", kInsightRuleUnboundDouble,
                                                 Use::Refused),
    member<&InsightRuleMetricDatapoint::maximum>("Maximum", kInsightRuleUnboundDouble,
                                                 Use::Refused));
constexpr auto kInsightRuleMetricDatapoint = structure<InsightRuleMetricDatapoint>(
    "InsightRuleMetricDatapoint", kInsightRuleMetricDatapointMembers);
constexpr auto kInsightRuleMetricDatapoints =
    list_of("InsightRuleMetricDatapoints", kInsightRuleMetricDatapoint);
constexpr auto kGetInsightRuleReportOutputMembers =
    members(member<&GetInsightRuleReportOutput::key_labels>(
                "KeyLabels", kInsightRuleContributorKeyLabels, Use::Refused),
            member<&GetInsightRuleReportOutput::aggregation_statistic>(
                "AggregationStatistic", kInsightRuleAggregationStatistic, Use::Refused),
            member<&GetInsightRuleReportOutput::aggregate_value>(
                "AggregateValue", kInsightRuleUnboundDouble, Use::Refused),
            member<&GetInsightRuleReportOutput::approximate_unique_count>(
                "ApproximateUniqueCount", kInsightRuleUnboundLong, Use::Refused),
            member<&GetInsightRuleReportOutput::contributors>(
                "Contributors", kInsightRuleContributors, Use::Refused),
            member<&GetInsightRuleReportOutput::metric_datapoints>(
                "MetricDatapoints", kInsightRuleMetricDatapoints, Use::Refused));
constexpr auto kGetInsightRuleReportOutput = structure<GetInsightRuleReportOutput>(
    "GetInsightRuleReportOutput", kGetInsightRuleReportOutputMembers);
constexpr auto kGetMetricStreamInputMembers = members(member<&GetMetricStreamInput::name>(
    "Name", kMetricStreamName, Use::Refused, {.required = true}));
constexpr auto kGetMetricStreamInput =
    structure<GetMetricStreamInput>("GetMetricStreamInput", kGetMetricStreamInputMembers);
constexpr auto kMetricStreamFilterMetricNames =
    list_of("MetricStreamFilterMetricNames", kMetricName);
constexpr auto kMetricStreamFilterMembers =
    members(member<&MetricStreamFilter::metric_namespace>("Namespace", kNamespace, Use::Refused),
            member<&MetricStreamFilter::metric_names>("MetricNames", kMetricStreamFilterMetricNames,
                                                      Use::Refused));
constexpr auto kMetricStreamFilter =
    structure<MetricStreamFilter>("MetricStreamFilter", kMetricStreamFilterMembers);
constexpr auto kMetricStreamFilters = list_of("MetricStreamFilters", kMetricStreamFilter);
constexpr auto kMetricStreamState = text("MetricStreamState");
constexpr std::string_view kMetricStreamOutputFormatValues[] = {"json", "opentelemetry0.7",
                                                                "opentelemetry1.0"};
constexpr auto kMetricStreamOutputFormat = text(
    "MetricStreamOutputFormat", {.min = 1, .max = 255, .values = kMetricStreamOutputFormatValues});
constexpr auto kMetricStreamStatisticsMetricMembers =
    members(member<&MetricStreamStatisticsMetric::metric_namespace>(
                "Namespace", kNamespace, Use::Refused, {.required = true}),
            member<&MetricStreamStatisticsMetric::metric_name>("MetricName", kMetricName,
                                                               Use::Refused, {.required = true}));
constexpr auto kMetricStreamStatisticsMetric = structure<MetricStreamStatisticsMetric>(
    "MetricStreamStatisticsMetric", kMetricStreamStatisticsMetricMembers);
constexpr auto kMetricStreamStatisticsIncludeMetrics =
    list_of("MetricStreamStatisticsIncludeMetrics", kMetricStreamStatisticsMetric);
constexpr auto kMetricStreamStatistic = text("MetricStreamStatistic");
constexpr auto kMetricStreamStatisticsAdditionalStatistics =
    list_of("MetricStreamStatisticsAdditionalStatistics", kMetricStreamStatistic);
constexpr auto kMetricStreamStatisticsConfigurationMembers = members(
    member<&MetricStreamStatisticsConfiguration::include_metrics>(
        "IncludeMetrics", kMetricStreamStatisticsIncludeMetrics, Use::Refused, {.required = true}),
    member<&MetricStreamStatisticsConfiguration::additional_statistics>(
        "AdditionalStatistics", kMetricStreamStatisticsAdditionalStatistics, Use::Refused,
        {.required = true}));
constexpr auto kMetricStreamStatisticsConfiguration =
    structure<MetricStreamStatisticsConfiguration>("MetricStreamStatisticsConfiguration",
                                                   kMetricStreamStatisticsConfigurationMembers);
constexpr auto kMetricStreamStatisticsConfigurations =
    list_of("MetricStreamStatisticsConfigurations", kMetricStreamStatisticsConfiguration);
constexpr auto kIncludeLinkedAccountsMetrics = boolean("IncludeLinkedAccountsMetrics");
constexpr auto kGetMetricStreamOutputMembers = members(
    member<&GetMetricStreamOutput::arn>("Arn", kAmazonResourceName, Use::Refused),
    member<&GetMetricStreamOutput::name>("Name", kMetricStreamName, Use::Refused),
    member<&GetMetricStreamOutput::include_filters>("IncludeFilters", kMetricStreamFilters,
                                                    Use::Refused),
    member<&GetMetricStreamOutput::exclude_filters>("ExcludeFilters", kMetricStreamFilters,
                                                    Use::Refused),
    member<&GetMetricStreamOutput::firehose_arn>("FirehoseArn", kAmazonResourceName, Use::Refused),
    member<&GetMetricStreamOutput::role_arn>("RoleArn", kAmazonResourceName, Use::Refused),
    member<&GetMetricStreamOutput::state>("State", kMetricStreamState, Use::Refused),
    member<&GetMetricStreamOutput::creation_date>("CreationDate", kTimestamp, Use::Refused),
    member<&GetMetricStreamOutput::last_update_date>("LastUpdateDate", kTimestamp, Use::Refused),
    member<&GetMetricStreamOutput::output_format>("OutputFormat", kMetricStreamOutputFormat,
                                                  Use::Refused),
    member<&GetMetricStreamOutput::statistics_configurations>(
        "StatisticsConfigurations", kMetricStreamStatisticsConfigurations, Use::Refused),
    member<&GetMetricStreamOutput::include_linked_accounts_metrics>(
        "IncludeLinkedAccountsMetrics", kIncludeLinkedAccountsMetrics, Use::Refused));
constexpr auto kGetMetricStreamOutput =
    structure<GetMetricStreamOutput>("GetMetricStreamOutput", kGetMetricStreamOutputMembers);
constexpr auto kMetricWidget = text("MetricWidget");
constexpr auto kOutputFormat = text("OutputFormat");
constexpr auto kGetMetricWidgetImageInputMembers = members(
    member<&GetMetricWidgetImageInput::metric_widget>("MetricWidget", kMetricWidget, Use::Used,
                                                      {.required = true}),
    member<&GetMetricWidgetImageInput::output_format>("OutputFormat", kOutputFormat, Use::Used));
constexpr auto kGetMetricWidgetImageInput = structure<GetMetricWidgetImageInput>(
    "GetMetricWidgetImageInput", kGetMetricWidgetImageInputMembers);
constexpr auto kMetricWidgetImage = blob("MetricWidgetImage");
constexpr auto kGetMetricWidgetImageOutputMembers =
    members(member<&GetMetricWidgetImageOutput::metric_widget_image>(
        "MetricWidgetImage", kMetricWidgetImage, Use::Used));
constexpr auto kGetMetricWidgetImageOutput = structure<GetMetricWidgetImageOutput>(
    "GetMetricWidgetImageOutput", kGetMetricWidgetImageOutputMembers);
constexpr auto kGetOTelEnrichmentInput =
    empty_structure<GetOTelEnrichmentInput>("GetOTelEnrichmentInput");
constexpr std::string_view kOTelEnrichmentStatusValues[] = {"Running", "Stopped"};
constexpr auto kOTelEnrichmentStatus =
    text("OTelEnrichmentStatus", {.values = kOTelEnrichmentStatusValues});
constexpr auto kGetOTelEnrichmentOutputMembers = members(member<&GetOTelEnrichmentOutput::status>(
    "Status", kOTelEnrichmentStatus, Use::Refused, {.required = true}));
constexpr auto kGetOTelEnrichmentOutput =
    structure<GetOTelEnrichmentOutput>("GetOTelEnrichmentOutput", kGetOTelEnrichmentOutputMembers);
constexpr auto kAlarmMuteRuleStatuses = list_of("AlarmMuteRuleStatuses", kAlarmMuteRuleStatus);
constexpr auto kListAlarmMuteRulesInputMembers = members(
    member<&ListAlarmMuteRulesInput::alarm_name>("AlarmName", kName, Use::Refused),
    member<&ListAlarmMuteRulesInput::statuses>("Statuses", kAlarmMuteRuleStatuses, Use::Refused),
    member<&ListAlarmMuteRulesInput::max_records>("MaxRecords", kMaxRecords, Use::Refused),
    member<&ListAlarmMuteRulesInput::next_token>("NextToken", kNextToken, Use::Refused));
constexpr auto kListAlarmMuteRulesInput =
    structure<ListAlarmMuteRulesInput>("ListAlarmMuteRulesInput", kListAlarmMuteRulesInputMembers);
constexpr auto kAlarmMuteRuleSummaryMembers = members(
    member<&AlarmMuteRuleSummary::alarm_mute_rule_arn>("AlarmMuteRuleArn", kArn, Use::Refused),
    member<&AlarmMuteRuleSummary::expire_date>("ExpireDate", kTimestamp, Use::Refused),
    member<&AlarmMuteRuleSummary::status>("Status", kAlarmMuteRuleStatus, Use::Refused),
    member<&AlarmMuteRuleSummary::mute_type>("MuteType", kMuteType, Use::Refused),
    member<&AlarmMuteRuleSummary::last_updated_timestamp>("LastUpdatedTimestamp", kTimestamp,
                                                          Use::Refused));
constexpr auto kAlarmMuteRuleSummary =
    structure<AlarmMuteRuleSummary>("AlarmMuteRuleSummary", kAlarmMuteRuleSummaryMembers);
constexpr auto kAlarmMuteRuleSummaries = list_of("AlarmMuteRuleSummaries", kAlarmMuteRuleSummary);
constexpr auto kListAlarmMuteRulesOutputMembers =
    members(member<&ListAlarmMuteRulesOutput::alarm_mute_rule_summaries>(
                "AlarmMuteRuleSummaries", kAlarmMuteRuleSummaries, Use::Refused),
            member<&ListAlarmMuteRulesOutput::next_token>("NextToken", kNextToken, Use::Refused));
constexpr auto kListAlarmMuteRulesOutput = structure<ListAlarmMuteRulesOutput>(
    "ListAlarmMuteRulesOutput", kListAlarmMuteRulesOutputMembers);
constexpr auto kDashboardNamePrefix = text("DashboardNamePrefix");
constexpr auto kListDashboardsInputMembers =
    members(member<&ListDashboardsInput::dashboard_name_prefix>("DashboardNamePrefix",
                                                                kDashboardNamePrefix, Use::Refused),
            member<&ListDashboardsInput::next_token>("NextToken", kNextToken, Use::Refused));
constexpr auto kListDashboardsInput =
    structure<ListDashboardsInput>("ListDashboardsInput", kListDashboardsInputMembers);
constexpr auto kLastModified = timestamp("LastModified");
constexpr auto kSize = number<int64_t>("Size");
constexpr auto kDashboardEntryMembers =
    members(member<&DashboardEntry::dashboard_name>("DashboardName", kDashboardName, Use::Refused),
            member<&DashboardEntry::dashboard_arn>("DashboardArn", kDashboardArn, Use::Refused),
            member<&DashboardEntry::last_modified>("LastModified", kLastModified, Use::Refused),
            member<&DashboardEntry::size>("Size", kSize, Use::Refused));
constexpr auto kDashboardEntry =
    structure<DashboardEntry>("DashboardEntry", kDashboardEntryMembers);
constexpr auto kDashboardEntries = list_of("DashboardEntries", kDashboardEntry);
constexpr auto kListDashboardsOutputMembers =
    members(member<&ListDashboardsOutput::dashboard_entries>("DashboardEntries", kDashboardEntries,
                                                             Use::Refused),
            member<&ListDashboardsOutput::next_token>("NextToken", kNextToken, Use::Refused));
constexpr auto kListDashboardsOutput =
    structure<ListDashboardsOutput>("ListDashboardsOutput", kListDashboardsOutputMembers);
constexpr auto kListManagedInsightRulesInputMembers = members(
    member<&ListManagedInsightRulesInput::resource_arn>("ResourceARN", kAmazonResourceName,
                                                        Use::Refused, {.required = true}),
    member<&ListManagedInsightRulesInput::next_token>("NextToken", kNextToken, Use::Refused),
    member<&ListManagedInsightRulesInput::max_results>("MaxResults", kInsightRuleMaxResults,
                                                       Use::Refused));
constexpr auto kListManagedInsightRulesInput = structure<ListManagedInsightRulesInput>(
    "ListManagedInsightRulesInput", kListManagedInsightRulesInputMembers);
constexpr auto kTemplateName = text("TemplateName", {.min = 1, .max = 128});
constexpr auto kManagedRuleStateMembers = members(
    member<&ManagedRuleState::rule_name>("RuleName", kInsightRuleName, Use::Refused,
                                         {.required = true}),
    member<&ManagedRuleState::state>("State", kInsightRuleState, Use::Refused, {.required = true}));
constexpr auto kManagedRuleState =
    structure<ManagedRuleState>("ManagedRuleState", kManagedRuleStateMembers);
constexpr auto kManagedRuleDescriptionMembers = members(
    member<&ManagedRuleDescription::template_name>("TemplateName", kTemplateName, Use::Refused),
    member<&ManagedRuleDescription::resource_arn>("ResourceARN", kAmazonResourceName, Use::Refused),
    member<&ManagedRuleDescription::rule_state>("RuleState", kManagedRuleState, Use::Refused));
constexpr auto kManagedRuleDescription =
    structure<ManagedRuleDescription>("ManagedRuleDescription", kManagedRuleDescriptionMembers);
constexpr auto kManagedRuleDescriptions =
    list_of("ManagedRuleDescriptions", kManagedRuleDescription);
constexpr auto kListManagedInsightRulesOutputMembers = members(
    member<&ListManagedInsightRulesOutput::managed_rules>("ManagedRules", kManagedRuleDescriptions,
                                                          Use::Refused),
    member<&ListManagedInsightRulesOutput::next_token>("NextToken", kNextToken, Use::Refused));
constexpr auto kListManagedInsightRulesOutput = structure<ListManagedInsightRulesOutput>(
    "ListManagedInsightRulesOutput", kListManagedInsightRulesOutputMembers);
constexpr auto kListMetricStreamsMaxResults =
    number<int32_t>("ListMetricStreamsMaxResults", {.min = 1, .max = 500});
constexpr auto kListMetricStreamsInputMembers =
    members(member<&ListMetricStreamsInput::next_token>("NextToken", kNextToken, Use::Refused),
            member<&ListMetricStreamsInput::max_results>("MaxResults", kListMetricStreamsMaxResults,
                                                         Use::Refused));
constexpr auto kListMetricStreamsInput =
    structure<ListMetricStreamsInput>("ListMetricStreamsInput", kListMetricStreamsInputMembers);
constexpr auto kMetricStreamEntryMembers = members(
    member<&MetricStreamEntry::arn>("Arn", kAmazonResourceName, Use::Refused),
    member<&MetricStreamEntry::creation_date>("CreationDate", kTimestamp, Use::Refused),
    member<&MetricStreamEntry::last_update_date>("LastUpdateDate", kTimestamp, Use::Refused),
    member<&MetricStreamEntry::name>("Name", kMetricStreamName, Use::Refused),
    member<&MetricStreamEntry::firehose_arn>("FirehoseArn", kAmazonResourceName, Use::Refused),
    member<&MetricStreamEntry::state>("State", kMetricStreamState, Use::Refused),
    member<&MetricStreamEntry::output_format>("OutputFormat", kMetricStreamOutputFormat,
                                              Use::Refused));
constexpr auto kMetricStreamEntry =
    structure<MetricStreamEntry>("MetricStreamEntry", kMetricStreamEntryMembers);
constexpr auto kMetricStreamEntries = list_of("MetricStreamEntries", kMetricStreamEntry);
constexpr auto kListMetricStreamsOutputMembers = members(
    member<&ListMetricStreamsOutput::next_token>("NextToken", kNextToken, Use::Refused),
    member<&ListMetricStreamsOutput::entries>("Entries", kMetricStreamEntries, Use::Refused));
constexpr auto kListMetricStreamsOutput =
    structure<ListMetricStreamsOutput>("ListMetricStreamsOutput", kListMetricStreamsOutputMembers);
constexpr auto kListTagsForResourceInputMembers =
    members(member<&ListTagsForResourceInput::resource_arn>("ResourceARN", kAmazonResourceName,
                                                            Use::Refused, {.required = true}));
constexpr auto kListTagsForResourceInput = structure<ListTagsForResourceInput>(
    "ListTagsForResourceInput", kListTagsForResourceInputMembers);
constexpr auto kListTagsForResourceOutputMembers =
    members(member<&ListTagsForResourceOutput::tags>("Tags", kTagList, Use::Refused));
constexpr auto kListTagsForResourceOutput = structure<ListTagsForResourceOutput>(
    "ListTagsForResourceOutput", kListTagsForResourceOutputMembers);
constexpr auto kPutAlarmMuteRuleInputMembers = members(
    member<&PutAlarmMuteRuleInput::name>("Name", kName, Use::Refused, {.required = true}),
    member<&PutAlarmMuteRuleInput::description>("Description", kAlarmDescription, Use::Refused),
    member<&PutAlarmMuteRuleInput::rule>("Rule", kRule, Use::Refused, {.required = true}),
    member<&PutAlarmMuteRuleInput::mute_targets>("MuteTargets", kMuteTargets, Use::Refused),
    member<&PutAlarmMuteRuleInput::tags>("Tags", kTagList, Use::Refused),
    member<&PutAlarmMuteRuleInput::start_date>("StartDate", kTimestamp, Use::Refused),
    member<&PutAlarmMuteRuleInput::expire_date>("ExpireDate", kTimestamp, Use::Refused));
constexpr auto kPutAlarmMuteRuleInput =
    structure<PutAlarmMuteRuleInput>("PutAlarmMuteRuleInput", kPutAlarmMuteRuleInputMembers);
constexpr auto kPutAnomalyDetectorInputMembers =
    members(member<&PutAnomalyDetectorInput::metric_namespace>("Namespace", kNamespace, Use::Used),
            member<&PutAnomalyDetectorInput::metric_name>("MetricName", kMetricName, Use::Used),
            member<&PutAnomalyDetectorInput::dimensions>("Dimensions", kDimensions, Use::Used),
            member<&PutAnomalyDetectorInput::stat>("Stat", kAnomalyDetectorMetricStat, Use::Used),
            member<&PutAnomalyDetectorInput::configuration>(
                "Configuration", kAnomalyDetectorConfiguration, Use::Used),
            member<&PutAnomalyDetectorInput::metric_characteristics>(
                "MetricCharacteristics", kMetricCharacteristics, Use::Used),
            member<&PutAnomalyDetectorInput::single_metric_anomaly_detector>(
                "SingleMetricAnomalyDetector", kSingleMetricAnomalyDetector, Use::Used),
            member<&PutAnomalyDetectorInput::metric_math_anomaly_detector>(
                "MetricMathAnomalyDetector", kMetricMathAnomalyDetector, Use::Used));
constexpr auto kPutAnomalyDetectorInput =
    structure<PutAnomalyDetectorInput>("PutAnomalyDetectorInput", kPutAnomalyDetectorInputMembers);
constexpr auto kPutAnomalyDetectorOutputMembers =
    members(member<&PutAnomalyDetectorOutput::anomaly_detector_id>("AnomalyDetectorId",
                                                                   kAnomalyDetectorId, Use::Used));
constexpr auto kPutAnomalyDetectorOutput = structure<PutAnomalyDetectorOutput>(
    "PutAnomalyDetectorOutput", kPutAnomalyDetectorOutputMembers);
constexpr auto kPutCompositeAlarmInputMembers = members(
    member<&PutCompositeAlarmInput::actions_enabled>("ActionsEnabled", kActionsEnabled,
                                                     Use::Refused),
    member<&PutCompositeAlarmInput::alarm_actions>("AlarmActions", kResourceList, Use::Refused),
    member<&PutCompositeAlarmInput::alarm_description>("AlarmDescription", kAlarmDescription,
                                                       Use::Refused),
    member<&PutCompositeAlarmInput::alarm_name>("AlarmName", kAlarmName, Use::Refused,
                                                {.required = true}),
    member<&PutCompositeAlarmInput::alarm_rule>("AlarmRule", kAlarmRule, Use::Refused,
                                                {.required = true}),
    member<&PutCompositeAlarmInput::insufficient_data_actions>("InsufficientDataActions",
                                                               kResourceList, Use::Refused),
    member<&PutCompositeAlarmInput::ok_actions>("OKActions", kResourceList, Use::Refused),
    member<&PutCompositeAlarmInput::tags>("Tags", kTagList, Use::Refused),
    member<&PutCompositeAlarmInput::actions_suppressor>("ActionsSuppressor", kAlarmArn,
                                                        Use::Refused),
    member<&PutCompositeAlarmInput::actions_suppressor_wait_period>(
        "ActionsSuppressorWaitPeriod", kSuppressorPeriod, Use::Refused),
    member<&PutCompositeAlarmInput::actions_suppressor_extension_period>(
        "ActionsSuppressorExtensionPeriod", kSuppressorPeriod, Use::Refused));
constexpr auto kPutCompositeAlarmInput =
    structure<PutCompositeAlarmInput>("PutCompositeAlarmInput", kPutCompositeAlarmInputMembers);
constexpr auto kPutDashboardInputMembers =
    members(member<&PutDashboardInput::dashboard_name>("DashboardName", kDashboardName,
                                                       Use::Refused, {.required = true}),
            member<&PutDashboardInput::dashboard_body>("DashboardBody", kDashboardBody,
                                                       Use::Refused, {.required = true}),
            member<&PutDashboardInput::tags>("Tags", kTagList, Use::Refused));
constexpr auto kPutDashboardInput =
    structure<PutDashboardInput>("PutDashboardInput", kPutDashboardInputMembers);
constexpr auto kDataPath = text("DataPath");
constexpr auto kMessage = text("Message");
constexpr auto kDashboardValidationMessageMembers =
    members(member<&DashboardValidationMessage::data_path>("DataPath", kDataPath, Use::Refused),
            member<&DashboardValidationMessage::message>("Message", kMessage, Use::Refused));
constexpr auto kDashboardValidationMessage = structure<DashboardValidationMessage>(
    "DashboardValidationMessage", kDashboardValidationMessageMembers);
constexpr auto kDashboardValidationMessages =
    list_of("DashboardValidationMessages", kDashboardValidationMessage);
constexpr auto kPutDashboardOutputMembers =
    members(member<&PutDashboardOutput::dashboard_validation_messages>(
        "DashboardValidationMessages", kDashboardValidationMessages, Use::Refused));
constexpr auto kPutDashboardOutput =
    structure<PutDashboardOutput>("PutDashboardOutput", kPutDashboardOutputMembers);
constexpr auto kPutInsightRuleInputMembers =
    members(member<&PutInsightRuleInput::rule_name>("RuleName", kInsightRuleName, Use::Refused,
                                                    {.required = true}),
            member<&PutInsightRuleInput::rule_state>("RuleState", kInsightRuleState, Use::Refused),
            member<&PutInsightRuleInput::rule_definition>("RuleDefinition", kInsightRuleDefinition,
                                                          Use::Refused, {.required = true}),
            member<&PutInsightRuleInput::tags>("Tags", kTagList, Use::Refused),
            member<&PutInsightRuleInput::apply_on_transformed_logs>(
                "ApplyOnTransformedLogs", kInsightRuleOnTransformedLogs, Use::Refused));
constexpr auto kPutInsightRuleInput =
    structure<PutInsightRuleInput>("PutInsightRuleInput", kPutInsightRuleInputMembers);
constexpr auto kPutInsightRuleOutput =
    empty_structure<PutInsightRuleOutput>("PutInsightRuleOutput");
constexpr auto kPutLogAlarmInputMembers = members(
    member<&PutLogAlarmInput::alarm_name>("AlarmName", kAlarmName, Use::Refused,
                                          {.required = true}),
    member<&PutLogAlarmInput::alarm_description>("AlarmDescription", kAlarmDescription,
                                                 Use::Refused),
    member<&PutLogAlarmInput::scheduled_query_configuration>("ScheduledQueryConfiguration",
                                                             kScheduledQueryConfiguration,
                                                             Use::Refused, {.required = true}),
    member<&PutLogAlarmInput::action_log_line_count>("ActionLogLineCount", kActionLogLineCount,
                                                     Use::Refused),
    member<&PutLogAlarmInput::action_log_line_role_arn>("ActionLogLineRoleArn",
                                                        kActionLogLineRoleArn, Use::Refused),
    member<&PutLogAlarmInput::actions_enabled>("ActionsEnabled", kActionsEnabled, Use::Refused),
    member<&PutLogAlarmInput::ok_actions>("OKActions", kResourceList, Use::Refused),
    member<&PutLogAlarmInput::alarm_actions>("AlarmActions", kResourceList, Use::Refused),
    member<&PutLogAlarmInput::insufficient_data_actions>("InsufficientDataActions", kResourceList,
                                                         Use::Refused),
    member<&PutLogAlarmInput::query_results_to_evaluate>(
        "QueryResultsToEvaluate", kQueryResultsToEvaluate, Use::Refused, {.required = true}),
    member<&PutLogAlarmInput::query_results_to_alarm>("QueryResultsToAlarm", kQueryResultsToAlarm,
                                                      Use::Refused, {.required = true}),
    member<&PutLogAlarmInput::threshold>("Threshold", kThreshold, Use::Refused, {.required = true}),
    member<&PutLogAlarmInput::comparison_operator>("ComparisonOperator", kComparisonOperator,
                                                   Use::Refused, {.required = true}),
    member<&PutLogAlarmInput::treat_missing_data>("TreatMissingData", kTreatMissingData,
                                                  Use::Refused),
    member<&PutLogAlarmInput::tags>("Tags", kTagList, Use::Refused));
constexpr auto kPutLogAlarmInput =
    structure<PutLogAlarmInput>("PutLogAlarmInput", kPutLogAlarmInputMembers);
constexpr auto kManagedRuleMembers =
    members(member<&ManagedRule::template_name>("TemplateName", kTemplateName, Use::Refused,
                                                {.required = true}),
            member<&ManagedRule::resource_arn>("ResourceARN", kAmazonResourceName, Use::Refused,
                                               {.required = true}),
            member<&ManagedRule::tags>("Tags", kTagList, Use::Refused));
constexpr auto kManagedRule = structure<ManagedRule>("ManagedRule", kManagedRuleMembers);
constexpr auto kManagedRules = list_of("ManagedRules", kManagedRule);
constexpr auto kPutManagedInsightRulesInputMembers =
    members(member<&PutManagedInsightRulesInput::managed_rules>("ManagedRules", kManagedRules,
                                                                Use::Refused, {.required = true}));
constexpr auto kPutManagedInsightRulesInput = structure<PutManagedInsightRulesInput>(
    "PutManagedInsightRulesInput", kPutManagedInsightRulesInputMembers);
constexpr auto kPutManagedInsightRulesOutputMembers = members(
    member<&PutManagedInsightRulesOutput::failures>("Failures", kBatchFailures, Use::Refused));
constexpr auto kPutManagedInsightRulesOutput = structure<PutManagedInsightRulesOutput>(
    "PutManagedInsightRulesOutput", kPutManagedInsightRulesOutputMembers);
constexpr auto kPutMetricAlarmInputMembers = members(
    member<&PutMetricAlarmInput::alarm_name>("AlarmName", kAlarmName, Use::Refused,
                                             {.required = true}),
    member<&PutMetricAlarmInput::alarm_description>("AlarmDescription", kAlarmDescription,
                                                    Use::Refused),
    member<&PutMetricAlarmInput::actions_enabled>("ActionsEnabled", kActionsEnabled, Use::Refused),
    member<&PutMetricAlarmInput::ok_actions>("OKActions", kResourceList, Use::Refused),
    member<&PutMetricAlarmInput::alarm_actions>("AlarmActions", kResourceList, Use::Refused),
    member<&PutMetricAlarmInput::insufficient_data_actions>("InsufficientDataActions",
                                                            kResourceList, Use::Refused),
    member<&PutMetricAlarmInput::metric_name>("MetricName", kMetricName, Use::Refused),
    member<&PutMetricAlarmInput::metric_namespace>("Namespace", kNamespace, Use::Refused),
    member<&PutMetricAlarmInput::statistic>("Statistic", kStatistic, Use::Refused),
    member<&PutMetricAlarmInput::extended_statistic>("ExtendedStatistic", kExtendedStatistic,
                                                     Use::Refused),
    member<&PutMetricAlarmInput::dimensions>("Dimensions", kDimensions, Use::Refused),
    member<&PutMetricAlarmInput::period>("Period", kPeriod, Use::Refused),
    member<&PutMetricAlarmInput::unit>("Unit", kStandardUnit, Use::Refused),
    member<&PutMetricAlarmInput::evaluation_periods>("EvaluationPeriods", kEvaluationPeriods,
                                                     Use::Refused),
    member<&PutMetricAlarmInput::datapoints_to_alarm>("DatapointsToAlarm", kDatapointsToAlarm,
                                                      Use::Refused),
    member<&PutMetricAlarmInput::threshold>("Threshold", kThreshold, Use::Refused),
    member<&PutMetricAlarmInput::comparison_operator>("ComparisonOperator", kComparisonOperator,
                                                      Use::Refused),
    member<&PutMetricAlarmInput::treat_missing_data>("TreatMissingData", kTreatMissingData,
                                                     Use::Refused),
    member<&PutMetricAlarmInput::evaluate_low_sample_count_percentile>(
        "EvaluateLowSampleCountPercentile", kEvaluateLowSampleCountPercentile, Use::Refused),
    member<&PutMetricAlarmInput::metrics>("Metrics", kMetricDataQueries, Use::Refused),
    member<&PutMetricAlarmInput::tags>("Tags", kTagList, Use::Refused),
    member<&PutMetricAlarmInput::threshold_metric_id>("ThresholdMetricId", kMetricId, Use::Refused),
    member<&PutMetricAlarmInput::evaluation_window>("EvaluationWindow", kEvaluationWindow,
                                                    Use::Refused),
    member<&PutMetricAlarmInput::evaluation_criteria>("EvaluationCriteria", kEvaluationCriteria,
                                                      Use::Refused),
    member<&PutMetricAlarmInput::evaluation_interval>("EvaluationInterval", kEvaluationInterval,
                                                      Use::Refused));
constexpr auto kPutMetricAlarmInput =
    structure<PutMetricAlarmInput>("PutMetricAlarmInput", kPutMetricAlarmInputMembers);
constexpr auto kPutMetricStreamInputMembers =
    members(member<&PutMetricStreamInput::name>("Name", kMetricStreamName, Use::Refused,
                                                {.required = true}),
            member<&PutMetricStreamInput::include_filters>("IncludeFilters", kMetricStreamFilters,
                                                           Use::Refused),
            member<&PutMetricStreamInput::exclude_filters>("ExcludeFilters", kMetricStreamFilters,
                                                           Use::Refused),
            member<&PutMetricStreamInput::firehose_arn>("FirehoseArn", kAmazonResourceName,
                                                        Use::Refused, {.required = true}),
            member<&PutMetricStreamInput::role_arn>("RoleArn", kAmazonResourceName, Use::Refused,
                                                    {.required = true}),
            member<&PutMetricStreamInput::output_format>("OutputFormat", kMetricStreamOutputFormat,
                                                         Use::Refused, {.required = true}),
            member<&PutMetricStreamInput::tags>("Tags", kTagList, Use::Refused),
            member<&PutMetricStreamInput::statistics_configurations>(
                "StatisticsConfigurations", kMetricStreamStatisticsConfigurations, Use::Refused),
            member<&PutMetricStreamInput::include_linked_accounts_metrics>(
                "IncludeLinkedAccountsMetrics", kIncludeLinkedAccountsMetrics, Use::Refused));
constexpr auto kPutMetricStreamInput =
    structure<PutMetricStreamInput>("PutMetricStreamInput", kPutMetricStreamInputMembers);
constexpr auto kPutMetricStreamOutputMembers =
    members(member<&PutMetricStreamOutput::arn>("Arn", kAmazonResourceName, Use::Refused));
constexpr auto kPutMetricStreamOutput =
    structure<PutMetricStreamOutput>("PutMetricStreamOutput", kPutMetricStreamOutputMembers);
constexpr auto kSetAlarmStateInputMembers =
    members(member<&SetAlarmStateInput::alarm_name>("AlarmName", kAlarmName, Use::Refused,
                                                    {.required = true}),
            member<&SetAlarmStateInput::state_value>("StateValue", kStateValue, Use::Refused,
                                                     {.required = true}),
            member<&SetAlarmStateInput::state_reason>("StateReason", kStateReason, Use::Refused,
                                                      {.required = true}),
            member<&SetAlarmStateInput::state_reason_data>("StateReasonData", kStateReasonData,
                                                           Use::Refused));
constexpr auto kSetAlarmStateInput =
    structure<SetAlarmStateInput>("SetAlarmStateInput", kSetAlarmStateInputMembers);
constexpr auto kMetricStreamNames = list_of("MetricStreamNames", kMetricStreamName);
constexpr auto kStartMetricStreamsInputMembers = members(member<&StartMetricStreamsInput::names>(
    "Names", kMetricStreamNames, Use::Refused, {.required = true}));
constexpr auto kStartMetricStreamsInput =
    structure<StartMetricStreamsInput>("StartMetricStreamsInput", kStartMetricStreamsInputMembers);
constexpr auto kStartMetricStreamsOutput =
    empty_structure<StartMetricStreamsOutput>("StartMetricStreamsOutput");
constexpr auto kStartOTelEnrichmentInput =
    empty_structure<StartOTelEnrichmentInput>("StartOTelEnrichmentInput");
constexpr auto kStartOTelEnrichmentOutput =
    empty_structure<StartOTelEnrichmentOutput>("StartOTelEnrichmentOutput");
constexpr auto kStopMetricStreamsInputMembers = members(member<&StopMetricStreamsInput::names>(
    "Names", kMetricStreamNames, Use::Refused, {.required = true}));
constexpr auto kStopMetricStreamsInput =
    structure<StopMetricStreamsInput>("StopMetricStreamsInput", kStopMetricStreamsInputMembers);
constexpr auto kStopMetricStreamsOutput =
    empty_structure<StopMetricStreamsOutput>("StopMetricStreamsOutput");
constexpr auto kStopOTelEnrichmentInput =
    empty_structure<StopOTelEnrichmentInput>("StopOTelEnrichmentInput");
constexpr auto kStopOTelEnrichmentOutput =
    empty_structure<StopOTelEnrichmentOutput>("StopOTelEnrichmentOutput");
constexpr auto kTagResourceInputMembers =
    members(member<&TagResourceInput::resource_arn>("ResourceARN", kAmazonResourceName,
                                                    Use::Refused, {.required = true}),
            member<&TagResourceInput::tags>("Tags", kTagList, Use::Refused, {.required = true}));
constexpr auto kTagResourceInput =
    structure<TagResourceInput>("TagResourceInput", kTagResourceInputMembers);
constexpr auto kTagResourceOutput = empty_structure<TagResourceOutput>("TagResourceOutput");
constexpr auto kTagKeyList = list_of("TagKeyList", kTagKey);
constexpr auto kUntagResourceInputMembers =
    members(member<&UntagResourceInput::resource_arn>("ResourceARN", kAmazonResourceName,
                                                      Use::Refused, {.required = true}),
            member<&UntagResourceInput::tag_keys>("TagKeys", kTagKeyList, Use::Refused,
                                                  {.required = true}));
constexpr auto kUntagResourceInput =
    structure<UntagResourceInput>("UntagResourceInput", kUntagResourceInputMembers);
constexpr auto kUntagResourceOutput = empty_structure<UntagResourceOutput>("UntagResourceOutput");

constexpr OperationShapes kOperations[] = {
    operation("AssociateDatasetKmsKey", kAssociateDatasetKmsKeyInput,
              &kAssociateDatasetKmsKeyOutput),
    operation("DeleteAlarmMuteRule", kDeleteAlarmMuteRuleInput, nullptr),
    operation("DeleteAlarms", kDeleteAlarmsInput, nullptr),
    operation("DeleteAnomalyDetector", kDeleteAnomalyDetectorInput, &kDeleteAnomalyDetectorOutput),
    operation("DeleteDashboards", kDeleteDashboardsInput, &kDeleteDashboardsOutput),
    operation("DeleteInsightRules", kDeleteInsightRulesInput, &kDeleteInsightRulesOutput),
    operation("DeleteMetricStream", kDeleteMetricStreamInput, &kDeleteMetricStreamOutput),
    operation("DescribeAlarmContributors", kDescribeAlarmContributorsInput,
              &kDescribeAlarmContributorsOutput),
    operation("DescribeAlarmHistory", kDescribeAlarmHistoryInput, &kDescribeAlarmHistoryOutput),
    operation("DescribeAlarms", kDescribeAlarmsInput, &kDescribeAlarmsOutput),
    operation("DescribeAlarmsForMetric", kDescribeAlarmsForMetricInput,
              &kDescribeAlarmsForMetricOutput),
    operation("DescribeAnomalyDetectors", kDescribeAnomalyDetectorsInput,
              &kDescribeAnomalyDetectorsOutput),
    operation("DescribeInsightRules", kDescribeInsightRulesInput, &kDescribeInsightRulesOutput),
    operation("DisableAlarmActions", kDisableAlarmActionsInput, nullptr),
    operation("DisableInsightRules", kDisableInsightRulesInput, &kDisableInsightRulesOutput),
    operation("DisassociateDatasetKmsKey", kDisassociateDatasetKmsKeyInput,
              &kDisassociateDatasetKmsKeyOutput),
    operation("EnableAlarmActions", kEnableAlarmActionsInput, nullptr),
    operation("EnableInsightRules", kEnableInsightRulesInput, &kEnableInsightRulesOutput),
    operation("GetAlarmMuteRule", kGetAlarmMuteRuleInput, &kGetAlarmMuteRuleOutput),
    operation("GetDashboard", kGetDashboardInput, &kGetDashboardOutput),
    operation("GetDataset", kGetDatasetInput, &kGetDatasetOutput),
    operation("GetInsightRuleReport", kGetInsightRuleReportInput, &kGetInsightRuleReportOutput),
    operation("GetMetricData", kGetMetricDataInput, &kGetMetricDataOutput),
    operation("GetMetricStatistics", kGetMetricStatisticsInput, &kGetMetricStatisticsOutput),
    operation("GetMetricStream", kGetMetricStreamInput, &kGetMetricStreamOutput),
    operation("GetMetricWidgetImage", kGetMetricWidgetImageInput, &kGetMetricWidgetImageOutput),
    operation("GetOTelEnrichment", kGetOTelEnrichmentInput, &kGetOTelEnrichmentOutput),
    operation("ListAlarmMuteRules", kListAlarmMuteRulesInput, &kListAlarmMuteRulesOutput),
    operation("ListDashboards", kListDashboardsInput, &kListDashboardsOutput),
    operation("ListManagedInsightRules", kListManagedInsightRulesInput,
              &kListManagedInsightRulesOutput),
    operation("ListMetricStreams", kListMetricStreamsInput, &kListMetricStreamsOutput),
    operation("ListMetrics", kListMetricsInput, &kListMetricsOutput),
    operation("ListTagsForResource", kListTagsForResourceInput, &kListTagsForResourceOutput),
    operation("PutAlarmMuteRule", kPutAlarmMuteRuleInput, nullptr),
    operation("PutAnomalyDetector", kPutAnomalyDetectorInput, &kPutAnomalyDetectorOutput),
    operation("PutCompositeAlarm", kPutCompositeAlarmInput, nullptr),
    operation("PutDashboard", kPutDashboardInput, &kPutDashboardOutput),
    operation("PutInsightRule", kPutInsightRuleInput, &kPutInsightRuleOutput),
    operation("PutLogAlarm", kPutLogAlarmInput, nullptr),
    operation("PutManagedInsightRules", kPutManagedInsightRulesInput,
              &kPutManagedInsightRulesOutput),
    operation("PutMetricAlarm", kPutMetricAlarmInput, nullptr),
    operation("PutMetricData", kPutMetricDataInput, nullptr),
    operation("PutMetricStream", kPutMetricStreamInput, &kPutMetricStreamOutput),
    operation("SetAlarmState", kSetAlarmStateInput, nullptr),
    operation("StartMetricStreams", kStartMetricStreamsInput, &kStartMetricStreamsOutput),
    operation("StartOTelEnrichment", kStartOTelEnrichmentInput, &kStartOTelEnrichmentOutput),
    operation("StopMetricStreams", kStopMetricStreamsInput, &kStopMetricStreamsOutput),
    operation("StopOTelEnrichment", kStopOTelEnrichmentInput, &kStopOTelEnrichmentOutput),
    operation("TagResource", kTagResourceInput, &kTagResourceOutput),
    operation("UntagResource", kUntagResourceInput, &kUntagResourceOutput),
};

}  // namespace

std::span<const OperationShapes> operation_shapes() { return kOperations; }

}  // namespace kansoku::aws::monitoring
