// Answers: JSON, CBOR and query XML out of described structs, and errors in each protocol's own
// form.
#include <fmt/core.h>

#include <cmath>

#include "base/text/base64.h"
#include "base/time/iso8601.h"
#include "wire/aws/protocol.h"
#include "wire/cbor/cbor_writer.h"
#include "wire/json/json_writer.h"
#include "wire/xml/xml_writer.h"

namespace kansoku::aws {
namespace {

using describe::Kind;
using describe::Member;
using describe::Timestamp;
using describe::TimestampFormat;
using describe::Type;
using describe::value_as;

TimestampFormat format_of(const Type& type, const Member* member, TimestampFormat fallback) {
  if (member != nullptr && member->timestamp_format != TimestampFormat::Default) {
    return member->timestamp_format;
  }
  return type.timestamp_format != TimestampFormat::Default ? type.timestamp_format : fallback;
}

std::string_view special_double(double value) {
  return std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

// ---- JSON

void write_json(wire::JsonWriter& json, const Type& type, const Member* member, const void* value);

void write_json_structure(wire::JsonWriter& json, const Type& type, const void* object) {
  json.begin_object();
  for (const Member& member : type.members) {
    const void* value = member.get(member, object);
    if (value == nullptr) continue;
    json.key(member.name);
    write_json(json, *member.type, &member, value);
  }
  json.end_object();
}

// A float is shortest as a float: 0.1f is 0.1, not 0.10000000149011612.
std::string float_text(float value) {
  char buffer[32];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr};
}

void write_json_double(wire::JsonWriter& json, double value) {
  std::isfinite(value) ? json.number(value) : json.string(special_double(value));
}

void write_json_timestamp(wire::JsonWriter& json, Timestamp time, TimestampFormat format) {
  switch (format) {
    case TimestampFormat::Iso8601:
      json.string(iso8601(time.ms, IsoFraction::WhenNeeded));
      break;
    case TimestampFormat::HttpDate:
      json.string(http_date(time.ms));
      break;
    default:
      if (time.ms % 1000 == 0) {
        json.integer(time.ms / 1000);
      } else {
        json.number(static_cast<double>(time.ms) / 1000.0);
      }
  }
}

void write_json(wire::JsonWriter& json, const Type& type, const Member* member, const void* value) {
  switch (type.kind) {
    case Kind::Boolean:
      json.boolean(value_as<bool>(value));
      break;
    case Kind::Integer:
      json.integer(value_as<int32_t>(value));
      break;
    case Kind::Long:
      json.integer(value_as<int64_t>(value));
      break;
    case Kind::Float: {
      float number = value_as<float>(value);
      std::isfinite(number) ? json.raw(float_text(number))
                            : json.string(special_double(static_cast<double>(number)));
      break;
    }
    case Kind::Double:
      write_json_double(json, value_as<double>(value));
      break;
    case Kind::String:
      json.string(value_as<std::string>(value));
      break;
    case Kind::Blob:
      json.string(base64_encode(value_as<std::string>(value)));
      break;
    case Kind::Document:
      json.raw(value_as<std::string>(value));
      break;
    case Kind::Timestamp:
      write_json_timestamp(json, value_as<Timestamp>(value),
                           format_of(type, member, TimestampFormat::EpochSeconds));
      break;
    case Kind::List:
      json.begin_array();
      for (size_t i = 0; i < type.size(type, value); ++i) {
        write_json(json, *type.element, nullptr, type.at(type, value, i));
      }
      json.end_array();
      break;
    case Kind::Map:
      json.begin_object();
      for (size_t i = 0; i < type.size(type, value); ++i) {
        json.key(type.key_at(type, value, i));
        write_json(json, *type.element, nullptr, type.at(type, value, i));
      }
      json.end_object();
      break;
    case Kind::Structure:
      write_json_structure(json, type, value);
      break;
  }
}

// ---- CBOR

void write_cbor(wire::CborWriter& cbor, const Type& type, const void* value);

uint64_t present_count(const Type& type, const void* object) {
  uint64_t count = 0;
  for (const Member& member : type.members) count += member.get(member, object) != nullptr ? 1 : 0;
  return count;
}

void write_cbor_members(wire::CborWriter& cbor, const Type& type, const void* object) {
  for (const Member& member : type.members) {
    const void* value = member.get(member, object);
    if (value == nullptr) continue;
    cbor.text(member.name);
    write_cbor(cbor, *member.type, value);
  }
}

void write_cbor(wire::CborWriter& cbor, const Type& type, const void* value) {
  switch (type.kind) {
    case Kind::Boolean:
      cbor.boolean(value_as<bool>(value));
      break;
    case Kind::Integer:
      cbor.integer(value_as<int32_t>(value));
      break;
    case Kind::Long:
      cbor.integer(value_as<int64_t>(value));
      break;
    case Kind::Float:
      cbor.number32(value_as<float>(value));
      break;
    case Kind::Double:
      cbor.number(value_as<double>(value));
      break;
    case Kind::String:
    case Kind::Document:
      cbor.text(value_as<std::string>(value));
      break;
    case Kind::Blob:
      cbor.bytes(value_as<std::string>(value));
      break;
    case Kind::Timestamp:
      // Tag 1 with a double, the form that every SDK's decoder takes.
      cbor.tag(1);
      cbor.number(static_cast<double>(value_as<Timestamp>(value).ms) / 1000.0);
      break;
    case Kind::List:
      cbor.list(type.size(type, value));
      for (size_t i = 0; i < type.size(type, value); ++i) {
        write_cbor(cbor, *type.element, type.at(type, value, i));
      }
      break;
    case Kind::Map:
      cbor.map(type.size(type, value));
      for (size_t i = 0; i < type.size(type, value); ++i) {
        cbor.text(type.key_at(type, value, i));
        write_cbor(cbor, *type.element, type.at(type, value, i));
      }
      break;
    case Kind::Structure:
      cbor.map(present_count(type, value));
      write_cbor_members(cbor, type, value);
      break;
  }
}

// ---- XML

struct XmlName {
  std::string_view name;
  const Member* member = nullptr;
  bool flattened = false;
};

void write_xml(wire::XmlWriter& xml, XmlName name, const Type& type, const void* value);

void write_xml_members(wire::XmlWriter& xml, const Type& type, const void* object) {
  for (const Member& member : type.members) {
    const void* value = member.get(member, object);
    if (value == nullptr) continue;
    write_xml(xml, {member.form_name(), &member, member.flattened || member.type->flattened},
              *member.type, value);
  }
}

std::string double_text(double value) {
  if (!std::isfinite(value)) return std::string(special_double(value));
  std::string out;
  wire::append_json_number(out, value);
  return out;
}

std::string epoch_text(Timestamp time) {
  return time.ms % 1000 == 0 ? fmt::format("{}", time.ms / 1000)
                             : double_text(static_cast<double>(time.ms) / 1000.0);
}

std::string scalar_text(const Type& type, const Member* member, const void* value) {
  switch (type.kind) {
    case Kind::Boolean:
      return value_as<bool>(value) ? "true" : "false";
    case Kind::Integer:
      return fmt::format("{}", value_as<int32_t>(value));
    case Kind::Long:
      return fmt::format("{}", value_as<int64_t>(value));
    case Kind::Float: {
      float number = value_as<float>(value);
      return std::isfinite(number) ? float_text(number)
                                   : std::string(special_double(static_cast<double>(number)));
    }
    case Kind::Double:
      return double_text(value_as<double>(value));
    case Kind::Blob:
      return base64_encode(value_as<std::string>(value));
    case Kind::Timestamp:
      switch (format_of(type, member, TimestampFormat::Iso8601)) {
        case TimestampFormat::EpochSeconds:
          return epoch_text(value_as<Timestamp>(value));
        case TimestampFormat::HttpDate:
          return http_date(value_as<Timestamp>(value).ms);
        default:
          return iso8601(value_as<Timestamp>(value).ms, IsoFraction::WhenNeeded);
      }
    default:
      return value_as<std::string>(value);
  }
}

void write_xml_map_entries(wire::XmlWriter& xml, std::string_view entry, const Type& type,
                           const void* map) {
  std::string_view key_name = type.key_name.empty() ? "key" : type.key_name;
  std::string_view value_name = type.value_name.empty() ? "value" : type.value_name;
  for (size_t i = 0; i < type.size(type, map); ++i) {
    xml.begin(entry);
    xml.element(key_name, type.key_at(type, map, i));
    write_xml(xml, {value_name}, *type.element, type.at(type, map, i));
    xml.end(entry);
  }
}

void write_xml(wire::XmlWriter& xml, XmlName name, const Type& type, const void* value) {
  if (type.kind == Kind::List && name.flattened) {
    // Flattened items carry the name of the member, whatever the list calls its items.
    for (size_t i = 0; i < type.size(type, value); ++i) {
      write_xml(xml, {name.name}, *type.element, type.at(type, value, i));
    }
    return;
  }
  if (type.kind == Kind::Map && name.flattened) {
    write_xml_map_entries(xml, name.name, type, value);
    return;
  }
  xml.begin(name.name);
  switch (type.kind) {
    case Kind::List: {
      std::string_view item = type.element_name.empty() ? "member" : type.element_name;
      for (size_t i = 0; i < type.size(type, value); ++i) {
        write_xml(xml, {item}, *type.element, type.at(type, value, i));
      }
      break;
    }
    case Kind::Map:
      write_xml_map_entries(xml, "entry", type, value);
      break;
    case Kind::Structure:
      write_xml_members(xml, type, value);
      break;
    default:
      xml.text(scalar_text(type, name.member, value));
  }
  xml.end(name.name);
}

// ---- Errors

std::string error_type(const Service& service, const AwsError& error) {
  std::string_view space =
      error.shape_namespace.empty() ? service.error_namespace : error.shape_namespace;
  return space.empty() ? error.shape : fmt::format("{}#{}", space, error.shape);
}

// The member of an error shape that holds its message, if the shape has one.
bool is_message(const Member& member) {
  return member.name == "message" || member.name == "Message";
}
std::string_view message_name(const AwsError& error) {
  if (error.detail_type != nullptr) {
    for (const Member& member : error.detail_type->members) {
      if (is_message(member)) return member.name;
    }
  }
  return "message";
}

template <class Each>
void each_detail(const AwsError& error, Each each) {
  if (error.detail_type == nullptr || error.detail == nullptr) return;
  for (const Member& member : error.detail_type->members) {
    const void* value = is_message(member) ? nullptr : member.get(member, error.detail.get());
    if (value != nullptr) each(member, value);
  }
}

std::string json_error(const Service& service, const AwsError& error) {
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  json.key("__type");
  json.string(error_type(service, error));
  if (!error.message.empty()) {
    json.key(message_name(error));
    json.string(error.message);
  }
  each_detail(error, [&](const Member& member, const void* value) {
    json.key(member.name);
    write_json(json, *member.type, &member, value);
  });
  json.end_object();
  return out;
}

std::string cbor_error(const Service& service, const AwsError& error) {
  std::string out;
  wire::CborWriter cbor(out);
  cbor.begin_map();
  cbor.text("__type");
  cbor.text(error_type(service, error));
  if (!error.message.empty()) {
    cbor.text(message_name(error));
    cbor.text(error.message);
  }
  each_detail(error, [&](const Member& member, const void* value) {
    cbor.text(member.name);
    write_cbor(cbor, *member.type, value);
  });
  cbor.end();
  return out;
}

std::string query_error(const Service& service, const AwsError& error,
                        std::string_view request_id) {
  std::string out;
  wire::XmlWriter xml(out);
  xml.begin("ErrorResponse", service.xml_namespace);
  xml.begin("Error");
  xml.element("Type", error.senders_fault() ? "Sender" : "Receiver");
  xml.element("Code", error.code());
  if (!error.message.empty()) xml.element("Message", error.message);
  each_detail(error, [&](const Member& member, const void* value) {
    write_xml(xml, {member.form_name(), &member}, *member.type, value);
  });
  xml.end("Error");
  xml.element("RequestId", request_id);
  xml.end("ErrorResponse");
  return out;
}

}  // namespace

std::string encode_json(const describe::Type* type, const void* object) {
  if (type == nullptr) return "{}";
  std::string out;
  wire::JsonWriter json(out);
  write_json_structure(json, *type, object);
  return out;
}

std::string encode_cbor(const describe::Type* type, const void* object) {
  std::string out;
  wire::CborWriter cbor(out);
  if (type == nullptr) {
    cbor.map(0);
  } else {
    write_cbor(cbor, *type, object);
  }
  return out;
}

std::string encode_query(const Service& service, std::string_view operation,
                         const describe::Type* type, const void* object,
                         std::string_view request_id) {
  std::string out;
  wire::XmlWriter xml(out);
  std::string response = fmt::format("{}Response", operation);
  xml.begin(response, service.xml_namespace);
  if (type != nullptr) {
    std::string result = fmt::format("{}Result", operation);
    xml.begin(result);
    write_xml_members(xml, *type, object);
    xml.end(result);
  }
  xml.begin("ResponseMetadata");
  xml.element("RequestId", request_id);
  xml.end("ResponseMetadata");
  xml.end(response);
  return out;
}

std::string encode_response(Protocol protocol, const Service& service, std::string_view operation,
                            const describe::Type* type, const void* object,
                            std::string_view request_id) {
  switch (protocol) {
    case Protocol::Query:
      return encode_query(service, operation, type, object, request_id);
    case Protocol::Cbor:
      return encode_cbor(type, object);
    default:
      return encode_json(type, object);
  }
}

std::string encode_error(Protocol protocol, const Service& service, const AwsError& error,
                         std::string_view request_id) {
  switch (protocol) {
    case Protocol::Query:
      return query_error(service, error, request_id);
    case Protocol::Cbor:
      return cbor_error(service, error);
    default:
      return json_error(service, error);
  }
}

std::string_view content_type(Protocol protocol) {
  switch (protocol) {
    case Protocol::Query:
      return "text/xml";
    case Protocol::Json10:
      return "application/x-amz-json-1.0";
    case Protocol::Json11:
      return "application/x-amz-json-1.1";
    case Protocol::Cbor:
      return "application/cbor";
  }
  return "application/octet-stream";
}

std::string_view protocol_name(Protocol protocol) {
  switch (protocol) {
    case Protocol::Query:
      return "query";
    case Protocol::Json10:
      return "json-1.0";
    case Protocol::Json11:
      return "json-1.1";
    case Protocol::Cbor:
      return "rpc-v2-cbor";
  }
  return "unknown";
}

}  // namespace kansoku::aws
