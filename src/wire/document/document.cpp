#include "wire/document/document.h"

#include "base/text/ascii.h"
#include "base/time/duration.h"

namespace kansoku::wire {
namespace {

// Letters of both cases are the same.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1,
                         diagonal + (lower_ascii(a[i - 1]) == lower_ascii(b[j - 1]) ? 0U : 1U)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

struct Suffix {
  std::string_view text;
  int64_t factor;
};

// A decimal number with one of the suffixes, or plain.
std::optional<int64_t> scaled(std::string_view text, std::span<const Suffix> suffixes) {
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !std::isfinite(number)) return std::nullopt;
  std::string_view rest(end, static_cast<size_t>(text.data() + text.size() - end));
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  int64_t factor = 0;
  if (rest.empty()) factor = 1;
  for (const Suffix& suffix : suffixes) {
    if (rest == suffix.text) factor = suffix.factor;
  }
  double value = number * static_cast<double>(factor);
  if (factor == 0 || std::abs(value) > 9e15) return std::nullopt;
  return static_cast<int64_t>(std::llround(value));
}

}  // namespace

std::string escape_pointer(std::string_view key) {
  std::string out;
  for (char c : key) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

const Node* Node::find(std::string_view key) const {
  for (const Entry& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

std::string_view Node::text_of(std::string_view key) const {
  const Node* found = find(key);
  return found != nullptr && found->kind == Kind::Scalar ? std::string_view(found->scalar)
                                                         : std::string_view();
}

std::optional<double> Node::number_of(std::string_view key) const {
  const Node* found = find(key);
  if (found == nullptr || found->kind != Kind::Scalar || found->quoted) return std::nullopt;
  double value = 0;
  const std::string& s = found->scalar;
  auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), value);
  if (error != std::errc() || end != s.data() + s.size()) return std::nullopt;
  return value;
}

std::string canonical(const Node& node) {
  switch (node.kind) {
    case Node::Kind::Null:
      return "n";
    case Node::Kind::Scalar: {
      if (node.quoted) return fmt::format("t{}:{}", node.scalar.size(), node.scalar);
      double value = 0;
      const std::string& s = node.scalar;
      auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), value);
      if (error != std::errc() || end != s.data() + s.size()) return "w" + s;
      return fmt::format("d{};", value);
    }
    case Node::Kind::Sequence: {
      std::string out = "[";
      for (const Node& item : node.items) out += canonical(item);
      return out + "]";
    }
    case Node::Kind::Mapping:
      break;
  }
  std::vector<std::string> entries;
  for (const Node::Entry& entry : node.entries) {
    entries.push_back(fmt::format("{}:{}{}", entry.key.size(), entry.key, canonical(entry.value)));
  }
  std::sort(entries.begin(), entries.end());
  std::string out = "{";
  for (const std::string& entry : entries) out += entry;
  return out + "}";
}

std::string Problem::to_string() const {
  return fmt::format("{}:{}:{}: {}: {}", file, at.line, at.column, pointer.empty() ? "/" : pointer,
                     message);
}

std::optional<std::string> did_you_mean(std::string_view word,
                                        const std::vector<std::string>& known) {
  std::optional<std::string> best;
  size_t best_distance = std::max<size_t>(word.size() / 3, 1) + 1;
  for (const std::string& candidate : known) {
    size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

Result<int64_t> parse_duration_ms(std::string_view text) {
  auto value = parse_decimal_duration_ms(text);
  if (!value) {
    return invalid_argument("{} is not a duration; write a number with ms, s, m, h, d or w",
                            quoted(text));
  }
  return *value;
}

Result<int64_t> parse_bytes(std::string_view text) {
  constexpr std::array<Suffix, 10> kSuffixes{{{"B", 1},
                                              {"kB", 1'000},
                                              {"KB", 1'000},
                                              {"MB", 1'000'000},
                                              {"GB", 1'000'000'000},
                                              {"TB", 1'000'000'000'000},
                                              {"KiB", 1LL << 10},
                                              {"MiB", 1LL << 20},
                                              {"GiB", 1LL << 30},
                                              {"TiB", 1LL << 40}}};
  auto value = scaled(text, kSuffixes);
  if (!value) {
    return invalid_argument("{} is not a size; write a number with kB, MB, GB, KiB, MiB or GiB",
                            quoted(text));
  }
  return *value;
}

std::string join_pointer(std::string_view pointer, std::string_view key) {
  return fmt::format("{}/{}", pointer, escape_pointer(key));
}

Reader::Reader(const Node& node, std::string file, std::string pointer,
               std::vector<Problem>& problems)
    : node_(node), file_(std::move(file)), pointer_(std::move(pointer)), problems_(problems) {
  if (node.kind != Node::Kind::Mapping && node.kind != Node::Kind::Null) {
    problems_.push_back({file_, node.at, pointer_, "must be a mapping"});
  }
}

const Node* Reader::take(std::string_view key) {
  asked_.emplace_back(key);
  const Node* found = node_.find(key);
  if (found != nullptr && found->kind == Node::Kind::Null) return nullptr;
  return found;
}

std::string Reader::pointer_of(std::string_view key) const { return join_pointer(pointer_, key); }

void Reader::problem(std::string_view key, std::string message) {
  const Node* found = node_.find(key);
  problems_.push_back(
      {file_, found != nullptr ? found->at : node_.at, pointer_of(key), std::move(message)});
}

const Node* Reader::scalar(std::string_view key, std::string_view expected) {
  const Node* found = take(key);
  if (found == nullptr) return nullptr;
  if (found->kind != Node::Kind::Scalar) {
    problem(key, fmt::format("must be {}", expected));
    return nullptr;
  }
  return found;
}

std::optional<std::string> Reader::text(std::string_view key) {
  const Node* found = scalar(key, "text");
  if (found == nullptr) return std::nullopt;
  return found->scalar;
}

std::optional<bool> Reader::boolean(std::string_view key) {
  const Node* found = scalar(key, "true or false");
  if (found == nullptr) return std::nullopt;
  if (!found->quoted && found->scalar == "true") return true;
  if (!found->quoted && found->scalar == "false") return false;
  problem(key, fmt::format("{} is not true or false", quoted(found->scalar)));
  return std::nullopt;
}

std::optional<int64_t> Reader::integer(std::string_view key, int64_t min, int64_t max) {
  const Node* found = scalar(key, "a number");
  if (found == nullptr) return std::nullopt;
  int64_t value = 0;
  const std::string& s = found->scalar;
  auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), value);
  if (error != std::errc() || end != s.data() + s.size()) {
    problem(key, fmt::format("{} is not a whole number", quoted(s)));
    return std::nullopt;
  }
  if (value < min || value > max) {
    problem(key, fmt::format("{} is out of range, {} to {}", value, min, max));
    return std::nullopt;
  }
  return value;
}

std::optional<int64_t> Reader::duration_ms(std::string_view key, int64_t min_ms, int64_t max_ms) {
  const Node* found = scalar(key, "a duration");
  if (found == nullptr) return std::nullopt;
  auto value = parse_duration_ms(found->scalar);
  if (!value) {
    problem(key, value.error().message);
    return std::nullopt;
  }
  if (*value < min_ms || *value > max_ms) {
    problem(key, fmt::format("{} is out of range, {} ms to {} ms", found->scalar, min_ms, max_ms));
    return std::nullopt;
  }
  return *value;
}

std::optional<int64_t> Reader::bytes(std::string_view key, int64_t min, int64_t max) {
  const Node* found = scalar(key, "a size");
  if (found == nullptr) return std::nullopt;
  auto value = parse_bytes(found->scalar);
  if (!value) {
    problem(key, value.error().message);
    return std::nullopt;
  }
  if (*value < min || *value > max) {
    problem(key, fmt::format("{} is out of range, {} to {} bytes", found->scalar, min, max));
    return std::nullopt;
  }
  return *value;
}

std::vector<std::string> Reader::text_list(std::string_view key) {
  std::vector<std::string> out;
  const Node* found = take(key);
  if (found == nullptr) return out;
  if (found->kind != Node::Kind::Sequence) {
    problem(key, "must be a list");
    return out;
  }
  for (const Node& item : found->items) {
    if (item.kind != Node::Kind::Scalar) {
      problem(key, "must be a list of text");
      return {};
    }
    out.push_back(item.scalar);
  }
  return out;
}

const Node* Reader::mapping(std::string_view key) {
  const Node* found = take(key);
  if (found == nullptr) return nullptr;
  if (found->kind != Node::Kind::Mapping) {
    problem(key, "must be a mapping");
    return nullptr;
  }
  return found;
}

const Node* Reader::any(std::string_view key) { return take(key); }

void Reader::finish() {
  for (const Node::Entry& entry : node_.entries) {
    if (std::find(asked_.begin(), asked_.end(), entry.key) != asked_.end()) continue;
    std::string message = fmt::format("unknown key {}", quoted(entry.key));
    if (auto guess = did_you_mean(entry.key, asked_)) {
      message += fmt::format(", did you mean \"{}\"?", *guess);
    }
    problems_.push_back({file_, entry.key_at, pointer_of(entry.key), std::move(message)});
  }
}

}  // namespace kansoku::wire
