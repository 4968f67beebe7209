// The event loops from inside net/: descriptors to watch, timers, messages.
//
// A Loop is one thread that runs callbacks; what belongs to a loop (connections, watches) is
// touched on its thread only. Boost.Asio is the reactor beneath and appears in loop.cpp alone, so
// that its compile time is paid once.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "net/http/http.h"

namespace kansoku::net {

class FdHandler {
 public:
  virtual ~FdHandler() = default;
  virtual void on_readable() = 0;
  virtual void on_writable() = 0;
};

// A descriptor that is watched; destroyed before the descriptor is closed, on the loop.
class FdWatch {
 public:
  virtual ~FdWatch() = default;
  // One call of the handler when the descriptor is ready (also at end of stream and errors); the
  // handler is kept alive until then. Ask again for the next one.
  virtual void want_read(std::shared_ptr<FdHandler> handler) = 0;
  virtual void want_write(std::shared_ptr<FdHandler> handler) = 0;
  // Waits outstanding are dropped without a call.
  virtual void cancel() = 0;
};

class Loop {
 public:
  virtual ~Loop() = default;
  // Free-threaded; dropped after the loops have stopped.
  virtual void post(std::move_only_function<void()> callback) = 0;
  virtual bool in_loop() const = 0;
  virtual std::unique_ptr<FdWatch> watch(int fd) = 0;
  // Free-threaded, as env::Timers.
  virtual uint64_t after(int64_t delay_ns, env::Timers::Callback callback) = 0;
  virtual bool cancel(uint64_t id) = 0;
  // Where all connections of the loop read into, one at a time: an idle connection owns no buffer.
  std::span<char> read_buffer() { return read_buffer_; }

 protected:
  // 16 KiB: a request without a big body in one read; a big body is then read into its own place.
  std::vector<char> read_buffer_ = std::vector<char>(16 * 1024);
};

class LoopSet : public EventLoops {
 public:
  virtual size_t size() const = 0;
  virtual Loop& loop(size_t index) = 0;
};

inline int64_t monotonic_ns() { return env::real_clock().monotonic_now().ns; }

}  // namespace kansoku::net
