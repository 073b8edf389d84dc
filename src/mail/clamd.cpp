// clamd's INSTREAM (clamd(8)): a four-byte length before each piece, zero ends, one line comes back.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "mail/scanners.h"

namespace rw {
namespace {

constexpr std::size_t kPiece = std::size_t{256} << 10;
constexpr std::size_t kMaxReply = 4096;  // one line with a signature's name

class Socket {
 public:
  explicit Socket(int handle) : handle_(handle) {}
  ~Socket() {
    if (handle_ >= 0) ::close(handle_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int handle() const { return handle_; }

 private:
  int handle_;
};

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

Result<Address> parse_address(const std::string& text) {
  Address out;
  if (text.starts_with('/')) {
    auto& path = reinterpret_cast<sockaddr_un&>(out.storage);
    if (text.size() >= sizeof path.sun_path)
      return Failure(ErrorCode::kUsage, "'" + text + "' is longer than the path of a socket can be");
    path.sun_family = AF_UNIX;
    std::memcpy(path.sun_path, text.c_str(), text.size() + 1);
    out.size = sizeof path;
    return out;
  }
  const Failure wrong(ErrorCode::kUsage,
                      "'" + text + "' is no address of clamd: write \"/run/clamav/clamd.ctl\" or \"127.0.0.1:3310\"");
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon + 1 == text.size()) return wrong;
  std::string host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  unsigned port = 0;
  for (const char c : text.substr(colon + 1)) {
    if (c < '0' || c > '9' || port > 65'535) return wrong;
    port = port * 10 + static_cast<unsigned>(c - '0');
  }
  if (port == 0 || port > 65'535) return wrong;
  auto& four = reinterpret_cast<sockaddr_in&>(out.storage);
  auto& six = reinterpret_cast<sockaddr_in6&>(out.storage);
  if (inet_pton(AF_INET, host.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET, four.sin_port = htons(static_cast<std::uint16_t>(port)), out.size = sizeof four;
  } else if (inet_pton(AF_INET6, host.c_str(), &six.sin6_addr) == 1) {
    six.sin6_family = AF_INET6, six.sin6_port = htons(static_cast<std::uint16_t>(port)), out.size = sizeof six;
  } else {
    return wrong;
  }
  return out;
}

bool wait_for(int handle, short events, Timestamp until) {
  for (;;) {
    const std::int64_t left = (until - Timestamp::now()).us / 1000;
    if (left <= 0) return false;
    pollfd waited{handle, events, 0};
    const int ready = ::poll(&waited, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

bool send_all(int handle, std::string_view bytes, Timestamp until) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(handle, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) && wait_for(handle, POLLOUT, until)) continue;
    return false;
  }
  return true;
}

std::string receive_line(int handle, Timestamp until) {
  std::string reply;
  char block[512];
  while (reply.size() < kMaxReply && wait_for(handle, POLLIN, until)) {
    const ssize_t got = ::recv(handle, block, sizeof block, 0);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) break;
    reply.append(block, static_cast<std::size_t>(got));
    if (reply.find('\0') != std::string::npos || reply.find('\n') != std::string::npos) break;
  }
  return reply.substr(0, reply.find_first_of(std::string_view("\0\n", 2)));
}

ScanVerdict read_reply(const std::string& name, const std::string& reply) {
  constexpr std::string_view kFound = " FOUND";
  ScanVerdict verdict;
  const std::size_t colon = reply.find(": ");
  if (reply.ends_with(": OK")) return verdict;
  if (reply.ends_with(kFound) && colon != std::string::npos) {
    verdict.names.push_back(reply.substr(colon + 2, reply.size() - kFound.size() - colon - 2));
    return verdict;
  }
  verdict.failure = reply.empty() ? "clamd at " + name + " did not answer" : "clamd at " + name + " said: " + reply;
  return verdict;
}

ScanVerdict ask(const std::string& name, const Address& address, std::string_view bytes, Duration timeout) {
  const Timestamp until = Timestamp::now() + timeout;
  const auto failed = [&](const char* what) {
    return ScanVerdict{{}, "clamd at " + name + " " + what + ": " + std::strerror(errno)};
  };
  const Socket socket(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.handle() < 0) return failed("cannot be asked");
  if (::connect(socket.handle(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0) {
    if (errno != EINPROGRESS && errno != EAGAIN) return failed("cannot be reached");
    int error = 0;
    socklen_t size = sizeof error;
    if (!wait_for(socket.handle(), POLLOUT, until))
      return {{}, "clamd at " + name + " did not take the connection in time"};
    ::getsockopt(socket.handle(), SOL_SOCKET, SO_ERROR, &error, &size);
    errno = error;
    if (error != 0) return failed("cannot be reached");
  }
  bool sent = send_all(socket.handle(), std::string_view("zINSTREAM\0", 10), until);
  while (sent && !bytes.empty()) {
    const std::string_view piece = bytes.substr(0, kPiece);
    const std::uint32_t size = htonl(static_cast<std::uint32_t>(piece.size()));
    sent = send_all(socket.handle(), {reinterpret_cast<const char*>(&size), sizeof size}, until) &&
           send_all(socket.handle(), piece, until);
    bytes.remove_prefix(piece.size());
  }
  // clamd answers before the end where a limit of its own is met, and closes: its answer counts.
  if (sent) send_all(socket.handle(), std::string_view("\0\0\0\0", 4), until);
  return read_reply(name, receive_line(socket.handle(), until));
}

}  // namespace

Result<ContentScanner> make_clamd_scanner(const std::string& address, Duration timeout) {
  RW_ASSIGN(const Address parsed, parse_address(address));
  return ContentScanner(
      [address, parsed, timeout](std::string_view bytes) { return ask(address, parsed, bytes, timeout); });
}

}  // namespace rw
