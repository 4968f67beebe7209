#include "pipeline/dialects/cloudwatch_agent/schema.h"

namespace kansoku::pipeline::cloudwatch_agent {
namespace {

std::vector<std::string> split(std::string_view words) {
  std::vector<std::string> out;
  while (!words.empty()) {
    const size_t blank = std::min(words.find(' '), words.size());
    out.emplace_back(words.substr(0, blank));
    words.remove_prefix(std::min(blank + 1, words.size()));
  }
  return out;
}

std::string listed(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

std::string guess_at(std::string_view word, const std::vector<std::string>& known) {
  auto guess = wire::did_you_mean(word, known);
  return guess ? fmt::format(", did you mean \"{}\"?", *guess) : std::string();
}

int64_t characters(std::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; });
}

// "1 to 512", "at least 1", "at most 4096", or nothing.
std::string range_of(const Member& member) {
  const bool bounded = member.max != std::numeric_limits<int64_t>::max();
  if (member.min != 0 && bounded) return fmt::format("{} to {}", member.min, member.max);
  if (bounded) return fmt::format("at most {}", member.max);
  return member.min != 0 ? fmt::format("at least {}", member.min) : std::string();
}

std::string_view shape_name(Shape shape) {
  constexpr std::array<std::string_view, 9> kNames{"text",
                                                   "whole number",
                                                   "true or false",
                                                   "object",
                                                   "list of objects",
                                                   "list of texts",
                                                   "list of objects of texts",
                                                   "list",
                                                   "anything"};
  return kNames.at(static_cast<size_t>(shape));
}

// One value of a member, with the place for what is said of it.
class ValueCheck {
 public:
  ValueCheck(const Member& member, std::string pointer, Findings& findings)
      : member_(member), pointer_(std::move(pointer)), findings_(findings) {}

  void run(const Node& node) {
    switch (member_.shape) {
      case Shape::Text:
        return text(node, pointer_);
      case Shape::Integer:
        return integer(node);
      case Shape::Boolean:
        return boolean(node);
      case Shape::Object:
        return check(*member_.section, node, pointer_, findings_);
      case Shape::Objects:
      case Shape::Texts:
      case Shape::Maps:
      case Shape::List:
        return list(node);
      case Shape::Any:
        return;
    }
  }

 private:
  void problem(const Node& node, std::string message) {
    findings_.problem(node.at, pointer_, std::move(message));
  }
  void wrong_shape(const Node& node) {
    std::string found;
    if (node.kind == Node::Kind::Scalar) found = ", found " + quoted(node.scalar);
    if (node.kind == Node::Kind::Null) found = ", found null";
    problem(node, fmt::format("must be {}{}", values_of(member_), found));
  }

  void text(const Node& node, const std::string& pointer) {
    if (node.kind != Node::Kind::Scalar || !node.quoted) return wrong_shape(node);
    const bool of_list = member_.shape == Shape::Texts;
    const int64_t length = characters(node.scalar);
    if (!of_list && (length < member_.min || length > member_.max)) {
      problem(node, fmt::format("{} has {} characters, allowed are {}", quoted(node.scalar), length,
                                range_of(member_)));
      return;
    }
    if (const auto words = split(member_.words); !words.empty()) {
      if (std::find(words.begin(), words.end(), node.scalar) == words.end()) {
        problem(node, fmt::format("{} is none of {}{}", quoted(node.scalar), listed(words),
                                  guess_at(node.scalar, words)));
      }
      return;
    }
    if (member_.check == nullptr) return;
    if (auto why = member_.check(node.scalar)) {
      findings_.problem(node.at, pointer, std::move(*why));
    }
  }

  void integer(const Node& node) {
    auto value = whole_number(node);
    if (!value) return wrong_shape(node);
    if (!member_.numbers.empty()) {
      if (std::find(member_.numbers.begin(), member_.numbers.end(), *value) ==
          member_.numbers.end()) {
        problem(node, fmt::format("{} is none of {}", *value, values_of(member_)));
      }
    } else if (*value < member_.min || *value > member_.max) {
      problem(node, fmt::format("{} is out of range, {}", *value, range_of(member_)));
    }
  }

  void boolean(const Node& node) {
    const bool good = node.kind == Node::Kind::Scalar && !node.quoted &&
                      (node.scalar == "true" || node.scalar == "false");
    if (!good) wrong_shape(node);
  }

  void list(const Node& node) {
    if (node.kind != Node::Kind::Sequence) return wrong_shape(node);
    const auto count = static_cast<int64_t>(node.items.size());
    if (count < member_.min || count > member_.max) {
      problem(node, fmt::format("has {} items, allowed are {}", count, range_of(member_)));
    }
    for (size_t i = 0; i < node.items.size(); ++i) {
      const std::string pointer = fmt::format("{}/{}", pointer_, i);
      if (member_.shape == Shape::Texts) {
        text(node.items[i], pointer);
      } else if (member_.shape == Shape::Maps) {
        texts_of(node.items[i], pointer);
      } else if (member_.shape == Shape::Objects) {
        check(*member_.section, node.items[i], pointer, findings_);
      }
    }
    if (member_.shape == Shape::Objects) twice(node);
  }

  void texts_of(const Node& node, const std::string& pointer) {
    if (node.kind != Node::Kind::Mapping) {
      findings_.problem(node.at, pointer, "must be an object of texts");
    }
    for (const Node::Entry& entry : node.entries) {
      if (entry.value.kind == Node::Kind::Scalar && entry.value.quoted) continue;
      findings_.problem(entry.value.at, wire::join_pointer(pointer, entry.key), "must be text");
    }
  }

  void twice(const Node& node) {
    std::unordered_map<std::string, const Node*> seen;
    for (const Node& item : node.items) {
      auto [first, fresh] = seen.try_emplace(wire::canonical(item), &item);
      if (fresh) continue;
      problem(item, fmt::format("the same item stands at {} already",
                                findings_.place(first->second->at)));
    }
  }

  const Member& member_;
  std::string pointer_;
  Findings& findings_;
};

void check_member(const Member& member, const Node::Entry& entry, const std::string& pointer,
                  Findings& findings) {
  if (member.use == Use::Refused) {
    findings.problem(entry.key_at, pointer,
                     fmt::format("{} is not supported yet: {}", member.key, member.doc));
    return;
  }
  ValueCheck(member, pointer, findings).run(entry.value);
  if (member.use == Use::Inert) {
    findings.notice(entry.key_at, pointer,
                    fmt::format("{} is accepted and does nothing: {}", member.key, member.doc));
  }
}

}  // namespace

std::string values_of(const Member& member) {
  if (!member.words.empty()) return listed(split(member.words));
  if (!member.numbers.empty()) {
    std::string out;
    for (int64_t number : member.numbers)
      out += fmt::format("{}{}", out.empty() ? "" : ", ", number);
    return out;
  }
  std::string out(shape_name(member.shape));
  const std::string range = range_of(member);
  if (range.empty()) return out;
  if (member.shape == Shape::Text) return fmt::format("{}, {} characters", out, range);
  if (member.shape == Shape::Integer) return fmt::format("{}, {}", out, range);
  return fmt::format("{}, {} items", out, range);
}

void check(const Section& section, const Node& node, const std::string& pointer,
           Findings& findings) {
  if (node.kind != Node::Kind::Mapping) {
    findings.problem(node.at, pointer, "must be an object");
    return;
  }
  std::vector<std::string> known;
  for (const Member& member : section.members) known.emplace_back(member.key);
  for (const Node::Entry& entry : node.entries) {
    const std::string below = wire::join_pointer(pointer, entry.key);
    auto member = std::find_if(section.members.begin(), section.members.end(),
                               [&](const Member& m) { return m.key == entry.key; });
    if (member != section.members.end()) {
      check_member(*member, entry, below, findings);
      continue;
    }
    std::string message =
        fmt::format("unknown key {}{}", quoted(entry.key), guess_at(entry.key, known));
    if (section.open) {
      findings.notice(entry.key_at, below, message + (message.ends_with('?') ? "" : "; ignored"));
    } else {
      findings.problem(entry.key_at, below, std::move(message));
    }
  }
  for (const Member& member : section.members) {
    if (!member.required || node.find(member.key) != nullptr) continue;
    findings.problem(node.at, pointer, fmt::format("{} is required", member.key));
  }
  if (const auto any = split(section.any_of); !any.empty()) {
    const bool found =
        std::any_of(any.begin(), any.end(), [&](const std::string& key) { return node.find(key); });
    if (!found) {
      findings.problem(node.at, pointer, fmt::format("needs one of {}", listed(any)));
    }
  }
}

void fill(const Section& section, const Node& node, void* into) {
  for (const Member& member : section.members) {
    const Node* value = node.find(member.key);
    if (value != nullptr && member.set != nullptr) member.set(into, *value, member);
  }
}

std::string reference(std::span<const Section* const> sections) {
  std::string out;
  for (const Section* section : sections) {
    out += fmt::format(
        "{}### `{}`\n\n| key | values | default | meaning |\n| --- | --- | --- | --- |\n",
        out.empty() ? "" : "\n", section->pointer);
    for (const Member& member : section->members) {
      std::string doc(member.doc);
      if (member.use == Use::Inert) doc = "does nothing: " + doc;
      if (member.use == Use::Refused) doc = "**refused**: " + doc;
      const std::string_view otherwise = member.required            ? "required"
                                         : member.otherwise.empty() ? "none"
                                                                    : member.otherwise;
      out +=
          fmt::format("| `{}` | {} | {} | {} |\n", member.key, values_of(member), otherwise, doc);
    }
    if (section->open) out += "\nOther keys are ignored; a notice says so.\n";
  }
  return out;
}

std::optional<int64_t> whole_number(const Node& node) {
  if (node.kind != Node::Kind::Scalar || node.quoted) return std::nullopt;
  const std::string& s = node.scalar;
  double value = 0;
  auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), value);
  // Integers are exact in a double up to 2^53.
  const bool whole = error == std::errc() && end == s.data() + s.size() &&
                     std::abs(value) <= 9007199254740992.0 && value == std::trunc(value);
  return whole ? std::optional(static_cast<int64_t>(value)) : std::nullopt;
}

void assign(std::string& out, const Node& node, const Member&) { out = node.scalar; }
void assign(bool& out, const Node& node, const Member&) { out = node.scalar == "true"; }
void assign(int64_t& out, const Node& node, const Member&) {
  out = whole_number(node).value_or(out);
}
void assign(std::vector<std::string>& out, const Node& node, const Member&) {
  for (const Node& item : node.items) out.push_back(item.scalar);
}
void assign(std::vector<std::vector<std::pair<std::string, std::string>>>& out, const Node& node,
            const Member&) {
  for (const Node& item : node.items) {
    auto& map = out.emplace_back();
    for (const Node::Entry& entry : item.entries) map.emplace_back(entry.key, entry.value.scalar);
  }
}

}  // namespace kansoku::pipeline::cloudwatch_agent
