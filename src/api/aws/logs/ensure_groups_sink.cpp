#include "api/aws/logs/ensure_groups_sink.h"

#include <atomic>
#include <set>

#include "base/check.h"

namespace kansoku::api::aws::logs {
namespace {

constexpr size_t kNameBytesMax = 512;
// Of batches that wait for groups and streams to be made.
constexpr size_t kWaitingBytesMax = 64U << 20;

bool is_group_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '/' || c == '#' || c == '-';
}
bool is_stream_byte(char c) {
  return c != ':' && c != '*' && static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
}

// Cut where a character begins.
std::string_view cut_name(std::string_view name) {
  if (name.size() <= kNameBytesMax) return name;
  size_t end = kNameBytesMax;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xc0U) == 0x80) --end;
  return name.substr(0, end);
}

template <class Allowed>
std::string valid_name(std::string_view name, Allowed allowed) {
  std::string out(cut_name(name));
  for (char& c : out) {
    if (!allowed(c)) c = '_';
  }
  if (out.empty()) out = "_";
  return out;
}

std::vector<signal::EventStream> valid_streams(const signal::EventBatch& batch) {
  std::vector<signal::EventStream> out = batch.streams();
  for (signal::EventStream& stream : out) {
    stream.group = valid_group_name(stream.group);
    stream.stream = valid_stream_name(stream.stream);
  }
  return out;
}

enum class Fault : uint8_t { None, GroupLimit, StreamLimit };

}  // namespace

std::string valid_group_name(std::string_view name) { return valid_name(name, is_group_byte); }
std::string valid_stream_name(std::string_view name) { return valid_name(name, is_stream_byte); }

// A batch whose groups and streams are being made.
struct EnsureGroupsSink::Round {
  signal::EventDelivery delivery;
  std::vector<signal::EventStream> streams;
  std::vector<Fault> faults;  // by stream
  std::atomic<size_t> open{1};
  std::mutex outcome_mutex;  // guards the two below
  std::set<std::string> groups_refused;
  std::optional<Error> error;

  void note(const Error& e) {
    std::lock_guard lock(outcome_mutex);
    if (!error) error = e;
  }
};

bool EnsureGroupsSink::complete(const signal::Scope& scope,
                                std::vector<signal::EventStream>& streams) const {
  bool all = true;
  for (signal::EventStream& stream : streams) {
    stream.generation = groups_.policy_of(scope, stream.group).generation;
    all = all && stream.generation != 0 &&
          groups_.find_stream(scope, stream.group, stream.stream).has_value();
  }
  return all;
}

void EnsureGroupsSink::push(signal::EventDelivery delivery) {
  std::vector<signal::EventStream> streams = valid_streams(*delivery.batch);
  if (complete(delivery.scope, streams)) {
    pass_on(std::move(delivery), std::move(streams));
    return;
  }
  const size_t bytes = delivery.batch->memory_bytes();
  bool wait = false;
  bool full = false;
  {
    std::lock_guard lock(waiting_mutex_);
    wait = making_;
    full = wait && waiting_bytes_ + bytes > kWaitingBytesMax;
    if (wait && !full) {
      waiting_bytes_ += bytes;
      waiting_.push_back(std::move(delivery));
    }
    making_ = true;
  }
  if (full) {
    const uint64_t rows = delivery.token.rows();
    delivery.token.resolve(signal::Verdict::dropped(
        rows, "overload",
        Error{ErrorCode::Unavailable, "too many batches wait for log streams to be made", {}}));
    return;
  }
  if (!wait) begin(std::move(delivery), std::move(streams));
}

void EnsureGroupsSink::begin(signal::EventDelivery delivery,
                             std::vector<signal::EventStream> streams) {
  auto round = std::make_shared<Round>();
  round->delivery = std::move(delivery);
  round->streams = std::move(streams);
  round->faults.resize(round->streams.size(), Fault::None);
  make_groups(round);
}

void EnsureGroupsSink::make_groups(const RoundPtr& round) {
  std::set<std::string> missing;
  for (const signal::EventStream& stream : round->streams) {
    if (groups_.policy_of(round->delivery.scope, stream.group).generation == 0)
      missing.insert(stream.group);
  }
  round->open = missing.size() + 1;
  // The last answer goes on, on the pool: answers come from the catalog's writer.
  const auto one_done = [this, round] {
    if (round->open.fetch_sub(1) == 1)
      executor_.post(Lane::Ingest, [this, round] { make_streams(round); });
  };
  for (const std::string& name : missing) {
    groups_.create(round->delivery.scope, {.name = name}, [round, name, one_done](Status made) {
      if (!made && made.error().code == ErrorCode::ResourceExhausted) {
        std::lock_guard lock(round->outcome_mutex);
        round->groups_refused.insert(name);
      } else if (!made && made.error().code != ErrorCode::AlreadyExists) {
        round->note(made.error());
      }
      one_done();
    });
  }
  one_done();
}

void EnsureGroupsSink::make_streams(const RoundPtr& round) {
  std::vector<size_t> missing;
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (size_t i = 0; i < round->streams.size() && !round->error; ++i) {
    const signal::EventStream& stream = round->streams[i];
    if (round->groups_refused.contains(stream.group)) {
      round->faults[i] = Fault::GroupLimit;
    } else if (!groups_.find_stream(round->delivery.scope, stream.group, stream.stream) &&
               seen.emplace(stream.group, stream.stream).second) {
      missing.push_back(i);
    }
  }
  round->open = missing.size() + 1;
  const auto one_done = [this, round] {
    if (round->open.fetch_sub(1) == 1)
      executor_.post(Lane::Ingest, [this, round] { finish(round); });
  };
  for (const size_t i : missing) {
    const signal::EventStream& stream = round->streams[i];
    groups_.create_stream(round->delivery.scope, stream.group, stream.stream,
                          [round, i, one_done](Status made) {
                            if (!made && made.error().code == ErrorCode::ResourceExhausted) {
                              round->faults[i] = Fault::StreamLimit;  // nobody else writes this one
                            } else if (!made && made.error().code != ErrorCode::AlreadyExists) {
                              round->note(made.error());
                            }
                            one_done();
                          });
  }
  one_done();
}

void EnsureGroupsSink::finish(const RoundPtr& round) {
  complete(round->delivery.scope, round->streams);
  for (size_t i = 0; i < round->streams.size(); ++i) {
    // Without its group a row would be taken and never shown.
    if (round->streams[i].generation == 0 && round->faults[i] == Fault::None && !round->error) {
      round->error =
          unavailable("log group {} was deleted", quoted(round->streams[i].group)).error();
    }
  }
  if (round->error) {
    Error error = std::move(*round->error);
    error.code = ErrorCode::Unavailable;
    const uint64_t rows = round->delivery.token.rows();
    round->delivery.token.resolve(signal::Verdict::dropped(rows, "catalog", std::move(error)));
  } else if (std::ranges::all_of(round->faults, [](Fault f) { return f == Fault::None; })) {
    pass_on(std::move(round->delivery), std::move(round->streams));
  } else {
    pass_on_some(round);
  }
  go_on();
}

// Takes the next batch that waits, in a step of its own.
void EnsureGroupsSink::go_on() {
  executor_.post(Lane::Ingest, [this] {
    signal::EventDelivery next;
    {
      std::lock_guard lock(waiting_mutex_);
      if (waiting_.empty()) {
        making_ = false;
        return;
      }
      next = std::move(waiting_.front());
      waiting_.pop_front();
      waiting_bytes_ -= next.batch->memory_bytes();
    }
    std::vector<signal::EventStream> streams = valid_streams(*next.batch);
    if (!complete(next.scope, streams)) return begin(std::move(next), std::move(streams));
    pass_on(std::move(next), std::move(streams));
    go_on();
  });
}

void EnsureGroupsSink::pass_on(signal::EventDelivery delivery,
                               std::vector<signal::EventStream> streams) {
  const auto same = [](const signal::EventStream& a, const signal::EventStream& b) {
    return a.group == b.group && a.stream == b.stream && a.generation == b.generation;
  };
  if (!std::ranges::equal(streams, delivery.batch->streams(), same)) {
    delivery.batch = signal::EventBatchBuilder::with_streams(*delivery.batch, std::move(streams));
  }
  next_.push(std::move(delivery));
}

// Without the rows whose stream could not be made; the verdict says both.
void EnsureGroupsSink::pass_on_some(const RoundPtr& round) {
  // A stream may stand twice in a table; only the first was tried.
  std::map<std::pair<std::string_view, std::string_view>, Fault> by_name;
  for (size_t i = 0; i < round->streams.size(); ++i) {
    Fault& fault = by_name[{round->streams[i].group, round->streams[i].stream}];
    fault = std::max(fault, round->faults[i]);
  }
  signal::EventDelivery& delivery = round->delivery;
  std::vector<uint8_t> keep;
  uint64_t over_groups = 0;
  uint64_t over_streams = 0;
  for (const uint32_t row : delivery.batch->stream_rows()) {
    const Fault fault = by_name[{round->streams[row].group, round->streams[row].stream}];
    over_groups += fault == Fault::GroupLimit ? 1 : 0;
    over_streams += fault == Fault::StreamLimit ? 1 : 0;
    keep.push_back(fault == Fault::None ? 1 : 0);
  }
  signal::Verdict refused;
  refused.status =
      failed_precondition("{} events belong to log groups or streams over the limits of an account",
                          over_groups + over_streams);
  const std::string& why = refused.status.error().message;
  if (over_groups > 0)
    refused.counts.push_back({signal::Outcome::Rejected, "group_limit", over_groups, why});
  if (over_streams > 0)
    refused.counts.push_back({signal::Outcome::Rejected, "stream_limit", over_streams, why});
  auto kept = signal::EventBatchBuilder::with_rows(*delivery.batch, keep);
  if (kept == nullptr) return delivery.token.resolve(std::move(refused));
  const uint64_t rows = kept->row_count();
  const env::MonotonicTime deadline = delivery.token.deadline();
  signal::AckToken token(
      rows, nullptr, Lane::Ingest,
      [whole = std::move(delivery.token),
       refused = std::move(refused)](signal::Verdict verdict) mutable {
        std::ranges::move(refused.counts, std::back_inserter(verdict.counts));
        if (verdict.status) verdict.status = std::move(refused.status);
        whole.resolve(std::move(verdict));
      },
      deadline);
  delivery.batch = std::move(kept);
  delivery.token = std::move(token);
  pass_on(std::move(delivery), std::move(round->streams));
}

}  // namespace kansoku::api::aws::logs
