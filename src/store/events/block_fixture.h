// Events for tests of blocks: random and hostile ones, and what a scan must say of them, the plain
// way.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "store/events/block.h"

namespace kansoku::store::events {

// Some events in the order of a block, made step by step.
class BlockBuilder {
 public:
  // Begins a row; streams must not descend, times within one neither.
  void add(std::string_view stream, int64_t timestamp_ns);
  void message(std::string_view text) { set_text(kMessagePath, text); }
  void set_text(std::string_view path, std::string_view value,
                signal::ColumnType type = signal::ColumnType::Text);
  void set_number(std::string_view path, int64_t value,
                  signal::ColumnType type = signal::ColumnType::Int64);
  void set_number(std::string_view path, double value);
  BlockRows take() { return std::move(rows_); }

 private:
  signal::EventColumn& column(std::string_view path, signal::ColumnType type);
  BlockRows rows_;
};

BlockRows rows_of(const std::vector<std::string>& messages);
BlockRows random_block(uint64_t seed, size_t rows);
std::string random_message(std::mt19937_64& random);
EventClause random_clause(std::mt19937_64& random);

// Rows of a block the plain way, as EventRows: what every reader must agree with.
std::unique_ptr<EventRows> plain_rows(const BlockRows& rows);
// Each row with all its values: "NS stream path=type:value ..." by path and type.
std::vector<std::string> shown(EventRows& rows);

// A block's bytes in memory.
class MemoryBytes final : public BlockBytes {
 public:
  explicit MemoryBytes(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<std::shared_ptr<const std::string>> read(uint64_t offset, size_t bytes) override;
  uint64_t size() const { return bytes_.size(); }

 private:
  std::string bytes_;
};

}  // namespace kansoku::store::events
