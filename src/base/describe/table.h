// Builders of the tables. A table lives in a .cpp file beside the plain structs it describes:
//
//   constexpr auto kName = text("DimensionName", {.min = 1, .max = 255});
//   constexpr auto kDimensionMembers = members(
//       member<&Dimension::name>("Name", kName, Use::Used, {.required = true}),
//       member<&Dimension::value>("Value", kValue, Use::Used, {.required = true}));
//   constexpr auto kDimension = structure<Dimension>("Dimension", kDimensionMembers);
//
// A member whose C++ type is not the one of the table does not compile, and neither does a struct
// that has another number of fields than its table has members.
#pragma once

#include <array>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/describe/describe.h"

namespace kansoku::describe {

template <class T>
using MapOf = std::vector<std::pair<std::string, T>>;  // order of arrival

template <class T>
struct Typed : Type {
  using Value = T;
};

struct Limits {
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  std::span<const std::string_view> values = {};
  Pattern pattern = {};
};

namespace detail {

template <class T>
consteval Typed<T> scalar(Kind kind, std::string_view name, Limits limits) {
  Typed<T> type;
  type.kind = kind;
  type.name = name;
  type.min = limits.min;
  type.max = limits.max;
  type.values = limits.values;
  type.pattern = limits.pattern;
  return type;
}

template <auto Field>
struct FieldOf;
template <class Struct, class T, std::optional<T> Struct::* Field>
struct FieldOf<Field> {
  using Object = Struct;
  using Value = T;
  static const void* get(const Member&, const void* object) {
    const auto& value = static_cast<const Struct*>(object)->*Field;
    return value ? &*value : nullptr;
  }
  static void* make(const Member&, void* object) {
    auto& value = static_cast<Struct*>(object)->*Field;
    if (!value) value.emplace();
    return &*value;
  }
};

struct Anything {
  template <class T>
  operator T() const {  // never called: counts the fields of an aggregate
    __builtin_unreachable();
  }
};
template <class T, size_t... I>
consteval bool takes(std::index_sequence<I...>) {
  return requires { T{((void)I, Anything{})...}; };
}
template <class T, size_t N = 0>
consteval size_t field_count() {
  if constexpr (!takes<T>(std::make_index_sequence<N + 1>{})) {
    return N;
  } else {
    return field_count<T, N + 1>();
  }
}

}  // namespace detail

consteval Typed<std::string> text(std::string_view name, Limits limits = {}) {
  return detail::scalar<std::string>(Kind::String, name, limits);
}
consteval Typed<std::string> blob(std::string_view name, Limits limits = {}) {
  return detail::scalar<std::string>(Kind::Blob, name, limits);
}
consteval Typed<bool> boolean(std::string_view name) {
  return detail::scalar<bool>(Kind::Boolean, name, {});
}
consteval Typed<Timestamp> timestamp(std::string_view name) {
  return detail::scalar<Timestamp>(Kind::Timestamp, name, {});
}
template <class T>
consteval Typed<T> number(std::string_view name, Limits limits = {}) {
  static_assert(std::is_same_v<T, int32_t> || std::is_same_v<T, int64_t> ||
                std::is_same_v<T, float> || std::is_same_v<T, double>);
  constexpr Kind kind = std::is_same_v<T, int32_t>   ? Kind::Integer
                        : std::is_same_v<T, int64_t> ? Kind::Long
                        : std::is_same_v<T, float>   ? Kind::Float
                                                     : Kind::Double;
  return detail::scalar<T>(kind, name, limits);
}

// `element` must have static storage.
template <class T>
consteval Typed<std::vector<T>> list_of(std::string_view name, const Typed<T>& element,
                                        Limits limits = {}) {
  using List = std::vector<T>;
  Typed<List> type = detail::scalar<List>(Kind::List, name, limits);
  type.element = &element;
  type.size = [](const Type&, const void* list) { return value_as<List>(list).size(); };
  if constexpr (!std::is_same_v<T, bool>) {
    type.at = [](const Type&, const void* list, size_t index) -> const void* {
      return &value_as<List>(list)[index];
    };
    type.append = [](const Type&, void* list, std::string_view) -> void* {
      return &value_as<List>(list).emplace_back();
    };
  }
  return type;
}

template <class T>
consteval Typed<MapOf<T>> map_of(std::string_view name, const Typed<T>& value, Limits limits = {}) {
  using Map = MapOf<T>;
  Typed<Map> type = detail::scalar<Map>(Kind::Map, name, limits);
  type.element = &value;
  type.size = [](const Type&, const void* map) { return value_as<Map>(map).size(); };
  type.at = [](const Type&, const void* map, size_t index) -> const void* {
    return &value_as<Map>(map)[index].second;
  };
  type.key_at = [](const Type&, const void* map, size_t index) -> std::string_view {
    return value_as<Map>(map)[index].first;
  };
  type.append = [](const Type&, void* map, std::string_view key) -> void* {
    return &value_as<Map>(map).emplace_back(std::string(key), T{}).second;
  };
  return type;
}

template <class Struct>
struct MemberOf : Member {};

struct MemberOptions {
  bool required = false;
  bool flattened = false;
  std::string_view query_name = {};
  std::string_view note = {};
  TimestampFormat timestamp_format = TimestampFormat::Default;
  std::string_view default_text = {};
};

template <auto Field>
consteval auto member(std::string_view name, const auto& type, Use use,
                      MemberOptions options = {}) {
  using F = detail::FieldOf<Field>;
  static_assert(
      std::is_same_v<typename F::Value, typename std::remove_cvref_t<decltype(type)>::Value>,
      "the field has another type than the table says");
  MemberOf<typename F::Object> out;
  out.name = name;
  out.type = &type;
  out.use = use;
  out.note = options.note;
  out.required = options.required;
  out.flattened = options.flattened;
  out.query_name = options.query_name;
  out.timestamp_format = options.timestamp_format;
  out.default_text = options.default_text;
  out.get = &F::get;
  out.make = &F::make;
  return out;
}

template <class Struct, size_t N>
struct MemberTable {
  std::array<Member, N> members;
};

template <class Struct, class... Rest>
consteval MemberTable<Struct, 1 + sizeof...(Rest)> members(MemberOf<Struct> first, Rest... rest) {
  static_assert((std::is_same_v<MemberOf<Struct>, Rest> && ...), "members of one struct only");
  MemberTable<Struct, 1 + sizeof...(Rest)> table{{first, rest...}};
  for (uint32_t i = 0; i < table.members.size(); ++i) table.members[i].index = i;
  return table;
}

// `table` must have static storage.
template <class Struct, size_t N>
consteval Typed<Struct> structure(std::string_view name, const MemberTable<Struct, N>& table) {
  static_assert(detail::field_count<Struct>() == N,
                "every field of a described struct needs its row (name, type, use)");
  Typed<Struct> type = detail::scalar<Struct>(Kind::Structure, name, {});
  type.members = table.members;
  return type;
}
template <class Struct>
consteval Typed<Struct> empty_structure(std::string_view name) {
  static_assert(detail::field_count<Struct>() == 0);
  return detail::scalar<Struct>(Kind::Structure, name, {});
}

}  // namespace kansoku::describe
