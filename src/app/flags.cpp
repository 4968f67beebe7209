#include "app/flags.h"

#include "wire/document/document.h"

namespace kansoku::app {

Result<std::vector<std::string>> parse_flags(const Command& command,
                                             const std::vector<std::string>& arguments,
                                             bool& help) {
  std::vector<std::string> operands;
  bool flags_over = false;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (flags_over || argument.size() < 2 || argument[0] != '-') {
      operands.push_back(argument);
      continue;
    }
    if (argument == "--") {
      flags_over = true;
      continue;
    }
    if (argument == "--help" || argument == "-h") {
      help = true;
      continue;
    }
    size_t equals = argument.find('=');
    std::string name = argument.substr(0, equals);
    auto found = std::find_if(command.flags.begin(), command.flags.end(),
                              [&](const Flag& flag) { return flag.name == name; });
    if (found == command.flags.end()) {
      std::vector<std::string> known;
      for (const Flag& flag : command.flags) known.push_back(flag.name);
      auto guess = wire::did_you_mean(name, known);
      return invalid_argument("unknown option {}{}", name,
                              guess ? fmt::format(", did you mean {}?", *guess) : std::string());
    }
    std::string value;
    if (!found->value_name.empty()) {
      if (equals != std::string::npos) {
        value = argument.substr(equals + 1);
      } else if (i + 1 < arguments.size()) {
        value = arguments[++i];
      } else {
        return invalid_argument("{} needs a value: {} {}", name, name, found->value_name);
      }
    } else if (equals != std::string::npos) {
      return invalid_argument("{} takes no value", name);
    }
    if (auto status = found->set(value); !status) {
      return invalid_argument("{}: {}", name, status.error().message);
    }
  }
  return operands;
}

std::string help_text(const Command& command) {
  std::string out = fmt::format("usage: {}\n\n{}\n", command.usage, command.summary);
  if (!command.flags.empty()) out += "\noptions:\n";
  size_t width = 0;
  auto head = [](const Flag& flag) {
    return flag.value_name.empty() ? flag.name : flag.name + " " + flag.value_name;
  };
  for (const Flag& flag : command.flags) width = std::max(width, head(flag).size());
  for (const Flag& flag : command.flags) {
    out += fmt::format("  {:<{}}  {}\n", head(flag), width, flag.help);
  }
  if (!command.examples.empty()) out += "\nexamples:\n" + command.examples;
  return out;
}

}  // namespace kansoku::app
