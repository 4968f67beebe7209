#include "signal/labels.h"

#include <doctest/doctest.h>

#include "signal/metric_batch.h"

namespace kansoku::signal {

TEST_CASE("canonical labels are sorted, without empty values, and the same for any order") {
  auto a = Labels::from({{"b", "2"}, {"a", "1"}, {"empty", ""}});
  auto b = Labels::from({{"a", "1"}, {"b", "2"}});
  REQUIRE(a);
  REQUIRE(b);
  CHECK(*a == *b);
  CHECK(a->canonical() == std::string("\x01"
                                      "a\x01"
                                      "1\x01"
                                      "b\x01"
                                      "2"));
  CHECK(a->get("b") == "2");
  CHECK(a->get("empty").empty());
  CHECK(a->list().size() == 2);
}

TEST_CASE("a label name given twice is refused") {
  auto twice = Labels::from({{"a", "1"}, {"a", "2"}});
  REQUIRE_FALSE(twice.has_value());
  CHECK(twice.error().code == ErrorCode::InvalidArgument);
}

TEST_CASE("cut canonical bytes are not labels") {
  auto whole = Labels::from({{"name", "value"}, {"other", std::string(300, 'x')}});
  REQUIRE(whole);
  const std::string& bytes = whole->canonical();
  for (size_t n = 1; n < bytes.size(); ++n) {
    size_t seen = 0;
    bool good = visit_labels(std::string_view(bytes).substr(0, n), [&](LabelView) { ++seen; });
    CHECK((!good || seen == 1));
  }
}

TEST_CASE("a batch gives back what was put in, floats and distributions mixed") {
  MetricBatchBuilder builder;
  std::vector<LabelView> labels{{"n", "a"}};
  auto row = builder.add_series(labels, {.merge = MergeKind::Accumulate});
  REQUIRE(row);
  builder.add_float(*row, 10, 1.5);
  builder.add_point(*row, 20, point_from_values({{1, 2}, {3, 1}}));
  builder.add_float(*row, 30, 2.5);
  builder.set_start_ms(25);
  auto batch = builder.finish();
  CHECK(batch->point_count() == 3);
  CHECK(batch->is_float(0));
  CHECK_FALSE(batch->is_float(1));
  CHECK(batch->point(1).count() == 3);
  CHECK(batch->point(2).value == 2.5);
  CHECK(batch->start_ms()[2] == 25);
  CHECK(batch->meta(*row).merge == MergeKind::Accumulate);
  CHECK(builder.point_count() == 0);
}

}  // namespace kansoku::signal
