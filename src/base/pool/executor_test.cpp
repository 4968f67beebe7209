#include "base/pool/executor.h"

#include <doctest/doctest.h>

#include <future>

using namespace kansoku;

TEST_CASE("better lanes run first, and none starves") {
  ManualExecutor executor;
  std::vector<char> order;
  for (int i = 0; i < 100; ++i) executor.post(Lane::Query, [&] { order.push_back('q'); });
  executor.post(Lane::Merge, [&] { order.push_back('m'); });
  executor.post(Lane::Alarm, [&] { order.push_back('a'); });
  CHECK(executor.run_until_idle() == 102);
  CHECK(order.front() == 'a');
  auto merge = std::find(order.begin(), order.end(), 'm') - order.begin();
  CHECK(merge > 10);
  CHECK(merge <= static_cast<std::ptrdiff_t>(kLaneStarveSteps) + 1);
}

TEST_CASE("steps of a long task let others in between") {
  ManualExecutor executor;
  std::string order;
  int left = 3;
  run_steps(executor, Lane::Query, [&] {
    order += 'l';
    return --left > 0;
  });
  executor.post(Lane::Query, [&] { order += 's'; });
  executor.run_until_idle();
  CHECK(order == "lsll");
}

TEST_CASE("workers run everything posted before the shutdown, and drop what comes later") {
  std::atomic<int> ran{0};
  ThreadPool pool(2);
  for (int i = 0; i < 1000; ++i) {
    pool.post(static_cast<Lane>(i % 4), [&] { ran.fetch_add(1); });
  }
  pool.shutdown();
  CHECK(ran.load() == 1000);
  auto destroyed = std::make_shared<int>(1);
  std::weak_ptr<int> watch = destroyed;
  pool.post(Lane::Alarm, [destroyed = std::move(destroyed)] {});
  CHECK(watch.expired());
  CHECK(pool.lane_stats(Lane::Merge).done == 250);
}
