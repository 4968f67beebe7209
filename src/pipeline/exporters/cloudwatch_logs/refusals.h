// Since when the endpoint refuses streams for reasons of their own (permissions, quotas, names), so
// that what will not change is told from what may.
//
// Thread contract: guarded by its owner.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/env/env.h"
#include "signal/event_batch.h"

namespace kansoku::pipeline::cloudwatch_logs {

// Codes by which the endpoint refuses one stream or group, whatever it thinks of others. Those of
// credentials are none of them: they are about all that is sent.
bool is_refusal_of_stream(std::string_view code);
// The same of an answer to a request that makes a group or a stream.
bool is_refusal_to_make(std::string_view code);

class Refusals {
 public:
  struct Refused {
    int64_t for_ms = 0;  // since the first time; nothing of the stream, or of its group, was taken
    bool told = false;   // tell() was called since
  };
  Refused refused(const signal::EventStream& stream, env::MonotonicTime now);
  // That its events are dropped was said.
  void tell(const signal::EventStream& stream);
  void taken(const signal::EventStream& stream);
  size_t size() const { return known_.size(); }

  // Over it the one that was refused longest ago is forgotten: its next refusal is a first one.
  static constexpr size_t kKnownMax = 4'096;

 private:
  struct Known {
    env::MonotonicTime since;
    env::MonotonicTime last;
    bool told = false;
  };
  // (group, stream), and (group, "") for the group as a whole: a new stream of a group of which
  // nothing is taken need not be found out anew.
  using Key = std::pair<std::string, std::string>;
  Known& note(Key key, env::MonotonicTime now);
  std::map<Key, Known> known_;
};

}  // namespace kansoku::pipeline::cloudwatch_logs
