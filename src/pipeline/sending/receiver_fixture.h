// What tests of receivers share: simulated time, a sink that holds deliveries back, a connection
// without a socket. Internal to tests.
#pragma once

#include <doctest/doctest.h>

#include "base/env/sim.h"
#include "net/stream/stream.h"
#include "pipeline/graph/graph.h"

namespace kansoku::pipeline {

class FakeConnection final : public net::StreamConnection {
 public:
  std::string written;
  bool paused = false;
  bool closed = false;
  net::Peer from{.address = "10.0.0.9"};
  const net::Peer& peer() const override { return from; }
  void write(std::string bytes) override { written += bytes; }
  void pause() override { paused = true; }
  void resume() override { paused = false; }
  void close() override { closed = true; }
};

class HoldingSink final : public EventSink {
 public:
  std::vector<signal::EventDelivery> held;
  void push(signal::EventDelivery delivery) override {
    seen_.push_back(delivery.batch);
    held.push_back(std::move(delivery));
  }
  void answer_all(const Status& status = {}) {
    for (signal::EventDelivery& delivery : std::exchange(held, {})) {
      const uint64_t rows = delivery.token.rows();
      delivery.token.resolve(status ? signal::Verdict::stored(rows)
                                    : signal::Verdict::dropped(rows, "overload", status.error()));
    }
  }
  // Of one batch: "group|stream time path=value ..." a row.
  std::vector<std::string> text(size_t batch) const { return text_of(*seen_[batch]); }
  // The messages of all batches.
  std::vector<std::string> messages() const {
    std::vector<std::string> out;
    for (const auto& batch : seen_) {
      for (const signal::EventColumn& column : batch->columns()) {
        if (column.path != signal::kMessagePath) continue;
        for (size_t i = 0; i < column.rows.size(); ++i) out.emplace_back(column.text_at(i));
      }
    }
    return out;
  }
  static std::vector<std::string> text_of(const signal::EventBatch& batch) {
    std::vector<std::string> out;
    for (size_t row = 0; row < batch.row_count(); ++row) {
      const signal::EventStream& stream = batch.streams()[batch.stream_rows()[row]];
      out.push_back(
          fmt::format("{}|{} {}", stream.group, stream.stream, batch.timestamps_ns()[row]));
    }
    for (const signal::EventColumn& column : batch.columns()) {
      for (size_t i = 0; i < column.rows.size(); ++i) {
        out[column.rows[i]] += fmt::format(" {}={}", column.path, column.text_at(i));
      }
    }
    return out;
  }

 private:
  std::vector<std::shared_ptr<const signal::EventBatch>> seen_;
};

struct ReceiverFixture {
  env::SimClock clock{env::WallTime{1'795'348'800'000'000'000}};  // 2026-11-22T12:00:00Z
  env::SimRandom random{1};
  ManualExecutor executor;
  signal::Ledger ledger;
  HoldingSink sink;
  EventLedgerSink entry;

  explicit ReceiverFixture(std::string receiver)
      : entry(ledger, std::move(receiver), "store", sink) {}
  ReceiverFixture(const ReceiverFixture&) = delete;
  ReceiverFixture& operator=(const ReceiverFixture&) = delete;
  ~ReceiverFixture() {
    sink.answer_all();
    executor.run_until_idle();
  }

  ComponentContext context() {
    ComponentContext out;
    out.env.clock = &clock;
    out.env.random = &random;
    out.timers = &clock;
    out.executor = &executor;
    out.ledger = &ledger;
    out.local_scope = {"000000000000", "us-east-1"};
    return out;
  }
  // "receiver: N received, outcome reason rows, ..." of all lines.
  std::string ledger_text() const {
    std::string out;
    for (const auto& [key, line] : ledger.lines()) {
      if (!out.empty()) out += "; ";
      out += fmt::format("{}: {} received", key.receiver, line.received);
      CHECK(line.balanced());
      for (const auto& [what, rows] : line.outcomes) {
        out += fmt::format(", {}{}{} {}", signal::outcome_name(what.first),
                           what.second.empty() ? "" : " ", what.second, rows);
      }
    }
    return out;
  }
};

}  // namespace kansoku::pipeline
