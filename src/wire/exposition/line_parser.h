// The grammar of single lines, shared by all formats. Internal to this folder.
//
// Thread contract: thread-confined. Views into `unescaped_` live until the next line.
#pragma once

#include "wire/exposition/exposition.h"

namespace kansoku::wire::exposition {

// What a family check wants to know of a line; the position is that of the line's first byte.
struct LineRules {
  virtual ~LineRules() = default;
  // Empty: fine.
  virtual std::string on_type(std::string_view family, MetricType type) = 0;
  virtual std::string on_help(std::string_view family) = 0;
  virtual std::string on_unit(std::string_view family, std::string_view unit) = 0;
  virtual std::string on_sample(const Sample& sample) = 0;
  virtual std::string at_end() = 0;
};

class LineParser {
 public:
  LineParser(std::string_view text, const ParseOptions& options, Visitor& visitor,
             LineRules* rules);
  std::expected<void, Problem> run();

 private:
  bool open_metrics() const { return options_.format == Format::OpenMetrics; }
  bool fail(std::string message);
  bool fail_at(const char* where, std::string message);
  // An empty message is success; else it is said of the line.
  bool judge(std::string message);

  bool text_line();
  bool open_metrics_line();
  bool text_comment();
  bool metadata(std::string_view keyword);
  bool type_line(std::string_view family);
  bool sample_line();
  bool labels(std::vector<signal::LabelView>& out, std::string_view* name);
  bool label_item(std::vector<signal::LabelView>& out, std::string_view* name);
  bool separator_after_label();
  bool value(double& out);
  bool timestamp(std::optional<int64_t>& out);
  bool exemplar();
  bool end_of_sample();
  bool quoted_text(std::string_view& out);
  bool check_label_names(const std::vector<signal::LabelView>& labels);
  std::string_view help_text(std::string_view raw);
  std::string_view name_token(bool colons);
  std::string_view word();
  void blanks();
  bool at_line_end() const { return at_ == line_end_; }

  std::string_view text_;
  ParseOptions options_;
  Visitor& visitor_;
  LineRules* rules_;
  const char* at_ = nullptr;
  const char* line_begin_ = nullptr;
  const char* line_end_ = nullptr;
  size_t line_ = 0;
  bool ended_ = false;  // "# EOF" was met
  std::string unescaped_;
  std::string name_;
  Sample sample_;
  Exemplar exemplar_;
  Problem problem_;
};

}  // namespace kansoku::wire::exposition
