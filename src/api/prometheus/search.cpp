// /api/v1/search/{metric_names,label_names,label_values}: names by search terms, as lines of JSON.
#include <unordered_set>

#include "api/prometheus/search_match.h"
#include "api/prometheus/select.h"
#include "api/prometheus/streamed_answer.h"
#include "api/prometheus/values.h"

namespace kansoku::api::prometheus {
namespace {

constexpr size_t kLimitDefault = 100;
constexpr size_t kBatchDefault = 100;
// Where `start` is not given.
constexpr int64_t kPastMs = 3'600'000;

enum class Subject : uint8_t { MetricNames, LabelNames, LabelValues };
enum class Order : uint8_t { Ascending, Descending, Score };

struct SearchRequest {
  SeriesRequest series;
  SearchFilter::Options filter;
  Order order = Order::Ascending;
  bool include_score = false;
  bool include_metadata = false;
  size_t limit = kLimitDefault;
  size_t batch = kBatchDefault;
};

struct Found {
  std::string value;
  double score = 0;
};

// As Go's strconv.ParseBool.
Result<bool> read_bool(const Call& call, std::string_view name, bool otherwise) {
  std::string_view text = call.value(name);
  if (text.empty()) return otherwise;
  for (std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (text == yes) return true;
  }
  for (std::string_view no : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (text == no) return false;
  }
  return invalid_argument("invalid {} {}: must be boolean", name, quoted(text));
}

// 0 is what is not given: the server's choice.
Result<size_t> read_count(const Call& call, std::string_view name, size_t otherwise) {
  KANSOKU_TRY(size_t count, call.limit(name));
  return count == 0 ? otherwise : count;
}

Result<FuzzAlgorithm> read_algorithm(const Call& call) {
  std::string_view text = call.value("fuzz_alg");
  if (text.empty()) return FuzzAlgorithm::Subsequence;
  for (size_t i = 0; i < std::size(kFuzzAlgorithms); ++i) {
    if (text == kFuzzAlgorithms[i]) return static_cast<FuzzAlgorithm>(i);
  }
  return invalid_argument("unsupported fuzz_alg {}: must be \"subsequence\" or \"jarowinkler\"",
                          quoted(text));
}

Result<Order> read_order(const Call& call) {
  std::string_view by = call.value("sort_by");
  std::string_view direction = call.value("sort_dir");
  if (!by.empty() && by != "alpha" && by != "score") {
    return invalid_argument("invalid sort_by {}: must be \"alpha\" or \"score\"", quoted(by));
  }
  if (!direction.empty() && by != "alpha") {
    return invalid_argument("sort_dir is only valid with sort_by=alpha");
  }
  if (!direction.empty() && direction != "asc" && direction != "dsc") {
    return invalid_argument("invalid sort_dir {}: must be \"asc\" or \"dsc\"", quoted(direction));
  }
  if (by == "score" && call.values("search[]").empty()) {
    return invalid_argument("sort_by=score requires search[] to be set");
  }
  if (by == "score") return Order::Score;
  return direction == "dsc" ? Order::Descending : Order::Ascending;
}

Result<SearchRequest> read_search(const Context& context, const Call& call, Subject subject) {
  SearchRequest out;
  KANSOKU_TRY(out.series, read_series_request(call, false));
  int64_t now_ms = context.services.env.clock->wall_now().ms();
  if (call.value("start").empty()) out.series.start_ms = now_ms - kPastMs;
  if (call.value("end").empty()) out.series.end_ms = now_ms;
  if (out.series.end_ms < out.series.start_ms) {
    return invalid_argument("invalid parameter \"end\": end timestamp must not be before start");
  }
  if (subject == Subject::MetricNames) out.series.label = std::string(signal::kNameLabel);
  if (subject == Subject::LabelValues) {
    if (call.value("label").empty()) {
      return invalid_argument("missing required parameter \"label\"");
    }
    out.series.label = std::string(call.value("label"));
  }
  out.filter.terms = call.values("search[]");
  std::string_view threshold = call.value("fuzz_threshold");
  if (!threshold.empty()) {
    auto percent = call.limit("fuzz_threshold");
    if (!percent || *percent > 100) {
      return invalid_argument("invalid fuzz_threshold {}: must be 0-100", quoted(threshold));
    }
    out.filter.threshold = static_cast<double>(*percent) / 100;
  }
  KANSOKU_TRY(out.filter.algorithm, read_algorithm(call));
  KANSOKU_TRY(out.filter.case_sensitive, read_bool(call, "case_sensitive", true));
  KANSOKU_TRY(out.include_score, read_bool(call, "include_score", false));
  KANSOKU_TRY(out.include_metadata, read_bool(call, "include_metadata", false));
  KANSOKU_TRY(out.order, read_order(call));
  KANSOKU_TRY(out.limit, read_count(call, "limit", kLimitDefault));
  KANSOKU_TRY(out.batch, read_count(call, "batch_size", kBatchDefault));
  return out;
}

std::vector<Found> find(const std::vector<store::SeriesInfo>& series,
                        const SearchRequest& request) {
  std::unordered_set<std::string_view> values;
  for (const store::SeriesInfo& info : series) {
    if (request.series.label) {
      values.insert(info.labels.get(*request.series.label));
      continue;
    }
    signal::visit_labels(info.labels.canonical(),
                         [&](signal::LabelView label) { values.insert(label.name); });
  }
  values.erase(std::string_view());
  SearchFilter filter(request.filter);
  std::vector<Found> out;
  for (std::string_view value : values) {
    if (auto score = filter.score(value)) out.push_back({std::string(value), *score});
  }
  std::ranges::sort(out, [&](const Found& a, const Found& b) {
    if (request.order == Order::Score && a.score != b.score) return a.score > b.score;
    return request.order == Order::Descending ? a.value > b.value : a.value < b.value;
  });
  return out;
}

// The lines of one answer: batches of results, then how it ended.
struct Lines {
  const Context* context = nullptr;
  std::string account;
  Subject subject = Subject::MetricNames;
  SearchRequest request;
  std::vector<Found> found;
  bool has_more = false;
  size_t at = 0;
  bool begun = false;
  bool ended = false;

  std::optional<std::string> next();
  void append(wire::JsonWriter& json, const Found& one) const;
};

void Lines::append(wire::JsonWriter& json, const Found& one) const {
  json.begin_object();
  json.key(subject == Subject::LabelValues ? "value" : "name");
  json.string(one.value);
  if (request.include_score) {
    json.key("score");
    json.number(one.score);
  }
  if (subject == Subject::MetricNames && request.include_metadata) {
    for (const auto& family : context->metadata->list(account, one.value)) {
      json.key("type");
      json.string(wire::remote_write::metric_type_name(family.type));
      for (auto [key, text] : {std::pair{"help", &family.help}, {"unit", &family.unit}}) {
        if (text->empty()) continue;
        json.key(key);
        json.string(*text);
      }
    }
  }
  json.end_object();
}

std::optional<std::string> Lines::next() {
  if (ended) return std::nullopt;
  std::string line;
  wire::JsonWriter json(line);
  json.begin_object();
  // One batch at least, be it empty.
  if (at < found.size() || !begun) {
    begun = true;
    json.key("results");
    json.begin_array();
    size_t end = at + std::min(request.batch, found.size() - at);
    for (; at < end; ++at) append(json, found[at]);
    json.end_array();
  } else {
    ended = true;
    json.key("status");
    json.string("success");
    json.key("has_more");
    json.boolean(has_more);
  }
  json.end_object();
  line += '\n';
  return line;
}

void search(Context& context, CallPtr call, Subject subject) {
  auto request = read_search(context, *call, subject);
  if (!request) return call->answer(error_reply(request.error()));
  context.services.executor->post(Lane::Query, [&context, call = std::move(call), subject,
                                                request = std::move(*request)]() mutable {
    if (call->exchange.closed()) return;
    auto series = select_series(context, *call, request.series);
    if (!series) return call->answer(error_reply(series.error(), true));
    Lines lines{.context = &context, .account = call->caller.scope.account, .subject = subject};
    lines.found = find(*series, request);
    lines.has_more = lines.found.size() > request.limit;
    if (lines.has_more) lines.found.resize(request.limit);
    // Their terms are views into the call's form.
    request.filter.terms.clear();
    lines.request = std::move(request);
    stream_pieces(context, std::move(call),
                  {{"Content-Type", "application/x-ndjson; charset=utf-8"},
                   {"X-Content-Type-Options", "nosniff"}},
                  [lines = std::move(lines)]() mutable { return lines.next(); });
  });
}

}  // namespace

void handle_search_metric_names(Context& context, CallPtr call) {
  search(context, std::move(call), Subject::MetricNames);
}
void handle_search_label_names(Context& context, CallPtr call) {
  search(context, std::move(call), Subject::LabelNames);
}
void handle_search_label_values(Context& context, CallPtr call) {
  search(context, std::move(call), Subject::LabelValues);
}

}  // namespace kansoku::api::prometheus
