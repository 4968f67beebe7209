// Maintenance: points of replacing series become cells, day by day, before they are dropped
// (decision 094).
//
// A day is folded when no point of it can come any more and the one before it is done; its files
// and the new watermark are one record of the manifest, so after a crash the day is done or is
// done again.
#include "base/time/grid.h"
#include "store/metrics/maintenance.h"

namespace kansoku::store::metrics {
namespace {

// The first raw point of anything.
int64_t oldest_raw_ms(const View& view) {
  int64_t out = std::numeric_limits<int64_t>::max();
  for (const auto& part : view.parts) {
    if (part->fenced()) out = std::min(out, part->meta().min_ms);
    for (const PageInfo& page : part->pages(PageKind::Raw)) out = std::min(out, page.min_ms);
  }
  return out;
}

}  // namespace

// Of days before it no points come any more, but for imports.
int64_t Maintenance::settled_ms() const {
  return floor_to(core_.clock->now_ms() - kTierSettleMs, kDayMs);
}

void Maintenance::change_tiers(const std::function<void(TierState&)>& change) {
  core_.update_view([&](View& view) {
    auto next = std::make_shared<TierState>(*view.tiers);
    change(*next);
    std::ranges::sort(next->parts, {}, [](const auto& part) {
      return std::tuple(part->meta().day_ms, part->meta().tier_ms);
    });
    view.tiers = std::move(next);
  });
}

void Maintenance::load_tiers(View& loaded) {
  auto state = std::make_shared<TierState>();
  state->rules = core_.options.tier_rules;
  state->watermark_ms = manifest_.state().tier_watermark_ms;
  for (const auto& [id, meta] : manifest_.state().tiers) {
    state->parts.push_back(TierPart::open(*core_.env.files, core_.options.directory, meta));
    if (state->parts.back()->damaged()) {
      core_.counters.last_error = state->parts.back()->path() + ": damaged";
    }
  }
  std::ranges::sort(state->parts, {}, [](const auto& part) {
    return std::tuple(part->meta().day_ms, part->meta().tier_ms);
  });
  loaded.tiers = std::move(state);
  if (!loaded.tiers->parts.empty()) find_unseen_in_tiers(loaded);
}

// Series whose points have all become cells are no unseen ones.
void Maintenance::find_unseen_in_tiers(const View& loaded) {
  std::vector<SeriesId> unseen;
  for (SeriesId id = core_.table.next(0); id != kNoSeries; id = core_.table.next(id + 1)) {
    int64_t first_ms = 0;
    int64_t last_ms = 0;
    if (!core_.table.times_of(id, first_ms, last_ms)) unseen.push_back(id);
  }
  codec::Decompressor decompressor;
  TierCells cells;
  for (const auto& part : loaded.tiers->parts) {
    TierCursor cursor(part, decompressor, nullptr);
    for (SeriesId id : unseen) {
      cells.clear();
      if (!cursor.read(id, cells)) continue;
      cut_deleted(*loaded.tombstones, id, part->meta().sequence, cells);
      if (cells.size() == 0) continue;
      core_.table.note_times(id, cells.first_time_ms(0), cells.last_time_ms(cells.size() - 1));
    }
  }
}

// Series began with their first cell. Before anything else runs. Which of the series that a page
// may have it does have is not looked up: a series without may be said to have begun earlier.
void Maintenance::note_times_of_tiers() {
  auto state = core_.current_view()->tiers;
  std::vector<bool> noted(state->rule_of.size());
  for (const auto& part : state->parts) {
    for (const TierPage& page : part->pages()) {
      for (SeriesId id = page.first_id; id <= page.last_id && id < noted.size(); ++id) {
        int64_t first_ms = 0;
        int64_t last_ms = 0;
        if (noted[id] || state->rule(id) == nullptr) continue;
        noted[id] = true;
        if (core_.table.times_of(id, first_ms, last_ms) && first_ms > part->meta().day_ms)
          core_.table.note_times(id, part->meta().day_ms, part->meta().day_ms);
      }
    }
  }
}

// At each run of the retention: which days become cells, and which series each rule finds. With an
// error the rules go on with those they had.
void Maintenance::resolve_tiers() {
  if (core_.options.tier_rules.empty()) return;
  tiers_due_ = true;
  // Imports are told first, and the days are folded at the next run: what was taken before is where
  // it is read by then.
  tier_fold_until_ms_ = core_.tier_frontier_ms;
  if (oldest_raw_ms(*core_.current_view()) < settled_ms()) core_.tier_frontier_ms = settled_ms();
  const SeriesId end = core_.table.size();
  // Labels of a series never change.
  if (core_.current_view()->tiers->rule_of.size() == end) return;
  std::vector<uint8_t> rule_of(end, TierState::kNoRule);
  for (const signal::Scope& scope : core_.table.scopes()) {
    for (size_t rule = core_.options.tier_rules.size(); rule-- > 0;) {
      SeriesSelector selector{.scope = scope,
                              .matchers = core_.options.tier_rules[rule].matchers,
                              .exact_label_names = {},
                              .merge = signal::MergeKind::Replace,
                              .active_since_ms = {},
                              .sorted = false,
                              .labels_wanted = std::vector<std::string>()};
      auto found = core_.select(selector, Unseen::Include);
      if (!found) {
        note_error(found.error());
        return;
      }
      for (const SeriesInfo& info : *found) {
        if (info.id < end) rule_of[info.id] = static_cast<uint8_t>(rule);
      }
    }
  }
  change_tiers([&](TierState& state) { state.rule_of = std::move(rule_of); });
}

// On the strand. False: there is nothing to do.
bool Maintenance::step_tiers() {
  {
    std::lock_guard lock(tasks_mutex_);
    if (closed_) {
      tier_fold_.reset();
      return false;
    }
  }
  if (!tiers_due_ && tier_fold_ == nullptr) return false;
  Status status = tier_fold_ == nullptr ? begin_tier_fold() : advance_tier_fold();
  if (!status) {
    note_error(status.error());
    tier_fold_.reset();
    tier_written_.reset();
    tiers_due_ = false;  // until retention is enforced again
    return false;
  }
  return tiers_due_ || tier_fold_ != nullptr;
}

Status Maintenance::begin_tier_fold() {
  auto view = core_.current_view();
  const int64_t until_ms = tier_fold_until_ms_;
  // Days before the first point have nothing to give, and may still be imported.
  const int64_t oldest_ms = oldest_raw_ms(*view);
  const int64_t day_ms = oldest_ms >= until_ms
                             ? until_ms
                             : std::max(floor_to(oldest_ms, kDayMs), view->tiers->watermark_ms);
  if (day_ms >= until_ms) {
    tiers_due_ = false;
    return {};
  }
  // Deletions up to here are true in everything that is read from now on.
  uint64_t sequence = manifest_.state().floor;
  for (const auto& item : view->tombstones->items()) sequence = std::max(sequence, item->sequence);
  KANSOKU_TRY(tier_fold_, TierFoldJob::begin(core_, view->tiers, day_ms, sequence,
                                             [this] { return manifest_.take_part_id(); }));
  return {};
}

Status Maintenance::advance_tier_fold() {
  if (!tier_written_) {
    KANSOKU_TRY(const bool done, tier_fold_->step());
    if (!done) return {};
    KANSOKU_TRY(tier_written_, tier_fold_->finish());
    return {};
  }
  const int64_t watermark_ms = tier_fold_->day_ms() + kDayMs;
  ManifestState next = scalars();
  next.tier_watermark_ms = watermark_ms;
  KANSOKU_RETURN_IF_ERROR(manifest_.publish({.tiers_added = *tier_written_}, next));
  std::vector<std::shared_ptr<const TierPart>> made;
  for (const TierMeta& meta : *tier_written_) {
    made.push_back(TierPart::open(*core_.env.files, core_.options.directory, meta));
  }
  change_tiers([&](TierState& state) {
    state.watermark_ms = watermark_ms;
    state.parts.insert(state.parts.end(), made.begin(), made.end());
  });
  tier_written_.reset();
  tier_fold_.reset();
  return {};
}

Status Maintenance::drop_expired_tiers() {
  auto state = core_.current_view()->tiers;
  const int64_t now_ms = core_.clock->now_ms();
  ManifestEdit edit;
  std::vector<std::string> gone;
  for (const auto& part : state->parts) {
    if (keeps_day(*state, *part, now_ms)) continue;
    edit.tiers_removed.push_back(part->meta().id);
    gone.push_back(part->path());
  }
  if (gone.empty()) return {};
  KANSOKU_RETURN_IF_ERROR(manifest_.publish(edit, scalars()));
  change_tiers([&](TierState& next) {
    std::erase_if(next.parts, [&](const auto& part) { return !keeps_day(next, *part, now_ms); });
  });
  // Readers that still hold one keep its file open; the name may go.
  for (const std::string& path : gone) (void)core_.env.files->remove(path);
  return {};
}

// Writes tier parts anew that hold what is deleted. True: there was something to do.
bool Maintenance::clean_tier_part() {
  Status status;
  if (tier_rewrite_ != nullptr) {
    status = advance_tier_rewrite();
  } else {
    auto state = core_.current_view()->tiers;
    const auto& goal = clean_->goal->items();
    const auto dirty = [&](const auto& part) {
      return !part->damaged() &&
             std::ranges::any_of(goal, [&](const auto& item) { return touches(*item, *part); });
    };
    const auto found = std::ranges::find_if(state->parts, dirty);
    if (found == state->parts.end()) return false;
    auto begun = TierRewriteJob::begin(*core_.env.files, core_.options.directory, *found,
                                       clean_->goal, manifest_.take_part_id());
    if (begun) tier_rewrite_ = std::move(*begun);
    if (!begun) status = std::unexpected(std::move(begun).error());
  }
  if (status) return true;
  const bool damaged = status.error().code == ErrorCode::DataLoss;
  note_error(status.error());
  tier_rewrite_.reset();
  // A damaged one stays as it is, and the request is told at its end.
  if (!damaged) finish_clean(status);
  return true;
}

Status Maintenance::advance_tier_rewrite() {
  KANSOKU_TRY(const bool done, tier_rewrite_->step());
  if (!done) return {};
  KANSOKU_TRY(const std::optional<TierMeta> meta, tier_rewrite_->finish());
  const uint64_t old_id = tier_rewrite_->input().meta().id;
  const std::string old_path = tier_rewrite_->input().path();
  ManifestEdit edit{.tiers_removed = {old_id}};
  if (meta) edit.tiers_added.push_back(*meta);
  KANSOKU_RETURN_IF_ERROR(manifest_.publish(edit, scalars()));
  std::shared_ptr<const TierPart> made;
  if (meta) made = TierPart::open(*core_.env.files, core_.options.directory, *meta);
  change_tiers([&](TierState& state) {
    std::erase_if(state.parts, [&](const auto& part) { return part->meta().id == old_id; });
    if (made != nullptr) state.parts.push_back(made);
  });
  (void)core_.env.files->remove(old_path);
  tier_rewrite_.reset();
  return {};
}

}  // namespace kansoku::store::metrics
