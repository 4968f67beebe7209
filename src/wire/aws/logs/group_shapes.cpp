#include "wire/aws/logs/common_shapes.h"

namespace kansoku::aws::logs {
namespace {

constexpr std::string_view kLogGroupClassValues[] = {"STANDARD", "INFREQUENT_ACCESS", "DELIVERY"};
constexpr auto kLogGroupClass = text("LogGroupClass", {.values = kLogGroupClassValues});
constexpr auto kDeletionProtectionEnabled = boolean("DeletionProtectionEnabled");
constexpr auto kCreateLogGroupInputMembers = members(
    member<&CreateLogGroupInput::log_group_name>("logGroupName", kLogGroupName, Use::Used,
                                                 {.required = true}),
    member<&CreateLogGroupInput::kms_key_id>("kmsKeyId", kKmsKeyId, Use::Refused),
    member<&CreateLogGroupInput::tags>("tags", kTags, Use::Used),
    member<&CreateLogGroupInput::log_group_class>("logGroupClass", kLogGroupClass, Use::Used),
    member<&CreateLogGroupInput::deletion_protection_enabled>(
        "deletionProtectionEnabled", kDeletionProtectionEnabled, Use::Used));
constexpr auto kCreateLogGroupInput =
    structure<CreateLogGroupInput>("CreateLogGroupInput", kCreateLogGroupInputMembers);
constexpr auto kCreateLogStreamInputMembers =
    members(member<&CreateLogStreamInput::log_group_name>("logGroupName", kLogGroupName, Use::Used,
                                                          {.required = true}),
            member<&CreateLogStreamInput::log_stream_name>("logStreamName", kLogStreamName,
                                                           Use::Used, {.required = true}));
constexpr auto kCreateLogStreamInput =
    structure<CreateLogStreamInput>("CreateLogStreamInput", kCreateLogStreamInputMembers);
constexpr auto kDeleteLogGroupInputMembers = members(member<&DeleteLogGroupInput::log_group_name>(
    "logGroupName", kLogGroupName, Use::Used, {.required = true}));
constexpr auto kDeleteLogGroupInput =
    structure<DeleteLogGroupInput>("DeleteLogGroupInput", kDeleteLogGroupInputMembers);
constexpr auto kDeleteLogStreamInputMembers =
    members(member<&DeleteLogStreamInput::log_group_name>("logGroupName", kLogGroupName, Use::Used,
                                                          {.required = true}),
            member<&DeleteLogStreamInput::log_stream_name>("logStreamName", kLogStreamName,
                                                           Use::Used, {.required = true}));
constexpr auto kDeleteLogStreamInput =
    structure<DeleteLogStreamInput>("DeleteLogStreamInput", kDeleteLogStreamInputMembers);
constexpr auto kDeleteRetentionPolicyInputMembers =
    members(member<&DeleteRetentionPolicyInput::log_group_name>("logGroupName", kLogGroupName,
                                                                Use::Used, {.required = true}));
constexpr auto kDeleteRetentionPolicyInput = structure<DeleteRetentionPolicyInput>(
    "DeleteRetentionPolicyInput", kDeleteRetentionPolicyInputMembers);
constexpr auto kAccountIds = list_of("AccountIds", kAccountId, {.min = 0, .max = 20});
constexpr auto kLogGroupNamePattern = text("LogGroupNamePattern", {.min = 0, .max = 512});
constexpr auto kIncludeLinkedAccounts = boolean("IncludeLinkedAccounts");
constexpr auto kDescribeLogGroupsLogGroupIdentifiers =
    list_of("DescribeLogGroupsLogGroupIdentifiers", kLogGroupIdentifier, {.min = 1, .max = 50});
constexpr auto kDescribeLogGroupsInputMembers = members(
    member<&DescribeLogGroupsInput::account_identifiers>("accountIdentifiers", kAccountIds,
                                                         Use::Used),
    member<&DescribeLogGroupsInput::log_group_name_prefix>("logGroupNamePrefix", kLogGroupName,
                                                           Use::Used),
    member<&DescribeLogGroupsInput::log_group_name_pattern>("logGroupNamePattern",
                                                            kLogGroupNamePattern, Use::Used),
    member<&DescribeLogGroupsInput::next_token>("nextToken", kNextToken, Use::Used),
    member<&DescribeLogGroupsInput::limit>("limit", kDescribeLimit, Use::Used),
    member<&DescribeLogGroupsInput::include_linked_accounts>("includeLinkedAccounts",
                                                             kIncludeLinkedAccounts, Use::Used),
    member<&DescribeLogGroupsInput::log_group_class>("logGroupClass", kLogGroupClass, Use::Used),
    member<&DescribeLogGroupsInput::log_group_identifiers>(
        "logGroupIdentifiers", kDescribeLogGroupsLogGroupIdentifiers, Use::Used));
constexpr auto kDescribeLogGroupsInput =
    structure<DescribeLogGroupsInput>("DescribeLogGroupsInput", kDescribeLogGroupsInputMembers);
constexpr auto kDays = number<int32_t>("Days");
constexpr auto kFilterCount = number<int32_t>("FilterCount");
constexpr auto kStoredBytes = number<int64_t>("StoredBytes", {.min = 0});
constexpr std::string_view kDataProtectionStatusValues[] = {"ACTIVATED", "DELETED", "ARCHIVED",
                                                            "DISABLED"};
constexpr auto kDataProtectionStatus =
    text("DataProtectionStatus", {.values = kDataProtectionStatusValues});
constexpr std::string_view kInheritedPropertyValues[] = {"ACCOUNT_DATA_PROTECTION"};
constexpr auto kInheritedProperty = text("InheritedProperty", {.values = kInheritedPropertyValues});
constexpr auto kInheritedProperties = list_of("InheritedProperties", kInheritedProperty);
constexpr auto kBearerTokenAuthenticationEnabled = boolean("BearerTokenAuthenticationEnabled");
constexpr auto kLogGroupMembers =
    members(member<&LogGroup::log_group_name>("logGroupName", kLogGroupName, Use::Used),
            member<&LogGroup::creation_time>("creationTime", kTimestamp, Use::Used),
            member<&LogGroup::retention_in_days>("retentionInDays", kDays, Use::Used),
            member<&LogGroup::metric_filter_count>("metricFilterCount", kFilterCount, Use::Used),
            member<&LogGroup::arn>("arn", kArn, Use::Used),
            member<&LogGroup::stored_bytes>("storedBytes", kStoredBytes, Use::Used),
            member<&LogGroup::kms_key_id>("kmsKeyId", kKmsKeyId, Use::Inert, {.note = "never set"}),
            member<&LogGroup::data_protection_status>("dataProtectionStatus", kDataProtectionStatus,
                                                      Use::Inert, {.note = "never set"}),
            member<&LogGroup::inherited_properties>("inheritedProperties", kInheritedProperties,
                                                    Use::Inert, {.note = "never set"}),
            member<&LogGroup::log_group_class>("logGroupClass", kLogGroupClass, Use::Used),
            member<&LogGroup::log_group_arn>("logGroupArn", kArn, Use::Used),
            member<&LogGroup::deletion_protection_enabled>("deletionProtectionEnabled",
                                                           kDeletionProtectionEnabled, Use::Used),
            member<&LogGroup::bearer_token_authentication_enabled>(
                "bearerTokenAuthenticationEnabled", kBearerTokenAuthenticationEnabled, Use::Inert,
                {.note = "never set"}));
constexpr auto kLogGroup = structure<LogGroup>("LogGroup", kLogGroupMembers);
constexpr auto kLogGroups = list_of("LogGroups", kLogGroup);
constexpr auto kDescribeLogGroupsOutputMembers =
    members(member<&DescribeLogGroupsOutput::log_groups>("logGroups", kLogGroups, Use::Used),
            member<&DescribeLogGroupsOutput::next_token>("nextToken", kNextToken, Use::Used));
constexpr auto kDescribeLogGroupsOutput =
    structure<DescribeLogGroupsOutput>("DescribeLogGroupsOutput", kDescribeLogGroupsOutputMembers);
constexpr std::string_view kOrderByValues[] = {"LogStreamName", "LastEventTime"};
constexpr auto kOrderBy = text("OrderBy", {.values = kOrderByValues});
constexpr auto kDescending = boolean("Descending");
constexpr auto kDescribeLogStreamsInputMembers = members(
    member<&DescribeLogStreamsInput::log_group_name>("logGroupName", kLogGroupName, Use::Used),
    member<&DescribeLogStreamsInput::log_group_identifier>("logGroupIdentifier",
                                                           kLogGroupIdentifier, Use::Used),
    member<&DescribeLogStreamsInput::log_stream_name_prefix>("logStreamNamePrefix", kLogStreamName,
                                                             Use::Used),
    member<&DescribeLogStreamsInput::order_by>("orderBy", kOrderBy, Use::Used),
    member<&DescribeLogStreamsInput::descending>("descending", kDescending, Use::Used),
    member<&DescribeLogStreamsInput::next_token>("nextToken", kNextToken, Use::Used),
    member<&DescribeLogStreamsInput::limit>("limit", kDescribeLimit, Use::Used));
constexpr auto kDescribeLogStreamsInput =
    structure<DescribeLogStreamsInput>("DescribeLogStreamsInput", kDescribeLogStreamsInputMembers);
constexpr auto kLogStreamMembers = members(
    member<&LogStream::log_stream_name>("logStreamName", kLogStreamName, Use::Used),
    member<&LogStream::creation_time>("creationTime", kTimestamp, Use::Used),
    member<&LogStream::first_event_timestamp>("firstEventTimestamp", kTimestamp, Use::Used),
    member<&LogStream::last_event_timestamp>("lastEventTimestamp", kTimestamp, Use::Used),
    member<&LogStream::last_ingestion_time>("lastIngestionTime", kTimestamp, Use::Used),
    member<&LogStream::upload_sequence_token>("uploadSequenceToken", kSequenceToken, Use::Used),
    member<&LogStream::arn>("arn", kArn, Use::Used),
    member<&LogStream::stored_bytes>("storedBytes", kStoredBytes, Use::Inert,
                                     {.note = "0, as by CloudWatch Logs since 2019"}));
constexpr auto kLogStream = structure<LogStream>("LogStream", kLogStreamMembers);
constexpr auto kLogStreams = list_of("LogStreams", kLogStream);
constexpr auto kDescribeLogStreamsOutputMembers =
    members(member<&DescribeLogStreamsOutput::log_streams>("logStreams", kLogStreams, Use::Used),
            member<&DescribeLogStreamsOutput::next_token>("nextToken", kNextToken, Use::Used));
constexpr auto kDescribeLogStreamsOutput = structure<DescribeLogStreamsOutput>(
    "DescribeLogStreamsOutput", kDescribeLogStreamsOutputMembers);
constexpr auto kLogGroupNameRegexPattern = text("LogGroupNameRegexPattern", {.min = 3, .max = 129});
constexpr auto kListLimit = number<int32_t>("ListLimit", {.min = 1, .max = 1000});
constexpr auto kDataSourceName = text("DataSourceName");
constexpr auto kDataSourceType = text("DataSourceType");
constexpr auto kDataSourceFilterMembers =
    members(member<&DataSourceFilter::name>("name", kDataSourceName, Use::Used, {.required = true}),
            member<&DataSourceFilter::type>("type", kDataSourceType, Use::Used));
constexpr auto kDataSourceFilter =
    structure<DataSourceFilter>("DataSourceFilter", kDataSourceFilterMembers);
constexpr auto kDataSourceFilters =
    list_of("DataSourceFilters", kDataSourceFilter, {.min = 1, .max = 5});
constexpr auto kFieldIndexName = text("FieldIndexName", {.min = 1, .max = 512});
constexpr auto kFieldIndexNames =
    list_of("FieldIndexNames", kFieldIndexName, {.min = 1, .max = 20});
constexpr auto kTagFilterKey = text("TagFilterKey", {.min = 1, .max = 128});
constexpr auto kTagFilterValue = text("TagFilterValue", {.min = 0, .max = 259});
constexpr auto kTagFilterValues = list_of("TagFilterValues", kTagFilterValue, {.min = 0, .max = 5});
constexpr auto kTagFilterMembers =
    members(member<&TagFilter::key>("key", kTagFilterKey, Use::Used, {.required = true}),
            member<&TagFilter::values>("values", kTagFilterValues, Use::Used));
constexpr auto kTagFilter = structure<TagFilter>("TagFilter", kTagFilterMembers);
constexpr auto kTagFilters = list_of("TagFilters", kTagFilter, {.min = 1, .max = 5});
constexpr auto kListLogGroupsInputMembers = members(
    member<&ListLogGroupsInput::log_group_name_pattern>("logGroupNamePattern",
                                                        kLogGroupNameRegexPattern, Use::Used),
    member<&ListLogGroupsInput::log_group_class>("logGroupClass", kLogGroupClass, Use::Used),
    member<&ListLogGroupsInput::include_linked_accounts>("includeLinkedAccounts",
                                                         kIncludeLinkedAccounts, Use::Used),
    member<&ListLogGroupsInput::account_identifiers>("accountIdentifiers", kAccountIds, Use::Used),
    member<&ListLogGroupsInput::next_token>("nextToken", kNextToken, Use::Used),
    member<&ListLogGroupsInput::limit>("limit", kListLimit, Use::Used),
    member<&ListLogGroupsInput::data_sources>("dataSources", kDataSourceFilters, Use::Refused),
    member<&ListLogGroupsInput::field_index_names>("fieldIndexNames", kFieldIndexNames,
                                                   Use::Refused),
    member<&ListLogGroupsInput::log_group_tags>("logGroupTags", kTagFilters, Use::Used));
constexpr auto kListLogGroupsInput =
    structure<ListLogGroupsInput>("ListLogGroupsInput", kListLogGroupsInputMembers);
constexpr auto kLogGroupSummaryMembers =
    members(member<&LogGroupSummary::log_group_name>("logGroupName", kLogGroupName, Use::Used),
            member<&LogGroupSummary::log_group_arn>("logGroupArn", kArn, Use::Used),
            member<&LogGroupSummary::log_group_class>("logGroupClass", kLogGroupClass, Use::Used));
constexpr auto kLogGroupSummary =
    structure<LogGroupSummary>("LogGroupSummary", kLogGroupSummaryMembers);
constexpr auto kLogGroupSummaries = list_of("LogGroupSummaries", kLogGroupSummary);
constexpr auto kListLogGroupsOutputMembers =
    members(member<&ListLogGroupsOutput::log_groups>("logGroups", kLogGroupSummaries, Use::Used),
            member<&ListLogGroupsOutput::next_token>("nextToken", kNextToken, Use::Used));
constexpr auto kListLogGroupsOutput =
    structure<ListLogGroupsOutput>("ListLogGroupsOutput", kListLogGroupsOutputMembers);
constexpr auto kAmazonResourceName = text("AmazonResourceName", {.min = 1, .max = 1011});
constexpr auto kListTagsForResourceInputMembers =
    members(member<&ListTagsForResourceInput::resource_arn>("resourceArn", kAmazonResourceName,
                                                            Use::Used, {.required = true}));
constexpr auto kListTagsForResourceInput = structure<ListTagsForResourceInput>(
    "ListTagsForResourceInput", kListTagsForResourceInputMembers);
constexpr auto kListTagsForResourceOutputMembers =
    members(member<&ListTagsForResourceOutput::tags>("tags", kTags, Use::Used));
constexpr auto kListTagsForResourceOutput = structure<ListTagsForResourceOutput>(
    "ListTagsForResourceOutput", kListTagsForResourceOutputMembers);
constexpr auto kListTagsLogGroupInputMembers =
    members(member<&ListTagsLogGroupInput::log_group_name>("logGroupName", kLogGroupName, Use::Used,
                                                           {.required = true}));
constexpr auto kListTagsLogGroupInput =
    structure<ListTagsLogGroupInput>("ListTagsLogGroupInput", kListTagsLogGroupInputMembers);
constexpr auto kListTagsLogGroupOutputMembers =
    members(member<&ListTagsLogGroupOutput::tags>("tags", kTags, Use::Used));
constexpr auto kListTagsLogGroupOutput =
    structure<ListTagsLogGroupOutput>("ListTagsLogGroupOutput", kListTagsLogGroupOutputMembers);
constexpr auto kPutLogGroupDeletionProtectionInputMembers = members(
    member<&PutLogGroupDeletionProtectionInput::log_group_identifier>(
        "logGroupIdentifier", kLogGroupIdentifier, Use::Used, {.required = true}),
    member<&PutLogGroupDeletionProtectionInput::deletion_protection_enabled>(
        "deletionProtectionEnabled", kDeletionProtectionEnabled, Use::Used, {.required = true}));
constexpr auto kPutLogGroupDeletionProtectionInput = structure<PutLogGroupDeletionProtectionInput>(
    "PutLogGroupDeletionProtectionInput", kPutLogGroupDeletionProtectionInputMembers);
constexpr auto kPutRetentionPolicyInputMembers =
    members(member<&PutRetentionPolicyInput::log_group_name>("logGroupName", kLogGroupName,
                                                             Use::Used, {.required = true}),
            member<&PutRetentionPolicyInput::retention_in_days>("retentionInDays", kDays, Use::Used,
                                                                {.required = true}));
constexpr auto kPutRetentionPolicyInput =
    structure<PutRetentionPolicyInput>("PutRetentionPolicyInput", kPutRetentionPolicyInputMembers);
constexpr auto kTagLogGroupInputMembers =
    members(member<&TagLogGroupInput::log_group_name>("logGroupName", kLogGroupName, Use::Used,
                                                      {.required = true}),
            member<&TagLogGroupInput::tags>("tags", kTags, Use::Used, {.required = true}));
constexpr auto kTagLogGroupInput =
    structure<TagLogGroupInput>("TagLogGroupInput", kTagLogGroupInputMembers);
constexpr auto kTagResourceInputMembers =
    members(member<&TagResourceInput::resource_arn>("resourceArn", kAmazonResourceName, Use::Used,
                                                    {.required = true}),
            member<&TagResourceInput::tags>("tags", kTags, Use::Used, {.required = true}));
constexpr auto kTagResourceInput =
    structure<TagResourceInput>("TagResourceInput", kTagResourceInputMembers);
constexpr auto kTagKey = text("TagKey", {.min = 1, .max = 128});
constexpr auto kTagList = list_of("TagList", kTagKey, {.min = 1});
constexpr auto kUntagLogGroupInputMembers =
    members(member<&UntagLogGroupInput::log_group_name>("logGroupName", kLogGroupName, Use::Used,
                                                        {.required = true}),
            member<&UntagLogGroupInput::tags>("tags", kTagList, Use::Used, {.required = true}));
constexpr auto kUntagLogGroupInput =
    structure<UntagLogGroupInput>("UntagLogGroupInput", kUntagLogGroupInputMembers);
constexpr auto kTagKeyList = list_of("TagKeyList", kTagKey, {.min = 0, .max = 50});
constexpr auto kUntagResourceInputMembers = members(
    member<&UntagResourceInput::resource_arn>("resourceArn", kAmazonResourceName, Use::Used,
                                              {.required = true}),
    member<&UntagResourceInput::tag_keys>("tagKeys", kTagKeyList, Use::Used, {.required = true}));
constexpr auto kUntagResourceInput =
    structure<UntagResourceInput>("UntagResourceInput", kUntagResourceInputMembers);

constexpr OperationShapes kOperations[] = {
    operation("CreateLogGroup", kCreateLogGroupInput, nullptr),
    operation("CreateLogStream", kCreateLogStreamInput, nullptr),
    operation("DeleteLogGroup", kDeleteLogGroupInput, nullptr),
    operation("DeleteLogStream", kDeleteLogStreamInput, nullptr),
    operation("DeleteRetentionPolicy", kDeleteRetentionPolicyInput, nullptr),
    operation("DescribeLogGroups", kDescribeLogGroupsInput, &kDescribeLogGroupsOutput),
    operation("DescribeLogStreams", kDescribeLogStreamsInput, &kDescribeLogStreamsOutput),
    operation("ListLogGroups", kListLogGroupsInput, &kListLogGroupsOutput),
    operation("ListTagsForResource", kListTagsForResourceInput, &kListTagsForResourceOutput),
    operation("ListTagsLogGroup", kListTagsLogGroupInput, &kListTagsLogGroupOutput),
    operation("PutLogGroupDeletionProtection", kPutLogGroupDeletionProtectionInput, nullptr),
    operation("PutRetentionPolicy", kPutRetentionPolicyInput, nullptr),
    operation("TagLogGroup", kTagLogGroupInput, nullptr),
    operation("TagResource", kTagResourceInput, nullptr),
    operation("UntagLogGroup", kUntagLogGroupInput, nullptr),
    operation("UntagResource", kUntagResourceInput, nullptr),
};

}  // namespace

std::span<const OperationShapes> group_operations() { return kOperations; }

}  // namespace kansoku::aws::logs
