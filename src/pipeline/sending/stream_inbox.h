// Bytes of one connection between its loop, which takes them in, and the pool, which reads them:
// bounded, in steps, one at a time. See README.md.
//
// A session of a receiver derives from it and implements drain() and ended(). While its owner says
// that it is full nothing is drained, and nothing more is read from the peer than the bound.
// Thread contract: on_bytes() and on_end() on the loop; drain() and ended() on the pool, one call
// at a time.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "base/pool/executor.h"
#include "net/stream/stream.h"
#include "pipeline/sending/event_sender.h"

namespace kansoku::pipeline {

class StreamInbox : public net::StreamSession, public std::enable_shared_from_this<StreamInbox> {
 public:
  StreamInbox(Executor& executor, std::shared_ptr<EventSender> sender,
              std::shared_ptr<net::StreamConnection> connection)
      : executor_(executor), sender_(std::move(sender)), connection_(std::move(connection)) {}
  void on_bytes(std::string_view bytes) final;
  void on_end() final;

 protected:
  // Reads what has come; false: the stream cannot be read on, and the connection is closed.
  virtual bool drain(std::string&& bytes) = 0;
  // Nothing more comes, and all was drained.
  virtual void ended() = 0;
  net::StreamConnection& connection() { return *connection_; }
  const std::shared_ptr<net::StreamConnection>& shared_connection() const { return connection_; }

 private:
  void step();

  Executor& executor_;
  std::shared_ptr<EventSender> sender_;
  std::shared_ptr<net::StreamConnection> connection_;
  std::mutex inbox_mutex_;  // guards the rest
  std::string inbox_;
  bool running_ = false;
  bool paused_ = false;
  bool end_ = false;
  bool over_ = false;
};

}  // namespace kansoku::pipeline
