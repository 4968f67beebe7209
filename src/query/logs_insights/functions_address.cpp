#include <charconv>

#include "query/logs_insights/functions.h"
#include "query/logs_insights/values.h"

namespace kansoku::query::logs_insights {
namespace {

using rows::Function;
using rows::RowCall;
using rows::Value;

struct Address {
  bool v6 = false;
  std::array<uint8_t, 16> bytes{};
};

std::optional<uint32_t> number_in(std::string_view text, int base, size_t digits_max) {
  uint32_t out = 0;
  if (text.empty() || text.size() > digits_max) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

bool parse_v4(std::string_view text, uint8_t* out) {
  for (int i = 0; i < 4; ++i) {
    const size_t dot = i < 3 ? text.find('.') : text.size();
    if (dot == std::string_view::npos) return false;
    const auto part = number_in(text.substr(0, dot), 10, 3);
    if (!part || *part > 255) return false;
    out[i] = static_cast<uint8_t>(*part);
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  return text.empty();
}

// Groups of one side of "::"; the last may be an IPv4 address.
bool parse_groups(std::string_view text, std::vector<uint8_t>& out) {
  while (!text.empty()) {
    const size_t colon = text.find(':');
    const std::string_view part = text.substr(0, colon);
    if (colon == std::string_view::npos && part.find('.') != std::string_view::npos) {
      std::array<uint8_t, 4> v4{};
      if (!parse_v4(part, v4.data())) return false;
      out.insert(out.end(), v4.begin(), v4.end());
      return true;
    }
    const auto group = number_in(part, 16, 4);
    if (!group) return false;
    out.push_back(static_cast<uint8_t>(*group >> 8U));
    out.push_back(static_cast<uint8_t>(*group & 0xffU));
    if (colon == std::string_view::npos) return true;
    text.remove_prefix(colon + 1);
    if (text.empty()) return false;
  }
  return true;
}

// RFC 4291 §2.2.
bool parse_v6(std::string_view text, Address& out) {
  const size_t gap = text.find("::");
  std::vector<uint8_t> head;
  std::vector<uint8_t> tail;
  if (!parse_groups(text.substr(0, gap), head)) return false;
  if (gap == std::string_view::npos) {
    if (head.size() != 16) return false;
  } else if (!parse_groups(text.substr(gap + 2), tail) || head.size() + tail.size() > 14) {
    return false;
  }
  std::ranges::copy(head, out.bytes.begin());
  std::ranges::copy(tail, out.bytes.end() - static_cast<ptrdiff_t>(tail.size()));
  return true;
}

std::optional<Address> parse_address(std::string_view text) {
  Address out;
  if (parse_v4(text, out.bytes.data())) return out;
  out = {};
  out.v6 = true;
  if (text.find(':') != std::string_view::npos && parse_v6(text, out)) return out;
  return std::nullopt;
}

struct Subnet {
  Address address;
  size_t bits = 0;
  bool holds(const Address& one) const {
    if (one.v6 != address.v6) return false;
    for (size_t i = 0; i < bits; ++i) {
      const unsigned mask = 0x80U >> (i % 8);
      if (((one.bytes[i / 8] ^ address.bytes[i / 8]) & mask) != 0) return false;
    }
    return true;
  }
};

std::optional<Subnet> parse_subnet(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = parse_address(text.substr(0, slash));
  const auto bits = number_in(text.substr(slash + 1), 10, 3);
  if (!address || !bits || *bits > (address->v6 ? 128U : 32U)) return std::nullopt;
  return Subnet{*address, *bits};
}

enum class Family : uint8_t { Any, V4, V6 };
bool in_family(const Address& address, Family family) {
  return family == Family::Any || address.v6 == (family == Family::V6);
}

Value valid(RowCall& c, Family family) {
  const auto address = parse_address(text_of(c.arguments[0], c.arena));
  return Value::of_bool(address && in_family(*address, family));
}
Value in_subnet(RowCall& c, Family family) {
  const auto address = parse_address(text_of(c.arguments[0], c.arena));
  const auto subnet = parse_subnet(text_of(c.arguments[1], c.arena));
  return Value::of_bool(address && subnet && in_family(*address, family) &&
                        subnet->holds(*address));
}
// A subnet that stands in the query and is none is an error there.
Result<std::shared_ptr<const void>> prepare_subnet(std::span<const Value* const> literals) {
  if (literals[1] != nullptr && !parse_subnet(literals[1]->text)) {
    return invalid_argument("{} is no subnet", quoted(literals[1]->text));
  }
  return std::shared_ptr<const void>();
}

Value run_valid(RowCall& c) { return valid(c, Family::Any); }
Value run_valid_v4(RowCall& c) { return valid(c, Family::V4); }
Value run_valid_v6(RowCall& c) { return valid(c, Family::V6); }
Value run_in_subnet(RowCall& c) { return in_subnet(c, Family::Any); }
Value run_in_subnet_v4(RowCall& c) { return in_subnet(c, Family::V4); }
Value run_in_subnet_v6(RowCall& c) { return in_subnet(c, Family::V6); }

constexpr std::array kTable = std::to_array<Function>({
    {"isValidIp", 1, 1, run_valid, nullptr, nullptr, "IP address", "isValidIp(field)",
     "whether it is an IPv4 or IPv6 address"},
    {"isValidIpV4", 1, 1, run_valid_v4, nullptr, nullptr, "IP address", "isValidIpV4(field)",
     "whether it is an IPv4 address"},
    {"isValidIpV6", 1, 1, run_valid_v6, nullptr, nullptr, "IP address", "isValidIpV6(field)",
     "whether it is an IPv6 address"},
    {"isIpInSubnet", 2, 2, run_in_subnet, prepare_subnet, nullptr, "IP address",
     "isIpInSubnet(field, 'subnet')", "whether the address is in the subnet"},
    {"isIpv4InSubnet", 2, 2, run_in_subnet_v4, prepare_subnet, nullptr, "IP address",
     "isIpv4InSubnet(field, 'subnet')", "whether the IPv4 address is in the subnet"},
    {"isIpv6InSubnet", 2, 2, run_in_subnet_v6, prepare_subnet, nullptr, "IP address",
     "isIpv6InSubnet(field, 'subnet')", "whether the IPv6 address is in the subnet"},
});

}  // namespace

std::span<const rows::Function> address_functions() { return kTable; }

}  // namespace kansoku::query::logs_insights
