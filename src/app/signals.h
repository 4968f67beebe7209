// Signals of a process that serves.
#pragma once

#include <pthread.h>
#include <signal.h>

namespace kansoku::app {

// Signals are taken by the main thread alone, with sigwait. Called before the first thread starts.
inline sigset_t block_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  return set;
}

}  // namespace kansoku::app
