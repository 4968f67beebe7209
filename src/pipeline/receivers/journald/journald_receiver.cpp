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

}  // namespace

JournaldReceiver::JournaldReceiver(ComponentContext context, JournaldConfig config,
                                   std::unique_ptr<Journals> journals, EventSink& sink)
    : PollingReceiver(std::move(context),
                      {.save_interval_ms = config.save_interval_ms,
                       .retry_min_ms = config.retry_min_ms,
                       .retry_max_ms = config.retry_max_ms},
                      sink),
      config_(std::move(config)),
      journals_(std::move(journals)),
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
    source->slot = sources.size();
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
  out->slots_.resize(out->sources_.size());
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

JournaldStats JournaldReceiver::stats() const {
  std::lock_guard lock(stats_mutex_);
  return stats_;
}

void JournaldReceiver::publish() {
  std::lock_guard lock(stats_mutex_);
  stats_ = {work_stats_, entries_read_, entries_gone_};
}

void JournaldReceiver::last_work() {
  if (dirty_) save();
}

bool JournaldReceiver::work() {
  bool more = false;
  for (auto& source : sources_) more = step(*source) || more;
  return more;
}

// True when there is more to read at once.
bool JournaldReceiver::step(Source& source) {
  if (slots_[source.slot].state != SlotState::Idle || source.read_at > now()) return false;
  if (source.reader == nullptr) {
    if (Status opened = open(source); !opened) {
      fail_source(source, opened.error());
      return false;
    }
    if (slots_[source.slot].state != SlotState::Idle) return false;
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
  source.backoff_ms = std::clamp(source.backoff_ms * 2, config_.retry_min_ms, config_.retry_max_ms);
  source.read_at = {now().ns + source.backoff_ms * env::kNsPerMs};
}

Status JournaldReceiver::open(Source& source) {
  KANSOKU_TRY(source.reader, journals_->open(source.match));
  begin_batch(source);
  if (source.state->open) return remake(source);
  const std::string& cursor = source.state->cursor;
  return cursor.empty() ? source.reader->seek_head() : source.reader->seek_after(cursor);
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
  if (source.intent.entries < saved.entries) entries_gone_ += saved.entries - source.intent.entries;
  source.intent = saved;
  KANSOKU_RETURN_IF_ERROR(source.reader->seek_after(saved.end));
  auto batch = source.builder.finish();
  if (batch->row_count() == 0) {
    settle(source);
    return {};
  }
  ++work_stats_.resent;
  send(source, std::move(batch));
  return {};
}

void JournaldReceiver::begin_batch(Source& source) {
  source.builder = {};
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
  const auto wait = [&](int64_t ms) { source.read_at = {now().ns + ms * env::kNsPerMs}; };
  if (source.intent.end.empty()) {
    KANSOKU_TRY(const bool there, source.reader->refresh());
    if (!there) {
      // Folders that did not exist are not watched.
      source.reader.reset();
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
  finish_batch(source, full);
  return full;
}

Status JournaldReceiver::take_entry(Source& source) {
  KANSOKU_TRY(const JournalEntry entry, source.reader->entry());
  KANSOKU_TRY(source.intent.end, source.reader->cursor());
  source.intent.end_us = std::max(source.intent.end_us, entry.realtime_us);
  ++source.intent.entries;
  ++entries_read_;
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
void JournaldReceiver::finish_batch(Source& source, bool full) {
  auto batch = source.builder.finish();
  if (batch->row_count() == 0) {
    // Nothing of it is sent, so that it needs no number.
    settle(source);
    return;
  }
  source.intent.producer = file_.state.producer;
  source.intent.sequence = ++source.state->sequence;
  source.state->open = source.intent;
  send(source, std::move(batch));
  if (full || config_.batch_wait_ms <= config_.poll_interval_ms) return;
  source.read_at = {now().ns + config_.batch_wait_ms * env::kNsPerMs};
}

void JournaldReceiver::send(Source& source, std::shared_ptr<const signal::EventBatch> batch) {
  prepare(source.slot, std::move(batch),
          {fmt::format("{}/{}", source.intent.producer, source.config.name), 1,
           source.intent.sequence});
}

Status JournaldReceiver::save_state() {
  KANSOKU_RETURN_IF_ERROR(file_.save());
  dirty_ = false;
  return {};
}

void JournaldReceiver::settled(size_t slot, const Verdict&) { settle(*sources_[slot]); }

// Everything up to the end of the batch has found its way.
void JournaldReceiver::settle(Source& source) {
  source.state->cursor = source.intent.end;
  source.state->open.reset();
  dirty_ = true;
  count(source.passed);
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

env::MonotonicTime JournaldReceiver::next_work() const {
  env::MonotonicTime next{now().ns + config_.poll_interval_ms * env::kNsPerMs};
  for (const auto& source : sources_) {
    if (slots_[source->slot].state == SlotState::Idle) next = std::min(next, source->read_at);
  }
  return next;
}

}  // namespace kansoku::pipeline::journald
