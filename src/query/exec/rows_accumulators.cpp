#include "query/exec/rows_accumulators.h"

#include <bit>
#include <map>
#include <unordered_set>

namespace kansoku::query::rows {
namespace {

std::optional<double> plain_number(const Value& value) {
  if (value.kind == Kind::Float) return value.number;
  if (value.is_integer()) return static_cast<double>(value.integer);
  return std::nullopt;
}

// Calls `add(group, number)` for rows that have one.
template <class Add>
void each_number(const AggregateInput& input, Add add) {
  const Vector& values = *input.arguments[0];
  const auto group = [&](size_t row) { return input.groups.empty() ? 0 : input.groups[row]; };
  const bool plain = !values.mixed() && !values.constant;
  if (plain && values.kind == Kind::Float) {
    for (size_t row = 0; row < input.rows; ++row) {
      if (values.has(row)) add(group(row), values.floats[row]);
    }
    return;
  }
  if (plain && !values.integers.empty()) {
    for (size_t row = 0; row < input.rows; ++row) {
      if (values.has(row)) add(group(row), static_cast<double>(values.integers[row]));
    }
    return;
  }
  for (size_t row = 0; row < input.rows; ++row) {
    if (const auto number = plain_number(values.at(row))) add(group(row), *number);
  }
}

class Count final : public Accumulator {
 public:
  void resize(size_t groups) override { counts_.resize(groups); }
  void add(const AggregateInput& input) override {
    const Vector* values = input.arguments.empty() ? nullptr : input.arguments[0];
    if (!input.counts.empty()) {
      for (size_t row = 0; row < input.rows; ++row)
        counts_[input.groups.empty() ? 0 : input.groups[row]] +=
            static_cast<int64_t>(input.counts[row]);
      return;
    }
    if (values == nullptr && input.groups.empty()) {
      counts_[0] += static_cast<int64_t>(input.rows);
      return;
    }
    for (size_t row = 0; row < input.rows; ++row) {
      if (values != nullptr && !values->has(row)) continue;
      ++counts_[input.groups.empty() ? 0 : input.groups[row]];
    }
  }
  Value result(size_t group, TextArena&) const override { return Value::of_int(counts_[group]); }
  uint64_t memory_bytes() const override { return counts_.capacity() * sizeof(int64_t); }

 private:
  std::vector<int64_t> counts_;
};

// Up to a number of hashes themselves, then registers (Flajolet et al., 2007, 2^14 of them:
// standard error 0.8 %).
struct Distinct {
  static constexpr unsigned kBits = 14;
  std::unordered_set<uint64_t> hashes;
  std::vector<uint8_t> registers;

  void add(uint64_t hash) {
    if (registers.empty()) {
      hashes.insert(hash);
      if (hashes.size() <= kDistinctExact) return;
      registers.resize(size_t{1} << kBits);
      for (const uint64_t one : hashes) note(one);
      hashes = {};
      return;
    }
    note(hash);
  }
  void note(uint64_t hash) {
    uint8_t& entry = registers[hash >> (64 - kBits)];
    const uint64_t rest = (hash << kBits) | (uint64_t{1} << (kBits - 1));
    entry = std::max(entry, static_cast<uint8_t>(std::countl_zero(rest) + 1));
  }
  int64_t count() const {
    if (registers.empty()) return static_cast<int64_t>(hashes.size());
    const auto m = static_cast<double>(registers.size());
    double sum = 0;
    double zeros = 0;
    for (const uint8_t one : registers) {
      sum += std::ldexp(1.0, -one);
      zeros += one == 0 ? 1 : 0;
    }
    double out = 0.7213 / (1 + 1.079 / m) * m * m / sum;
    if (out <= 2.5 * m && zeros > 0) out = m * std::log(m / zeros);
    return std::llround(out);
  }
};

uint64_t mixed(uint64_t hash) {  // the finaliser of MurmurHash3
  hash = (hash ^ (hash >> 33U)) * 0xff51afd7ed558ccdULL;
  hash = (hash ^ (hash >> 33U)) * 0xc4ceb9fe1a85ec53ULL;
  return hash ^ (hash >> 33U);
}

class CountDistinct final : public Accumulator {
 public:
  explicit CountDistinct(const Semantics& semantics) : semantics_(semantics) {}
  void resize(size_t groups) override { groups_.resize(groups); }
  void add(const AggregateInput& input) override {
    const Vector& values = *input.arguments[0];
    std::vector<uint64_t> of_codes;
    if (!values.dictionary.empty() && !values.mixed()) {
      for (const std::string_view text : values.dictionary) {
        of_codes.push_back(hash_of(Value::of_text(text)));
      }
    }
    for (size_t row = 0; row < input.rows; ++row) {
      if (!values.has(row)) continue;
      const uint64_t hash = of_codes.empty() || values.constant ? hash_of(values.at(row))
                                                                : of_codes[values.codes[row]];
      groups_[input.groups.empty() ? 0 : input.groups[row]].add(hash);
    }
  }
  Value result(size_t group, TextArena&) const override {
    return Value::of_int(groups_[group].count());
  }
  uint64_t memory_bytes() const override {
    uint64_t out = groups_.capacity() * sizeof(Distinct);
    for (const Distinct& one : groups_) out += one.hashes.size() * 32 + one.registers.size();
    return out;
  }

 private:
  uint64_t hash_of(const Value& value) {
    text_.clear();
    semantics_.print(value, text_);
    return mixed(std::hash<std::string_view>()(text_));
  }
  const Semantics& semantics_;
  std::vector<Distinct> groups_;
  std::string text_;
};

// Sums and means; a sum is exact for integers below 2^53.
class OfSums final : public Accumulator {
 public:
  explicit OfSums(bool mean) : mean_(mean) {}
  void resize(size_t groups) override { groups_.resize(groups); }
  void add(const AggregateInput& input) override {
    // Neighbours are often of one group.
    Sum sum;
    uint32_t of = 0;
    const auto keep = [&] {
      groups_[of].count += sum.count;
      groups_[of].sum += sum.sum;
    };
    each_number(input, [&](uint32_t group, double number) {
      if (group != of) {
        keep();
        sum = {};
        of = group;
      }
      ++sum.count;
      sum.sum += number;
    });
    if (sum.count > 0) keep();
  }
  Value result(size_t group, TextArena&) const override {
    const Sum& of = groups_[group];
    if (of.count == 0) return {};
    return Value::of_float(mean_ ? of.sum / static_cast<double>(of.count) : of.sum);
  }
  uint64_t memory_bytes() const override { return groups_.capacity() * sizeof(Sum); }

 private:
  struct Sum {
    uint64_t count = 0;
    double sum = 0;
  };
  bool mean_;
  std::vector<Sum> groups_;
};

// Of the population (B. P. Welford, "Note on a Method for Calculating Corrected Sums of Squares and
// Products").
class Deviation final : public Accumulator {
 public:
  void resize(size_t groups) override { groups_.resize(groups); }
  void add(const AggregateInput& input) override {
    each_number(input, [&](uint32_t group, double number) {
      Moments& moments = groups_[group];
      moments.count += 1;
      const double distance = number - moments.mean;
      moments.mean += distance / moments.count;
      moments.squares += distance * (number - moments.mean);
    });
  }
  Value result(size_t group, TextArena&) const override {
    const Moments& of = groups_[group];
    return of.count == 0 ? Value() : Value::of_float(std::sqrt(of.squares / of.count));
  }
  uint64_t memory_bytes() const override { return groups_.capacity() * sizeof(Moments); }

 private:
  struct Moments {
    double count = 0;
    double mean = 0;
    double squares = 0;
  };
  std::vector<Moments> groups_;
};

// One value a group, its text copied.
struct Kept {
  Value value;
  std::string text;
  int64_t time_ms = 0;

  void set(const Value& next) {
    value = next;
    text = next.text;
    value.text = {};
  }
  Value get() const {
    Value out = value;
    out.text = text;
    return out;
  }
  uint64_t memory_bytes() const { return sizeof(Kept) + (text.size() > 15 ? text.capacity() : 0); }
};

class Extreme final : public Accumulator {
 public:
  Extreme(const Semantics& semantics, bool most) : semantics_(semantics), most_(most) {}
  void resize(size_t groups) override { groups_.resize(groups); }
  void add(const AggregateInput& input) override {
    const Vector& values = *input.arguments[0];
    for (size_t row = 0; row < input.rows; ++row) {
      const Value value = values.at(row);
      if (value.is_null()) continue;
      Kept& kept = groups_[input.groups.empty() ? 0 : input.groups[row]];
      if (!kept.value.is_null()) {
        const int order = semantics_.compare(value, kept.get());
        if (most_ ? order <= 0 : order >= 0) continue;
      }
      kept.set(value);
    }
  }
  Value result(size_t group, TextArena& arena) const override {
    Value out = groups_[group].get();
    out.text = arena.keep(out.text);
    return out;
  }
  uint64_t memory_bytes() const override {
    uint64_t out = 0;
    for (const Kept& one : groups_) out += one.memory_bytes();
    return out;
  }

 private:
  const Semantics& semantics_;
  bool most_;
  std::vector<Kept> groups_;
};

class AtTime final : public Accumulator {
 public:
  explicit AtTime(bool latest) : latest_(latest) {}
  void resize(size_t groups) override { groups_.resize(groups); }
  void add(const AggregateInput& input) override {
    const Vector& values = *input.arguments[0];
    for (size_t row = 0; row < input.rows; ++row) {
      const Value value = values.at(row);
      if (value.is_null()) continue;
      Kept& kept = groups_[input.groups.empty() ? 0 : input.groups[row]];
      // Rows that are no events come in their order.
      const int64_t time = input.times_ms.empty() ? order_++ : input.times_ms[row];
      const bool first = kept.value.is_null();
      if (!first && (latest_ ? time < kept.time_ms : time >= kept.time_ms)) continue;
      kept.set(value);
      kept.time_ms = time;
    }
  }
  Value result(size_t group, TextArena& arena) const override {
    Value out = groups_[group].get();
    out.text = arena.keep(out.text);
    return out;
  }
  uint64_t memory_bytes() const override {
    uint64_t out = 0;
    for (const Kept& one : groups_) out += one.memory_bytes();
    return out;
  }

 private:
  bool latest_;
  int64_t order_ = 0;
  std::vector<Kept> groups_;
};

// Values themselves, then logarithmic buckets (Masson, Rim, Lee: DDSketch, 2019).
struct Quantiles {
  // Two neighbours' middle is within 1 % of both.
  static constexpr double kGamma = 1.01 / 0.99;
  std::vector<double> values;
  std::map<int32_t, uint64_t> buckets;  // by sign and logarithm
  uint64_t zeros = 0;
  uint64_t count = 0;

  void add(double value) {
    ++count;
    if (buckets.empty() && zeros == 0) {
      values.push_back(value);
      if (values.size() <= kQuantileExact) return;
      for (const double one : values) note(one);
      values = {};
      return;
    }
    note(value);
  }
  void note(double value) {
    const double size = std::abs(value);
    if (!(size > 1e-300)) {
      ++zeros;
      return;
    }
    const auto index = static_cast<int32_t>(std::ceil(std::log(size) / std::log(kGamma)));
    ++buckets[value < 0 ? -(index + kShift) : index + kShift];
  }
  double at(double percent) const {
    const auto n = static_cast<double>(count);
    return at_rank(std::clamp(std::ceil(percent / 100 * n), 1.0, n));
  }
  // The middle one, or the mean of the two in the middle.
  double median() const {
    const auto half = static_cast<double>(count / 2);
    return count % 2 == 1 ? at_rank(half + 1) : (at_rank(half) + at_rank(half + 1)) / 2;
  }
  double at_rank(double rank) const {
    if (!values.empty()) {
      std::vector<double> sorted = values;
      const auto nth = sorted.begin() + static_cast<ptrdiff_t>(rank) - 1;
      std::nth_element(sorted.begin(), nth, sorted.end());
      return *nth;
    }
    double seen = 0;
    bool zeros_seen = false;
    for (const auto& [key, many] : buckets) {
      if (key > 0 && !zeros_seen) {
        zeros_seen = true;
        seen += static_cast<double>(zeros);
        if (seen >= rank) return 0;
      }
      seen += static_cast<double>(many);
      if (seen >= rank) return middle(key);
    }
    return 0;
  }
  static double middle(int32_t key) {
    const int32_t index = std::abs(key) - kShift;
    const double size = 2 * std::pow(kGamma, index) / (kGamma + 1);
    return key < 0 ? -size : size;
  }
  // Above any index of a double, so that signs stay apart.
  static constexpr int32_t kShift = 1 << 20;
};

class Percentile final : public Accumulator {
 public:
  // Nothing: the median.
  explicit Percentile(std::optional<double> percent) : percent_(percent) {}
  void resize(size_t groups) override { groups_.resize(groups); }
  void add(const AggregateInput& input) override {
    each_number(input, [&](uint32_t group, double number) { groups_[group].add(number); });
  }
  Value result(size_t group, TextArena&) const override {
    if (groups_[group].count == 0) return {};
    const Quantiles& values = groups_[group];
    return Value::of_float(percent_ ? values.at(*percent_) : values.median());
  }
  uint64_t memory_bytes() const override {
    uint64_t out = groups_.capacity() * sizeof(Quantiles);
    for (const Quantiles& one : groups_) {
      out += one.values.capacity() * sizeof(double) + one.buckets.size() * 48;
    }
    return out;
  }

 private:
  std::optional<double> percent_;
  std::vector<Quantiles> groups_;
};

}  // namespace

std::unique_ptr<Accumulator> make_count(Parameters, const Semantics&) {
  return std::make_unique<Count>();
}
std::unique_ptr<Accumulator> make_count_distinct(Parameters, const Semantics& semantics) {
  return std::make_unique<CountDistinct>(semantics);
}
std::unique_ptr<Accumulator> make_sum(Parameters, const Semantics&) {
  return std::make_unique<OfSums>(false);
}
std::unique_ptr<Accumulator> make_average(Parameters, const Semantics&) {
  return std::make_unique<OfSums>(true);
}
std::unique_ptr<Accumulator> make_deviation(Parameters, const Semantics&) {
  return std::make_unique<Deviation>();
}
std::unique_ptr<Accumulator> make_least(Parameters, const Semantics& semantics) {
  return std::make_unique<Extreme>(semantics, false);
}
std::unique_ptr<Accumulator> make_most(Parameters, const Semantics& semantics) {
  return std::make_unique<Extreme>(semantics, true);
}
std::unique_ptr<Accumulator> make_percentile(Parameters parameters, const Semantics& semantics) {
  return std::make_unique<Percentile>(semantics.number(parameters[0]).value_or(50));
}
std::unique_ptr<Accumulator> make_median(Parameters, const Semantics&) {
  return std::make_unique<Percentile>(std::nullopt);
}
std::unique_ptr<Accumulator> make_earliest(Parameters, const Semantics&) {
  return std::make_unique<AtTime>(false);
}
std::unique_ptr<Accumulator> make_latest(Parameters, const Semantics&) {
  return std::make_unique<AtTime>(true);
}

}  // namespace kansoku::query::rows
