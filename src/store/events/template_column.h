// Texts as templates and variables by columns (docs/formats/event-part.md, "Templates").
// Thread contract: one owner.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "store/events/int_values.h"
#include "store/events/slot_column.h"

namespace kansoku::store::events {

// The texts of a column, cut, and what of it is worth a template.
class TemplateCut {
 public:
  TemplateCut(std::span<const std::string_view> values, WorkPause* pause);
  // Of the values, how many have a template that is kept.
  size_t covered() const { return covered_; }
  void encode(const TextColumnInput& input, PageWriter& pages, std::string& meta) const;

 private:
  std::span<const std::string_view> texts_;
  TextCut cut_;
  std::vector<int> ways_;
  std::vector<uint32_t> begins_;  // of a text's variables
  std::vector<CutValue> variables_;
  std::vector<uint32_t> counts_;  // by way
  size_t covered_ = 0;
};

class TemplateTexts final : public TextColumn {
 public:
  struct Template {
    std::vector<std::string_view> literals;
    std::vector<uint16_t> kinds;
    std::vector<std::unique_ptr<SlotColumn>> slots;
    size_t count = 0;
    // Once asked for: of each slot, and of its texts.
    std::vector<ValueBounds> slot_bounds;
    ValueBounds bounds;
    bool bounded = false;
  };
  static std::unique_ptr<TextColumn> parse(const char*& at, const char* end, size_t count,
                                           PageReader& pages);
  TemplateTexts(size_t count, PageReader& pages) : TextColumn(count, pages) {}
  Status prepare(std::span<const uint32_t> values) override;
  void append(size_t value, std::string& out) const override;
  Result<ValueBounds> bounds() override;
  Result<bool> may(Fit fit, std::string_view text) override;
  Result<Asked> ask(Fit fit, std::string_view text, std::span<uint8_t> hit) override;
  Result<std::optional<size_t>> count(Fit fit, std::string_view text) override;
  void shed() override;
  size_t memory_bytes() const override;

 private:
  // Which template a value has (0: the rest), and where it stands among those that have it.
  struct Place {
    size_t code = 0;
    uint32_t place = 0;
  };
  struct Picked {
    uint32_t value = 0;
    Place place;
  };
  Place place_of(size_t value) const;
  // Every value has the only template.
  bool all_in_one() const { return templates_.size() == 1 && !rest_; }
  Status bound(Template& t);
  Result<FitWays> ways_of(Template& t, Fit fit, std::string_view text);
  Result<bool> may(Template& t, Fit fit, std::string_view text);
  // By value of the template. False: none holds.
  Result<bool> ask(size_t code, const FitWays& ways, std::span<uint8_t> hit);
  // By value, of what holds by template and value of it; empty: none.
  Status spread(std::span<const std::vector<uint8_t>> holds, std::span<uint8_t> hit);
  // Templates and the columns of their variables, unread.
  Status load_templates();
  // Of all values, and of some.
  Status load_places();
  Status pick_places(std::span<const uint32_t> values);
  Status check(int64_t code, uint32_t place) const;
  SlotColumn::Times times_of(size_t code) {
    return [this, code] { return event_times_of(code); };
  }
  Result<std::vector<int64_t>> event_times_of(size_t code);

  size_t templates_count_ = 0;
  Chunk templates_chunk_;
  Chunk slots_chunk_;
  std::unique_ptr<TextColumn> rest_;
  bool templates_loaded_ = false;
  std::vector<Template> templates_;
  IntValues codes_;               // 0: of the rest
  std::vector<uint32_t> places_;  // among the values of the same code, where all are loaded
  std::vector<Picked> picked_;    // else those that were prepared, ascending
};

}  // namespace kansoku::store::events
