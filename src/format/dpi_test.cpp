// Tests of nDPI's labels beside our own, where its library is there.
#include "format/dpi.h"

#include <gtest/gtest.h>

#include <thread>

#include "format/capture_testing.h"

namespace rw {
namespace {

using testing::datagram;
using testing::Frame;
using testing::run_frames;
using testing::segment;

// A connection that opens and asks for a name by TLS.
std::vector<Frame> session(std::uint16_t port = 40000, std::string_view name = "www.facebook.com") {
  const std::string hello = testing::tls_record(testing::client_hello({.server_name = std::string(name)}));
  const auto length = static_cast<std::uint32_t>(hello.size());
  return {{0.0, segment({.src = port, .flags = 2})},
          {0.1, segment({.src = 443, .dst = port, .seq = 5000, .ack = 1001, .flags = 0x12}, {}, true)},
          {0.2, segment({.src = port, .seq = 1001, .ack = 5001, .flags = 0x18}, hello)},
          {0.3, segment({.src = port, .seq = 1001 + length, .ack = 5001, .flags = 0x11})}};
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

// The library runs on a thread of its own: whatever the scheduler does, rows are the same, in the same order, and none
// lacks its label. More flows than rows wait, and several runs that disturb one another.
TEST(Dpi, RowsDoNotDependOnThreads) {
  constexpr std::size_t kSessions = FlowAssembler::kMaxHeld + 1500, kOpen = 700;
  std::vector<std::vector<Frame>> sessions;
  for (std::size_t i = 0; i < kSessions; ++i)
    sessions.push_back(session(static_cast<std::uint16_t>(10000 + i), i % 3 == 0 ? "www.facebook.com" : "example.org"));
  std::vector<Frame> frames;  // interleaved: kOpen sessions at a time
  for (std::size_t first = 0; first < kSessions; first += kOpen)
    for (std::size_t step = 0; step < sessions[0].size(); ++step)
      for (std::size_t i = first; i < std::min(first + kOpen, kSessions); ++i) {
        frames.push_back(sessions[i][step]);
        frames.back().at = 0.0001 * static_cast<double>(frames.size());
      }
  const std::string capture = testing::pcap(frames);
  std::vector<testing::Decoded> runs(4);
  std::vector<std::thread> threads;
  for (testing::Decoded& run : runs) threads.emplace_back([&] { run = testing::run_capture(capture); });
  for (std::thread& thread : threads) thread.join();
  ASSERT_EQ(runs[0]["flows"].size(), kSessions);
  for (const testing::Row& row : runs[0]["flows"]) {
    const bool third = (std::stoul(row.at("src_port")) - 10000) % 3 == 0;
    ASSERT_TRUE(row.contains("dpi")) << row.at("src_port");
    EXPECT_EQ(row.at("dpi"), third ? "tls.facebook" : "tls");
  }
  for (testing::Decoded& run : runs) EXPECT_EQ(run["flows"], runs[0]["flows"]);
}

// A row of a flow that goes on has what is settled at its end, no less and no more.
TEST(Dpi, LabelsThePiecesOfLongFlows) {
  std::vector<Frame> frames = session();
  frames.pop_back();           // it stays open
  frames[2].at = 35;           // and asks only in its second piece
  for (int i = 0; i < 3; ++i)  // then nDPI has seen enough
    frames.push_back(
        {36.0 + i, segment({.src = 443, .dst = 40000, .seq = 5001, .ack = 1500, .flags = 0x18}, "x", true)});
  frames.push_back({70, segment({.seq = 3000, .ack = 5001, .flags = 0x10})});
  testing::CaptureRun how;
  how.options.active_timeout = Duration::seconds(30);
  testing::Decoded decoded = run_frames(frames, how);
  ASSERT_EQ(decoded["flows"].size(), 3U);
  EXPECT_FALSE(decoded["flows"][0].contains("dpi"));
  for (std::size_t i = 1; i < 3; ++i) {
    ASSERT_TRUE(decoded["flows"][i].contains("dpi")) << i;
    EXPECT_EQ(decoded["flows"][i].at("dpi"), "tls.facebook");
  }
}

// Memory is bounded, and what that costs is told: exactly, although the library works when it likes.
TEST(Dpi, CountsWhatItWasNotAskedAbout) {
  constexpr std::size_t kMore = 100;
  std::vector<Frame> frames;
  for (std::size_t i = 0; i < DpiEngine::kMaxFlows + kMore; ++i)
    frames.push_back({0.0001 * static_cast<double>(i),
                      datagram(static_cast<std::uint16_t>(i % 50000 + 10000),
                               static_cast<std::uint16_t>(20000 + i / 50000), std::string(60, '\x91'))});
  testing::Decoded decoded = run_frames(frames);
  EXPECT_EQ(decoded["flows"].size(), frames.size());
  EXPECT_EQ(decoded.counts.weird["dpi-limit"], kMore);
}

// A beginning that is known already brings no rows, though they leave later than they are told.
TEST(Dpi, DropsTheRowsOfAKnownBeginning) {
  std::vector<Frame> frames = session();
  const std::size_t known = testing::pcap(frames).size();
  for (Frame frame : session(50000)) {
    frame.at += 200;
    frames.push_back(frame);
  }
  testing::CaptureRun how;
  how.resume_offset = known;
  testing::Decoded decoded = run_frames(frames, how);
  ASSERT_EQ(decoded["flows"].size(), 1U);
  EXPECT_EQ(decoded["flows"][0].at("src_port"), "50000");
  EXPECT_EQ(decoded["flows"][0].at("dpi"), "tls.facebook");
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
