// Requests and answers of CloudWatch, all operations of the service model; fields as the
// model names them, in snake case. A table file: one struct a shape, no logic.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/describe/table.h"
#include "wire/aws/operation_shapes.h"

namespace kansoku::aws::monitoring {

struct Dimension {
  std::optional<std::string> name;
  std::optional<std::string> value;
};

struct Metric {
  std::optional<std::string> metric_namespace;
  std::optional<std::string> metric_name;
  std::optional<std::vector<Dimension>> dimensions;
};

struct MetricStat {
  std::optional<Metric> metric;
  std::optional<int32_t> period;
  std::optional<std::string> stat;
  std::optional<std::string> unit;
};

struct MetricDataQuery {
  std::optional<std::string> id;
  std::optional<MetricStat> metric_stat;
  std::optional<std::string> expression;
  std::optional<std::string> label;
  std::optional<bool> return_data;
  std::optional<int32_t> period;
  std::optional<std::string> account_id;
};

struct LabelOptions {
  std::optional<std::string> timezone;
};

struct GetMetricDataInput {
  std::optional<std::vector<MetricDataQuery>> metric_data_queries;
  std::optional<describe::Timestamp> start_time;
  std::optional<describe::Timestamp> end_time;
  std::optional<std::string> next_token;
  std::optional<std::string> scan_by;
  std::optional<int32_t> max_datapoints;
  std::optional<LabelOptions> label_options;
};

struct MessageData {
  std::optional<std::string> code;
  std::optional<std::string> value;
};

struct MetricDataResult {
  std::optional<std::string> id;
  std::optional<std::string> label;
  std::optional<std::vector<describe::Timestamp>> timestamps;
  std::optional<std::vector<double>> values;
  std::optional<std::string> status_code;
  std::optional<std::vector<MessageData>> messages;
};

struct GetMetricDataOutput {
  std::optional<std::vector<MetricDataResult>> metric_data_results;
  std::optional<std::string> next_token;
  std::optional<std::vector<MessageData>> messages;
};

struct GetMetricStatisticsInput {
  std::optional<std::string> metric_namespace;
  std::optional<std::string> metric_name;
  std::optional<std::vector<Dimension>> dimensions;
  std::optional<describe::Timestamp> start_time;
  std::optional<describe::Timestamp> end_time;
  std::optional<int32_t> period;
  std::optional<std::vector<std::string>> statistics;
  std::optional<std::vector<std::string>> extended_statistics;
  std::optional<std::string> unit;
};

struct Datapoint {
  std::optional<describe::Timestamp> timestamp;
  std::optional<double> sample_count;
  std::optional<double> average;
  std::optional<double> sum;
  std::optional<double> minimum;
  std::optional<double> maximum;
  std::optional<std::string> unit;
  std::optional<describe::MapOf<double>> extended_statistics;
};

struct GetMetricStatisticsOutput {
  std::optional<std::string> label;
  std::optional<std::vector<Datapoint>> datapoints;
};

struct DimensionFilter {
  std::optional<std::string> name;
  std::optional<std::string> value;
};

struct ListMetricsInput {
  std::optional<std::string> metric_namespace;
  std::optional<std::string> metric_name;
  std::optional<std::vector<DimensionFilter>> dimensions;
  std::optional<std::string> next_token;
  std::optional<std::string> recently_active;
  std::optional<bool> include_linked_accounts;
  std::optional<std::string> owning_account;
};

struct ListMetricsOutput {
  std::optional<std::vector<Metric>> metrics;
  std::optional<std::string> next_token;
  std::optional<std::vector<std::string>> owning_accounts;
};

struct StatisticSet {
  std::optional<double> sample_count;
  std::optional<double> sum;
  std::optional<double> minimum;
  std::optional<double> maximum;
};

struct MetricDatum {
  std::optional<std::string> metric_name;
  std::optional<std::vector<Dimension>> dimensions;
  std::optional<describe::Timestamp> timestamp;
  std::optional<double> value;
  std::optional<StatisticSet> statistic_values;
  std::optional<std::vector<double>> values;
  std::optional<std::vector<double>> counts;
  std::optional<std::string> unit;
  std::optional<int32_t> storage_resolution;
};

struct Entity {
  std::optional<describe::MapOf<std::string>> key_attributes;
  std::optional<describe::MapOf<std::string>> attributes;
};

struct EntityMetricData {
  std::optional<Entity> entity;
  std::optional<std::vector<MetricDatum>> metric_data;
};

struct PutMetricDataInput {
  std::optional<std::string> metric_namespace;
  std::optional<std::vector<MetricDatum>> metric_data;
  std::optional<std::vector<EntityMetricData>> entity_metric_data;
  std::optional<bool> strict_entity_validation;
};

struct AssociateDatasetKmsKeyInput {
  std::optional<std::string> dataset_identifier;
  std::optional<std::string> kms_key_arn;
};

struct AssociateDatasetKmsKeyOutput {};

struct DeleteAlarmMuteRuleInput {
  std::optional<std::string> alarm_mute_rule_name;
};

struct DeleteAlarmsInput {
  std::optional<std::vector<std::string>> alarm_names;
};

struct SingleMetricAnomalyDetector {
  std::optional<std::string> account_id;
  std::optional<std::string> metric_namespace;
  std::optional<std::string> metric_name;
  std::optional<std::vector<Dimension>> dimensions;
  std::optional<std::string> stat;
};

struct MetricMathAnomalyDetector {
  std::optional<std::vector<MetricDataQuery>> metric_data_queries;
};

struct DeleteAnomalyDetectorInput {
  std::optional<std::string> anomaly_detector_id;
  std::optional<std::string> metric_namespace;
  std::optional<std::string> metric_name;
  std::optional<std::vector<Dimension>> dimensions;
  std::optional<std::string> stat;
  std::optional<SingleMetricAnomalyDetector> single_metric_anomaly_detector;
  std::optional<MetricMathAnomalyDetector> metric_math_anomaly_detector;
};

struct DeleteAnomalyDetectorOutput {};

struct DeleteDashboardsInput {
  std::optional<std::vector<std::string>> dashboard_names;
};

struct DeleteDashboardsOutput {};

struct DeleteInsightRulesInput {
  std::optional<std::vector<std::string>> rule_names;
};

struct PartialFailure {
  std::optional<std::string> failure_resource;
  std::optional<std::string> exception_type;
  std::optional<std::string> failure_code;
  std::optional<std::string> failure_description;
};

struct DeleteInsightRulesOutput {
  std::optional<std::vector<PartialFailure>> failures;
};

struct DeleteMetricStreamInput {
  std::optional<std::string> name;
};

struct DeleteMetricStreamOutput {};

struct DescribeAlarmContributorsInput {
  std::optional<std::string> alarm_name;
  std::optional<std::string> next_token;
};

struct AlarmContributor {
  std::optional<std::string> contributor_id;
  std::optional<describe::MapOf<std::string>> contributor_attributes;
  std::optional<std::string> state_reason;
  std::optional<describe::Timestamp> state_transitioned_timestamp;
};

struct DescribeAlarmContributorsOutput {
  std::optional<std::vector<AlarmContributor>> alarm_contributors;
  std::optional<std::string> next_token;
};

struct DescribeAlarmHistoryInput {
  std::optional<std::string> alarm_name;
  std::optional<std::string> alarm_contributor_id;
  std::optional<std::vector<std::string>> alarm_types;
  std::optional<std::string> history_item_type;
  std::optional<describe::Timestamp> start_date;
  std::optional<describe::Timestamp> end_date;
  std::optional<int32_t> max_records;
  std::optional<std::string> next_token;
  std::optional<std::string> scan_by;
};

struct AlarmHistoryItem {
  std::optional<std::string> alarm_name;
  std::optional<std::string> alarm_contributor_id;
  std::optional<std::string> alarm_type;
  std::optional<describe::Timestamp> timestamp;
  std::optional<std::string> history_item_type;
  std::optional<std::string> history_summary;
  std::optional<std::string> history_data;
  std::optional<describe::MapOf<std::string>> alarm_contributor_attributes;
};

struct DescribeAlarmHistoryOutput {
  std::optional<std::vector<AlarmHistoryItem>> alarm_history_items;
  std::optional<std::string> next_token;
};

struct DescribeAlarmsInput {
  std::optional<std::vector<std::string>> alarm_names;
  std::optional<std::string> alarm_name_prefix;
  std::optional<std::vector<std::string>> alarm_types;
  std::optional<std::string> children_of_alarm_name;
  std::optional<std::string> parents_of_alarm_name;
  std::optional<std::string> state_value;
  std::optional<std::string> action_prefix;
  std::optional<int32_t> max_records;
  std::optional<std::string> next_token;
};

struct CompositeAlarm {
  std::optional<bool> actions_enabled;
  std::optional<std::vector<std::string>> alarm_actions;
  std::optional<std::string> alarm_arn;
  std::optional<describe::Timestamp> alarm_configuration_updated_timestamp;
  std::optional<std::string> alarm_description;
  std::optional<std::string> alarm_name;
  std::optional<std::string> alarm_rule;
  std::optional<std::vector<std::string>> insufficient_data_actions;
  std::optional<std::vector<std::string>> ok_actions;
  std::optional<std::string> state_reason;
  std::optional<std::string> state_reason_data;
  std::optional<describe::Timestamp> state_updated_timestamp;
  std::optional<std::string> state_value;
  std::optional<describe::Timestamp> state_transitioned_timestamp;
  std::optional<std::string> actions_suppressed_by;
  std::optional<std::string> actions_suppressed_reason;
  std::optional<std::string> actions_suppressor;
  std::optional<int32_t> actions_suppressor_wait_period;
  std::optional<int32_t> actions_suppressor_extension_period;
};

struct WallClockWindow {
  std::optional<std::string> timezone;
};

struct SlidingWindow {};

struct EvaluationWindow {
  std::optional<WallClockWindow> wall_clock_window;
  std::optional<SlidingWindow> sliding_window;
};

struct AlarmPromQLCriteria {
  std::optional<std::string> query;
  std::optional<int32_t> pending_period;
  std::optional<int32_t> recovery_period;
};

struct EvaluationCriteria {
  std::optional<AlarmPromQLCriteria> prom_ql_criteria;
};

struct MetricAlarm {
  std::optional<std::string> alarm_name;
  std::optional<std::string> alarm_arn;
  std::optional<std::string> alarm_description;
  std::optional<describe::Timestamp> alarm_configuration_updated_timestamp;
  std::optional<bool> actions_enabled;
  std::optional<std::vector<std::string>> ok_actions;
  std::optional<std::vector<std::string>> alarm_actions;
  std::optional<std::vector<std::string>> insufficient_data_actions;
  std::optional<std::string> state_value;
  std::optional<std::string> state_reason;
  std::optional<std::string> state_reason_data;
  std::optional<describe::Timestamp> state_updated_timestamp;
  std::optional<std::string> metric_name;
  std::optional<std::string> metric_namespace;
  std::optional<std::string> statistic;
  std::optional<std::string> extended_statistic;
  std::optional<std::vector<Dimension>> dimensions;
  std::optional<int32_t> period;
  std::optional<std::string> unit;
  std::optional<int32_t> evaluation_periods;
  std::optional<int32_t> datapoints_to_alarm;
  std::optional<double> threshold;
  std::optional<std::string> comparison_operator;
  std::optional<std::string> treat_missing_data;
  std::optional<std::string> evaluate_low_sample_count_percentile;
  std::optional<std::vector<MetricDataQuery>> metrics;
  std::optional<std::string> threshold_metric_id;
  std::optional<std::string> evaluation_state;
  std::optional<describe::Timestamp> state_transitioned_timestamp;
  std::optional<EvaluationWindow> evaluation_window;
  std::optional<EvaluationCriteria> evaluation_criteria;
  std::optional<int32_t> evaluation_interval;
};

struct ScheduleConfiguration {
  std::optional<std::string> schedule_expression;
  std::optional<int64_t> start_time_offset;
  std::optional<int64_t> end_time_offset;
};

struct Tag {
  std::optional<std::string> key;
  std::optional<std::string> value;
};

struct ScheduledQueryConfiguration {
  std::optional<std::string> query_string;
  std::optional<std::vector<std::string>> log_group_identifiers;
  std::optional<std::string> query_arn;
  std::optional<std::string> scheduled_query_role_arn;
  std::optional<ScheduleConfiguration> schedule_configuration;
  std::optional<std::string> aggregation_expression;
  std::optional<std::vector<Tag>> tags;
};

struct LogAlarm {
  std::optional<std::string> alarm_name;
  std::optional<std::string> alarm_arn;
  std::optional<std::string> alarm_description;
  std::optional<describe::Timestamp> alarm_configuration_updated_timestamp;
  std::optional<bool> actions_enabled;
  std::optional<std::vector<std::string>> ok_actions;
  std::optional<std::vector<std::string>> alarm_actions;
  std::optional<std::vector<std::string>> insufficient_data_actions;
  std::optional<std::string> state_value;
  std::optional<std::string> state_reason;
  std::optional<std::string> state_reason_data;
  std::optional<describe::Timestamp> state_updated_timestamp;
  std::optional<ScheduledQueryConfiguration> scheduled_query_configuration;
  std::optional<int32_t> query_results_to_evaluate;
  std::optional<int32_t> query_results_to_alarm;
  std::optional<double> threshold;
  std::optional<std::string> comparison_operator;
  std::optional<std::string> treat_missing_data;
  std::optional<describe::Timestamp> state_transitioned_timestamp;
  std::optional<std::string> evaluation_state;
  std::optional<int32_t> action_log_line_count;
  std::optional<std::string> action_log_line_role_arn;
};

struct DescribeAlarmsOutput {
  std::optional<std::vector<CompositeAlarm>> composite_alarms;
  std::optional<std::vector<MetricAlarm>> metric_alarms;
  std::optional<std::vector<LogAlarm>> log_alarms;
  std::optional<std::string> next_token;
};

struct DescribeAlarmsForMetricInput {
  std::optional<std::string> metric_name;
  std::optional<std::string> metric_namespace;
  std::optional<std::string> statistic;
  std::optional<std::string> extended_statistic;
  std::optional<std::vector<Dimension>> dimensions;
  std::optional<int32_t> period;
  std::optional<std::string> unit;
};

struct DescribeAlarmsForMetricOutput {
  std::optional<std::vector<MetricAlarm>> metric_alarms;
};

struct DescribeAnomalyDetectorsInput {
  std::optional<std::vector<std::string>> anomaly_detector_ids;
  std::optional<std::string> next_token;
  std::optional<int32_t> max_results;
  std::optional<std::string> metric_namespace;
  std::optional<std::string> metric_name;
  std::optional<std::vector<Dimension>> dimensions;
  std::optional<std::vector<std::string>> anomaly_detector_types;
};

struct Range {
  std::optional<describe::Timestamp> start_time;
  std::optional<describe::Timestamp> end_time;
};

struct AnomalyDetectorConfiguration {
  std::optional<std::vector<Range>> excluded_time_ranges;
  std::optional<std::string> metric_timezone;
};

struct MetricCharacteristics {
  std::optional<bool> periodic_spikes;
};

struct AnomalyDetector {
  std::optional<std::string> anomaly_detector_id;
  std::optional<std::string> metric_namespace;
  std::optional<std::string> metric_name;
  std::optional<std::vector<Dimension>> dimensions;
  std::optional<std::string> stat;
  std::optional<AnomalyDetectorConfiguration> configuration;
  std::optional<std::string> state_value;
  std::optional<MetricCharacteristics> metric_characteristics;
  std::optional<SingleMetricAnomalyDetector> single_metric_anomaly_detector;
  std::optional<MetricMathAnomalyDetector> metric_math_anomaly_detector;
};

struct DescribeAnomalyDetectorsOutput {
  std::optional<std::vector<AnomalyDetector>> anomaly_detectors;
  std::optional<std::string> next_token;
};

struct DescribeInsightRulesInput {
  std::optional<std::string> next_token;
  std::optional<int32_t> max_results;
};

struct InsightRule {
  std::optional<std::string> name;
  std::optional<std::string> state;
  std::optional<std::string> schema;
  std::optional<std::string> definition;
  std::optional<bool> managed_rule;
  std::optional<bool> apply_on_transformed_logs;
};

struct DescribeInsightRulesOutput {
  std::optional<std::string> next_token;
  std::optional<std::vector<InsightRule>> insight_rules;
};

struct DisableAlarmActionsInput {
  std::optional<std::vector<std::string>> alarm_names;
};

struct DisableInsightRulesInput {
  std::optional<std::vector<std::string>> rule_names;
};

struct DisableInsightRulesOutput {
  std::optional<std::vector<PartialFailure>> failures;
};

struct DisassociateDatasetKmsKeyInput {
  std::optional<std::string> dataset_identifier;
};

struct DisassociateDatasetKmsKeyOutput {};

struct EnableAlarmActionsInput {
  std::optional<std::vector<std::string>> alarm_names;
};

struct EnableInsightRulesInput {
  std::optional<std::vector<std::string>> rule_names;
};

struct EnableInsightRulesOutput {
  std::optional<std::vector<PartialFailure>> failures;
};

struct GetAlarmMuteRuleInput {
  std::optional<std::string> alarm_mute_rule_name;
};

struct Schedule {
  std::optional<std::string> expression;
  std::optional<std::string> duration;
  std::optional<std::string> timezone;
};

struct Rule {
  std::optional<Schedule> schedule;
};

struct MuteTargets {
  std::optional<std::vector<std::string>> alarm_names;
};

struct GetAlarmMuteRuleOutput {
  std::optional<std::string> name;
  std::optional<std::string> alarm_mute_rule_arn;
  std::optional<std::string> description;
  std::optional<Rule> rule;
  std::optional<MuteTargets> mute_targets;
  std::optional<describe::Timestamp> start_date;
  std::optional<describe::Timestamp> expire_date;
  std::optional<std::string> status;
  std::optional<describe::Timestamp> last_updated_timestamp;
  std::optional<std::string> mute_type;
};

struct GetDashboardInput {
  std::optional<std::string> dashboard_name;
};

struct GetDashboardOutput {
  std::optional<std::string> dashboard_arn;
  std::optional<std::string> dashboard_body;
  std::optional<std::string> dashboard_name;
};

struct GetDatasetInput {
  std::optional<std::string> dataset_identifier;
};

struct GetDatasetOutput {
  std::optional<std::string> dataset_id;
  std::optional<std::string> arn;
  std::optional<std::string> kms_key_arn;
};

struct GetInsightRuleReportInput {
  std::optional<std::string> rule_name;
  std::optional<describe::Timestamp> start_time;
  std::optional<describe::Timestamp> end_time;
  std::optional<int32_t> period;
  std::optional<int32_t> max_contributor_count;
  std::optional<std::vector<std::string>> metrics;
  std::optional<std::string> order_by;
};

struct InsightRuleContributorDatapoint {
  std::optional<describe::Timestamp> timestamp;
  std::optional<double> approximate_value;
};

struct InsightRuleContributor {
  std::optional<std::vector<std::string>> keys;
  std::optional<double> approximate_aggregate_value;
  std::optional<std::vector<InsightRuleContributorDatapoint>> datapoints;
};

struct InsightRuleMetricDatapoint {
  std::optional<describe::Timestamp> timestamp;
  std::optional<double> unique_contributors;
  std::optional<double> max_contributor_value;
  std::optional<double> sample_count;
  std::optional<double> average;
  std::optional<double> sum;
  std::optional<double> minimum;
  std::optional<double> maximum;
};

struct GetInsightRuleReportOutput {
  std::optional<std::vector<std::string>> key_labels;
  std::optional<std::string> aggregation_statistic;
  std::optional<double> aggregate_value;
  std::optional<int64_t> approximate_unique_count;
  std::optional<std::vector<InsightRuleContributor>> contributors;
  std::optional<std::vector<InsightRuleMetricDatapoint>> metric_datapoints;
};

struct GetMetricStreamInput {
  std::optional<std::string> name;
};

struct MetricStreamFilter {
  std::optional<std::string> metric_namespace;
  std::optional<std::vector<std::string>> metric_names;
};

struct MetricStreamStatisticsMetric {
  std::optional<std::string> metric_namespace;
  std::optional<std::string> metric_name;
};

struct MetricStreamStatisticsConfiguration {
  std::optional<std::vector<MetricStreamStatisticsMetric>> include_metrics;
  std::optional<std::vector<std::string>> additional_statistics;
};

struct GetMetricStreamOutput {
  std::optional<std::string> arn;
  std::optional<std::string> name;
  std::optional<std::vector<MetricStreamFilter>> include_filters;
  std::optional<std::vector<MetricStreamFilter>> exclude_filters;
  std::optional<std::string> firehose_arn;
  std::optional<std::string> role_arn;
  std::optional<std::string> state;
  std::optional<describe::Timestamp> creation_date;
  std::optional<describe::Timestamp> last_update_date;
  std::optional<std::string> output_format;
  std::optional<std::vector<MetricStreamStatisticsConfiguration>> statistics_configurations;
  std::optional<bool> include_linked_accounts_metrics;
};

struct GetMetricWidgetImageInput {
  std::optional<std::string> metric_widget;
  std::optional<std::string> output_format;
};

struct GetMetricWidgetImageOutput {
  std::optional<std::string> metric_widget_image;
};

struct GetOTelEnrichmentInput {};

struct GetOTelEnrichmentOutput {
  std::optional<std::string> status;
};

struct ListAlarmMuteRulesInput {
  std::optional<std::string> alarm_name;
  std::optional<std::vector<std::string>> statuses;
  std::optional<int32_t> max_records;
  std::optional<std::string> next_token;
};

struct AlarmMuteRuleSummary {
  std::optional<std::string> alarm_mute_rule_arn;
  std::optional<describe::Timestamp> expire_date;
  std::optional<std::string> status;
  std::optional<std::string> mute_type;
  std::optional<describe::Timestamp> last_updated_timestamp;
};

struct ListAlarmMuteRulesOutput {
  std::optional<std::vector<AlarmMuteRuleSummary>> alarm_mute_rule_summaries;
  std::optional<std::string> next_token;
};

struct ListDashboardsInput {
  std::optional<std::string> dashboard_name_prefix;
  std::optional<std::string> next_token;
};

struct DashboardEntry {
  std::optional<std::string> dashboard_name;
  std::optional<std::string> dashboard_arn;
  std::optional<describe::Timestamp> last_modified;
  std::optional<int64_t> size;
};

struct ListDashboardsOutput {
  std::optional<std::vector<DashboardEntry>> dashboard_entries;
  std::optional<std::string> next_token;
};

struct ListManagedInsightRulesInput {
  std::optional<std::string> resource_arn;
  std::optional<std::string> next_token;
  std::optional<int32_t> max_results;
};

struct ManagedRuleState {
  std::optional<std::string> rule_name;
  std::optional<std::string> state;
};

struct ManagedRuleDescription {
  std::optional<std::string> template_name;
  std::optional<std::string> resource_arn;
  std::optional<ManagedRuleState> rule_state;
};

struct ListManagedInsightRulesOutput {
  std::optional<std::vector<ManagedRuleDescription>> managed_rules;
  std::optional<std::string> next_token;
};

struct ListMetricStreamsInput {
  std::optional<std::string> next_token;
  std::optional<int32_t> max_results;
};

struct MetricStreamEntry {
  std::optional<std::string> arn;
  std::optional<describe::Timestamp> creation_date;
  std::optional<describe::Timestamp> last_update_date;
  std::optional<std::string> name;
  std::optional<std::string> firehose_arn;
  std::optional<std::string> state;
  std::optional<std::string> output_format;
};

struct ListMetricStreamsOutput {
  std::optional<std::string> next_token;
  std::optional<std::vector<MetricStreamEntry>> entries;
};

struct ListTagsForResourceInput {
  std::optional<std::string> resource_arn;
};

struct ListTagsForResourceOutput {
  std::optional<std::vector<Tag>> tags;
};

struct PutAlarmMuteRuleInput {
  std::optional<std::string> name;
  std::optional<std::string> description;
  std::optional<Rule> rule;
  std::optional<MuteTargets> mute_targets;
  std::optional<std::vector<Tag>> tags;
  std::optional<describe::Timestamp> start_date;
  std::optional<describe::Timestamp> expire_date;
};

struct PutAnomalyDetectorInput {
  std::optional<std::string> metric_namespace;
  std::optional<std::string> metric_name;
  std::optional<std::vector<Dimension>> dimensions;
  std::optional<std::string> stat;
  std::optional<AnomalyDetectorConfiguration> configuration;
  std::optional<MetricCharacteristics> metric_characteristics;
  std::optional<SingleMetricAnomalyDetector> single_metric_anomaly_detector;
  std::optional<MetricMathAnomalyDetector> metric_math_anomaly_detector;
};

struct PutAnomalyDetectorOutput {
  std::optional<std::string> anomaly_detector_id;
};

struct PutCompositeAlarmInput {
  std::optional<bool> actions_enabled;
  std::optional<std::vector<std::string>> alarm_actions;
  std::optional<std::string> alarm_description;
  std::optional<std::string> alarm_name;
  std::optional<std::string> alarm_rule;
  std::optional<std::vector<std::string>> insufficient_data_actions;
  std::optional<std::vector<std::string>> ok_actions;
  std::optional<std::vector<Tag>> tags;
  std::optional<std::string> actions_suppressor;
  std::optional<int32_t> actions_suppressor_wait_period;
  std::optional<int32_t> actions_suppressor_extension_period;
};

struct PutDashboardInput {
  std::optional<std::string> dashboard_name;
  std::optional<std::string> dashboard_body;
  std::optional<std::vector<Tag>> tags;
};

struct DashboardValidationMessage {
  std::optional<std::string> data_path;
  std::optional<std::string> message;
};

struct PutDashboardOutput {
  std::optional<std::vector<DashboardValidationMessage>> dashboard_validation_messages;
};

struct PutInsightRuleInput {
  std::optional<std::string> rule_name;
  std::optional<std::string> rule_state;
  std::optional<std::string> rule_definition;
  std::optional<std::vector<Tag>> tags;
  std::optional<bool> apply_on_transformed_logs;
};

struct PutInsightRuleOutput {};

struct PutLogAlarmInput {
  std::optional<std::string> alarm_name;
  std::optional<std::string> alarm_description;
  std::optional<ScheduledQueryConfiguration> scheduled_query_configuration;
  std::optional<int32_t> action_log_line_count;
  std::optional<std::string> action_log_line_role_arn;
  std::optional<bool> actions_enabled;
  std::optional<std::vector<std::string>> ok_actions;
  std::optional<std::vector<std::string>> alarm_actions;
  std::optional<std::vector<std::string>> insufficient_data_actions;
  std::optional<int32_t> query_results_to_evaluate;
  std::optional<int32_t> query_results_to_alarm;
  std::optional<double> threshold;
  std::optional<std::string> comparison_operator;
  std::optional<std::string> treat_missing_data;
  std::optional<std::vector<Tag>> tags;
};

struct ManagedRule {
  std::optional<std::string> template_name;
  std::optional<std::string> resource_arn;
  std::optional<std::vector<Tag>> tags;
};

struct PutManagedInsightRulesInput {
  std::optional<std::vector<ManagedRule>> managed_rules;
};

struct PutManagedInsightRulesOutput {
  std::optional<std::vector<PartialFailure>> failures;
};

struct PutMetricAlarmInput {
  std::optional<std::string> alarm_name;
  std::optional<std::string> alarm_description;
  std::optional<bool> actions_enabled;
  std::optional<std::vector<std::string>> ok_actions;
  std::optional<std::vector<std::string>> alarm_actions;
  std::optional<std::vector<std::string>> insufficient_data_actions;
  std::optional<std::string> metric_name;
  std::optional<std::string> metric_namespace;
  std::optional<std::string> statistic;
  std::optional<std::string> extended_statistic;
  std::optional<std::vector<Dimension>> dimensions;
  std::optional<int32_t> period;
  std::optional<std::string> unit;
  std::optional<int32_t> evaluation_periods;
  std::optional<int32_t> datapoints_to_alarm;
  std::optional<double> threshold;
  std::optional<std::string> comparison_operator;
  std::optional<std::string> treat_missing_data;
  std::optional<std::string> evaluate_low_sample_count_percentile;
  std::optional<std::vector<MetricDataQuery>> metrics;
  std::optional<std::vector<Tag>> tags;
  std::optional<std::string> threshold_metric_id;
  std::optional<EvaluationWindow> evaluation_window;
  std::optional<EvaluationCriteria> evaluation_criteria;
  std::optional<int32_t> evaluation_interval;
};

struct PutMetricStreamInput {
  std::optional<std::string> name;
  std::optional<std::vector<MetricStreamFilter>> include_filters;
  std::optional<std::vector<MetricStreamFilter>> exclude_filters;
  std::optional<std::string> firehose_arn;
  std::optional<std::string> role_arn;
  std::optional<std::string> output_format;
  std::optional<std::vector<Tag>> tags;
  std::optional<std::vector<MetricStreamStatisticsConfiguration>> statistics_configurations;
  std::optional<bool> include_linked_accounts_metrics;
};

struct PutMetricStreamOutput {
  std::optional<std::string> arn;
};

struct SetAlarmStateInput {
  std::optional<std::string> alarm_name;
  std::optional<std::string> state_value;
  std::optional<std::string> state_reason;
  std::optional<std::string> state_reason_data;
};

struct StartMetricStreamsInput {
  std::optional<std::vector<std::string>> names;
};

struct StartMetricStreamsOutput {};

struct StartOTelEnrichmentInput {};

struct StartOTelEnrichmentOutput {};

struct StopMetricStreamsInput {
  std::optional<std::vector<std::string>> names;
};

struct StopMetricStreamsOutput {};

struct StopOTelEnrichmentInput {};

struct StopOTelEnrichmentOutput {};

struct TagResourceInput {
  std::optional<std::string> resource_arn;
  std::optional<std::vector<Tag>> tags;
};

struct TagResourceOutput {};

struct UntagResourceInput {
  std::optional<std::string> resource_arn;
  std::optional<std::vector<std::string>> tag_keys;
};

struct UntagResourceOutput {};

// All operations of the model, by name.
std::span<const OperationShapes> operation_shapes();

}  // namespace kansoku::aws::monitoring
