#include "store/events/block_ints.h"

#include <doctest/doctest.h>

#include <random>

namespace kansoku::store::events {
namespace {

std::vector<int64_t> column(std::mt19937_64& random, size_t count, uint64_t kind) {
  std::vector<int64_t> out;
  int64_t value = static_cast<int64_t>(random() % 1'000'000) - 500'000;
  for (size_t i = 0; i < count; ++i) {
    switch (kind) {
      case 0:  // runs
        if (random() % 40 == 0) value = static_cast<int64_t>(random());
        break;
      case 1:  // few values
        value = static_cast<int64_t>(random() % 11) * -1'000'003;
        break;
      case 2:  // small differences with a factor
        value += static_cast<int64_t>(random() % 50) * 1'000'000;
        break;
      case 3:  // equal differences
        value += 7;
        break;
      default:
        value = static_cast<int64_t>(random() >> (random() % 64));
        break;
    }
    out.push_back(value);
  }
  return out;
}

}  // namespace

TEST_CASE("integers of a block come back at once and by stretches, in every form") {
  std::mt19937_64 random(23);
  for (int round = 0; round < 300; ++round) {
    const std::vector<int64_t> values =
        column(random, 1 + random() % (round % 3 == 0 ? 5'000 : 90), random() % 5);
    std::string bytes;
    encode_block_ints(values, bytes);
    std::vector<int64_t> read(values.size());
    const char* at = bytes.data();
    REQUIRE(decode_block_ints(at, bytes.data() + bytes.size(), read));
    CHECK(at == bytes.data() + bytes.size());
    CHECK(read == values);
    std::ranges::fill(read, 0);
    BlockIntsReader reader;
    REQUIRE(reader.open(bytes.data(), bytes.data() + bytes.size(), values.size()));
    for (size_t from = 0; from < values.size();) {
      const size_t some = std::min<size_t>(values.size() - from, 1 + random() % 300);
      REQUIRE(reader.next(std::span(read).subspan(from, some)));
      from += some;
    }
    CHECK(reader.end() == bytes.data() + bytes.size());
    CHECK(read == values);
    std::array<int64_t, 1> more{};
    CHECK_FALSE(reader.next(more));
    // Cut off, it is no column, or the wrong one: never more than it has.
    BlockIntsReader cut;
    if (cut.open(bytes.data(), bytes.data() + random() % bytes.size(), values.size()))
      (void)cut.next(read);
  }
}

}  // namespace kansoku::store::events
