#include "query/exec/rows_operators.h"

namespace kansoku::query::rows {
namespace {

// How far a number of events is from what is usual, in deviations of a robust kind; above it is
// called an anomaly. 3.5 is the bound of Iglewicz and Hoaglin (1993) for the modified z-score.
constexpr double kScoreMin = 3.5;
constexpr double kNormal = 1.4826;  // deviation of a normal distribution by its median deviation
// A template that comes up in the last part of the range only.
constexpr size_t kNewFrom = kTemplateBins * 3 / 4;

double middle_of(std::vector<double> values) {
  const auto nth = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), nth, values.end());
  return *nth;
}

struct Finding {
  double score = 0;
  std::string_view type;
  std::string description;
};

Finding finding_of(const Template& one) {
  std::vector<double> bins(one.bins.begin(), one.bins.end());
  const double middle = middle_of(bins);
  std::vector<double> distances;
  for (const double bin : bins) distances.push_back(std::abs(bin - middle));
  // Counts vary by their square root even where nothing happens.
  const double usual = std::max({kNormal * middle_of(distances), std::sqrt(middle), 1.0});
  const auto most = std::ranges::max_element(bins);
  Finding out{.score = (*most - middle) / usual, .type = {}, .description = {}};
  const auto first = std::ranges::find_if(bins, [](double bin) { return bin > 0; });
  const auto part = static_cast<size_t>(most - bins.begin()) + 1;
  if (static_cast<size_t>(first - bins.begin()) >= kNewFrom) {
    out.type = "NEW_PATTERN";
    out.score = std::max(out.score, kScoreMin);
    out.description = fmt::format("first seen in part {} of {} of the range",
                                  first - bins.begin() + 1, kTemplateBins);
  } else if (out.score >= kScoreMin) {
    out.type = "PATTERN_FREQUENCY";
    out.description = fmt::format("{} events in part {} of {} of the range, usually {}", *most,
                                  part, kTemplateBins, middle);
  }
  return out;
}

class PatternsOperator final : public Operator {
 public:
  PatternsOperator(RunState& run, const Patterns& stage, std::shared_ptr<TemplateMiner> earlier)
      : Operator(run),
        stage_(stage),
        miner_(earlier == nullptr ? std::make_shared<TemplateMiner>() : std::move(earlier)),
        memory_(run.context) {}

  Status push(Batch batch) override {
    Vector scratch;
    KANSOKU_TRY(const Vector* values, evaluate(stage_.text, batch, scratch));
    KANSOKU_TRY(const std::vector<int64_t> times, batch.times_ms());
    std::string text;
    for (size_t row = 0; row < batch.size(); ++row) {
      KANSOKU_RETURN_IF_ERROR(run_.context.spend(256));
      if (!values->has(row)) continue;
      text.clear();
      run_.semantics().print(values->at(row), text);
      miner_->add(text, times.empty() ? 0 : bin_of(times[row]));
      ++rows_;
    }
    return memory_.hold(miner_->memory_bytes());
  }
  bool done() const override { return false; }
  bool blocks() const override { return true; }

  Status give(Operator& next) const override {
    KANSOKU_RETURN_IF_ERROR(run_.context.check());
    const std::vector<Template> templates = miner_->templates();
    Batch batch(run_, templates.size());
    VectorBuilder patterns(templates.size());
    VectorBuilder ratios(templates.size());
    VectorBuilder counts(templates.size());
    VectorBuilder severities(templates.size());
    for (const Template& one : templates) {
      patterns.push(Value::of_text(batch.arena().keep(one.text)));
      const auto all = static_cast<double>(std::max<uint64_t>(rows_, 1));
      ratios.push(Value::of_float(static_cast<double>(one.count) / all));
      counts.push(Value::of_int(static_cast<int64_t>(one.count)));
      const std::string_view severity = severity_of(one.sample);
      severities.push(severity.empty() ? Value() : Value::of_text(severity));
    }
    batch.set(stage_.pattern, patterns.finish());
    batch.set(stage_.ratio, ratios.finish());
    batch.set(stage_.count, counts.finish());
    batch.set(stage_.severity, severities.finish());
    if (stage_.difference) set_difference(batch, templates);
    if (stage_.anomalies) set_anomalies(batch, templates);
    if (batch.size() == 0) return {};
    return next.push(std::move(batch));
  }
  Status finish() override {
    KANSOKU_RETURN_IF_ERROR(give(*next_));
    return next_->finish();
  }

 private:
  size_t bin_of(int64_t ms) const {
    const double begin = static_cast<double>(run_.begin_ns) / 1e6;
    const double length = static_cast<double>(run_.end_ns) / 1e6 - begin;
    const double part = (static_cast<double>(ms) - begin) / std::max(length, 1.0);
    return static_cast<size_t>(std::clamp(part, 0.0, 0.9999) * kTemplateBins);
  }
  void set_difference(Batch& batch, const std::vector<Template>& templates) const {
    VectorBuilder differences(templates.size());
    VectorBuilder descriptions(templates.size());
    for (const Template& one : templates) {
      const int64_t difference =
          static_cast<int64_t>(one.count) - static_cast<int64_t>(one.earlier);
      differences.push(Value::of_int(difference));
      std::string_view description = difference == 0  ? "No change"
                                     : difference > 0 ? "Increased"
                                                      : "Decreased";
      if (one.earlier == 0) description = "New";
      if (one.count == 0) description = "Disappeared";
      descriptions.push(Value::of_text(description));
    }
    batch.set(stage_.difference->difference, differences.finish());
    batch.set(stage_.difference->description, descriptions.finish());
  }
  void set_anomalies(Batch& batch, const std::vector<Template>& templates) const {
    VectorBuilder scores(templates.size());
    VectorBuilder types(templates.size());
    VectorBuilder descriptions(templates.size());
    for (const Template& one : templates) {
      const Finding finding = finding_of(one);
      scores.push(Value::of_float(finding.score));
      const bool found = !finding.type.empty();
      types.push(found ? Value::of_text(finding.type) : Value());
      descriptions.push(found ? Value::of_text(batch.arena().keep(finding.description)) : Value());
    }
    batch.set(stage_.anomalies->score, scores.finish());
    batch.set(stage_.anomalies->type, types.finish());
    batch.set(stage_.anomalies->description, descriptions.finish());
  }

  const Patterns& stage_;
  std::shared_ptr<TemplateMiner> miner_;
  uint64_t rows_ = 0;
  MemoryHold memory_;
};

}  // namespace

std::unique_ptr<Operator> make_patterns(RunState& run, const Patterns& stage,
                                        std::shared_ptr<TemplateMiner> earlier) {
  return std::make_unique<PatternsOperator>(run, stage, std::move(earlier));
}

}  // namespace kansoku::query::rows
