#include "store/metrics/manifest.h"

#include "base/check.h"

namespace kansoku::store::metrics {
namespace {

// 2: deletions (docs/formats/tombstones.md). 3: parts of version 4, cold segments and the end of
// the series' ids; records of version 1 and 2 end before those. 4: tiers of replacing series;
// records of version 3 end before them.
constexpr env::RecordFormat kFormat{.magic = 0x31304e4d4d4b00ULL, .version = 4, .version_min = 1};

std::string encode_edit(const ManifestEdit& edit, const ManifestState& scalars) {
  std::string payload;
  append_varint(payload, scalars.floor);
  append_varint(payload, scalars.series_file);
  append_varint(payload, scalars.series_bytes);
  append_varint(payload, scalars.next_part);
  append_varint(payload, zigzag(scalars.trusted_ms));
  append_varint(payload, edit.removed.size());
  for (uint64_t first : edit.removed) append_varint(payload, first);
  append_varint(payload, edit.added.size());
  for (const PartMeta& meta : edit.added) encode_part_meta(meta, payload);
  append_varint(payload, scalars.series_end);
  append_varint(payload, edit.cold_removed.size());
  for (uint64_t id : edit.cold_removed) append_varint(payload, id);
  append_varint(payload, edit.cold_added.size());
  for (const ColdMeta& meta : edit.cold_added) {
    append_varint(payload, meta.id);
    append_varint(payload, meta.series_file);
    append_varint(payload, meta.series_bytes);
  }
  append_varint(payload, zigzag(scalars.tier_watermark_ms));
  append_varint(payload, edit.tiers_removed.size());
  for (uint64_t id : edit.tiers_removed) append_varint(payload, id);
  append_varint(payload, edit.tiers_added.size());
  for (const TierMeta& meta : edit.tiers_added) encode_tier_meta(meta, payload);
  return payload;
}

std::string encode_all(const ManifestState& state) {
  ManifestEdit all;
  for (const auto& [first, meta] : state.parts) all.added.push_back(meta);
  for (const auto& [id, meta] : state.cold) all.cold_added.push_back(meta);
  for (const auto& [id, meta] : state.tiers) all.tiers_added.push_back(meta);
  return encode_edit(all, state);
}

bool apply_cold(const char*& at, const char* end, ManifestState& state) {
  uint64_t count = 0;
  if (!read_varint(at, end, state.series_end) || !read_varint(at, end, count)) return false;
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t id = 0;
    if (!read_varint(at, end, id)) return false;
    state.cold.erase(id);
  }
  if (!read_varint(at, end, count)) return false;
  for (uint64_t i = 0; i < count; ++i) {
    ColdMeta meta;
    if (!read_varint(at, end, meta.id) || !read_varint(at, end, meta.series_file) ||
        !read_varint(at, end, meta.series_bytes)) {
      return false;
    }
    state.cold[meta.id] = meta;
  }
  return true;
}

bool apply_tiers(const char*& at, const char* end, ManifestState& state) {
  uint64_t watermark = 0;
  uint64_t count = 0;
  if (!read_varint(at, end, watermark) || !read_varint(at, end, count)) return false;
  state.tier_watermark_ms = unzigzag(watermark);
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t id = 0;
    if (!read_varint(at, end, id)) return false;
    state.tiers.erase(id);
  }
  if (!read_varint(at, end, count)) return false;
  for (uint64_t i = 0; i < count; ++i) {
    TierMeta meta;
    if (!decode_tier_meta(at, end, meta)) return false;
    state.tiers[meta.id] = meta;
  }
  return true;
}

bool apply_edit(std::string_view payload, ManifestState& state) {
  const char* at = payload.data();
  const char* end = at + payload.size();
  uint64_t time = 0;
  uint64_t count = 0;
  if (!read_varint(at, end, state.floor) || !read_varint(at, end, state.series_file) ||
      !read_varint(at, end, state.series_bytes) || !read_varint(at, end, state.next_part) ||
      !read_varint(at, end, time) || !read_varint(at, end, count)) {
    return false;
  }
  state.trusted_ms = unzigzag(time);
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t first = 0;
    if (!read_varint(at, end, first)) return false;
    state.parts.erase(first);
  }
  if (!read_varint(at, end, count)) return false;
  for (uint64_t i = 0; i < count; ++i) {
    PartMeta meta;
    if (!decode_part_meta(at, end, meta)) return false;
    state.parts[meta.first_sequence] = meta;
  }
  if (at == end) return true;  // of version 1 or 2
  if (!apply_cold(at, end, state)) return false;
  if (at == end) return true;  // of version 3
  return apply_tiers(at, end, state) && at == end;
}

void apply_edit(const ManifestEdit& edit, const ManifestState& scalars, ManifestState& state) {
  for (uint64_t first : edit.removed) state.parts.erase(first);
  for (const PartMeta& meta : edit.added) state.parts[meta.first_sequence] = meta;
  for (uint64_t id : edit.cold_removed) state.cold.erase(id);
  for (const ColdMeta& meta : edit.cold_added) state.cold[meta.id] = meta;
  for (uint64_t id : edit.tiers_removed) state.tiers.erase(id);
  for (const TierMeta& meta : edit.tiers_added) state.tiers[meta.id] = meta;
  state.tier_watermark_ms = scalars.tier_watermark_ms;
  state.series_end = scalars.series_end;
  state.floor = scalars.floor;
  state.series_file = scalars.series_file;
  state.series_bytes = scalars.series_bytes;
  state.next_part = std::max(state.next_part, scalars.next_part);
  state.trusted_ms = scalars.trusted_ms;
}

}  // namespace

Manifest::Manifest(env::FileSystem& files, std::string directory)
    : files_(&files),
      directory_(std::move(directory)),
      file_(files, env::join_path(directory_, "manifest"), kFormat) {}

Status Manifest::load(uint64_t log_first_sequence) {
  KANSOKU_TRY(const bool readable, file_.load([&](std::string_view payload) -> Status {
    if (apply_edit(payload, state_)) return {};
    return corruption("a record of the manifest is of an unknown form");
  }));
  if (!readable || state_.floor + 1 < log_first_sequence) KANSOKU_RETURN_IF_ERROR(rebuild());
  KANSOKU_RETURN_IF_ERROR(remove_orphans());
  return file_.rewrite(encode_all(state_));
}

// Takes in what the directory says beyond the readable records.
Status Manifest::rebuild() {
  KANSOKU_TRY(auto entries, files_->list(directory_));
  std::vector<PartMeta> found;
  for (const auto& [first, meta] : state_.parts) found.push_back(meta);
  for (const env::DirectoryEntry& entry : entries) {
    uint64_t id = 0;
    // Newer rows win, so a segment that was merged away does no harm.
    if (parse_cold_name(entry.name, id)) {
      state_.next_part = std::max(state_.next_part, id + 1);
      state_.cold.try_emplace(id, ColdMeta{.id = id});
      continue;
    }
    if (!parse_part_name(entry.name, id)) continue;
    state_.next_part = std::max(state_.next_part, id + 1);
    auto meta = Part::read_meta(*files_, env::join_path(directory_, entry.name));
    if (!meta) {
      if (std::none_of(found.begin(), found.end(), [&](const PartMeta& m) { return m.id == id; })) {
        return fail(ErrorCode::DataLoss,
                    "the manifest and a part that it does not name are damaged", entry.name);
      }
      continue;
    }
    std::erase_if(found, [&](const PartMeta& m) { return m.id == id; });
    found.push_back(*meta);
  }
  rebuilt_ = true;
  // A part whose range lies in another's was an input of its merge.
  state_.parts.clear();
  for (const PartMeta& meta : found) {
    bool covered = std::any_of(found.begin(), found.end(), [&](const PartMeta& other) {
      return other.id > meta.id && other.first_sequence <= meta.first_sequence &&
             other.last_sequence >= meta.last_sequence;
    });
    if (covered) continue;
    state_.parts[meta.first_sequence] = meta;
    state_.floor = std::max(state_.floor, meta.last_sequence);
  }
  return rebuild_tiers(entries);
}

// Of a day and tier the newest file counts; a day counts when all tiers that were made of it
// together are there. What lies behind the last such day is computed again.
Status Manifest::rebuild_tiers(const std::vector<env::DirectoryEntry>& entries) {
  std::map<int64_t, std::map<int64_t, TierMeta>> found;  // by day and tier
  const auto take = [&](const TierMeta& meta) {
    auto [at, made] = found[meta.day_ms].try_emplace(meta.tier_ms, meta);
    if (!made && at->second.id < meta.id) at->second = meta;
  };
  for (const auto& [id, meta] : state_.tiers) take(meta);
  for (const env::DirectoryEntry& entry : entries) {
    uint64_t id = 0;
    if (!parse_tier_part_name(entry.name, id)) continue;
    state_.next_part = std::max(state_.next_part, id + 1);
    auto meta = TierPart::read_meta(*files_, env::join_path(directory_, entry.name));
    if (meta) take(*meta);
  }
  state_.tiers.clear();
  for (const auto& [day_ms, tiers] : found) {
    uint8_t made = 0;
    uint8_t wanted = 0;
    for (const auto& [tier_ms, meta] : tiers) {
      made = static_cast<uint8_t>(made | (1U << tier_index(tier_ms)));
      wanted |= meta.tiers;
    }
    // Of an older day a tier may have expired.
    if (made != wanted && day_ms >= state_.tier_watermark_ms) continue;
    for (const auto& [tier_ms, meta] : tiers) state_.tiers[meta.id] = meta;
    if (made == wanted)
      state_.tier_watermark_ms = std::max(state_.tier_watermark_ms, day_ms + kDayMs);
  }
  return {};
}

Status Manifest::remove_orphans() {
  KANSOKU_TRY(auto entries, files_->list(directory_));
  std::set<uint64_t> known;
  for (const auto& [first, meta] : state_.parts) known.insert(meta.id);
  for (const env::DirectoryEntry& entry : entries) {
    uint64_t id = 0;
    bool orphan = entry.name.starts_with("part-") && entry.name.ends_with(".tmp");
    orphan = orphan || (entry.name.starts_with("cold-") && entry.name.ends_with(".tmp"));
    if (parse_part_name(entry.name, id)) orphan = !known.contains(id);
    if (parse_cold_name(entry.name, id)) orphan = !state_.cold.contains(id);
    orphan = orphan || (entry.name.starts_with("tier-") && entry.name.ends_with(".tmp"));
    if (parse_tier_part_name(entry.name, id)) orphan = !state_.tiers.contains(id);
    if (orphan) KANSOKU_RETURN_IF_ERROR(files_->remove(env::join_path(directory_, entry.name)));
  }
  return {};
}

Status Manifest::write(env::FileSystem& files, const std::string& directory,
                       const ManifestState& state) {
  return files.write_atomic(env::join_path(directory, "manifest"),
                            env::RecordFile::file_of(kFormat, encode_all(state)));
}

Status Manifest::publish(const ManifestEdit& edit, const ManifestState& scalars) {
  ManifestState next = state_;
  apply_edit(edit, scalars, next);
  ManifestState written = scalars;
  written.next_part = next.next_part;
  KANSOKU_RETURN_IF_ERROR(file_.put(encode_edit(edit, written), [&] { return encode_all(next); }));
  state_ = std::move(next);
  return {};
}

}  // namespace kansoku::store::metrics
