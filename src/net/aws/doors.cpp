#include "net/aws/doors.h"

#include <cstdlib>

#include "base/time/iso8601.h"
#include "wire/json/json_reader.h"
#include "wire/tree/tree_visitor.h"

namespace kansoku::net::aws {
namespace {

class FlatVisitor final : public wire::TreeVisitor {
 public:
  bool begin_map() override {
    ++depth_;
    return true;
  }
  // The document itself must be an object.
  bool begin_list() override { return depth_++ > 0; }
  bool end() override {
    --depth_;
    return true;
  }
  bool key(std::string_view name) override {
    if (depth_ == 1) key_ = name;
    return true;
  }
  bool text(std::string_view value) override { return take(std::string(value)); }
  bool bytes(std::string_view value) override { return take(std::string(value)); }
  bool integer(int64_t value) override { return take(std::to_string(value)); }
  bool number(double value) override { return take(fmt::format("{}", value)); }
  bool boolean(bool value) override { return take(value ? "true" : "false"); }
  bool null() override { return take({}); }
  FlatJson object;

 private:
  bool take(std::string value) {
    if (depth_ == 0) return false;
    if (depth_ == 1) object.emplace_back(key_, std::move(value));
    return true;
  }
  int depth_ = 0;
  std::string key_;
};

}  // namespace

std::optional<std::string> process_variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

Result<FlatJson> read_flat_json(std::string_view json) {
  FlatVisitor visitor;
  Status read = wire::read_json(json, visitor);
  if (!read) return invalid_argument("not a JSON object: {}", read.error().message);
  return std::move(visitor.object);
}

std::string_view member(const FlatJson& object, std::string_view name) {
  for (const auto& [key, value] : object) {
    if (key == name) return value;
  }
  return {};
}

std::optional<env::WallTime> parse_iso_time(std::string_view text) {
  auto ms = parse_iso8601(text);
  if (!ms) return std::nullopt;
  return env::WallTime{*ms * env::kNsPerMs};
}

bool is_true(const std::optional<std::string>& value) {
  return value && header_equals(*value, "true");
}

}  // namespace kansoku::net::aws
