#include "query/exec/rows_run.h"

#include <numeric>

#include "query/exec/rows_operators.h"

namespace kansoku::query::rows {
namespace {

// What comes out at the end.
class CollectOperator final : public Operator {
 public:
  CollectOperator(RunState& run, std::vector<Slot> slots)
      : Operator(run), rows_(std::make_shared<KeptRows>(run, std::move(slots))) {}
  Status push(Batch batch) override { return rows_->add(batch); }
  Status finish() override { return {}; }
  bool done() const override { return false; }
  const std::shared_ptr<KeptRows>& rows() const { return rows_; }

 private:
  std::shared_ptr<KeptRows> rows_;
};

// Feeds the earlier range of a difference.
class MineOperator final : public Operator {
 public:
  MineOperator(RunState& run, const Patterns& stage, TemplateMiner& miner)
      : Operator(run), stage_(stage), miner_(miner) {}
  Status push(Batch batch) override {
    Vector scratch;
    KANSOKU_TRY(const Vector* values, evaluate(stage_.text, batch, scratch));
    std::string text;
    for (size_t row = 0; row < batch.size(); ++row) {
      KANSOKU_RETURN_IF_ERROR(run_.context.spend(256));
      if (!values->has(row)) continue;
      text.clear();
      run_.semantics().print(values->at(row), text);
      miner_.add(text, 0, true);
    }
    return {};
  }
  Status finish() override { return {}; }
  bool done() const override { return false; }

 private:
  const Patterns& stage_;
  TemplateMiner& miner_;
};

int64_t minus(int64_t a, int64_t b) {
  int64_t out = 0;
  return __builtin_sub_overflow(a, b, &out) ? std::numeric_limits<int64_t>::min() : out;
}

// The width of the bins (0: no bins) by which rows of which the store has checked every clause are
// only counted: filters that the clauses say all of, then calls that count, by the time if by
// anything. Nothing: more is asked of them.
std::optional<int64_t> counts_by_ms(const Plan& plan) {
  const auto filters = [](const Stage& stage) { return std::holds_alternative<Filter>(stage); };
  const auto first = std::ranges::find_if_not(plan.stages, filters);
  const bool checked = std::all_of(plan.stages.begin(), first, [](const Stage& stage) {
    return !std::get<Filter>(stage).same_as.empty();
  });
  if (!checked || first == plan.stages.end()) return std::nullopt;
  const auto* aggregate = std::get_if<Aggregate>(&*first);
  if (aggregate == nullptr || !std::ranges::all_of(aggregate->calls, [](const auto& call) {
        return call.function->counts && call.arguments.empty();
      })) {
    return std::nullopt;
  }
  int64_t out = 0;
  for (const Aggregate::Key& key : aggregate->keys) {
    if (key.bin_ms == 0) return std::nullopt;
    out = std::gcd(out, key.bin_ms);
  }
  return out;
}

// What rows of events are asked for that go no further than to a stage of groups.
store::EventAsks asks_of(const Plan& plan) {
  const auto passes = [](const Stage& stage) {
    return std::holds_alternative<Filter>(stage) || std::holds_alternative<Compute>(stage);
  };
  const auto first = std::ranges::find_if_not(plan.stages, passes);
  const auto* aggregate = first == plan.stages.end() ? nullptr : std::get_if<Aggregate>(&*first);
  if (aggregate == nullptr) return {};
  const auto any = [&](SlotSource::Type type) {
    return std::ranges::any_of(plan.slots,
                               [&](const SlotSource& source) { return source.type == type; });
  };
  const bool of_times = std::ranges::any_of(
      aggregate->calls, [](const Aggregate::Call& call) { return call.function->of_times; });
  return {.times = of_times || any(SlotSource::Type::Timestamp),
          .ids = any(SlotSource::Type::Pointer),
          .ingested = any(SlotSource::Type::Ingestion)};
}

std::vector<Slot> output_slots(const Plan& plan) {
  std::vector<Slot> out;
  for (const OutputColumn& column : plan.output) out.push_back(column.slot);
  if (plan.pointer) out.push_back(*plan.pointer);
  return out;
}

std::shared_ptr<const RowsTable> table_of(const Plan& plan, const KeptRows& rows) {
  auto out = std::make_shared<RowsTable>();
  for (const OutputColumn& column : plan.output) {
    out->columns.push_back(column.name);
    out->computed.push_back(column.computed);
  }
  for (size_t row = 0; row < rows.size(); ++row) {
    std::vector<Cell>& cells = out->rows.emplace_back(plan.output.size());
    for (size_t i = 0; i < cells.size(); ++i) {
      cells[i].value = rows.at(row, i);
      cells[i].text = cells[i].value.text;
      cells[i].value.text = {};
    }
    if (plan.pointer) out->pointers.emplace_back(rows.at(row, plan.output.size()).text);
  }
  return out;
}

}  // namespace

// A plan at work: the main one and, before it, those that it needs.
class RowsQuery::Execution {
 public:
  explicit Execution(RowsQuery& query) : query_(query) {}

  Result<std::shared_ptr<const RowsTable>> main() {
    const Plan& plan = *query_.plan_;
    RunState run = state_of(plan);
    KANSOKU_RETURN_IF_ERROR(prepare(run));
    CollectOperator sink(run, output_slots(plan));
    KANSOKU_TRY(const StageInputs inputs, inputs_of(run));
    auto operators = make_operators(run, inputs, 0, plan.stages.size(), sink);
    main_ = {&run, &inputs, &operators, &sink};
    KANSOKU_RETURN_IF_ERROR(scan(run, operators, sink, 0));
    return table_of(plan, *sink.rows());
  }

 private:
  using Operators = std::vector<std::unique_ptr<Operator>>;

  RunState state_of(const Plan& plan) const {
    const store::EventScan& scan = query_.request_.scan;
    return {query_.context_, plan, scan.scope.account, query_.request_.now_ms, scan.begin_ns,
            scan.end_ns,     {}};
  }

  // Rows of another plan, these slots of them.
  Result<std::shared_ptr<const KeptRows>> rows_of(const Plan& plan, std::vector<Slot> slots) {
    RunState run = state_of(plan);
    KANSOKU_RETURN_IF_ERROR(prepare(run));
    CollectOperator sink(run, std::move(slots));
    KANSOKU_TRY(const StageInputs inputs, inputs_of(run));
    auto operators = make_operators(run, inputs, 0, plan.stages.size(), sink);
    KANSOKU_RETURN_IF_ERROR(scan(run, operators, sink, 0));
    return std::shared_ptr<const KeptRows>(sink.rows());
  }

  Status prepare(RunState& run) {
    for (const auto& subquery : run.plan.subqueries) {
      KANSOKU_TRY(const auto rows, rows_of(*subquery, {subquery->output[0].slot}));
      auto members = std::make_shared<std::unordered_set<std::string>>();
      for (size_t row = 0; row < rows->size(); ++row) {
        if (rows->at(row, 0).is_null()) continue;
        std::string text;
        run.semantics().print(rows->at(row, 0), text);
        members->insert(std::move(text));
      }
      run.members.push_back(std::move(members));
      kept_.push_back(rows);
    }
    return {};
  }

  Result<StageInputs> inputs_of(RunState& run) {
    StageInputs out;
    for (size_t i = 0; i < run.plan.stages.size(); ++i) {
      const Stage& stage = run.plan.stages[i];
      if (const auto* join = std::get_if<Join>(&stage)) {
        std::vector<Slot> slots;
        for (const auto& [right, here] : join->columns) slots.push_back(right);
        for (const Expression& key : join->right_keys) slots.push_back(key.slot);
        KANSOKU_TRY(out.joined[i], rows_of(*join->right, std::move(slots)));
      } else if (const auto* both = std::get_if<Union>(&stage)) {
        std::vector<Slot> slots;
        for (const auto& [other, here] : both->columns) slots.push_back(other);
        KANSOKU_TRY(out.joined[i], rows_of(*both->other, std::move(slots)));
      } else if (const auto* lookup = std::get_if<Lookup>(&stage)) {
        KANSOKU_TRY(out.looked_up[i], table(*lookup));
      } else if (const auto* patterns = std::get_if<Patterns>(&stage)) {
        if (!patterns->difference) continue;
        KANSOKU_TRY(out.earlier[i], mined_earlier(run, out, i, *patterns));
      }
    }
    return out;
  }

  Result<std::shared_ptr<const LookupRows>> table(const Lookup& stage) const {
    if (!query_.request_.lookup) return not_found("no lookup table {}", quoted(stage.table));
    KANSOKU_TRY(auto out, query_.request_.lookup(stage.table));
    const auto check = [&](const std::string& column) -> Status {
      if (std::ranges::find(out->columns, column) != out->columns.end()) return {};
      return invalid_argument("the lookup table {} has no column {}", quoted(stage.table),
                              quoted(column));
    };
    for (const auto& [column, value] : stage.keys) KANSOKU_RETURN_IF_ERROR(check(column));
    for (const auto& output : stage.outputs) KANSOKU_RETURN_IF_ERROR(check(output.column));
    return out;
  }

  Result<std::shared_ptr<TemplateMiner>> mined_earlier(RunState& run, const StageInputs& inputs,
                                                       size_t stage, const Patterns& patterns) {
    constexpr int64_t kNsPerMs = 1'000'000;
    auto miner = std::make_shared<TemplateMiner>();
    MineOperator sink(run, patterns, *miner);
    auto operators = make_operators(run, inputs, 0, stage, sink);
    const int64_t asked = patterns.difference->earlier_ms;
    const int64_t shift = asked > 0 ? asked * kNsPerMs : minus(run.end_ns, run.begin_ns);
    KANSOKU_RETURN_IF_ERROR(scan(run, operators, sink, shift));
    return miner;
  }

  Result<store::EventScan> scan_of(const RunState& run, int64_t shift_ns) const {
    const Plan& plan = run.plan;
    store::EventScan out = query_.request_.scan;
    out.filter = plan.clauses;
    out.order = plan.order;
    constexpr int64_t kNsPerMs = 1'000'000;
    const std::optional<int64_t> bin_ms = counts_by_ms(plan);
    out.counts_only = out.order == store::EventOrder::Any && bin_ms;
    if (out.counts_only) out.count_bin_ns = *bin_ms * kNsPerMs;
    out.asks = asks_of(plan);
    if (shift_ns != 0) {
      out.begin_ns = minus(out.begin_ns, shift_ns);
      out.end_ns = minus(out.end_ns, shift_ns);
    }
    if (plan.source) {
      if (!query_.request_.groups) return invalid_argument("SOURCE cannot be used here");
      KANSOKU_TRY(out.groups, query_.request_.groups(*plan.source));
    }
    if (plan.streams.empty()) return out;
    if (out.streams.empty()) {
      out.streams = plan.streams;
    } else {
      std::erase_if(out.streams, [&](const std::string& name) {
        return std::ranges::find(plan.streams, name) == plan.streams.end();
      });
      if (out.streams.empty()) out.end_ns = out.begin_ns;
    }
    return out;
  }

  Status scan(RunState& run, Operators& operators, Operator& sink, int64_t shift_ns) {
    Operator& first = operators.empty() ? sink : *operators.front();
    KANSOKU_TRY(const store::EventScan scan, scan_of(run, shift_ns));
    const bool nothing = run.plan.source && scan.groups.empty();
    if (!nothing && scan.begin_ns < scan.end_ns && !first.done()) {
      KANSOKU_TRY(const store::EventScanReport report,
                  query_.request_.store->scan(scan, [&](store::EventRows& rows) {
                    return take(run, operators, rows, first);
                  }));
      KANSOKU_RETURN_IF_ERROR(account(report));
    }
    return first.finish();
  }

  Result<bool> take(RunState& run, Operators& operators, store::EventRows& rows, Operator& first) {
    KANSOKU_RETURN_IF_ERROR(query_.context_.check());
    const uint64_t taken = rows.events();
    KANSOKU_RETURN_IF_ERROR(query_.context_.charge_points(taken));
    query_.context_.add_done(taken);
    Batch batch(run, rows);
    // Filters that stand first say what matches.
    size_t stage = 0;
    while (stage < operators.size() && std::holds_alternative<Filter>(run.plan.stages[stage])) {
      const auto& filter = std::get<Filter>(run.plan.stages[stage++]);
      if (batch.checked(filter.same_as)) continue;
      KANSOKU_TRY(const std::vector<uint32_t> left, rows_where(filter.condition, batch));
      batch.keep(left);
      if (batch.size() == 0) break;
    }
    {
      const std::lock_guard lock(query_.shown_mutex_);
      query_.statistics_.records_matched += batch.counts().empty() ? batch.size() : taken;
      query_.statistics_.records_scanned += taken;
      rows_taken_ += taken;
    }
    if (batch.size() > 0) {
      Operator& next =
          stage < operators.size() ? *operators[stage] : *sink_behind(operators, first);
      KANSOKU_RETURN_IF_ERROR(next.push(std::move(batch)));
    }
    if (&operators == main_.operators && query_.wanted_.exchange(false)) {
      KANSOKU_RETURN_IF_ERROR(show());
    }
    return !first.done();
  }
  static Operator* sink_behind(Operators& operators, Operator& first) {
    return operators.empty() ? &first : operators.back()->next_;
  }

  Status account(const store::EventScanReport& report) {
    {
      const std::lock_guard lock(query_.shown_mutex_);
      RowsStatistics& out = query_.statistics_;
      // Until now, the rows that came.
      out.records_scanned += std::max(report.rows_scanned, rows_taken_) - rows_taken_;
      rows_taken_ = 0;
      out.records_skipped += report.rows_skipped;
      out.bytes_scanned += report.message_bytes_scanned;
      out.bytes_skipped += report.message_bytes_skipped;
      out.groups = std::max(out.groups, report.groups);
    }
    if (!report.missing.empty()) query_.context_.note_missing();
    return query_.context_.charge_bytes(report.bytes_read);
  }

  // Rows of now, through stages of their own where one holds them back.
  Status show() {
    const Plan& plan = main_.run->plan;
    Operators& operators = *main_.operators;
    const auto holding =
        std::ranges::find_if(operators, [](const auto& one) { return one->blocks(); });
    std::shared_ptr<const RowsTable> table;
    if (holding == operators.end()) {
      table = table_of(plan, *main_.sink->rows());
    } else {
      const auto stage = static_cast<size_t>(holding - operators.begin());
      CollectOperator sink(*main_.run, output_slots(plan));
      auto rest = make_operators(*main_.run, *main_.inputs, stage + 1, plan.stages.size(), sink);
      Operator& first = rest.empty() ? static_cast<Operator&>(sink) : *rest.front();
      KANSOKU_RETURN_IF_ERROR((*holding)->give(first));
      KANSOKU_RETURN_IF_ERROR(first.finish());
      table = table_of(plan, *sink.rows());
    }
    const std::lock_guard lock(query_.shown_mutex_);
    query_.shown_ = std::move(table);
    return {};
  }

  struct Main {
    RunState* run = nullptr;
    const StageInputs* inputs = nullptr;
    Operators* operators = nullptr;
    CollectOperator* sink = nullptr;
  };
  RowsQuery& query_;
  Main main_;
  // What subqueries gave: it stays charged as long as their sets are there.
  std::vector<std::shared_ptr<const KeptRows>> kept_;
  uint64_t rows_taken_ = 0;  // of the scan that runs
};

RowsQuery::RowsQuery(std::shared_ptr<const Plan> plan, RowsRequest request, QueryContext& context)
    : plan_(std::move(plan)), request_(std::move(request)), context_(context) {}
RowsQuery::~RowsQuery() = default;

Result<std::shared_ptr<const RowsTable>> RowsQuery::run() {
  Execution execution(*this);
  auto table = execution.main();
  if (table) {
    const std::lock_guard lock(shown_mutex_);
    shown_ = *table;
  }
  return table;
}

std::shared_ptr<const RowsTable> RowsQuery::snapshot() {
  wanted_ = true;
  const std::lock_guard lock(shown_mutex_);
  return shown_;
}

RowsStatistics RowsQuery::statistics() const {
  const std::lock_guard lock(shown_mutex_);
  return statistics_;
}

}  // namespace kansoku::query::rows
