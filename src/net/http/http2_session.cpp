#include "net/http/connection.h"
namespace kansoku::net { std::unique_ptr<Session> make_http2_session(Connection& c) { return make_http1_session(c); } }
