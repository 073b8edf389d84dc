// NetFlow v9 and IPFIX: templates that come late, change or go, sampling, times, biflows, packet sections, and damage.
#include "format/netflow.h"

#include <gtest/gtest.h>

#include <bit>
#include <initializer_list>

#include "format/flow_export_testing.h"

namespace rw::flow_export::testing {
namespace {

constexpr std::int64_t kExportUs = 1'600'000'000'000'000;  // Header::time

struct Field {
  std::uint32_t element;
  std::uint32_t width;
  std::uint32_t enterprise = 0;
};
using Fields = std::vector<Field>;

const Fields kSimple = {{8, 4}, {12, 4}, {7, 2}, {11, 2}, {4, 1}, {2, 4}, {1, 4}, {22, 4}, {21, 4}};

Builder template_record(std::uint16_t id, const Fields& fields, int scopes = -1) {
  Builder out;
  out.u16(id).u16(fields.size());
  if (scopes >= 0) out.u16(static_cast<std::uint16_t>(scopes));
  for (const Field& field : fields) {
    out.u16(field.element | (field.enterprise != 0 ? 0x8000u : 0u)).u16(field.width);
    if (field.enterprise != 0) out.u32(field.enterprise);
  }
  return out;
}

std::vector<std::byte> template9(std::uint16_t id, const Fields& fields) {
  return set_of(0, template_record(id, fields));
}
std::vector<std::byte> options9(std::uint16_t id, const Fields& scopes, const Fields& fields) {
  Builder out;
  out.u16(id).u16(scopes.size() * 4).u16(fields.size() * 4);
  for (const Field& field : scopes) out.u16(field.element).u16(field.width);
  for (const Field& field : fields) out.u16(field.element).u16(field.width);
  return set_of(1, out);
}
std::vector<std::byte> template10(std::uint16_t id, const Fields& fields) {
  return set_of(2, template_record(id, fields));
}
std::vector<std::byte> options10(std::uint16_t id, const Fields& fields, int scopes = 1) {
  return set_of(3, template_record(id, fields, scopes));
}

Builder simple_record(std::uint32_t bytes = 1'000) {
  Builder out;
  out.u32(0x0A000001).u32(0xC0000207).u16(40'000).u16(443).u8(6).u32(10).u32(bytes).u32(900'000).u32(950'000);
  return out;
}

// A record of the given fields with one value each: what a test is about, and addresses.
class Record {
 public:
  Record& add(std::uint32_t element, std::uint32_t width, std::uint64_t value, std::uint32_t enterprise = 0) {
    fields.push_back({element, width, enterprise});
    values.number(value, width);
    return *this;
  }
  Record& addresses() { return add(8, 4, 0x0A000001).add(12, 4, 0xC0000207); }
  Fields fields;
  Builder values;
};

FlowRow one_ipfix(const Record& record, CollectingSink* all = nullptr) {
  Session session;
  EXPECT_TRUE(session.send(ipfix({}, {template10(300, record.fields), set_of(300, record.values)})));
  const auto& rows = session.finish();
  EXPECT_EQ(rows.flows.size(), 1u);
  if (all != nullptr) *all = rows;
  return rows.flows.empty() ? FlowRow{} : rows.flows[0];
}
FlowRow one_netflow9(const Record& record, Header header = {}) {
  Session session;
  EXPECT_TRUE(session.send(netflow9(header, {template9(300, record.fields), set_of(300, record.values)})));
  const auto& rows = session.finish();
  EXPECT_EQ(rows.flows.size(), 1u);
  return rows.flows.empty() ? FlowRow{} : rows.flows[0];
}

// --- templates

TEST(Netflow9, ReadsARecord) {
  Session session;
  ASSERT_TRUE(session.send(netflow9({.domain = 12}, {template9(260, kSimple), set_of(260, simple_record())})));
  const auto& rows = session.finish();
  ASSERT_EQ(rows.flows.size(), 1u);
  const FlowRow& flow = rows.flows[0];
  EXPECT_EQ(flow.src.to_string(), "10.0.0.1");
  EXPECT_EQ(flow.dst.to_string(), "192.0.2.7");
  EXPECT_EQ(flow.src_port, 40'000);
  EXPECT_EQ(flow.dst_port, 443);
  EXPECT_EQ(flow.proto, 6);
  EXPECT_EQ(flow.packets, 10);
  EXPECT_EQ(flow.bytes, 1'000);
  EXPECT_EQ(flow.sampling, 1u);
  EXPECT_EQ(flow.sensor_text, "192.0.2.1/12");
  EXPECT_EQ(flow.start_time, kExportUs - 100'000'000);
  EXPECT_EQ(flow.end_time, kExportUs - 50'000'000);
  EXPECT_EQ(flow.direction, std::nullopt);
  EXPECT_EQ(flow.tos, std::nullopt);
  EXPECT_TRUE(rows.weird.empty());
}

TEST(Netflow9, DecodesDataThatCameBeforeItsTemplate) {
  Session session;
  session.send(netflow9({.sequence = 0}, {set_of(260, simple_record(1))}));
  session.send(netflow9({.sequence = 1}, {set_of(260, simple_record(2)), set_of(261, simple_record(3))}));
  session.send(netflow9({.time = 1'600'000'060, .uptime = 1'060'000, .sequence = 2}, {template9(260, kSimple)}));
  const auto& rows = session.finish();
  ASSERT_EQ(rows.flows.size(), 2u);
  EXPECT_EQ(rows.flows[0].bytes, 1);
  EXPECT_EQ(rows.flows[1].bytes, 2);
  EXPECT_EQ(rows.flows[0].end_time, kExportUs - 50'000'000);  // by the clock of its own header
  EXPECT_EQ(rows.count("template-missing"), 1);
}

TEST(Netflow9, DecodesThemInALaterInputToo) {
  Session session;
  session.send(netflow9({}, {set_of(260, simple_record())}));
  session.end_of_input();
  session.end_of_input();  // an input without exports: nothing is told twice
  session.send(netflow9({}, {template9(260, kSimple)}));
  const auto& rows = session.finish();
  EXPECT_EQ(rows.flows.size(), 1u);
  EXPECT_EQ(rows.count("template-missing"), 1);
}

TEST(Netflow9, KeepsTemplatesOfExportersPortsAndDomainsApart) {
  const ExportSource here{Ip::v4(0xC0000201), 2'000, Timestamp{kExportUs}};
  const auto data = [](std::uint32_t domain) { return netflow9({.domain = domain}, {set_of(260, simple_record())}); };
  Session session;
  session.send(Bytes(netflow9({.domain = 1}, {template9(260, kSimple)})), here);
  session.send(Bytes(data(1)), here);
  session.send(Bytes(data(2)), here);
  session.send(Bytes(data(1)), {here.exporter, 2'001, here.time});
  session.send(Bytes(data(1)), {Ip::v4(0xC0000202), 2'000, here.time});
  const auto& rows = session.finish();
  EXPECT_EQ(rows.flows.size(), 1u);
  EXPECT_EQ(rows.count("template-missing"), 3);
}

TEST(Netflow9, ReadsDataByTheTemplateOfItsTime) {
  const Fields swapped = {{12, 4}, {8, 4}, {7, 2}, {11, 2}, {4, 1}, {2, 4}, {1, 4}, {22, 4}, {21, 4}};
  Session session;
  session.send(netflow9({.sequence = 0}, {template9(260, kSimple), set_of(260, simple_record())}));
  session.send(
      netflow9({.sequence = 1}, {set_of(260, simple_record()), template9(260, swapped), set_of(260, simple_record())}));
  session.send(netflow9({.sequence = 2}, {template9(260, swapped), set_of(260, simple_record())}));
  const auto& rows = session.finish();
  ASSERT_EQ(rows.flows.size(), 4u);
  EXPECT_EQ(rows.flows[0].src.to_string(), "10.0.0.1");
  EXPECT_EQ(rows.flows[1].src.to_string(), "10.0.0.1");
  EXPECT_EQ(rows.flows[2].src.to_string(), "192.0.2.7");
  EXPECT_EQ(rows.flows[3].src.to_string(), "192.0.2.7");
}

TEST(Ipfix, ForgetsTemplatesThatAreWithdrawn) {
  const auto data = set_of(260, simple_record());
  for (const std::uint16_t withdrawn : {260, 2}) {
    Session session;
    session.send(ipfix({.sequence = 0}, {template10(260, kSimple), data}));
    session.send(ipfix({.sequence = 1}, {set_of(2, Builder().u16(withdrawn).u16(0)), data}));
    const auto& rows = session.finish();
    EXPECT_EQ(rows.flows.size(), 1u) << withdrawn;
    EXPECT_EQ(rows.count("template-missing"), 1) << withdrawn;
  }
}

TEST(Netflow, RefusesTemplatesThatDescribeNothing) {
  Session session;
  const Fields empty = {{8, 0}, {12, 0}};
  session.send(netflow9({.sequence = 0}, {template9(260, {})}));
  session.send(netflow9({.sequence = 1}, {template9(261, empty), set_of(261, simple_record())}));
  session.send(netflow9({.sequence = 2}, {template9(262, {{8, 65'000}, {12, 65'000}})}));  // no datagram could hold one
  session.send(netflow9({.sequence = 3}, {template9(17, kSimple)}));                       // an id that is a set's own
  const auto& rows = session.finish();
  EXPECT_TRUE(rows.flows.empty());
  EXPECT_EQ(rows.count("bad-template"), 4);
  EXPECT_EQ(rows.count("template-missing"), 1);
}

TEST(Netflow, StepsOverFieldsOfNoWidthAndOfWrongWidth) {
  Record record;
  record.add(1, 0, 0)
      .addresses()
      .add(27, 4, 1)
      .add(7, 2, 1'234)
      .add(11, 3, 53)
      .add(4, 2, 17)
      .add(1, 5, 1ULL << 33)
      .add(2, 12, 9);
  const FlowRow flow = one_netflow9(record);
  EXPECT_EQ(flow.src.to_string(), "10.0.0.1");
  EXPECT_EQ(flow.src_port, 1'234);
  EXPECT_EQ(flow.dst_port, 53);
  EXPECT_EQ(flow.proto, 17);
  EXPECT_EQ(flow.bytes, 1LL << 33);
  EXPECT_EQ(flow.packets, 0);
}

TEST(Netflow, CountsSetsOfUnknownIds) {
  Session session;
  session.send(netflow9({.sequence = 0}, {template9(260, kSimple), set_of(200, Builder().u32(1))}));
  session.send(ipfix({.sequence = 0}, {template10(260, kSimple), set_of(4, Builder().u32(1))}));
  EXPECT_EQ(session.finish().count("unknown-set"), 2);
}

TEST(Netflow, BoundsWhatWaitsForTemplates) {
  Session session;
  const auto set = set_of(400, Builder().zeros(1'300));
  const auto without_room = [&] {
    return static_cast<std::size_t>(session.emitter().counts().weird["template-missing"]);
  };
  constexpr std::size_t kDatagrams = 2 * kMaxWaitingBytesPerExporter / 1'300;
  for (std::uint32_t i = 0; i < kDatagrams; ++i) session.send(netflow9({.sequence = i}, {set}));
  EXPECT_GT(without_room(), kDatagrams / 2);
  EXPECT_LT(without_room(), kDatagrams * 2 / 3);
  const std::size_t before = without_room();
  session.send(netflow9({.sequence = kDatagrams}, {options9(400, {{1, 4}}, {{41, 4}})}));  // now there is room again
  session.send(netflow9({.sequence = kDatagrams + 1}, {set_of(401, Builder().zeros(1'300))}));
  EXPECT_EQ(without_room(), before);
  EXPECT_EQ(session.finish().count("template-missing"), static_cast<std::int64_t>(before) + 1);
}

TEST(Netflow, BoundsTemplates) {
  Session session;
  Fields many(kMaxTemplateFields + 1, Field{99, 1});
  session.send(netflow9({}, {template9(260, many)}));
  EXPECT_EQ(session.finish().count("template-limit"), 1);
}

// --- variable length, enterprise numbers, biflows

TEST(Ipfix, ReadsRecordsOfVariableLength) {
  const Fields fields = {{8, 4}, {460, 65'535}, {12, 4}, {1, 65'535}, {1'000, 65'535, 9}, {2, 2}};
  Builder records;
  records.u32(0x0A000001).u8(3).text("abc").u32(0xC0000207).u8(8).u64(77).u8(0).u16(5);
  records.u32(0x0A000002).u8(255).u16(300).text(std::string(300, 'x')).u32(0xC0000208).u8(2).u16(78).u8(1).u8(0).u16(6);
  records.u32(0x0A000003).u8(0).u32(0xC0000209).u8(9).zeros(9).u8(0).u16(7);  // a counter of nine bytes is none
  Session session;
  session.send(ipfix({}, {template10(300, fields), set_of(300, records)}));
  const auto& rows = session.finish();
  ASSERT_EQ(rows.flows.size(), 3u);
  EXPECT_EQ(rows.flows[0].dst.to_string(), "192.0.2.7");
  EXPECT_EQ(rows.flows[0].bytes, 77);
  EXPECT_EQ(rows.flows[0].packets, 5);
  EXPECT_EQ(rows.flows[1].dst.to_string(), "192.0.2.8");
  EXPECT_EQ(rows.flows[1].bytes, 78);
  EXPECT_EQ(rows.flows[1].packets, 6);
  EXPECT_EQ(rows.flows[2].bytes, 0);
  EXPECT_EQ(rows.flows[2].packets, 7);
  EXPECT_TRUE(rows.weird.empty());
}

TEST(Ipfix, StopsAtARecordThatIsLongerThanItsSet) {
  Session session;
  const auto data = set_of(300, Builder().u32(0x0A000001).u32(0xC0000207).u8(200).zeros(5));
  session.send(ipfix({}, {template10(300, {{8, 4}, {12, 4}, {460, 65'535}, {1, 4}}), data}));
  const auto& rows = session.finish();
  EXPECT_TRUE(rows.flows.empty());
  EXPECT_EQ(rows.count("truncated-record"), 1);
}

TEST(Ipfix, ReadsReverseElementsAsABiflow) {
  Record record;
  record.addresses().add(1, 8, 1'000).add(2, 8, 10).add(1, 8, 5'000, 29305).add(2, 8, 7, 29305).add(6, 1, 0x02);
  record.add(6, 1, 0x12, 29305).add(1, 8, 99, 8'888).add(7, 2, 3'333, 29305);
  const FlowRow flow = one_ipfix(record);
  EXPECT_EQ(flow.bytes, 1'000);
  EXPECT_EQ(flow.packets, 10);
  EXPECT_EQ(flow.rev_bytes, 5'000);
  EXPECT_EQ(flow.rev_packets, 7);
  EXPECT_EQ(flow.tcp_flags, 0x02);
  EXPECT_EQ(flow.rev_tcp_flags, 0x12);
  EXPECT_EQ(flow.src_port, 0);
}

TEST(Ipfix, ReadsInitiatorAndResponderAsABiflow) {
  Record record;
  record.addresses().add(231, 4, 300).add(232, 4, 9'000).add(298, 4, 3).add(299, 4, 8).add(85, 4, 9'300);
  const FlowRow flow = one_ipfix(record);
  EXPECT_EQ(flow.bytes, 300);
  EXPECT_EQ(flow.rev_bytes, 9'000);
  EXPECT_EQ(flow.packets, 3);
  EXPECT_EQ(flow.rev_packets, 8);
}

TEST(Netflow, ChoosesAmongCounters) {
  EXPECT_EQ(one_netflow9(Record().addresses().add(85, 8, 5).add(1, 4, 7)).bytes, 7);
  EXPECT_EQ(one_netflow9(Record().addresses().add(85, 8, 5)).bytes, 5);
  EXPECT_EQ(one_netflow9(Record().addresses().add(23, 4, 9).add(24, 4, 2)).bytes, 9);
  EXPECT_EQ(one_netflow9(Record().addresses().add(23, 4, 9).add(1, 4, 7)).bytes, 7);
  EXPECT_EQ(one_netflow9(Record().addresses().add(1, 4, 0).add(23, 4, 9)).bytes,
            9);  // an egress cache fills only these
  EXPECT_EQ(one_netflow9(Record().addresses().add(352, 8, 64)).bytes, 64);
  EXPECT_EQ(one_netflow9(Record().addresses().add(352, 8, 64).add(1, 8, 46)).bytes, 46);
}

// --- the key

TEST(Netflow, ReadsBothFamiliesFromOneTemplate) {
  Record four;
  four.addresses().add(27, 16, 0).add(28, 16, 0);
  EXPECT_EQ(one_netflow9(four).src.to_string(), "10.0.0.1");
  Record six;
  six.add(8, 4, 0).add(12, 4, 0);
  six.fields.push_back({27, 16});
  six.fields.push_back({28, 16});
  six.values.u64(0x20010DB800000000).u64(1).u64(0x20010DB800000000).u64(2);
  EXPECT_EQ(one_netflow9(six).src.to_string(), "2001:db8::1");
  EXPECT_EQ(one_netflow9(six).dst.to_string(), "2001:db8::2");
}

TEST(Netflow, DescribesThePacketInsideThePacket) {
  Record record;  // IPv4 in IPv6, its key after that of the outer packet
  record.fields = {{27, 16}, {28, 16}};
  record.values.u64(0x20010DB800000000).u64(1).u64(0x20010DB800000000).u64(2);
  record.add(7, 2, 0).add(11, 2, 0).add(4, 1, 4).add(5, 1, 1).add(1, 4, 100).addresses();
  Record plain = record;
  record.add(7, 2, 2'222).add(11, 2, 1'111).add(4, 1, 17).add(5, 1, 2);
  const FlowRow flow = one_netflow9(record);
  EXPECT_EQ(flow.src.to_string(), "10.0.0.1");
  EXPECT_EQ(flow.src_port, 2'222);
  EXPECT_EQ(flow.dst_port, 1'111);
  EXPECT_EQ(flow.proto, 17);
  EXPECT_EQ(flow.tos, 2);
  EXPECT_EQ(flow.bytes, 100);
  plain.add(7, 2, 0).add(11, 2, 0).add(4, 1, 0).add(5, 1, 0);  // nothing inside
  EXPECT_EQ(one_netflow9(plain).proto, 4);
  EXPECT_EQ(one_netflow9(plain).tos, 1);
  Record twice;
  twice.addresses().add(4, 1, 47).add(8, 4, 0x0A0A0A0A).add(12, 4, 0x0B0B0B0B).add(4, 1, 6);
  EXPECT_EQ(one_netflow9(twice).src.to_string(), "10.10.10.10");
  EXPECT_EQ(one_netflow9(twice).proto, 6);
}

TEST(Netflow, ReadsTypeAndCodeOfIcmp) {
  const auto icmp = [](std::uint64_t proto) { return Record().addresses().add(4, 1, proto).add(7, 2, 5); };
  EXPECT_EQ(one_netflow9(icmp(1).add(32, 2, 0x0303)).dst_port, 0x0303);
  EXPECT_EQ(one_netflow9(icmp(58).add(139, 2, 0x8000)).dst_port, 0x8000);
  EXPECT_EQ(one_netflow9(icmp(1).add(176, 1, 11).add(177, 1, 1)).dst_port, 0x0B01);
  EXPECT_EQ(one_netflow9(icmp(58).add(178, 1, 1).add(179, 1, 4)).dst_port, 0x0104);
  EXPECT_EQ(one_netflow9(icmp(1).add(11, 2, 0x0800)).dst_port, 0x0800);
  EXPECT_EQ(one_netflow9(icmp(1).add(11, 2, 0x0800).add(32, 2, 0)).dst_port, 0x0800);
  EXPECT_EQ(one_netflow9(icmp(1).add(11, 2, 0x0800)).src_port, 0);
  EXPECT_EQ(one_netflow9(icmp(17).add(11, 2, 53).add(32, 2, 0x0303)).dst_port, 53);
}

TEST(Netflow, ReadsWhereAFlowWasSeen) {
  Record record;
  record.addresses()
      .add(6, 2, 0x0112)
      .add(5, 1, 0xB8)
      .add(10, 2, 5)
      .add(253, 4, 9)
      .add(243, 2, 100)
      .add(16, 4, 4'200'000'000);
  record.add(17, 2, 0).add(61, 1, 1);
  const FlowRow flow = one_ipfix(record);
  EXPECT_EQ(flow.tcp_flags, 0x12);
  EXPECT_EQ(flow.tos, 0xB8);
  EXPECT_EQ(flow.input_interface, 5u);
  EXPECT_EQ(flow.output_interface, 9u);
  EXPECT_EQ(flow.vlan, 100);
  EXPECT_EQ(flow.src_asn, 4'200'000'000u);
  EXPECT_EQ(flow.dst_asn, std::nullopt);
  EXPECT_EQ(flow.direction, 1);
  EXPECT_EQ(one_ipfix(Record().addresses().add(195, 1, 46)).tos, 0xB8);
  EXPECT_EQ(one_ipfix(Record().addresses().add(16, 4, UINT32_MAX)).src_asn, std::nullopt);
}

TEST(Netflow, CountsRecordsAboutSomethingElse) {
  Session session;
  session.send(ipfix({}, {template10(300, {{56, 6}, {80, 6}, {1, 4}}), set_of(300, Builder().zeros(32))}));
  const auto& rows = session.finish();
  EXPECT_TRUE(rows.flows.empty());
  EXPECT_EQ(rows.count("flow-without-addresses"), 1);
}

// --- times

struct TimeCase {
  const char* name;
  Record record;
  std::int64_t start;
  std::int64_t end;
};

TEST(Ipfix, ReadsEveryKindOfTime) {
  constexpr std::int64_t kSecond = kExportUs / 1'000'000 - 20;
  const auto ntp = [](std::int64_t unix_seconds, std::uint64_t fraction) {
    return static_cast<std::uint64_t>(unix_seconds + 2'208'988'800) << 32 | fraction;
  };
  const auto at = [](std::int64_t seconds, std::int64_t us = 0) { return seconds * 1'000'000 + us; };
  const auto ms = static_cast<std::uint64_t>(kSecond * 1'000);
  const auto s = static_cast<std::uint64_t>(kSecond);
  const TimeCase cases[] = {
      {"seconds", Record().add(150, 4, s).add(151, 4, s + 2), at(kSecond), at(kSecond + 2)},
      {"milliseconds", Record().add(152, 8, ms + 5).add(153, 8, ms + 9), at(kSecond, 5'000), at(kSecond, 9'000)},
      {"microseconds", Record().add(154, 8, ntp(kSecond, 1ULL << 31)).add(155, 8, ntp(kSecond + 1, 1ULL << 30)),
       at(kSecond, 500'000), at(kSecond + 1, 250'000)},
      {"nanoseconds", Record().add(156, 8, ntp(kSecond, 0)).add(157, 8, ntp(kSecond + 1, 0)), at(kSecond),
       at(kSecond + 1)},
      {"the second NTP era", Record().add(154, 8, (kSecond + 2'208'988'800ULL - (1ULL << 32)) << 32 | 1).add(2, 1, 1),
       at(kSecond), at(kSecond)},
      {"delta", Record().add(158, 4, 7'000'000).add(159, 4, 3'000'000), kExportUs - 7'000'000, kExportUs - 3'000'000},
      {"uptime with its origin", Record().add(22, 4, 1'000).add(21, 4, 4'000).add(160, 8, ms), at(kSecond + 1),
       at(kSecond + 4)},
      {"uptime without", Record().add(22, 4, 1'000).add(21, 4, 4'000), kExportUs - 3'000'000, kExportUs},
      {"start and duration", Record().add(152, 8, ms).add(161, 4, 1'500), at(kSecond), at(kSecond, 1'500'000)},
      {"end and duration", Record().add(153, 8, ms).add(162, 4, 1'500), at(kSecond, -1'500), at(kSecond)},
      {"start and observation", Record().add(152, 8, ms).add(323, 8, ms + 4'000), at(kSecond), at(kSecond + 4)},
      {"observation", Record().add(322, 4, s), at(kSecond), at(kSecond)},
      {"start only", Record().add(152, 8, ms), at(kSecond), at(kSecond)},
      {"unset", Record().add(152, 8, 0).add(153, 8, ms), at(kSecond), at(kSecond)},
      {"none", Record().add(2, 4, 1), kExportUs, kExportUs},
      {"the finest of two", Record().add(150, 4, s).add(152, 8, ms + 7).add(153, 8, ms + 8), at(kSecond, 7'000),
       at(kSecond, 8'000)},
  };
  for (const TimeCase& c : cases) {
    Record record = c.record;
    const FlowRow flow = one_ipfix(record.addresses());
    EXPECT_EQ(flow.start_time, c.start) << c.name;
    EXPECT_EQ(flow.end_time, c.end) << c.name;
  }
}

TEST(Ipfix, ReadsUptimesByAnOriginFromOptionsAndAcrossTheWrap) {
  const std::uint64_t init_ms = 1'600'000'000'000 - (1ULL << 32) - 60'000;  // up for one wrap and a minute
  const Fields uptimes = {{8, 4}, {12, 4}, {22, 4}, {21, 4}};
  Session session;
  session.send(ipfix(
      {}, {options10(400, {{149, 4}, {160, 8}}), set_of(400, Builder().u32(0).u64(init_ms)), template10(300, uptimes),
           set_of(300, Builder().u32(0x0A000001).u32(0xC0000207).u32(UINT32_MAX - 999).u32(30'000))}));
  const auto& rows = session.finish();
  ASSERT_EQ(rows.flows.size(), 1u);
  EXPECT_EQ(rows.flows[0].start_time, kExportUs - 61'000'000);
  EXPECT_EQ(rows.flows[0].end_time, kExportUs - 30'000'000);
}

TEST(Netflow9, ReadsUptimesAcrossTheWrap) {
  Record record;
  record.addresses().add(22, 4, UINT32_MAX - 999).add(21, 4, 500);
  const FlowRow flow = one_netflow9(record, {.uptime = 2'000});
  EXPECT_EQ(flow.start_time, kExportUs - 3'000'000);
  EXPECT_EQ(flow.end_time, kExportUs - 1'500'000);
}

TEST(Netflow, RefusesTimesFarFromTheExport) {
  Session session;
  session.send(ipfix(
      {}, {template10(300, {{8, 4}, {12, 4}, {150, 4}}), set_of(300, Builder().u32(1).u32(2).u32(1'000'000'000))}));
  const auto& rows = session.finish();
  EXPECT_TRUE(rows.flows.empty());
  EXPECT_EQ(rows.count("time-out-of-range"), 1);
}

// --- sampling

const Fields kSampled = {{8, 4}, {12, 4}, {48, 2}, {10, 4}};
Builder sampled(std::uint16_t sampler, std::uint32_t interface = 5) {
  return Builder().u32(0x0A000001).u32(0xC0000207).u16(sampler).u32(interface);
}

std::vector<std::uint32_t> rates(const CollectingSink& rows) {
  std::vector<std::uint32_t> out;
  for (const FlowRow& flow : rows.flows) out.push_back(flow.sampling);
  return out;
}

TEST(Sampling, IsAppliedPerSampler) {
  Session session;
  session.send(netflow9({}, {options9(400, {{1, 4}}, {{48, 1}, {49, 1}, {50, 4}}),
                             set_of(400, Builder().u32(0).u8(1).u8(2).u32(100).u32(0).u8(2).u8(2).u32(2'000)),
                             template9(260, kSampled), set_of(260, sampled(2)), set_of(260, sampled(1))}));
  const auto& rows = session.finish();
  EXPECT_EQ(rates(rows), (std::vector<std::uint32_t>{2'000, 100}));
  EXPECT_TRUE(rows.weird.empty());
}

TEST(Sampling, IsAppliedToFlowsThatCameBeforeIt) {
  const auto options = options9(400, {{1, 4}}, {{48, 2}, {50, 4}});
  const auto told = set_of(400, Builder().u32(0).u16(7).u32(512));
  Session session;
  session.send(
      netflow9({.sequence = 0}, {template9(260, kSampled), set_of(260, sampled(7))}));  // waits for its sampler
  session.send(netflow9({.sequence = 1}, {set_of(261, sampled(7)), told}));  // waits for template and sampler
  session.send(netflow9({.sequence = 2}, {template9(261, kSampled), options}));
  const auto& rows = session.finish();
  EXPECT_EQ(rates(rows), (std::vector<std::uint32_t>{512, 512}));
  EXPECT_TRUE(rows.weird.empty());
}

TEST(Sampling, IsOneWhereTheSamplerIsNeverTold) {
  Session session;
  session.send(netflow9(
      {}, {template9(260, kSampled), set_of(260, sampled(7)), set_of(260, sampled(7)), set_of(260, sampled(0))}));
  const auto& rows = session.finish();
  EXPECT_EQ(rates(rows), (std::vector<std::uint32_t>{1, 1, 1}));
  EXPECT_EQ(rows.count("sampler-unknown"), 1);
}

TEST(Sampling, StopsWaitingForASamplerAfterHalfAnHour) {
  Session late;
  late.send(netflow9({}, {template9(260, kSampled), set_of(260, sampled(7))}));
  late.send(netflow9({.time = 1'600'001'900, .uptime = 2'900'000, .sequence = 1}, {set_of(260, sampled(7))}));
  late.send(netflow9({.time = 1'600'001'960, .uptime = 2'960'000, .sequence = 2},
                     {options9(400, {{1, 4}}, {{48, 2}, {50, 4}}), set_of(400, Builder().u32(0).u16(7).u32(512)),
                      set_of(260, sampled(7))}));
  const auto& rows = late.finish();
  EXPECT_EQ(rates(rows), (std::vector<std::uint32_t>{1, 1, 512}));
  EXPECT_EQ(rows.count("sampler-unknown"), 2);
}

TEST(Sampling, IsAppliedPerInterfaceAndPerDomain) {
  Session session;
  session.send(
      netflow9({.domain = 1},
               {options9(400, {{2, 4}}, {{34, 4}, {35, 1}}), set_of(400, Builder().u32(5).u32(64).u8(2)),
                options9(401, {{1, 4}}, {{34, 4}}), set_of(401, Builder().u32(0).u32(1'000)), template9(260, kSampled),
                set_of(260, sampled(0, 5)), set_of(260, sampled(0, 6)), set_of(260, sampled(9, 6))}));
  session.send(netflow9({.domain = 2}, {template9(260, kSampled), set_of(260, sampled(0, 5))}));
  const auto& rows = session.finish();
  EXPECT_EQ(rates(rows), (std::vector<std::uint32_t>{64, 1'000, 1'000, 1}));
}

TEST(Sampling, UnderstandsWhatIpfixSays) {
  struct Case {
    Fields fields;
    Builder values;
    std::uint32_t rate;
  };
  const Case cases[] = {
      {{{302, 8}, {305, 4}, {306, 4}}, Builder().u64(3).u32(10).u32(90), 10},
      {{{302, 8}, {305, 4}, {306, 4}}, Builder().u64(3).u32(1).u32(1'999), 2'000},
      {{{302, 8}, {309, 4}, {310, 4}}, Builder().u64(3).u32(1).u32(256), 256},
      {{{302, 8}, {305, 4}, {309, 4}, {310, 4}}, Builder().u64(3).u32(1).u32(2).u32(512), 256},
      {{{302, 8}, {34, 4}}, Builder().u64(3).u32(77), 77},
      {{{302, 8}, {311, 8}}, Builder().u64(3).u64(std::bit_cast<std::uint64_t>(0.001)), 1'000},
      {{{302, 8}, {311, 4}}, Builder().u64(3).u32(std::bit_cast<std::uint32_t>(0.5f)), 2},
      {{{302, 8}, {305, 4}}, Builder().u64(3).u32(100), 1},  // a hundred in a row, and no space told: all
  };
  for (const Case& c : cases) {
    Session session;
    session.send(ipfix({}, {options10(400, c.fields), set_of(400, c.values),
                            template10(300, {{8, 4}, {12, 4}, {302, 1}}), set_of(300, Builder().u32(1).u32(2).u8(3))}));
    EXPECT_EQ(rates(session.finish()), std::vector<std::uint32_t>{c.rate});
  }
}

TEST(Sampling, InTheRecordItselfComesFirst) {
  Session session;
  session.send(ipfix({}, {options10(400, {{149, 4}, {34, 4}}), set_of(400, Builder().u32(0).u32(1'000)),
                          template10(300, {{8, 4}, {12, 4}, {34, 4}}), set_of(300, Builder().u32(1).u32(2).u32(50)),
                          set_of(300, Builder().u32(1).u32(2).u32(0))}));
  EXPECT_EQ(rates(session.finish()), (std::vector<std::uint32_t>{50, 1'000}));
}

TEST(Netflow, NamesApplicationsThatOptionsTell) {
  Session session;
  session.send(netflow9(
      {},
      {options9(400, {{1, 4}}, {{95, 4}, {96, 8}}), set_of(400, Builder().u32(0).u32(0x0D000050).text("SSL-Web").u8(0)),
       template9(260, {{8, 4}, {12, 4}, {95, 4}}), set_of(260, Builder().u32(1).u32(2).u32(0x0D000050)),
       set_of(260, Builder().u32(1).u32(2).u32(7))}));
  const auto& rows = session.finish();
  ASSERT_EQ(rows.flows.size(), 2u);
  EXPECT_EQ(rows.flows[0].app_text, "ssl-web");
  EXPECT_EQ(rows.flows[1].app_text, "");
}

// --- sampled packets

std::vector<std::byte> ip_packet() {
  Builder packet;
  packet.u8(0x45).u8(0).u16(1'400).u32(0).u8(64).u8(17).u16(0).u32(0x0A000001).u32(0xC0000207);
  packet.u16(5'000).u16(53).u16(1'380).u16(0).zeros(20);
  return packet.done();
}

TEST(Ipfix, TakesPacketSectionsApart) {
  const auto packet = ip_packet();
  Builder frame;
  frame.zeros(12).u16(0x8100).u16(7).u16(0x0800).bytes(packet);
  Builder record;
  record.u32(3).u16(frame.size() + 1'000).u8(frame.size()).bytes(frame.done());
  Session session;
  session.send(ipfix({}, {template10(300, {{10, 4}, {312, 2}, {315, 65'535}}), set_of(300, record),
                          template10(301, {{313, static_cast<std::uint32_t>(packet.size())}, {34, 4}}),
                          set_of(301, Builder().bytes(packet).u32(128))}));
  const auto& rows = session.finish();
  ASSERT_EQ(rows.flows.size(), 2u);
  for (const FlowRow& flow : rows.flows) {
    EXPECT_EQ(flow.src.to_string(), "10.0.0.1");
    EXPECT_EQ(flow.dst_port, 53);
    EXPECT_EQ(flow.proto, 17);
    EXPECT_EQ(flow.bytes, 1'400);
    EXPECT_EQ(flow.packets, 1);
  }
  EXPECT_EQ(rows.flows[0].vlan, 7);
  EXPECT_EQ(rows.flows[0].input_interface, 3u);
  EXPECT_EQ(rows.flows[1].sampling, 128u);
}

TEST(Ipfix, TellsSectionsThatHoldNoIp) {
  Session session;
  session.send(ipfix({}, {template10(300, {{315, 40}}), set_of(300, Builder().zeros(12).u16(0x0806).zeros(26))}));
  const auto& rows = session.finish();
  EXPECT_TRUE(rows.flows.empty());
  EXPECT_EQ(rows.count("sample-not-ip"), 1);
}

// --- sequence numbers

TEST(Ipfix, CountsDataRecordsInItsSequence) {
  Session session;
  session.send(ipfix({.sequence = 0}, {template10(260, kSimple)}));
  session.send(
      ipfix({.sequence = 0}, {set_of(260, Builder().bytes(simple_record().done()).bytes(simple_record().done()))}));
  session.send(ipfix({.sequence = 2}, {set_of(260, simple_record())}));
  session.send(ipfix({.sequence = 3}, {set_of(999, simple_record())}));  // nobody knows how many these are
  session.send(ipfix({.sequence = 90}, {set_of(260, simple_record())}));
  session.send(ipfix({.sequence = 93}, {set_of(260, simple_record())}));  // two are missing
  const auto& rows = session.finish();
  EXPECT_EQ(rows.count("export-sequence-gap"), 1);
}

// --- damage

std::vector<std::byte> rich_netflow9() {
  return netflow9({}, {options9(400, {{1, 4}}, {{48, 1}, {50, 4}}), set_of(400, Builder().u32(0).u8(1).u32(100)),
                       template9(260, kSimple), set_of(260, simple_record()), set_of(999, simple_record())});
}
std::vector<std::byte> rich_ipfix() {
  return ipfix({}, {options10(400, {{302, 8}, {309, 4}, {310, 4}}), set_of(400, Builder().u64(1).u32(1).u32(9)),
                    template10(300, {{8, 4}, {460, 65'535}, {12, 4}, {1, 8, 29305}, {315, 65'535}}),
                    set_of(300, Builder().u32(1).u8(2).u16(0).u32(2).u64(3).u8(40).bytes(ip_packet()).zeros(40)),
                    set_of(999, simple_record())});
}

TEST(Netflow, SurvivesCutsAndFlipsEverywhere) {
  for (const auto& whole : {rich_netflow9(), rich_ipfix()}) {
    Session known;
    ASSERT_TRUE(known.send(whole));
    for (std::size_t length = 0; length < whole.size(); ++length) {
      const std::vector<std::byte> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
      Session stranger;
      stranger.send(cut);  // where a set ends, a shorter v9 datagram is as good as any
      stranger.finish();
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
    EXPECT_GE(rows.flows.size(), 1u);
    EXPECT_GT(rows.count("truncated-export"), 0);
  }
}

TEST(Ipfix, IsRefusedWhereItIsCut) {
  const auto whole = rich_ipfix();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    Session stranger;
    EXPECT_FALSE(
        stranger.send(std::vector<std::byte>(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length))));
    EXPECT_TRUE(stranger.finish().weird.empty());
  }
}

}  // namespace
}  // namespace rw::flow_export::testing
