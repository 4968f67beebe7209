// Query forms into described structs. The fields are sorted by name once; a struct, list or map is
// then a range of names that begin with its path, found by binary search. Keys may come in any
// order and indices may be sparse; both happen in the wild.
#include <algorithm>
#include <charconv>

#include "base/text/base64.h"
#include "base/text/percent.h"
#include "wire/aws/protocol.h"
#include "wire/json/json_writer.h"

namespace kansoku::aws {
namespace {

using describe::Kind;
using describe::Member;
using describe::Timestamp;
using describe::Type;
using describe::value_as;

// AWS refuses nothing here, but a million-element list is no metric request.
constexpr uint32_t kIndexMax = 1'000'000;
constexpr int kDepthMax = 32;

struct Field {
  std::string_view name;
  std::string_view value;
  size_t order = 0;  // of arrival; the first of a name wins
};

class QueryDecoder {
 public:
  explicit QueryDecoder(std::vector<Field> sorted) : fields_(std::move(sorted)) {}

  Decoded structure(const Type& type, void* object, const std::string& path, int depth) {
    if (depth > kDepthMax) return failure(path, "nested too deep");
    for (const Member& member : type.members) {
      std::string child = path.empty() ? std::string(member.form_name())
                                       : path + "." + std::string(member.form_name());
      bool flattened = member.flattened || member.type->flattened;
      if (!present(child)) continue;
      if (auto done = value(member.type, flattened, child, depth,
                            [&] { return member.make(member, object); });
          !done) {
        return done;
      }
    }
    return {};
  }

 private:
  static Decoded failure(const std::string& path, std::string_view why) {
    return std::unexpected(DecodeFailure{fmt::format("parameter {}: {}", path, why)});
  }

  // The first field whose name is not less than `name`.
  size_t lower_bound(std::string_view name) const {
    auto it = std::ranges::lower_bound(fields_, name, {}, &Field::name);
    return static_cast<size_t>(it - fields_.begin());
  }
  const Field* exact(std::string_view name) const {
    size_t at = lower_bound(name);
    return at < fields_.size() && fields_[at].name == name ? &fields_[at] : nullptr;
  }
  bool present(const std::string& path) const {
    if (exact(path) != nullptr) return true;
    std::string prefix = path + '.';
    size_t at = lower_bound(prefix);
    return at < fields_.size() && fields_[at].name.starts_with(prefix);
  }

  // The indices N of names that begin with PREFIX.N, ascending.
  std::vector<uint32_t> indices(const std::string& prefix) const {
    std::vector<uint32_t> out;
    std::string start = prefix + '.';
    for (size_t at = lower_bound(start); at < fields_.size() && fields_[at].name.starts_with(start);
         ++at) {
      std::string_view rest = fields_[at].name.substr(start.size());
      uint32_t index = 0;
      auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), index);
      bool whole = end == rest.data() + rest.size() || *end == '.';
      if (error != std::errc{} || !whole || index > kIndexMax) continue;
      if (out.empty() || out.back() != index) out.push_back(index);
    }
    std::ranges::sort(out);
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }

  template <class Make>
  Decoded value(const Type* type, bool flattened, const std::string& path, int depth, Make make) {
    switch (type->kind) {
      case Kind::Structure:
        return structure(*type, make(), path, depth + 1);
      case Kind::List:
        return list(*type, flattened, make(), path, depth + 1);
      case Kind::Map:
        return map(*type, flattened, make(), path, depth + 1);
      default: {
        const Field* field = exact(path);
        if (field == nullptr) return {};
        return scalar(*type, make(), path, field->value);
      }
    }
  }

  Decoded list(const Type& type, bool flattened, void* list, const std::string& path, int depth) {
    if (depth > kDepthMax) return failure(path, "nested too deep");
    // "List.member.N"; where the items have a name of their own, "List.item.N"; flattened,
    // "List.N". Old clients flatten what the model does not, so that is tried last.
    std::vector<std::string> prefixes;
    if (!flattened) {
      if (!type.element_name.empty())
        prefixes.push_back(path + "." + std::string(type.element_name));
      prefixes.push_back(path + ".member");
    }
    prefixes.push_back(path);
    for (const std::string& prefix : prefixes) {
      std::vector<uint32_t> found = indices(prefix);
      for (uint32_t index : found) {
        std::string child = fmt::format("{}.{}", prefix, index);
        if (auto done = value(type.element, type.element->flattened, child, depth,
                              [&] { return type.append(type, list, {}); });
            !done) {
          return done;
        }
      }
      if (!found.empty()) break;
    }
    return {};
  }

  Decoded map(const Type& type, bool flattened, void* map, const std::string& path, int depth) {
    if (depth > kDepthMax) return failure(path, "nested too deep");
    std::string prefix = flattened ? path : path + ".entry";
    std::string_view key_name = type.key_name.empty() ? "key" : type.key_name;
    std::string_view value_name = type.value_name.empty() ? "value" : type.value_name;
    for (uint32_t index : indices(prefix)) {
      const Field* key = exact(fmt::format("{}.{}.{}", prefix, index, key_name));
      if (key == nullptr)
        return failure(fmt::format("{}.{}", prefix, index), "entry without a key");
      if (auto done = value(type.element, type.element->flattened,
                            fmt::format("{}.{}.{}", prefix, index, value_name), depth,
                            [&] { return type.append(type, map, key->value); });
          !done) {
        return done;
      }
    }
    return {};
  }

  template <class T>
  static bool parse_integer(std::string_view text, void* into) {
    T& value = value_as<T>(into);
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size();
  }

  static bool assign(const Type& type, void* into, std::string_view text) {
    switch (type.kind) {
      case Kind::String:
      case Kind::Document:
        value_as<std::string>(into) = text;
        return true;
      case Kind::Blob: {
        auto decoded = base64_decode(text);
        if (decoded) value_as<std::string>(into) = std::move(*decoded);
        return decoded.has_value();
      }
      case Kind::Boolean:
        value_as<bool>(into) = text == "true" || text == "True" || text == "1";
        return value_as<bool>(into) || text == "false" || text == "False" || text == "0";
      case Kind::Integer:
        return parse_integer<int32_t>(text, into);
      case Kind::Long:
        return parse_integer<int64_t>(text, into);
      case Kind::Float: {
        double value = 0;
        if (!parse_double(text, value)) return false;
        value_as<float>(into) = static_cast<float>(value);
        return true;
      }
      case Kind::Double:
        return parse_double(text, value_as<double>(into));
      case Kind::Timestamp:
        return parse_timestamp(text, value_as<Timestamp>(into));
      default:
        return false;
    }
  }

  static Decoded scalar(const Type& type, void* into, const std::string& path,
                        std::string_view text) {
    if (assign(type, into, text)) return {};
    return failure(path, fmt::format("malformed value {}", quoted(text)));
  }

  std::vector<Field> fields_;
};

}  // namespace

Result<Form> parse_form(std::string_view body) {
  while (!body.empty() && (body.back() == '\n' || body.back() == '\r')) body.remove_suffix(1);
  Form form;
  while (!body.empty()) {
    size_t end = body.find('&');
    std::string_view item = body.substr(0, end);
    body = end == std::string_view::npos ? std::string_view{} : body.substr(end + 1);
    if (item.empty()) continue;
    if (form.size() == kFormFieldsMax) {
      return invalid_argument("more than {} form fields", kFormFieldsMax);
    }
    size_t equals = item.find('=');
    FormField& field = form.emplace_back();
    std::string_view value =
        equals == std::string_view::npos ? std::string_view{} : item.substr(equals + 1);
    if (!append_form_decoded(field.name, item.substr(0, equals)) ||
        !append_form_decoded(field.value, value)) {
      return invalid_argument("malformed escape in form field {}", quoted(item));
    }
    if (!wire::is_utf8(field.name) || !wire::is_utf8(field.value)) {
      return invalid_argument("form field is not UTF-8: {}", quoted(item));
    }
  }
  return form;
}

std::string_view form_value(const Form& form, std::string_view name) {
  for (const FormField& field : form) {
    if (field.name == name) return field.value;
  }
  return {};
}

Decoded decode_query(const Form& form, const describe::Type& type, void* object) {
  std::vector<Field> fields;
  fields.reserve(form.size());
  for (const FormField& field : form) fields.push_back({field.name, field.value, fields.size()});
  std::ranges::sort(fields, [](const Field& a, const Field& b) {
    return std::tie(a.name, a.order) < std::tie(b.name, b.order);
  });
  return QueryDecoder(std::move(fields)).structure(type, object, {}, 0);
}

}  // namespace kansoku::aws
