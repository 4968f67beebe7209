#include "watch/log_subscriptions/log_subscriptions.h"

#include <doctest/doctest.h>

#include <deque>

#include "base/env/sim.h"
#include "base/text/base64.h"
#include "net/http/http.h"
#include "store/reference/reference_events.h"
#include "watch/log_subscriptions/payload.h"
#include "wire/document/document.h"

namespace kansoku::watch::log_subscriptions {
namespace {

const signal::Scope kScope{"1", "r"};

// Filters, and cursors that outlive the delivery.
struct Filters final : Definitions {
  Subscriptions list;
  std::map<std::string, int64_t> cursors;

  bool none() const override { return list.empty(); }
  std::shared_ptr<const Subscriptions> subscriptions_of(const signal::Scope& scope,
                                                        std::string_view group) const override {
    auto out = std::make_shared<Subscriptions>();
    for (const SubscriptionPtr& one : list) {
      if (one->scope == scope && one->group == group) out->push_back(one);
    }
    return out->empty() ? nullptr : out;
  }
  Subscriptions all() const override { return list; }
  std::optional<int64_t> cursor_of(const Subscription& one) const override {
    const auto found = cursors.find(one.id);
    if (found == cursors.end()) return std::nullopt;
    return found->second;
  }
  void save_cursors(std::vector<std::pair<SubscriptionPtr, int64_t>> saved) override {
    for (const auto& [one, cursor] : saved) cursors[one->id] = cursor;
  }
};

// A store that answers when it is told to.
struct Gate final : pipeline::EventSink {
  explicit Gate(store::EventStore& s) : store(s) {}
  void push(signal::EventDelivery delivery) override {
    if (shut) {
      held.push_back(std::move(delivery));
    } else {
      store.append(std::move(delivery));
    }
  }
  void open() {
    shut = false;
    for (auto& delivery : held) store.append(std::move(delivery));
    held.clear();
  }
  store::EventStore& store;
  bool shut = false;
  std::vector<signal::EventDelivery> held;
};

struct World {
  env::SimClock clock;
  env::SimRandom random{5};
  ManualExecutor executor;
  store::ReferenceEventStore store{clock};
  Gate gate{store};
  Filters filters;
  std::shared_ptr<LogSubscriptions> deliver;
  // What arrived: the texts of messages, and whole payloads.
  std::vector<std::string> messages;
  std::vector<std::string> payloads;
  std::vector<std::string> keys;
  // Whom to answer, when the destination is slow.
  std::deque<LogSubscriptions::Done> waiting;
  bool slow = false;
  bool full = false;
  Status verdict;
  int64_t stored_ms = 0;  // the newest event's time

  World() { start(); }
  void start() {
    LogSubscriptions::Parts parts{.clock = &clock,
                                  .timers = &clock,
                                  .executor = &executor,
                                  .random = &random,
                                  .next = &gate,
                                  .definitions = &filters};
    parts.read = [this](LogSubscriptions::Work work) {
      query::QueryContext context(clock, {});
      work(&store, context);
    };
    parts.send = [this](const Subscription& one, std::vector<OutRecord> records, uint64_t,
                        env::WallTime, LogSubscriptions::Done done) -> Status {
      if (full) return resource_exhausted("full");
      for (const OutRecord& record : records) {
        CHECK(one.name.starts_with("f"));
        payloads.push_back(*net::decode_content("gzip", record.bytes, 64U << 20));
        keys.push_back(record.partition_key);
        const auto json = wire::parse_json(payloads.back());
        REQUIRE(json.has_value());
        for (const wire::Node& event : json->find("logEvents")->items)
          messages.emplace_back(event.text_of("message"));
      }
      if (slow) {
        waiting.push_back(std::move(done));
      } else {
        done(verdict);
      }
      return {};
    };
    parts.event_id = [](const store::EventId& id) {
      return fmt::format("{}.{}.{}", id.timestamp_ns, id.log_sequence, id.row);
    };
    deliver = LogSubscriptions::make(std::move(parts));
    deliver->start();
  }
  // As after a kill -9: nothing is saved that was not saved before.
  void kill_and_start() {
    deliver.reset();
    start();
  }
  void add(std::string pattern = "", std::string name = "f", std::string group = "g") {
    filters.list.push_back(std::make_shared<const Subscription>(
        Subscription{.id = "1/r/" + group + ":" + name,
                     .scope = kScope,
                     .group = group,
                     .name = name,
                     .destination = "d",
                     .payload_bytes_max = 512 * 1024,
                     .pattern = *query::log_filter::Pattern::parse(pattern),
                     .created_ns = clock.wall_now().ns}));
    clock.advance(1'000'000);
  }
  void put(std::vector<std::string> texts, int64_t age_s = 0, std::string stream = "s",
           std::string group = "g") {
    signal::EventBatchBuilder builder;
    const uint32_t row = builder.add_stream({std::move(group), std::move(stream)});
    stored_ms = clock.wall_now().ms();
    for (const std::string& text : texts) {
      builder.add_row(row, clock.wall_now().ns - age_s * env::kNsPerS);
      builder.set_text(signal::kMessagePath, text);
    }
    deliver->push({kScope,
                   builder.finish(),
                   {},
                   signal::AckToken(texts.size(), nullptr, Lane::Ingest, [](signal::Verdict) {})});
  }
  void seconds(int n) {
    for (int i = 0; i < n; ++i) {
      clock.advance(env::kNsPerS);
      executor.run_until_idle();
    }
  }
  std::vector<std::string> take() {
    std::ranges::sort(messages);
    return std::exchange(messages, {});
  }
};

using List = std::vector<std::string>;

}  // namespace

TEST_CASE("subscriptions deliver what is stored from their creation on, as CloudWatch Logs does") {
  World world;
  world.put({"before"});
  world.add("ERROR");
  world.put({"ERROR elsewhere"}, 0, "s", "other");
  world.put({"ERROR one", "fine", "ERROR two"});
  world.seconds(2);
  CHECK(world.take() == List{"ERROR one", "ERROR two"});
  REQUIRE(world.payloads.size() == 1);
  const auto json = wire::parse_json(world.payloads[0]);
  CHECK(json->text_of("messageType") == "DATA_MESSAGE");
  CHECK(json->text_of("owner") == "1");
  CHECK(json->text_of("logGroup") == "g");
  CHECK(json->text_of("logStream") == "s");
  CHECK(json->find("subscriptionFilters")->items.at(0).scalar == "f");
  const wire::Node& event = json->find("logEvents")->items.at(0);
  CHECK_FALSE(event.text_of("id").empty());
  CHECK(event.text_of("timestamp") == std::to_string(world.stored_ms));
  CHECK(world.keys == List{"s"});
  world.seconds(10);
  CHECK(world.take().empty());
}

TEST_CASE("subscriptions deliver late events, streams apart, to every filter") {
  World world;
  world.add("", "f1");
  world.add("b", "f2");
  world.put({"a old", "b old"}, 10 * 86'400, "x");
  world.put({"a"}, 0, "y");
  world.put({"b soon"}, -3'600, "y");
  world.seconds(2);
  CHECK(world.take() == List{"a", "a old", "b old", "b old", "b soon", "b soon"});
  // Two streams of one filter, and of the other too.
  CHECK(world.payloads.size() == 4);
}

TEST_CASE("a batch that is on its way is waited for, and comes once") {
  World world;
  world.add();
  world.seconds(2);
  world.gate.shut = true;
  world.put({"slow"});
  world.seconds(1);
  world.gate.shut = false;
  world.put({"quick"});
  world.seconds(3);
  CHECK(world.take().empty());  // acknowledged after one that is not
  world.gate.open();
  world.seconds(2);
  CHECK(world.take() == List{"quick", "slow"});
  world.seconds(5);
  CHECK(world.take().empty());
}

TEST_CASE("a destination that is down loses nothing, and nothing waits in memory") {
  World world;
  world.add();
  world.seconds(1);
  world.full = true;
  for (int i = 0; i < 5; ++i) {
    world.put({std::to_string(i)});
    world.seconds(1);
  }
  CHECK(world.deliver->stats().behind == 1);
  world.full = false;
  world.seconds(3);
  CHECK(world.take() == List{"0", "1", "2", "3", "4"});
  CHECK(world.deliver->stats().behind == 0);
  CHECK(world.deliver->stats().delivered == 5);
}

TEST_CASE("a slow destination gets chunk after chunk, one at a time") {
  World world;
  world.add();
  world.slow = true;
  world.seconds(1);
  for (int i = 0; i < 40; ++i) world.put(List(1, std::string(100'000, static_cast<char>('A' + i))));
  world.seconds(3);
  CHECK(world.waiting.size() == 1);
  CHECK(world.messages.size() < 15);
  for (int i = 0; i < 10 && !world.waiting.empty(); ++i) {
    auto done = std::move(world.waiting.front());
    world.waiting.pop_front();
    done({});
    world.seconds(2);
    CHECK(world.waiting.size() <= 1);
  }
  const List all = world.take();
  CHECK(all.size() == 40);
  CHECK(std::set<std::string>(all.begin(), all.end()).size() == 40);
}

TEST_CASE("after a restart delivery goes on where it was saved, at least once") {
  World world;
  world.add();
  world.put({"a"});
  world.seconds(7);  // delivered and saved
  CHECK(world.take() == List{"a"});
  world.full = true;
  world.put({"b", "c"}, 3 * 86'400);
  world.seconds(7);
  SUBCASE("by kill") { world.kill_and_start(); }
  SUBCASE("by stop") {
    world.deliver->stop();
    world.kill_and_start();
  }
  world.full = false;
  world.seconds(3);
  CHECK(world.take() == List{"b", "c"});
  CHECK(world.deliver->stats().recovered == 2);
  // Delivered and not saved: once more.
  world.put({"d"});
  world.seconds(2);
  CHECK(world.take() == List{"d"});
  world.kill_and_start();
  world.seconds(3);
  const List again = world.take();
  CHECK(std::ranges::count(again, "d") <= 1);
  world.deliver->stop();
  world.kill_and_start();
  world.seconds(3);
  CHECK(world.take().empty());
}

TEST_CASE("what is given up is counted, and delivery goes on") {
  World world;
  world.add();
  world.verdict = invalid_argument("never");
  world.put({"a"});
  world.seconds(2);
  world.verdict = {};
  world.put({"b"});
  world.seconds(2);
  CHECK(world.take() == List{"a", "b"});
  CHECK(world.deliver->stats().dropped == 1);
  CHECK(world.deliver->stats().delivered == 1);
}

TEST_CASE("a filter that is gone delivers nothing any more; one of its name begins anew") {
  World world;
  world.add();
  world.full = true;
  world.put({"a"});
  world.seconds(2);
  world.filters.list.clear();
  world.full = false;
  world.put({"b"});
  world.seconds(3);
  CHECK(world.take().empty());
  world.add();
  world.put({"c"});
  world.seconds(3);
  CHECK(world.take() == List{"c"});
}

TEST_CASE("a new destination is told of its filter") {
  World world;
  world.add();
  world.deliver->announce(*world.filters.list[0], "Firehose");
  REQUIRE(world.payloads.size() == 1);
  const auto json = wire::parse_json(world.payloads[0]);
  CHECK(json->text_of("messageType") == "CONTROL_MESSAGE");
  CHECK(json->find("subscriptionFilters")->items.empty());
  const wire::Node& event = json->find("logEvents")->items.at(0);
  CHECK(event.text_of("id").empty());
  CHECK(event.text_of("message") ==
        "CWL CONTROL MESSAGE: Checking health of destination Firehose.");
}

TEST_CASE("functions get their payload wrapped") {
  const PayloadEvent event{.id = "1", .timestamp_ms = 2, .message = "m"};
  const auto json = wire::parse_json(data_message({"1", "g", "s", "f"}, {&event, 1}, true));
  REQUIRE(json.has_value());
  const auto bytes = base64_decode(json->find("awslogs")->text_of("data"));
  REQUIRE(bytes.has_value());
  CHECK(*net::decode_content("gzip", *bytes, 1'000) ==
        R"({"messageType":"DATA_MESSAGE","owner":"1","logGroup":"g","logStream":"s",)"
        R"("subscriptionFilters":["f"],"logEvents":[{"id":"1","timestamp":2,"message":"m"}]})");
}

}  // namespace kansoku::watch::log_subscriptions
