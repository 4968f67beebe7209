// Tokens that say where a listing goes on: self-describing, signed, bound to the operation, the
// tenant and the parameters of the request. They survive a restart as long as the key does.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kansoku::api::aws {

class PageTokens {
 public:
  // `key`: 32 random bytes from the data directory.
  explicit PageTokens(std::string key) : key_(std::move(key)) {}

  // `binding`: everything that must be the same when the token comes back.
  std::string issue(std::string_view binding, std::string_view position) const;
  // The position; nothing when the token is not ours or belongs to another request.
  std::optional<std::string> open(std::string_view binding, std::string_view token) const;

 private:
  std::string seal(std::string_view binding, std::string_view position) const;
  std::string key_;
};

// Appends a part with its length, so that parts cannot run into each other.
void append_part(std::string& out, std::string_view part);
// Takes a part off the front; false when there is none.
bool take_part(std::string_view& text, std::string_view& part);

}  // namespace kansoku::api::aws
