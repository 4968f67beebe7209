// Described types made at run time from a JSON service model, over values of one generic layout, so
// that the protocol vectors can drive the same codecs as the compiled shapes.
#pragma once

#include <cmath>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "base/describe/describe.h"
#include "base/text/base64.h"
#include "conformance/aws/json_value.h"
#include "wire/aws/protocol.h"

namespace kansoku::test {

// One value of any kind. Containers and structs keep their parts in `items`; structs have a slot a
// member (null when absent), maps keep their keys beside.
struct ModelValue {
  bool boolean = false;
  int32_t int32 = 0;
  int64_t int64 = 0;
  float float32 = 0;
  double float64 = 0;
  std::string text;
  describe::Timestamp time;
  std::vector<std::unique_ptr<ModelValue>> items;
  std::vector<std::string> keys;

  void* slot(const describe::Type& type) {
    switch (type.kind) {
      case describe::Kind::Boolean:
        return &boolean;
      case describe::Kind::Integer:
        return &int32;
      case describe::Kind::Long:
        return &int64;
      case describe::Kind::Float:
        return &float32;
      case describe::Kind::Double:
        return &float64;
      case describe::Kind::Timestamp:
        return &time;
      case describe::Kind::List:
      case describe::Kind::Map:
      case describe::Kind::Structure:
        return this;
      default:
        return &text;
    }
  }
};

class Model {
 public:
  explicit Model(const JsonValue& shapes) : shapes_(shapes) {}

  const describe::Type& type(const std::string& name) {
    auto [it, fresh] = types_.try_emplace(name);
    describe::Type& type = it->second;
    if (fresh) fill(type, shapes_[name], name);
    return type;
  }
  // A Structure without members.
  const describe::Type& nothing() { return types_["(nothing)"]; }

 private:
  void fill(describe::Type& type, const JsonValue& shape, const std::string& name) {
    using describe::Kind;
    static const std::map<std::string, Kind> kKinds = {
        {"boolean", Kind::Boolean}, {"integer", Kind::Integer},     {"long", Kind::Long},
        {"float", Kind::Float},     {"double", Kind::Double},       {"string", Kind::String},
        {"blob", Kind::Blob},       {"timestamp", Kind::Timestamp}, {"list", Kind::List},
        {"map", Kind::Map},         {"structure", Kind::Structure}};
    type.kind = kKinds.at(shape["type"].text);
    type.name = keep(name);
    if (shape["document"].boolean) type.kind = Kind::Document;
    type.flattened = shape["flattened"].boolean;
    type.timestamp_format = format(shape["timestampFormat"].text);
    type.size = [](const describe::Type&, const void* v) {
      return static_cast<const ModelValue*>(v)->items.size();
    };
    type.at = [](const describe::Type& t, const void* v, size_t i) -> const void* {
      return static_cast<const ModelValue*>(v)->items[i]->slot(*t.element);
    };
    type.key_at = [](const describe::Type&, const void* v, size_t i) -> std::string_view {
      return static_cast<const ModelValue*>(v)->keys[i];
    };
    type.append = [](const describe::Type& t, void* v, std::string_view key) -> void* {
      auto* value = static_cast<ModelValue*>(v);
      value->keys.emplace_back(key);
      value->items.push_back(std::make_unique<ModelValue>());
      return value->items.back()->slot(*t.element);
    };
    if (type.kind == Kind::List) {
      type.element = &this->type(shape["member"]["shape"].text);
      type.element_name = shape["member"]["locationName"].text;
    } else if (type.kind == Kind::Map) {
      type.element = &this->type(shape["value"]["shape"].text);
      type.key_name = shape["key"]["locationName"].text;
      type.value_name = shape["value"]["locationName"].text;
    } else if (type.kind == Kind::Structure) {
      auto& members = members_.emplace_back(shape["members"].map.size());
      for (uint32_t i = 0; i < members.size(); ++i) {
        fill_member(members[i], shape["members"].map[i].first, shape["members"].map[i].second, i);
      }
      type.members = members;
    }
  }

  void fill_member(describe::Member& member, const std::string& name, const JsonValue& reference,
                   uint32_t index) {
    member.name = keep(name);
    member.type = &this->type(reference["shape"].text);
    member.use = describe::Use::Used;
    member.flattened = reference["flattened"].boolean;
    member.query_name = reference["locationName"].text;
    member.timestamp_format = format(reference["timestampFormat"].text);
    member.index = index;
    member.get = [](const describe::Member& m, const void* object) -> const void* {
      const auto& items = static_cast<const ModelValue*>(object)->items;
      return m.index < items.size() && items[m.index] ? items[m.index]->slot(*m.type) : nullptr;
    };
    member.make = [](const describe::Member& m, void* object) -> void* {
      auto& items = static_cast<ModelValue*>(object)->items;
      if (items.size() <= m.index) items.resize(m.index + 1);
      if (!items[m.index]) items[m.index] = std::make_unique<ModelValue>();
      return items[m.index]->slot(*m.type);
    };
  }

  static describe::TimestampFormat format(const std::string& text) {
    using describe::TimestampFormat;
    if (text == "iso8601") return TimestampFormat::Iso8601;
    if (text == "unixTimestamp") return TimestampFormat::EpochSeconds;
    if (text == "rfc822") return TimestampFormat::HttpDate;
    return TimestampFormat::Default;
  }
  std::string_view keep(const std::string& text) { return names_.emplace_back(text); }

  const JsonValue& shapes_;
  std::map<std::string, describe::Type> types_;
  std::deque<std::vector<describe::Member>> members_;
  std::deque<std::string> names_;
};

// Sets a described value from the JSON of a case file: {"$epoch": n} and {"$bytes_b64": s} are the
// marks of the request-decode files, plain numbers are times too. `mark_blobs`: plain text of a
// blob is its bytes.
inline void assign_json(const describe::Type& type, void* into, const JsonValue& json) {
  using describe::Kind;
  using describe::value_as;
  auto number = [&] {
    double value = json.number;
    if (json.kind == JsonValue::Kind::Text) REQUIRE(aws::parse_double(json.text, value));
    return value;
  };
  switch (type.kind) {
    case Kind::Boolean:
      value_as<bool>(into) = json.boolean;
      break;
    case Kind::Integer:
      value_as<int32_t>(into) = static_cast<int32_t>(json.integer);
      break;
    case Kind::Long:
      value_as<int64_t>(into) = json.integer;
      break;
    case Kind::Float:
      value_as<float>(into) = static_cast<float>(number());
      break;
    case Kind::Double:
      value_as<double>(into) = number();
      break;
    case Kind::String:
      value_as<std::string>(into) = json.text;
      break;
    case Kind::Blob:
      if (json.find("$bytes_b64") != nullptr) {
        auto bytes = base64_decode(json["$bytes_b64"].text);
        REQUIRE(bytes);
        value_as<std::string>(into) = *bytes;
      } else {
        value_as<std::string>(into) = json.text;
      }
      break;
    case Kind::Document:
      FAIL("documents are compared as text");
      break;
    case Kind::Timestamp: {
      double seconds = json.find("$epoch") != nullptr ? json["$epoch"].number : json.number;
      REQUIRE(aws::timestamp_from_seconds(seconds, value_as<describe::Timestamp>(into)));
      break;
    }
    case Kind::List:
      for (const JsonValue& item : json.list) {
        assign_json(*type.element, type.append(type, into, {}), item);
      }
      break;
    case Kind::Map:
      for (const auto& [key, item] : json.map) {
        assign_json(*type.element, type.append(type, into, key), item);
      }
      break;
    case Kind::Structure:
      for (const auto& [key, item] : json.map) {
        const describe::Member* member = describe::find_member(type, key);
        INFO("member ", key);
        REQUIRE(member != nullptr);
        assign_json(*member->type, member->make(*member, into), item);
      }
  }
}

// Empty when the decoded value is what the case file says, else where they differ.
inline std::string differs(const describe::Type& type, const void* value, const JsonValue& json,
                           const std::string& path = "") {
  using describe::Kind;
  using describe::value_as;
  auto same_number = [&](double a) {
    double b = json.number;
    if (json.kind == JsonValue::Kind::Text) aws::parse_double(json.text, b);
    return (std::isnan(a) && std::isnan(b)) || a == b ||
           static_cast<float>(a) == static_cast<float>(b);
  };
  bool same = true;
  switch (type.kind) {
    case Kind::Boolean:
      same = value_as<bool>(value) == json.boolean;
      break;
    case Kind::Integer:
      same = value_as<int32_t>(value) == json.integer;
      break;
    case Kind::Long:
      same = value_as<int64_t>(value) == json.integer;
      break;
    case Kind::Float:
      same = same_number(static_cast<double>(value_as<float>(value)));
      break;
    case Kind::Double:
      same = same_number(value_as<double>(value));
      break;
    case Kind::String:
      same = value_as<std::string>(value) == json.text;
      break;
    case Kind::Blob: {
      std::string bytes = json.text;
      if (json.find("$bytes_b64") != nullptr) {
        bytes = base64_decode(json["$bytes_b64"].text).value();
      }
      same = value_as<std::string>(value) == bytes;
      break;
    }
    case Kind::Document:
      break;
    case Kind::Timestamp: {
      double seconds = json.find("$epoch") != nullptr ? json["$epoch"].number : json.number;
      same = value_as<describe::Timestamp>(value).ms == std::llround(seconds * 1000);
      break;
    }
    case Kind::List:
      if (type.size(type, value) != json.list.size()) return path + ": length";
      for (size_t i = 0; i < json.list.size(); ++i) {
        std::string why = differs(*type.element, type.at(type, value, i), json.list[i],
                                  path + "/" + std::to_string(i));
        if (!why.empty()) return why;
      }
      return {};
    case Kind::Map:
      if (type.size(type, value) != json.map.size()) return path + ": length";
      for (size_t i = 0; i < json.map.size(); ++i) {
        const JsonValue* item = json.find(type.key_at(type, value, i));
        if (item == nullptr) return path + ": key";
        std::string why = differs(*type.element, type.at(type, value, i), *item, path + "/map");
        if (!why.empty()) return why;
      }
      return {};
    case Kind::Structure: {
      size_t present = 0;
      for (const describe::Member& member : type.members) {
        const void* part = member.get(member, value);
        const JsonValue* expected = json.find(member.name);
        std::string child = path + "/" + std::string(member.name);
        // A null, and in query forms a struct without members, leave no trace on the wire.
        bool traceless = expected != nullptr &&
                         (expected->is_null() ||
                          (expected->kind == JsonValue::Kind::Map && expected->map.empty()));
        if (part == nullptr && traceless) ++present;
        if (part == nullptr && traceless) continue;
        if ((part == nullptr) != (expected == nullptr)) return child + ": presence";
        if (part == nullptr) continue;
        ++present;
        std::string why = differs(*member.type, part, *expected, child);
        if (!why.empty()) return why;
      }
      return present == json.map.size() ? std::string() : path + ": unknown members";
    }
  }
  return same ? std::string() : path + ": value";
}

}  // namespace kansoku::test
