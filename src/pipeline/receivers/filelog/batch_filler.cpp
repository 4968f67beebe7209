#include "pipeline/receivers/filelog/batch_filler.h"

#include "base/check.h"

namespace kansoku::pipeline::filelog {
namespace {

constexpr size_t kLargeBlockBytes = 64 << 10;
constexpr const char* kTooLong = "event_too_long";
constexpr const char* kHole = "hole";
constexpr const char* kByteOrderMark = "byte_order_mark";
constexpr const char* kEmpty = "empty";

void add_rule(BatchRange& range, uint64_t begin, uint64_t end, bool dropped,
              std::string_view rule) {
  (dropped ? range.dropped : range.filtered) += end - begin;
  if (!range.rules.empty()) {
    RuleStretch& last = range.rules.back();
    if (last.end == begin && last.rule == rule) {
      last.end = end;
      return;
    }
  }
  // Beyond what the ledger remembers anyway, counts are enough.
  if (range.rules.size() < ByteLedger::kPastMax) {
    range.rules.push_back({begin, end, dropped, std::string(rule)});
  }
}

std::string_view byte_order_mark(Charset charset) {
  switch (charset) {
    case Charset::Utf8:
      return "\xef\xbb\xbf";
    case Charset::Utf16Le:
      return "\xff\xfe";
    case Charset::Utf16Be:
      return "\xfe\xff";
    case Charset::Latin1:
    case Charset::Windows1252:
      return {};
  }
  return {};
}

}  // namespace

void BatchFiller::begin(env::WallTime now) {
  now_ = now;
  bytes_ = 0;
  ranges_.clear();
  streams_.clear();
  stream_file_ = 0;
  message_ = builder_.text_column(signal::kMessagePath);
}

FilledBatch BatchFiller::finish() {
  FilledBatch out;
  out.events = builder_.finish();
  out.ranges = std::move(ranges_);
  ranges_.clear();
  return out;
}

uint32_t BatchFiller::stream_of(const Tail& tail) {
  if (tail.id == stream_file_) return stream_row_;
  stream_file_ = tail.id;
  auto known = streams_.find(tail.id);
  if (known != streams_.end()) return stream_row_ = known->second;
  std::vector<signal::LabelView> labels{{"log.file.name", file_name_of(tail.path)},
                                        {"log.file.path", tail.path}};
  for (const auto& [name, value] : tail.source->config().resource) labels.push_back({name, value});
  signal::EventStream stream{tail.source->group_of(tail.path), tail.source->stream_of(tail.path)};
  // A configuration that names an attribute twice has none of them.
  if (auto attributes = signal::Labels::from(std::move(labels))) {
    stream.resource = builder_.add_resource(std::move(*attributes));
  }
  stream_row_ = builder_.add_stream(std::move(stream));
  streams_[tail.id] = stream_row_;
  return stream_row_;
}

BatchRange& BatchFiller::range_of(const Tail& tail) {
  for (auto range = ranges_.rbegin(); range != ranges_.rend(); ++range) {
    if (range->range.file == tail.id && range->range.end == tail.position) return *range;
  }
  BatchRange& range = ranges_.emplace_back();
  range.range.file = tail.id;
  range.range.begin = range.range.end = tail.position;
  range.range.before = range.range.after = tail.cut;
  return range;
}

// Zero bytes that a truncation left (a writer that does not append goes on at its old place), and
// the mark before the first character. Nothing of them is text.
size_t BatchFiller::skip_start(const Tail& tail, std::string_view bytes, bool final,
                               CutState& state, BatchRange& range) {
  size_t unit = charset_unit_bytes(tail.source->config().charset);
  size_t zeros = std::min(bytes.find_first_not_of('\0'), bytes.size()) / unit * unit;
  // A character of UTF-16 may begin with one.
  if (zeros > 0 && (unit == 1 || zeros >= 4 || zeros == bytes.size())) {
    if (zeros < bytes.size()) state = CutState::Fresh;
    add_rule(range, tail.position, tail.position + zeros, true, kHole);
    return zeros;
  }
  std::string_view mark = byte_order_mark(tail.source->config().charset);
  if (tail.position == 0 && !mark.empty()) {
    if (!final && bytes.size() < mark.size() && mark.starts_with(bytes)) return bytes.size() + 1;
    if (bytes.starts_with(mark)) {
      state = CutState::Fresh;
      add_rule(range, 0, mark.size(), true, kByteOrderMark);
      return mark.size();
    }
  }
  state = CutState::Fresh;
  return 0;
}

bool BatchFiller::add(Tail& tail, const Block& block, bool final) {
  BatchRange& range = range_of(tail);
  CutState state = tail.cut;
  size_t skipped = 0;
  bool whole = true;
  if (state == CutState::Start) skipped = skip_start(tail, block.bytes, final, state, range);
  if (skipped > block.bytes.size()) {  // the begin of a mark; wait
    tail.pending = block.bytes;
    if (range.range.begin == range.range.end) ranges_.pop_back();
    return true;
  }
  std::string_view bytes = block.bytes.substr(skipped);
  spans_.clear();
  size_t covered = 0;
  CutState before = state;
  if (state != CutState::Start) {
    covered = tail.source->cutter().cut(bytes, final, state, spans_);
  }
  size_t room = kBatchRowsMax - std::min(kBatchRowsMax, builder_.row_count());
  if (spans_.size() > room) {
    whole = false;
    std::string_view fewer = bytes.substr(0, room == 0 ? 0 : spans_[room - 1].end);
    spans_.clear();
    state = before;
    covered = tail.source->cutter().cut(fewer, false, state, spans_);
  }
  size_t total = skipped + covered;
  add_spans(tail, bytes, tail.position + skipped, range);
  std::string_view buffer(block.bytes.data() - block.history_bytes, block.history_bytes + total);
  tail.position += total;
  tail.cut = state;
  if (total > 0) add_checkpoint(tail.checkpoints, {tail.position - total, tail.history});
  tail.history = history_of(buffer);
  tail.pending = block.bytes.substr(total);
  range.range.end = tail.position;
  range.range.after = state;
  range.range.history = tail.history;
  if (range.range.begin == range.range.end) {
    std::erase_if(ranges_, [](const BatchRange& r) { return r.range.begin == r.range.end; });
  }
  return whole;
}

void BatchFiller::add_pending(Tail& tail) {
  std::string bytes = std::move(tail.pending);
  tail.pending.clear();
  add(tail, {ReadOutcome::Bytes, 0, bytes, false}, true);
}

void BatchFiller::add_again(const RangeRecord& record, const Tail* original, Tail* holder) {
  BatchRange range;
  range.range = record;
  range.known = original != nullptr;
  uint64_t size = record.end - record.begin;
  std::string bytes;
  if (holder != nullptr) bytes = read_bytes(*holder->file, record.begin, size);
  range.truncated_unread = size - bytes.size();
  if (original != nullptr && !bytes.empty()) {
    Tail again;
    again.id = record.file;
    again.source = original->source;
    again.path = original->path;
    again.position = record.begin;
    CutState state = record.before;
    size_t skipped = 0;
    if (state == CutState::Start) skipped = skip_start(again, bytes, true, state, range);
    spans_.clear();
    std::string_view rest = std::string_view(bytes).substr(skipped);
    if (state != CutState::Start) again.source->cutter().cut(rest, true, state, spans_);
    add_spans(again, rest, record.begin + skipped, range);
  }
  ranges_.push_back(std::move(range));
}

void BatchFiller::add_spans(Tail& tail, std::string_view bytes, uint64_t at, BatchRange& range) {
  // A block of a large file will be followed by others; the few lines of a quiet one take what they
  // need.
  if (bytes.size() >= kLargeBlockBytes) {
    builder_.reserve(builder_.row_count() + 2 * spans_.size(), message_,
                     batch_bytes_ + bytes.size());
  }
  for (const EventSpan& span : spans_) {
    uint64_t begin = at + span.begin;
    uint64_t end = at + span.end;
    if (span.kind == SpanKind::Discarded) {
      add_rule(range, begin, end, true, kTooLong);
    } else if (span.kind == SpanKind::LineEnd) {
      range.sent += end - begin;
    } else {
      add_event(tail, bytes.substr(span.begin, span.text_end - span.begin), span, at, range);
    }
  }
}

std::string_view BatchFiller::text_of(const Source& source, std::string_view text,
                                      const EventSpan& span) {
  const SourceConfig& config = source.config();
  bool suffix = span.kind == SpanKind::Truncated && !config.truncated_suffix.empty();
  bool returns = span.several_lines && text.find('\r') != std::string_view::npos;
  if (config.charset == Charset::Utf8 && !suffix && !returns) return text;
  scratch_.clear();
  append_utf8(config.charset, text, scratch_);
  if (span.several_lines) {
    for (size_t at = scratch_.find("\r\n"); at != std::string::npos;
         at = scratch_.find("\r\n", at)) {
      scratch_.erase(at, 1);
    }
  }
  if (suffix) scratch_ += config.truncated_suffix;
  return scratch_;
}

// Of the text, else of the event before it, else now. May take the time out of the text.
int64_t BatchFiller::time_of(Tail& tail, std::string_view& text) {
  const TimeFormat* format = tail.source->time_format();
  if (format == nullptr) return now_.ns;
  auto found = format->find(text, tail.source->config().zone, now_.ns);
  if (!found) return tail.last_event_ns != 0 ? tail.last_event_ns : now_.ns;
  tail.last_event_ns = found->unix_ns;
  if (tail.source->config().trim_timestamp) {
    std::string_view rest = text.substr(found->end);
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
    trimmed_.assign(text.substr(0, found->begin));
    trimmed_ += rest;
    text = trimmed_;
  }
  return found->unix_ns;
}

void BatchFiller::add_event(Tail& tail, std::string_view text, const EventSpan& span, uint64_t at,
                            BatchRange& range) {
  text = text_of(*tail.source, text, span);
  if (text.empty() && tail.source->config().skip_empty) {
    add_rule(range, at + span.begin, at + span.end, false, kEmpty);
    return;
  }
  if (const std::string* rule = tail.source->refused_by(text)) {
    add_rule(range, at + span.begin, at + span.end, false, *rule);
    return;
  }
  int64_t time_ns = time_of(tail, text);
  builder_.add_text_row(stream_of(tail), time_ns, message_, text);
  range.sent += span.end - span.begin;
  bytes_ += text.size() + 1;
}

}  // namespace kansoku::pipeline::filelog
