// One bulk request on its way. Internal to this folder. Thread contract: steps run on the pool, one
// at a time; verdicts come from any thread, the last one answers.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <vector>

#include "api/elasticsearch/elasticsearch_api.h"
#include "pipeline/sending/name_template.h"
#include "wire/elasticsearch/bulk.h"

namespace kansoku::api::elasticsearch {

inline constexpr std::array<std::string_view, 2> kPlaceholders{"index", "peer"};

struct ElasticsearchApi::State {
  EventInputServices services;
  pipeline::NameTemplate group;
  pipeline::NameTemplate stream;
  std::string cluster_uuid;
};

// What of the answer is wanted (query parameter filter_path); all by default.
struct AnswerFilter {
  bool took = true;
  bool errors = true;
  bool items = true;
  bool item_all = true;  // else only these
  bool item_error = false;
  bool item_status = false;
};
// InvalidArgument for paths that are not known.
Result<AnswerFilter> parse_filter_path(std::string_view text);

// {"error":{"root_cause":[{"type":…,"reason":…}],"type":…,"reason":…},"status":…}
net::HttpResponse error_answer(int status, std::string_view type, std::string_view reason);

class BulkRequest : public std::enable_shared_from_this<BulkRequest> {
 public:
  BulkRequest(ElasticsearchApi::State& state, Caller caller, net::HttpRequest request,
              net::HttpExchange exchange, std::string index, AnswerFilter filter);
  // Begins on the pool.
  void start();

 private:
  enum class Kind : uint8_t {
    Created,
    TryAgain,
    Refused,    // by the store, for good
    Malformed,  // no JSON object
    TooLarge,
    NotSupported,  // update, delete, pipelines
    NoIndex,
    NotAllowed,
  };
  struct Item {
    wire::elasticsearch::Action action = wire::elasticsearch::Action::Create;
    Kind kind = Kind::Created;
    uint32_t index = 0;  // of indexes_
    std::string id;
  };
  // The events of one index that are being collected.
  struct Open {
    signal::EventBatchBuilder builder;
    uint32_t message_column = 0;
    size_t bytes = 0;
    std::vector<uint32_t> items;
  };
  bool begin();
  bool step();
  Kind take(const wire::elasticsearch::BulkItem& item, uint32_t index);
  void add(const wire::elasticsearch::BulkItem& item, uint32_t index, int64_t time_ns);
  uint32_t index_of(std::string_view name);
  void push(uint32_t index);
  void settle(const std::vector<uint32_t>& items, const signal::Verdict& verdict);
  void finish_part();
  void answer();
  std::string answer_body();
  void append_item(const Item& item, size_t row, std::string& out) const;
  void end(net::HttpResponse response);

  ElasticsearchApi::State& state_;
  Caller caller_;
  net::HttpRequest request_;
  net::HttpExchange exchange_;
  std::string default_index_;
  AnswerFilter filter_;
  int64_t began_ns_ = 0;
  std::string id_prefix_;
  MemoryLease memory_;
  std::optional<wire::PaddedText> body_;
  std::optional<wire::elasticsearch::BulkReader> reader_;
  std::map<std::string, uint32_t, std::less<>> index_rows_;
  struct Index {
    std::string name;
    std::string group;
    bool allowed = false;
  };
  std::deque<Index> indexes_;
  std::map<uint32_t, Open> open_;
  std::atomic<size_t> parts_{1};  // the reader is one
  std::mutex outcome_mutex_;      // guards the rest, while parts are out
  std::vector<Item> items_;
  std::string store_reason_;
  std::optional<std::string> malformed_;
};

}  // namespace kansoku::api::elasticsearch
