#include "store/events/merge_job.h"

#include <algorithm>

#include "store/events/work_steps.h"

namespace kansoku::store::events {
namespace {

// Entries of tables that one step looks at.
constexpr size_t kStreamsPerStep = 4'096;

}  // namespace

Result<std::unique_ptr<MergeJob>> MergeJob::begin(env::FileSystem& files,
                                                  const std::string& directory,
                                                  std::vector<std::shared_ptr<const Part>> inputs,
                                                  PartMeta output, Lifetimes lifetimes,
                                                  MergeLimits limits) {
  std::unique_ptr<MergeJob> job(new MergeJob(files, directory, std::move(lifetimes), limits));
  std::vector<uint64_t> replaced;
  uint64_t rows = 0;
  for (const auto& part : inputs) rows += part->meta().rows;
  for (const auto& part : inputs) {
    Input input{.most = inputs.size() > 1 && part->meta().rows > rows / 2};
    KANSOKU_TRY(input.file, part->open_file());
    input.cursor = std::make_unique<StreamCursor>(*part, 0, part->streams());
    job->files_of_.push_back(std::move(input));
    auto& items = job->item_of_.emplace_back();
    for (uint32_t block = 0; block < part->blocks().size(); ++block) {
      items.push_back(static_cast<uint32_t>(job->items_.size()));
      job->items_.push_back(
          {.input = static_cast<uint32_t>(job->files_of_.size() - 1), .block = block});
    }
    replaced.push_back(part->meta().id);
    replaced.insert(replaced.end(), part->replaced().begin(), part->replaced().end());
  }
  job->inputs_ = std::move(inputs);
  KANSOKU_TRY(job->writer_,
              PartWriter::create(files, directory, std::move(output), std::move(replaced)));
  return job;
}

// Learns from the tables which streams a block begins with, and what becomes of it.
void MergeJob::note_stream(size_t input, const StreamCursor& cursor) {
  const signal::Scope& scope = inputs_[input]->meta().group.scope;
  const GroupPlace& group = cursor.group();
  const bool lives = lifetimes_.lives(scope, group.group, group.generation);
  const int64_t begin_ns = lifetimes_.begin_ns(scope, group.group);
  const uint64_t deleted = lifetimes_.deleted_until(scope, group.group, cursor.name());
  for (const BlockUse& use : cursor.uses()) {
    Item& item = items_[item_of_[input][use.block]];
    if (item.streams++ == 0) {
      item.first = {group.group, group.generation, cursor.name()};
      item.first_ns = use.min_ns;
    }
    if (!lives || use.min_sequence < deleted) item.cut = true;
    if (lives && use.max_sequence >= deleted && use.max_ns >= begin_ns) item.alive = true;
  }
}

// False when all tables are read.
Result<bool> MergeJob::read_table() {
  for (size_t n = 0; n < kStreamsPerStep && table_ < inputs_.size(); ++n) {
    KANSOKU_TRY(const bool more, files_of_[table_].cursor->next());
    if (more) {
      note_stream(table_, *files_of_[table_].cursor);
    } else {
      ++table_;
    }
  }
  if (table_ < inputs_.size()) return true;
  std::erase_if(items_, [](const Item& item) { return !item.alive; });
  std::ranges::sort(items_, [](const Item& a, const Item& b) {
    return std::tie(a.first, a.first_ns) < std::tie(b.first, b.first_ns);
  });
  item_of_ = {};
  sorted_ = true;
  return false;
}

bool MergeJob::copyable(const Item& item) const {
  const BlockPlace& place = inputs_[item.input]->blocks()[item.block];
  if (item.streams > limits_.copy_streams_max && !files_of_[item.input].most) return false;
  return (place.message_bytes >= limits_.copy_bytes_min || place.rows >= kBlockRowsMax / 2);
}

// What the table says of one block.
Result<std::vector<CopiedUse>> MergeJob::uses_of_block(const Item& item) {
  const BlockPlace& place = inputs_[item.input]->blocks()[item.block];
  StreamCursor& cursor = *files_of_[item.input].cursor;
  cursor.seek(place.first_stream, place.last_stream + 1);
  std::vector<CopiedUse> out;
  for (;;) {
    KANSOKU_TRY(const bool more, cursor.next());
    if (!more) return out;
    for (const BlockUse& use : cursor.uses()) {
      if (use.block != item.block) continue;
      out.push_back({{cursor.group().group, cursor.group().generation, cursor.name()}, use});
    }
  }
}

Result<std::string> MergeJob::read_block(const Item& item) {
  const Part& part = *inputs_[item.input];
  const BlockPlace& place = part.blocks()[item.block];
  return read_exactly(*files_of_[item.input].file, part.path(), place.offset, place.bytes);
}

Status MergeJob::copy_block(const Item& item) {
  KANSOKU_TRY(const std::string bytes, read_block(item));
  KANSOKU_TRY(const std::vector<CopiedUse> uses, uses_of_block(item));
  ++blocks_copied_;
  return writer_->copy(bytes, inputs_[item.input]->blocks()[item.block], uses);
}

// The rows of a block that are kept, as a block of their own.
Status MergeJob::rewrite_block(const Item& item, WorkPause& pause) {
  KANSOKU_TRY(Source source, decode(item, pause));
  BlockBuilder builder;
  const BlockRows& rows = source.rows;
  for (; source.at < rows.size(); ++source.at) {
    if (!source.gone.empty() && source.gone[source.at]) continue;
    builder.add(source.stream(), {0, static_cast<uint32_t>(source.at)},
                {rows.timestamps_ns[source.at], rows.sequences[source.at],
                 rows.batch_rows[source.at], rows.ingested_ns[source.at]},
                source.message_bytes[source.at]);
  }
  if (builder.empty()) return {};
  const std::array<std::span<const signal::EventColumn>, 1> columns{rows.columns};
  return writer_->add(builder.take(columns, &pause), &pause);
}

Result<MergeJob::Source> MergeJob::decode(const Item& item, WorkPause& pause) {
  KANSOKU_TRY(const std::string bytes, read_block(item));
  auto rows = decode_block(bytes, &pause);
  if (!rows || rows->size() != inputs_[item.input]->blocks()[item.block].rows) {
    inputs_[item.input]->note_damage(item.block);
    return fail(ErrorCode::DataLoss, fmt::format("block {} is damaged", item.block),
                inputs_[item.input]->path());
  }
  Source source;
  source.rows = std::move(*rows);
  source.message_bytes.resize(source.rows.size());
  for (const signal::EventColumn& column : source.rows.columns) {
    if (column.type != signal::ColumnType::Text || column.path != kMessagePath) continue;
    for (size_t i = 0; i < column.rows.size(); ++i) {
      source.message_bytes[column.rows[i]] = static_cast<uint32_t>(column.text_at(i).size());
    }
  }
  find_gone(source);
  return source;
}

Status MergeJob::open_block(const Item& item, WorkPause& pause) {
  KANSOKU_TRY(Source source, decode(item, pause));
  source.number = first_source_ + static_cast<uint32_t>(sources_.size());
  sources_.push_back(std::move(source));
  Source& opened = sources_.back();
  while (opened.at < opened.rows.size() && !opened.gone.empty() && opened.gone[opened.at]) {
    ++opened.at;
  }
  if (opened.at < opened.rows.size()) order_.push(&opened);
  return {};
}

void MergeJob::find_gone(Source& source) {
  const signal::Scope& scope = inputs_.front()->meta().group.scope;
  const BlockRows& rows = source.rows;
  struct Bounds {
    int64_t begin_ns = 0;
    uint64_t deleted = 0;
    bool lives = false;
  };
  std::vector<Bounds> bounds;
  bool any = false;
  for (const StreamKey& key : rows.streams) {
    bounds.push_back({lifetimes_.begin_ns(scope, key.group),
                      lifetimes_.deleted_until(scope, key.group, key.stream),
                      lifetimes_.lives(scope, key.group, key.generation)});
    any = any || !bounds.back().lives || bounds.back().deleted > 0 ||
          bounds.back().begin_ns > std::numeric_limits<int64_t>::min();
  }
  if (!any) return;
  source.gone.resize(rows.size());
  for (size_t row = 0; row < rows.size(); ++row) {
    const Bounds& of = bounds[rows.stream_rows[row]];
    source.gone[row] = static_cast<uint8_t>(!of.lives || rows.sequences[row] < of.deleted ||
                                            rows.timestamps_ns[row] < of.begin_ns);
  }
}

Status MergeJob::write_pending(WorkPause& pause) {
  std::vector<std::span<const signal::EventColumn>> columns(first_source_);
  for (const Source& source : sources_) columns.emplace_back(source.rows.columns);
  KANSOKU_RETURN_IF_ERROR(writer_->add(builder_.take(columns, &pause), &pause));
  // What is used up goes.
  for (Source& source : sources_) {
    if (source.at < source.rows.size()) continue;
    source.rows = {};
    source.at = 0;
  }
  while (!sources_.empty() && sources_.front().at == sources_.front().rows.size()) {
    sources_.pop_front();
    ++first_source_;
  }
  return {};
}

// Takes rows in order until a block is full or another one must be opened before.
Status MergeJob::put_rows(WorkPause& pause) {
  while (!order_.empty()) {
    Source& source = *order_.top();
    if (next_item_ < items_.size()) {
      const Item& item = items_[next_item_];
      const Place next{&item.first, item.first_ns, 0, 0};
      if (!(place_of(source) < next)) return {};
    }
    order_.pop();
    // As far as it is alone in front.
    std::optional<Place> limit;
    if (!order_.empty()) limit = place_of(*order_.top());
    if (next_item_ < items_.size()) {
      const Place next{&items_[next_item_].first, items_[next_item_].first_ns, 0, 0};
      if (!limit || next < *limit) limit = next;
    }
    const BlockRows& rows = source.rows;
    bool full = false;
    for (bool first = true; source.at < rows.size();) {
      pause_in_loop(&pause, source.at);
      if (!source.gone.empty() && source.gone[source.at]) {
        ++source.at;
        continue;
      }
      if (!first && limit && !(place_of(source) < *limit)) break;
      const uint64_t bytes = source.message_bytes[source.at];
      full = !builder_.takes(source.stream(), bytes, BlockBuilder::Ends::WithStreams);
      if (full) break;
      builder_.add(source.stream(), {source.number, static_cast<uint32_t>(source.at)},
                   {rows.timestamps_ns[source.at], rows.sequences[source.at],
                    rows.batch_rows[source.at], rows.ingested_ns[source.at]},
                   bytes);
      ++source.at;
      first = false;
    }
    while (source.at < rows.size() && !source.gone.empty() && source.gone[source.at]) ++source.at;
    if (source.at < rows.size()) order_.push(&source);
    if (full) return write_pending(pause);
  }
  return {};
}

Status MergeJob::finish(WorkPause& pause) {
  if (!builder_.empty()) KANSOKU_RETURN_IF_ERROR(write_pending(pause));
  done_ = true;
  if (writer_->rows() == 0) {
    writer_.reset();
    return {};
  }
  KANSOKU_TRY(written_, writer_->finish());
  return files_->sync_directory(directory_);
}

Result<bool> MergeJob::step(WorkPause& pause) {
  if (done_) return true;
  if (!sorted_) {
    KANSOKU_TRY([[maybe_unused]] const bool more, read_table());
    return false;
  }
  KANSOKU_RETURN_IF_ERROR(put_rows(pause));
  if (next_item_ < items_.size()) {
    const Item& item = items_[next_item_];
    const Place next{&item.first, item.first_ns, 0, 0};
    if (order_.empty() || !(place_of(*order_.top()) < next)) {
      ++next_item_;
      if (!copyable(item)) {
        KANSOKU_RETURN_IF_ERROR(open_block(item, pause));
      } else {
        KANSOKU_RETURN_IF_ERROR(item.cut ? rewrite_block(item, pause) : copy_block(item));
      }
    }
    return false;
  }
  if (order_.empty()) KANSOKU_RETURN_IF_ERROR(finish(pause));
  return done_;
}

}  // namespace kansoku::store::events
