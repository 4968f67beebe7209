// What the AWS side of net/ needs of the world, so that tests give it a world of their own.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/env/env.h"
#include "net/auth/sigv4.h"
#include "net/http/http.h"

namespace kansoku::net::aws {

using auth::Credentials;

// References; whoever makes it outlives every user. Callbacks come where the HttpClient calls back.
struct Doors {
  HttpClient* http = nullptr;
  env::Timers* timers = nullptr;
  env::Clock* clock = nullptr;
  env::Random* random = nullptr;
  env::FileSystem* files = nullptr;
  // Environment variables; nothing for those that are unset or empty.
  std::function<std::optional<std::string>(const char* name)> variable;
};

// The process's own environment variables.
std::optional<std::string> process_variable(const char* name);

// The members of one JSON object that are strings, numbers, booleans or null, as text. Deeper
// levels are skipped. InvalidArgument where the text is no JSON object.
using FlatJson = std::vector<std::pair<std::string, std::string>>;
Result<FlatJson> read_flat_json(std::string_view json);
// Empty where there is none.
std::string_view member(const FlatJson& object, std::string_view name);

// "2026-11-22T13:00:00Z", as credentials and documents carry it.
std::optional<env::WallTime> parse_iso_time(std::string_view text);

bool is_true(const std::optional<std::string>& value);

}  // namespace kansoku::net::aws
