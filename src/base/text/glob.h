// Globs of file paths: `*` and `?` and `[a-z]` (also `[!a-z]`) within one level, `**` for any
// number of levels, `{a,b}` for alternatives, `\` before a character that is meant as it is. A
// leading dot of a name is not special. Thread contract: immutable, free-threaded.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kansoku {

class PathGlob {
 public:
  // Any text is a glob; a '[' without its ']' is itself, alternatives beyond kAlternativesMax too.
  explicit PathGlob(std::string_view pattern);
  bool matches(std::string_view path) const;
  // The folders where a walk has to begin: what stands before the first wildcard, one a pattern.
  struct Root {
    std::string directory;
    bool recursive = false;  // has `**`
    size_t levels = 0;       // below the root, where it is not recursive; 1: files in it
  };
  std::vector<Root> roots() const;
  // Whether files below this folder (of a walk) may match.
  bool may_hold(std::string_view directory) const;

  static constexpr size_t kAlternativesMax = 64;

 private:
  std::vector<std::vector<std::string>> alternatives_;  // levels of each
};

// One level: a name against a pattern of *, ?, [..] and \.
bool glob_matches_name(std::string_view pattern, std::string_view name);

}  // namespace kansoku
