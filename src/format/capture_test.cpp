// Tests of the capture formats end to end: files that the test builds, and the rows that come of them.
#include "format/capture.h"

#include <gtest/gtest.h>

#include "format/capture_testing.h"
#include "format/traffic.h"

namespace rw {
namespace {

using testing::be;
using testing::datagram;
using testing::eth4;
using testing::Frame;
using testing::pcap;
using testing::pcap_header;
using testing::pcap_record;
using testing::Pcapng;
using testing::Row;
using testing::run_capture;
using testing::run_frames;
using testing::segment;
using testing::total;
using Rows = testing::Decoded;

std::string absent(const Row& row, const std::string& column) {
  return row.contains(column) ? row.at(column) : "(null)";
}
std::string at(double seconds) { return std::to_string(testing::kStart + static_cast<std::int64_t>(seconds * 1e6)); }

std::vector<Frame> three_datagrams() {
  return {{0, datagram(5000, 6000, "one")},
          {1.5, datagram(6000, 5000, "answer", true)},
          {2.25, datagram(5000, 6000, "two")}};
}
void expect_three_datagrams(Rows run) {
  ASSERT_TRUE(run.status) << run.status.error().message;
  ASSERT_EQ(run["flows"].size(), 1U);
  const Row& row = run["flows"][0];
  EXPECT_EQ(row.at("start_time"), at(0));
  EXPECT_EQ(row.at("end_time"), at(2.25));
  EXPECT_EQ(row.at("packets"), "2");
  EXPECT_EQ(row.at("rev_packets"), "1");
  EXPECT_EQ(row.at("bytes"), std::to_string(2 * 31));
  EXPECT_EQ(row.at("rev_bytes"), std::to_string(34));
  EXPECT_EQ(row.at("sensor"), "border");
  EXPECT_TRUE(run.counts.weird.empty());
}

// ---- pcap ---------------------------------------------------------------------------------------------------------

TEST(Pcap, ReadsEveryByteOrderAndResolution) {
  for (const bool big : {false, true})
    for (const bool nano : {false, true})
      expect_three_datagrams(run_capture(pcap(three_datagrams(), {.big_endian = big, .nanoseconds = nano})));
  expect_three_datagrams(run_capture(pcap(three_datagrams(), {.modified = true})));
}

TEST(Pcap, ReadsWhateverTheInputHandsOut) {
  for (const std::size_t step : {1, 3, 17, 64})
    expect_three_datagrams(run_capture(pcap(three_datagrams()), {.step = step}));
}

TEST(Pcap, ReadsFilesPutOneAfterAnother) {
  const auto frames = three_datagrams();
  expect_three_datagrams(run_capture(pcap({frames[0]}) + pcap({frames[1]}, {.big_endian = true}) +
                                     pcap({frames[2]}, {.nanoseconds = true})));
}

TEST(Pcap, TakesItsSensorFromOptionsOrName) {
  EXPECT_EQ(capture_sensor({}, "/data/day/border.pcap.gz"), "border");
  EXPECT_EQ(capture_sensor({}, "day.tar.gz!inner/eth0.pcapng"), "eth0");
  EXPECT_EQ(capture_sensor({}, "eth0.2019-01-01.pcap"), "eth0.2019-01-01");
  EXPECT_EQ(capture_sensor({}, "-"), "stdin");
  EXPECT_EQ(capture_sensor({}, "\x1B.pcap"), "\\027");
  DecodeOptions options;
  options.sensor = "named";
  EXPECT_EQ(capture_sensor(options, "border.pcap"), "named");
}

TEST(Pcap, SaysWhatALinkTypeIsNot) {
  const Rows run = run_capture(pcap(three_datagrams(), {.link_type = 105}));
  ASSERT_FALSE(run.status);
  EXPECT_EQ(run.status.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(run.status.error().message.find("link type 105"), std::string::npos);
  EXPECT_EQ(run.weird("unsupported-link-type"), 3U);
}

TEST(Pcap, HonoursSnapLengths) {
  std::vector<Frame> frames = {{0, segment({.flags = 2}), -1}, {1, segment({}, std::string(1400, 'x')), -1}};
  frames[1].wire = static_cast<int>(frames[1].bytes.size());
  frames[1].bytes.resize(60);
  Rows run = run_frames(frames);
  EXPECT_EQ(total(run, "bytes"), 40 + 1440);
  EXPECT_TRUE(run.counts.weird.empty());
}

// Whatever is cut off: no failure but of the header itself, and what was whole before the cut is told.
TEST(Pcap, SurvivesTruncationAtEveryByte) {
  const std::string whole = pcap(three_datagrams());
  std::vector<std::size_t> ends = {24};
  for (const Frame& frame : three_datagrams()) ends.push_back(ends.back() + 16 + frame.bytes.size());
  for (std::size_t length = 1; length < whole.size(); ++length) {
    Rows run = run_capture(whole.substr(0, length));
    if (length < 24) {
      EXPECT_FALSE(run.status) << length;
      continue;
    }
    ASSERT_TRUE(run.status) << length << run.status.error().message;
    std::int64_t packets = 0;
    bool between = false;
    for (std::size_t i = 0; i < ends.size(); ++i) {
      packets += i > 0 && ends[i] <= length ? 1 : 0;
      between |= ends[i] == length;
    }
    EXPECT_EQ(total(run, "packets"), packets) << length;
    EXPECT_EQ(run.weird("truncated-record"), between ? 0U : 1U) << length;
  }
}

TEST(Pcap, FindsItsWayBehindADamagedRecord) {
  std::vector<Frame> frames;
  for (int i = 0; i < 20; ++i)
    frames.push_back({i * 0.5, datagram(5000, 6000, std::string(100, static_cast<char>(i)))});
  std::string bytes = pcap(frames);
  const std::size_t record = 16 + frames[0].bytes.size();
  bytes.replace(24 + 5 * record + 8, 4, "\xFF\xFF\xFF\xFF");  // the sixth's captured length
  Rows run = run_capture(bytes);
  ASSERT_TRUE(run.status) << run.status.error().message;
  EXPECT_EQ(total(run, "packets"), 19);
  EXPECT_EQ(run.weird("damaged-record"), 1U);
  EXPECT_EQ(run["weird"][0].at("byte_offset"), std::to_string(24 + 5 * record));
}

TEST(Pcap, SaysWhereItStoppedAndWhatWasKept) {
  const std::string bytes = pcap(three_datagrams()) + std::string(5000, '\xFF');
  Rows run = run_capture(bytes);
  ASSERT_FALSE(run.status);
  EXPECT_EQ(run.status.error().code, ErrorCode::kCorrupt);
  const std::string offset = std::to_string(pcap(three_datagrams()).size());
  EXPECT_NE(run.status.error().message.find("byte offset " + offset), std::string::npos) << run.status.error().message;
  EXPECT_NE(run.status.error().message.find("3 packets"), std::string::npos);
  EXPECT_EQ(total(run, "packets"), 3);
}

TEST(Pcap, StopsWhereDamageNeverEnds) {
  std::string bytes = pcap_header();
  const Frame good{0, datagram(1, 2, "x")};
  for (int i = 0; i < 3000; ++i)
    bytes += pcap_record(good) + pcap_record(good) + pcap_record(good) + std::string(20, '\xFF');
  const Rows run = run_capture(bytes);
  ASSERT_FALSE(run.status);
  EXPECT_EQ(run.weird("damaged-record"), kMaxResyncs);
}

TEST(Pcap, KeepsPacketsThatJumpInTime) {
  std::vector<Frame> frames;
  for (int year = 0; year < 6; year += 2)
    for (int i = 0; i < 3; ++i)
      frames.push_back({year * 365.0 * 86400 + i,
                        datagram(5000, 53, testing::dns_query(static_cast<std::uint16_t>(i), "a.example"))});
  frames.push_back(
      {-3 * 365.0 * 86400, datagram(5000, 53, testing::dns_query(9, "b.example"))});  // a lonely one at the end
  Rows run = run_frames(frames);
  EXPECT_EQ(total(run, "packets"), 10);
  EXPECT_EQ(run["dns"].size(), 10U);
  EXPECT_EQ(run["flows"].size(), 4U);
  EXPECT_GE(run.weird("time-jump"), 3U);
}

// One wild timestamp in the middle must not end the flows around it.
TEST(Pcap, OneWildTimestampMovesNothing) {
  std::vector<Frame> frames;
  for (int i = 0; i < 10; ++i)
    frames.push_back({i * 1.0, i % 2 == 0 ? datagram(5000, 6000, "there") : datagram(6000, 5000, "back", true)});
  frames[5].at = 40 * 365.0 * 86400;
  Rows run = run_frames(frames);
  EXPECT_EQ(total(run, "packets"), 10);
  EXPECT_EQ(run["flows"].size(), 3U);  // before, itself, after
}

// ---- pcapng -------------------------------------------------------------------------------------------------------

std::string pcapng_of(const Pcapng& ng, const std::vector<Frame>& frames) {
  std::string out = ng.section() + ng.interface();
  for (const Frame& frame : frames) out += ng.enhanced(frame);
  return out;
}

TEST(Pcapng, ReadsEveryByteOrder) {
  for (const bool big : {false, true})
    expect_three_datagrams(run_capture(pcapng_of({.big_endian = big}, three_datagrams())));
  for (const std::size_t step : {1, 5, 33})
    expect_three_datagrams(run_capture(pcapng_of({}, three_datagrams()), {.step = step}));
}

TEST(Pcapng, ReadsEveryPacketBlock) {
  const auto frames = three_datagrams();
  const Pcapng ng;
  expect_three_datagrams(
      run_capture(ng.section() + ng.interface() + ng.old(frames[0]) + ng.old(frames[1]) + ng.enhanced(frames[2])));
  Rows simple =
      run_capture(ng.section() + ng.interface() + ng.enhanced(frames[0]) + ng.simple(frames[1]) + ng.simple(frames[2]));
  ASSERT_TRUE(simple.status);
  EXPECT_EQ(total(simple, "packets"), 3);
  EXPECT_EQ(simple["flows"][0].at("end_time"), at(0));  // simple packets have no time of their own
}

TEST(Pcapng, ReadsSeveralSectionsAndInterfaces) {
  const auto frames = three_datagrams();
  const Pcapng little, big{.big_endian = true};
  const std::string raw = frames[1].bytes.substr(14);
  const std::string bytes = little.section() + little.interface(101) + little.interface(1) +
                            little.enhanced({frames[0].at, frames[0].bytes, -1, 1}) +
                            little.enhanced({frames[1].at, raw, -1, 0}) + big.section() + big.interface(1) +
                            big.enhanced(frames[2]);
  expect_three_datagrams(run_capture(bytes));
}

TEST(Pcapng, KeepsEachInterfacesClock) {
  const auto frames = three_datagrams();
  for (const bool is_big : {false, true}) {
    const Pcapng ng{.big_endian = is_big};
    const auto us = [&frames](int i) {
      return static_cast<std::uint64_t>(frames[static_cast<std::size_t>(i)].microseconds());
    };
    const std::string nano = ng.option(9, "\x09"), binary = ng.option(9, "\x8A") /* 2^-10 s */,
                      shifted = ng.option(14, ng.n(1000, 8)) + ng.option(0, "");
    const std::string bytes = ng.section() + ng.interface(1, nano) + ng.interface(1, binary) +
                              ng.interface(1, shifted) + ng.enhanced(0, us(0) * 1000, frames[0]) +
                              ng.enhanced(1, us(1) * 1024 / 1'000'000, frames[1]) +
                              ng.enhanced(2, us(2) - 1'000'000'000, frames[2]);
    expect_three_datagrams(run_capture(bytes));
  }
}

TEST(Pcapng, SkipsWhatItDoesNotKnow) {
  const auto frames = three_datagrams();
  const Pcapng ng;
  expect_three_datagrams(run_capture(ng.section() + ng.interface() + ng.block(4, "names") + ng.enhanced(frames[0]) +
                                     ng.block(5, std::string(100, 's')) + ng.enhanced(frames[1]) +
                                     ng.block(0x0BAD, std::string(3 << 20, 'c')) + ng.enhanced(frames[2])));
}

TEST(Pcapng, TellsBlocksThatAreBroken) {
  const auto frames = three_datagrams();
  const Pcapng ng;
  Frame nowhere = frames[0];
  nowhere.interface = 7;
  const std::string too_long = ng.block(6, ng.n(0, 4) + ng.n(0, 8) + ng.n(9999, 4) + ng.n(9999, 4) + "few");
  Rows run = run_capture(ng.section() + ng.interface() + ng.enhanced(nowhere) + too_long + ng.block(6, "short") +
                         ng.block(1, "x") + ng.enhanced(frames[1]));
  ASSERT_TRUE(run.status);
  EXPECT_EQ(run.weird("unknown-interface"), 1U);
  EXPECT_EQ(run.weird("packet-exceeds-block"), 1U);
  EXPECT_EQ(run.weird("short-block"), 2U);
  EXPECT_EQ(total(run, "packets"), 1);
}

TEST(Pcapng, FindsItsWayBehindADamagedBlock) {
  const Pcapng ng;
  std::vector<Frame> frames;
  for (int i = 0; i < 10; ++i)
    frames.push_back({i * 0.5, datagram(5000, 6000, std::string(100, static_cast<char>(i)))});
  std::string bytes = pcapng_of(ng, frames);
  const std::size_t block = ng.enhanced(frames[0]).size(), first = ng.section().size() + ng.interface().size();
  bytes[first + 3 * block + 4] = '\x03';  // the fourth's length is no multiple of four
  Rows run = run_capture(bytes);
  ASSERT_TRUE(run.status) << run.status.error().message;
  EXPECT_EQ(total(run, "packets"), 9);
  EXPECT_EQ(run.weird("damaged-record"), 1U);
  bytes = pcapng_of(ng, frames);
  bytes[first + 4 * block - 4] = '\x7F';  // its second length does not agree with the first
  Rows second = run_capture(bytes);
  ASSERT_TRUE(second.status) << second.status.error().message;
  EXPECT_EQ(total(second, "packets"), 9);
}

TEST(Pcapng, SurvivesTruncationAtEveryByte) {
  const Pcapng ng;
  const std::string whole = ng.section() + ng.interface(1, ng.option(9, "\x06")) + ng.enhanced(three_datagrams()[0]) +
                            ng.simple(three_datagrams()[1]) + ng.block(5, std::string(20, 's')) +
                            ng.old(three_datagrams()[2]);
  std::int64_t most = 0;
  for (std::size_t length = 1; length <= whole.size(); ++length) {
    Rows run = run_capture(whole.substr(0, length));
    EXPECT_EQ(run.status.has_value(), length >= 28) << length;
    const std::int64_t packets = total(run, "packets");
    EXPECT_GE(packets, most);
    most = packets;
    EXPECT_TRUE(length < whole.size() || run.counts.weird.empty());
  }
  EXPECT_EQ(most, 3);
}

// ---- Growing inputs -----------------------------------------------------------------------------------------------

// An input that grew: its old part is dropped, what is new is told, and together they are what the whole is.
TEST(Capture, GoesOnWhereAKnownInputEnded) {
  std::vector<Frame> frames;
  for (int i = 0; i < 40; ++i) {
    const auto client = static_cast<std::uint16_t>(5000 + i % 3);
    frames.push_back({i * 1.0, datagram(client, 6000, "data")});
    frames.push_back(
        {i * 1.0 + 0.1, datagram(client, 53, testing::dns_query(static_cast<std::uint16_t>(i), "a.example"))});
  }
  const Pcapng ng;
  for (const std::string& whole : {pcap(frames), pcapng_of(ng, frames)}) {
    Rows complete = run_capture(whole);
    for (std::size_t cut = 200; cut < whole.size(); cut += 97) {
      Rows before = run_capture(whole.substr(0, cut));
      Rows after = run_capture(whole, {.resume_offset = cut});
      EXPECT_EQ(total(before, "packets") + total(after, "packets"), total(complete, "packets")) << cut;
      EXPECT_EQ(total(before, "bytes") + total(after, "bytes"), total(complete, "bytes")) << cut;
      EXPECT_EQ(before["dns"].size() + after["dns"].size(), complete["dns"].size()) << cut;
    }
    Rows nothing = run_capture(whole, {.resume_offset = whole.size()});
    EXPECT_EQ(nothing["flows"].size() + nothing["dns"].size() + nothing["weird"].size(), 0U);
    EXPECT_GT(nothing.counts.known, 0U);
  }
}

// ---- Fragments, tunnels, exports ----------------------------------------------------------------------------------

TEST(Capture, CountsFragmentsAsTheirFlow) {
  const std::string query = testing::udp(5000, 53, testing::dns_query(1, "a.example"));
  const std::string big = testing::dns_header(1, 0x8180, 1, 1) + testing::dns_question("a.example") +
                          testing::dns_record("\xC0\x0C", 16, 60, std::string(1, '\xFA') + std::string(250, 't')) +
                          std::string(1200, 'z');
  const std::string answer = testing::udp(53, 5000, big);
  std::vector<Frame> frames = {{0, eth4({}, query)}};
  for (std::size_t from = 0; from < answer.size(); from += 400) {
    const bool more = from + 400 < answer.size();
    frames.push_back({0.1 + static_cast<double>(from) / 1e4,
                      eth4({.src = testing::kServer,
                            .dst = testing::kClient,
                            .id = 3,
                            .fragment = static_cast<std::uint16_t>((more ? 0x2000 : 0) | from / 8)},
                           answer.substr(from, 400))});
  }
  Rows run = run_frames(frames);
  ASSERT_EQ(run["flows"].size(), 1U);
  EXPECT_EQ(run["flows"][0].at("rev_packets"), "4");
  EXPECT_EQ(run["flows"][0].at("rev_bytes"), std::to_string(4 * 20 + answer.size()));
  EXPECT_EQ(run["flows"][0].at("app"), "dns");
  ASSERT_EQ(run["dns"].size(), 1U);
  EXPECT_EQ(run["dns"][0].at("response_bytes"), std::to_string(big.size()));
  EXPECT_EQ(run["dns_answers"][0].at("target"), std::string(250, 't'));
}

TEST(Capture, JoinsFragmentsOfTunnels) {
  const std::string inner = testing::ipv4({}, testing::udp(1234, 53, testing::dns_query(1, "in.the.tunnel.example")));
  const std::string carrier = testing::hex("00000800") + inner;
  const auto outer = [&carrier](std::size_t from, std::size_t to) {
    return eth4({.src = "203.0.113.1",
                 .dst = "203.0.113.2",
                 .proto = 47,
                 .id = 9,
                 .fragment = static_cast<std::uint16_t>((to < carrier.size() ? 0x2000 : 0) | from / 8)},
                carrier.substr(from, to - from));
  };
  Rows run = run_frames({{0, outer(0, 40)}, {0.1, outer(40, carrier.size())}});
  ASSERT_EQ(run["flows"].size(), 1U);
  EXPECT_EQ(run["flows"][0].at("src"), "10.0.0.1");
  EXPECT_EQ(run["flows"][0].at("packets"), "1");
  EXPECT_EQ(run["flows"][0].at("bytes"), std::to_string(inner.size()));
  EXPECT_EQ(run["dns"][0].at("name"), "in.the.tunnel.example");
}

TEST(Capture, CountsFragmentsThatStayIncomplete) {
  Rows run =
      run_frames({{0, eth4({.id = 3, .fragment = 0x2000}, testing::udp(5000, 389, std::string(92, 'x')).substr(0, 96))},
                  {0.1, eth4({.id = 4, .fragment = 0x2004}, std::string(96, 'y'))}});
  EXPECT_EQ(total(run, "packets"), 2);
  EXPECT_EQ(run.weird("fragment-missing"), 2U);
  std::vector<std::string> ports;
  for (const Row& row : run["flows"]) ports.push_back(row.at("dst_port"));
  std::sort(ports.begin(), ports.end());
  EXPECT_EQ(ports, (std::vector<std::string>{"0", "389"}));
}

// A router's NetFlow v5 in the capture becomes its flows; the datagram itself is not traffic.
TEST(Capture, TurnsFlowExportsIntoTheirFlows) {
  const std::uint32_t seconds = testing::kStart / 1'000'000;
  const std::string header = be(5, 2) + be(1, 2) + be(100'000, 4) + be(seconds, 4) + be(0, 4) + be(1, 4) + be(0, 4);
  const std::string record = testing::address("198.51.100.1") + testing::address("198.51.100.2") + be(0, 4) + be(1, 2) +
                             be(2, 2) + be(10, 4) + be(1000, 4) + be(90'000, 4) + be(95'000, 4) + be(1111, 2) +
                             be(443, 2) + be(0, 1) + be(0x1B, 1) + be(6, 1) + be(0, 1) + be(0, 2) + be(0, 2) +
                             be(24, 1) + be(24, 1) + be(0, 2);
  ASSERT_EQ(header.size() + record.size(), 72U);
  Rows run =
      run_frames({{0, datagram(50000, 2055, header + record)}, {1, datagram(50000, 2056, "not an export at all")}});
  ASSERT_TRUE(run.status);
  ASSERT_EQ(run["flows"].size(), 2U);
  EXPECT_EQ(run["flows"][0].at("src"), "198.51.100.1");
  EXPECT_EQ(run["flows"][0].at("bytes"), "1000");
  EXPECT_FALSE(run["flows"][0].contains("rev_bytes"));
  EXPECT_EQ(run["flows"][1].at("dst_port"), "2056");
}

// ---- DNS ----------------------------------------------------------------------------------------------------------

TEST(CaptureDns, PairsQueriesAndResponses) {
  Rows run = run_frames({{0, datagram(5000, 53, testing::dns_query(1, "WWW.Example.org"))},
                         {0.02, datagram(53, 5000, testing::dns_response(1, "wWw.example.ORG"), true)}});
  ASSERT_EQ(run["dns"].size(), 1U);
  const Row& row = run["dns"][0];
  EXPECT_EQ(row.at("client"), "10.0.0.1");
  EXPECT_EQ(row.at("server"), "192.0.2.80");
  EXPECT_EQ(row.at("client_port"), "5000");
  EXPECT_EQ(row.at("server_port"), "53");
  EXPECT_EQ(row.at("transport"), "udp");
  EXPECT_EQ(row.at("id"), "1");
  EXPECT_EQ(row.at("name"), "www.example.org");
  EXPECT_EQ(row.at("name_bytes"), "17");
  EXPECT_EQ(row.at("type"), "1");
  EXPECT_EQ(row.at("rcode"), "0");
  EXPECT_EQ(row.at("time"), at(0));
  EXPECT_EQ(row.at("response_time"), at(0.02));
  EXPECT_EQ(row.at("query_bytes"), "33");
  EXPECT_EQ(row.at("response_bytes"), "49");
  EXPECT_EQ(row.at("flags"), std::to_string(0x8180));
  EXPECT_EQ(row.at("answers"), "1");
  ASSERT_EQ(run["dns_answers"].size(), 1U);
  const Row& answer = run["dns_answers"][0];
  EXPECT_EQ(answer.at("question"), "www.example.org");
  EXPECT_EQ(answer.at("address"), "198.51.100.7");
  EXPECT_EQ(answer.at("server"), "192.0.2.80");
  EXPECT_EQ(answer.at("ttl"), "60");
  EXPECT_EQ(run["flows"][0].at("app"), "dns");
}

TEST(CaptureDns, LeavesNullWhatWasNotSeen) {
  Rows run =
      run_frames({{0, datagram(5000, 53, testing::dns_query(1, "a.example"))},
                  {1, datagram(5000, 53, testing::dns_query(1, "a.example"))},  // sent again: a row of its own
                  {1.5, datagram(53, 5000, testing::dns_response(1, "a.example"), true)},
                  {2, datagram(53, 5000, testing::dns_response(2, "b.example"), true)},  // nobody asked
                  {3, datagram(5000, 53, testing::dns_query(3, "c.example"))},
                  {3.1, datagram(53, 5000, testing::dns_response(3, "other.example"), true)},  // of another question
                  {20, datagram(53, 5000, testing::dns_response(3, "c.example"), true)}});     // too late
  std::map<std::string, std::vector<Row>> by_name;
  for (const Row& row : run["dns"]) by_name[row.at("name")].push_back(row);
  ASSERT_EQ(by_name["a.example"].size(), 2U);
  EXPECT_EQ(absent(by_name["a.example"][0], "response_time"), at(1.5));  // it answers the first
  EXPECT_EQ(absent(by_name["a.example"][1], "rcode"), "(null)");
  ASSERT_EQ(by_name["b.example"].size(), 1U);
  EXPECT_EQ(absent(by_name["b.example"][0], "query_bytes"), "(null)");
  EXPECT_EQ(by_name["b.example"][0].at("client"), "10.0.0.1");
  EXPECT_EQ(by_name["other.example"].size(), 1U);
  ASSERT_EQ(by_name["c.example"].size(), 2U);
  EXPECT_EQ(run["dns"].size(), 6U);
}

TEST(CaptureDns, MarksMulticastAndLinkLocal) {
  const auto to_group = [](std::string_view group, std::uint16_t src, std::uint16_t dst, std::string_view payload,
                           std::string_view from = testing::kClient) {
    return eth4({.src = from, .dst = group}, testing::udp(src, dst, payload));
  };
  Rows run =
      run_frames({{0, to_group("224.0.0.251", 5353, 5353, testing::dns_query(0, "printer.local"))},
                  {0.1, to_group("224.0.0.251", 5353, 5353, testing::dns_response(0, "printer.local"), "10.0.0.9")},
                  {1, to_group("224.0.0.252", 60000, 5355, testing::dns_query(7, "wpad"))},
                  {1.1, eth4({.src = "10.0.0.9", .dst = testing::kClient},
                             testing::udp(5355, 60000, testing::dns_response(7, "wpad")))}});
  ASSERT_EQ(run["dns"].size(), 3U);
  EXPECT_EQ(run["dns"][0].at("transport"), "mdns");
  EXPECT_EQ(run["dns"][0].at("server"), "224.0.0.251");
  EXPECT_EQ(run["dns"][1].at("client"), "10.0.0.9");  // who speaks; the server of multicast DNS is the group
  EXPECT_EQ(run["dns"][1].at("server"), "224.0.0.251");
  EXPECT_EQ(run["dns_answers"][0].at("server"), "10.0.0.9");
  EXPECT_EQ(run["dns"][2].at("transport"), "llmnr");
  EXPECT_EQ(run["dns"][2].at("server"), "224.0.0.252");
  EXPECT_EQ(run["dns"][2].at("rcode"), "0");
  EXPECT_EQ(run["dns_answers"][1].at("server"), "10.0.0.9");
}

// Clients take 5353 and 5355 for anything: what is no DNS there is not weird, on port 53 it is.
TEST(CaptureDns, KnowsWhichPortsBelongToOthersToo) {
  const std::string noise = std::string(2, '\x7F') + std::string(40, '\xFF');
  Rows run =
      run_frames({{0, datagram(5353, 9999, noise)}, {1, datagram(5355, 9999, noise)}, {2, datagram(9999, 53, noise)}});
  EXPECT_TRUE(run["dns"].empty());
  EXPECT_EQ(run.weird("dns-opcode"), 1U);
}

// Over TCP, two messages in pieces that come out of order and again.
TEST(CaptureDns, ReadsTcpStreams) {
  const std::string first = testing::vector16(testing::dns_query(1, "one.example")),
                    second = testing::vector16(testing::dns_query(2, "two.example"));
  const std::string both = first + second;
  const std::string answers = testing::vector16(testing::dns_response(2, "two.example")) +
                              testing::vector16(testing::dns_response(1, "one.example"));
  const auto client = [](std::uint32_t offset, std::uint8_t flags, std::string_view payload) {
    return segment({.dst = 53, .seq = 1000 + offset, .ack = 5001, .flags = flags}, payload);
  };
  const auto server = [](std::uint32_t offset, std::uint8_t flags, std::string_view payload) {
    return segment({.src = 53, .dst = 40000, .seq = 5000 + offset, .ack = 1001, .flags = flags}, payload, true);
  };
  const std::string_view b = both, a = answers;
  Rows run = run_frames({{0, client(0, 2, "")},
                         {0.1, server(0, 0x12, "")},
                         {0.2, client(21, 16, b.substr(20, 15))},
                         {0.3, client(1, 16, b.substr(0, 20))},
                         {0.4, client(1, 16, b.substr(0, 20))},
                         {0.5, client(36, 16, b.substr(35))},
                         {0.6, server(61, 16, a.substr(60))},
                         {0.7, server(1, 16, a.substr(0, 60))}});
  ASSERT_EQ(run["dns"].size(), 2U) << run["dns_answers"].size();
  EXPECT_EQ(run["dns"][0].at("transport"), "tcp");
  EXPECT_EQ(run["dns"][0].at("name"), "two.example");
  EXPECT_EQ(run["dns"][0].at("rcode"), "0");
  EXPECT_EQ(run["dns"][1].at("name"), "one.example");
  EXPECT_EQ(run["dns"][1].at("rcode"), "0");
  EXPECT_EQ(run["flows"][0].at("app"), "dns");
  EXPECT_TRUE(run.counts.weird.empty());
}

TEST(CaptureDns, BoundsQueriesThatWait) {
  std::string bytes = pcap_header();
  constexpr int kMany = 100'000;
  for (int i = 0; i < kMany; ++i)
    bytes += pcap_record({i * 1e-5, datagram(static_cast<std::uint16_t>(i / 65536 + 1), 53,
                                             testing::dns_query(static_cast<std::uint16_t>(i), "a.example"))});
  Rows run = run_capture(bytes);
  EXPECT_EQ(run["dns"].size(), static_cast<std::size_t>(kMany));
  EXPECT_EQ(run.weird("dns-table-full"), kMany - DnsTracker::kMaxPending);
}

// ---- Names --------------------------------------------------------------------------------------------------------

TEST(CaptureTls, ReadsNamesAcrossSegments) {
  const std::string hello = testing::tls_record(testing::client_hello({.padding = 1800}));
  const auto client = [](std::uint32_t offset, std::uint8_t flags, std::string_view payload) {
    return segment({.seq = 1000 + offset, .flags = flags}, payload);
  };
  const std::string_view h = hello;
  const std::vector<std::vector<std::pair<std::uint32_t, std::size_t>>> orders = {{{0, 9999}},
                                                                                  {{0, 700}, {700, 700}, {1400, 9999}},
                                                                                  {{700, 700}, {0, 700}, {1400, 9999}},
                                                                                  {{1400, 9999}, {700, 700}, {0, 700}},
                                                                                  {{0, 3}, {3, 9999}}};
  for (const auto& order : orders) {
    std::vector<Frame> frames = {{0, client(0, 2, "")}};
    for (const auto& [from, count] : order)
      frames.push_back({0.1 * static_cast<double>(frames.size()), client(1 + from, 16, h.substr(from, count))});
    Rows run = run_frames(frames);
    if (order[0].second == 3) continue;  // three bytes are too few to tell: no name, but also no harm
    ASSERT_EQ(run["tls"].size(), 1U);
    EXPECT_EQ(run["tls"][0].at("server_name"), "www.example.org");
    EXPECT_EQ(run["tls"][0].at("version"), "TLSv13");
    EXPECT_EQ(run["tls"][0].at("alpn"), "h2");
    EXPECT_EQ(run["tls"][0].at("time"), at(0.1));
    EXPECT_EQ(run["flows"][0].at("server_name"), "www.example.org");
    EXPECT_EQ(run["flows"][0].at("app"), "tls");
  }
}

TEST(CaptureTls, TakesWhatIsThereOfAHelloThatNeverEnds) {
  const std::string hello = testing::tls_record(testing::client_hello({.padding = 1800}));
  Rows run = run_frames({{0, segment({.seq = 1000, .flags = 2})}, {0.1, segment({.seq = 1001}, hello.substr(0, 800))}});
  EXPECT_TRUE(run["tls"].empty());
  EXPECT_EQ(run["flows"][0].at("server_name"), "www.example.org");
}

TEST(CaptureHttp, PairsRequestsAndResponses) {
  const std::string get = "GET /a HTTP/1.1\r\nHost: www.example.org\r\nUser-Agent: agent\r\n\r\n";
  const std::string ok = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nhello";
  const std::string post = "POST /b HTTP/1.1\r\nHost: www.example.org\r\nContent-Length: 3\r\n\r\nabc";
  Rows run = run_frames({{0, segment({.dst = 80, .seq = 1000, .flags = 2})},
                         {0.1, segment({.dst = 80, .seq = 1001}, get.substr(0, 30))},
                         {0.2, segment({.dst = 80, .seq = 1031}, get.substr(30))},
                         {0.3, segment({.src = 80, .dst = 40000, .seq = 1}, ok, true)},
                         {0.4, segment({.dst = 80, .seq = 2000}, post)},
                         {0.5, segment({.dst = 80, .seq = 2000}, post)}});  // sent again
  ASSERT_EQ(run["http"].size(), 2U);
  const Row& first = run["http"][0];
  EXPECT_EQ(first.at("method"), "GET");
  EXPECT_EQ(first.at("host"), "www.example.org");
  EXPECT_EQ(first.at("uri"), "/a");
  EXPECT_EQ(first.at("user_agent"), "agent");
  EXPECT_EQ(first.at("status"), "200");
  EXPECT_EQ(first.at("mime_type"), "text/html");
  EXPECT_EQ(first.at("response_body_bytes"), "5");
  EXPECT_EQ(first.at("time"), at(0.1));
  const Row& second = run["http"][1];
  EXPECT_EQ(second.at("method"), "POST");
  EXPECT_EQ(second.at("request_body_bytes"), "3");
  EXPECT_EQ(absent(second, "status"), "(null)");
  EXPECT_EQ(run["flows"][0].at("app"), "http");
  EXPECT_EQ(run["flows"][0].at("server_name"), "www.example.org");
}

// Request heads that never end, of more connections than memory is set aside for: what was read is told, and the rest
// is not held.
TEST(CaptureHttp, BoundsWhatIsHeld) {
  const std::string head = "GET /" + std::string(1400, 'a') + " HTTP/1.1\r\nHost: www.example.org\r\n";
  std::string bytes = pcap_header();
  constexpr int kMany = 60'000;
  for (int i = 0; i < kMany; ++i)
    bytes += pcap_record({i * 1e-4, segment({.src = static_cast<std::uint16_t>(1024 + i), .dst = 80, .seq = 1}, head)});
  Rows run = run_capture(bytes);
  EXPECT_GT(run.weird("inspection-limit"), 1000U);
  EXPECT_EQ(run["flows"].size(), static_cast<std::size_t>(kMany));
  EXPECT_GT(run["http"].size(), 40'000U);
  EXPECT_EQ(run["flows"].back().at("packets"), "1");
}

// ---- Detection ----------------------------------------------------------------------------------------------------

TEST(Capture, IsDetectedByContent) {
  const auto name = [](std::string_view bytes) {
    const Format* format = detect_format(as_bytes(bytes), "x");
    return format == nullptr ? std::string_view("none") : format->name;
  };
  EXPECT_EQ(name(pcap({})), "pcap");
  EXPECT_EQ(name(pcap({}, {.big_endian = true, .nanoseconds = true})), "pcap");
  EXPECT_EQ(name(Pcapng().section()), "pcapng");
  EXPECT_EQ(name(Pcapng{.big_endian = true}.section()), "pcapng");
  EXPECT_NE(name(pcap({}).substr(0, 20)), "pcap");
  EXPECT_NE(name(std::string(100, '\0')), "pcap");
}

TEST(Capture, AnEmptyCaptureIsRead) {
  Rows run = run_capture(pcap({}));
  EXPECT_TRUE(run.status);
  EXPECT_TRUE(run["flows"].empty());
  EXPECT_TRUE(run_capture(Pcapng().section()).status);
}

}  // namespace
}  // namespace rw
