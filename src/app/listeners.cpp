#include "app/listeners.h"

#include "app/listener_keys.h"
#include "base/log.h"
#include "pipeline/receivers/emf/emf_receiver.h"
#include "pipeline/receivers/forward/forward_receiver.h"
#include "pipeline/receivers/syslog/syslog_receiver.h"

namespace kansoku::app {

using pipeline::emf_listener::EmfReceiver;
using pipeline::forward::ForwardReceiver;
using pipeline::syslog::SyslogReceiver;

template <class Made>
Status Listeners::keep(const pipeline::ReceiverSpec& receiver, Made made) {
  if (!made) {
    return fail(made.error().code,
                fmt::format("receiver {}: {}", receiver.name, made.error().message));
  }
  auto kept = std::move(*made);
  listeners_.push_back({.name = receiver.name,
                        .optional = receiver.optional,
                        .receiver = kept,
                        .port = [kept] { return kept->port(); },
                        .reload_tls = [kept] { return kept->reload_tls(); }});
  return {};
}

Status Listeners::add(const pipeline::ReceiverSpec& receiver, const std::string& branch,
                      pipeline::EventSink& sink) {
  if (Status good = check_listener(receiver); !good)
    return fail(good.error().code,
                fmt::format("receiver {}: {}", receiver.name, good.error().message));
  if (const auto* given = std::get_if<pipeline::syslog::SyslogConfig>(&receiver.config)) {
    pipeline::syslog::SyslogConfig config = *given;
    config.name = receiver.name;
    config.branch = branch;
    return keep(receiver, SyslogReceiver::make(context_, std::move(config), &loops_, sink));
  }
  if (const auto* given = std::get_if<pipeline::emf_listener::EmfConfig>(&receiver.config)) {
    pipeline::emf_listener::EmfConfig config = *given;
    config.name = receiver.name;
    config.branch = branch;
    return keep(receiver, EmfReceiver::make(context_, std::move(config), &loops_, sink));
  }
  auto config = std::get<pipeline::forward::ForwardConfig>(receiver.config);
  config.name = receiver.name;
  config.branch = branch;
  return keep(receiver, ForwardReceiver::make(context_, std::move(config), &loops_, sink));
}

Status Listeners::start() {
  std::vector<Listener> started;
  for (Listener& listener : listeners_) {
    Status begun = listener.receiver->start();
    if (begun) {
      started.push_back(std::move(listener));
      continue;
    }
    const std::string_view kind =
        std::string_view(listener.name).substr(0, listener.name.find('/'));
    if (!listener.optional || begun.error().code != ErrorCode::AlreadyExists) {
      return fail(begun.error().code,
                  fmt::format("receiver {}: {}; choose another with --port {}=N", listener.name,
                              begun.error().to_string(), kind));
    }
    log_warn("server", "receiver {} does not listen: {}; choose another with --port {}=N",
             listener.name, begun.error().to_string(), kind);
  }
  listeners_ = std::move(started);
  return {};
}

void Listeners::reload_tls() {
  for (const Listener& listener : listeners_) {
    if (Status done = listener.reload_tls(); !done) {
      log_error("server", "certificates of receiver {} not reloaded, the old ones stay: {}",
                listener.name, done.error().to_string());
    }
  }
}

std::vector<std::pair<std::string, uint16_t>> Listeners::ports() const {
  std::vector<std::pair<std::string, uint16_t>> out;
  for (const Listener& listener : listeners_) out.emplace_back(listener.name, listener.port());
  return out;
}

std::vector<std::shared_ptr<pipeline::Receiver>> Listeners::receivers() const {
  std::vector<std::shared_ptr<pipeline::Receiver>> out;
  for (const Listener& listener : listeners_) out.push_back(listener.receiver);
  return out;
}

}  // namespace kansoku::app
