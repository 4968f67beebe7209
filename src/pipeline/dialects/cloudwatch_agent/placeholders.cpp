#include "pipeline/dialects/cloudwatch_agent/placeholders.h"

#include "base/text/ascii.h"

namespace kansoku::pipeline::cloudwatch_agent {
namespace {

// The receiver replaces these when it knows the file.
constexpr std::array<std::string_view, 4> kOfFiles{"file_path", "file_name", "file_path_flat",
                                                   "file_path_group"};

std::string expanded(const Node& node, const std::string& pointer, const Variables& variables,
                     Findings& findings) {
  std::string out;
  std::string_view rest = node.scalar;
  while (!rest.empty()) {
    const size_t begin = rest.find("${");
    const size_t end = begin == std::string_view::npos ? begin : rest.find('}', begin);
    if (end == std::string_view::npos) break;
    const std::string_view name = rest.substr(begin + 2, end - begin - 2);
    out += rest.substr(0, begin);
    auto value = name.starts_with("aws:") ? std::nullopt : variables(name);
    if (value) {
      out += *value;
    } else {
      out += rest.substr(begin, end + 1 - begin);
      if (!name.starts_with("aws:")) {
        findings.notice(
            node.at, pointer,
            fmt::format("the variable {} is not set; the text stays as it is", quoted(name)));
      }
    }
    rest.remove_prefix(end + 1);
  }
  out += rest;
  return out;
}

}  // namespace

void expand_variables(Node& node, const std::string& pointer, const Variables& variables,
                      Findings& findings) {
  if (node.kind == Node::Kind::Scalar && node.quoted &&
      node.scalar.find("${") != std::string::npos) {
    node.scalar = expanded(node, pointer, variables, findings);
  }
  for (Node::Entry& entry : node.entries) {
    expand_variables(entry.value, wire::join_pointer(pointer, entry.key), variables, findings);
  }
  for (size_t i = 0; i < node.items.size(); ++i) {
    expand_variables(node.items[i], fmt::format("{}/{}", pointer, i), variables, findings);
  }
}

HostNames::HostNames(const HostFacts& facts, std::string_view region)
    : names_{{"instance_id", facts.instance_id, "i-UNKNOWN"},
             {"hostname", facts.ec2_hostname.empty() ? facts.local_hostname : facts.ec2_hostname,
              "UNKNOWN-HOST"},
             {"local_hostname", facts.local_hostname, "UNKNOWN-HOST"},
             {"ip_address", facts.ip_address, "UNKNOWN-IP"},
             {"aws_region", std::string(region), "UNKNOWN-REGION"},
             {"account_id", facts.account_id, "UNKNOWN-ACCOUNT"},
             {"date", facts.date, "UNKNOWN-DATE"}} {}

std::string HostNames::resolve(const std::string& text, wire::Position at,
                               const std::string& pointer, Findings& findings) const {
  std::string out;
  std::string_view rest = text;
  for (size_t begin = 0; (begin = rest.find('{')) != std::string_view::npos;) {
    const size_t end = rest.find('}', begin);
    if (end == std::string_view::npos) break;
    const std::string_view name = rest.substr(begin + 1, end - begin - 1);
    out += rest.substr(0, begin);
    auto known = std::find_if(names_.begin(), names_.end(),
                              [&](const Name& n) { return n.placeholder == name; });
    if (known != names_.end()) {
      out += known->value.empty() ? std::string(known->unknown) : known->value;
      if (known->value.empty()) {
        findings.notice(
            at, pointer,
            fmt::format("{{{}}} is not known on this host; it becomes {}", name, known->unknown));
      }
    } else {
      out += rest.substr(begin, end + 1 - begin);
      const bool of_file = std::find(kOfFiles.begin(), kOfFiles.end(), name) != kOfFiles.end();
      const bool of_variable = begin > 0 && rest[begin - 1] == '$';
      if (!of_file && !of_variable) {
        std::vector<std::string> words;
        for (const Name& n : names_) words.emplace_back(n.placeholder);
        auto guess = wire::did_you_mean(name, words);
        findings.notice(at, pointer,
                        fmt::format("{{{}}} is no placeholder{}; the text stays as it is", name,
                                    guess ? fmt::format(", did you mean {{{}}}?", *guess) : ""));
      }
    }
    rest.remove_prefix(end + 1);
  }
  out += rest;
  return out;
}

std::string group_from_path(std::string_view path, std::string_view kept) {
  std::string out(path);
  for (char& c : out) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && std::string_view(".-_/#").find(c) == std::string_view::npos &&
        kept.find(c) == std::string_view::npos) {
      c = '_';
    }
  }
  return out;
}

}  // namespace kansoku::pipeline::cloudwatch_agent
