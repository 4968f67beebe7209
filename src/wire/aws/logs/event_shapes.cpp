#include "wire/aws/logs/common_shapes.h"

namespace kansoku::aws::logs {
namespace {

constexpr auto kInputLogStreamNames =
    list_of("InputLogStreamNames", kLogStreamName, {.min = 1, .max = 100});
constexpr auto kEventsLimit = number<int32_t>("EventsLimit", {.min = 1, .max = 10000});
constexpr auto kStartFromHead = boolean("StartFromHead");
constexpr auto kInterleaved = boolean("Interleaved");
constexpr auto kUnmask = boolean("Unmask");
constexpr auto kFilterLogEventsInputMembers = members(
    member<&FilterLogEventsInput::log_group_name>("logGroupName", kLogGroupName, Use::Used),
    member<&FilterLogEventsInput::log_group_identifier>("logGroupIdentifier", kLogGroupIdentifier,
                                                        Use::Used),
    member<&FilterLogEventsInput::log_stream_names>("logStreamNames", kInputLogStreamNames,
                                                    Use::Used),
    member<&FilterLogEventsInput::log_stream_name_prefix>("logStreamNamePrefix", kLogStreamName,
                                                          Use::Used),
    member<&FilterLogEventsInput::start_time>("startTime", kTimestamp, Use::Used),
    member<&FilterLogEventsInput::end_time>("endTime", kTimestamp, Use::Used),
    member<&FilterLogEventsInput::filter_pattern>("filterPattern", kFilterPattern, Use::Used),
    member<&FilterLogEventsInput::next_token>("nextToken", kNextToken, Use::Used),
    member<&FilterLogEventsInput::limit>("limit", kEventsLimit, Use::Used),
    member<&FilterLogEventsInput::start_from_head>("startFromHead", kStartFromHead, Use::Used),
    member<&FilterLogEventsInput::interleaved>("interleaved", kInterleaved, Use::Inert,
                                               {.note = "always so, as by CloudWatch Logs"}),
    member<&FilterLogEventsInput::unmask>("unmask", kUnmask, Use::Inert,
                                          {.note = "nothing is masked"}));
constexpr auto kFilterLogEventsInput =
    structure<FilterLogEventsInput>("FilterLogEventsInput", kFilterLogEventsInputMembers);
constexpr auto kEventId = text("EventId");
constexpr auto kFilteredLogEventMembers =
    members(member<&FilteredLogEvent::log_stream_name>("logStreamName", kLogStreamName, Use::Used),
            member<&FilteredLogEvent::timestamp>("timestamp", kTimestamp, Use::Used),
            member<&FilteredLogEvent::message>("message", kEventMessage, Use::Used),
            member<&FilteredLogEvent::ingestion_time>("ingestionTime", kTimestamp, Use::Used),
            member<&FilteredLogEvent::event_id>("eventId", kEventId, Use::Used));
constexpr auto kFilteredLogEvent =
    structure<FilteredLogEvent>("FilteredLogEvent", kFilteredLogEventMembers);
constexpr auto kFilteredLogEvents = list_of("FilteredLogEvents", kFilteredLogEvent);
constexpr auto kLogStreamSearchedCompletely = boolean("LogStreamSearchedCompletely");
constexpr auto kSearchedLogStreamMembers =
    members(member<&SearchedLogStream::log_stream_name>("logStreamName", kLogStreamName, Use::Used),
            member<&SearchedLogStream::searched_completely>(
                "searchedCompletely", kLogStreamSearchedCompletely, Use::Used));
constexpr auto kSearchedLogStream =
    structure<SearchedLogStream>("SearchedLogStream", kSearchedLogStreamMembers);
constexpr auto kSearchedLogStreams = list_of("SearchedLogStreams", kSearchedLogStream);
constexpr auto kFilterLogEventsOutputMembers =
    members(member<&FilterLogEventsOutput::events>("events", kFilteredLogEvents, Use::Used),
            member<&FilterLogEventsOutput::searched_log_streams>("searchedLogStreams",
                                                                 kSearchedLogStreams, Use::Used),
            member<&FilterLogEventsOutput::next_token>("nextToken", kNextToken, Use::Used));
constexpr auto kFilterLogEventsOutput =
    structure<FilterLogEventsOutput>("FilterLogEventsOutput", kFilterLogEventsOutputMembers);
constexpr auto kGetLogEventsInputMembers =
    members(member<&GetLogEventsInput::log_group_name>("logGroupName", kLogGroupName, Use::Used),
            member<&GetLogEventsInput::log_group_identifier>("logGroupIdentifier",
                                                             kLogGroupIdentifier, Use::Used),
            member<&GetLogEventsInput::log_stream_name>("logStreamName", kLogStreamName, Use::Used,
                                                        {.required = true}),
            member<&GetLogEventsInput::start_time>("startTime", kTimestamp, Use::Used),
            member<&GetLogEventsInput::end_time>("endTime", kTimestamp, Use::Used),
            member<&GetLogEventsInput::next_token>("nextToken", kNextToken, Use::Used),
            member<&GetLogEventsInput::limit>("limit", kEventsLimit, Use::Used),
            member<&GetLogEventsInput::start_from_head>("startFromHead", kStartFromHead, Use::Used),
            member<&GetLogEventsInput::unmask>("unmask", kUnmask, Use::Inert,
                                               {.note = "nothing is masked"}));
constexpr auto kGetLogEventsInput =
    structure<GetLogEventsInput>("GetLogEventsInput", kGetLogEventsInputMembers);
constexpr auto kOutputLogEventMembers =
    members(member<&OutputLogEvent::timestamp>("timestamp", kTimestamp, Use::Used),
            member<&OutputLogEvent::message>("message", kEventMessage, Use::Used),
            member<&OutputLogEvent::ingestion_time>("ingestionTime", kTimestamp, Use::Used));
constexpr auto kOutputLogEvent =
    structure<OutputLogEvent>("OutputLogEvent", kOutputLogEventMembers);
constexpr auto kOutputLogEvents = list_of("OutputLogEvents", kOutputLogEvent);
constexpr auto kGetLogEventsOutputMembers = members(
    member<&GetLogEventsOutput::events>("events", kOutputLogEvents, Use::Used),
    member<&GetLogEventsOutput::next_forward_token>("nextForwardToken", kNextToken, Use::Used),
    member<&GetLogEventsOutput::next_backward_token>("nextBackwardToken", kNextToken, Use::Used));
constexpr auto kGetLogEventsOutput =
    structure<GetLogEventsOutput>("GetLogEventsOutput", kGetLogEventsOutputMembers);
constexpr auto kGetLogGroupFieldsInputMembers = members(
    member<&GetLogGroupFieldsInput::log_group_name>("logGroupName", kLogGroupName, Use::Used),
    member<&GetLogGroupFieldsInput::time>("time", kTimestamp, Use::Used),
    member<&GetLogGroupFieldsInput::log_group_identifier>("logGroupIdentifier", kLogGroupIdentifier,
                                                          Use::Used));
constexpr auto kGetLogGroupFieldsInput =
    structure<GetLogGroupFieldsInput>("GetLogGroupFieldsInput", kGetLogGroupFieldsInputMembers);
constexpr auto kPercentage = number<int32_t>("Percentage", {.min = 0, .max = 100});
constexpr auto kLogGroupFieldMembers =
    members(member<&LogGroupField::name>("name", kField, Use::Used),
            member<&LogGroupField::percent>("percent", kPercentage, Use::Used));
constexpr auto kLogGroupField = structure<LogGroupField>("LogGroupField", kLogGroupFieldMembers);
constexpr auto kLogGroupFieldList = list_of("LogGroupFieldList", kLogGroupField);
constexpr auto kGetLogGroupFieldsOutputMembers =
    members(member<&GetLogGroupFieldsOutput::log_group_fields>("logGroupFields", kLogGroupFieldList,
                                                               Use::Used));
constexpr auto kGetLogGroupFieldsOutput =
    structure<GetLogGroupFieldsOutput>("GetLogGroupFieldsOutput", kGetLogGroupFieldsOutputMembers);
constexpr auto kLogRecordPointer = text("LogRecordPointer");
constexpr auto kGetLogRecordInputMembers =
    members(member<&GetLogRecordInput::log_record_pointer>("logRecordPointer", kLogRecordPointer,
                                                           Use::Used, {.required = true}),
            member<&GetLogRecordInput::unmask>("unmask", kUnmask, Use::Inert,
                                               {.note = "nothing is masked"}));
constexpr auto kGetLogRecordInput =
    structure<GetLogRecordInput>("GetLogRecordInput", kGetLogRecordInputMembers);
constexpr auto kLogRecord = map_of("LogRecord", kValue);
constexpr auto kGetLogRecordOutputMembers =
    members(member<&GetLogRecordOutput::log_record>("logRecord", kLogRecord, Use::Used));
constexpr auto kGetLogRecordOutput =
    structure<GetLogRecordOutput>("GetLogRecordOutput", kGetLogRecordOutputMembers);
constexpr auto kInputLogEventMembers = members(
    member<&InputLogEvent::timestamp>("timestamp", kTimestamp, Use::Used, {.required = true}),
    member<&InputLogEvent::message>("message", kEventMessage, Use::Used, {.required = true}));
constexpr auto kInputLogEvent = structure<InputLogEvent>("InputLogEvent", kInputLogEventMembers);
constexpr auto kInputLogEvents =
    list_of("InputLogEvents", kInputLogEvent, {.min = 1, .max = 10000});
constexpr auto kEntityKeyAttributesValue = text("EntityKeyAttributesValue", {.min = 1, .max = 512});
constexpr auto kEntityKeyAttributes =
    map_of("EntityKeyAttributes", kEntityKeyAttributesValue, {.min = 2, .max = 4});
constexpr auto kEntityAttributesValue = text("EntityAttributesValue", {.min = 1, .max = 512});
constexpr auto kEntityAttributes =
    map_of("EntityAttributes", kEntityAttributesValue, {.min = 0, .max = 10});
constexpr auto kEntityMembers =
    members(member<&Entity::key_attributes>("keyAttributes", kEntityKeyAttributes, Use::Used),
            member<&Entity::attributes>("attributes", kEntityAttributes, Use::Used));
constexpr auto kEntity = structure<Entity>("Entity", kEntityMembers);
constexpr auto kPutLogEventsInputMembers =
    members(member<&PutLogEventsInput::log_group_name>("logGroupName", kLogGroupName, Use::Used,
                                                       {.required = true}),
            member<&PutLogEventsInput::log_stream_name>("logStreamName", kLogStreamName, Use::Used,
                                                        {.required = true}),
            member<&PutLogEventsInput::log_events>("logEvents", kInputLogEvents, Use::Used,
                                                   {.required = true}),
            member<&PutLogEventsInput::sequence_token>(
                "sequenceToken", kSequenceToken, Use::Inert,
                {.note = "ignored, as by CloudWatch Logs since 2023"}),
            member<&PutLogEventsInput::entity>("entity", kEntity, Use::Inert,
                                               {.note = "entities are not kept"}));
constexpr auto kPutLogEventsInput =
    structure<PutLogEventsInput>("PutLogEventsInput", kPutLogEventsInputMembers);
constexpr auto kLogEventIndex = number<int32_t>("LogEventIndex");
constexpr auto kRejectedLogEventsInfoMembers =
    members(member<&RejectedLogEventsInfo::too_new_log_event_start_index>(
                "tooNewLogEventStartIndex", kLogEventIndex, Use::Used),
            member<&RejectedLogEventsInfo::too_old_log_event_end_index>("tooOldLogEventEndIndex",
                                                                        kLogEventIndex, Use::Used),
            member<&RejectedLogEventsInfo::expired_log_event_end_index>("expiredLogEventEndIndex",
                                                                        kLogEventIndex, Use::Used));
constexpr auto kRejectedLogEventsInfo =
    structure<RejectedLogEventsInfo>("RejectedLogEventsInfo", kRejectedLogEventsInfoMembers);
constexpr std::string_view kEntityRejectionErrorTypeValues[] = {
    "InvalidEntity",      "InvalidTypeValue",        "InvalidKeyAttributes", "InvalidAttributes",
    "EntitySizeTooLarge", "UnsupportedLogGroupType", "MissingRequiredFields"};
constexpr auto kEntityRejectionErrorType =
    text("EntityRejectionErrorType", {.values = kEntityRejectionErrorTypeValues});
constexpr auto kRejectedEntityInfoMembers = members(member<&RejectedEntityInfo::error_type>(
    "errorType", kEntityRejectionErrorType, Use::Used, {.required = true}));
constexpr auto kRejectedEntityInfo =
    structure<RejectedEntityInfo>("RejectedEntityInfo", kRejectedEntityInfoMembers);
constexpr auto kPutLogEventsOutputMembers =
    members(member<&PutLogEventsOutput::next_sequence_token>("nextSequenceToken", kSequenceToken,
                                                             Use::Used),
            member<&PutLogEventsOutput::rejected_log_events_info>(
                "rejectedLogEventsInfo", kRejectedLogEventsInfo, Use::Used),
            member<&PutLogEventsOutput::rejected_entity_info>("rejectedEntityInfo",
                                                              kRejectedEntityInfo, Use::Used));
constexpr auto kPutLogEventsOutput =
    structure<PutLogEventsOutput>("PutLogEventsOutput", kPutLogEventsOutputMembers);
constexpr auto kStartLiveTailLogGroupIdentifiers =
    list_of("StartLiveTailLogGroupIdentifiers", kLogGroupIdentifier, {.min = 1, .max = 10});
constexpr auto kStartLiveTailInputMembers = members(
    member<&StartLiveTailInput::log_group_identifiers>(
        "logGroupIdentifiers", kStartLiveTailLogGroupIdentifiers, Use::Used, {.required = true}),
    member<&StartLiveTailInput::log_stream_names>("logStreamNames", kInputLogStreamNames,
                                                  Use::Used),
    member<&StartLiveTailInput::log_stream_name_prefixes>("logStreamNamePrefixes",
                                                          kInputLogStreamNames, Use::Used),
    member<&StartLiveTailInput::log_event_filter_pattern>("logEventFilterPattern", kFilterPattern,
                                                          Use::Used));
constexpr auto kStartLiveTailInput =
    structure<StartLiveTailInput>("StartLiveTailInput", kStartLiveTailInputMembers);
constexpr auto kStartLiveTailOutput = empty_structure<StartLiveTailOutput>("StartLiveTailOutput");

constexpr OperationShapes kOperations[] = {
    operation("FilterLogEvents", kFilterLogEventsInput, &kFilterLogEventsOutput),
    operation("GetLogEvents", kGetLogEventsInput, &kGetLogEventsOutput),
    operation("GetLogGroupFields", kGetLogGroupFieldsInput, &kGetLogGroupFieldsOutput),
    operation("GetLogRecord", kGetLogRecordInput, &kGetLogRecordOutput),
    operation("PutLogEvents", kPutLogEventsInput, &kPutLogEventsOutput),
    operation("StartLiveTail", kStartLiveTailInput, &kStartLiveTailOutput),
};

}  // namespace

std::span<const OperationShapes> event_operations() { return kOperations; }

}  // namespace kansoku::aws::logs
