// Requests and answers of CloudWatch Logs, the operations that kansoku knows; fields as the
// model names them, in snake case. A table file: one struct a shape, no logic.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/describe/table.h"
#include "wire/aws/operation_shapes.h"

namespace kansoku::aws::logs {

struct CreateLogGroupInput {
  std::optional<std::string> log_group_name;
  std::optional<std::string> kms_key_id;
  std::optional<describe::MapOf<std::string>> tags;
  std::optional<std::string> log_group_class;
  std::optional<bool> deletion_protection_enabled;
};

struct CreateLogStreamInput {
  std::optional<std::string> log_group_name;
  std::optional<std::string> log_stream_name;
};

struct DeleteLogGroupInput {
  std::optional<std::string> log_group_name;
};

struct DeleteLogStreamInput {
  std::optional<std::string> log_group_name;
  std::optional<std::string> log_stream_name;
};

struct DeleteRetentionPolicyInput {
  std::optional<std::string> log_group_name;
};

struct DescribeLogGroupsInput {
  std::optional<std::vector<std::string>> account_identifiers;
  std::optional<std::string> log_group_name_prefix;
  std::optional<std::string> log_group_name_pattern;
  std::optional<std::string> next_token;
  std::optional<int32_t> limit;
  std::optional<bool> include_linked_accounts;
  std::optional<std::string> log_group_class;
  std::optional<std::vector<std::string>> log_group_identifiers;
};

struct LogGroup {
  std::optional<std::string> log_group_name;
  std::optional<int64_t> creation_time;
  std::optional<int32_t> retention_in_days;
  std::optional<int32_t> metric_filter_count;
  std::optional<std::string> arn;
  std::optional<int64_t> stored_bytes;
  std::optional<std::string> kms_key_id;
  std::optional<std::string> data_protection_status;
  std::optional<std::vector<std::string>> inherited_properties;
  std::optional<std::string> log_group_class;
  std::optional<std::string> log_group_arn;
  std::optional<bool> deletion_protection_enabled;
  std::optional<bool> bearer_token_authentication_enabled;
};

struct DescribeLogGroupsOutput {
  std::optional<std::vector<LogGroup>> log_groups;
  std::optional<std::string> next_token;
};

struct DescribeLogStreamsInput {
  std::optional<std::string> log_group_name;
  std::optional<std::string> log_group_identifier;
  std::optional<std::string> log_stream_name_prefix;
  std::optional<std::string> order_by;
  std::optional<bool> descending;
  std::optional<std::string> next_token;
  std::optional<int32_t> limit;
};

struct LogStream {
  std::optional<std::string> log_stream_name;
  std::optional<int64_t> creation_time;
  std::optional<int64_t> first_event_timestamp;
  std::optional<int64_t> last_event_timestamp;
  std::optional<int64_t> last_ingestion_time;
  std::optional<std::string> upload_sequence_token;
  std::optional<std::string> arn;
  std::optional<int64_t> stored_bytes;
};

struct DescribeLogStreamsOutput {
  std::optional<std::vector<LogStream>> log_streams;
  std::optional<std::string> next_token;
};

struct DataSourceFilter {
  std::optional<std::string> name;
  std::optional<std::string> type;
};

struct TagFilter {
  std::optional<std::string> key;
  std::optional<std::vector<std::string>> values;
};

struct ListLogGroupsInput {
  std::optional<std::string> log_group_name_pattern;
  std::optional<std::string> log_group_class;
  std::optional<bool> include_linked_accounts;
  std::optional<std::vector<std::string>> account_identifiers;
  std::optional<std::string> next_token;
  std::optional<int32_t> limit;
  std::optional<std::vector<DataSourceFilter>> data_sources;
  std::optional<std::vector<std::string>> field_index_names;
  std::optional<std::vector<TagFilter>> log_group_tags;
};

struct LogGroupSummary {
  std::optional<std::string> log_group_name;
  std::optional<std::string> log_group_arn;
  std::optional<std::string> log_group_class;
};

struct ListLogGroupsOutput {
  std::optional<std::vector<LogGroupSummary>> log_groups;
  std::optional<std::string> next_token;
};

struct ListTagsForResourceInput {
  std::optional<std::string> resource_arn;
};

struct ListTagsForResourceOutput {
  std::optional<describe::MapOf<std::string>> tags;
};

struct ListTagsLogGroupInput {
  std::optional<std::string> log_group_name;
};

struct ListTagsLogGroupOutput {
  std::optional<describe::MapOf<std::string>> tags;
};

struct PutLogGroupDeletionProtectionInput {
  std::optional<std::string> log_group_identifier;
  std::optional<bool> deletion_protection_enabled;
};

struct PutRetentionPolicyInput {
  std::optional<std::string> log_group_name;
  std::optional<int32_t> retention_in_days;
};

struct TagLogGroupInput {
  std::optional<std::string> log_group_name;
  std::optional<describe::MapOf<std::string>> tags;
};

struct TagResourceInput {
  std::optional<std::string> resource_arn;
  std::optional<describe::MapOf<std::string>> tags;
};

struct UntagLogGroupInput {
  std::optional<std::string> log_group_name;
  std::optional<std::vector<std::string>> tags;
};

struct UntagResourceInput {
  std::optional<std::string> resource_arn;
  std::optional<std::vector<std::string>> tag_keys;
};

struct FilterLogEventsInput {
  std::optional<std::string> log_group_name;
  std::optional<std::string> log_group_identifier;
  std::optional<std::vector<std::string>> log_stream_names;
  std::optional<std::string> log_stream_name_prefix;
  std::optional<int64_t> start_time;
  std::optional<int64_t> end_time;
  std::optional<std::string> filter_pattern;
  std::optional<std::string> next_token;
  std::optional<int32_t> limit;
  std::optional<bool> start_from_head;
  std::optional<bool> interleaved;
  std::optional<bool> unmask;
};

struct FilteredLogEvent {
  std::optional<std::string> log_stream_name;
  std::optional<int64_t> timestamp;
  std::optional<std::string> message;
  std::optional<int64_t> ingestion_time;
  std::optional<std::string> event_id;
};

struct SearchedLogStream {
  std::optional<std::string> log_stream_name;
  std::optional<bool> searched_completely;
};

struct FilterLogEventsOutput {
  std::optional<std::vector<FilteredLogEvent>> events;
  std::optional<std::vector<SearchedLogStream>> searched_log_streams;
  std::optional<std::string> next_token;
};

struct GetLogEventsInput {
  std::optional<std::string> log_group_name;
  std::optional<std::string> log_group_identifier;
  std::optional<std::string> log_stream_name;
  std::optional<int64_t> start_time;
  std::optional<int64_t> end_time;
  std::optional<std::string> next_token;
  std::optional<int32_t> limit;
  std::optional<bool> start_from_head;
  std::optional<bool> unmask;
};

struct OutputLogEvent {
  std::optional<int64_t> timestamp;
  std::optional<std::string> message;
  std::optional<int64_t> ingestion_time;
};

struct GetLogEventsOutput {
  std::optional<std::vector<OutputLogEvent>> events;
  std::optional<std::string> next_forward_token;
  std::optional<std::string> next_backward_token;
};

struct GetLogGroupFieldsInput {
  std::optional<std::string> log_group_name;
  std::optional<int64_t> time;
  std::optional<std::string> log_group_identifier;
};

struct LogGroupField {
  std::optional<std::string> name;
  std::optional<int32_t> percent;
};

struct GetLogGroupFieldsOutput {
  std::optional<std::vector<LogGroupField>> log_group_fields;
};

struct GetLogRecordInput {
  std::optional<std::string> log_record_pointer;
  std::optional<bool> unmask;
};

struct GetLogRecordOutput {
  std::optional<describe::MapOf<std::string>> log_record;
};

struct InputLogEvent {
  std::optional<int64_t> timestamp;
  std::optional<std::string> message;
};

struct Entity {
  std::optional<describe::MapOf<std::string>> key_attributes;
  std::optional<describe::MapOf<std::string>> attributes;
};

struct PutLogEventsInput {
  std::optional<std::string> log_group_name;
  std::optional<std::string> log_stream_name;
  std::optional<std::vector<InputLogEvent>> log_events;
  std::optional<std::string> sequence_token;
  std::optional<Entity> entity;
};

struct RejectedLogEventsInfo {
  std::optional<int32_t> too_new_log_event_start_index;
  std::optional<int32_t> too_old_log_event_end_index;
  std::optional<int32_t> expired_log_event_end_index;
};

struct RejectedEntityInfo {
  std::optional<std::string> error_type;
};

struct PutLogEventsOutput {
  std::optional<std::string> next_sequence_token;
  std::optional<RejectedLogEventsInfo> rejected_log_events_info;
  std::optional<RejectedEntityInfo> rejected_entity_info;
};

struct StartLiveTailInput {
  std::optional<std::vector<std::string>> log_group_identifiers;
  std::optional<std::vector<std::string>> log_stream_names;
  std::optional<std::vector<std::string>> log_stream_name_prefixes;
  std::optional<std::string> log_event_filter_pattern;
};

struct StartLiveTailOutput {};

struct DeleteMetricFilterInput {
  std::optional<std::string> log_group_name;
  std::optional<std::string> filter_name;
};

struct DeleteSubscriptionFilterInput {
  std::optional<std::string> log_group_name;
  std::optional<std::string> filter_name;
};

struct DescribeMetricFiltersInput {
  std::optional<std::string> log_group_name;
  std::optional<std::string> filter_name_prefix;
  std::optional<std::string> next_token;
  std::optional<int32_t> limit;
  std::optional<std::string> metric_name;
  std::optional<std::string> metric_namespace;
};

struct MetricTransformation {
  std::optional<std::string> metric_name;
  std::optional<std::string> metric_namespace;
  std::optional<std::string> metric_value;
  std::optional<double> default_value;
  std::optional<describe::MapOf<std::string>> dimensions;
  std::optional<std::string> unit;
};

struct MetricFilter {
  std::optional<std::string> filter_name;
  std::optional<std::string> filter_pattern;
  std::optional<std::vector<MetricTransformation>> metric_transformations;
  std::optional<int64_t> creation_time;
  std::optional<std::string> log_group_name;
  std::optional<bool> apply_on_transformed_logs;
  std::optional<std::string> field_selection_criteria;
  std::optional<std::vector<std::string>> emit_system_field_dimensions;
};

struct DescribeMetricFiltersOutput {
  std::optional<std::vector<MetricFilter>> metric_filters;
  std::optional<std::string> next_token;
};

struct DescribeSubscriptionFiltersInput {
  std::optional<std::string> log_group_name;
  std::optional<std::string> filter_name_prefix;
  std::optional<std::string> next_token;
  std::optional<int32_t> limit;
};

struct SubscriptionFilter {
  std::optional<std::string> filter_name;
  std::optional<std::string> log_group_name;
  std::optional<std::string> filter_pattern;
  std::optional<std::string> destination_arn;
  std::optional<std::string> role_arn;
  std::optional<std::string> distribution;
  std::optional<bool> apply_on_transformed_logs;
  std::optional<int64_t> creation_time;
  std::optional<std::string> field_selection_criteria;
  std::optional<std::vector<std::string>> emit_system_fields;
};

struct DescribeSubscriptionFiltersOutput {
  std::optional<std::vector<SubscriptionFilter>> subscription_filters;
  std::optional<std::string> next_token;
};

struct PutMetricFilterInput {
  std::optional<std::string> log_group_name;
  std::optional<std::string> filter_name;
  std::optional<std::string> filter_pattern;
  std::optional<std::vector<MetricTransformation>> metric_transformations;
  std::optional<bool> apply_on_transformed_logs;
  std::optional<std::string> field_selection_criteria;
  std::optional<std::vector<std::string>> emit_system_field_dimensions;
};

struct PutSubscriptionFilterInput {
  std::optional<std::string> log_group_name;
  std::optional<std::string> filter_name;
  std::optional<std::string> filter_pattern;
  std::optional<std::string> destination_arn;
  std::optional<std::string> role_arn;
  std::optional<std::string> distribution;
  std::optional<bool> apply_on_transformed_logs;
  std::optional<std::string> field_selection_criteria;
  std::optional<std::vector<std::string>> emit_system_fields;
};

struct TestMetricFilterInput {
  std::optional<std::string> filter_pattern;
  std::optional<std::vector<std::string>> log_event_messages;
};

struct MetricFilterMatchRecord {
  std::optional<int64_t> event_number;
  std::optional<std::string> event_message;
  std::optional<describe::MapOf<std::string>> extracted_values;
};

struct TestMetricFilterOutput {
  std::optional<std::vector<MetricFilterMatchRecord>> matches;
};

struct S3Configuration {
  std::optional<std::string> destination_identifier;
  std::optional<std::string> role_arn;
  std::optional<std::string> owner_account_id;
  std::optional<std::string> kms_key_id;
};

struct LookupTableConfiguration {
  std::optional<std::string> table_name;
  std::optional<std::string> role_arn;
  std::optional<std::string> description;
  std::optional<std::string> kms_key_id;
  std::optional<describe::MapOf<std::string>> tags;
};

struct DestinationConfiguration {
  std::optional<S3Configuration> s3_configuration;
  std::optional<LookupTableConfiguration> lookup_table_configuration;
};

struct CreateScheduledQueryInput {
  std::optional<std::string> name;
  std::optional<std::string> description;
  std::optional<std::string> query_language;
  std::optional<std::string> query_string;
  std::optional<std::vector<std::string>> log_group_identifiers;
  std::optional<std::string> schedule_expression;
  std::optional<std::string> timezone;
  std::optional<int64_t> start_time_offset;
  std::optional<int64_t> end_time_offset;
  std::optional<DestinationConfiguration> destination_configuration;
  std::optional<int64_t> schedule_start_time;
  std::optional<int64_t> schedule_end_time;
  std::optional<std::string> execution_role_arn;
  std::optional<std::string> state;
  std::optional<describe::MapOf<std::string>> tags;
};

struct CreateScheduledQueryOutput {
  std::optional<std::string> scheduled_query_arn;
  std::optional<std::string> state;
};

struct DeleteQueryDefinitionInput {
  std::optional<std::string> query_definition_id;
};

struct DeleteQueryDefinitionOutput {
  std::optional<bool> success;
};

struct DeleteScheduledQueryInput {
  std::optional<std::string> identifier;
};

struct DeleteScheduledQueryOutput {};

struct DescribeQueriesInput {
  std::optional<std::string> log_group_name;
  std::optional<std::string> status;
  std::optional<int32_t> max_results;
  std::optional<std::string> next_token;
  std::optional<std::string> query_language;
};

struct QueryInfo {
  std::optional<std::string> query_language;
  std::optional<std::string> query_id;
  std::optional<std::string> query_string;
  std::optional<std::string> status;
  std::optional<int64_t> create_time;
  std::optional<std::string> log_group_name;
  std::optional<int64_t> query_duration;
  std::optional<double> bytes_scanned;
  std::optional<std::string> user_identity;
};

struct DescribeQueriesOutput {
  std::optional<std::vector<QueryInfo>> queries;
  std::optional<std::string> next_token;
};

struct DescribeQueryDefinitionsInput {
  std::optional<std::string> query_language;
  std::optional<std::string> query_definition_name_prefix;
  std::optional<int32_t> max_results;
  std::optional<std::string> next_token;
};

struct QueryParameter {
  std::optional<std::string> name;
  std::optional<std::string> default_value;
  std::optional<std::string> description;
};

struct QueryDefinition {
  std::optional<std::string> query_language;
  std::optional<std::string> query_definition_id;
  std::optional<std::string> name;
  std::optional<std::string> query_string;
  std::optional<int64_t> last_modified;
  std::optional<std::vector<std::string>> log_group_names;
  std::optional<std::vector<QueryParameter>> parameters;
};

struct DescribeQueryDefinitionsOutput {
  std::optional<std::vector<QueryDefinition>> query_definitions;
  std::optional<std::string> next_token;
};

struct GetQueryResultsInput {
  std::optional<std::string> query_id;
  std::optional<std::string> next_token;
  std::optional<int32_t> max_items;
};

struct ResultField {
  std::optional<std::string> field;
  std::optional<std::string> value;
};

struct QueryStatistics {
  std::optional<double> records_matched;
  std::optional<double> records_scanned;
  std::optional<double> estimated_records_skipped;
  std::optional<double> bytes_scanned;
  std::optional<double> estimated_bytes_skipped;
  std::optional<double> log_groups_scanned;
};

struct GetQueryResultsOutput {
  std::optional<std::string> query_language;
  std::optional<std::vector<std::vector<ResultField>>> results;
  std::optional<QueryStatistics> statistics;
  std::optional<std::string> status;
  std::optional<std::string> encryption_key;
  std::optional<std::string> next_token;
};

struct GetScheduledQueryInput {
  std::optional<std::string> identifier;
};

struct GetScheduledQueryOutput {
  std::optional<std::string> scheduled_query_arn;
  std::optional<std::string> name;
  std::optional<std::string> description;
  std::optional<std::string> query_language;
  std::optional<std::string> query_string;
  std::optional<std::vector<std::string>> log_group_identifiers;
  std::optional<std::string> schedule_expression;
  std::optional<std::string> timezone;
  std::optional<int64_t> start_time_offset;
  std::optional<int64_t> end_time_offset;
  std::optional<DestinationConfiguration> destination_configuration;
  std::optional<std::string> state;
  std::optional<std::string> schedule_type;
  std::optional<int64_t> last_triggered_time;
  std::optional<std::string> last_execution_status;
  std::optional<int64_t> schedule_start_time;
  std::optional<int64_t> schedule_end_time;
  std::optional<std::string> execution_role_arn;
  std::optional<int64_t> creation_time;
  std::optional<int64_t> last_updated_time;
};

struct GetScheduledQueryHistoryInput {
  std::optional<std::string> identifier;
  std::optional<int64_t> start_time;
  std::optional<int64_t> end_time;
  std::optional<std::vector<std::string>> execution_statuses;
  std::optional<int32_t> max_results;
  std::optional<std::string> next_token;
};

struct ScheduledQueryDestination {
  std::optional<std::string> destination_type;
  std::optional<std::string> destination_identifier;
  std::optional<std::string> status;
  std::optional<std::string> processed_identifier;
  std::optional<std::string> error_message;
};

struct TriggerHistoryRecord {
  std::optional<std::string> query_id;
  std::optional<std::string> execution_status;
  std::optional<int64_t> triggered_timestamp;
  std::optional<std::string> error_message;
  std::optional<std::vector<ScheduledQueryDestination>> destinations;
};

struct GetScheduledQueryHistoryOutput {
  std::optional<std::string> name;
  std::optional<std::string> scheduled_query_arn;
  std::optional<std::vector<TriggerHistoryRecord>> trigger_history;
  std::optional<std::string> next_token;
};

struct ListScheduledQueriesInput {
  std::optional<int32_t> max_results;
  std::optional<std::string> next_token;
  std::optional<std::string> state;
  std::optional<std::string> schedule_type;
};

struct ScheduledQuerySummary {
  std::optional<std::string> scheduled_query_arn;
  std::optional<std::string> name;
  std::optional<std::string> state;
  std::optional<std::string> schedule_type;
  std::optional<int64_t> last_triggered_time;
  std::optional<std::string> last_execution_status;
  std::optional<std::string> schedule_expression;
  std::optional<std::string> timezone;
  std::optional<DestinationConfiguration> destination_configuration;
  std::optional<int64_t> creation_time;
  std::optional<int64_t> last_updated_time;
};

struct ListScheduledQueriesOutput {
  std::optional<std::string> next_token;
  std::optional<std::vector<ScheduledQuerySummary>> scheduled_queries;
};

struct PutQueryDefinitionInput {
  std::optional<std::string> query_language;
  std::optional<std::string> name;
  std::optional<std::string> query_definition_id;
  std::optional<std::vector<std::string>> log_group_names;
  std::optional<std::string> query_string;
  std::optional<std::string> client_token;
  std::optional<std::vector<QueryParameter>> parameters;
};

struct PutQueryDefinitionOutput {
  std::optional<std::string> query_definition_id;
};

struct StartQueryInput {
  std::optional<std::string> query_language;
  std::optional<std::string> log_group_name;
  std::optional<std::vector<std::string>> log_group_names;
  std::optional<std::vector<std::string>> log_group_identifiers;
  std::optional<int64_t> start_time;
  std::optional<int64_t> end_time;
  std::optional<std::string> query_string;
  std::optional<int32_t> limit;
};

struct StartQueryOutput {
  std::optional<std::string> query_id;
};

struct StopQueryInput {
  std::optional<std::string> query_id;
};

struct StopQueryOutput {
  std::optional<bool> success;
};

struct UpdateScheduledQueryInput {
  std::optional<std::string> identifier;
  std::optional<std::string> description;
  std::optional<std::string> query_language;
  std::optional<std::string> query_string;
  std::optional<std::vector<std::string>> log_group_identifiers;
  std::optional<std::string> schedule_expression;
  std::optional<std::string> timezone;
  std::optional<int64_t> start_time_offset;
  std::optional<int64_t> end_time_offset;
  std::optional<DestinationConfiguration> destination_configuration;
  std::optional<int64_t> schedule_start_time;
  std::optional<int64_t> schedule_end_time;
  std::optional<std::string> execution_role_arn;
  std::optional<std::string> state;
};

struct UpdateScheduledQueryOutput {
  std::optional<std::string> scheduled_query_arn;
  std::optional<std::string> name;
  std::optional<std::string> description;
  std::optional<std::string> query_language;
  std::optional<std::string> query_string;
  std::optional<std::vector<std::string>> log_group_identifiers;
  std::optional<std::string> schedule_expression;
  std::optional<std::string> timezone;
  std::optional<int64_t> start_time_offset;
  std::optional<int64_t> end_time_offset;
  std::optional<DestinationConfiguration> destination_configuration;
  std::optional<std::string> state;
  std::optional<std::string> schedule_type;
  std::optional<int64_t> last_triggered_time;
  std::optional<std::string> last_execution_status;
  std::optional<int64_t> schedule_start_time;
  std::optional<int64_t> schedule_end_time;
  std::optional<std::string> execution_role_arn;
  std::optional<int64_t> creation_time;
  std::optional<int64_t> last_updated_time;
};

struct QueryCompileErrorLocation {
  std::optional<int32_t> start_char_offset;
  std::optional<int32_t> end_char_offset;
};

struct QueryCompileError {
  std::optional<QueryCompileErrorLocation> location;
  std::optional<std::string> message;
};

struct MalformedQueryException {
  std::optional<QueryCompileError> query_compile_error;
};

// Of the members that MalformedQueryException has beside its message.
const describe::Type* malformed_query_type();
// All operations of the model, by name; those that are not known here have neither input nor
// output.
std::span<const OperationShapes> operation_shapes();

}  // namespace kansoku::aws::logs
