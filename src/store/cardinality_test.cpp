#include "store/cardinality.h"

#include <doctest/doctest.h>

namespace kansoku::store {
namespace {

SeriesInfo series(SeriesId id, std::vector<signal::LabelView> labels, int64_t ms) {
  return {.id = id,
          .labels = *signal::Labels::from(std::move(labels)),
          .first_ms = ms,
          .last_ms = ms + 10};
}

TEST_CASE("cardinality: names, labels, pairs, and what nobody reads") {
  std::vector<SeriesInfo> all{series(0, {{"__name__", "a"}, {"x", "1"}}, 100),
                              series(1, {{"__name__", "a"}, {"x", "22"}}, 50),
                              series(2, {{"__name__", "a"}, {"x", "333"}, {"y", "1"}}, 70),
                              series(3, {{"__name__", "b"}, {"y", "1"}}, 60),
                              series(4, {{"__name__", "c"}}, 60)};
  std::vector<int64_t> read{0, 500, 0, 100, 0};
  Cardinality c = count_cardinality(all, read, {.rows_max = 2, .read_since_ms = 200});
  CHECK(c.series == 5);
  CHECK(c.names == 3);
  CHECK(c.labels == 3);
  CHECK(c.pairs == 7);
  CHECK(c.first_ms == 50);
  CHECK(c.last_ms == 110);
  REQUIRE(c.by_name.size() == 2);
  CHECK(c.by_name[0].name == "a");
  CHECK(c.by_name[0].series == 3);
  CHECK(c.by_name[0].last_read_ms == 500);
  CHECK(c.by_name[1].name == "b");
  CHECK(c.by_label_values[0].name == "__name__");
  CHECK(c.by_label_values[1].name == "x");
  CHECK(c.by_label_bytes[0].name == "x");
  CHECK(c.by_label_bytes[0].value_bytes == 6);
  CHECK(c.by_label_bytes[0].series == 3);
  CHECK(c.by_pair[0].series == 3);
  CHECK(c.by_pair[1].name == "y");
  CHECK(c.unread_names == 2);
  CHECK(c.unread_series == 2);
  REQUIRE(c.unread.size() == 2);
  CHECK(c.unread[0].name == "b");
  CHECK(c.unread[0].last_read_ms == 100);
  CHECK(c.unread[1].last_read_ms == 0);
  // Where it is not known, nothing is called unread.
  CHECK(count_cardinality(all, {}, {}).unread_names == 0);
  CHECK(count_cardinality({}, {}, {}).series == 0);
}

}  // namespace
}  // namespace kansoku::store
