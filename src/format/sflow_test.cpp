// sFlow version 5: samples in all their forms, counters, and damage.
#include "format/sflow.h"

#include <gtest/gtest.h>

#include "format/flow_export_testing.h"

namespace rw::flow_export::testing {
namespace {

constexpr std::uint32_t kAgent = 0xC6336401;  // 198.51.100.1

std::vector<std::byte> datagram(const std::vector<std::vector<std::byte>>& samples, std::uint32_t sub_agent = 0,
                                std::uint32_t sequence = 1) {
  Builder out;
  out.u32(5).u32(1).u32(kAgent).u32(sub_agent).u32(sequence).u32(1'000).u32(samples.size());
  for (const auto& sample : samples) out.bytes(sample);
  return out.done();
}

std::vector<std::byte> structure(std::uint32_t format, const Builder& body) {
  return Builder().u32(format).u32(body.size()).bytes(body.done()).zeros((4 - body.size() % 4) % 4).done();
}

struct SampleOptions {
  std::uint32_t rate = 1'000, drops = 0, input = 3, output = 4;
  bool expanded = false;
};

std::vector<std::byte> flow_sample(const std::vector<std::vector<std::byte>>& records, SampleOptions o = {}) {
  Builder out;
  out.u32(1);
  if (o.expanded)
    out.u32(0).u32(3);
  else
    out.u32(3);
  out.u32(o.rate).u32(0).u32(o.drops);
  if (o.expanded)
    out.u32(0).u32(o.input).u32(0).u32(o.output);
  else
    out.u32(o.input).u32(o.output);
  out.u32(records.size());
  for (const auto& record : records) out.bytes(record);
  return structure(o.expanded ? 3 : 1, out);
}

std::vector<std::byte> ethernet_frame(std::uint16_t total = 1'500) {
  Builder frame;
  frame.zeros(12).u16(0x8100).u16(0x2064).u16(0x0800);
  frame.u8(0x45).u8(0x28).u16(total).u32(0).u8(64).u8(6).u16(0).u32(0x0A000001).u32(0xC0000207);
  frame.u16(443).u16(40'000).u32(1).u32(2).u8(0x50).u8(0x18).zeros(30);
  return frame.done();
}

std::vector<std::byte> raw_header(const std::vector<std::byte>& frame, std::uint32_t protocol = 1) {
  return structure(
      1, Builder().u32(protocol).u32(1'518).u32(4).u32(frame.size()).bytes(frame).zeros((4 - frame.size() % 4) % 4));
}

TEST(Sflow, TakesASampledHeaderApart) {
  Session session;
  ASSERT_TRUE(session.send(datagram({flow_sample({raw_header(ethernet_frame())})}, 2)));
  const auto& rows = session.finish();
  ASSERT_EQ(rows.flows.size(), 1u);
  const FlowRow& flow = rows.flows[0];
  EXPECT_EQ(flow.src.to_string(), "10.0.0.1");
  EXPECT_EQ(flow.dst.to_string(), "192.0.2.7");
  EXPECT_EQ(flow.src_port, 443);
  EXPECT_EQ(flow.dst_port, 40'000);
  EXPECT_EQ(flow.tcp_flags, 0x18);
  EXPECT_EQ(flow.tos, 0x28);
  EXPECT_EQ(flow.vlan, 100);
  EXPECT_EQ(flow.bytes, 1'500);  // of the IP packet, not of the frame
  EXPECT_EQ(flow.packets, 1);
  EXPECT_EQ(flow.sampling, 1'000u);
  EXPECT_EQ(flow.input_interface, 3u);
  EXPECT_EQ(flow.output_interface, 4u);
  EXPECT_EQ(flow.sensor_text, "198.51.100.1/2");  // the agent, not who sent the datagram
  EXPECT_EQ(flow.start_time, 1'600'000'000'000'000);
  EXPECT_EQ(flow.end_time, flow.start_time);
}

TEST(Sflow, ReadsExpandedSamplesAndUnknownInterfaces) {
  Session session;
  session.send(datagram({flow_sample({raw_header(ethernet_frame())}, {.input = 0x40000000, .expanded = true}),
                         flow_sample({raw_header(ethernet_frame())}, {.input = 0x3FFFFFFF, .output = 0x80000002})}));
  const auto& rows = session.finish();
  ASSERT_EQ(rows.flows.size(), 2u);
  EXPECT_EQ(rows.flows[0].input_interface, 0x40000000u);  // a whole 32-bit index
  EXPECT_EQ(rows.flows[1].input_interface, std::nullopt);
  EXPECT_EQ(rows.flows[1].output_interface, std::nullopt);  // two of them
}

TEST(Sflow, ReadsSampledIpRecords) {
  const auto v4 =
      structure(3, Builder().u32(84).u32(1).u32(0x0A000001).u32(0xC0000207).u32(0).u32(0x0800).u32(0).u32(0));
  Builder six;
  six.u32(1'280)
      .u32(17)
      .u64(0x20010DB800000000)
      .u64(1)
      .u64(0x20010DB800000000)
      .u64(2)
      .u32(5'000)
      .u32(53)
      .u32(0)
      .u32(0xB8);
  Session session;
  session.send(datagram({flow_sample({v4}), flow_sample({structure(4, six)})}));
  const auto& rows = session.finish();
  ASSERT_EQ(rows.flows.size(), 2u);
  EXPECT_EQ(rows.flows[0].bytes, 84);
  EXPECT_EQ(rows.flows[0].dst_port, 0x0800);
  EXPECT_EQ(rows.flows[1].src.to_string(), "2001:db8::1");
  EXPECT_EQ(rows.flows[1].dst.to_string(), "2001:db8::2");
  EXPECT_EQ(rows.flows[1].dst_port, 53);
  EXPECT_EQ(rows.flows[1].tos, 0xB8);
}

TEST(Sflow, ReadsSwitchAndGatewayRecords) {
  const auto header = raw_header(ethernet_frame());
  const auto on_switch = structure(1'001, Builder().u32(809).u32(0).u32(810).u32(0));
  Builder gateway;
  gateway.u32(1).u32(0x0A0000FE).u32(64'500).u32(64'501).u32(64'502);
  gateway.u32(2).u32(2).u32(2).u32(64'510).u32(64'511).u32(1).u32(1).u32(64'512).u32(0).u32(100);
  Builder local;  // no path, no source: both ends are the router's own
  local.u32(2).u64(0x20010DB800000000).u64(1).u32(64'500).u32(0).u32(0).u32(0).u32(0).u32(100);
  Session session;
  session.send(datagram({flow_sample({on_switch, header, structure(1'003, gateway)}),
                         flow_sample({header, structure(1'003, local), structure(4'711, Builder().u32(1))})}));
  const auto& rows = session.finish();
  ASSERT_EQ(rows.flows.size(), 2u);
  EXPECT_EQ(rows.flows[0].src_asn, 64'501u);
  EXPECT_EQ(rows.flows[0].dst_asn, 64'512u);
  EXPECT_EQ(rows.flows[1].src_asn, 64'500u);
  EXPECT_EQ(rows.flows[1].dst_asn, 64'500u);
  EXPECT_EQ(rows.flows[0].vlan, 100);  // the frame's own tag is what was on the wire
}

TEST(Sflow, MakesRowsOfInterfaceCounters) {
  Builder counters;
  counters.u32(17).u32(6).u64(10'000'000'000).u32(1).u32(3);
  counters.u64(1ULL << 40).u32(100).u32(20).u32(3).u32(4).u32(5).u32(6);
  counters.u64(UINT64_MAX).u32(200).u32(UINT32_MAX).u32(UINT32_MAX).u32(UINT32_MAX).u32(UINT32_MAX).u32(0);
  const auto generic = structure(1, counters);
  const auto unknown = structure(2'001, Builder().u64(1));
  Session session;
  session.send(datagram({structure(2, Builder().u32(1).u32(17).u32(2).bytes(unknown).bytes(generic)),
                         structure(4, Builder().u32(1).u32(0).u32(17).u32(1).bytes(generic))}));
  const auto& rows = session.finish();
  ASSERT_EQ(rows.counters.size(), 2u);
  for (const CounterRow& row : rows.counters) {
    EXPECT_EQ(row.sensor_text, "198.51.100.1");
    EXPECT_EQ(row.interface_index, 17u);
    EXPECT_EQ(row.speed_bps, 10'000'000'000u);
    EXPECT_EQ(row.input_bytes, 1ULL << 40);
    EXPECT_EQ(row.input_packets, 123u);
    EXPECT_EQ(row.input_errors, 9u);
    EXPECT_EQ(row.output_bytes, std::nullopt);  // the agent does not have it
    EXPECT_EQ(row.output_packets, 200u);
    EXPECT_EQ(row.output_errors, std::nullopt);
  }
  EXPECT_TRUE(rows.weird.empty());
}

TEST(Sflow, TellsSamplesThatHoldNoIpAndSamplesThatTheAgentDropped) {
  Builder arp;
  arp.zeros(12).u16(0x0806).zeros(28);
  Session session;
  session.send(datagram({flow_sample({raw_header(arp.done())}, {.drops = 10}),
                         flow_sample({raw_header(ethernet_frame())}, {.drops = 10}),
                         flow_sample({raw_header(ethernet_frame())}, {.drops = 17})}));
  const auto& rows = session.finish();
  EXPECT_EQ(rows.flows.size(), 2u);
  EXPECT_EQ(rows.count("sample-not-ip"), 1);
  EXPECT_EQ(rows.count("sampler-drops"), 1);
}

TEST(Sflow, CountsGapsPerSubAgent) {
  const auto sample = flow_sample({raw_header(ethernet_frame())});
  Session session;
  session.send(datagram({sample}, 1, 5));
  session.send(datagram({sample}, 2, 90));
  session.send(datagram({sample}, 1, 8));
  EXPECT_EQ(session.finish().count("export-sequence-gap"), 1);
}

TEST(Sflow, IsRefusedWhereLengthsDoNotAgree) {
  auto payload = datagram({flow_sample({raw_header(ethernet_frame())})});
  payload.resize(payload.size() - 8);
  EXPECT_FALSE(looks_like_flow_export(40'000, payload));
  Session session;
  EXPECT_FALSE(session.send(payload));
  EXPECT_TRUE(session.finish().weird.empty());
}

TEST(Sflow, SurvivesCutsAndFlipsEverywhere) {
  const auto header = raw_header(ethernet_frame());
  Builder gateway;
  gateway.u32(1).u32(0x0A0000FE).u32(64'500).u32(64'501).u32(64'502).u32(1).u32(2).u32(2).u32(1).u32(2).u32(0).u32(0);
  const auto whole =
      datagram({flow_sample({header, structure(1'003, gateway)}), flow_sample({header}, {.expanded = true}),
                structure(2, Builder().u32(1).u32(1).u32(1).u32(1).u32(88).zeros(88))});
  Session known;  // an exporter that is known is believed even where it is damaged
  ASSERT_TRUE(known.send(whole));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const std::vector<std::byte> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    Session stranger;
    EXPECT_FALSE(stranger.send(cut)) << length;
    known.send(cut);
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const unsigned flip : {0x01u, 0x80u, 0xFFu}) {
      auto damaged = whole;
      damaged[at] ^= static_cast<std::byte>(flip);
      known.send(damaged);
    }
  }
  const auto& rows = known.finish();
  EXPECT_GE(rows.flows.size(), 2u);
  EXPECT_GT(rows.count("truncated-export"), 0);
}

}  // namespace
}  // namespace rw::flow_export::testing
