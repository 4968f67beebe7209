#include "store/events/manifest.h"

#include <algorithm>

#include "base/bytes.h"
#include "store/events/batch_record.h"
#include "store/events/part.h"

namespace kansoku::store::events {
namespace {

// "KEMANI01". Version 1.
constexpr env::RecordFormat kFormat{.magic = 0x3130494e414d454bULL};

void append_key(const TombstoneKey& key, std::string& out) {
  append_text(out, std::get<0>(key));
  append_text(out, std::get<1>(key));
  append_text(out, std::get<2>(key));
  append_text(out, std::get<3>(key));
}

bool take_key(const char*& at, const char* end, TombstoneKey& out) {
  std::array<std::string_view, 4> texts;
  for (std::string_view& text : texts) {
    if (!read_text(at, end, text)) return false;
  }
  out = {std::string(texts[0]), std::string(texts[1]), std::string(texts[2]),
         std::string(texts[3])};
  return true;
}

std::string encode_edit(const ManifestEdit& edit, const ManifestState& scalars) {
  std::string out;
  append_varint(out, scalars.floor);
  append_varint(out, scalars.next_part);
  append_varint(out, zigzag(scalars.trusted_ms));
  append_varint(out, edit.removed.size());
  for (const uint64_t id : edit.removed) append_varint(out, id);
  append_varint(out, edit.added.size());
  for (const PartMeta& meta : edit.added) encode_part_meta(meta, out);
  append_varint(out, edit.deleted.size());
  for (const auto& [key, sequence] : edit.deleted) {
    append_key(key, out);
    append_varint(out, sequence);
  }
  append_varint(out, edit.forgotten.size());
  for (const TombstoneKey& key : edit.forgotten) append_key(key, out);
  return out;
}

std::string encode_all(const ManifestState& state) {
  ManifestEdit all;
  for (const auto& [id, meta] : state.parts) all.added.push_back(meta);
  all.deleted = state.tombstones;
  return encode_edit(all, state);
}

bool decode_edit(std::string_view payload, ManifestEdit& edit, ManifestState& scalars) {
  const char* at = payload.data();
  const char* end = at + payload.size();
  uint64_t time = 0;
  uint64_t count = 0;
  if (!read_varint(at, end, scalars.floor) || !read_varint(at, end, scalars.next_part) ||
      !read_varint(at, end, time) || !read_varint(at, end, count)) {
    return false;
  }
  scalars.trusted_ms = unzigzag(time);
  for (uint64_t i = 0; i < count; ++i) {
    if (!read_varint(at, end, edit.removed.emplace_back())) return false;
  }
  if (!read_varint(at, end, count)) return false;
  for (uint64_t i = 0; i < count; ++i) {
    if (!decode_part_meta(at, end, edit.added.emplace_back())) return false;
  }
  if (!read_varint(at, end, count)) return false;
  for (uint64_t i = 0; i < count; ++i) {
    TombstoneKey key;
    if (!take_key(at, end, key) || !read_varint(at, end, edit.deleted[key])) return false;
  }
  if (!read_varint(at, end, count)) return false;
  for (uint64_t i = 0; i < count; ++i) {
    if (!take_key(at, end, edit.forgotten.emplace_back())) return false;
  }
  return at == end;
}

void apply(const ManifestEdit& edit, const ManifestState& scalars, ManifestState& state) {
  state.floor = scalars.floor;
  state.next_part = std::max(state.next_part, scalars.next_part);
  state.trusted_ms = scalars.trusted_ms;
  for (const uint64_t id : edit.removed) state.parts.erase(id);
  for (const PartMeta& meta : edit.added) state.parts[meta.id] = meta;
  for (const TombstoneKey& key : edit.forgotten) state.tombstones.erase(key);
  for (const auto& [key, sequence] : edit.deleted) {
    uint64_t& known = state.tombstones[key];
    known = std::max(known, sequence);
  }
}

}  // namespace

Manifest::Manifest(env::FileSystem& files, std::string directory)
    : files_(&files),
      directory_(std::move(directory)),
      file_(files, env::join_path(directory_, "manifest"), kFormat) {}

Status Manifest::load(uint64_t log_first_sequence) {
  KANSOKU_TRY(const bool whole, file_.load([&](std::string_view payload) -> Status {
    ManifestEdit edit;
    ManifestState scalars;
    if (!decode_edit(payload, edit, scalars)) {
      return corruption("a record of the manifest is of an unknown form");
    }
    apply(edit, scalars, state_);
    return {};
  }));
  // A manifest that does not reach up to the log's beginning lost its last records, if there are
  // parts that it does not name; otherwise others wrote the log since.
  bool lost = !whole;
  if (!lost && state_.floor + 1 < log_first_sequence) {
    KANSOKU_TRY(const auto entries, files_->list(directory_));
    lost = std::ranges::any_of(entries, [&](const env::DirectoryEntry& entry) {
      uint64_t id = 0;
      return parse_part_name(entry.name, id) && !state_.parts.contains(id);
    });
  }
  if (lost) KANSOKU_RETURN_IF_ERROR(rebuild(log_first_sequence));
  KANSOKU_RETURN_IF_ERROR(remove_orphans());
  return file_.rewrite(encode_all(state_));
}

// Takes in what the directory says beyond the readable records.
Status Manifest::rebuild(uint64_t log_first_sequence) {
  KANSOKU_TRY(auto entries, files_->list(directory_));
  std::map<uint64_t, PartMeta> found = state_.parts;
  std::set<uint64_t> replaced;
  for (const env::DirectoryEntry& entry : entries) {
    uint64_t id = 0;
    if (!parse_part_name(entry.name, id)) continue;
    rebuilt_ = true;
    state_.next_part = std::max(state_.next_part, id + 1);
    auto footer = Part::read_footer(*files_, env::join_path(directory_, entry.name));
    if (footer) {
      found[id] = footer->meta;
      replaced.insert(footer->replaced.begin(), footer->replaced.end());
    } else if (!state_.parts.contains(id)) {
      return fail(ErrorCode::DataLoss, "the manifest and a part that it does not name are damaged",
                  entry.name);
    }
  }
  // What was written from memory together counts when all of it is there or was merged on; or when
  // the log has let it go.
  const auto published = [&](const PartMeta& meta) {
    if (meta.level > 0 || meta.last_sequence <= state_.floor) return true;
    if (meta.first_sequence < log_first_sequence) return true;
    for (uint64_t id = meta.seal_first_id; id < meta.seal_first_id + meta.seal_parts; ++id) {
      if (replaced.contains(id)) return true;
      if (!found.contains(id)) return false;
    }
    return true;
  };
  state_.parts.clear();
  uint64_t floor = state_.floor;
  for (const auto& [id, meta] : found) {
    if (!published(meta)) continue;
    floor = std::max(floor, meta.last_sequence);
    if (!replaced.contains(id)) state_.parts[id] = meta;
  }
  state_.floor = floor;
  return {};
}

Status Manifest::remove_orphans() {
  KANSOKU_TRY(auto entries, files_->list(directory_));
  for (const env::DirectoryEntry& entry : entries) {
    uint64_t id = 0;
    bool orphan = entry.name.starts_with("part-") && entry.name.ends_with(".tmp");
    if (parse_part_name(entry.name, id)) orphan = !state_.parts.contains(id);
    if (orphan) KANSOKU_RETURN_IF_ERROR(files_->remove(env::join_path(directory_, entry.name)));
  }
  return {};
}

Status Manifest::write(env::FileSystem& files, const std::string& directory,
                       const ManifestState& state) {
  return files.write_atomic(env::join_path(directory, "manifest"),
                            env::RecordFile::file_of(kFormat, encode_all(state)));
}

Status Manifest::publish(const ManifestEdit& edit, uint64_t floor, int64_t trusted_ms) {
  ManifestState scalars;
  scalars.floor = floor;
  scalars.next_part = state_.next_part;
  scalars.trusted_ms = trusted_ms;
  ManifestState next = state_;
  apply(edit, scalars, next);
  KANSOKU_RETURN_IF_ERROR(file_.put(encode_edit(edit, scalars), [&] { return encode_all(next); }));
  state_ = std::move(next);
  return {};
}

}  // namespace kansoku::store::events
