// The AWS wire protocols as interpreters over described structs (base/describe): awsQuery,
// awsJson 1.0 and 1.1, rpcv2Cbor, and the query-compatible errors of the latter two.
//
// Sources: the Smithy protocol specifications; pinned by the published protocol vectors used
// backwards (we are the server). Thread contract: free functions.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/describe/describe.h"
#include "base/result.h"

namespace kansoku::aws {

enum class Protocol : uint8_t { Query, Json10, Json11, Cbor };
std::string_view protocol_name(Protocol protocol);

// ---------------------------------------------------------------------------------------------
// Requests

// A body or value that the protocol cannot carry: not JSON, a word where a number belongs.
struct DecodeFailure {
  std::string message;
};
using Decoded = std::expected<void, DecodeFailure>;

// `object` is an empty struct of `type`. Unknown members are ignored; null members are absent, null
// items of lists and maps are skipped.
Decoded decode_json(std::string_view body, const describe::Type& type, void* object);
Decoded decode_cbor(std::string_view body, const describe::Type& type, void* object);

// A query form, parsed: names and values decoded, in the order of arrival.
struct FormField {
  std::string name;
  std::string value;
};
using Form = std::vector<FormField>;
// More fields than this are refused: a 1 MiB body of one-letter names has 350,000.
inline constexpr size_t kFormFieldsMax = 200'000;
Result<Form> parse_form(std::string_view body);
// The first of that name, or empty.
std::string_view form_value(const Form& form, std::string_view name);
// Keys in any order, indices sparse; `List.member.N`, `List.N`, `Map.entry.N.key`.
Decoded decode_query(const Form& form, const describe::Type& type, void* object);

// ---------------------------------------------------------------------------------------------
// Constraints

struct Violation {
  bool missing = false;  // a required member
  bool refused = false;  // Use::Refused
  std::string path;      // 'metricData.1.member.metricName'
  std::string member;    // as the model spells it
  std::string message;   // "Value null at 'metricName' failed to satisfy constraint: …"
};
inline constexpr size_t kViolationsMax = 20;
std::vector<Violation> find_violations(const describe::Type& type, const void* object);
// "2 validation errors detected: …; …"
std::string violations_message(const std::vector<Violation>& violations);

// ---------------------------------------------------------------------------------------------
// Answers

struct Service {
  std::string_view name;           // credential scope: "monitoring"
  std::string_view shape;          // of CBOR paths and JSON targets: GraniteServiceVersion20100801
  std::string_view version;        // query: 2010-08-01
  std::string_view xml_namespace;  // query answers
  std::string_view error_namespace;  // of __type: com.amazonaws.cloudwatch
  bool query_compatible = false;
};

// `type` null: the operation has no output.
std::string encode_json(const describe::Type* type, const void* object);
std::string encode_cbor(const describe::Type* type, const void* object);
std::string encode_query(const Service& service, std::string_view operation,
                         const describe::Type* type, const void* object,
                         std::string_view request_id);
std::string encode_response(Protocol protocol, const Service& service, std::string_view operation,
                            const describe::Type* type, const void* object,
                            std::string_view request_id);

// What a client is told when something did not work.
struct AwsError {
  std::string shape;       // "InvalidParameterValueException"; JSON and CBOR
  std::string query_code;  // "InvalidParameterValue"; empty: the shape
  int http_status = 400;
  std::string message;
  // Overrides the service's namespace in __type, e.g. "com.amazon.coral.validate".
  std::string_view shape_namespace = {};
  // Further members of an error shape; null when it has none but the message.
  const describe::Type* detail_type = nullptr;
  std::shared_ptr<const void> detail;

  std::string_view code() const { return query_code.empty() ? shape : query_code; }
  bool senders_fault() const { return http_status < 500; }
};

std::string encode_error(Protocol protocol, const Service& service, const AwsError& error,
                         std::string_view request_id);

// Content-Type of an answer.
std::string_view content_type(Protocol protocol);

// ---------------------------------------------------------------------------------------------
// Text forms of values, shared by the codecs

// ISO 8601 with or without fraction and offset, an HTTP date, or epoch seconds.
bool parse_timestamp(std::string_view text, describe::Timestamp& time);
// Seconds since the epoch, with a fraction.
bool timestamp_from_seconds(double seconds, describe::Timestamp& time);
// NaN, Infinity, -Infinity or a number.
bool parse_double(std::string_view text, double& value);

}  // namespace kansoku::aws
