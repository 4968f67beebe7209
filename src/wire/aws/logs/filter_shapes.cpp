#include "wire/aws/logs/common_shapes.h"

namespace kansoku::aws::logs {
namespace {

constexpr auto kFilterName =
    text("FilterName", {.min = 1, .max = 512, .pattern = kStreamNamePattern});
constexpr auto kDeleteMetricFilterInputMembers =
    members(member<&DeleteMetricFilterInput::log_group_name>("logGroupName", kLogGroupName,
                                                             Use::Used, {.required = true}),
            member<&DeleteMetricFilterInput::filter_name>("filterName", kFilterName, Use::Used,
                                                          {.required = true}));
constexpr auto kDeleteMetricFilterInput =
    structure<DeleteMetricFilterInput>("DeleteMetricFilterInput", kDeleteMetricFilterInputMembers);
constexpr auto kDeleteSubscriptionFilterInputMembers =
    members(member<&DeleteSubscriptionFilterInput::log_group_name>("logGroupName", kLogGroupName,
                                                                   Use::Used, {.required = true}),
            member<&DeleteSubscriptionFilterInput::filter_name>("filterName", kFilterName,
                                                                Use::Used, {.required = true}));
constexpr auto kDeleteSubscriptionFilterInput = structure<DeleteSubscriptionFilterInput>(
    "DeleteSubscriptionFilterInput", kDeleteSubscriptionFilterInputMembers);
constexpr auto kMetricName = text("MetricName", {.max = 255, .pattern = kMetricNamePattern});
constexpr auto kMetricNamespace =
    text("MetricNamespace", {.max = 255, .pattern = kMetricNamePattern});
constexpr auto kDescribeMetricFiltersInputMembers = members(
    member<&DescribeMetricFiltersInput::log_group_name>("logGroupName", kLogGroupName, Use::Used),
    member<&DescribeMetricFiltersInput::filter_name_prefix>("filterNamePrefix", kFilterName,
                                                            Use::Used),
    member<&DescribeMetricFiltersInput::next_token>("nextToken", kNextToken, Use::Used),
    member<&DescribeMetricFiltersInput::limit>("limit", kDescribeLimit, Use::Used),
    member<&DescribeMetricFiltersInput::metric_name>("metricName", kMetricName, Use::Used),
    member<&DescribeMetricFiltersInput::metric_namespace>("metricNamespace", kMetricNamespace,
                                                          Use::Used));
constexpr auto kDescribeMetricFiltersInput = structure<DescribeMetricFiltersInput>(
    "DescribeMetricFiltersInput", kDescribeMetricFiltersInputMembers);
constexpr auto kMetricValue = text("MetricValue", {.max = 100});
constexpr auto kDefaultValue = number<double>("DefaultValue");
constexpr auto kDimensionsValue = text("DimensionsValue", {.max = 255});
constexpr auto kDimensions = map_of("Dimensions", kDimensionsValue);
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
constexpr auto kMetricTransformationMembers =
    members(member<&MetricTransformation::metric_name>("metricName", kMetricName, Use::Used,
                                                       {.required = true}),
            member<&MetricTransformation::metric_namespace>("metricNamespace", kMetricNamespace,
                                                            Use::Used, {.required = true}),
            member<&MetricTransformation::metric_value>("metricValue", kMetricValue, Use::Used,
                                                        {.required = true}),
            member<&MetricTransformation::default_value>("defaultValue", kDefaultValue, Use::Used),
            member<&MetricTransformation::dimensions>("dimensions", kDimensions, Use::Used),
            member<&MetricTransformation::unit>("unit", kStandardUnit, Use::Used));
constexpr auto kMetricTransformation =
    structure<MetricTransformation>("MetricTransformation", kMetricTransformationMembers);
constexpr auto kMetricTransformations =
    list_of("MetricTransformations", kMetricTransformation, {.min = 1, .max = 1});
constexpr auto kApplyOnTransformedLogs = boolean("ApplyOnTransformedLogs");
constexpr auto kFieldSelectionCriteria = text("FieldSelectionCriteria", {.min = 0, .max = 2000});
constexpr auto kSystemField = text("SystemField");
constexpr auto kEmitSystemFields = list_of("EmitSystemFields", kSystemField);
constexpr auto kMetricFilterMembers =
    members(member<&MetricFilter::filter_name>("filterName", kFilterName, Use::Used),
            member<&MetricFilter::filter_pattern>("filterPattern", kFilterPattern, Use::Used),
            member<&MetricFilter::metric_transformations>("metricTransformations",
                                                          kMetricTransformations, Use::Used),
            member<&MetricFilter::creation_time>("creationTime", kTimestamp, Use::Used),
            member<&MetricFilter::log_group_name>("logGroupName", kLogGroupName, Use::Used),
            member<&MetricFilter::apply_on_transformed_logs>("applyOnTransformedLogs",
                                                             kApplyOnTransformedLogs, Use::Used),
            member<&MetricFilter::field_selection_criteria>("fieldSelectionCriteria",
                                                            kFieldSelectionCriteria, Use::Used),
            member<&MetricFilter::emit_system_field_dimensions>("emitSystemFieldDimensions",
                                                                kEmitSystemFields, Use::Used));
constexpr auto kMetricFilter = structure<MetricFilter>("MetricFilter", kMetricFilterMembers);
constexpr auto kMetricFilters = list_of("MetricFilters", kMetricFilter);
constexpr auto kDescribeMetricFiltersOutputMembers =
    members(member<&DescribeMetricFiltersOutput::metric_filters>("metricFilters", kMetricFilters,
                                                                 Use::Used),
            member<&DescribeMetricFiltersOutput::next_token>("nextToken", kNextToken, Use::Used));
constexpr auto kDescribeMetricFiltersOutput = structure<DescribeMetricFiltersOutput>(
    "DescribeMetricFiltersOutput", kDescribeMetricFiltersOutputMembers);
constexpr auto kDescribeSubscriptionFiltersInputMembers = members(
    member<&DescribeSubscriptionFiltersInput::log_group_name>("logGroupName", kLogGroupName,
                                                              Use::Used, {.required = true}),
    member<&DescribeSubscriptionFiltersInput::filter_name_prefix>("filterNamePrefix", kFilterName,
                                                                  Use::Used),
    member<&DescribeSubscriptionFiltersInput::next_token>("nextToken", kNextToken, Use::Used),
    member<&DescribeSubscriptionFiltersInput::limit>("limit", kDescribeLimit, Use::Used));
constexpr auto kDescribeSubscriptionFiltersInput = structure<DescribeSubscriptionFiltersInput>(
    "DescribeSubscriptionFiltersInput", kDescribeSubscriptionFiltersInputMembers);
constexpr auto kDestinationArn = text("DestinationArn", {.min = 1});
constexpr std::string_view kDistributionValues[] = {"Random", "ByLogStream"};
constexpr auto kDistribution = text("Distribution", {.values = kDistributionValues});
constexpr auto kSubscriptionFilterMembers = members(
    member<&SubscriptionFilter::filter_name>("filterName", kFilterName, Use::Used),
    member<&SubscriptionFilter::log_group_name>("logGroupName", kLogGroupName, Use::Used),
    member<&SubscriptionFilter::filter_pattern>("filterPattern", kFilterPattern, Use::Used),
    member<&SubscriptionFilter::destination_arn>("destinationArn", kDestinationArn, Use::Used),
    member<&SubscriptionFilter::role_arn>("roleArn", kRoleArn, Use::Used),
    member<&SubscriptionFilter::distribution>("distribution", kDistribution, Use::Used),
    member<&SubscriptionFilter::apply_on_transformed_logs>("applyOnTransformedLogs",
                                                           kApplyOnTransformedLogs, Use::Used),
    member<&SubscriptionFilter::creation_time>("creationTime", kTimestamp, Use::Used),
    member<&SubscriptionFilter::field_selection_criteria>("fieldSelectionCriteria",
                                                          kFieldSelectionCriteria, Use::Used),
    member<&SubscriptionFilter::emit_system_fields>("emitSystemFields", kEmitSystemFields,
                                                    Use::Used));
constexpr auto kSubscriptionFilter =
    structure<SubscriptionFilter>("SubscriptionFilter", kSubscriptionFilterMembers);
constexpr auto kSubscriptionFilters = list_of("SubscriptionFilters", kSubscriptionFilter);
constexpr auto kDescribeSubscriptionFiltersOutputMembers = members(
    member<&DescribeSubscriptionFiltersOutput::subscription_filters>(
        "subscriptionFilters", kSubscriptionFilters, Use::Used),
    member<&DescribeSubscriptionFiltersOutput::next_token>("nextToken", kNextToken, Use::Used));
constexpr auto kDescribeSubscriptionFiltersOutput = structure<DescribeSubscriptionFiltersOutput>(
    "DescribeSubscriptionFiltersOutput", kDescribeSubscriptionFiltersOutputMembers);
constexpr auto kPutMetricFilterInputMembers =
    members(member<&PutMetricFilterInput::log_group_name>("logGroupName", kLogGroupName, Use::Used,
                                                          {.required = true}),
            member<&PutMetricFilterInput::filter_name>("filterName", kFilterName, Use::Used,
                                                       {.required = true}),
            member<&PutMetricFilterInput::filter_pattern>("filterPattern", kFilterPattern,
                                                          Use::Used, {.required = true}),
            member<&PutMetricFilterInput::metric_transformations>(
                "metricTransformations", kMetricTransformations, Use::Used, {.required = true}),
            member<&PutMetricFilterInput::apply_on_transformed_logs>(
                "applyOnTransformedLogs", kApplyOnTransformedLogs, Use::Used),
            member<&PutMetricFilterInput::field_selection_criteria>(
                "fieldSelectionCriteria", kFieldSelectionCriteria, Use::Refused),
            member<&PutMetricFilterInput::emit_system_field_dimensions>(
                "emitSystemFieldDimensions", kEmitSystemFields, Use::Refused));
constexpr auto kPutMetricFilterInput =
    structure<PutMetricFilterInput>("PutMetricFilterInput", kPutMetricFilterInputMembers);
constexpr auto kPutSubscriptionFilterInputMembers = members(
    member<&PutSubscriptionFilterInput::log_group_name>("logGroupName", kLogGroupName, Use::Used,
                                                        {.required = true}),
    member<&PutSubscriptionFilterInput::filter_name>("filterName", kFilterName, Use::Used,
                                                     {.required = true}),
    member<&PutSubscriptionFilterInput::filter_pattern>("filterPattern", kFilterPattern, Use::Used,
                                                        {.required = true}),
    member<&PutSubscriptionFilterInput::destination_arn>("destinationArn", kDestinationArn,
                                                         Use::Used, {.required = true}),
    member<&PutSubscriptionFilterInput::role_arn>("roleArn", kRoleArn, Use::Used),
    member<&PutSubscriptionFilterInput::distribution>("distribution", kDistribution, Use::Used),
    member<&PutSubscriptionFilterInput::apply_on_transformed_logs>(
        "applyOnTransformedLogs", kApplyOnTransformedLogs, Use::Used),
    member<&PutSubscriptionFilterInput::field_selection_criteria>(
        "fieldSelectionCriteria", kFieldSelectionCriteria, Use::Refused),
    member<&PutSubscriptionFilterInput::emit_system_fields>("emitSystemFields", kEmitSystemFields,
                                                            Use::Refused));
constexpr auto kPutSubscriptionFilterInput = structure<PutSubscriptionFilterInput>(
    "PutSubscriptionFilterInput", kPutSubscriptionFilterInputMembers);
constexpr auto kTestEventMessages =
    list_of("TestEventMessages", kEventMessage, {.min = 1, .max = 50});
constexpr auto kTestMetricFilterInputMembers =
    members(member<&TestMetricFilterInput::filter_pattern>("filterPattern", kFilterPattern,
                                                           Use::Used, {.required = true}),
            member<&TestMetricFilterInput::log_event_messages>(
                "logEventMessages", kTestEventMessages, Use::Used, {.required = true}));
constexpr auto kTestMetricFilterInput =
    structure<TestMetricFilterInput>("TestMetricFilterInput", kTestMetricFilterInputMembers);
constexpr auto kEventNumber = number<int64_t>("EventNumber");
constexpr auto kExtractedValues = map_of("ExtractedValues", kValue);
constexpr auto kMetricFilterMatchRecordMembers = members(
    member<&MetricFilterMatchRecord::event_number>("eventNumber", kEventNumber, Use::Used),
    member<&MetricFilterMatchRecord::event_message>("eventMessage", kEventMessage, Use::Used),
    member<&MetricFilterMatchRecord::extracted_values>("extractedValues", kExtractedValues,
                                                       Use::Used));
constexpr auto kMetricFilterMatchRecord =
    structure<MetricFilterMatchRecord>("MetricFilterMatchRecord", kMetricFilterMatchRecordMembers);
constexpr auto kMetricFilterMatches = list_of("MetricFilterMatches", kMetricFilterMatchRecord);
constexpr auto kTestMetricFilterOutputMembers =
    members(member<&TestMetricFilterOutput::matches>("matches", kMetricFilterMatches, Use::Used));
constexpr auto kTestMetricFilterOutput =
    structure<TestMetricFilterOutput>("TestMetricFilterOutput", kTestMetricFilterOutputMembers);

constexpr OperationShapes kOperations[] = {
    operation("DeleteMetricFilter", kDeleteMetricFilterInput, nullptr),
    operation("DeleteSubscriptionFilter", kDeleteSubscriptionFilterInput, nullptr),
    operation("DescribeMetricFilters", kDescribeMetricFiltersInput, &kDescribeMetricFiltersOutput),
    operation("DescribeSubscriptionFilters", kDescribeSubscriptionFiltersInput,
              &kDescribeSubscriptionFiltersOutput),
    operation("PutMetricFilter", kPutMetricFilterInput, nullptr),
    operation("PutSubscriptionFilter", kPutSubscriptionFilterInput, nullptr),
    operation("TestMetricFilter", kTestMetricFilterInput, &kTestMetricFilterOutput),
};

}  // namespace

std::span<const OperationShapes> filter_operations() { return kOperations; }

}  // namespace kansoku::aws::logs
