#include "net/http/loop.h"

#include <pthread.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <thread>

#include "base/check.h"

namespace kansoku::net {
namespace {

namespace asio = boost::asio;
using Context = asio::io_context;
using Executor = Context::executor_type;
using Descriptor = asio::posix::basic_stream_descriptor<Executor>;
using SteadyTimer =
    asio::basic_waitable_timer<std::chrono::steady_clock,
                               asio::wait_traits<std::chrono::steady_clock>, Executor>;

class AsioWatch final : public FdWatch {
 public:
  AsioWatch(Context& context, int fd) : descriptor_(context, fd) {}
  AsioWatch(const AsioWatch&) = delete;
  AsioWatch& operator=(const AsioWatch&) = delete;
  ~AsioWatch() override { descriptor_.release(); }  // the descriptor is the owner's

  void want_read(std::shared_ptr<FdHandler> handler) override {
    descriptor_.async_wait(Descriptor::wait_read,
                           [handler = std::move(handler)](const boost::system::error_code& error) {
                             if (!error) handler->on_readable();
                           });
  }
  void want_write(std::shared_ptr<FdHandler> handler) override {
    descriptor_.async_wait(Descriptor::wait_write,
                           [handler = std::move(handler)](const boost::system::error_code& error) {
                             if (!error) handler->on_writable();
                           });
  }
  void cancel() override {
    boost::system::error_code ignored;  // nothing outstanding is fine
    descriptor_.cancel(ignored);
  }

 private:
  Descriptor descriptor_;
};

// Timers in order of their deadlines behind one timer of Asio.
class AsioLoop final : public Loop {
 public:
  AsioLoop() : context_(1), guard_(context_.get_executor()), timer_(context_) {}
  AsioLoop(const AsioLoop&) = delete;
  AsioLoop& operator=(const AsioLoop&) = delete;
  ~AsioLoop() override { stop(); }

  void start(size_t index) {
    thread_ = std::thread([this] { context_.run(); });
    pthread_setname_np(thread_.native_handle(), fmt::format("loop-{}", index).c_str());
    thread_id_ = thread_.get_id();
  }

  void stop() {
    std::map<std::pair<int64_t, uint64_t>, env::Timers::Callback> dropped;
    {
      std::lock_guard lock(timers_mutex_);
      stopped_ = true;
      dropped.swap(timers_);
      deadlines_.clear();
    }
    // Behind what was posted before: the ends of connections and clients still run.
    asio::post(context_, [this] { context_.stop(); });
    if (thread_.joinable()) thread_.join();
  }

  void post(std::move_only_function<void()> callback) override {
    if (stopped_.load(std::memory_order_relaxed)) return;
    asio::post(context_, [callback = std::move(callback)]() mutable { callback(); });
  }

  bool in_loop() const override { return std::this_thread::get_id() == thread_id_; }

  std::unique_ptr<FdWatch> watch(int fd) override {
    return std::make_unique<AsioWatch>(context_, fd);
  }

  uint64_t after(int64_t delay_ns, env::Timers::Callback callback) override {
    int64_t deadline = monotonic_ns() + std::max<int64_t>(delay_ns, 0);
    std::lock_guard lock(timers_mutex_);
    uint64_t id = ++last_id_;
    if (stopped_) return id;
    bool earliest = timers_.empty() || deadline < timers_.begin()->first.first;
    timers_.emplace(std::pair(deadline, id), std::move(callback));
    deadlines_.emplace(id, deadline);
    if (earliest) asio::post(context_, [this] { arm(); });
    return id;
  }

  bool cancel(uint64_t id) override {
    env::Timers::Callback dropped;  // destroyed after the lock
    std::lock_guard lock(timers_mutex_);
    auto deadline = deadlines_.find(id);
    if (deadline == deadlines_.end()) return false;
    auto timer = timers_.find({deadline->second, id});
    dropped = std::move(timer->second);
    timers_.erase(timer);
    deadlines_.erase(deadline);
    return true;
  }

 private:
  void arm() {
    int64_t deadline = 0;
    {
      std::lock_guard lock(timers_mutex_);
      if (timers_.empty()) return;
      deadline = timers_.begin()->first.first;
    }
    timer_.expires_after(std::chrono::nanoseconds(std::max<int64_t>(deadline - monotonic_ns(), 0)));
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) run_due();
    });
  }

  void run_due() {
    int64_t now = monotonic_ns();
    for (;;) {
      env::Timers::Callback callback;
      {
        std::lock_guard lock(timers_mutex_);
        if (timers_.empty() || timers_.begin()->first.first > now) break;
        callback = std::move(timers_.begin()->second);
        deadlines_.erase(timers_.begin()->first.second);
        timers_.erase(timers_.begin());
      }
      callback();
    }
    arm();
  }

  Context context_;
  asio::executor_work_guard<Executor> guard_;
  SteadyTimer timer_;
  std::thread thread_;
  std::thread::id thread_id_;
  std::mutex timers_mutex_;
  std::map<std::pair<int64_t, uint64_t>, env::Timers::Callback> timers_;  // by (deadline, id)
  std::unordered_map<uint64_t, int64_t> deadlines_;
  uint64_t last_id_ = 0;
  std::atomic<bool> stopped_ = false;
};

class AsioLoops final : public LoopSet {
 public:
  explicit AsioLoops(size_t threads) {
    for (size_t i = 0; i < std::max<size_t>(threads, 1); ++i) {
      loops_.push_back(std::make_unique<AsioLoop>());
      loops_.back()->start(i);
    }
  }
  AsioLoops(const AsioLoops&) = delete;
  AsioLoops& operator=(const AsioLoops&) = delete;
  ~AsioLoops() override { stop_all(); }
  void stop() override { stop_all(); }
  void post(std::move_only_function<void()> callback) override {
    loops_[0]->post(std::move(callback));
  }
  uint64_t after(int64_t delay_ns, Callback callback) override {
    return loops_[0]->after(delay_ns, std::move(callback));
  }
  bool cancel(uint64_t id) override { return loops_[0]->cancel(id); }
  size_t size() const override { return loops_.size(); }
  Loop& loop(size_t index) override { return *loops_[index]; }

 private:
  void stop_all() {
    for (auto& loop : loops_) loop->stop();
  }
  std::vector<std::unique_ptr<AsioLoop>> loops_;
};

}  // namespace

std::unique_ptr<EventLoops> EventLoops::start(size_t threads) {
  // OpenSSL writes to sockets without MSG_NOSIGNAL; a peer that has gone must be an error, not a
  // signal.
  std::signal(SIGPIPE, SIG_IGN);
  return std::make_unique<AsioLoops>(threads);
}

}  // namespace kansoku::net
