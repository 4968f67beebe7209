// Described members of a configuration: checking, default, guesses at misspelt keys, what a key
// does here, reading into a struct and the reference page all come from one row a key.
#pragma once

#include <limits>
#include <span>
#include <type_traits>

#include "wire/document/document.h"

namespace kansoku::pipeline::cloudwatch_agent {

using wire::Node;
using wire::Problem;

// Inert: checked and accepted, does nothing here, which a notice says. Refused: a problem.
enum class Use : uint8_t { Used, Inert, Refused };
enum class Shape : uint8_t { Text, Integer, Boolean, Object, Objects, Texts, Maps, List, Any };

struct Section;
struct Member;
// Why a text is not allowed, or nothing.
using TextCheck = std::optional<std::string> (*)(const std::string& text);
// Puts a checked value into the struct of the section.
using Setter = void (*)(void* into, const Node& value, const Member& member);

struct Member {
  std::string_view key;
  Use use = Use::Used;
  Shape shape = Shape::Text;
  // Of a text its characters, of a number itself, of a list its items.
  int64_t min = 0;
  int64_t max = std::numeric_limits<int64_t>::max();
  std::string_view words;            // of a text: the allowed ones, with one blank between
  std::span<const int64_t> numbers;  // of a number: the allowed ones
  TextCheck check = nullptr;         // of a text, or of each text of a list
  const Section* section = nullptr;  // of objects
  bool required = false;
  Setter set = nullptr;
  std::string_view otherwise;  // the default, for people
  std::string_view doc;        // what it does; of an inert or refused key: why it does nothing
};

struct Section {
  std::string_view pointer;  // for people; * is any item of a list
  std::span<const Member> members;
  bool open = false;        // unknown keys are allowed
  std::string_view any_of;  // one of these keys is required; with one blank between
};

// What checking found.
struct Findings {
  const std::vector<std::string>& files;  // by Position::file
  std::vector<Problem> problems;
  std::vector<Problem> notices;

  Problem make(wire::Position at, std::string pointer, std::string message) const {
    return {files.at(at.file), at, std::move(pointer), std::move(message)};
  }
  void problem(wire::Position at, std::string pointer, std::string message) {
    problems.push_back(make(at, std::move(pointer), std::move(message)));
  }
  void notice(wire::Position at, std::string pointer, std::string message) {
    notices.push_back(make(at, std::move(pointer), std::move(message)));
  }
  // FILE:LINE:COL of a place.
  std::string place(wire::Position at) const {
    return fmt::format("{}:{}:{}", files.at(at.file), at.line, at.column);
  }
};

// Checks a value against the rows of its section.
void check(const Section& section, const Node& node, const std::string& pointer,
           Findings& findings);
// Fills the struct that the section's setters expect from a node that was checked.
void fill(const Section& section, const Node& node, void* into);
// The rows as tables of Markdown, the sections below them included.
std::string reference(std::span<const Section* const> sections);
// "text, 1 to 512 characters"
std::string values_of(const Member& member);
// The number of an unquoted scalar that is whole ("60", "60.0").
std::optional<int64_t> whole_number(const Node& node);

void assign(std::string& out, const Node& node, const Member& member);
void assign(bool& out, const Node& node, const Member& member);
void assign(int64_t& out, const Node& node, const Member& member);
void assign(std::vector<std::string>& out, const Node& node, const Member& member);
void assign(std::vector<std::vector<std::pair<std::string, std::string>>>& out, const Node& node,
            const Member& member);

template <class T>
void assign(std::optional<T>& out, const Node& node, const Member& member) {
  assign(out.emplace(), node, member);
}
// A struct of a section; one with a member `node` remembers where it stands.
template <class T>
  requires std::is_aggregate_v<T>
void assign(T& out, const Node& node, const Member& member) {
  if constexpr (requires { out.node = &node; }) out.node = &node;
  fill(*member.section, node, &out);
}
template <class T>
  requires std::is_aggregate_v<T>
void assign(std::vector<T>& out, const Node& node, const Member& member) {
  for (const Node& item : node.items) assign(out.emplace_back(), item, member);
}

template <class C, class T>
C class_of(T C::*);
// The setter of a member of a struct.
template <auto M>
void put(void* into, const Node& value, const Member& member) {
  using C = decltype(class_of(M));
  assign(static_cast<C*>(into)->*M, value, member);
}

}  // namespace kansoku::pipeline::cloudwatch_agent
