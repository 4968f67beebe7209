#include "wire/aws/logs/common_shapes.h"

namespace kansoku::aws::logs {
namespace {

constexpr auto kScheduledQueryName = text("ScheduledQueryName", {.min = 1, .max = 300});
constexpr auto kScheduledQueryDescription = text("ScheduledQueryDescription", {.max = 1024});
constexpr std::string_view kQueryLanguageValues[] = {"CWLI", "SQL", "PPL"};
constexpr auto kQueryLanguage = text("QueryLanguage", {.values = kQueryLanguageValues});
constexpr auto kQueryString = text("QueryString", {.min = 0, .max = 10000});
constexpr auto kScheduledQueryLogGroupIdentifiers =
    list_of("ScheduledQueryLogGroupIdentifiers", kLogGroupIdentifier, {.min = 1, .max = 50});
constexpr auto kScheduleExpression = text("ScheduleExpression", {.max = 256});
constexpr auto kScheduleTimezone = text("ScheduleTimezone", {.min = 1});
constexpr auto kStartTimeOffset = number<int64_t>("StartTimeOffset");
constexpr auto kEndTimeOffset = number<int64_t>("EndTimeOffset");
constexpr auto kS3Uri = text("S3Uri", {.max = 1024});
constexpr auto kS3ConfigurationMembers =
    members(member<&S3Configuration::destination_identifier>("destinationIdentifier", kS3Uri,
                                                             Use::Used, {.required = true}),
            member<&S3Configuration::role_arn>("roleArn", kRoleArn, Use::Used, {.required = true}),
            member<&S3Configuration::owner_account_id>("ownerAccountId", kAccountId, Use::Used),
            member<&S3Configuration::kms_key_id>("kmsKeyId", kKmsKeyId, Use::Used));
constexpr auto kS3Configuration =
    structure<S3Configuration>("S3Configuration", kS3ConfigurationMembers);
constexpr auto kLookupTableName = text("LookupTableName", {.min = 1, .max = 256});
constexpr auto kLookupTableDescription = text("LookupTableDescription", {.min = 0, .max = 1024});
constexpr auto kLookupTableConfigurationMembers = members(
    member<&LookupTableConfiguration::table_name>("tableName", kLookupTableName, Use::Used,
                                                  {.required = true}),
    member<&LookupTableConfiguration::role_arn>("roleArn", kRoleArn, Use::Used, {.required = true}),
    member<&LookupTableConfiguration::description>("description", kLookupTableDescription,
                                                   Use::Used),
    member<&LookupTableConfiguration::kms_key_id>("kmsKeyId", kKmsKeyId, Use::Used),
    member<&LookupTableConfiguration::tags>("tags", kTags, Use::Used));
constexpr auto kLookupTableConfiguration = structure<LookupTableConfiguration>(
    "LookupTableConfiguration", kLookupTableConfigurationMembers);
constexpr auto kDestinationConfigurationMembers =
    members(member<&DestinationConfiguration::s3_configuration>("s3Configuration", kS3Configuration,
                                                                Use::Used),
            member<&DestinationConfiguration::lookup_table_configuration>(
                "lookupTableConfiguration", kLookupTableConfiguration, Use::Used));
constexpr auto kDestinationConfiguration = structure<DestinationConfiguration>(
    "DestinationConfiguration", kDestinationConfigurationMembers);
constexpr std::string_view kScheduledQueryStateValues[] = {"ENABLED", "DISABLED"};
constexpr auto kScheduledQueryState =
    text("ScheduledQueryState", {.values = kScheduledQueryStateValues});
constexpr auto kCreateScheduledQueryInputMembers = members(
    member<&CreateScheduledQueryInput::name>("name", kScheduledQueryName, Use::Used,
                                             {.required = true}),
    member<&CreateScheduledQueryInput::description>("description", kScheduledQueryDescription,
                                                    Use::Used),
    member<&CreateScheduledQueryInput::query_language>("queryLanguage", kQueryLanguage, Use::Used,
                                                       {.required = true}),
    member<&CreateScheduledQueryInput::query_string>("queryString", kQueryString, Use::Used,
                                                     {.required = true}),
    member<&CreateScheduledQueryInput::log_group_identifiers>(
        "logGroupIdentifiers", kScheduledQueryLogGroupIdentifiers, Use::Used),
    member<&CreateScheduledQueryInput::schedule_expression>(
        "scheduleExpression", kScheduleExpression, Use::Used, {.required = true}),
    member<&CreateScheduledQueryInput::timezone>("timezone", kScheduleTimezone, Use::Used),
    member<&CreateScheduledQueryInput::start_time_offset>("startTimeOffset", kStartTimeOffset,
                                                          Use::Used),
    member<&CreateScheduledQueryInput::end_time_offset>("endTimeOffset", kEndTimeOffset, Use::Used),
    member<&CreateScheduledQueryInput::destination_configuration>(
        "destinationConfiguration", kDestinationConfiguration, Use::Refused),
    member<&CreateScheduledQueryInput::schedule_start_time>("scheduleStartTime", kTimestamp,
                                                            Use::Used),
    member<&CreateScheduledQueryInput::schedule_end_time>("scheduleEndTime", kTimestamp, Use::Used),
    member<&CreateScheduledQueryInput::execution_role_arn>("executionRoleArn", kRoleArn, Use::Used,
                                                           {.required = true}),
    member<&CreateScheduledQueryInput::state>("state", kScheduledQueryState, Use::Used),
    member<&CreateScheduledQueryInput::tags>("tags", kTags, Use::Refused));
constexpr auto kCreateScheduledQueryInput = structure<CreateScheduledQueryInput>(
    "CreateScheduledQueryInput", kCreateScheduledQueryInputMembers);
constexpr auto kCreateScheduledQueryOutputMembers = members(
    member<&CreateScheduledQueryOutput::scheduled_query_arn>("scheduledQueryArn", kArn, Use::Used),
    member<&CreateScheduledQueryOutput::state>("state", kScheduledQueryState, Use::Used));
constexpr auto kCreateScheduledQueryOutput = structure<CreateScheduledQueryOutput>(
    "CreateScheduledQueryOutput", kCreateScheduledQueryOutputMembers);
constexpr auto kQueryId = text("QueryId", {.min = 1, .max = 256});
constexpr auto kDeleteQueryDefinitionInputMembers =
    members(member<&DeleteQueryDefinitionInput::query_definition_id>(
        "queryDefinitionId", kQueryId, Use::Used, {.required = true}));
constexpr auto kDeleteQueryDefinitionInput = structure<DeleteQueryDefinitionInput>(
    "DeleteQueryDefinitionInput", kDeleteQueryDefinitionInputMembers);
constexpr auto kSuccess = boolean("Success");
constexpr auto kDeleteQueryDefinitionOutputMembers =
    members(member<&DeleteQueryDefinitionOutput::success>("success", kSuccess, Use::Used));
constexpr auto kDeleteQueryDefinitionOutput = structure<DeleteQueryDefinitionOutput>(
    "DeleteQueryDefinitionOutput", kDeleteQueryDefinitionOutputMembers);
constexpr auto kScheduledQueryIdentifier = text("ScheduledQueryIdentifier", {.min = 1, .max = 300});
constexpr auto kDeleteScheduledQueryInputMembers =
    members(member<&DeleteScheduledQueryInput::identifier>("identifier", kScheduledQueryIdentifier,
                                                           Use::Used, {.required = true}));
constexpr auto kDeleteScheduledQueryInput = structure<DeleteScheduledQueryInput>(
    "DeleteScheduledQueryInput", kDeleteScheduledQueryInputMembers);
constexpr auto kDeleteScheduledQueryOutput =
    empty_structure<DeleteScheduledQueryOutput>("DeleteScheduledQueryOutput");
constexpr std::string_view kQueryStatusValues[] = {"Scheduled", "Running", "Complete", "Failed",
                                                   "Cancelled", "Timeout", "Unknown"};
constexpr auto kQueryStatus = text("QueryStatus", {.values = kQueryStatusValues});
constexpr auto kDescribeQueriesMaxResults =
    number<int32_t>("DescribeQueriesMaxResults", {.min = 1, .max = 1000});
constexpr auto kDescribeQueriesInputMembers = members(
    member<&DescribeQueriesInput::log_group_name>("logGroupName", kLogGroupName, Use::Used),
    member<&DescribeQueriesInput::status>("status", kQueryStatus, Use::Used),
    member<&DescribeQueriesInput::max_results>("maxResults", kDescribeQueriesMaxResults, Use::Used),
    member<&DescribeQueriesInput::next_token>("nextToken", kNextToken, Use::Used),
    member<&DescribeQueriesInput::query_language>("queryLanguage", kQueryLanguage, Use::Used));
constexpr auto kDescribeQueriesInput =
    structure<DescribeQueriesInput>("DescribeQueriesInput", kDescribeQueriesInputMembers);
constexpr auto kQueryDuration = number<int64_t>("QueryDuration");
constexpr auto kBytesScannedValue = number<double>("BytesScannedValue");
constexpr auto kUserIdentity = text("UserIdentity", {.min = 1, .max = 2048});
constexpr auto kQueryInfoMembers =
    members(member<&QueryInfo::query_language>("queryLanguage", kQueryLanguage, Use::Used),
            member<&QueryInfo::query_id>("queryId", kQueryId, Use::Used),
            member<&QueryInfo::query_string>("queryString", kQueryString, Use::Used),
            member<&QueryInfo::status>("status", kQueryStatus, Use::Used),
            member<&QueryInfo::create_time>("createTime", kTimestamp, Use::Used),
            member<&QueryInfo::log_group_name>("logGroupName", kLogGroupName, Use::Used),
            member<&QueryInfo::query_duration>("queryDuration", kQueryDuration, Use::Used),
            member<&QueryInfo::bytes_scanned>("bytesScanned", kBytesScannedValue, Use::Used),
            member<&QueryInfo::user_identity>("userIdentity", kUserIdentity, Use::Used));
constexpr auto kQueryInfo = structure<QueryInfo>("QueryInfo", kQueryInfoMembers);
constexpr auto kQueryInfoList = list_of("QueryInfoList", kQueryInfo);
constexpr auto kDescribeQueriesOutputMembers =
    members(member<&DescribeQueriesOutput::queries>("queries", kQueryInfoList, Use::Used),
            member<&DescribeQueriesOutput::next_token>("nextToken", kNextToken, Use::Used));
constexpr auto kDescribeQueriesOutput =
    structure<DescribeQueriesOutput>("DescribeQueriesOutput", kDescribeQueriesOutputMembers);
constexpr auto kQueryDefinitionName = text("QueryDefinitionName", {.min = 1, .max = 255});
constexpr auto kQueryListMaxResults =
    number<int32_t>("QueryListMaxResults", {.min = 1, .max = 1000});
constexpr auto kDescribeQueryDefinitionsInputMembers =
    members(member<&DescribeQueryDefinitionsInput::query_language>("queryLanguage", kQueryLanguage,
                                                                   Use::Used),
            member<&DescribeQueryDefinitionsInput::query_definition_name_prefix>(
                "queryDefinitionNamePrefix", kQueryDefinitionName, Use::Used),
            member<&DescribeQueryDefinitionsInput::max_results>("maxResults", kQueryListMaxResults,
                                                                Use::Used),
            member<&DescribeQueryDefinitionsInput::next_token>("nextToken", kNextToken, Use::Used));
constexpr auto kDescribeQueryDefinitionsInput = structure<DescribeQueryDefinitionsInput>(
    "DescribeQueryDefinitionsInput", kDescribeQueryDefinitionsInputMembers);
constexpr auto kQueryDefinitionString = text("QueryDefinitionString", {.min = 1, .max = 10000});
constexpr auto kLogGroupNames = list_of("LogGroupNames", kLogGroupName);
constexpr auto kQueryParameterName = text("QueryParameterName", {.min = 1, .max = 128});
constexpr auto kQueryParameterDefaultValue = text("QueryParameterDefaultValue", {.max = 1024});
constexpr auto kQueryParameterDescription = text("QueryParameterDescription", {.max = 512});
constexpr auto kQueryParameterMembers = members(
    member<&QueryParameter::name>("name", kQueryParameterName, Use::Used, {.required = true}),
    member<&QueryParameter::default_value>("defaultValue", kQueryParameterDefaultValue, Use::Used),
    member<&QueryParameter::description>("description", kQueryParameterDescription, Use::Used));
constexpr auto kQueryParameter =
    structure<QueryParameter>("QueryParameter", kQueryParameterMembers);
constexpr auto kQueryParameterList = list_of("QueryParameterList", kQueryParameter, {.max = 20});
constexpr auto kQueryDefinitionMembers = members(
    member<&QueryDefinition::query_language>("queryLanguage", kQueryLanguage, Use::Used),
    member<&QueryDefinition::query_definition_id>("queryDefinitionId", kQueryId, Use::Used),
    member<&QueryDefinition::name>("name", kQueryDefinitionName, Use::Used),
    member<&QueryDefinition::query_string>("queryString", kQueryDefinitionString, Use::Used),
    member<&QueryDefinition::last_modified>("lastModified", kTimestamp, Use::Used),
    member<&QueryDefinition::log_group_names>("logGroupNames", kLogGroupNames, Use::Used),
    member<&QueryDefinition::parameters>("parameters", kQueryParameterList, Use::Used));
constexpr auto kQueryDefinition =
    structure<QueryDefinition>("QueryDefinition", kQueryDefinitionMembers);
constexpr auto kQueryDefinitionList = list_of("QueryDefinitionList", kQueryDefinition);
constexpr auto kDescribeQueryDefinitionsOutputMembers = members(
    member<&DescribeQueryDefinitionsOutput::query_definitions>("queryDefinitions",
                                                               kQueryDefinitionList, Use::Used),
    member<&DescribeQueryDefinitionsOutput::next_token>("nextToken", kNextToken, Use::Used));
constexpr auto kDescribeQueryDefinitionsOutput = structure<DescribeQueryDefinitionsOutput>(
    "DescribeQueryDefinitionsOutput", kDescribeQueryDefinitionsOutputMembers);
constexpr auto kGetQueryResultsNextToken = text("GetQueryResultsNextToken", {.max = 1024});
constexpr auto kGetQueryResultsMaxItems =
    number<int32_t>("GetQueryResultsMaxItems", {.min = 0, .max = 10000});
constexpr auto kGetQueryResultsInputMembers = members(
    member<&GetQueryResultsInput::query_id>("queryId", kQueryId, Use::Used, {.required = true}),
    member<&GetQueryResultsInput::next_token>("nextToken", kGetQueryResultsNextToken, Use::Used),
    member<&GetQueryResultsInput::max_items>("maxItems", kGetQueryResultsMaxItems, Use::Used));
constexpr auto kGetQueryResultsInput =
    structure<GetQueryResultsInput>("GetQueryResultsInput", kGetQueryResultsInputMembers);
constexpr auto kResultFieldMembers =
    members(member<&ResultField::field>("field", kField, Use::Used),
            member<&ResultField::value>("value", kValue, Use::Used));
constexpr auto kResultField = structure<ResultField>("ResultField", kResultFieldMembers);
constexpr auto kResultRows = list_of("ResultRows", kResultField);
constexpr auto kQueryResults = list_of("QueryResults", kResultRows);
constexpr auto kStatsValue = number<double>("StatsValue");
constexpr auto kQueryStatisticsMembers = members(
    member<&QueryStatistics::records_matched>("recordsMatched", kStatsValue, Use::Used),
    member<&QueryStatistics::records_scanned>("recordsScanned", kStatsValue, Use::Used),
    member<&QueryStatistics::estimated_records_skipped>("estimatedRecordsSkipped", kStatsValue,
                                                        Use::Used),
    member<&QueryStatistics::bytes_scanned>("bytesScanned", kStatsValue, Use::Used),
    member<&QueryStatistics::estimated_bytes_skipped>("estimatedBytesSkipped", kStatsValue,
                                                      Use::Used),
    member<&QueryStatistics::log_groups_scanned>("logGroupsScanned", kStatsValue, Use::Used));
constexpr auto kQueryStatistics =
    structure<QueryStatistics>("QueryStatistics", kQueryStatisticsMembers);
constexpr auto kEncryptionKey = text("EncryptionKey", {.max = 256});
constexpr auto kGetQueryResultsOutputMembers = members(
    member<&GetQueryResultsOutput::query_language>("queryLanguage", kQueryLanguage, Use::Used),
    member<&GetQueryResultsOutput::results>("results", kQueryResults, Use::Used),
    member<&GetQueryResultsOutput::statistics>("statistics", kQueryStatistics, Use::Used),
    member<&GetQueryResultsOutput::status>("status", kQueryStatus, Use::Used),
    member<&GetQueryResultsOutput::encryption_key>("encryptionKey", kEncryptionKey, Use::Used),
    member<&GetQueryResultsOutput::next_token>("nextToken", kGetQueryResultsNextToken, Use::Used));
constexpr auto kGetQueryResultsOutput =
    structure<GetQueryResultsOutput>("GetQueryResultsOutput", kGetQueryResultsOutputMembers);
constexpr auto kGetScheduledQueryInputMembers = members(member<&GetScheduledQueryInput::identifier>(
    "identifier", kScheduledQueryIdentifier, Use::Used, {.required = true}));
constexpr auto kGetScheduledQueryInput =
    structure<GetScheduledQueryInput>("GetScheduledQueryInput", kGetScheduledQueryInputMembers);
constexpr std::string_view kScheduleTypeValues[] = {"CUSTOMER_MANAGED", "AWS_MANAGED"};
constexpr auto kScheduleType = text("ScheduleType", {.values = kScheduleTypeValues});
constexpr std::string_view kExecutionStatusValues[] = {"Running", "InvalidQuery", "Complete",
                                                       "Failed", "Timeout"};
constexpr auto kExecutionStatus = text("ExecutionStatus", {.values = kExecutionStatusValues});
constexpr auto kGetScheduledQueryOutputMembers = members(
    member<&GetScheduledQueryOutput::scheduled_query_arn>("scheduledQueryArn", kArn, Use::Used),
    member<&GetScheduledQueryOutput::name>("name", kScheduledQueryName, Use::Used),
    member<&GetScheduledQueryOutput::description>("description", kScheduledQueryDescription,
                                                  Use::Used),
    member<&GetScheduledQueryOutput::query_language>("queryLanguage", kQueryLanguage, Use::Used),
    member<&GetScheduledQueryOutput::query_string>("queryString", kQueryString, Use::Used),
    member<&GetScheduledQueryOutput::log_group_identifiers>(
        "logGroupIdentifiers", kScheduledQueryLogGroupIdentifiers, Use::Used),
    member<&GetScheduledQueryOutput::schedule_expression>("scheduleExpression", kScheduleExpression,
                                                          Use::Used),
    member<&GetScheduledQueryOutput::timezone>("timezone", kScheduleTimezone, Use::Used),
    member<&GetScheduledQueryOutput::start_time_offset>("startTimeOffset", kStartTimeOffset,
                                                        Use::Used),
    member<&GetScheduledQueryOutput::end_time_offset>("endTimeOffset", kEndTimeOffset, Use::Used),
    member<&GetScheduledQueryOutput::destination_configuration>(
        "destinationConfiguration", kDestinationConfiguration, Use::Used),
    member<&GetScheduledQueryOutput::state>("state", kScheduledQueryState, Use::Used),
    member<&GetScheduledQueryOutput::schedule_type>("scheduleType", kScheduleType, Use::Used),
    member<&GetScheduledQueryOutput::last_triggered_time>("lastTriggeredTime", kTimestamp,
                                                          Use::Used),
    member<&GetScheduledQueryOutput::last_execution_status>("lastExecutionStatus", kExecutionStatus,
                                                            Use::Used),
    member<&GetScheduledQueryOutput::schedule_start_time>("scheduleStartTime", kTimestamp,
                                                          Use::Used),
    member<&GetScheduledQueryOutput::schedule_end_time>("scheduleEndTime", kTimestamp, Use::Used),
    member<&GetScheduledQueryOutput::execution_role_arn>("executionRoleArn", kRoleArn, Use::Used),
    member<&GetScheduledQueryOutput::creation_time>("creationTime", kTimestamp, Use::Used),
    member<&GetScheduledQueryOutput::last_updated_time>("lastUpdatedTime", kTimestamp, Use::Used));
constexpr auto kGetScheduledQueryOutput =
    structure<GetScheduledQueryOutput>("GetScheduledQueryOutput", kGetScheduledQueryOutputMembers);
constexpr auto kExecutionStatusList = list_of("ExecutionStatusList", kExecutionStatus);
constexpr auto kGetScheduledQueryHistoryMaxResults =
    number<int32_t>("GetScheduledQueryHistoryMaxResults", {.min = 1, .max = 1000});
constexpr auto kGetScheduledQueryHistoryInputMembers =
    members(member<&GetScheduledQueryHistoryInput::identifier>(
                "identifier", kScheduledQueryIdentifier, Use::Used, {.required = true}),
            member<&GetScheduledQueryHistoryInput::start_time>("startTime", kTimestamp, Use::Used,
                                                               {.required = true}),
            member<&GetScheduledQueryHistoryInput::end_time>("endTime", kTimestamp, Use::Used,
                                                             {.required = true}),
            member<&GetScheduledQueryHistoryInput::execution_statuses>(
                "executionStatuses", kExecutionStatusList, Use::Used),
            member<&GetScheduledQueryHistoryInput::max_results>(
                "maxResults", kGetScheduledQueryHistoryMaxResults, Use::Used),
            member<&GetScheduledQueryHistoryInput::next_token>("nextToken", kNextToken, Use::Used));
constexpr auto kGetScheduledQueryHistoryInput = structure<GetScheduledQueryHistoryInput>(
    "GetScheduledQueryHistoryInput", kGetScheduledQueryHistoryInputMembers);
constexpr auto kString = text("String");
constexpr std::string_view kScheduledQueryDestinationTypeValues[] = {"S3", "LOOKUP_TABLE"};
constexpr auto kScheduledQueryDestinationType =
    text("ScheduledQueryDestinationType", {.values = kScheduledQueryDestinationTypeValues});
constexpr std::string_view kActionStatusValues[] = {"IN_PROGRESS", "CLIENT_ERROR", "FAILED",
                                                    "COMPLETE"};
constexpr auto kActionStatus = text("ActionStatus", {.values = kActionStatusValues});
constexpr auto kScheduledQueryDestinationMembers =
    members(member<&ScheduledQueryDestination::destination_type>(
                "destinationType", kScheduledQueryDestinationType, Use::Used),
            member<&ScheduledQueryDestination::destination_identifier>("destinationIdentifier",
                                                                       kString, Use::Used),
            member<&ScheduledQueryDestination::status>("status", kActionStatus, Use::Used),
            member<&ScheduledQueryDestination::processed_identifier>("processedIdentifier", kString,
                                                                     Use::Used),
            member<&ScheduledQueryDestination::error_message>("errorMessage", kString, Use::Used));
constexpr auto kScheduledQueryDestination = structure<ScheduledQueryDestination>(
    "ScheduledQueryDestination", kScheduledQueryDestinationMembers);
constexpr auto kScheduledQueryDestinationList =
    list_of("ScheduledQueryDestinationList", kScheduledQueryDestination);
constexpr auto kTriggerHistoryRecordMembers = members(
    member<&TriggerHistoryRecord::query_id>("queryId", kQueryId, Use::Used),
    member<&TriggerHistoryRecord::execution_status>("executionStatus", kExecutionStatus, Use::Used),
    member<&TriggerHistoryRecord::triggered_timestamp>("triggeredTimestamp", kTimestamp, Use::Used),
    member<&TriggerHistoryRecord::error_message>("errorMessage", kString, Use::Used),
    member<&TriggerHistoryRecord::destinations>("destinations", kScheduledQueryDestinationList,
                                                Use::Used));
constexpr auto kTriggerHistoryRecord =
    structure<TriggerHistoryRecord>("TriggerHistoryRecord", kTriggerHistoryRecordMembers);
constexpr auto kTriggerHistoryRecordList =
    list_of("TriggerHistoryRecordList", kTriggerHistoryRecord);
constexpr auto kGetScheduledQueryHistoryOutputMembers = members(
    member<&GetScheduledQueryHistoryOutput::name>("name", kScheduledQueryName, Use::Used),
    member<&GetScheduledQueryHistoryOutput::scheduled_query_arn>("scheduledQueryArn", kArn,
                                                                 Use::Used),
    member<&GetScheduledQueryHistoryOutput::trigger_history>("triggerHistory",
                                                             kTriggerHistoryRecordList, Use::Used),
    member<&GetScheduledQueryHistoryOutput::next_token>("nextToken", kNextToken, Use::Used));
constexpr auto kGetScheduledQueryHistoryOutput = structure<GetScheduledQueryHistoryOutput>(
    "GetScheduledQueryHistoryOutput", kGetScheduledQueryHistoryOutputMembers);
constexpr auto kListScheduledQueriesMaxResults =
    number<int32_t>("ListScheduledQueriesMaxResults", {.min = 1, .max = 1000});
constexpr auto kListScheduledQueriesInputMembers = members(
    member<&ListScheduledQueriesInput::max_results>("maxResults", kListScheduledQueriesMaxResults,
                                                    Use::Used),
    member<&ListScheduledQueriesInput::next_token>("nextToken", kNextToken, Use::Used),
    member<&ListScheduledQueriesInput::state>("state", kScheduledQueryState, Use::Used),
    member<&ListScheduledQueriesInput::schedule_type>("scheduleType", kScheduleType, Use::Used));
constexpr auto kListScheduledQueriesInput = structure<ListScheduledQueriesInput>(
    "ListScheduledQueriesInput", kListScheduledQueriesInputMembers);
constexpr auto kScheduledQuerySummaryMembers = members(
    member<&ScheduledQuerySummary::scheduled_query_arn>("scheduledQueryArn", kArn, Use::Used),
    member<&ScheduledQuerySummary::name>("name", kScheduledQueryName, Use::Used),
    member<&ScheduledQuerySummary::state>("state", kScheduledQueryState, Use::Used),
    member<&ScheduledQuerySummary::schedule_type>("scheduleType", kScheduleType, Use::Used),
    member<&ScheduledQuerySummary::last_triggered_time>("lastTriggeredTime", kTimestamp, Use::Used),
    member<&ScheduledQuerySummary::last_execution_status>("lastExecutionStatus", kExecutionStatus,
                                                          Use::Used),
    member<&ScheduledQuerySummary::schedule_expression>("scheduleExpression", kScheduleExpression,
                                                        Use::Used),
    member<&ScheduledQuerySummary::timezone>("timezone", kScheduleTimezone, Use::Used),
    member<&ScheduledQuerySummary::destination_configuration>("destinationConfiguration",
                                                              kDestinationConfiguration, Use::Used),
    member<&ScheduledQuerySummary::creation_time>("creationTime", kTimestamp, Use::Used),
    member<&ScheduledQuerySummary::last_updated_time>("lastUpdatedTime", kTimestamp, Use::Used));
constexpr auto kScheduledQuerySummary =
    structure<ScheduledQuerySummary>("ScheduledQuerySummary", kScheduledQuerySummaryMembers);
constexpr auto kScheduledQuerySummaryList =
    list_of("ScheduledQuerySummaryList", kScheduledQuerySummary);
constexpr auto kListScheduledQueriesOutputMembers =
    members(member<&ListScheduledQueriesOutput::next_token>("nextToken", kNextToken, Use::Used),
            member<&ListScheduledQueriesOutput::scheduled_queries>(
                "scheduledQueries", kScheduledQuerySummaryList, Use::Used));
constexpr auto kListScheduledQueriesOutput = structure<ListScheduledQueriesOutput>(
    "ListScheduledQueriesOutput", kListScheduledQueriesOutputMembers);
constexpr auto kClientToken = text("ClientToken", {.min = 36, .max = 128});
constexpr auto kPutQueryDefinitionInputMembers = members(
    member<&PutQueryDefinitionInput::query_language>("queryLanguage", kQueryLanguage, Use::Used),
    member<&PutQueryDefinitionInput::name>("name", kQueryDefinitionName, Use::Used,
                                           {.required = true}),
    member<&PutQueryDefinitionInput::query_definition_id>("queryDefinitionId", kQueryId, Use::Used),
    member<&PutQueryDefinitionInput::log_group_names>("logGroupNames", kLogGroupNames, Use::Used),
    member<&PutQueryDefinitionInput::query_string>("queryString", kQueryDefinitionString, Use::Used,
                                                   {.required = true}),
    member<&PutQueryDefinitionInput::client_token>("clientToken", kClientToken, Use::Used),
    member<&PutQueryDefinitionInput::parameters>("parameters", kQueryParameterList, Use::Refused));
constexpr auto kPutQueryDefinitionInput =
    structure<PutQueryDefinitionInput>("PutQueryDefinitionInput", kPutQueryDefinitionInputMembers);
constexpr auto kPutQueryDefinitionOutputMembers =
    members(member<&PutQueryDefinitionOutput::query_definition_id>("queryDefinitionId", kQueryId,
                                                                   Use::Used));
constexpr auto kPutQueryDefinitionOutput = structure<PutQueryDefinitionOutput>(
    "PutQueryDefinitionOutput", kPutQueryDefinitionOutputMembers);
constexpr auto kLogGroupIdentifiers = list_of("LogGroupIdentifiers", kLogGroupIdentifier);
constexpr auto kEventsLimitStartQuery =
    number<int32_t>("EventsLimitStartQuery", {.min = 1, .max = 100000});
constexpr auto kStartQueryInputMembers = members(
    member<&StartQueryInput::query_language>("queryLanguage", kQueryLanguage, Use::Used),
    member<&StartQueryInput::log_group_name>("logGroupName", kLogGroupName, Use::Used),
    member<&StartQueryInput::log_group_names>("logGroupNames", kLogGroupNames, Use::Used),
    member<&StartQueryInput::log_group_identifiers>("logGroupIdentifiers", kLogGroupIdentifiers,
                                                    Use::Used),
    member<&StartQueryInput::start_time>("startTime", kTimestamp, Use::Used, {.required = true}),
    member<&StartQueryInput::end_time>("endTime", kTimestamp, Use::Used, {.required = true}),
    member<&StartQueryInput::query_string>("queryString", kQueryString, Use::Used,
                                           {.required = true}),
    member<&StartQueryInput::limit>("limit", kEventsLimitStartQuery, Use::Used));
constexpr auto kStartQueryInput =
    structure<StartQueryInput>("StartQueryInput", kStartQueryInputMembers);
constexpr auto kStartQueryOutputMembers =
    members(member<&StartQueryOutput::query_id>("queryId", kQueryId, Use::Used));
constexpr auto kStartQueryOutput =
    structure<StartQueryOutput>("StartQueryOutput", kStartQueryOutputMembers);
constexpr auto kStopQueryInputMembers =
    members(member<&StopQueryInput::query_id>("queryId", kQueryId, Use::Used, {.required = true}));
constexpr auto kStopQueryInput =
    structure<StopQueryInput>("StopQueryInput", kStopQueryInputMembers);
constexpr auto kStopQueryOutputMembers =
    members(member<&StopQueryOutput::success>("success", kSuccess, Use::Used));
constexpr auto kStopQueryOutput =
    structure<StopQueryOutput>("StopQueryOutput", kStopQueryOutputMembers);
constexpr auto kUpdateScheduledQueryInputMembers = members(
    member<&UpdateScheduledQueryInput::identifier>("identifier", kScheduledQueryIdentifier,
                                                   Use::Used, {.required = true}),
    member<&UpdateScheduledQueryInput::description>("description", kScheduledQueryDescription,
                                                    Use::Used),
    member<&UpdateScheduledQueryInput::query_language>("queryLanguage", kQueryLanguage, Use::Used,
                                                       {.required = true}),
    member<&UpdateScheduledQueryInput::query_string>("queryString", kQueryString, Use::Used,
                                                     {.required = true}),
    member<&UpdateScheduledQueryInput::log_group_identifiers>(
        "logGroupIdentifiers", kScheduledQueryLogGroupIdentifiers, Use::Used),
    member<&UpdateScheduledQueryInput::schedule_expression>(
        "scheduleExpression", kScheduleExpression, Use::Used, {.required = true}),
    member<&UpdateScheduledQueryInput::timezone>("timezone", kScheduleTimezone, Use::Used),
    member<&UpdateScheduledQueryInput::start_time_offset>("startTimeOffset", kStartTimeOffset,
                                                          Use::Used),
    member<&UpdateScheduledQueryInput::end_time_offset>("endTimeOffset", kEndTimeOffset, Use::Used),
    member<&UpdateScheduledQueryInput::destination_configuration>(
        "destinationConfiguration", kDestinationConfiguration, Use::Refused),
    member<&UpdateScheduledQueryInput::schedule_start_time>("scheduleStartTime", kTimestamp,
                                                            Use::Used),
    member<&UpdateScheduledQueryInput::schedule_end_time>("scheduleEndTime", kTimestamp, Use::Used),
    member<&UpdateScheduledQueryInput::execution_role_arn>("executionRoleArn", kRoleArn, Use::Used,
                                                           {.required = true}),
    member<&UpdateScheduledQueryInput::state>("state", kScheduledQueryState, Use::Used));
constexpr auto kUpdateScheduledQueryInput = structure<UpdateScheduledQueryInput>(
    "UpdateScheduledQueryInput", kUpdateScheduledQueryInputMembers);
constexpr auto kUpdateScheduledQueryOutputMembers = members(
    member<&UpdateScheduledQueryOutput::scheduled_query_arn>("scheduledQueryArn", kArn, Use::Used),
    member<&UpdateScheduledQueryOutput::name>("name", kScheduledQueryName, Use::Used),
    member<&UpdateScheduledQueryOutput::description>("description", kScheduledQueryDescription,
                                                     Use::Used),
    member<&UpdateScheduledQueryOutput::query_language>("queryLanguage", kQueryLanguage, Use::Used),
    member<&UpdateScheduledQueryOutput::query_string>("queryString", kQueryString, Use::Used),
    member<&UpdateScheduledQueryOutput::log_group_identifiers>(
        "logGroupIdentifiers", kScheduledQueryLogGroupIdentifiers, Use::Used),
    member<&UpdateScheduledQueryOutput::schedule_expression>("scheduleExpression",
                                                             kScheduleExpression, Use::Used),
    member<&UpdateScheduledQueryOutput::timezone>("timezone", kScheduleTimezone, Use::Used),
    member<&UpdateScheduledQueryOutput::start_time_offset>("startTimeOffset", kStartTimeOffset,
                                                           Use::Used),
    member<&UpdateScheduledQueryOutput::end_time_offset>("endTimeOffset", kEndTimeOffset,
                                                         Use::Used),
    member<&UpdateScheduledQueryOutput::destination_configuration>(
        "destinationConfiguration", kDestinationConfiguration, Use::Used),
    member<&UpdateScheduledQueryOutput::state>("state", kScheduledQueryState, Use::Used),
    member<&UpdateScheduledQueryOutput::schedule_type>("scheduleType", kScheduleType, Use::Used),
    member<&UpdateScheduledQueryOutput::last_triggered_time>("lastTriggeredTime", kTimestamp,
                                                             Use::Used),
    member<&UpdateScheduledQueryOutput::last_execution_status>("lastExecutionStatus",
                                                               kExecutionStatus, Use::Used),
    member<&UpdateScheduledQueryOutput::schedule_start_time>("scheduleStartTime", kTimestamp,
                                                             Use::Used),
    member<&UpdateScheduledQueryOutput::schedule_end_time>("scheduleEndTime", kTimestamp,
                                                           Use::Used),
    member<&UpdateScheduledQueryOutput::execution_role_arn>("executionRoleArn", kRoleArn,
                                                            Use::Used),
    member<&UpdateScheduledQueryOutput::creation_time>("creationTime", kTimestamp, Use::Used),
    member<&UpdateScheduledQueryOutput::last_updated_time>("lastUpdatedTime", kTimestamp,
                                                           Use::Used));
constexpr auto kUpdateScheduledQueryOutput = structure<UpdateScheduledQueryOutput>(
    "UpdateScheduledQueryOutput", kUpdateScheduledQueryOutputMembers);
constexpr auto kQueryCharOffset = number<int32_t>("QueryCharOffset");
constexpr auto kQueryCompileErrorLocationMembers =
    members(member<&QueryCompileErrorLocation::start_char_offset>("startCharOffset",
                                                                  kQueryCharOffset, Use::Used),
            member<&QueryCompileErrorLocation::end_char_offset>("endCharOffset", kQueryCharOffset,
                                                                Use::Used));
constexpr auto kQueryCompileErrorLocation = structure<QueryCompileErrorLocation>(
    "QueryCompileErrorLocation", kQueryCompileErrorLocationMembers);
constexpr auto kMessage = text("Message");
constexpr auto kQueryCompileErrorMembers =
    members(member<&QueryCompileError::location>("location", kQueryCompileErrorLocation, Use::Used),
            member<&QueryCompileError::message>("message", kMessage, Use::Used));
constexpr auto kQueryCompileError =
    structure<QueryCompileError>("QueryCompileError", kQueryCompileErrorMembers);
constexpr auto kMalformedQueryExceptionMembers =
    members(member<&MalformedQueryException::query_compile_error>("queryCompileError",
                                                                  kQueryCompileError, Use::Used));
constexpr auto kMalformedQueryException =
    structure<MalformedQueryException>("MalformedQueryException", kMalformedQueryExceptionMembers);

constexpr OperationShapes kOperations[] = {
    operation("CreateScheduledQuery", kCreateScheduledQueryInput, &kCreateScheduledQueryOutput),
    operation("DeleteQueryDefinition", kDeleteQueryDefinitionInput, &kDeleteQueryDefinitionOutput),
    operation("DeleteScheduledQuery", kDeleteScheduledQueryInput, &kDeleteScheduledQueryOutput),
    operation("DescribeQueries", kDescribeQueriesInput, &kDescribeQueriesOutput),
    operation("DescribeQueryDefinitions", kDescribeQueryDefinitionsInput,
              &kDescribeQueryDefinitionsOutput),
    operation("GetQueryResults", kGetQueryResultsInput, &kGetQueryResultsOutput),
    operation("GetScheduledQuery", kGetScheduledQueryInput, &kGetScheduledQueryOutput),
    operation("GetScheduledQueryHistory", kGetScheduledQueryHistoryInput,
              &kGetScheduledQueryHistoryOutput),
    operation("ListScheduledQueries", kListScheduledQueriesInput, &kListScheduledQueriesOutput),
    operation("PutQueryDefinition", kPutQueryDefinitionInput, &kPutQueryDefinitionOutput),
    operation("StartQuery", kStartQueryInput, &kStartQueryOutput),
    operation("StopQuery", kStopQueryInput, &kStopQueryOutput),
    operation("UpdateScheduledQuery", kUpdateScheduledQueryInput, &kUpdateScheduledQueryOutput),
};

}  // namespace

std::span<const OperationShapes> query_operations() { return kOperations; }
const describe::Type* malformed_query_type() { return &kMalformedQueryException; }

}  // namespace kansoku::aws::logs
