#include "net/http/http.h"

#include "base/text/ascii.h"

namespace kansoku::net {

bool header_equals(std::string_view a, std::string_view b) { return equals_ignore_case(a, b); }

void Headers::add(std::string name, std::string value) {
  list_.push_back({std::move(name), std::move(value)});
}

void Headers::set(std::string name, std::string value) {
  std::erase_if(list_, [&](const Header& header) { return header_equals(header.name, name); });
  add(std::move(name), std::move(value));
}

std::string_view Headers::get(std::string_view name) const {
  for (const Header& header : list_) {
    if (header_equals(header.name, name)) return header.value;
  }
  return {};
}

bool Headers::has(std::string_view name) const {
  return std::any_of(list_.begin(), list_.end(),
                     [&](const Header& header) { return header_equals(header.name, name); });
}

std::string_view HttpRequest::path() const {
  return std::string_view(target).substr(0, target.find('?'));
}

std::string_view HttpRequest::query() const {
  size_t mark = target.find('?');
  return mark == std::string::npos ? std::string_view() : std::string_view(target).substr(mark + 1);
}

HttpExchange::~HttpExchange() {
  if (impl_ != nullptr) impl_->dropped();
}

HttpExchange& HttpExchange::operator=(HttpExchange&& other) noexcept {
  if (this != &other) {
    if (impl_ != nullptr) impl_->dropped();
    impl_ = std::move(other.impl_);
  }
  return *this;
}

// Calls on an exchange that is over, or was moved away, do nothing: the peer may be gone at any
// time and the caller need not ask first.
void HttpExchange::respond(HttpResponse response) {
  if (auto impl = std::move(impl_)) impl->respond(std::move(response));
}
void HttpExchange::begin(int status, Headers headers) {
  if (impl_ != nullptr) impl_->begin(status, std::move(headers));
}
bool HttpExchange::write(std::string chunk) {
  return impl_ != nullptr && impl_->write(std::move(chunk));
}
void HttpExchange::end(Headers trailers) {
  if (auto impl = std::move(impl_)) impl->end(std::move(trailers));
}
void HttpExchange::abort() {
  if (auto impl = std::move(impl_)) impl->abort();
}
void HttpExchange::on_close(std::move_only_function<void()> callback) {
  if (impl_ != nullptr) impl_->on_close(std::move(callback));
}
void HttpExchange::on_drain(std::move_only_function<void()> callback) {
  if (impl_ != nullptr) impl_->on_drain(std::move(callback));
}

void SimHttpClient::send(HttpClientRequest request, Callback callback) {
  timers_.after(delay_ns_,
                [this, request = std::move(request), callback = std::move(callback)]() mutable {
                  callback(server_(request));
                });
}

}  // namespace kansoku::net
