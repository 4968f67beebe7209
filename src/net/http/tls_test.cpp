#include <doctest/doctest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstdlib>

#include "net/http/test_support.h"

namespace kansoku::net {
namespace {

using namespace test;

struct KeyPair {
  X509* certificate = nullptr;
  EVP_PKEY* key = nullptr;
  KeyPair() = default;
  KeyPair(const KeyPair&) = delete;
  KeyPair& operator=(const KeyPair&) = delete;
  ~KeyPair() {
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
};

// A certificate of `name`, signed by `issuer` or by itself.
void make_pair(KeyPair& pair, const char* name, const KeyPair* issuer = nullptr) {
  pair.key = EVP_EC_gen("P-256");
  pair.certificate = X509_new();
  X509_set_version(pair.certificate, 2);
  static long serial = 1;
  ASN1_INTEGER_set(X509_get_serialNumber(pair.certificate), serial++);
  X509_gmtime_adj(X509_getm_notBefore(pair.certificate), -86'400);
  X509_gmtime_adj(X509_getm_notAfter(pair.certificate), 86'400);
  X509_set_pubkey(pair.certificate, pair.key);
  X509_NAME* subject = X509_get_subject_name(pair.certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509_set_issuer_name(pair.certificate,
                       issuer != nullptr ? X509_get_subject_name(issuer->certificate) : subject);
  if (issuer == nullptr) {
    X509_EXTENSION* ca =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints, "critical,CA:TRUE");
    X509_add_ext(pair.certificate, ca, -1);
    X509_EXTENSION_free(ca);
  }
  X509_sign(pair.certificate, issuer != nullptr ? issuer->key : pair.key, EVP_sha256());
}

// A directory of its own for the files of a test.
struct Folder {
  std::string path;
  Folder() {
    std::string pattern = "/tmp/kansoku-tls-XXXXXX";
    path = mkdtemp(pattern.data());
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    auto& files = env::real_files();
    if (auto list = files.list(path)) {
      for (const auto& entry : *list) (void)files.remove(env::join_path(path, entry.name));
    }
    (void)files.remove(path);
  }
  void write(const KeyPair& pair) const {
    FILE* file = fopen((path + "/cert.pem").c_str(), "w");
    PEM_write_X509(file, pair.certificate);
    fclose(file);
    file = fopen((path + "/key.pem").c_str(), "w");
    PEM_write_PrivateKey(file, pair.key, nullptr, nullptr, 0, nullptr, nullptr);
    fclose(file);
  }
  HttpServerOptions options() const {
    HttpServerOptions options;
    options.tls_certificate_file = path + "/cert.pem";
    options.tls_key_file = path + "/key.pem";
    return options;
  }
};

class TlsClient {
 public:
  explicit TlsClient(uint16_t port, const char* alpn = "\x08http/1.1", const KeyPair* own = nullptr,
                     int version_max = 0)
      : socket_(port), context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_min_proto_version(context_, TLS1_VERSION);
    SSL_CTX_set_cipher_list(context_, "ALL:@SECLEVEL=0");
    if (version_max != 0) SSL_CTX_set_max_proto_version(context_, version_max);
    if (own != nullptr) {
      SSL_CTX_use_certificate(context_, own->certificate);
      SSL_CTX_use_PrivateKey(context_, own->key);
    }
    ssl_ = SSL_new(context_);
    SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>(alpn),
                        static_cast<unsigned>(std::strlen(alpn)));
    SSL_set_fd(ssl_, socket_.fd());
    connected = SSL_connect(ssl_) == 1;
  }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;
  ~TlsClient() {
    ERR_clear_error();
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  bool send(std::string_view text) {
    return SSL_write(ssl_, text.data(), static_cast<int>(text.size())) ==
           static_cast<int>(text.size());
  }
  std::string read_until(std::string_view mark) {
    std::string text;
    char bytes[4'096];
    while (text.find(mark) == std::string::npos) {
      int got = SSL_read(ssl_, bytes, sizeof bytes);
      if (got <= 0) break;
      text.append(bytes, static_cast<size_t>(got));
    }
    return text;
  }
  std::string peer_name() {
    char name[100] = "";
    X509* certificate = SSL_get1_peer_certificate(ssl_);
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name,
                              sizeof name);
    X509_free(certificate);
    return name;
  }
  std::string alpn() {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_, &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }
  bool connected = false;

 private:
  RawClient socket_;
  SSL_CTX* context_;
  SSL* ssl_ = nullptr;
};

constexpr const char* kGet = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";

TEST_CASE("tls: serves HTTP/1.1 and HTTP/2 by ALPN, refuses old versions, large bodies pass") {
  Folder folder;
  KeyPair pair;
  make_pair(pair, "one");
  folder.write(pair);
  TestServer server(
      [](HttpRequest request, HttpExchange exchange) {
        exchange.respond({.body = fmt::format("tls={} {} END", request.peer.tls, request.body)});
      },
      folder.options());
  REQUIRE(server.server != nullptr);
  uint16_t port = server.server->port();
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client(port, "\x08http/1.1", nullptr, version);
    REQUIRE(client.connected);
    CHECK(client.alpn() == "http/1.1");
    for (int i = 0; i < 2; ++i) {
      client.send(kGet);
      CHECK(contains(client.read_until("END"), "tls=true"));
    }
    std::string body(5'000'000, 'x');
    client.send(fmt::format("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{}",
                            body.size(), body));
    CHECK(contains(client.read_until("END"), body));
  }
  CHECK_FALSE(TlsClient(port, "\x08http/1.1", nullptr, TLS1_1_VERSION).connected);
  TlsClient two(port, "\x02h2\x08http/1.1");
  REQUIRE(two.connected);
  CHECK(two.alpn() == "h2");
  two.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  two.send(std::string("\0\0\0\4\0\0\0\0\0", 9));
  CHECK_FALSE(
      two.read_until(std::string("\0\0\0\4\1\0\0\0\0", 9)).empty());  // our SETTINGS, its ACK
}

TEST_CASE("tls: plain bytes on a TLS port and TLS bytes on a plain port get a readable 400") {
  Folder folder;
  KeyPair pair;
  make_pair(pair, "one");
  folder.write(pair);
  TestServer tls(echo, folder.options());
  RawClient plain(tls.server->port());
  plain.send(kGet);
  std::string answer = plain.read_to_end();
  CHECK(answer.starts_with("HTTP/1.1 400 "));
  CHECK(contains(answer, "https://"));
  TestServer clear(echo);
  RawClient hello(clear.server->port());
  hello.send("\x16\x03\x01\x02");
  CHECK(hello.read_to_end().starts_with("HTTP/1.1 400 "));
}

TEST_CASE(
    "tls: reload takes new files for new connections, and keeps the old ones when they are bad") {
  Folder folder;
  KeyPair one, two;
  make_pair(one, "one");
  make_pair(two, "two");
  folder.write(one);
  TestServer server(echo, folder.options());
  uint16_t port = server.server->port();
  TlsClient before(port);
  REQUIRE(before.connected);
  CHECK(before.peer_name() == "one");
  folder.write(two);
  CHECK(server.server->reload_tls().has_value());
  CHECK(TlsClient(port).peer_name() == "two");
  before.send(kGet);
  CHECK(contains(before.read_until("GET /a "), "200 OK"));
  FILE* file = fopen((folder.path + "/cert.pem").c_str(), "w");
  fputs("not a certificate", file);
  fclose(file);
  CHECK_FALSE(server.server->reload_tls().has_value());
  CHECK(TlsClient(port).peer_name() == "two");
  HttpServerOptions bad = folder.options();
  CHECK_FALSE(HttpServer::start(*server.loops, bad, echo).has_value());
}

TEST_CASE("tls: with a client CA only its clients come in, and are named") {
  Folder folder;
  KeyPair ca, good, stranger;
  make_pair(ca, "the-ca");
  make_pair(good, "agent-7", &ca);
  make_pair(stranger, "stranger");
  folder.write(ca);
  HttpServerOptions options = folder.options();
  options.tls_client_ca_file = options.tls_certificate_file;
  TestServer server(
      [](HttpRequest request, HttpExchange exchange) {
        exchange.respond({.body = request.peer.client_certificate_subject + " END"});
      },
      options);
  REQUIRE(server.server != nullptr);
  TlsClient known(server.server->port(), "\x08http/1.1", &good);
  known.send(kGet);
  CHECK(contains(known.read_until("END"), "CN=agent-7 END"));
  for (const KeyPair* own :
       {static_cast<const KeyPair*>(nullptr), static_cast<const KeyPair*>(&stranger)}) {
    TlsClient unknown(server.server->port(), "\x08http/1.1", own);
    unknown.send(kGet);
    CHECK(unknown.read_until("END").empty());
  }
  CHECK(server.server->stats().requests == 1);
}

TEST_CASE("tls: a handshake that hangs half open is closed") {
  Folder folder;
  KeyPair pair;
  make_pair(pair, "one");
  folder.write(pair);
  HttpServerOptions options = folder.options();
  options.limits.header_timeout_ms = 40;
  TestServer server(echo, options);
  RawClient half(server.server->port());
  half.send("\x16\x03\x01\x02");
  half.read_to_end();
  CHECK(half.ended());
  CHECK(server.server->stats().timeouts == 1);
}

}  // namespace
}  // namespace kansoku::net
