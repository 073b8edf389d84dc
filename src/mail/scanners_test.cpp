// Scanners: a clamd of our own on loopback that answers in every way, and YARA rules.
#include "mail/scanners.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

namespace rw {
namespace {

// Takes one connection, reads a stream as clamd does, and sends what it was told to.
class FakeClamd {
 public:
  explicit FakeClamd(std::string reply) : reply_(std::move(reply)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_, 1), 0);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeClamd() {
    thread_.join();
    ::close(listener_);
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string received;

 private:
  bool read(void* to, std::size_t count) {
    auto* out = static_cast<char*>(to);
    while (count > 0) {
      const ssize_t got = ::recv(connection_, out, count, 0);
      if (got <= 0) return false;
      out += got, count -= static_cast<std::size_t>(got);
    }
    return true;
  }
  void serve() {
    connection_ = ::accept(listener_, nullptr, nullptr);
    char command[10];
    if (read(command, sizeof command) && std::memcmp(command, "zINSTREAM\0", 10) == 0)
      for (std::uint32_t size; read(&size, 4) && size != 0;) {
        std::string piece(ntohl(size), '\0');
        if (!read(piece.data(), piece.size())) break;
        received += piece;
      }
    if (!reply_.empty()) (void)::send(connection_, reply_.data(), reply_.size(), MSG_NOSIGNAL);
    ::close(connection_);
  }

  std::string reply_;
  int listener_ = -1, connection_ = -1;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

TEST(Clamd, ItsWordsAreTaken) {
  const std::string content(700'000, 'x');
  FakeClamd clamd(std::string("stream: Test.Virus-1 FOUND\0", 27));
  const auto scanner = make_clamd_scanner(clamd.address());
  ASSERT_TRUE(scanner) << scanner.error().message;
  const ScanVerdict verdict = (*scanner)(content);
  EXPECT_EQ(verdict.names, std::vector<std::string>{"Test.Virus-1"});
  EXPECT_EQ(verdict.failure, "");
}

TEST(Clamd, EveryByteArrives) {
  std::string received;
  const std::string content(600'001, 'y');
  {
    FakeClamd clamd(std::string("stream: OK\0", 11));
    const ScanVerdict verdict = (*make_clamd_scanner(clamd.address()))(content);
    EXPECT_TRUE(verdict.names.empty());
    EXPECT_EQ(verdict.failure, "");
    received = clamd.received;
  }
  EXPECT_EQ(received.size(), content.size());
}

TEST(Clamd, FailureIsNeverClean) {
  for (const std::string& reply :
       {std::string(), std::string("INSTREAM size limit exceeded. ERROR\0", 36), std::string("nonsense\0", 9)}) {
    FakeClamd clamd(reply);
    const ScanVerdict verdict = (*make_clamd_scanner(clamd.address(), Duration::seconds(2)))("x");
    EXPECT_TRUE(verdict.names.empty());
    EXPECT_NE(verdict.failure, "") << reply;
  }
  const ScanVerdict nobody = (*make_clamd_scanner("/nonexistent/clamd.ctl"))("x");
  EXPECT_NE(nobody.failure.find("cannot be reached"), std::string::npos) << nobody.failure;
}

TEST(Clamd, AddressesAreChecked) {
  for (const char* wrong : {"", "localhost:3310", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:70000", "1.2.3:4", "x"})
    EXPECT_FALSE(make_clamd_scanner(wrong)) << wrong;
  EXPECT_TRUE(make_clamd_scanner("[::1]:3310"));
  EXPECT_FALSE(make_clamd_scanner("/" + std::string(200, 'x')));
}

TEST(Yara, RulesNameWhatMatches) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("rw-yara-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "good.yar") << "rule lure { strings: $a = \"open me\" condition: $a }\n";
  std::ofstream(folder / "bad.yar") << "rule broken {\n condition: nothing_known\n}\n";
  const auto scanner = make_yara_scanner({(folder / "good.yar").string()});
  if (!scanner && scanner.error().code == ErrorCode::kUnsupported) GTEST_SKIP() << scanner.error().message;
  ASSERT_TRUE(scanner) << scanner.error().message;
  EXPECT_EQ((*scanner)("please open me now").names, std::vector<std::string>{"yara:lure"});
  EXPECT_TRUE((*scanner)("please leave me").names.empty());
  EXPECT_EQ((*scanner)("").failure, "");
  const auto wrong = make_yara_scanner({(folder / "bad.yar").string()});
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message.find("bad.yar:2"), std::string::npos) << wrong.error().message;
  EXPECT_EQ(make_yara_scanner({(folder / "none.yar").string()}).error().code, ErrorCode::kNotFound);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace rw
