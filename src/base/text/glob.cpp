#include "base/text/glob.h"

#include <cstdint>
#include <optional>

namespace kansoku {
namespace {

// Matches one class at pattern[at] == '['; moves `at` behind it. Nothing: it is no class.
std::optional<bool> match_class(std::string_view pattern, size_t& at, char c) {
  size_t i = at + 1;
  bool negated = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
  if (negated) ++i;
  bool found = false;
  bool first = true;
  for (; i < pattern.size(); ++i) {
    if (pattern[i] == ']' && !first) {
      at = i + 1;
      return found != negated;
    }
    first = false;
    char low = pattern[i];
    if (i + 2 < pattern.size() && pattern[i + 1] == '-' && pattern[i + 2] != ']') {
      char high = pattern[i + 2];
      found = found || (low <= c && c <= high);
      i += 2;
    } else {
      found = found || low == c;
    }
  }
  return std::nullopt;
}

// Whether the character at `at` of the pattern takes c; moves `at` behind it.
bool match_one(std::string_view pattern, size_t& at, char c) {
  if (pattern[at] == '?') {
    ++at;
    return true;
  }
  if (pattern[at] == '[') {
    if (auto matched = match_class(pattern, at, c)) return *matched;
  }
  if (pattern[at] == '\\' && at + 1 < pattern.size()) ++at;
  return pattern[at++] == c;
}

size_t closing_brace(std::string_view text, size_t open) {
  int depth = 0;
  for (size_t i = open; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '{') {
      ++depth;
    } else if (text[i] == '}' && --depth == 0) {
      return i;
    }
  }
  return std::string_view::npos;
}

size_t opening_brace(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '{') {
      return i;
    }
  }
  return std::string_view::npos;
}

void expand(const std::string& pattern, std::vector<std::string>& out) {
  size_t open = opening_brace(pattern);
  size_t close = open == std::string::npos ? open : closing_brace(pattern, open);
  if (close == std::string::npos || out.size() >= PathGlob::kAlternativesMax) {
    out.push_back(pattern);
    return;
  }
  size_t begin = open + 1;
  int depth = 0;
  for (size_t i = begin; i <= close; ++i) {
    char c = pattern[i];
    if (c == '\\' && i < close) {
      ++i;
      continue;
    }
    if (c == '{') ++depth;
    if (c == '}' && i < close) --depth;
    if (i == close || (c == ',' && depth == 0)) {
      expand(pattern.substr(0, open) + pattern.substr(begin, i - begin) + pattern.substr(close + 1),
             out);
      begin = i + 1;
    }
  }
}

std::vector<std::string> levels_of(std::string_view path) {
  std::vector<std::string> out;
  for (size_t begin = 0; begin <= path.size();) {
    size_t slash = path.find('/', begin);
    if (slash == std::string_view::npos) slash = path.size();
    if (slash > begin) out.emplace_back(path.substr(begin, slash - begin));
    begin = slash + 1;
  }
  return out;
}

bool has_wildcard(std::string_view level) {
  return level.find_first_of("*?[\\") != std::string_view::npos;
}

// prefix: whether some path below `names` may match, instead of `names` itself.
bool match_levels(const std::vector<std::string>& pattern, size_t p,
                  const std::vector<std::string>& names, size_t n, bool prefix) {
  for (; p < pattern.size(); ++p, ++n) {
    if (pattern[p] == "**") {
      if (prefix) return true;
      for (size_t skip = n; skip <= names.size(); ++skip) {
        if (match_levels(pattern, p + 1, names, skip, prefix)) return true;
      }
      return false;
    }
    if (n == names.size()) return prefix;
    if (!glob_matches_name(pattern[p], names[n])) return false;
  }
  return n == names.size() && !prefix;
}

}  // namespace

bool glob_matches_name(std::string_view pattern, std::string_view name) {
  size_t p = 0;
  size_t n = 0;
  size_t star = std::string_view::npos;
  size_t star_name = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      star_name = n;
      continue;
    }
    size_t next = p;
    if (p < pattern.size() && match_one(pattern, next, name[n])) {
      p = next;
      ++n;
      continue;
    }
    if (star == std::string_view::npos) return false;
    p = star;
    n = ++star_name;
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

PathGlob::PathGlob(std::string_view pattern) {
  std::vector<std::string> expanded;
  expand(std::string(pattern), expanded);
  for (const std::string& one : expanded) alternatives_.push_back(levels_of(one));
}

bool PathGlob::matches(std::string_view path) const {
  std::vector<std::string> names = levels_of(path);
  for (const auto& pattern : alternatives_) {
    if (match_levels(pattern, 0, names, 0, false)) return true;
  }
  return false;
}

bool PathGlob::may_hold(std::string_view directory) const {
  std::vector<std::string> names = levels_of(directory);
  for (const auto& pattern : alternatives_) {
    if (match_levels(pattern, 0, names, 0, true)) return true;
  }
  return false;
}

std::vector<PathGlob::Root> PathGlob::roots() const {
  std::vector<Root> out;
  for (const auto& pattern : alternatives_) {
    Root root;
    size_t level = 0;
    while (level + 1 < pattern.size() && !has_wildcard(pattern[level])) {
      root.directory += '/' + pattern[level++];
    }
    if (root.directory.empty()) root.directory = "/";
    root.levels = pattern.size() - level;
    for (; level < pattern.size(); ++level)
      root.recursive = root.recursive || pattern[level] == "**";
    out.push_back(std::move(root));
  }
  return out;
}

}  // namespace kansoku
