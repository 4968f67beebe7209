#include "net/http/transport.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>

namespace kansoku::net {
namespace {

std::string openssl_error() {
  unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "unknown error";
  char text[256];
  ERR_error_string_n(code, text, sizeof text);
  return text;
}

// The server's choice among what the client offers: h2 first.
int select_alpn(SSL* /*ssl*/, const unsigned char** out, unsigned char* out_size,
                const unsigned char* offered, unsigned int offered_size, void* /*context*/) {
  static constexpr unsigned char kOurs[] = "\x02h2\x08http/1.1";
  unsigned char* chosen = nullptr;
  int found =
      SSL_select_next_proto(&chosen, out_size, kOurs, sizeof kOurs - 1, offered, offered_size);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::load(const TlsFiles& files) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  if (context == nullptr) return internal_error("cannot make a TLS context: {}", openssl_error());
  std::shared_ptr<const TlsContext> owned(new TlsContext(context));
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  // Forward secrecy and authenticated encryption only (RFC 9325 4.2).
  SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
  // An idle connection keeps no record buffers.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_alpn_select_cb(context, select_alpn, nullptr);
  if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1) {
    return fail(ErrorCode::InvalidArgument, "cannot use the certificate: " + openssl_error(),
                files.certificate);
  }
  if (SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return fail(ErrorCode::InvalidArgument, "cannot use the key: " + openssl_error(), files.key);
  }
  if (SSL_CTX_check_private_key(context) != 1) {
    return fail(ErrorCode::InvalidArgument, "the key is not the certificate's: " + openssl_error(),
                files.key);
  }
  if (!files.client_ca.empty()) {
    if (SSL_CTX_load_verify_locations(context, files.client_ca.c_str(), nullptr) != 1) {
      return fail(ErrorCode::InvalidArgument, "cannot use the client CA: " + openssl_error(),
                  files.client_ca);
    }
    SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(files.client_ca.c_str()));
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    // Sessions may be resumed only where they were verified: RFC 5246 wants a context id for that.
    static constexpr unsigned char kSessionContext[] = "kansoku";
    SSL_CTX_set_session_id_context(context, kSessionContext, sizeof kSessionContext - 1);
  }
  return owned;
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

void Transport::close_socket() {
  SSL_free(std::exchange(ssl_, nullptr));
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

Status Transport::start_tls(std::shared_ptr<const TlsContext> context) {
  ssl_ = SSL_new(context->get());
  if (ssl_ == nullptr || SSL_set_fd(ssl_, fd_) != 1) {
    return internal_error("cannot begin TLS: {}", openssl_error());
  }
  SSL_set_accept_state(ssl_);
  context_ = std::move(context);
  return {};
}

bool Transport::handshake_done() const {
  return ssl_ != nullptr && SSL_is_init_finished(ssl_) == 1;
}

bool Transport::pending() const { return ssl_ != nullptr && SSL_pending(ssl_) > 0; }

std::string_view Transport::alpn() const {
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  if (ssl_ != nullptr) SSL_get0_alpn_selected(ssl_, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

std::string Transport::client_certificate_subject() const {
  if (ssl_ == nullptr || SSL_get_verify_result(ssl_) != X509_V_OK) return {};
  X509* certificate = SSL_get0_peer_certificate(ssl_);
  if (certificate == nullptr) return {};
  BIO* out = BIO_new(BIO_s_mem());
  if (out == nullptr) return {};
  X509_NAME_print_ex(out, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  char* text = nullptr;
  long size = BIO_get_mem_data(out, &text);
  std::string subject(text, static_cast<size_t>(std::max(size, 0L)));
  BIO_free(out);
  return subject;
}

IoResult Transport::peek(char& first) {
  ssize_t got = recv(fd_, &first, 1, MSG_PEEK);
  if (got > 0) return {IoState::Done, 1};
  if (got == 0) return {IoState::End, 0};
  return {errno == EAGAIN || errno == EINTR ? IoState::WouldBlock : IoState::Failed, 0};
}

IoResult Transport::read(std::span<char> into) {
  if (ssl_ != nullptr) {
    read_wants_write_ = false;
    ERR_clear_error();
    int got =
        SSL_read(ssl_, into.data(), static_cast<int>(std::min<size_t>(into.size(), 1U << 30)));
    if (got > 0) return {IoState::Done, static_cast<size_t>(got)};
    IoResult result = tls_result(got);
    return result;
  }
  for (;;) {
    ssize_t got = recv(fd_, into.data(), into.size(), 0);
    if (got > 0) return {IoState::Done, static_cast<size_t>(got)};
    if (got == 0) return {IoState::End, 0};
    if (errno == EINTR) continue;
    return {errno == EAGAIN ? IoState::WouldBlock : IoState::Failed, 0};
  }
}

IoResult Transport::tls_result(int returned) {
  switch (SSL_get_error(ssl_, returned)) {
    case SSL_ERROR_WANT_READ:
      return {IoState::WouldBlock, 0};
    case SSL_ERROR_WANT_WRITE:
      read_wants_write_ = true;
      return {IoState::WouldBlock, 0};
    case SSL_ERROR_ZERO_RETURN:
      return {IoState::End, 0};
    default:
      failed_ = true;  // after a fatal error SSL_shutdown must not be called
      ERR_clear_error();
      return {IoState::Failed, 0};
  }
}

IoResult Transport::write(std::span<const iovec> pieces) {
  IoResult total;
  if (ssl_ != nullptr) {
    for (const iovec& piece : pieces) {
      ERR_clear_error();
      int put = SSL_write(ssl_, piece.iov_base,
                          static_cast<int>(std::min<size_t>(piece.iov_len, 1U << 30)));
      if (put <= 0) {
        bool wants_write = read_wants_write_;
        IoResult result = tls_result(put);
        read_wants_write_ = wants_write;  // the writer waits for writability anyway
        total.state = result.state;
        return total;
      }
      total.bytes += static_cast<size_t>(put);
      if (static_cast<size_t>(put) < piece.iov_len) return total;
    }
    return total;
  }
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());  // sendmsg does not write through it
  message.msg_iovlen = pieces.size();
  for (;;) {
    ssize_t put = sendmsg(fd_, &message, MSG_NOSIGNAL);
    if (put >= 0) return {IoState::Done, static_cast<size_t>(put)};
    if (errno == EINTR) continue;
    return {errno == EAGAIN ? IoState::WouldBlock : IoState::Failed, 0};
  }
}

void Transport::shutdown_write() {
  if (handshake_done() && !failed_) {
    ERR_clear_error();
    SSL_shutdown(ssl_);
    ERR_clear_error();
  }
  shutdown(fd_, SHUT_WR);
}

}  // namespace kansoku::net
