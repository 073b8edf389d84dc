// Telling exports from ordinary traffic, fixed NetFlow versions, sequence numbers, and damage at every byte.
#include "format/flow_export.h"

#include <gtest/gtest.h>

#include <random>

#include "format/flow_export_state.h"
#include "format/flow_export_testing.h"

namespace rw::flow_export::testing {
namespace {

constexpr std::uint32_t kExportTime = 1'600'000'000;
constexpr std::int64_t kExportUs = 1'600'000'000'000'000;

struct Record5 {
  std::uint32_t src = 0x0A000001, dst = 0xC0000207, packets = 3, bytes = 1'800, first = 900'000, last = 950'000;
  std::uint16_t src_port = 40'000, dst_port = 443;
  std::uint8_t proto = 6;
};

std::vector<std::byte> netflow5(const std::vector<Record5>& records, std::uint32_t sequence = 0,
                                std::uint32_t uptime = 1'000'000, std::uint16_t sampling = 0,
                                std::uint16_t engine = 0) {
  Builder out;
  out.u16(5).u16(records.size()).u32(uptime).u32(kExportTime).u32(250'000'000).u32(sequence).u16(engine).u16(sampling);
  for (const Record5& r : records) {
    out.u32(r.src).u32(r.dst).u32(0).u16(7).u16(0).u32(r.packets).u32(r.bytes).u32(r.first).u32(r.last);
    out.u16(r.src_port).u16(r.dst_port).u8(0).u8(0x1B).u8(r.proto).u8(0x10).u16(64'500).u16(0).u16(0).u16(0);
  }
  return out.done();
}

TEST(Netflow5, ReadsEveryField) {
  Session session;
  ASSERT_TRUE(session.send(netflow5({{}}, 0, 1'000'000, 0x4000 | 512, 0x0102)));
  const auto& rows = session.finish();
  ASSERT_EQ(rows.flows.size(), 1u);
  const FlowRow& flow = rows.flows[0];
  EXPECT_EQ(flow.src.to_string(), "10.0.0.1");
  EXPECT_EQ(flow.dst.to_string(), "192.0.2.7");
  EXPECT_EQ(flow.src_port, 40'000);
  EXPECT_EQ(flow.dst_port, 443);
  EXPECT_EQ(flow.proto, 6);
  EXPECT_EQ(flow.tcp_flags, 0x1B);
  EXPECT_EQ(flow.tos, 0x10);
  EXPECT_EQ(flow.bytes, 1'800);
  EXPECT_EQ(flow.packets, 3);
  EXPECT_EQ(flow.rev_bytes, std::nullopt);
  EXPECT_EQ(flow.sampling, 512u);
  EXPECT_EQ(flow.sensor_text, "192.0.2.1/258");
  EXPECT_EQ(flow.input_interface, 7u);
  EXPECT_EQ(flow.output_interface, std::nullopt);  // 0: nowhere
  EXPECT_EQ(flow.src_asn, 64'500u);
  EXPECT_EQ(flow.dst_asn, std::nullopt);
  EXPECT_EQ(flow.start_time, kExportUs + 250'000 - 100'000'000);
  EXPECT_EQ(flow.end_time, kExportUs + 250'000 - 50'000'000);
  EXPECT_TRUE(rows.weird.empty());
}

TEST(Netflow5, ReadsUptimesAcrossTheWrap) {
  Session session;
  // The uptime wrapped two seconds ago; the flow began ten seconds before, and a clock that runs ahead ended it in the
  // future.
  session.send(netflow5({{.first = UINT32_MAX - 7'999, .last = 1'000}, {.first = 1'500, .last = 2'700}}, 0, 2'000));
  const auto& rows = session.finish();
  ASSERT_EQ(rows.flows.size(), 2u);
  EXPECT_EQ(rows.flows[0].start_time, kExportUs + 250'000 - 10'000'000);
  EXPECT_EQ(rows.flows[0].end_time, kExportUs + 250'000 - 1'000'000);
  EXPECT_EQ(rows.flows[1].end_time, kExportUs + 250'000 + 700'000);
}

TEST(Netflow5, KeepsTheVolumeOfAFlowThatEndsBeforeItStarts) {
  Session session;
  session.send(netflow5({{.first = 900'000, .last = 800'000}}));
  const auto& rows = session.finish();
  ASSERT_EQ(rows.flows.size(), 1u);
  EXPECT_EQ(rows.flows[0].start_time, rows.flows[0].end_time);
  EXPECT_EQ(rows.flows[0].bytes, 1'800);
  EXPECT_EQ(rows.count("end-before-start"), 1);
}

TEST(Netflow5, TakesTypeAndCodeOfIcmpFromTheDestinationPort) {
  Session session;
  session.send(netflow5({{.src_port = 9, .dst_port = 0x0301, .proto = 1}}));
  const auto& rows = session.finish();
  ASSERT_EQ(rows.flows.size(), 1u);
  EXPECT_EQ(rows.flows[0].src_port, 0);
  EXPECT_EQ(rows.flows[0].dst_port, 0x0301);
}

TEST(NetflowFixed, ReadsVersions1And7) {
  Builder one;
  one.u16(1).u16(1).u32(1'000'000).u32(kExportTime).u32(0);
  one.u32(0x0A000001).u32(0xC0000207).u32(0).u16(1).u16(2).u32(5).u32(500).u32(999'000).u32(999'500);
  one.u16(1'234).u16(53).u16(0).u8(17).u8(4).u8(0).zeros(11);
  Builder seven;
  seven.u16(7).u16(1).u32(1'000'000).u32(kExportTime).u32(0).u32(0).u32(0);
  seven.u32(0x0A000002).u32(0xC0000207).u32(0).u16(1).u16(2).u32(6).u32(600).u32(999'000).u32(999'500);
  seven.u16(1'234).u16(80).u8(0).u8(0x12).u8(6).u8(8).u16(65'001).u16(65'002).u16(0).u16(0).u32(0);
  Session session;
  ASSERT_TRUE(session.send(one.done()));
  ASSERT_TRUE(session.send(seven.done()));
  const auto& rows = session.finish();
  ASSERT_EQ(rows.flows.size(), 2u);
  EXPECT_EQ(rows.flows[0].proto, 17);
  EXPECT_EQ(rows.flows[0].tos, 4);
  EXPECT_EQ(rows.flows[0].bytes, 500);
  EXPECT_EQ(rows.flows[0].src_asn, std::nullopt);
  EXPECT_EQ(rows.flows[1].tcp_flags, 0x12);
  EXPECT_EQ(rows.flows[1].dst_asn, 65'002u);
  EXPECT_EQ(rows.flows[1].packets, 6);
}

TEST(Netflow5, TakesWholeRecordsOfADatagramThatWasCutOnceItKnowsTheExporter) {
  const auto whole = netflow5({{}, {}, {}});
  const Bytes cut = Bytes(whole).first(24 + 48 * 2 + 10);
  Session session;
  EXPECT_FALSE(session.send(cut));  // from a stranger: could be anything
  ASSERT_TRUE(session.send(whole));
  ASSERT_TRUE(session.send(cut));
  const auto& rows = session.finish();
  EXPECT_EQ(rows.flows.size(), 5u);
  EXPECT_EQ(rows.count("truncated-export"), 1);
}

// --- telling exports from ordinary traffic

TEST(LooksLikeFlowExport, TakesExportsOnAnyPort) {
  EXPECT_TRUE(looks_like_flow_export(1, netflow5({{}, {}})));
  EXPECT_TRUE(looks_like_flow_export(40'000, netflow9({}, {set_of(256, Builder().u32(1))})));
  EXPECT_TRUE(looks_like_flow_export(40'000, ipfix({}, {set_of(256, Builder().u32(1))})));
}

TEST(LooksLikeFlowExport, RefusesWhatOnlyBeginsLikeOne) {
  const auto refuse = [](const std::vector<std::byte>& payload) {
    EXPECT_FALSE(looks_like_flow_export(5'353, payload));
    Session session;
    EXPECT_FALSE(session.send(payload));
    EXPECT_TRUE(session.finish().weird.empty());
    EXPECT_TRUE(session.finish().flows.empty());
  };
  auto five = netflow5({{}, {}});
  five.push_back(std::byte{0});
  refuse(five);                                                       // longer than its count says
  refuse(Builder().u16(5).u16(0).zeros(20).done());                   // no records
  refuse(Builder().u16(5).u16(31).zeros(20 + 48 * 31).done());        // more than a datagram of version 5 may hold
  refuse(netflow9({}, {set_of(17, Builder().u32(1))}));               // begins with a reserved set
  refuse(netflow9({}, {Builder().u16(256).u16(900).u32(1).done()}));  // a set that is longer than the datagram
  refuse(netflow9({}, {Builder().u16(256).u16(3).u32(1).done()}));    // … and one that is shorter than its own header
  auto ten = ipfix({}, {set_of(256, Builder().u32(1))});
  ten[3] = std::byte{99};
  refuse(ten);
  // DNS queries whose ids are the versions' numbers: flags 0x0100, one question.
  for (const std::uint16_t id : {0, 1, 5, 7, 9, 10}) {
    Builder dns;
    dns.u16(id).u16(0x0100).u16(1).u16(0).u16(0).u16(0).u8(7).text("example").u8(3).text("org").u8(0).u16(1).u16(1);
    refuse(dns.done());
  }
  refuse({});
  refuse(Builder().u16(9).done());
}

// Random payloads behind the right first bytes: next to none may pass, and none may do harm.
TEST(LooksLikeFlowExport, IsNotFooledByChance) {
  std::mt19937 random(7);
  int taken = 0;
  for (int i = 0; i < 60'000; ++i) {
    std::vector<std::byte> payload(16 + random() % 1'400);
    for (std::byte& b : payload) b = static_cast<std::byte>(random());
    constexpr std::uint8_t kVersions[] = {0, 1, 5, 7, 9, 10};
    payload[0] = std::byte{0};
    payload[1] = static_cast<std::byte>(kVersions[random() % 6]);
    taken += looks_like_flow_export(40'000, payload) ? 1 : 0;
  }
  EXPECT_LE(taken, 1);
}

// --- sequence numbers

TEST(SequenceTracker, ForgivesDatagramsThatChangedPlaces) {
  SequenceTracker tracker;
  for (const std::uint32_t sequence : {10u, 11u, 13u, 12u, 14u, 17u, 16u, 15u, 18u})
    EXPECT_FALSE(tracker.see(sequence, 1, 1));
  EXPECT_FALSE(tracker.close());
}

TEST(SequenceTracker, TellsGapsOnceTheyAreCertain) {
  SequenceTracker tracker;
  tracker.see(100, 30, 1);
  tracker.see(190, 30, 1);  // 130 to 189 are missing
  tracker.see(160, 30, 1);  // … of which half comes late
  std::optional<SequenceTracker::Gap> told;
  for (std::uint32_t i = 1; i < 40 && !told; ++i) told = tracker.see(190 + 30 * i, 30, 1);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->from, 130u);
  EXPECT_EQ(told->count, 30u);
  EXPECT_FALSE(tracker.close());
}

TEST(SequenceTracker, FillsAGapFromItsMiddle) {
  SequenceTracker tracker;
  tracker.see(0, 1, 1);
  tracker.see(10, 1, 1);
  tracker.see(5, 1, 1);
  auto first = tracker.close();
  auto second = tracker.close();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->from, 1u);
  EXPECT_EQ(first->count, 4u);
  EXPECT_EQ(second->from, 6u);
  EXPECT_EQ(second->count, 4u);
  EXPECT_FALSE(tracker.close());
}

TEST(SequenceTracker, SurvivesWrapAndRestart) {
  SequenceTracker tracker;
  tracker.see(UINT32_MAX - 1, 1, 1);
  EXPECT_FALSE(tracker.see(UINT32_MAX, 1, 1));
  EXPECT_FALSE(tracker.see(0, 1, 1));
  tracker.see(3'000'000, 1, 1);
  ASSERT_TRUE(tracker.close());
  tracker.see(3'000'000, 1, 1);
  EXPECT_FALSE(tracker.see(0, 1, 1));  // restarted
  EXPECT_FALSE(tracker.see(1, 1, 1));
  EXPECT_FALSE(tracker.close());
}

TEST(SequenceTracker, AcceptsTheOtherUnit) {
  SequenceTracker tracker;  // counts records where datagrams are due
  EXPECT_FALSE(tracker.see(0, 1, 24));
  EXPECT_FALSE(tracker.see(24, 1, 20));
  EXPECT_FALSE(tracker.see(44, 1, 24));
  EXPECT_FALSE(tracker.close());
}

TEST(SequenceTracker, HoldsABoundedNumberOfGaps) {
  SequenceTracker tracker;
  int told = 0;
  for (std::uint32_t i = 0; i < 100; ++i) told += tracker.see(i * 10, 1, 1).has_value() ? 1 : 0;
  while (tracker.close()) ++told;
  EXPECT_EQ(told, 99);
}

TEST(FlowExport, TellsGapsPerExporterAtTheEndOfTheInput) {
  Session session;
  session.send(netflow5({{}, {}}, 10));
  session.send(netflow5({{}}, 17));
  ExportSource other{Ip::v4(0xC0000202), 2055, Timestamp::from_seconds(kExportTime)};
  session.send(Bytes(netflow5({{}}, 900)), other);
  const auto& rows = session.finish();
  EXPECT_EQ(rows.count("export-sequence-gap"), 1);
  ASSERT_EQ(rows.weird.size(), 1u);
  EXPECT_EQ(rows.weird[0].detail, "192.0.2.1: 5 missing from 12");
}

TEST(FlowExport, DoesNotCompareSequencesAcrossInputs) {
  Session session;
  session.send(netflow5({{}}, 10));
  session.end_of_input();
  session.send(netflow5({{}}, 5'000));
  EXPECT_EQ(session.finish().count("export-sequence-gap"), 0);
}

}  // namespace
}  // namespace rw::flow_export::testing
