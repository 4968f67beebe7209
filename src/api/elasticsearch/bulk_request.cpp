#include "api/elasticsearch/bulk_request.h"

#include "net/secrets/secrets.h"
#include "wire/json/json_writer.h"

namespace kansoku::api::elasticsearch {
namespace {

namespace es = wire::elasticsearch;

// Items read in a step: about two milliseconds.
constexpr size_t kItemsPerStep = 2'048;
// Of one request; each takes some 150 bytes of the answer.
constexpr size_t kItemsMax = 1'000'000;

struct Fault {
  int status;
  std::string_view type;
  std::string_view reason;
};

}  // namespace

Result<AnswerFilter> parse_filter_path(std::string_view text) {
  if (text.empty()) return AnswerFilter{};
  AnswerFilter out{.took = false, .errors = false, .items = false, .item_all = false};
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    const std::string_view path = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (path == "took") {
      out.took = true;
    } else if (path == "errors") {
      out.errors = true;
    } else if (path == "items" || path == "items.*") {
      out.items = out.item_all = true;
    } else if (path == "items.*.error" || path.starts_with("items.*.error.")) {
      out.items = out.item_error = true;
    } else if (path == "items.*.status") {
      out.items = out.item_status = true;
    } else {
      return invalid_argument(
          "filter_path knows took, errors, items, items.*.error and "
          "items.*.status, not {}",
          quoted(path));
    }
  }
  return out;
}

BulkRequest::BulkRequest(ElasticsearchApi::State& state, Caller caller, net::HttpRequest request,
                         net::HttpExchange exchange, std::string index, AnswerFilter filter)
    : state_(state),
      caller_(std::move(caller)),
      request_(std::move(request)),
      exchange_(std::move(exchange)),
      default_index_(std::move(index)),
      filter_(filter),
      began_ns_(state.services.env.clock->wall_now().ns),
      id_prefix_(net::random_hex(*state.services.env.random, 6)) {}

void BulkRequest::start() {
  state_.services.executor->post(Lane::Ingest, [self = shared_from_this()] {
    if (!self->begin()) return;
    run_steps(*self->state_.services.executor, Lane::Ingest, [self] { return self->step(); });
  });
}

bool BulkRequest::begin() {
  auto body = expand_body(state_.services, request_);
  if (!body) {
    const int status = body.error().status;
    end(error_answer(status, status == 429 ? "es_rejected_execution_exception" : "parse_exception",
                     body.error().message));
    return false;
  }
  memory_ = std::move(body->memory);
  body_.emplace(std::move(body->text));
  reader_.emplace(*body_);
  return true;
}

// True: there is more.
bool BulkRequest::step() {
  std::vector<Item> read;
  bool more = true;
  const size_t before = items_.size();
  for (size_t i = 0; i < kItemsPerStep; ++i) {
    auto item = reader_->next();
    if (!item || !*item || before + i >= kItemsMax) {
      more = false;
      if (!item) malformed_ = item.error().message;
      if (item && *item) malformed_ = fmt::format("more than {} items", kItemsMax);
      break;
    }
    const std::string_view name = (*item)->index.empty() ? default_index_ : (*item)->index;
    const uint32_t index = index_of(name);
    Item& out = read.emplace_back();
    out.action = (*item)->action;
    out.index = index;
    out.id = (*item)->id;
    out.kind = take(**item, index);
    if (out.kind != Kind::Created) continue;
    Open& open = open_[index];
    open.items.push_back(static_cast<uint32_t>(before + i));
  }
  {
    std::lock_guard lock(outcome_mutex_);
    std::ranges::move(read, std::back_inserter(items_));
  }
  for (auto& [index, open] : open_) {
    const bool full = open.items.size() >= kInputBatchRowsMax || open.bytes >= kInputBatchBytesMax;
    if (!open.items.empty() && (full || !more)) push(index);
  }
  if (!more) finish_part();
  return more;
}

uint32_t BulkRequest::index_of(std::string_view name) {
  const auto known = index_rows_.find(name);
  if (known != index_rows_.end()) return known->second;
  const auto row = static_cast<uint32_t>(indexes_.size());
  Index& index = indexes_.emplace_back();
  index.name = name;
  const std::array<std::string_view, kPlaceholders.size()> values{name, request_.peer.address};
  state_.group.expand(values, index.group);
  index.allowed = may_write(caller_, index.group);
  index_rows_.emplace(std::string(name), row);
  return row;
}

// Adds the item's event, or says why not.
BulkRequest::Kind BulkRequest::take(const es::BulkItem& item, uint32_t index) {
  if (item.action == es::Action::Update || item.action == es::Action::Delete)
    return Kind::NotSupported;
  if (!item.pipeline.empty() && item.pipeline != "_none") return Kind::NotSupported;
  if (indexes_[index].name.empty()) return Kind::NoIndex;
  if (!indexes_[index].allowed) return Kind::NotAllowed;
  if (item.document.size() > kInputMessageBytesMax) return Kind::TooLarge;
  const auto time_ns = es::time_of(*body_, item.document);
  if (!time_ns) return Kind::Malformed;
  add(item, index, time_ns->value_or(began_ns_));
  return Kind::Created;
}

void BulkRequest::add(const es::BulkItem& item, uint32_t index, int64_t time_ns) {
  Open& open = open_[index];
  if (open.builder.row_count() == 0) {
    std::string stream;
    const std::array<std::string_view, kPlaceholders.size()> values{indexes_[index].name,
                                                                    request_.peer.address};
    state_.stream.expand(values, stream);
    open.builder.add_stream({.group = indexes_[index].group, .stream = std::move(stream)});
    open.message_column = open.builder.text_column(signal::kMessagePath);
  }
  open.builder.add_text_row(0, time_ns, open.message_column, item.document);
  open.bytes += item.document.size();
}

void BulkRequest::push(uint32_t index) {
  Open& open = open_[index];
  open.bytes = 0;
  ++parts_;
  signal::AckToken token(
      open.items.size(), nullptr, Lane::Ingest,
      [self = shared_from_this(), items = std::exchange(open.items, {})](signal::Verdict verdict) {
        self->settle(items, verdict);
        self->finish_part();
      });
  state_.services.sink->push({caller_.scope, open.builder.finish(), {}, std::move(token)});
}

void BulkRequest::settle(const std::vector<uint32_t>& items, const signal::Verdict& verdict) {
  const Fate fate = fate_of(verdict);
  if (fate == Fate::Kept) return;
  std::lock_guard lock(outcome_mutex_);
  for (const uint32_t item : items) {
    items_[item].kind = fate == Fate::TryAgain ? Kind::TryAgain : Kind::Refused;
  }
  store_reason_ = verdict.status.error().to_string();
}

void BulkRequest::finish_part() {
  if (parts_.fetch_sub(1) == 1) answer();
}

void BulkRequest::answer() {
  memory_.release();
  size_t again = 0;
  std::map<std::string, uint64_t> refused;
  static constexpr std::array<const char*, 8> kReasons{
      "", "", "", "malformed", "too_large", "not_supported", "no_index", "not_allowed"};
  for (const Item& item : items_) {
    again += item.kind == Kind::TryAgain ? 1 : 0;
    if (item.kind >= Kind::Malformed) ++refused[kReasons[static_cast<size_t>(item.kind)]];
  }
  for (const auto& [reason, rows] : refused) {
    count_refused(state_.services, caller_, kReceiver, reason, rows);
  }
  if (malformed_) {
    // As Elasticsearch: what stands before the line is taken all the same.
    return end(error_answer(400, "illegal_argument_exception", *malformed_));
  }
  if (items_.empty()) {
    return end(error_answer(400, "parse_exception", "request body is required"));
  }
  if (again > 0 && again == items_.size()) {
    net::HttpResponse out = error_answer(503, "es_rejected_execution_exception", store_reason_);
    out.headers.set("retry-after", "1");
    return end(std::move(out));
  }
  net::HttpResponse out{.status = 200, .body = answer_body()};
  out.headers.set("content-type", "application/json");
  end(std::move(out));
}

std::string BulkRequest::answer_body() {
  const bool errors =
      std::ranges::any_of(items_, [](const Item& item) { return item.kind != Kind::Created; });
  std::string out = "{";
  const auto separate = [&] {
    if (out.size() > 1) out += ',';
  };
  if (filter_.errors) out += errors ? "\"errors\":true" : "\"errors\":false";
  if (filter_.took) {
    separate();
    const int64_t took_ns = state_.services.env.clock->wall_now().ns - began_ns_;
    out += fmt::format("\"took\":{}", std::max<int64_t>(took_ns, 0) / env::kNsPerMs);
  }
  const bool only_errors = !filter_.item_all && !filter_.item_status;
  if (filter_.items && (errors || !only_errors)) {
    separate();
    out += "\"items\":[";
    const size_t begin = out.size();
    out.reserve(begin + items_.size() * 160);
    for (size_t row = 0; row < items_.size(); ++row) {
      if (only_errors && items_[row].kind == Kind::Created) continue;
      if (out.size() > begin) out += ',';
      append_item(items_[row], row, out);
    }
    out += ']';
  }
  out += '}';
  return out;
}

void BulkRequest::append_item(const Item& item, size_t row, std::string& out) const {
  // By kind; the first is no fault.
  static constexpr std::array<Fault, 8> kFaults{{
      {201, {}, {}},
      {429, "es_rejected_execution_exception", {}},
      {400, "illegal_argument_exception", {}},
      {400, "document_parsing_exception", "the document is no JSON object"},
      {400, "illegal_argument_exception", "the document is too large, limit 1 MiB"},
      {400, "illegal_argument_exception",
       "only create and index are supported, without ingest pipelines"},
      {400, "illegal_argument_exception", "index is missing"},
      {403, "security_exception", "not authorized to perform logs:PutLogEvents on this group"},
  }};
  const Fault& fault = kFaults[static_cast<size_t>(item.kind)];
  out += "{\"";
  out += es::action_name(item.action);
  out += "\":{";
  const size_t begin = out.size();
  if (filter_.item_all) {
    out += "\"_index\":";
    wire::append_json_string(out, indexes_[item.index].name);
    out += ",\"_id\":";
    if (!item.id.empty()) {
      wire::append_json_string(out, item.id);
    } else {
      out += '"';
      out += id_prefix_;
      out += std::to_string(row);
      out += '"';
    }
    if (fault.type.empty()) {
      out += R"(,"_version":1,"result":"created","_shards":{"total":1,"successful":1,"failed":0})";
    }
  }
  if (filter_.item_all || filter_.item_status) {
    if (out.size() > begin) out += ',';
    out += "\"status\":";
    out += std::to_string(fault.status);
  }
  if (!fault.type.empty() && (filter_.item_all || filter_.item_error)) {
    if (out.size() > begin) out += ',';
    out += fmt::format("\"error\":{{\"type\":\"{}\",\"reason\":", fault.type);
    wire::append_json_string(out, fault.reason.empty() ? store_reason_ : fault.reason);
    out += '}';
  }
  out += "}}";
}

void BulkRequest::end(net::HttpResponse response) {
  memory_.release();
  response.headers.set("x-elastic-product", "Elasticsearch");
  if (response.status == 429) response.headers.set("retry-after", "1");
  exchange_.respond(std::move(response));
}

}  // namespace kansoku::api::elasticsearch
