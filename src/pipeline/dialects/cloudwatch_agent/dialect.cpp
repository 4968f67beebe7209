#include "pipeline/dialects/cloudwatch_agent/dialect.h"

#include "pipeline/dialects/cloudwatch_agent/logs.h"
#include "pipeline/dialects/cloudwatch_agent/merge.h"
#include "pipeline/dialects/cloudwatch_agent/settings.h"

namespace kansoku::pipeline::cloudwatch_agent {
namespace {

constexpr size_t kFolderDepthMax = 16;
constexpr size_t kFilesMax = 1'000;

class Translator {
 public:
  Translator(std::vector<SourceFile> files, const HostFacts& facts, const Options& options)
      : files_(std::move(files)), facts_(facts), options_(options) {
    std::ranges::sort(files_, {}, &SourceFile::name);
    for (const SourceFile& file : files_) file_names_.push_back(file.name);
    variables_ = [this](std::string_view name) -> std::optional<std::string> {
      if (auto own = env_config_.find(name); own != env_config_.end()) return own->second;
      return facts_.environment ? facts_.environment(name) : std::nullopt;
    };
  }

  std::expected<Translation, std::vector<Problem>> run() {
    Translation out;
    read_settings(out.graph.agent);
    read_documents();
    if (files_.empty()) findings_.problems.push_back({"-", {1, 1}, "", "no configuration"});
    if (!findings_.problems.empty()) return std::unexpected(std::move(findings_.problems));
    if (documents_ > 0) expand();
    if (!findings_.problems.empty()) return std::unexpected(std::move(findings_.problems));
    Document document;
    fill(document_section(), merged_, &document);
    const Mode mode = detect_mode(options_.mode, facts_);
    apply_agent_section(document.agent, facts_, mode, variables_, out.graph.agent);
    if (document.logs) {
      add_logs(*document.logs, {facts_, mode, options_, variables_, findings_}, out.graph);
    }
    if (!findings_.problems.empty()) return std::unexpected(std::move(findings_.problems));
    out.notices = std::move(findings_.notices);
    return out;
  }

 private:
  // Variables before what may use them.
  void read_settings(AgentSettings& settings) {
    for (const SourceFile& file : files_) {
      if (file.kind != SourceFile::Kind::EnvConfig) continue;
      if (auto node = taken(wire::parse_json_document(file.text, file.name))) {
        env_config_ = read_env_config(*node, file.name, findings_.problems);
      }
    }
    settings.imds_retries = imds_retries_of(variables_);
    for (const SourceFile& file : files_) {
      if (file.kind != SourceFile::Kind::CommonConfig) continue;
      if (auto node = taken(wire::parse_toml(file.text, file.name))) {
        read_common_config(*node, file.name, settings, findings_.problems);
      }
    }
  }

  // Each file alone is checked first, then they are merged.
  void read_documents() {
    for (size_t i = 0; i < files_.size(); ++i) {
      const SourceFile& file = files_[i];
      if (file.kind != SourceFile::Kind::Agent) continue;
      auto node =
          taken(wire::parse_json_document(file.text, file.name, {}, static_cast<uint32_t>(i)));
      if (!node) continue;
      const size_t before = findings_.problems.size();
      check(document_section(), *node, "", findings_);
      if (findings_.problems.size() != before) continue;
      if (documents_++ == 0) {
        merged_ = std::move(*node);
      } else {
        merge(merged_, std::move(*node), findings_);
      }
    }
  }

  // What variables made of the texts is checked as the texts were; its notices were told already.
  void expand() {
    expand_variables(merged_, "", variables_, findings_);
    Findings expanded{file_names_, {}, {}};
    check(document_section(), merged_, "", expanded);
    findings_.problems = std::move(expanded.problems);
  }

  std::optional<Node> taken(std::expected<Node, Problem> parsed) {
    if (parsed) return std::move(*parsed);
    findings_.problems.push_back(std::move(parsed.error()));
    return std::nullopt;
  }

  std::vector<SourceFile> files_;
  const HostFacts& facts_;
  const Options& options_;
  std::vector<std::string> file_names_;
  Findings findings_{file_names_, {}, {}};
  std::map<std::string, std::string, std::less<>> env_config_;
  Variables variables_;
  Node merged_;
  size_t documents_ = 0;
};

// Files of a folder, those of its folders included.
class Loader {
 public:
  explicit Loader(env::FileSystem& files) : files_(files) {}

  void add(const std::string& path, size_t depth) {
    auto info = files_.info(path);
    if (!info) return problem(path, info.error().message);
    if (info->is_directory) return add_folder(path, depth);
    if (!info->is_regular) return problem(path, "is no regular file");
    auto text = files_.read_all(path, wire::DocumentLimits{}.bytes_max);
    if (!text) return problem(path, text.error().message);
    if (sources.size() >= kFilesMax) return problem(path, "too many files");
    sources.push_back({path, std::move(*text), kind_of(path)});
  }

  std::vector<SourceFile> sources;
  std::vector<Problem> problems;

 private:
  void problem(const std::string& path, std::string message) {
    problems.push_back({path, {1, 1}, "", std::move(message)});
  }

  void add_folder(const std::string& path, size_t depth) {
    if (depth >= kFolderDepthMax) return problem(path, "folders are nested too deeply");
    auto entries = files_.list(path);
    if (!entries) return problem(path, entries.error().message);
    for (const env::DirectoryEntry& entry : *entries) {
      const bool skipped = std::ranges::any_of(
          std::array<std::string_view, 3>{".yaml", ".yml", ".tmp"},
          [&](std::string_view suffix) { return entry.name.ends_with(suffix); });
      if (!skipped) add(fmt::format("{}/{}", path, entry.name), depth + 1);
    }
  }

  env::FileSystem& files_;
};

}  // namespace

std::expected<Translation, std::vector<Problem>> translate(std::vector<SourceFile> files,
                                                           const HostFacts& facts,
                                                           const Options& options) {
  return Translator(std::move(files), facts, options).run();
}

SourceFile::Kind kind_of(std::string_view name) {
  if (name.ends_with(".toml")) return SourceFile::Kind::CommonConfig;
  const std::string_view base = name.substr(name.rfind('/') + 1);
  return base == "env-config.json" ? SourceFile::Kind::EnvConfig : SourceFile::Kind::Agent;
}

std::expected<std::vector<SourceFile>, std::vector<Problem>> load_sources(
    env::FileSystem& files, const std::vector<std::string>& paths) {
  Loader loader(files);
  for (const std::string& path : paths) loader.add(path, 0);
  if (!loader.problems.empty()) return std::unexpected(std::move(loader.problems));
  return std::move(loader.sources);
}

bool is_agent_configuration(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  if (begin == std::string_view::npos || text[begin] != '{') return false;
  auto node = wire::parse_json_document(text, "");
  // What was meant as JSON is told so by a reader of JSON.
  if (!node) return true;
  return std::ranges::any_of(document_section().members,
                             [&](const Member& member) { return node->find(member.key); });
}

std::string config_reference() { return reference(all_sections()) + common_config_reference(); }

}  // namespace kansoku::pipeline::cloudwatch_agent
