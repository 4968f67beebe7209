#include "net/auth/policy_operators.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/time/grid.h"
#include "base/time/iso8601.h"
#include "net/auth/canonical.h"

namespace kansoku::net::auth {
namespace {

bool string_equals(std::string_view p, std::string_view r) { return p == r; }
bool string_equals_ignore_case(std::string_view p, std::string_view r) {
  return equals_ignore_case(p, r);
}

// Each of the six parts of an ARN is matched by itself, so that '*' does not cross a colon; only
// the last one holds the rest.
bool arn_like(std::string_view pattern, std::string_view arn) {
  for (int part = 0; part < 5; ++part) {
    size_t p = pattern.find(':'), a = arn.find(':');
    if (p == std::string_view::npos || a == std::string_view::npos) return false;
    if (!wildcard_match(pattern.substr(0, p), arn.substr(0, a))) return false;
    pattern.remove_prefix(p + 1);
    arn.remove_prefix(a + 1);
  }
  return wildcard_match(pattern, arn);
}

std::optional<double> to_number(std::string_view text) {
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

// ISO 8601 "2026-11-22T12:00:00Z" (or a date alone), or epoch seconds.
std::optional<double> to_time(std::string_view text) {
  if (auto seconds = to_number(text)) return seconds;
  if (auto ms = parse_iso8601(text)) return static_cast<double>(floor_to(*ms, 1000) / 1000);
  // Basic form, as signatures have it.
  auto time = parse_amz_date(text);
  if (!time) return std::nullopt;
  return static_cast<double>(time->ns / env::kNsPerS);
}

template <auto Parse, class Test>
bool ordered(std::string_view p, std::string_view r, Test test) {
  auto policy = Parse(p), request = Parse(r);
  return policy && request && test(*request, *policy);
}
template <auto Parse>
bool equal_to(std::string_view p, std::string_view r) {
  return ordered<Parse>(p, r, [](double x, double y) { return x == y; });
}
template <auto Parse>
bool less_than(std::string_view p, std::string_view r) {
  return ordered<Parse>(p, r, [](double x, double y) { return x < y; });
}
template <auto Parse>
bool less_equal(std::string_view p, std::string_view r) {
  return ordered<Parse>(p, r, [](double x, double y) { return x <= y; });
}
template <auto Parse>
bool greater_than(std::string_view p, std::string_view r) {
  return ordered<Parse>(p, r, [](double x, double y) { return x > y; });
}
template <auto Parse>
bool greater_equal(std::string_view p, std::string_view r) {
  return ordered<Parse>(p, r, [](double x, double y) { return x >= y; });
}

bool bool_equals(std::string_view p, std::string_view r) { return equals_ignore_case(p, r); }

struct Address {
  std::array<uint8_t, 16> bytes{};
  int bits = 0;  // 32 or 128
};
std::optional<Address> to_address(std::string_view text) {
  std::string copy(text);
  Address out;
  if (inet_pton(AF_INET, copy.c_str(), out.bytes.data()) == 1) {
    out.bits = 32;
    return out;
  }
  if (inet_pton(AF_INET6, copy.c_str(), out.bytes.data()) == 1) {
    out.bits = 128;
    return out;
  }
  return std::nullopt;
}
struct Network {
  Address address;
  int prefix = 0;
};
std::optional<Network> to_network(std::string_view text) {
  size_t slash = text.find('/');
  auto address = to_address(text.substr(0, slash));
  if (!address) return std::nullopt;
  Network out{*address, address->bits};
  if (slash != std::string_view::npos) {
    auto prefix = to_number(text.substr(slash + 1));
    if (!prefix || *prefix < 0 || *prefix > address->bits) return std::nullopt;
    out.prefix = static_cast<int>(*prefix);
  }
  return out;
}
bool ip_address(std::string_view p, std::string_view r) {
  auto network = to_network(p);
  auto address = to_address(r);
  if (!network || !address || network->address.bits != address->bits) return false;
  for (int bit = 0; bit < network->prefix; ++bit) {
    auto byte = static_cast<size_t>(bit / 8);
    int mask = 0x80 >> (bit % 8);
    if ((network->address.bytes[byte] & mask) != (address->bytes[byte] & mask)) return false;
  }
  return true;
}

bool any_text(std::string_view) { return true; }
bool number_text(std::string_view text) { return to_number(text).has_value(); }
bool time_text(std::string_view text) { return to_time(text).has_value(); }
bool network_text(std::string_view text) { return to_network(text).has_value(); }
bool bool_text(std::string_view text) {
  return equals_ignore_case(text, "true") || equals_ignore_case(text, "false");
}

constexpr PolicyOperator kOperators[] = {
    {"StringEquals", string_equals, false, any_text},
    {"StringNotEquals", string_equals, true, any_text},
    {"StringEqualsIgnoreCase", string_equals_ignore_case, false, any_text},
    {"StringNotEqualsIgnoreCase", string_equals_ignore_case, true, any_text},
    {"StringLike", wildcard_match, false, any_text},
    {"StringNotLike", wildcard_match, true, any_text},
    {"ArnEquals", arn_like, false, any_text},
    {"ArnNotEquals", arn_like, true, any_text},
    {"ArnLike", arn_like, false, any_text},
    {"ArnNotLike", arn_like, true, any_text},
    {"NumericEquals", equal_to<to_number>, false, number_text},
    {"NumericNotEquals", equal_to<to_number>, true, number_text},
    {"NumericLessThan", less_than<to_number>, false, number_text},
    {"NumericLessThanEquals", less_equal<to_number>, false, number_text},
    {"NumericGreaterThan", greater_than<to_number>, false, number_text},
    {"NumericGreaterThanEquals", greater_equal<to_number>, false, number_text},
    {"DateEquals", equal_to<to_time>, false, time_text},
    {"DateNotEquals", equal_to<to_time>, true, time_text},
    {"DateLessThan", less_than<to_time>, false, time_text},
    {"DateLessThanEquals", less_equal<to_time>, false, time_text},
    {"DateGreaterThan", greater_than<to_time>, false, time_text},
    {"DateGreaterThanEquals", greater_equal<to_time>, false, time_text},
    {"Bool", bool_equals, false, bool_text},
    {"IpAddress", ip_address, false, network_text},
    {"NotIpAddress", ip_address, true, network_text},
    {"Null", nullptr, false, bool_text},
};

}  // namespace

const PolicyOperator* find_policy_operator(std::string_view name) {
  for (const PolicyOperator& one : kOperators) {
    if (one.name == name) return &one;
  }
  return nullptr;
}

bool wildcard_match(std::string_view pattern, std::string_view text) {
  // Greedy with one point to come back to: linear in the pattern for each star, no recursion.
  size_t p = 0, t = 0, star = std::string_view::npos, star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace kansoku::net::auth
