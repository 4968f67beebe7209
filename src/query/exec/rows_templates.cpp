#include "query/exec/rows_templates.h"

#include "base/text/ascii.h"

namespace kansoku::query::rows {
namespace {

constexpr std::string_view kSigns = "=,:;()[]{}<>\"'|@#";

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_sign(std::string_view word) {
  return word == " " || (word.size() == 1 && kSigns.find(word[0]) != std::string_view::npos);
}

// Two labels or more, the last of letters: proxy.example.org
bool is_host(std::string_view word) {
  if (word.ends_with('.')) word.remove_suffix(1);
  const size_t dot = word.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return false;
  const std::string_view last = word.substr(dot + 1);
  if (last.size() < 2 || last.size() > 6 || !std::ranges::all_of(last, is_letter)) return false;
  if (word.find("..") != std::string_view::npos || word[0] == '.') return false;
  return std::ranges::all_of(
      word, [](char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.'; });
}

bool is_day_or_month(std::string_view word) {
  constexpr std::array<std::string_view, 26> kNames{
      "Mon", "Tue",    "Wed",     "Thu",       "Fri",      "Sat",    "Sun",      "Jan",   "Feb",
      "Mar", "Apr",    "May",     "Jun",       "Jul",      "Aug",    "Sep",      "Oct",   "Nov",
      "Dec", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
  return std::ranges::find(kNames, word) != kNames.end();
}

bool is_size_unit(std::string_view word) {
  constexpr std::array<std::string_view, 10> kUnits{"B",  "KB",  "MB",  "GB",  "TB",
                                                    "kB", "KiB", "MiB", "GiB", "TiB"};
  return std::ranges::find(kUnits, word) != kUnits.end();
}

// Looks like a value rather than like a word of the program that wrote it.
bool is_value(std::string_view word, std::string_view before) {
  if (std::ranges::any_of(word, is_digit)) return true;
  if (before == "=" || (word[0] == '/' && word.size() > 1)) return true;
  if (word.size() >= 6 && std::ranges::all_of(word, is_hex)) return true;
  return is_day_or_month(word) || is_host(word);
}

// The next word, sign or run of blanks (given as one).
std::string_view take_word(std::string_view text, size_t& at) {
  const size_t begin = at;
  if (is_blank(text[at])) {
    while (at < text.size() && is_blank(text[at])) ++at;
    return " ";
  }
  if (kSigns.find(text[at]) != std::string_view::npos) return text.substr(at++, 1);
  while (at < text.size() && !is_blank(text[at]) &&
         kSigns.find(text[at]) == std::string_view::npos) {
    ++at;
  }
  return text.substr(begin, at - begin);
}

uint64_t mixed(uint64_t position, uint64_t word) {
  uint64_t out = (position << 32U | word) * 0x9e3779b97f4a7c15ULL;
  out = (out ^ (out >> 29U)) * 0xbf58476d1ce4e5b9ULL;
  return out ^ (out >> 32U);
}

std::string bytes_of(const std::vector<uint32_t>& tokens) {
  return {reinterpret_cast<const char*>(tokens.data()), tokens.size() * sizeof(uint32_t)};
}

}  // namespace

uint32_t TemplateMiner::number_of(std::string_view word) {
  const auto [entry, fresh] =
      numbers_.try_emplace(std::string(word), static_cast<uint32_t>(words_.size()));
  if (fresh) {
    words_.emplace_back(word);
    is_sign_.push_back(is_sign(word) ? 1 : 0);
    memory_bytes_ += 2 * word.size() + 128;
  }
  return entry->second;
}

TemplateMiner::Tokens TemplateMiner::tokens_of(std::string_view message) {
  Tokens out;
  const std::string_view text = trimmed(message, " \t\r\n");
  std::string_view before;
  for (size_t at = 0; at < text.size();) {
    if (out.size() == kTemplateTokensMax) {
      out.push_back(0);
      break;
    }
    const std::string_view word = take_word(text, at);
    if (is_sign(word)) {
      // Empty brackets have a value that is not there.
      const bool empty = (word == ")" || word == "]") && (before == "(" || before == "[");
      if (empty) out.push_back(0);
      out.push_back(number_of(word));
    } else if (is_size_unit(word) && out.size() > 1 && out[out.size() - 2] == 0 && before == " ") {
      out.pop_back();  // "12 KB" is one value
    } else {
      out.push_back(is_value(word, before) ? 0 : number_of(word));
    }
    before = word;
  }
  return out;
}

// The first two words; all others are variable.
TemplateMiner::Tokens TemplateMiner::coarse(Tokens tokens) const {
  size_t kept = 0;
  for (uint32_t& token : tokens) {
    if (!is_constant(token)) continue;
    if (kept < 2) {
      ++kept;
    } else {
      token = 0;
    }
  }
  return tokens;
}

uint32_t TemplateMiner::shape_of(Tokens tokens) {
  std::string key = bytes_of(tokens);
  auto known = shape_numbers_.find(key);
  if (known != shape_numbers_.end()) return known->second;
  if (shapes_.size() >= kShapesMax) {
    tokens = shapes_.size() < 2 * kShapesMax ? coarse(std::move(tokens)) : Tokens{0};
    key = bytes_of(tokens);
    known = shape_numbers_.find(key);
    if (known != shape_numbers_.end()) return known->second;
  }
  const auto number = static_cast<uint32_t>(shapes_.size());
  memory_bytes_ += 2 * key.size() + sizeof(Shape) + 128;
  shapes_.push_back({std::move(tokens), {}});
  shape_numbers_.emplace(std::move(key), number);
  return number;
}

uint32_t TemplateMiner::add(std::string_view message, size_t bin, bool earlier) {
  const uint32_t number = shape_of(tokens_of(message));
  Template& counts = shapes_[number].counts;
  if (counts.count + counts.earlier == 0) {
    counts.sample = message.substr(0, kSampleBytesMax);
    memory_bytes_ += counts.sample.size();
  }
  if (earlier) {
    ++counts.earlier;
  } else {
    ++counts.count;
    ++counts.bins[std::min(bin, kTemplateBins - 1)];
    ++count_;
  }
  return number;
}

// Shapes become one, round by round, until none are alike.
class TemplateMiner::Merge {
 public:
  explicit Merge(const TemplateMiner& miner) : miner_(miner) {
    for (const Shape& shape : miner.shapes_) {
      live_.emplace(bytes_of(shape.tokens), static_cast<uint32_t>(tokens_.size()));
      tokens_.push_back(shape.tokens);
    }
    for (uint32_t i = 0; i < tokens_.size(); ++i) parent_.push_back(i);
  }
  void run() {
    constexpr int kRoundsMax = 16;
    for (int round = 0; round < kRoundsMax && merge_round(); ++round) {
    }
  }
  uint32_t of(uint32_t shape) const {
    while (parent_[shape] != shape) shape = parent_[shape];
    return shape;
  }
  const Tokens& tokens(uint32_t node) const { return tokens_[node]; }

 private:
  struct Entry {
    uint64_t key = 0;  // of all words but one, and its place
    uint32_t node = 0;
    uint32_t place = 0;
  };

  std::vector<Entry> entries() const {
    std::vector<Entry> out;
    for (const auto& [bytes, node] : live_) {
      const Tokens& tokens = tokens_[node];
      uint64_t whole = tokens.size();
      size_t constants = 0;
      for (size_t i = 0; i < tokens.size(); ++i) {
        whole += mixed(i, tokens[i]);
        constants += miner_.is_constant(tokens[i]) ? 1 : 0;
      }
      for (size_t i = 0; i < tokens.size(); ++i) {
        if (miner_.is_sign_[tokens[i]]) continue;
        // Something has to be left that is common.
        if (constants - (miner_.is_constant(tokens[i]) ? 1 : 0) == 0) continue;
        out.push_back({(whole - mixed(i, tokens[i])) ^ mixed(i, 0xffffffffU), node,
                       static_cast<uint32_t>(i)});
      }
    }
    std::ranges::sort(out, [](const Entry& a, const Entry& b) {
      return std::tie(a.key, a.node) < std::tie(b.key, b.node);
    });
    return out;
  }

  bool merge_round() {
    const std::vector<Entry> all = entries();
    std::vector<std::span<const Entry>> alike;
    for (size_t i = 0; i < all.size();) {
      size_t end = i;
      while (end < all.size() && all[end].key == all[i].key) ++end;
      if (end - i >= kAlikeMin)
        alike.emplace_back(all.begin() + static_cast<ptrdiff_t>(i), end - i);
      i = end;
    }
    // The most alike first; of equal ones those that came first.
    std::ranges::sort(alike, [](const auto& a, const auto& b) {
      return a.size() != b.size() ? a.size() > b.size() : a[0].node < b[0].node;
    });
    bool changed = false;
    std::vector<uint8_t> done(tokens_.size());
    for (const auto& group : alike) changed |= merge(group, done);
    return changed;
  }

  bool merge(std::span<const Entry> group, std::vector<uint8_t>& done) {
    std::vector<uint32_t> nodes;
    for (const Entry& one : group) {
      if (!done[one.node]) nodes.push_back(one.node);
    }
    if (nodes.size() < 2) return false;
    Tokens merged = tokens_[nodes[0]];
    merged[group[0].place] = 0;
    for (const uint32_t node : nodes) {
      done[node] = 1;
      live_.erase(bytes_of(tokens_[node]));
    }
    const auto fresh = static_cast<uint32_t>(tokens_.size());
    const auto [entry, is_new] = live_.try_emplace(bytes_of(merged), fresh);
    if (is_new) {
      tokens_.push_back(std::move(merged));
      parent_.push_back(fresh);
    }
    if (entry->second < done.size()) done[entry->second] = 1;
    for (const uint32_t node : nodes) parent_[node] = entry->second;
    return true;
  }

  const TemplateMiner& miner_;
  std::vector<Tokens> tokens_;  // of shapes, then of what they became
  std::vector<uint32_t> parent_;
  std::unordered_map<std::string, uint32_t> live_;
};

std::vector<Template> TemplateMiner::templates(std::vector<uint32_t>* of_shape) const {
  Merge merge(*this);
  merge.run();
  std::vector<Template> out;
  std::unordered_map<uint32_t, uint32_t> places;
  std::vector<uint32_t> groups(shapes_.size());
  for (uint32_t i = 0; i < shapes_.size(); ++i) {
    const uint32_t node = merge.of(i);
    const auto [place, fresh] = places.try_emplace(node, static_cast<uint32_t>(out.size()));
    groups[i] = place->second;
    if (fresh) {
      Template& made = out.emplace_back();
      for (const uint32_t token : merge.tokens(node)) made.text += words_[token];
      made.sample = shapes_[i].counts.sample;
    }
    Template& whole = out[place->second];
    whole.count += shapes_[i].counts.count;
    whole.earlier += shapes_[i].counts.earlier;
    for (size_t bin = 0; bin < kTemplateBins; ++bin) whole.bins[bin] += shapes_[i].counts.bins[bin];
  }
  std::vector<uint32_t> order(out.size());
  for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, [&](uint32_t a, uint32_t b) {
    return out[a].count != out[b].count ? out[a].count > out[b].count : a < b;
  });
  std::vector<Template> sorted;
  std::vector<uint32_t> place_of(out.size());
  for (const uint32_t one : order) {
    place_of[one] = static_cast<uint32_t>(sorted.size());
    sorted.push_back(std::move(out[one]));
  }
  if (of_shape != nullptr) {
    of_shape->clear();
    for (const uint32_t group : groups) of_shape->push_back(place_of[group]);
  }
  return sorted;
}

std::string_view severity_of(std::string_view message) {
  struct Row {
    std::string_view word;
    std::string_view severity;
  };
  constexpr std::array<Row, 14> kWords{{{"error", "Error"},
                                        {"err", "Error"},
                                        {"fatal", "Error"},
                                        {"critical", "Error"},
                                        {"severe", "Error"},
                                        {"panic", "Error"},
                                        {"exception", "Error"},
                                        {"warning", "Warning"},
                                        {"warn", "Warning"},
                                        {"info", "Info"},
                                        {"notice", "Info"},
                                        {"debug", "Debug"},
                                        {"trace", "Debug"},
                                        {"verbose", "Debug"}}};
  for (size_t at = 0; at < message.size();) {
    if (!is_letter(message[at])) {
      ++at;
      continue;
    }
    const size_t begin = at;
    while (at < message.size() && is_letter(message[at])) ++at;
    const std::string_view word = message.substr(begin, at - begin);
    for (const Row& row : kWords) {
      if (equals_ignore_case(row.word, word)) return row.severity;
    }
  }
  return {};
}

}  // namespace kansoku::query::rows
