// Texts as templates and variables by columns (docs/formats/event-part.md, "Templates").
// Thread contract: one owner.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "store/events/text_column.h"
#include "store/events/text_cut.h"

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

// Variables of one kind at one place of a template.
class SlotColumn {
 public:
  static std::unique_ptr<SlotColumn> parse(const char*& at, const char* end, uint16_t kind,
                                           size_t count, PageReader& pages);
  virtual ~SlotColumn() = default;
  // `times`: of the events, by value, where it is asked for.
  virtual Status load(const std::function<Result<std::vector<int64_t>>()>& times) = 0;
  virtual void append(size_t value, std::string& out) const = 0;
  // As of a TextColumn; before ask() it must be loaded.
  virtual Result<ValueBounds> bounds() = 0;
  virtual Result<bool> may(Fit fit, std::string_view text) = 0;
  virtual Result<bool> ask(Fit fit, std::string_view text, std::span<uint8_t> hit) = 0;
  // What load() read goes.
  virtual void shed() = 0;
  virtual size_t memory_bytes() const = 0;
};

class TemplateTexts final : public TextColumn {
 public:
  struct Template {
    std::vector<std::string_view> literals;
    std::vector<uint16_t> kinds;
    std::vector<std::unique_ptr<SlotColumn>> slots;
    std::vector<uint8_t> loaded;      // by slot
    std::vector<ValueBounds> bounds;  // by slot, once asked for
    size_t count = 0;
  };
  static std::unique_ptr<TextColumn> parse(const char*& at, const char* end, size_t count,
                                           PageReader& pages);
  TemplateTexts(size_t count, PageReader& pages) : TextColumn(count, pages) {}
  Status prepare(std::span<const uint32_t> values) override;
  void append(size_t value, std::string& out) const override;
  Result<ValueBounds> bounds() override;
  Result<bool> may(Fit fit, std::string_view text) override;
  Result<bool> ask(Fit fit, std::string_view text, std::span<uint8_t> hit) override;
  Result<std::optional<size_t>> count(Fit fit, std::string_view text) override;
  void shed() override;
  size_t memory_bytes() const override;

 private:
  Result<FitWays> ways_of(Template& t, Fit fit, std::string_view text);
  Result<bool> may(Template& t, Fit fit, std::string_view text);
  // By value of the template.
  Status ask(size_t code, const FitWays& ways, std::vector<uint8_t>& hit);
  Status load_slot(size_t code, size_t slot);
  // Templates and the columns of their variables, unread.
  Status load_templates();
  Status load_codes();
  Result<std::vector<int64_t>> times_of(size_t way);

  size_t templates_count_ = 0;
  Chunk templates_chunk_;
  Chunk slots_chunk_;
  Chunk codes_chunk_;
  std::unique_ptr<TextColumn> rest_;
  bool templates_loaded_ = false;
  std::vector<Template> templates_;
  std::vector<int64_t> codes_;    // 0: of the rest
  std::vector<uint32_t> places_;  // among the values of the same code
};

}  // namespace kansoku::store::events
