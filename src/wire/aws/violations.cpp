// Constraints of the model, checked on a decoded struct, with messages in the spirit of AWS.
#include <fmt/format.h>

#include <algorithm>

#include "base/text/ascii.h"
#include "wire/aws/protocol.h"

namespace kansoku::aws {
namespace {

using describe::Kind;
using describe::Member;
using describe::Type;
using describe::Use;
using describe::value_as;

// Values longer than this are shortened in messages.
constexpr size_t kShownBytesMax = 256;

// 'metricData': the model's name with a small first letter, as AWS prints it.
std::string message_name(std::string_view name) {
  std::string out(name);
  if (!out.empty()) out[0] = lower_ascii(out[0]);
  return out;
}

size_t characters(std::string_view text) {
  size_t count = 0;
  for (char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return count;
}

std::string limit_text(double limit) { return fmt::format("{}", static_cast<int64_t>(limit)); }

class Checker {
 public:
  explicit Checker(std::vector<Violation>& out) : out_(out) {}

  void structure(const Type& type, const void* object, const std::string& path) {
    for (const Member& member : type.members) {
      if (out_.size() >= kViolationsMax) return;
      const void* value = member.get(member, object);
      std::string child =
          path.empty() ? message_name(member.name) : path + "." + message_name(member.name);
      if (value == nullptr) {
        if (member.required) {
          add({.missing = true,
               .path = child,
               .member = std::string(member.name),
               .message = fmt::format("Value null at '{}' failed to satisfy constraint: "
                                      "Member must not be null",
                                      child)});
        }
        continue;
      }
      if (member.use == Use::Refused) {
        add({.refused = true,
             .path = child,
             .member = std::string(member.name),
             .message = fmt::format("The parameter {} is not supported{}{}", member.name,
                                    member.note.empty() ? "" : ": ", member.note)});
        continue;
      }
      value_of(*member.type, value, child, member.name);
    }
  }

 private:
  void add(Violation violation) {
    if (out_.size() < kViolationsMax) out_.push_back(std::move(violation));
  }

  void fails(std::string_view shown, const std::string& path, std::string_view member,
             std::string constraint) {
    std::string cut(shown.substr(0, kShownBytesMax));
    add({.path = path,
         .member = std::string(member),
         .message = fmt::format("Value '{}' at '{}' failed to satisfy constraint: {}", cut, path,
                                constraint)});
  }

  void value_of(const Type& type, const void* value, const std::string& path,
                std::string_view member) {
    switch (type.kind) {
      case Kind::String:
      case Kind::Blob:
        text(type, value_as<std::string>(value), path, member);
        break;
      case Kind::Integer:
        number(type, value_as<int32_t>(value), path, member);
        break;
      case Kind::Long:
        number(type, static_cast<double>(value_as<int64_t>(value)), path, member);
        break;
      case Kind::Float:
        number(type, static_cast<double>(value_as<float>(value)), path, member);
        break;
      case Kind::Double:
        number(type, value_as<double>(value), path, member);
        break;
      case Kind::List:
      case Kind::Map:
        container(type, value, path, member);
        break;
      case Kind::Structure:
        structure(type, value, path);
        break;
      default:
        break;
    }
  }

  void text(const Type& type, const std::string& value, const std::string& path,
            std::string_view member) {
    double length = static_cast<double>(type.kind == Kind::Blob ? value.size() : characters(value));
    if (length > type.max) {
      fails(value, path, member,
            "Member must have length less than or equal to " + limit_text(type.max));
    }
    if (length < type.min) {
      fails(value, path, member,
            "Member must have length greater than or equal to " + limit_text(type.min));
    }
    if (!type.values.empty() &&
        std::find(type.values.begin(), type.values.end(), value) == type.values.end()) {
      fails(value, path, member,
            fmt::format("Member must satisfy enum value set: [{}]", fmt::join(type.values, ", ")));
    }
    if (type.pattern.matches != nullptr && !type.pattern.matches(value)) {
      fails(value, path, member,
            fmt::format("Member must satisfy regular expression pattern: {}", type.pattern.text));
    }
  }

  void number(const Type& type, double value, const std::string& path, std::string_view member) {
    if (value > type.max) {
      fails(fmt::format("{}", value), path, member,
            "Member must have value less than or equal to " + limit_text(type.max));
    }
    if (value < type.min) {
      fails(fmt::format("{}", value), path, member,
            "Member must have value greater than or equal to " + limit_text(type.min));
    }
  }

  void container(const Type& type, const void* value, const std::string& path,
                 std::string_view member) {
    size_t size = type.size(type, value);
    if (static_cast<double>(size) > type.max) {
      fails(fmt::format("[{} items]", size), path, member,
            "Member must have length less than or equal to " + limit_text(type.max));
    }
    if (static_cast<double>(size) < type.min) {
      fails("[]", path, member,
            "Member must have length greater than or equal to " + limit_text(type.min));
    }
    for (size_t i = 0; i < size && out_.size() < kViolationsMax; ++i) {
      std::string child = type.kind == Kind::List
                              ? fmt::format("{}.{}.member", path, i + 1)
                              : fmt::format("{}.{}", path, type.key_at(type, value, i));
      value_of(*type.element, type.at(type, value, i), child, member);
    }
  }

  std::vector<Violation>& out_;
};

}  // namespace

std::vector<Violation> find_violations(const describe::Type& type, const void* object) {
  std::vector<Violation> out;
  Checker(out).structure(type, object, {});
  return out;
}

std::string violations_message(const std::vector<Violation>& violations) {
  std::string out = fmt::format("{} validation error{} detected: ", violations.size(),
                                violations.size() == 1 ? "" : "s");
  for (size_t i = 0; i < violations.size(); ++i) {
    if (i > 0) out += "; ";
    out += violations[i].message;
  }
  return out;
}

}  // namespace kansoku::aws
