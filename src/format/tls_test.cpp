// Tests of ClientHello reading.
#include "format/tls.h"

#include <gtest/gtest.h>

#include "format/capture_builder.h"

namespace rw {
namespace {

using testing::be;
using testing::client_hello;
using testing::tls_record;

HelloStatus read(std::string_view bytes, ClientHello& hello) { return read_client_hello(as_bytes(bytes), hello); }

TEST(Tls, ReadsWhatTheClientAsksFor) {
  ClientHello hello;
  ASSERT_EQ(read(tls_record(client_hello({.server_name = "WWW.Example.org"})), hello), HelloStatus::kDone);
  EXPECT_TRUE(hello.has_server_name);
  EXPECT_EQ(hello.server_name, "www.example.org");
  EXPECT_EQ(tls_version_name(hello.version), "TLSv13");
  EXPECT_EQ(hello.alpn, "h2");  // GREASE before it is passed over
  ASSERT_EQ(read(tls_record(client_hello({.server_name = "", .versions = {}, .protocols = {}})), hello),
            HelloStatus::kDone);
  EXPECT_FALSE(hello.has_server_name);
  EXPECT_EQ(tls_version_name(hello.version), "TLSv12");
  EXPECT_EQ(hello.alpn, "");
}

TEST(Tls, EscapesNames) {
  ClientHello hello;
  ASSERT_EQ(read(tls_record(client_hello({.server_name = "a\x1B[31m\xFF"})), hello), HelloStatus::kDone);
  EXPECT_EQ(hello.server_name, "a\\027[31m\\255");
  ASSERT_EQ(read(tls_record(client_hello({.server_name = std::string(300, 'a')})), hello), HelloStatus::kDone);
  EXPECT_FALSE(hello.has_server_name);
}

TEST(Tls, JoinsRecords) {
  const std::string message = client_hello({.padding = 1500});
  for (const std::size_t step : {1, 7, 100, 1000}) {
    std::string stream;
    for (std::size_t at = 0; at < message.size(); at += step) stream += tls_record(message.substr(at, step));
    ClientHello hello;
    ASSERT_EQ(read(stream, hello), HelloStatus::kDone) << step;
    EXPECT_EQ(hello.server_name, "www.example.org");
    EXPECT_EQ(hello.alpn, "h2");
  }
}

// Found by fuzzing: what followed the last record of a hello made it none.
TEST(Tls, IsNotBotheredByWhatFollows) {
  const std::string message = client_hello();
  ClientHello hello;
  ASSERT_EQ(read(tls_record(message.substr(0, 50)) + tls_record(message.substr(50)) + std::string(20, '\xFF'), hello),
            HelloStatus::kDone);
  EXPECT_EQ(hello.server_name, "www.example.org");
}

TEST(Tls, WantsMoreAtEveryByte) {
  const std::string stream = tls_record(client_hello());
  for (std::size_t length = 0; length < stream.size(); ++length) {
    ClientHello hello;
    EXPECT_EQ(read(stream.substr(0, length), hello), HelloStatus::kNeedMore) << length;
  }
}

TEST(Tls, RefusesWhatIsNone) {
  ClientHello hello;
  EXPECT_EQ(read("GET / HTTP/1.1\r\n", hello), HelloStatus::kNot);
  EXPECT_EQ(read(tls_record(client_hello().replace(0, 1, "\2")), hello), HelloStatus::kNot);  // a ServerHello
  EXPECT_EQ(read(tls_record(be(1, 1) + be(0xFFFFFF, 3) + std::string(100, 'x')), hello), HelloStatus::kNot);
  EXPECT_EQ(read(tls_record(be(1, 1) + be(40, 3) + std::string(40, '\xFF')), hello), HelloStatus::kNot);
  EXPECT_EQ(read(std::string(kMaxClientHelloBytes + 1, '\x16'), hello), HelloStatus::kNot);
  std::string drip;  // records of one byte that never end
  for (std::size_t i = 0; i < kMaxClientHelloBytes; ++i) drip += tls_record(i == 0 ? "\1" : std::string(1, '\0'));
  EXPECT_NE(read(drip, hello), HelloStatus::kNeedMore);
}

TEST(Tls, SurvivesLengthsThatLie) {
  const std::string message = client_hello();
  for (std::size_t at = 4; at < message.size(); ++at) {
    for (const char value : {'\0', '\1', '\x7F', '\xFF'}) {
      std::string damaged = message;
      damaged[at] = value;
      ClientHello hello;
      read(tls_record(damaged), hello);
      EXPECT_LE(hello.server_name.size(), 4 * 255U);
    }
  }
}

TEST(Tls, IsRecognised) {
  EXPECT_TRUE(looks_like_tls(as_bytes(tls_record(client_hello()))));
  EXPECT_FALSE(looks_like_tls(as_bytes(std::string_view("\x16\x03\x01", 3))));
  EXPECT_FALSE(looks_like_tls(as_bytes(std::string_view("\x17\x03\x03\x00\x20\x01\x00", 7))));
  EXPECT_FALSE(looks_like_tls(as_bytes("SSH-2.0-OpenSSH")));
}

}  // namespace
}  // namespace rw
