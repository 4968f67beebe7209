// GET /federate: the newest sample of every matching series, as text format 0.0.4.
#include <bit>
#include <unordered_map>

#include "api/prometheus/select.h"
#include "api/prometheus/values.h"

namespace kansoku::api::prometheus {
namespace {

// As far back as a sample is looked for (the reference server's lookback).
constexpr int64_t kLookbackMs = 5 * 60'000;
constexpr uint64_t kStaleNanBits = 0x7ff0000000000002ULL;

struct Newest {
  int64_t timestamp_ms = 0;
  double value = 0;
};

void append_label_value(std::string& out, std::string_view value) {
  out += '"';
  for (char c : value) {
    if (c == '\\' || c == '"') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  out += '"';
}

// Names that the text format cannot carry as they are: quoted for who asked for
// `escaping=allow-utf-8`, else with underscores.
class Exposition {
 public:
  explicit Exposition(bool allow_utf8) : allow_utf8_(allow_utf8) {}

  void family(std::string_view name) {
    if (name == family_) return;
    family_ = name;
    out_ += "# TYPE ";
    append_name(name, is_legacy_metric_name(name));
    out_ += " untyped\n";
  }
  void sample(const signal::Labels& labels, const Newest& newest) {
    std::string_view name = labels.get(signal::kNameLabel);
    bool plain = is_legacy_metric_name(name) || !allow_utf8_;
    if (plain) append_name(name, is_legacy_metric_name(name));
    out_ += '{';
    bool comma = false;
    if (!plain) {
      append_label_value(out_, name);
      comma = true;
    }
    signal::visit_labels(labels.canonical(), [&](signal::LabelView label) {
      if (label.name == signal::kNameLabel) return;
      if (comma) out_ += ',';
      comma = true;
      append_name(label.name, is_legacy_label_name(label.name));
      out_ += '=';
      append_label_value(out_, label.value);
    });
    // Every series of a federation has an instance, be it empty (the reference server adds it).
    if (labels.get("instance").empty()) out_ += comma ? R"(,instance="")" : R"(instance="")";
    out_ += fmt::format("}} {} {}\n", format_value(newest.value), newest.timestamp_ms);
  }
  std::string take() && { return std::move(out_); }

 private:
  void append_name(std::string_view name, bool legacy) {
    if (legacy) {
      out_ += name;
    } else if (allow_utf8_) {
      append_label_value(out_, name);
    } else {
      out_ += underscore_escaped(name);
    }
  }
  bool allow_utf8_;
  std::string family_;
  std::string out_;
};

Result<std::unordered_map<store::SeriesId, Newest>> newest_samples(
    const Context& context, const Call& call, const std::vector<store::SeriesInfo>& series,
    int64_t now_ms) {
  std::unordered_map<store::SeriesId, Newest> out;
  store::MetricScan scan{.scope = call.caller.scope,
                         .range = {now_ms - kLookbackMs + 1, now_ms + 1}};
  for (const store::SeriesInfo& info : series) scan.ids.push_back(info.id);
  auto report = context.services.metrics->scan(scan, [&](const store::SeriesPoints& points) {
    if (points.size() == 0 || points.distribution(points.size() - 1) != nullptr) return Status{};
    double value = points.values.back();
    if (std::bit_cast<uint64_t>(value) == kStaleNanBits) return Status{};
    out[points.id] = {points.timestamps_ms.back(), value};
    return Status{};
  });
  if (!report) return std::unexpected(std::move(report).error());
  return out;
}

net::HttpResponse federate_reply(const Context& context, const Call& call) {
  auto request = read_series_request(call, true);
  if (!request) return text_reply(400, request.error().message + "\n");
  int64_t now_ms = context.services.env.clock->wall_now().ms();
  request->start_ms = now_ms - kLookbackMs;
  request->end_ms = now_ms;
  auto series = select_series(context, call, *request);
  if (!series)
    return text_reply(error_code_http_status(series.error().code), series.error().message);
  // Series of value/count cells have no sample to pass on; their statistics are PromQL's business.
  std::erase_if(*series, [](const store::SeriesInfo& info) {
    return info.merge != signal::MergeKind::Replace;
  });
  auto newest = newest_samples(context, call, *series, now_ms);
  if (!newest)
    return text_reply(error_code_http_status(newest.error().code), newest.error().message);
  std::sort(series->begin(), series->end(), [](const auto& a, const auto& b) {
    return a.labels.get(signal::kNameLabel) < b.labels.get(signal::kNameLabel);
  });
  bool allow_utf8 =
      call.request.headers.get("accept").find("escaping=allow-utf-8") != std::string_view::npos;
  Exposition text(allow_utf8);
  for (const store::SeriesInfo& info : *series) {
    auto found = newest->find(info.id);
    std::string_view name = info.labels.get(signal::kNameLabel);
    if (found == newest->end() || name.empty()) continue;
    text.family(name);
    text.sample(info.labels, found->second);
  }
  net::HttpResponse out{.status = 200, .body = std::move(text).take()};
  out.headers.set("content-type",
                  fmt::format("text/plain; version=0.0.4; charset=utf-8; escaping={}",
                              allow_utf8 ? "allow-utf-8" : "underscores"));
  return out;
}

}  // namespace

void handle_federate(Context& context, CallPtr call) {
  answer_on_pool(context, std::move(call), federate_reply);
}

}  // namespace kansoku::api::prometheus
