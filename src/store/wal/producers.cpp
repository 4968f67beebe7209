#include "store/wal/producers.h"

namespace kansoku::store::wal {

Producers::Known Producers::look_up(Engine engine, std::string_view producer, uint64_t epoch,
                                    uint64_t sequence) const {
  auto found = states_.find(Key(engine, producer));
  if (found == states_.end() || epoch > found->second.epoch) return Known::New;
  const State& state = found->second;
  if (epoch < state.epoch) return Known::StaleEpoch;
  if (sequence > state.last) return Known::New;
  uint64_t behind = state.last - sequence;
  if (behind >= kProducerWindow) return Known::Seen;
  return ((state.window >> behind) & 1) != 0 ? Known::Seen : Known::New;
}

void Producers::remember(Engine engine, std::string_view producer, uint64_t epoch,
                         uint64_t sequence, uint64_t log_sequence) {
  auto [it, made] = states_.try_emplace(Key(engine, producer));
  State& state = it->second;
  if (made || epoch > state.epoch) {
    state = {epoch, sequence, 1, log_sequence};
    if (made && states_.size() > kProducersMax) forget_one();
    return;
  }
  if (epoch < state.epoch) return;
  state.log_sequence = log_sequence;
  if (sequence > state.last) {
    uint64_t ahead = sequence - state.last;
    state.window = ahead >= kProducerWindow ? 1 : (state.window << ahead) | 1;
    state.last = sequence;
  } else if (state.last - sequence < kProducerWindow) {
    state.window |= uint64_t{1} << (state.last - sequence);
  }
}

void Producers::forget_one() {
  auto oldest = states_.begin();
  for (auto it = states_.begin(); it != states_.end(); ++it) {
    if (it->second.log_sequence < oldest->second.log_sequence) oldest = it;
  }
  states_.erase(oldest);
}

void Producers::encode(std::string& out) const {
  append_varint(out, states_.size());
  for (const auto& [key, state] : states_) {
    out += static_cast<char>(key.first);
    append_varint(out, key.second.size());
    out += key.second;
    append_le(out, state.epoch);
    append_le(out, state.last);
    append_le(out, state.window);
    append_le(out, state.log_sequence);
  }
}

Status Producers::decode(std::string_view bytes) {
  const char* at = bytes.data();
  const char* end = at + bytes.size();
  uint64_t count = 0;
  if (!read_varint(at, end, count)) return corruption("producers: cut off");
  for (uint64_t i = 0; i < count; ++i) {
    if (at == end) return corruption("producers: cut off");
    auto engine = static_cast<Engine>(*at++);
    uint64_t n = 0;
    if (!read_varint(at, end, n) || n > kProducerBytesMax ||
        static_cast<uint64_t>(end - at) < n + 32) {
      return corruption("producers: cut off");
    }
    std::string_view producer(at, n);
    at += n;
    State state{load_le<uint64_t>(at), load_le<uint64_t>(at + 8), load_le<uint64_t>(at + 16),
                load_le<uint64_t>(at + 24)};
    at += 32;
    State& known = states_[Key(engine, producer)];
    if (state.log_sequence >= known.log_sequence) known = state;
  }
  return {};
}

}  // namespace kansoku::store::wal
