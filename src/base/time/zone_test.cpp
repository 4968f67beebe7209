#include "base/time/zone.h"

#include <doctest/doctest.h>

#include "base/env/env.h"
#include "base/time/iso8601.h"

using namespace kansoku;

namespace {

// A file of version 2 without transitions, as compilers of the tz database write fixed rules.
std::string tzif(std::string_view footer, int32_t offset_s = 0) {
  auto block = [&](char version) {
    std::string out = "TZif";
    out += version;
    out.append(15, '\0');
    for (uint32_t count : {0U, 0U, 0U, 0U, 1U, 4U}) {
      for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(count >> shift);
    }
    auto offset = static_cast<uint32_t>(offset_s);
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(offset >> shift);
    out.append(2, '\0');
    out.append("LMT", 4);
    return out;
  };
  return block('2') + block('2') + "\n" + std::string(footer) + "\n";
}

int64_t at(std::string_view text) { return *parse_iso8601(text) / 1000; }

}  // namespace

TEST_CASE("a zone follows the yearly rule of its footer to the second") {
  auto berlin = Zone::parse(tzif("CET-1CEST,M3.5.0,M10.5.0/3"));
  REQUIRE(berlin);
  CHECK(berlin->offset_s(at("2026-01-15T12:00:00Z")) == 3'600);
  CHECK(berlin->offset_s(at("2026-03-29T00:59:59Z")) == 3'600);
  CHECK(berlin->offset_s(at("2026-03-29T01:00:00Z")) == 7'200);
  CHECK(berlin->offset_s(at("2026-10-25T00:59:59Z")) == 7'200);
  CHECK(berlin->offset_s(at("2026-10-25T01:00:00Z")) == 3'600);
  // The southern hemisphere: summer lies over the new year.
  auto sydney = Zone::parse(tzif("AEST-10AEDT,M10.1.0,M4.1.0/3"));
  REQUIRE(sydney);
  CHECK(sydney->offset_s(at("2026-12-31T20:00:00Z")) == 39'600);
  CHECK(sydney->offset_s(at("2026-06-15T00:00:00Z")) == 36'000);
  auto named = Zone::parse(tzif("<+0545>-5:45"));
  REQUIRE(named);
  CHECK(named->offset_s(0) == 20'700);
  auto julian = Zone::parse(tzif("AAA0BBB,J60,300/0"));
  REQUIRE(julian);
  CHECK(julian->offset_s(at("2024-03-01T01:59:59Z")) == 0);
  CHECK(julian->offset_s(at("2024-03-01T02:00:00Z")) == 3'600);
  CHECK(Zone(-18'000).offset_s(0) == -18'000);
}

TEST_CASE("zones of the system's tz database are read") {
  auto& files = env::real_files();
  auto bytes = files.read_all("/usr/share/zoneinfo/America/New_York", 1U << 20);
  if (!bytes) {
    MESSAGE("skipped: no tz database here");
    return;
  }
  auto zone = Zone::parse(*bytes);
  REQUIRE(zone);
  CHECK(zone->offset_s(at("1950-01-15T12:00:00Z")) == -18'000);
  CHECK(zone->offset_s(at("2026-03-08T06:59:59Z")) == -18'000);
  CHECK(zone->offset_s(at("2026-03-08T07:00:00Z")) == -14'400);
  CHECK(zone->offset_s(at("2026-11-22T12:00:00Z")) == -18'000);
  CHECK(zone->offset_s(at("2060-07-01T00:00:00Z")) == -14'400);
  // No prefix of it is a zone.
  for (size_t length = 0; length < bytes->size(); ++length) {
    CHECK_FALSE(Zone::parse(std::string_view(*bytes).substr(0, length)));
  }
}

TEST_CASE("what is no zone is refused") {
  CHECK_FALSE(Zone::parse(""));
  CHECK_FALSE(Zone::parse("TZif2"));
  for (std::string_view footer : {"CET", "CET-1CEST", "CET-1CEST,M13.1.0,M1.1.0", "C-1", "CET-1,",
                                  "CET-1CEST,M3.5.0,M10.5.0/3x", "CET-999"}) {
    CAPTURE(footer);
    CHECK_FALSE(Zone::parse(tzif(footer)));
  }
  CHECK_FALSE(Zone::parse(tzif("UTC0", 200'000)));
  CHECK(is_zone_name("America/Argentina/Buenos_Aires"));
  CHECK(is_zone_name("Etc/GMT+3"));
  for (std::string_view name : {"", "/etc/passwd", "../../etc/passwd", "a//b", "Europe/", "a.b"}) {
    CHECK_FALSE(is_zone_name(name));
  }
}
