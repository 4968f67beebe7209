// The row algebra without a language: plans made by hand.
#include <doctest/doctest.h>

#include "base/env/sim.h"
#include "query/exec/rows_accumulators.h"
#include "query/exec/rows_run.h"
#include "store/reference/reference_events.h"

namespace kansoku::query::rows {
namespace {

const signal::Scope kScope{"1", "r"};

int compare_plain(const Value& a, const Value& b) {
  if (a.kind != b.kind) return a.kind < b.kind ? -1 : 1;
  if (a.is_text()) return a.text.compare(b.text);
  return a.integer < b.integer ? -1 : static_cast<int>(a.integer > b.integer);
}
std::optional<double> number_plain(const Value& value) {
  if (value.kind == Kind::Float) return value.number;
  if (value.is_integer()) return static_cast<double>(value.integer);
  return std::nullopt;
}
bool truth_plain(const Value& value) { return value.integer != 0; }
void print_plain(const Value& value, std::string& out) {
  out += value.is_text() ? std::string(value.text) : std::to_string(value.integer);
}
constexpr Semantics kPlain{compare_plain, number_plain, truth_plain, print_plain};

Value run_small(RowCall& call) {
  return Value::of_bool(call.arguments[0].integer < call.arguments[1].integer);
}
constexpr Function kSmall{
    .name = "small", .arguments_min = 2, .arguments_max = 2, .row = run_small};
constexpr AggregateFunction kCount{.name = "count", .make = make_count, .counts = true};
constexpr AggregateFunction kSum{.name = "sum", .make = make_sum};

// Counts what is asked of a store.
class Watched final : public store::EventStore {
 public:
  Watched() : store_(clock_) {
    signal::EventBatchBuilder builder;
    const uint32_t stream = builder.add_stream({.group = "g", .stream = "s"});
    for (int64_t i = 0; i < 50; ++i) {
      builder.add_row(stream, i * 1'000'000);
      builder.set_text(store::kMessagePath, "m");
      builder.set_int("n", i);
      builder.set_text("k", i % 3 == 0 ? "a" : "b");
    }
    store_.append({.scope = kScope,
                   .batch = builder.finish(),
                   .token = signal::AckToken(50, nullptr, Lane::Ingest, [](signal::Verdict) {})});
  }
  class Rows final : public store::EventRows {
   public:
    Rows(store::EventRows& rows, const Watched& watched) : rows_(rows), watched_(watched) {}
    size_t size() const override { return rows_.size(); }
    std::span<const int64_t> timestamps_ns() const override { return rows_.timestamps_ns(); }
    std::span<const int64_t> ingested_ns() override { return rows_.ingested_ns(); }
    store::EventId id(size_t row) override { return rows_.id(row); }
    std::span<const uint32_t> stream_rows() const override { return rows_.stream_rows(); }
    std::span<const store::EventStreamName> streams() const override { return rows_.streams(); }
    bool checked(size_t clause) const override { return watched_.checks && rows_.checked(clause); }
    Result<std::span<const store::EventValues>> columns(std::string_view path) override {
      watched_.read.emplace_back(path);
      return rows_.columns(path);
    }
    Result<std::vector<std::string_view>> paths() override { return rows_.paths(); }
    void keep(std::span<const uint32_t> rows) override { rows_.keep(rows); }

   private:
    store::EventRows& rows_;
    const Watched& watched_;
  };
  void append(signal::EventDelivery) override {}
  Result<store::EventScanReport> scan(const store::EventScan& scan,
                                      const store::EventSink& sink) const override {
    order = scan.order;
    return store_.scan(scan, [&](store::EventRows& rows) {
      ++chunks;
      Rows watched(rows, *this);
      return sink(watched);
    });
  }
  Result<store::EventFields> fields(const store::EventScan& scan) const override {
    return store_.fields(scan);
  }
  Result<std::vector<store::EventStreamInfo>> streams(const store::EventScan& scan,
                                                      const std::string& group,
                                                      const std::string& stream,
                                                      size_t limit) const override {
    return store_.streams(scan, group, stream, limit);
  }
  void delete_stream(signal::Scope, std::string, std::string,
                     std::move_only_function<void(Status)>) override {}
  void flush(bool, std::move_only_function<void(Status)>) override {}
  void enforce_retention(std::move_only_function<void(Status)>) override {}
  store::EventStoreStats stats() const override { return {}; }

  mutable std::vector<std::string> read;
  mutable size_t chunks = 0;
  mutable store::EventOrder order = store::EventOrder::Any;
  bool checks = true;

 private:
  env::SimClock clock_;
  store::ReferenceEventStore store_;
};

std::shared_ptr<Plan> plan_over(std::vector<std::string> fields) {
  auto out = std::make_shared<Plan>();
  out->semantics = &kPlain;
  for (std::string& path : fields) {
    out->slots.push_back({SlotSource::Type::Field, {std::move(path)}});
  }
  return out;
}
Slot add_slot(Plan& plan) {
  plan.slots.emplace_back();
  return static_cast<Slot>(plan.slots.size() - 1);
}
Expression small(Slot slot, int64_t bound) {
  std::vector<Expression> arguments;
  arguments.push_back(Expression::of_slot(slot));
  arguments.push_back(Expression::of_literal(Value::of_int(bound)));
  return Expression::of_call(kSmall, std::move(arguments));
}

std::shared_ptr<const RowsTable> run(const Watched& store, std::shared_ptr<const Plan> plan) {
  env::SimClock clock;
  QueryContext context(clock, {});
  RowsQuery query(std::move(plan), {.store = &store, .scan = {.scope = kScope}}, context);
  auto table = query.run();
  REQUIRE(table.has_value());
  return *table;
}
std::vector<int64_t> column(const RowsTable& table, size_t column) {
  std::vector<int64_t> out;
  for (const auto& row : table.rows) {
    out.push_back(row[column].value.kind == Kind::Float
                      ? static_cast<int64_t>(row[column].value.number)
                      : row[column].value.integer);
  }
  return out;
}

}  // namespace

TEST_CASE("a count reads no column") {
  Watched store;
  auto plan = plan_over({"n"});
  Aggregate stage;
  stage.calls.push_back({.function = &kCount, .slot = add_slot(*plan)});
  plan->output.push_back({"n", stage.calls[0].slot, false});
  plan->stages.emplace_back(std::move(stage));
  CHECK(column(*run(store, plan), 0) == std::vector<int64_t>{50});
  CHECK(store.read.empty());
}

TEST_CASE("a condition that the engine has checked is not looked at") {
  for (const bool checks : {true, false}) {
    Watched store;
    store.checks = checks;
    auto plan = plan_over({"n"});
    plan->clauses = {{{.path = "n", .op = store::EventPredicate::Op::NumberLess, .number = 7}}};
    plan->stages.emplace_back(Filter{small(0, 7), {0}});
    Aggregate stage;
    stage.calls.push_back({.function = &kCount, .slot = add_slot(*plan)});
    plan->output.push_back({"n", stage.calls[0].slot, false});
    plan->stages.emplace_back(std::move(stage));
    CHECK(column(*run(store, plan), 0) == std::vector<int64_t>{7});
    CHECK(store.read.empty() == checks);
  }
}

TEST_CASE("a limit ends the scan, and only what is shown is read") {
  Watched store;
  auto plan = plan_over({"n", "k"});
  plan->order = store::EventOrder::NewestFirst;
  plan->stages.emplace_back(Limit{3, false});
  plan->output.push_back({"n", 0, false});
  CHECK(column(*run(store, plan), 0) == std::vector<int64_t>{49, 48, 47});
  CHECK(store.chunks == 1);
  CHECK(store.read == std::vector<std::string>{"n"});
}

TEST_CASE("groups by a field add up") {
  Watched store;
  auto plan = plan_over({"n", "k"});
  Aggregate stage;
  stage.keys.push_back({Expression::of_slot(1), add_slot(*plan)});
  Aggregate::Call sum{.function = &kSum, .slot = add_slot(*plan)};
  sum.arguments.push_back(Expression::of_slot(0));
  stage.calls.push_back(std::move(sum));
  plan->output = {{"k", stage.keys[0].slot, false}, {"s", stage.calls[0].slot, false}};
  plan->stages.emplace_back(std::move(stage));
  Sort sort;
  sort.keys.push_back({Expression::of_slot(plan->output[1].slot), true});
  plan->stages.emplace_back(std::move(sort));
  const auto table = run(store, plan);
  REQUIRE(table->rows.size() == 2);
  CHECK(table->rows[0][0].text + table->rows[1][0].text == "ab");
  CHECK(column(*table, 1) == std::vector<int64_t>{408, 817});
}

TEST_CASE("a sort before a limit keeps the first ones only, and those are right") {
  // Enough rows that what is kept is cut more than once.
  env::SimClock clock;
  store::ReferenceEventStore store(clock);
  signal::EventBatchBuilder builder;
  const uint32_t stream = builder.add_stream({.group = "g", .stream = "s"});
  for (int64_t i = 0; i < 5'000; ++i) {
    builder.add_row(stream, i);
    builder.set_int("n", i * 7'919 % 5'003);
    builder.set_int("i", i);
  }
  store.append({.scope = kScope,
                .batch = builder.finish(),
                .token = signal::AckToken(5'000, nullptr, Lane::Ingest, [](signal::Verdict) {})});
  for (const bool descending : {false, true}) {
    auto plan = plan_over({"n", "i"});
    plan->order = store::EventOrder::OldestFirst;
    Sort sort;
    sort.keys.push_back({Expression::of_slot(0), descending});
    sort.limit = 5;
    plan->stages.emplace_back(std::move(sort));
    plan->output = {{"n", 0, false}};
    QueryContext context(clock, {});
    RowsQuery query(plan, {.store = &store, .scan = {.scope = kScope}}, context);
    const auto table = query.run();
    REQUIRE(table.has_value());
    std::vector<int64_t> all;
    for (int64_t i = 0; i < 5'000; ++i) all.push_back(i * 7'919 % 5'003);
    std::ranges::sort(all);
    if (descending) std::ranges::reverse(all);
    all.resize(5);
    CHECK(column(**table, 0) == all);
  }
}

TEST_CASE("a union gives the rows of both") {
  Watched store;
  auto other = plan_over({"n"});
  other->stages.emplace_back(Filter{small(0, 2), {}});
  other->order = store::EventOrder::OldestFirst;
  other->output.push_back({"n", 0, false});
  auto plan = plan_over({"n"});
  plan->order = store::EventOrder::NewestFirst;
  plan->stages.emplace_back(Limit{2, false});
  plan->stages.emplace_back(Union{other, {{0, 0}}});
  plan->output.push_back({"n", 0, false});
  CHECK(column(*run(store, plan), 0) == std::vector<int64_t>{49, 48, 0, 1});
}

TEST_CASE("rows that were computed outlive a filter behind them") {
  Watched store;
  auto plan = plan_over({"n", "k"});
  plan->order = store::EventOrder::OldestFirst;
  const Slot computed = add_slot(*plan);
  plan->stages.emplace_back(Compute{small(0, 3), computed});
  plan->stages.emplace_back(Filter{small(0, 5), {}});
  plan->output = {{"c", computed, false}, {"n", 0, false}, {"k", 1, false}};
  const auto table = run(store, plan);
  CHECK(column(*table, 0) == std::vector<int64_t>{1, 1, 1, 0, 0});
  CHECK(column(*table, 1) == std::vector<int64_t>{0, 1, 2, 3, 4});
  std::string keys;
  for (const auto& row : table->rows) keys += row[2].text;
  CHECK(keys == "abbab");
}

TEST_CASE("distinct counts and percentiles of many values are near") {
  TextArena arena;
  const auto fill = [&](Accumulator& accumulator, int64_t values) {
    accumulator.resize(1);
    std::vector<int64_t> integers;
    for (int64_t i = 1; i <= values; ++i) integers.push_back(i);
    const Vector vector = Vector::of_integers(Kind::Int, std::move(integers));
    const Vector* arguments[]{&vector};
    accumulator.add({.rows = vector.size, .groups = {}, .arguments = arguments, .times_ms = {}});
    return accumulator.result(0, arena);
  };
  const auto distinct = make_count_distinct({}, kPlain);
  CHECK(fill(*distinct, 1'000).integer == 1'000);
  const auto many = make_count_distinct({}, kPlain);
  CHECK(std::abs(static_cast<double>(fill(*many, 200'000).integer) - 200'000) < 6'000);
  const Value percent = Value::of_int(90);
  const auto exact = make_percentile({&percent, 1}, kPlain);
  CHECK(fill(*exact, 1'000).number == 900);
  const auto near = make_percentile({&percent, 1}, kPlain);
  CHECK(std::abs(fill(*near, 100'000).number - 90'000) < 1'000);
  const auto middle = make_median({}, kPlain);
  CHECK(fill(*middle, 10).number == 5.5);
}

TEST_CASE("vectors keep kinds, gaps and dictionaries") {
  VectorBuilder builder(4);
  builder.push(Value::of_int(1));
  builder.push({});
  builder.push(Value::of_text("x"));
  builder.push(Value::of_float(2.5));
  const Vector vector = builder.finish();
  CHECK(vector.mixed());
  CHECK_FALSE(vector.has(1));
  const std::vector<uint32_t> rows{3, 2, 1};
  const Vector picked = vector.gather(rows);
  CHECK(picked.at(0).number == 2.5);
  CHECK(picked.at(1).text == "x");
  CHECK(picked.at(2).is_null());
  const Vector codes = Vector::of_codes({1, 0, 1}, {"a", "b"});
  const std::vector<uint32_t> last{2};
  CHECK(codes.gather(last).at(0).text == "b");
}

}  // namespace kansoku::query::rows
