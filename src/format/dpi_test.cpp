// Tests of nDPI's labels beside our own, where its library is there.
#include "format/dpi.h"

#include <gtest/gtest.h>

#include "format/capture_testing.h"

namespace rw {
namespace {

using testing::datagram;
using testing::Frame;
using testing::run_frames;
using testing::segment;

// A connection that opens and asks for a name by TLS.
std::vector<Frame> session() {
  const std::string hello = testing::tls_record(testing::client_hello({.server_name = "www.facebook.com"}));
  return {{0.0, segment({.flags = 2})},
          {0.1, segment({.src = 443, .dst = 40000, .seq = 5000, .ack = 1001, .flags = 0x12}, {}, true)},
          {0.2, segment({.seq = 1001, .ack = 5001, .flags = 0x18}, hello)},
          {0.3, segment({.seq = 1001 + static_cast<std::uint32_t>(hello.size()), .ack = 5001, .flags = 0x11})}};
}

bool available() {
  testing::Decoded decoded = run_frames(session());
  return decoded.counts.weird.count("dpi-unavailable") == 0;
}

TEST(Dpi, NamesFlowsBesideOurOwnRules) {
  ASSERT_TRUE(available()) << "the build puts nDPI into lib/ beside the program";
  testing::Decoded decoded = run_frames(session());
  ASSERT_EQ(decoded["flows"].size(), 1U);
  const testing::Row& row = decoded["flows"][0];
  EXPECT_EQ(row.at("app"), "tls");
  EXPECT_EQ(row.at("dpi"), "tls.facebook");
  EXPECT_EQ(row.at("dpi_category"), "socialnetwork");
}

TEST(Dpi, IsSilentWhereItIsNotAsked) {
  testing::CaptureRun how;
  how.options.dpi = false;
  testing::Decoded decoded = run_frames(session(), how);
  ASSERT_EQ(decoded["flows"].size(), 1U);
  EXPECT_EQ(decoded["flows"][0].at("app"), "tls");
  EXPECT_FALSE(decoded["flows"][0].contains("dpi"));
  EXPECT_EQ(decoded.counts.weird.count("dpi-unavailable"), 0U);
}

// What a port suggests is not taken over.
TEST(Dpi, DoesNotGuessByPorts) {
  ASSERT_TRUE(available()) << "the build puts nDPI into lib/ beside the program";
  std::vector<Frame> frames;
  for (int i = 0; i < 12; ++i)
    frames.push_back({0.1 * i, datagram(40000, 1194, std::string(60, static_cast<char>(0x91 + i)))});
  testing::Decoded decoded = run_frames(frames);
  ASSERT_EQ(decoded["flows"].size(), 1U);
  EXPECT_FALSE(decoded["flows"][0].contains("dpi"));
}

// An input's rows depend on nothing but the input, although the library learns as it goes.
TEST(Dpi, SaysTheSameAgain) {
  testing::Decoded first = run_frames(session());
  for (int i = 0; i < 3; ++i) {
    testing::Decoded again = run_frames(session());
    EXPECT_EQ(first["flows"], again["flows"]);
  }
}

// Cut at every byte, the library is given what is there and no more.
TEST(Dpi, SurvivesCutPackets) {
  for (const Frame& frame : session()) {
    for (std::size_t length = 0; length <= frame.bytes.size(); ++length) {
      testing::Decoded decoded = run_frames({{0, frame.bytes.substr(0, length), static_cast<int>(frame.bytes.size())}});
      EXPECT_LE(decoded["flows"].size(), 1U);
    }
  }
  for (std::size_t length = 0; length < 80; ++length) {
    const std::string query = testing::dns_query(7, "www.example.org").substr(0, length);
    EXPECT_LE(run_frames({{0, datagram(40000, 53, query)}})["flows"].size(), 1U);
  }
}

}  // namespace
}  // namespace rw
