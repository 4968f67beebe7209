// The ledger: received = stored + forwarded + filtered + rejected(reason) + dropped(reason) + in
// flight, exactly, per receiver, tenant and branch. Thread contract: free-threaded.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "signal/delivery.h"

namespace kansoku::signal {

struct LedgerKey {
  std::string receiver;
  std::string account;
  std::string branch;
  friend auto operator<=>(const LedgerKey&, const LedgerKey&) = default;
};

struct LedgerLine {
  uint64_t received = 0;
  uint64_t in_flight = 0;
  std::map<std::pair<Outcome, std::string>, uint64_t> outcomes;  // (outcome, reason) -> rows
  bool balanced() const;
};

class Ledger {
 public:
  void received(const LedgerKey& key, uint64_t rows);
  // A verdict that covers fewer rows than were handed out leaves the rest in flight.
  void resolved(const LedgerKey& key, const Verdict& verdict);
  std::vector<std::pair<LedgerKey, LedgerLine>> lines() const;

 private:
  mutable std::mutex lines_mutex_;
  std::map<LedgerKey, LedgerLine> lines_;
};

}  // namespace kansoku::signal
