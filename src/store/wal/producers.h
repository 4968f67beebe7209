// Which numbered batches are in the log: the last sequence of each producer and a window behind it.
//
// A producer numbers its batches upwards within an epoch; a new epoch (a sender that lost its
// state) starts afresh. Batches may overtake one another by at most kProducerWindow; what is older
// counts as known. Thread contract: owned by the log, under its queue mutex.
#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "store/wal/record.h"

namespace kansoku::store::wal {

inline constexpr uint64_t kProducerWindow = 64;
// 64 Ki senders with 100 bytes each: 6 MiB. The one that was silent longest is forgotten first.
inline constexpr size_t kProducersMax = 64 * 1024;

class Producers {
 public:
  enum class Known : uint8_t { New, Seen, StaleEpoch };
  Known look_up(Engine engine, std::string_view producer, uint64_t epoch, uint64_t sequence) const;
  // `log_sequence` orders producers by their last word.
  void remember(Engine engine, std::string_view producer, uint64_t epoch, uint64_t sequence,
                uint64_t log_sequence);
  size_t size() const { return states_.size(); }

  // Snapshot that stands at the head of every segment.
  void encode(std::string& out) const;
  Status decode(std::string_view bytes);

 private:
  struct State {
    uint64_t epoch = 0;
    uint64_t last = 0;
    uint64_t window = 0;  // bit i: sequence last - i is in the log
    uint64_t log_sequence = 0;
  };
  using Key = std::pair<Engine, std::string>;
  void forget_one();
  std::map<Key, State> states_;
};

}  // namespace kansoku::store::wal
