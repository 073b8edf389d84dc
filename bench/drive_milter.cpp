// Drives a milter as an MTA does and tells how long it held each message:  drive_milter PORT RATE SECONDS CONNECTIONS
// FILE…
//
// Messages are sent at RATE a second, spread over CONNECTIONS; a message that its time has come for while all
// connections are busy counts from that time on, so that a filter which falls behind cannot hide it. FILEs are messages
// (CRLF or LF), sent in turn. The last line of output is JSON: messages, seconds, rate, p50_ms, p99_ms, max_ms,
// accepted.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Mail {
  std::vector<std::pair<std::string, std::string>> fields;  // value with its leading space, lines ended by LF
  std::string body;
};

Mail read_mail(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::string raw((std::istreambuf_iterator<char>(file)), {});
  std::string text;
  for (const char c : raw)
    if (c != '\r') text += c;
  Mail mail;
  const std::size_t end = std::min(text.find("\n\n"), text.size());
  std::string header = text.substr(0, end) + "\n";
  for (std::size_t at = 0; at < header.size();) {
    std::size_t stop = header.find('\n', at);
    while (stop + 1 < header.size() && (header[stop + 1] == ' ' || header[stop + 1] == '\t'))
      stop = header.find('\n', stop + 1);
    const std::string field = header.substr(at, stop - at);
    const std::size_t colon = field.find(':');
    if (colon != std::string::npos) mail.fields.emplace_back(field.substr(0, colon), field.substr(colon + 1));
    at = stop + 1;
  }
  for (const char c : text.substr(std::min(end + 2, text.size())))
    mail.body += c == '\n' ? std::string("\r\n") : std::string(1, c);
  return mail;
}

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

class Connection {
 public:
  explicit Connection(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("connect");
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::string offer = number(6) + number(0x1FF) + number(0x100FFF);  // version, actions, steps with leading spaces
    step('O', offer);
    std::string client = "client.example";
    client += '\0';
    client += '4';
    client += "\x09\xdd";  // port 2525
    client += "192.0.2.1";
    client += '\0';
    step('C', client);
    step('H', std::string("mx.good.example") + '\0');
  }
  ~Connection() { ::close(socket_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // True where the filter lets it go on.
  bool send(const Mail& mail, std::string_view id) {
    write('D', std::string("Mi") + '\0' + std::string(id) + '\0');
    step('M', std::string("<alice@good.example>") + '\0');
    step('R', std::string("<bob@our.example>") + '\0');
    for (const auto& [name, value] : mail.fields) {
      const bool own_id = name == "Message-ID";
      step('L', name + '\0' + (own_id ? " <" + std::string(id) + "@good.example>" : value) + '\0');
    }
    step('N', "");
    for (std::size_t at = 0; at < mail.body.size(); at += 65535) step('B', mail.body.substr(at, 65535));
    write('E', "");
    for (;;) {
      const char kind = read();
      if (kind == 'c' || kind == 'a') return true;
      if (kind == 'y' || kind == 'r' || kind == 't' || kind == 'd') return false;
    }
  }

 private:
  static std::string number(std::uint32_t n) {
    n = htonl(n);
    return std::string(reinterpret_cast<const char*>(&n), sizeof n);
  }
  void write(char kind, const std::string& data) {
    const std::string packet = number(static_cast<std::uint32_t>(data.size() + 1)) + kind + data;
    for (std::size_t at = 0; at < packet.size();) {
      const ssize_t n = ::send(socket_, packet.data() + at, packet.size() - at, MSG_NOSIGNAL);
      if (n <= 0) die("send");
      at += static_cast<std::size_t>(n);
    }
  }
  void exactly(char* out, std::size_t count) {
    while (count > 0) {
      const ssize_t n = ::recv(socket_, out, count, 0);
      if (n <= 0) die("recv");
      out += n;
      count -= static_cast<std::size_t>(n);
    }
  }
  char read() {
    std::uint32_t size = 0;
    exactly(reinterpret_cast<char*>(&size), sizeof size);
    size = ntohl(size);
    answer_.resize(size);
    exactly(answer_.data(), size);
    return answer_.empty() ? '\0' : answer_[0];
  }
  char step(char kind, const std::string& data) {
    write(kind, data);
    return read();
  }

  int socket_;
  std::string answer_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) {
    std::fprintf(stderr, "usage: drive_milter PORT RATE SECONDS CONNECTIONS FILE...\n");
    return 2;
  }
  const int port = std::atoi(argv[1]), connections = std::atoi(argv[4]);
  const double rate = std::atof(argv[2]), seconds = std::atof(argv[3]);
  std::vector<Mail> mails;
  for (int i = 5; i < argc; ++i) mails.push_back(read_mail(argv[i]));
  const auto total = static_cast<std::uint64_t>(rate * seconds);
  std::vector<double> held(total);
  std::atomic<std::uint64_t> next{0}, accepted{0};
  const auto start = Clock::now() + std::chrono::milliseconds(200);
  std::vector<std::thread> threads;
  for (int t = 0; t < connections; ++t)
    threads.emplace_back([&] {
      Connection connection(port);
      for (std::uint64_t i; (i = next++) < total;) {
        const auto due = start + std::chrono::duration_cast<Clock::duration>(
                                     std::chrono::duration<double>(static_cast<double>(i) / rate));
        std::this_thread::sleep_until(due);
        accepted +=
            connection.send(mails[i % mails.size()], "bench-" + std::to_string(getpid()) + "-" + std::to_string(i)) ? 1
                                                                                                                    : 0;
        held[i] = std::chrono::duration<double, std::milli>(Clock::now() - due).count();
      }
    });
  for (std::thread& thread : threads) thread.join();
  const double taken = std::chrono::duration<double>(Clock::now() - start).count();
  std::sort(held.begin(), held.end());
  const auto at = [&](double share) {
    return held[std::min(held.size() - 1, static_cast<std::size_t>(share * static_cast<double>(held.size())))];
  };
  std::printf(
      "{\"messages\": %llu, \"seconds\": %.3f, \"rate\": %.1f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f, "
      "\"accepted\": %llu}\n",
      static_cast<unsigned long long>(total), taken, static_cast<double>(total) / taken, at(0.5), at(0.99), held.back(),
      static_cast<unsigned long long>(accepted.load()));
}
