#include "base/text/ascii.h"
#include "query/metric_search/tree.h"

namespace kansoku::query::metric_search {
namespace {

enum class Kind : uint8_t { Separator, Lower, Upper, Digit };

// Bytes of UTF-8 sequences count as lower-case letters: they have no case here.
Kind kind_of(char c) {
  if (c >= 'A' && c <= 'Z') return Kind::Upper;
  if ((c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80) return Kind::Lower;
  if (c >= '0' && c <= '9') return Kind::Digit;
  return Kind::Separator;
}

// Where the part that begins at `begin` ends: a run of digits, or of capitals, or one capital with
// the small letters behind it. Of `SDBFailure` the last capital begins the next part.
size_t part_end(std::string_view text, size_t begin) {
  Kind first = kind_of(text[begin]);
  size_t at = begin + 1;
  auto run = [&](Kind kind) {
    while (at < text.size() && kind_of(text[at]) == kind) ++at;
  };
  if (first != Kind::Upper) {
    run(first);
    return at;
  }
  run(Kind::Upper);
  if (at == text.size() || kind_of(text[at]) != Kind::Lower) return at;
  if (at - begin > 1) return at - 1;
  run(Kind::Lower);
  return at;
}

}  // namespace

std::vector<Part> parts_of(std::string_view name) {
  std::vector<Part> out;
  size_t piece = 0;
  for (size_t at = 0; at < name.size();) {
    if (kind_of(name[at]) == Kind::Separator) {
      if (!out.empty()) piece = out.back().piece + 1;
      ++at;
      continue;
    }
    size_t end = part_end(name, at);
    out.push_back({name.substr(at, end - at), piece});
    at = end;
  }
  return out;
}

std::vector<std::string> tokens_of(std::string_view name) {
  std::vector<Part> parts = parts_of(name);
  std::vector<std::string> out;
  if (parts.empty()) return out;
  out.emplace_back();
  for (const Part& part : parts) out.front() += lower_ascii(part.text);
  for (const Part& part : parts) {
    std::string token = lower_ascii(part.text);
    if (std::ranges::find(out, token) == out.end()) out.push_back(std::move(token));
  }
  return out;
}

PartialTerm::PartialTerm(std::string_view text) {
  std::vector<Part> parts = parts_of(text);
  for (size_t i = 0; i < parts.size(); ++i) {
    bool alone = (i == 0 || parts[i - 1].piece != parts[i].piece) &&
                 (i + 1 == parts.size() || parts[i + 1].piece != parts[i].piece);
    std::string lower = lower_ascii(parts[i].text);
    joined_ += lower;
    parts_.push_back({alone ? std::move(lower) : std::string(parts[i].text), alone});
  }
}

bool PartialTerm::matches(std::string_view name) const {
  std::vector<Part> parts = parts_of(name);
  std::string joined;
  for (const Part& part : parts) joined += lower_ascii(part.text);
  if (!joined_.empty() && joined == joined_) return true;
  auto same = [](const TermPart& wanted, const Part& part) {
    return wanted.any_case ? equals_ignore_case(wanted.text, part.text) : wanted.text == part.text;
  };
  for (size_t begin = 0; begin + parts_.size() <= parts.size(); ++begin) {
    size_t length = 0;
    while (length < parts_.size() && same(parts_[length], parts[begin + length])) ++length;
    if (length == parts_.size()) return !parts_.empty();
  }
  return false;
}

bool partial_match(std::string_view term, std::string_view name) {
  return PartialTerm(term).matches(name);
}

}  // namespace kansoku::query::metric_search
