#include "pipeline/receivers/journald/journald_receiver.h"

#include <set>

#include "base/log.h"
#include "wire/json/json_writer.h"

namespace kansoku::pipeline::journald {
namespace {

using signal::Outcome;
using signal::Verdict;

// Entries of one step on the pool: about 10 us each.
constexpr size_t kStepEntries = 256;
constexpr size_t kBatchRowsMax = 10'000;  // what a PutLogEvents request takes
// Longer values of fields, and those that are no text, are left out.
constexpr size_t kFieldBytesMax = 4'096;

// Errors that the same batch would meet again for ever; anything else is tried again.
bool is_final(ErrorCode code) {
  return code == ErrorCode::InvalidArgument || code == ErrorCode::OutOfRange ||
         code == ErrorCode::AlreadyExists || code == ErrorCode::FailedPrecondition ||
         code == ErrorCode::Unimplemented;
}

}  // namespace

JournaldReceiver::JournaldReceiver(ComponentContext context, JournaldConfig config,
                                   std::unique_ptr<Journals> journals, EventSink& sink)
    : context_(std::move(context)),
      config_(std::move(config)),
      journals_(std::move(journals)),
      sink_(sink),
      file_(context_.env, config_.state_path) {}

Result<std::shared_ptr<JournaldReceiver>> JournaldReceiver::make(ComponentContext context,
                                                                 JournaldConfig config,
                                                                 std::unique_ptr<Journals> journals,
                                                                 EventSink& sink) {
  if (config.state_path.empty()) return invalid_argument("journald needs a file for its state");
  if (config.batch_bytes < 1) return invalid_argument("journald: sizes must be positive");
  std::vector<std::unique_ptr<Source>> sources;
  std::set<std::string> names;
  for (const SourceConfig& config_of : config.sources) {
    if (!names.insert(config_of.name).second)
      return invalid_argument("two sources are named {}", quoted(config_of.name));
    auto source = std::make_unique<Source>();
    source->config = config_of;
    source->match = filter_of(config_of);
    for (size_t i = 0; i < config_of.filters.size(); ++i) {
      const FilterRule& rule = config_of.filters[i];
      KANSOKU_TRY(Regex regex, Regex::compile_search(rule.pattern));
      std::string name = rule.name.empty() ? fmt::format("filter {}", i + 1) : rule.name;
      source->filters.push_back({std::move(name), rule.include, std::move(regex)});
    }
    sources.push_back(std::move(source));
  }
  std::shared_ptr<JournaldReceiver> out(
      new JournaldReceiver(std::move(context), std::move(config), std::move(journals), sink));
  out->sources_ = std::move(sources);
  return out;
}

Status JournaldReceiver::start() {
  KANSOKU_TRY(const bool whole, file_.load());
  work_stats_.state_was_damaged = !whole;
  if (!whole) {
    log_error("journald", "{} is damaged: what it does not remember is sent again or begins {}",
              config_.state_path, config_.from_beginning ? "at the journal's beginning" : "now");
  }
  for (auto& source : sources_) {
    const auto [known, fresh] = file_.state.sources.try_emplace(source->config.name);
    source->state = &known->second;
    if (fresh) KANSOKU_RETURN_IF_ERROR(begin_source(*source));
  }
  // Where reading began is the same after a crash.
  KANSOKU_RETURN_IF_ERROR(file_.save());
  wake();
  return {};
}

Status JournaldReceiver::begin_source(Source& source) {
  if (config_.from_beginning) return {};
  KANSOKU_TRY(auto reader, journals_->open(source.match));
  KANSOKU_TRY(source.state->cursor, reader->seek_end());
  return {};
}

void JournaldReceiver::stop(std::move_only_function<void()> done) {
  uint64_t timer = 0;
  {
    std::lock_guard lock(inbox_mutex_);
    stopping_ = true;
    stopped_ = std::move(done);
    timer = timer_;
  }
  context_.timers->cancel(timer);
  wake();
}

JournaldStats JournaldReceiver::stats() const {
  std::lock_guard lock(inbox_mutex_);
  return stats_;
}

void JournaldReceiver::wake() {
  {
    std::lock_guard lock(inbox_mutex_);
    wanted_ = true;
    if (running_) return;
    running_ = true;
  }
  context_.executor->post(Lane::Ingest, [self = shared_from_this()] { self->turn(); });
}

void JournaldReceiver::turn() {
  bool stopping = false;
  {
    std::lock_guard lock(inbox_mutex_);
    wanted_ = false;
    stopping = stopping_;
  }
  if (stopping) {
    take_answers();
    if (dirty_) save();
    std::move_only_function<void()> stopped;
    {
      std::lock_guard lock(inbox_mutex_);
      stopped = std::move(stopped_);
      stats_ = work_stats_;
      running_ = false;  // an answer that comes later is still saved
    }
    if (stopped) stopped();
    return;
  }
  const bool more = work();
  {
    std::lock_guard lock(inbox_mutex_);
    wanted_ = wanted_ || more;
    stats_ = work_stats_;
  }
  end_turn();
}

void JournaldReceiver::end_turn() {
  const int64_t delay_ns = next_delay_ns();
  std::lock_guard lock(inbox_mutex_);
  if (wanted_ || stopping_) {
    context_.executor->post(Lane::Ingest, [self = shared_from_this()] { self->turn(); });
    return;
  }
  running_ = false;
  context_.timers->cancel(timer_);
  timer_ = context_.timers->after(delay_ns, [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->wake();
  });
}

bool JournaldReceiver::work() {
  take_answers();
  bool more = false;
  for (size_t number = 0; number < sources_.size(); ++number) more = step(number) || more;
  push_prepared();
  const env::MonotonicTime now = context_.env.clock->monotonic_now();
  if (dirty_ && now >= save_at_ && now >= save_again_at_) save();
  return more;
}

// True when there is more to read at once.
bool JournaldReceiver::step(size_t number) {
  Source& source = *sources_[number];
  const env::MonotonicTime now = context_.env.clock->monotonic_now();
  if (source.stage == Stage::Waiting) {
    if (source.retry_at > now) return false;
    ++work_stats_.retries;
    push(number);
    return false;
  }
  if (source.stage != Stage::Closed && source.stage != Stage::Reading) return false;
  if (source.read_at > now) return false;
  if (source.stage == Stage::Closed) {
    if (Status opened = open(source); !opened) {
      fail_source(source, opened.error());
      return false;
    }
    if (source.stage != Stage::Reading) return false;
  }
  auto more = read(source);
  if (!more) {
    fail_source(source, more.error());
    return false;
  }
  return *more;
}

// What was read of a batch that is not sent yet is read again.
void JournaldReceiver::fail_source(Source& source, const Error& error) {
  work_stats_.last_error = error.to_string();
  source.reader.reset();
  source.stage = Stage::Closed;
  source.backoff_ms = std::clamp(source.backoff_ms * 2, config_.retry_min_ms, config_.retry_max_ms);
  source.read_at = {context_.env.clock->monotonic_now().ns + source.backoff_ms * env::kNsPerMs};
}

Status JournaldReceiver::open(Source& source) {
  KANSOKU_TRY(source.reader, journals_->open(source.match));
  begin_batch(source);
  if (source.state->open) return remake(source);
  const std::string& cursor = source.state->cursor;
  KANSOKU_RETURN_IF_ERROR(cursor.empty() ? source.reader->seek_head()
                                         : source.reader->seek_after(cursor));
  source.stage = Stage::Reading;
  return {};
}

Status JournaldReceiver::remake(Source& source) {
  const Intent saved = *source.state->open;
  KANSOKU_TRY(const bool whole, source.reader->holds(saved.end));
  const std::string& cursor = source.state->cursor;
  KANSOKU_RETURN_IF_ERROR(cursor.empty() ? source.reader->seek_head()
                                         : source.reader->seek_after(cursor));
  for (;;) {
    KANSOKU_TRY(const bool there, source.reader->next());
    if (!there) break;
    if (!whole) {
      // Its last entry was removed from the journal; of what is left, what is not later than that.
      KANSOKU_TRY(const JournalEntry entry, source.reader->entry());
      if (entry.realtime_us > saved.end_us) break;
    }
    KANSOKU_RETURN_IF_ERROR(take_entry(source));
    if (source.intent.end == saved.end) break;
  }
  if (source.intent.entries < saved.entries)
    work_stats_.entries_gone += saved.entries - source.intent.entries;
  source.intent = saved;
  KANSOKU_RETURN_IF_ERROR(source.reader->seek_after(saved.end));
  source.batch = source.builder.finish();
  if (source.batch->row_count() == 0) {
    settle(source);
    return {};
  }
  ++work_stats_.resent;
  source.stage = Stage::Prepared;
  return {};
}

void JournaldReceiver::begin_batch(Source& source) {
  source.builder = {};
  source.batch.reset();
  source.bytes = 0;
  source.intent = {};
  source.passed.clear();
  source.message_column = source.builder.text_column(signal::kMessagePath);
  signal::EventStream stream{source.config.group, source.config.stream};
  std::vector<signal::LabelView> labels;
  for (const auto& [name, value] : source.config.resource) labels.push_back({name, value});
  // A configuration that names an attribute twice has none of them.
  if (auto attributes = signal::Labels::from(std::move(labels)))
    stream.resource = source.builder.add_resource(std::move(*attributes));
  source.stream = source.builder.add_stream(std::move(stream));
}

// True when there is more at once.
Result<bool> JournaldReceiver::read(Source& source) {
  const auto wait = [&](int64_t ms) {
    source.read_at = {context_.env.clock->monotonic_now().ns + ms * env::kNsPerMs};
  };
  if (source.intent.end.empty()) {
    KANSOKU_TRY(const bool there, source.reader->refresh());
    if (!there) {
      // Folders that did not exist are not watched.
      source.reader.reset();
      source.stage = Stage::Closed;
      wait(config_.poll_interval_ms);
      return false;
    }
  }
  bool more = true;
  bool full = false;
  for (size_t i = 0; i < kStepEntries && more && !full; ++i) {
    KANSOKU_TRY(more, source.reader->next());
    if (more) KANSOKU_RETURN_IF_ERROR(take_entry(source));
    full = source.bytes >= static_cast<size_t>(config_.batch_bytes) ||
           source.builder.row_count() >= kBatchRowsMax;
  }
  source.backoff_ms = 0;
  if (more && !full) return true;
  if (!full) wait(config_.poll_interval_ms);
  if (source.intent.end.empty()) return false;
  prepare(source, full);
  return full;
}

Status JournaldReceiver::take_entry(Source& source) {
  KANSOKU_TRY(const JournalEntry entry, source.reader->entry());
  KANSOKU_TRY(source.intent.end, source.reader->cursor());
  source.intent.end_us = std::max(source.intent.end_us, entry.realtime_us);
  ++source.intent.entries;
  ++work_stats_.entries_read;
  if (!entry.has_message || entry.message.empty()) {
    ++source.passed[{Outcome::Filtered, "no_message"}];
  } else if (const std::string* rule = refused_by(source, entry.message)) {
    ++source.passed[{Outcome::Filtered, *rule}];
  } else {
    add_event(source, entry);
  }
  return {};
}

const std::string* JournaldReceiver::refused_by(const Source& source,
                                                const std::string& message) const {
  for (const Filter& filter : source.filters) {
    if (filter.regex.matches(message) != filter.include) return &filter.name;
  }
  return nullptr;
}

void JournaldReceiver::add_event(Source& source, const JournalEntry& entry) {
  constexpr int64_t kNsPerUs = 1'000;
  source.builder.add_text_row(source.stream, entry.realtime_us * kNsPerUs, source.message_column,
                              entry.message);
  source.bytes += entry.message.size();
  // A row has one value of a path; of fields that come twice the first counts.
  std::set<std::string_view> seen;
  std::string path;
  for (const auto& [field, value] : entry.fields) {
    if (value.empty() || value.size() > kFieldBytesMax || !wire::is_utf8(value)) continue;
    if (!seen.insert(field).second) continue;
    path.clear();
    signal::append_path_level(field, path);
    source.builder.set_text(path, value);
    source.bytes += value.size();
  }
}

// What was read becomes a batch with a number.
void JournaldReceiver::prepare(Source& source, bool full) {
  source.batch = source.builder.finish();
  if (source.batch->row_count() == 0) {
    // Nothing of it is sent, so that it needs no number.
    settle(source);
    return;
  }
  source.intent.producer = file_.state.producer;
  source.intent.sequence = ++source.state->sequence;
  source.state->open = source.intent;
  source.stage = Stage::Prepared;
  if (full || config_.batch_wait_ms <= config_.poll_interval_ms) return;
  source.read_at = {context_.env.clock->monotonic_now().ns + config_.batch_wait_ms * env::kNsPerMs};
}

bool JournaldReceiver::save() {
  const env::MonotonicTime now = context_.env.clock->monotonic_now();
  Status saved = file_.save();
  work_stats_.saving_fails = !saved;
  if (!saved) {
    ++work_stats_.save_failures;
    work_stats_.last_error = saved.error().to_string();
    save_again_at_ = {now.ns + config_.save_interval_ms * env::kNsPerMs};
    return false;
  }
  dirty_ = false;
  save_at_ = {now.ns + config_.save_interval_ms * env::kNsPerMs};
  return true;
}

// Nothing is sent before it is remembered that it is.
void JournaldReceiver::push_prepared() {
  const auto is_prepared = [](const auto& source) { return source->stage == Stage::Prepared; };
  if (std::ranges::none_of(sources_, is_prepared)) return;
  if (context_.env.clock->monotonic_now() < save_again_at_ || !save()) return;
  for (size_t number = 0; number < sources_.size(); ++number) {
    if (is_prepared(sources_[number])) push(number);
  }
}

void JournaldReceiver::push(size_t number) {
  Source& source = *sources_[number];
  source.stage = Stage::Flying;
  const uint64_t rows = source.batch->row_count();
  const uint64_t sequence = source.intent.sequence;
  ++work_stats_.batches_sent;
  work_stats_.rows_sent += rows;
  signal::AckToken token(rows, context_.executor, Lane::Ingest,
                         [weak = weak_from_this(), number, sequence](Verdict verdict) {
                           auto self = weak.lock();
                           if (!self) return;
                           {
                             std::lock_guard lock(self->inbox_mutex_);
                             self->inbox_.push_back({number, sequence, std::move(verdict)});
                           }
                           self->wake();
                         });
  signal::Producer producer{fmt::format("{}/{}", source.intent.producer, source.config.name), 1,
                            sequence};
  sink_.push({context_.local_scope, source.batch, std::move(producer), std::move(token)});
}

void JournaldReceiver::take_answers() {
  std::vector<Answer> answers;
  {
    std::lock_guard lock(inbox_mutex_);
    answers.swap(inbox_);
  }
  for (Answer& answer : answers) take_answer(std::move(answer));
}

void JournaldReceiver::take_answer(Answer answer) {
  Source& source = *sources_[answer.source];
  if (source.stage != Stage::Flying || source.intent.sequence != answer.sequence) return;
  const Status& status = answer.verdict.status;
  if (status || is_final(status.error().code)) {
    source.backoff_ms = 0;
    settle(source);
    return;
  }
  work_stats_.last_error = status.error().to_string();
  source.backoff_ms = std::clamp(source.backoff_ms * 2, config_.retry_min_ms, config_.retry_max_ms);
  // Up to a quarter less, so that many do not come back together.
  const auto spread = static_cast<int64_t>(context_.env.random->u64() %
                                           static_cast<uint64_t>(source.backoff_ms / 4 + 1));
  const env::MonotonicTime now = context_.env.clock->monotonic_now();
  source.retry_at = {now.ns + (source.backoff_ms - spread) * env::kNsPerMs};
  source.stage = Stage::Waiting;
}

// Everything up to the end of the batch has found its way.
void JournaldReceiver::settle(Source& source) {
  source.state->cursor = source.intent.end;
  source.state->open.reset();
  dirty_ = true;
  count(source.passed);
  source.stage = Stage::Reading;
  begin_batch(source);
}

void JournaldReceiver::count(const Passed& passed) {
  if (context_.ledger == nullptr) return;
  const signal::LedgerKey key{config_.name, context_.local_scope.account, config_.branch};
  for (const auto& [what, rows] : passed) {
    context_.ledger->received(key, rows);
    Verdict verdict;
    verdict.counts.push_back({what.first, what.second, rows, {}});
    context_.ledger->resolved(key, verdict);
  }
}

int64_t JournaldReceiver::next_delay_ns() const {
  const env::MonotonicTime now = context_.env.clock->monotonic_now();
  env::MonotonicTime next{now.ns + config_.poll_interval_ms * env::kNsPerMs};
  if (dirty_) next = std::min(next, std::max(save_at_, save_again_at_));
  for (const auto& source : sources_) {
    if (source->stage == Stage::Waiting) next = std::min(next, source->retry_at);
    if (source->stage == Stage::Prepared) next = std::min(next, save_again_at_);
    if (source->stage == Stage::Closed || source->stage == Stage::Reading)
      next = std::min(next, source->read_at);
  }
  // Never at once again: a turn that left something undone waits for a moment.
  return std::max<int64_t>(next.ns - now.ns, env::kNsPerMs);
}

}  // namespace kansoku::pipeline::journald
