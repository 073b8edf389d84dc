// Tests of flow assembly: who began, when a flow ends, what is counted, and that memory is bounded.
#include "format/flow_assembler.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "format/capture_testing.h"

namespace rw {
namespace {

using testing::Row;

constexpr std::uint8_t kFin = 0x11, kSyn = 0x02, kSynAck = 0x12, kAck = 0x10, kRst = 0x14;

class Flows : public ::testing::Test {
 protected:
  struct P {
    double at = 0;
    bool back = false;
    std::uint8_t proto = 6;
    std::uint8_t flags = kAck;
    std::uint32_t seq = 0, ack = 0;
    std::uint16_t client_port = 40000, server_port = 80;
    std::uint16_t icmp = 0;
    std::uint32_t bytes = 100;
  };
  void packet(const P& p) {
    Packet packet;
    packet.src = p.back ? server : client;
    packet.dst = p.back ? client : server;
    packet.proto = p.proto;
    packet.src_port = p.icmp != 0 ? 0 : p.back ? p.server_port : p.client_port;
    packet.dst_port = p.proto == 1 || p.proto == 58 ? p.icmp : p.back ? p.client_port : p.server_port;
    if (p.proto == 1 || p.proto == 58) packet.src_port = 0;
    packet.tcp_flags = p.flags;
    packet.tcp_seq = p.seq;
    packet.tcp_ack = p.ack;
    packet.ip_bytes = p.bytes;
    const Timestamp time{testing::kStart + static_cast<std::int64_t>(p.at * 1e6)};
    now = std::max(now, time);
    flows().advance(now);
    flows().add(flows().key(packet), packet, {time, time, 1, packet.ip_bytes}, now);
  }
  std::vector<Row> rows() {
    flows().flush();
    if (auto done = emitter.finish(); !done) std::abort();
    return sink.tables["flows"];
  }
  FlowAssembler& flows() {
    if (!assembler) assembler = std::make_unique<FlowAssembler>(options, "test", emitter);
    return *assembler;
  }

  Ip client = Ip::v4(0x0A000001), server = Ip::v4(0xC0000250);
  Timestamp now{0};
  DecodeOptions options;
  testing::RowSink sink;
  Emitter emitter{sink, "test", "pcap", Timestamp::from_seconds(1)};
  std::unique_ptr<FlowAssembler> assembler;
};

TEST_F(Flows, CountsBothDirections) {
  packet({.at = 0, .flags = kSyn, .seq = 7, .bytes = 60});
  packet({.at = 0.1, .back = true, .flags = kSynAck, .ack = 8, .bytes = 60});
  packet({.at = 0.2, .flags = kAck, .bytes = 52});
  packet({.at = 3, .back = true, .bytes = 1500});
  const auto flows = rows();
  ASSERT_EQ(flows.size(), 1U);
  const Row& row = flows[0];
  EXPECT_EQ(row.at("src"), "10.0.0.1");
  EXPECT_EQ(row.at("dst"), "192.0.2.80");
  EXPECT_EQ(row.at("src_port"), "40000");
  EXPECT_EQ(row.at("dst_port"), "80");
  EXPECT_EQ(row.at("packets"), "2");
  EXPECT_EQ(row.at("bytes"), "112");
  EXPECT_EQ(row.at("rev_packets"), "2");
  EXPECT_EQ(row.at("rev_bytes"), "1560");
  EXPECT_EQ(row.at("tcp_flags"), std::to_string(kSyn | kAck));
  EXPECT_EQ(row.at("rev_tcp_flags"), std::to_string(kSynAck | kAck));
  EXPECT_EQ(std::stoll(row.at("end_time")) - std::stoll(row.at("start_time")), 3'000'000);
  EXPECT_EQ(row.at("sampling"), "1");
  EXPECT_EQ(row.at("sensor"), "test");
}

TEST_F(Flows, TheInitiatorIsWhoSentTheSyn) {
  packet({.at = 0, .back = true, .flags = kSynAck, .ack = 8});  // the answer is seen first
  packet({.at = 1, .back = true, .client_port = 40001});        // in the middle: whoever is first
  packet({.at = 1, .back = true, .flags = kAck, .client_port = 40002});
  packet({.at = 1.1, .flags = kSyn, .seq = 5, .client_port = 40002});  // the SYN comes late
  packet({.at = 1, .back = true, .proto = 17, .client_port = 5000, .server_port = 53});
  std::map<std::string, std::string> initiators;
  for (const Row& row : rows()) initiators[row.at("src_port") + ">" + row.at("dst_port")] = row.at("src");
  EXPECT_EQ(initiators["40000>80"], "10.0.0.1");
  EXPECT_EQ(initiators["80>40001"], "192.0.2.80");
  EXPECT_EQ(initiators["40002>80"], "10.0.0.1");
  EXPECT_EQ(initiators["53>5000"], "192.0.2.80");  // an answer without its question stays one: ports do not decide
}

TEST_F(Flows, PairsIcmpRequestsAndReplies) {
  packet({.at = 0, .proto = 1, .icmp = 0x0800});
  packet({.at = 0.1, .back = true, .proto = 1, .icmp = 0x0000});
  packet({.at = 1, .back = true, .proto = 1, .icmp = 0x0301});
  packet({.at = 2, .back = true, .proto = 58, .icmp = 0x8100});  // only the reply was seen
  const auto flows = rows();
  ASSERT_EQ(flows.size(), 3U);
  EXPECT_EQ(flows[0].at("dst_port"), "2048");
  EXPECT_EQ(flows[0].at("src_port"), "0");
  EXPECT_EQ(flows[0].at("packets"), "1");
  EXPECT_EQ(flows[0].at("rev_packets"), "1");
  EXPECT_EQ(flows[1].at("dst_port"), "769");
  EXPECT_EQ(flows[1].at("src"), "192.0.2.80");
  EXPECT_EQ(flows[2].at("dst_port"), std::to_string(0x8000));
  EXPECT_EQ(flows[2].at("src"), "10.0.0.1");
  EXPECT_EQ(flows[2].at("packets"), "0");
}

TEST_F(Flows, EndsAfterSilence) {
  packet({.at = 0, .proto = 17});
  packet({.at = 59, .proto = 17});
  packet({.at = 119.5, .proto = 17});
  EXPECT_EQ(rows().size(), 2U);
}

TEST_F(Flows, TellsLongFlowsInPieces) {
  options.active_timeout = Duration::seconds(100);
  for (int i = 0; i <= 300; i += 10)
    packet({.at = static_cast<double>(i), .back = i % 20 != 0, .flags = i == 0 ? kSyn : kAck});
  const auto flows = rows();
  ASSERT_EQ(flows.size(), 3U);
  std::int64_t packets = 0;
  for (const Row& row : flows) {
    EXPECT_LE(std::stoll(row.at("end_time")) - std::stoll(row.at("start_time")), 100'000'000);
    EXPECT_EQ(row.at("src"), "10.0.0.1");  // the direction stays
    packets += std::stoll(row.at("packets")) + std::stoll(row.at("rev_packets"));
  }
  EXPECT_EQ(packets, 31);
}

TEST_F(Flows, ANewSynOpensTheNextConnection) {
  packet({.at = 0, .flags = kSyn, .seq = 100});
  packet({.at = 0.5, .flags = kSyn, .seq = 100});  // sent again
  packet({.at = 1, .back = true, .flags = kSynAck, .ack = 101});
  packet({.at = 2, .flags = kFin});
  packet({.at = 2.1, .back = true, .flags = kFin});
  packet({.at = 2.2, .flags = kAck});  // late, but of the same one
  packet({.at = 3, .flags = kSyn, .seq = 900});
  packet({.at = 3.1, .back = true, .flags = kRst});
  packet({.at = 3.2, .flags = kSyn, .seq = 901});
  const auto flows = rows();
  ASSERT_EQ(flows.size(), 3U);
  EXPECT_EQ(flows[0].at("packets"), "4");
  EXPECT_EQ(flows[0].at("rev_packets"), "2");
  EXPECT_EQ(flows[1].at("packets"), "1");
  EXPECT_EQ(flows[1].at("rev_packets"), "1");
  EXPECT_EQ(flows[2].at("packets"), "1");
}

TEST_F(Flows, AClosedConnectionLingersShortly) {
  packet({.at = 0, .flags = kSyn, .seq = 1});
  packet({.at = 1, .back = true, .flags = kRst});
  packet({.at = 10, .flags = kAck});
  packet({.at = 30, .flags = kAck});
  EXPECT_EQ(rows().size(), 2U);
}

TEST_F(Flows, TimeMayRunBackwards) {
  packet({.at = 10, .proto = 17});
  packet({.at = 9, .proto = 17});
  packet({.at = 11, .back = true, .proto = 17});
  packet({.at = -500, .proto = 17});  // another file, put behind
  const auto flows = rows();
  ASSERT_EQ(flows.size(), 2U);
  EXPECT_EQ(std::stoll(flows[0].at("start_time")), testing::kStart + 9'000'000);
  EXPECT_EQ(std::stoll(flows[0].at("end_time")), testing::kStart + 11'000'000);
  EXPECT_EQ(std::stoll(flows[1].at("start_time")), testing::kStart - 500'000'000);
}

TEST_F(Flows, MemoryIsBounded) {
  options.max_flows = 1000;
  for (int i = 0; i < 5000; ++i) {
    packet({.at = i * 0.001, .proto = 17, .client_port = static_cast<std::uint16_t>(1000 + i)});
    packet({.at = i * 0.001, .proto = 17, .client_port = 999});  // one that is in use all the time
    EXPECT_LE(flows().size(), 1000U);
  }
  const auto all = rows();
  EXPECT_GE(all.size(), 5001U);
  EXPECT_LE(all.size(), 5010U);  // the busy one keeps its place
  std::int64_t packets = 0;
  for (const Row& row : all) packets += std::stoll(row.at("packets"));
  EXPECT_EQ(packets, 10'000);
  EXPECT_GT(emitter.counts().weird.at("flow-table-full"), 3000U);
}

TEST_F(Flows, TellsSilentFlowsWhileOthersGoOn) {
  for (int i = 0; i < 1000; ++i)
    packet({.at = i * 0.001, .proto = 17, .client_port = static_cast<std::uint16_t>(1000 + i)});
  for (int i = 0; i < 2000; ++i) packet({.at = 2 + i * 0.1, .proto = 17, .client_port = 999});
  EXPECT_EQ(flows().size(), 1U);
}

// Random packets: nothing is lost or doubled, whatever expires, is evicted or split on the way.
TEST_F(Flows, NothingIsLost) {
  options.max_flows = 50;
  options.idle_timeout = Duration::seconds(5);
  options.active_timeout = Duration::seconds(20);
  std::mt19937 random(3);
  std::int64_t packets = 0, bytes = 0;
  double at = 0;
  for (int i = 0; i < 20'000; ++i) {
    at += (random() % 100) * 0.002 - (random() % 10) * 0.005;
    P p{.at = at,
        .back = random() % 2 == 0,
        .flags = static_cast<std::uint8_t>(random() % 32),
        .seq = static_cast<std::uint32_t>(random() % 4)};
    p.proto = random() % 3 == 0 ? 17 : 6;
    p.client_port = static_cast<std::uint16_t>(random() % 80);
    p.bytes = 40 + random() % 1460;
    ++packets, bytes += p.bytes;
    packet(p);
  }
  for (const Row& row : rows()) {
    packets -= std::stoll(row.at("packets")) + std::stoll(row.at("rev_packets"));
    bytes -= std::stoll(row.at("bytes")) + std::stoll(row.at("rev_bytes"));
    EXPECT_GE(row.at("end_time"), row.at("start_time"));
  }
  EXPECT_EQ(packets, 0);
  EXPECT_EQ(bytes, 0);
}

TEST(IndexTable, FindsWhatWasPutAndNotWhatWasTaken) {
  std::mt19937_64 random(9);
  IndexTable table(16);
  std::map<std::uint32_t, std::uint64_t> truth;  // index -> hash
  for (int i = 0; i < 50'000; ++i) {
    const auto index = static_cast<std::uint32_t>(random() % 3000);
    const auto it = truth.find(index);
    if (it == truth.end()) {
      const std::uint64_t hash = (random() % 500) << 40;  // many collisions
      table.insert(hash, index);
      truth.emplace(index, hash);
    } else if (random() % 2 == 0) {
      table.erase(it->second, index);
      truth.erase(it);
    }
    if (i % 500 != 0) continue;
    EXPECT_EQ(table.size(), truth.size());
    for (const auto& [known, hash] : truth)
      ASSERT_EQ(table.find(hash, [k = known](std::uint32_t candidate) { return candidate == k; }), known);
    EXPECT_EQ(table.find(7ULL << 60, [](std::uint32_t) { return true; }), IndexTable::kNone);
  }
}

}  // namespace
}  // namespace rw
