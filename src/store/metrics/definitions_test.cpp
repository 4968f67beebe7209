// Definitions in log records and in the series file: as they are written, and as older versions
// wrote them.
#include <doctest/doctest.h>

#include <random>

#include "base/bytes.h"
#include "store/metrics/batch_record.h"
#include "store/metrics/engine_fixture.h"
#include "store/metrics/series_file.h"

namespace kansoku::store::metrics {
namespace {

using signal::MergeKind;
using signal::Temporality;

struct Owned {
  SeriesId id = 0;
  signal::Scope scope;
  MergeKind merge = MergeKind::Replace;
  Temporality temporality = Temporality::Gauge;
  std::string canonical;
  friend bool operator==(const Owned&, const Owned&) = default;
  SeriesDefinition view() const { return {id, scope, merge, temporality, canonical}; }
};

Owned owned(const SeriesDefinition& d) {
  return {d.id, d.scope, d.merge, d.temporality, std::string(d.canonical)};
}

std::vector<Owned> some_definitions(uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Owned> out;
  SeriesId id = random() % 1000;
  for (uint64_t i = 0; i < 1 + random() % 50; ++i) {
    Owned one;
    one.id = random() % 5 == 0 ? random() % 1'000'000 : ++id;
    one.scope = {random() % 4 == 0 ? "2" : "1", random() % 7 == 0 ? "" : "r"};
    one.merge = random() % 2 == 0 ? MergeKind::Replace : MergeKind::Accumulate;
    one.temporality = static_cast<Temporality>(random() % 3);
    const std::string metric = fmt::format("m{}", random() % 30);
    const std::string host(random() % 40, static_cast<char>('a' + random() % 3));
    std::vector<signal::LabelView> labels{{"__name__", metric}, {"zone", "z"}};
    if (!host.empty()) labels.push_back({"host", host});
    one.canonical = signal::Labels::from(std::move(labels))->canonical();
    if (random() % 20 == 0) one.canonical.clear();
    out.push_back(std::move(one));
  }
  return out;
}

// As version 1 wrote them.
void put_version_1(const Owned& d, std::string& out) {
  append_varint(out, d.id);
  out +=
      static_cast<char>(static_cast<uint8_t>(d.merge) | (static_cast<uint8_t>(d.temporality) << 1));
  append_text(out, d.scope.account);
  append_text(out, d.scope.region);
  append_text(out, d.canonical);
}

}  // namespace

TEST_CASE("definitions come back as they were, and no cut of them is taken for one") {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const std::vector<Owned> want = some_definitions(seed);
    std::string bytes;
    DefinitionWriter writer;
    for (const Owned& one : want) writer.put(one.view(), bytes);
    const char* at = bytes.data();
    const char* const end = at + bytes.size();
    DefinitionReader reader(2);
    for (const Owned& one : want) {
      SeriesDefinition got;
      REQUIRE(reader.take(at, end, got));
      CHECK(owned(got) == one);
    }
    CHECK(at == end);
    for (size_t size = 0; size < bytes.size() && seed < 20; ++size) {
      at = bytes.data();
      DefinitionReader cut(2);
      size_t whole = 0;
      SeriesDefinition got;
      while (cut.take(at, bytes.data() + size, got)) {
        REQUIRE(whole < want.size());
        CHECK(owned(got) == want[whole++]);
      }
      CHECK(whole < want.size());
    }
  }
}

TEST_CASE("the bytes of definitions are frozen") {
  std::string bytes;
  DefinitionWriter writer;
  writer.put({7,
              {"1", "r"},
              MergeKind::Accumulate,
              Temporality::Delta,
              "\x01n\x01"
              "a\x01z\x01q"},
             bytes);
  writer.put({8,
              {"1", "r"},
              MergeKind::Replace,
              Temporality::Gauge,
              "\x01n\x02"
              "bc\x01z\x01q"},
             bytes);
  CHECK(bytes == std::string("\x07\x03\x01"
                             "1\x01r\x00\x00\x08\x01n\x01"
                             "a\x01z\x01q"
                             "\x00\x08\x02\x04\x03\x02"
                             "bc",
                             25));
}

TEST_CASE("log records of version 1 are read") {
  const std::vector<Owned> want = some_definitions(3);
  std::string payload("\x01", 1);
  append_varint(payload, want.size());
  for (const Owned& one : want) put_version_1(one, payload);
  append_varint(payload, 0);  // points
  payload += '\0';
  append_varint(payload, zigzag(0));
  std::vector<Owned> got;
  DecodedRecord points;
  Status read = decode_batch_record(
      payload,
      [&](const SeriesDefinition& definition) {
        got.push_back(owned(definition));
        return Status();
      },
      points);
  REQUIRE(read);
  CHECK(got == want);
  CHECK(points.ids.empty());
}

TEST_CASE("a series file of version 1 is read, and the next one is of this version") {
  env::SimFileSystem disk;
  REQUIRE(disk.create_directories("/s"));
  const Owned one{0,
                  {"1", "r"},
                  MergeKind::Replace,
                  Temporality::Gauge,
                  signal::Labels::from({{"n", "a"}})->canonical()};
  const Owned two{1,
                  {"1", "r"},
                  MergeKind::Accumulate,
                  Temporality::Delta,
                  signal::Labels::from({{"n", "b"}})->canonical()};
  std::string raw;
  put_version_1(one, raw);
  put_version_1(two, raw);
  std::string file;
  append_le(file, uint64_t{0x31305245534d4b});
  append_le(file, uint32_t{1});
  append_le(file, crc32c(as_bytes(file)));
  append_le(file, static_cast<uint32_t>(raw.size()));
  append_le(file, static_cast<uint32_t>(raw.size()));
  append_le(file, crc32c(as_bytes(raw), static_cast<uint32_t>(raw.size())));
  file += raw;
  disk.set_contents("/s/series-00000001", file);
  const std::string secret(kSecretBytes, 's');
  auto check = [&](SeriesFile& from, uint64_t number, uint64_t bytes) {
    SeriesTable table(secret);
    REQUIRE(from.load(number, bytes, table, [](SeriesId, uint64_t) { return false; }));
    std::string canonical;
    for (const Owned& each : {one, two}) {
      REQUIRE(table.exists(each.id));
      CHECK(owned(table.definition(each.id, canonical)) == each);
    }
    return from.save(table, table.size(), {});
  };
  SeriesFile old(disk, "/s");
  REQUIRE(check(old, 1, file.size()));
  // The table has nothing new, but what it has goes to a file of this version when something does.
  SeriesTable table(secret);
  REQUIRE(old.load(1, file.size(), table, [](SeriesId, uint64_t) { return false; }));
  std::vector<SeriesId> returned{0};
  REQUIRE(old.save(table, table.size(), returned));
  CHECK(old.number() == 2);
  SeriesFile fresh(disk, "/s");
  CHECK(check(fresh, 2, old.bytes()));
  CHECK(load_le<uint32_t>(disk.contents("/s/series-00000002").data() + 8) == 2);
}

}  // namespace kansoku::store::metrics
