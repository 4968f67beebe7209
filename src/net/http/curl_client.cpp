// HttpClient by libcurl on loop 0: its sockets and its one timer are the loop's.
//
// The library is opened at the first send(): it brings 33 others and 7 MB, which a process that
// never calls out must not pay (docs/decisions/011).

#include <curl/curl.h>
#include <dlfcn.h>

#include "base/check.h"
#include "net/http/loop.h"

namespace kansoku::net {
namespace {

constexpr long kConnectionsPerHostMax = 16;
constexpr long kConnectionsMax = 64;
constexpr size_t kResponseHeaderBytesMax = 256 * 1024;
// Credentials of the instance or the container are never asked of a proxy.
constexpr const char* kNeverProxied =
    "169.254.169.254,169.254.170.2,169.254.170.23,localhost,127.0.0.1";

// The functions of libcurl that are used, found by name.
struct Curl {
  decltype(&curl_global_init) global_init = nullptr;
  decltype(&curl_easy_init) easy_init = nullptr;
  decltype(&curl_easy_cleanup) easy_cleanup = nullptr;
  decltype(&curl_easy_setopt) easy_setopt = nullptr;
  decltype(&curl_easy_getinfo) easy_getinfo = nullptr;
  decltype(&curl_easy_strerror) easy_strerror = nullptr;
  decltype(&curl_slist_append) slist_append = nullptr;
  decltype(&curl_slist_free_all) slist_free_all = nullptr;
  decltype(&curl_multi_init) multi_init = nullptr;
  decltype(&curl_multi_cleanup) multi_cleanup = nullptr;
  decltype(&curl_multi_setopt) multi_setopt = nullptr;
  decltype(&curl_multi_add_handle) multi_add_handle = nullptr;
  decltype(&curl_multi_remove_handle) multi_remove_handle = nullptr;
  decltype(&curl_multi_socket_action) multi_socket_action = nullptr;
  decltype(&curl_multi_info_read) multi_info_read = nullptr;
  decltype(&curl_multi_assign) multi_assign = nullptr;

  // Loaded once a process; null where the library is missing or too old.
  static const Curl* get() {
    static const std::unique_ptr<Curl> loaded = load();
    return loaded.get();
  }

 private:
  static std::unique_ptr<Curl> load() {
    void* library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return nullptr;
    auto curl = std::make_unique<Curl>();
    bool all = true;
    auto find = [&](auto& function, const char* name) {
      function =
          reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
      all = all && function != nullptr;
    };
    find(curl->global_init, "curl_global_init");
    find(curl->easy_init, "curl_easy_init");
    find(curl->easy_cleanup, "curl_easy_cleanup");
    find(curl->easy_setopt, "curl_easy_setopt");
    find(curl->easy_getinfo, "curl_easy_getinfo");
    find(curl->easy_strerror, "curl_easy_strerror");
    find(curl->slist_append, "curl_slist_append");
    find(curl->slist_free_all, "curl_slist_free_all");
    find(curl->multi_init, "curl_multi_init");
    find(curl->multi_cleanup, "curl_multi_cleanup");
    find(curl->multi_setopt, "curl_multi_setopt");
    find(curl->multi_add_handle, "curl_multi_add_handle");
    find(curl->multi_remove_handle, "curl_multi_remove_handle");
    find(curl->multi_socket_action, "curl_multi_socket_action");
    find(curl->multi_info_read, "curl_multi_info_read");
    find(curl->multi_assign, "curl_multi_assign");
    if (!all || curl->global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return nullptr;
    return curl;
  }
};

// One request under way. Owned by the client's table until it is over.
struct Transfer {
  const Curl& curl;
  HttpClientRequest request;
  HttpClient::Callback callback;
  HttpClientResponse response;
  CURL* easy = nullptr;
  curl_slist* headers = nullptr;
  size_t header_bytes = 0;
  bool too_large = false;
  char error_text[CURL_ERROR_SIZE] = "";

  Transfer(const Curl& functions, HttpClientRequest sent, HttpClient::Callback back)
      : curl(functions), request(std::move(sent)), callback(std::move(back)) {}
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer() {
    if (easy != nullptr) curl.easy_cleanup(easy);
    curl.slist_free_all(headers);
  }

  static size_t on_body(char* bytes, size_t size, size_t count, void* user) {
    auto& self = *static_cast<Transfer*>(user);
    size_t more = size * count;
    if (self.response.body.size() + more > self.request.response_bytes_max) {
      self.too_large = true;
      return 0;
    }
    self.response.body.append(bytes, more);
    return more;
  }

  static size_t on_header(char* bytes, size_t size, size_t count, void* user) {
    auto& self = *static_cast<Transfer*>(user);
    std::string_view line(bytes, size * count);
    self.header_bytes += line.size();
    if (self.header_bytes > kResponseHeaderBytesMax) {
      self.too_large = true;
      return 0;
    }
    if (line.starts_with("HTTP/")) {
      // Headers of an earlier answer (100, a proxy's CONNECT) are not the answer's.
      self.response.headers = {};
      return line.size();
    }
    size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return size * count;
    std::string_view value = line.substr(colon + 1);
    auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
    while (!value.empty() && blank(value.front())) value.remove_prefix(1);
    while (!value.empty() && blank(value.back())) value.remove_suffix(1);
    self.response.headers.add(std::string(line.substr(0, colon)), std::string(value));
    return size * count;
  }

  // What curl's socket options would otherwise follow or trust is switched off.
  bool prepare(const HttpClientOptions& options) {
    easy = curl.easy_init();
    if (easy == nullptr) return false;
    auto set = [this](CURLoption option, auto value) { curl.easy_setopt(easy, option, value); };
    set(CURLOPT_URL, request.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PATH_AS_IS, 1L);  // a signed path must not be rewritten
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout_ms));
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout_ms));
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
    set(CURLOPT_ERRORBUFFER, static_cast<char*>(error_text));
    set(CURLOPT_PRIVATE, static_cast<void*>(this));
    set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    set(CURLOPT_WRITEDATA, static_cast<void*>(this));
    set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    set(CURLOPT_HEADERDATA, static_cast<void*>(this));
    if (!options.ca_bundle_file.empty()) set(CURLOPT_CAINFO, options.ca_bundle_file.c_str());
    const std::string& proxy =
        request.url.starts_with("https:") ? options.https_proxy : options.http_proxy;
    if (!proxy.empty()) set(CURLOPT_PROXY, proxy.c_str());
    std::string direct = kNeverProxied;
    std::string listed = options.no_proxy;
    for (const char* name : {"no_proxy", "NO_PROXY"}) {
      const char* value = std::getenv(name);
      if (listed.empty() && value != nullptr) listed = value;
    }
    if (!listed.empty()) direct = fmt::format("{},{}", direct, listed);
    set(CURLOPT_NOPROXY, direct.c_str());
    set_body();
    return set_headers();
  }

 private:
  void set_body() {
    auto set = [this](CURLoption option, auto value) { curl.easy_setopt(easy, option, value); };
    bool has_body = !request.body.empty() || request.method == "POST" || request.method == "PUT";
    if (request.method == "HEAD") {
      set(CURLOPT_NOBODY, 1L);
    } else if (has_body) {
      set(CURLOPT_POST, 1L);
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
      set(CURLOPT_POSTFIELDS, request.body.c_str());
    }
    if (request.method != "HEAD") set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }

  bool add_header(const std::string& line) {
    curl_slist* longer = curl.slist_append(headers, line.c_str());
    if (longer == nullptr) return false;
    headers = longer;
    return true;
  }

  bool set_headers() {
    for (const Header& header : request.headers.list()) {
      // The length is curl's; an empty value needs a semicolon to be sent at all.
      if (header_equals(header.name, "content-length")) continue;
      if (header.name.find_first_of("\r\n:") != std::string::npos ||
          header.value.find_first_of("\r\n") != std::string::npos) {
        return false;
      }
      if (!add_header(header.value.empty() ? header.name + ";"
                                           : header.name + ": " + header.value)) {
        return false;
      }
    }
    // No waiting for 100 Continue, and no type that nobody asked for.
    if (!request.headers.has("Expect") && !add_header("Expect:")) return false;
    if (!request.headers.has("Content-Type") && !add_header("Content-Type:")) return false;
    if (!request.headers.has("Accept") && !add_header("Accept:")) return false;
    curl.easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    return true;
  }
};

// Lives on loop 0 and as long as its transfers; the CurlClient is its handle.
class CurlEngine final : public std::enable_shared_from_this<CurlEngine> {
 public:
  CurlEngine(Loop& loop, HttpClientOptions options) : loop_(loop), options_(std::move(options)) {}
  CurlEngine(const CurlEngine&) = delete;
  CurlEngine& operator=(const CurlEngine&) = delete;
  ~CurlEngine() {
    if (multi_ != nullptr) close_all();
  }

  Loop& loop() { return loop_; }

  void start(HttpClientRequest request, HttpClient::Callback callback) {
    if (closed_) {
      callback(cancelled("the client is closed"));
      return;
    }
    if (!open()) {
      callback(
          unavailable("libcurl.so.4 cannot be opened; outbound HTTP needs the package libcurl4"));
      return;
    }
    auto transfer = std::make_unique<Transfer>(*curl_, std::move(request), std::move(callback));
    if (!transfer->prepare(options_) ||
        curl_->multi_add_handle(multi_, transfer->easy) != CURLM_OK) {
      transfer->callback(
          invalid_argument("cannot make a request of {}", quoted(transfer->request.url)));
      return;
    }
    CURL* easy = transfer->easy;
    transfers_.emplace(easy, std::move(transfer));
  }

  // Requests under way are answered with Cancelled.
  void close_all() {
    closed_ = true;
    for (auto& [easy, transfer] : transfers_) {
      curl_->multi_remove_handle(multi_, easy);
      transfer->callback(cancelled("the client is closed"));
    }
    transfers_.clear();
    if (multi_ != nullptr) curl_->multi_cleanup(std::exchange(multi_, nullptr));
    sockets_.clear();
    if (timer_ != 0) loop_.cancel(timer_);
  }

 private:
  // A socket of curl's: waits are asked again after each event, as curl expects of a level.
  struct Socket final : FdHandler, std::enable_shared_from_this<Socket> {
    Socket(CurlEngine& its_engine, curl_socket_t its_fd)
        : engine(&its_engine), fd(its_fd), watch(its_engine.loop_.watch(its_fd)) {}
    CurlEngine* engine;  // null once curl has let go of the socket
    curl_socket_t fd;
    std::unique_ptr<FdWatch> watch;
    bool wants_read = false;
    bool wants_write = false;
    bool waits_read = false;
    bool waits_write = false;

    void arm() {
      if (engine == nullptr) return;
      if (wants_read && !waits_read) {
        waits_read = true;
        watch->want_read(shared_from_this());
      }
      if (wants_write && !waits_write) {
        waits_write = true;
        watch->want_write(shared_from_this());
      }
    }
    void on_readable() override {
      waits_read = false;
      if (engine != nullptr && wants_read) engine->act(fd, CURL_CSELECT_IN);
      arm();
    }
    void on_writable() override {
      waits_write = false;
      if (engine != nullptr && wants_write) engine->act(fd, CURL_CSELECT_OUT);
      arm();
    }
  };

  bool open() {
    if (multi_ != nullptr) return true;
    curl_ = Curl::get();
    if (curl_ == nullptr) return false;
    multi_ = curl_->multi_init();
    if (multi_ == nullptr) return false;
    curl_->multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlEngine::on_socket);
    curl_->multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_->multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlEngine::on_timer);
    curl_->multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_->multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, kConnectionsPerHostMax);
    curl_->multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, kConnectionsMax);
    return true;
  }

  static int on_socket(CURL* /*easy*/, curl_socket_t fd, int what, void* user, void* /*socket*/) {
    auto& self = *static_cast<CurlEngine*>(user);
    if (what == CURL_POLL_REMOVE) {
      auto at = self.sockets_.find(fd);
      if (at == self.sockets_.end()) return 0;
      at->second->engine = nullptr;
      at->second->watch->cancel();
      at->second->watch.reset();  // before curl closes the descriptor
      self.sockets_.erase(at);
      return 0;
    }
    auto& socket = self.sockets_[fd];
    if (socket == nullptr) socket = std::make_shared<Socket>(self, fd);
    socket->wants_read = (what & CURL_POLL_IN) != 0;
    socket->wants_write = (what & CURL_POLL_OUT) != 0;
    socket->arm();
    return 0;
  }

  static int on_timer(CURLM* /*multi*/, long timeout_ms, void* user) {
    auto& self = *static_cast<CurlEngine*>(user);
    if (self.timer_ != 0) self.loop_.cancel(std::exchange(self.timer_, 0));
    if (timeout_ms < 0) return 0;
    // Always by the loop: acting inside this callback would be re-entrant.
    self.timer_ = self.loop_.after(timeout_ms * env::kNsPerMs, [weak = self.weak_from_this()] {
      auto engine = weak.lock();
      if (engine == nullptr || engine->multi_ == nullptr) return;
      engine->timer_ = 0;
      engine->act(CURL_SOCKET_TIMEOUT, 0);
    });
    return 0;
  }

  void act(curl_socket_t fd, int events) {
    auto self = shared_from_this();
    int running = 0;
    curl_->multi_socket_action(multi_, fd, events, &running);
    collect();
  }

  void collect() {
    int left = 0;
    while (CURLMsg* message = curl_->multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* easy = message->easy_handle;
      CURLcode code = message->data.result;
      auto at = transfers_.find(easy);
      KANSOKU_CHECK(at != transfers_.end());
      std::unique_ptr<Transfer> transfer = std::move(at->second);
      transfers_.erase(at);
      curl_->multi_remove_handle(multi_, easy);
      answer(*transfer, code);
      if (multi_ == nullptr) return;  // the callback closed the client
    }
  }

  void answer(Transfer& transfer, CURLcode code) {
    if (code == CURLE_OK) {
      long status = 0;
      curl_->easy_getinfo(transfer.easy, CURLINFO_RESPONSE_CODE, &status);
      transfer.response.status = static_cast<int>(status);
      transfer.callback(std::move(transfer.response));
      return;
    }
    const char* text =
        transfer.error_text[0] != '\0' ? transfer.error_text : curl_->easy_strerror(code);
    ErrorCode kind = ErrorCode::Unavailable;
    std::string message = text;
    if (transfer.too_large) {
      kind = ErrorCode::ResourceExhausted;
      message = fmt::format("answer is longer than {} bytes", transfer.request.response_bytes_max);
    } else if (code == CURLE_OPERATION_TIMEDOUT) {
      kind = ErrorCode::DeadlineExceeded;
    } else if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) {
      kind = ErrorCode::InvalidArgument;
    }
    transfer.callback(fail(kind, std::move(message), transfer.request.url));
  }

  Loop& loop_;
  const HttpClientOptions options_;
  const Curl* curl_ = nullptr;
  CURLM* multi_ = nullptr;
  std::unordered_map<CURL*, std::unique_ptr<Transfer>> transfers_;
  std::unordered_map<curl_socket_t, std::shared_ptr<Socket>> sockets_;
  uint64_t timer_ = 0;
  bool closed_ = false;
};

class CurlClient final : public HttpClient {
 public:
  CurlClient(Loop& loop, HttpClientOptions options)
      : engine_(std::make_shared<CurlEngine>(loop, std::move(options))) {}
  CurlClient(const CurlClient&) = delete;
  CurlClient& operator=(const CurlClient&) = delete;
  ~CurlClient() override {
    // Sockets and timers are the loop's; the engine ends there.
    engine_->loop().post([engine = engine_] { engine->close_all(); });
  }

  void send(HttpClientRequest request, Callback callback) override {
    engine_->loop().post(
        [engine = engine_, request = std::move(request), callback = std::move(callback)]() mutable {
          engine->start(std::move(request), std::move(callback));
        });
  }

 private:
  std::shared_ptr<CurlEngine> engine_;
};

}  // namespace

std::unique_ptr<HttpClient> make_http_client(EventLoops& loops, HttpClientOptions options) {
  auto* set = dynamic_cast<LoopSet*>(&loops);
  KANSOKU_CHECK(set != nullptr);  // the only kind there is
  return std::make_unique<CurlClient>(set->loop(0), std::move(options));
}

}  // namespace kansoku::net
