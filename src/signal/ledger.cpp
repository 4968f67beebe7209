#include "signal/ledger.h"

namespace kansoku::signal {

bool LedgerLine::balanced() const {
  uint64_t sum = in_flight;
  for (const auto& [key, rows] : outcomes) sum += rows;
  return sum == received;
}

void Ledger::received(const LedgerKey& key, uint64_t rows) {
  std::lock_guard lock(lines_mutex_);
  LedgerLine& line = lines_[key];
  line.received += rows;
  line.in_flight += rows;
}

void Ledger::resolved(const LedgerKey& key, const Verdict& verdict) {
  std::lock_guard lock(lines_mutex_);
  LedgerLine& line = lines_[key];
  for (const OutcomeCount& count : verdict.counts) {
    line.outcomes[{count.outcome, count.reason}] += count.rows;
    line.in_flight -= count.rows;
  }
}

std::vector<std::pair<LedgerKey, LedgerLine>> Ledger::lines() const {
  std::lock_guard lock(lines_mutex_);
  return {lines_.begin(), lines_.end()};
}

}  // namespace kansoku::signal
