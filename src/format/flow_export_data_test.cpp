// Real exports, where they lie beside the project, against another decoder's reading of them.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <set>

#include "format/flow_export_testing.h"

namespace rw::flow_export::testing {
namespace {

#define RW_NEEDS(path) \
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no real captures here: " << path.string()

// One flow as text, columns that both sides know, in one order.
std::string line_of(const Flow& f, std::string_view sensor) {
  const auto optional = [](const auto& v) { return v ? std::to_string(*v) : std::string("-"); };
  return Timestamp{f.start_time}.to_string() + " " + Timestamp{f.end_time}.to_string() + " " + f.src.to_string() + ":" +
         std::to_string(f.src_port) + " > " + f.dst.to_string() + ":" + std::to_string(f.dst_port) + " proto " +
         std::to_string(f.proto) + " flags " + std::to_string(f.tcp_flags) + " bytes " + std::to_string(f.bytes) +
         " packets " + std::to_string(f.packets) + " rate " + std::to_string(f.sampling) + " vlan " + optional(f.vlan) +
         " tos " + optional(f.tos) + " in " + optional(f.input_interface) + " out " + optional(f.output_interface) +
         " direction " + optional(f.direction) + " asn " + optional(f.src_asn) + " " + optional(f.dst_asn) + " of " +
         std::string(sensor);
}

// Fields of the other decoder's output that have no column here.
// clang-format off
const std::set<std::string_view> kNoColumn = {
    "mplsTopLabelStackSection", "mplsLabelStackSection2", "mplsLabelStackSection3", "mplsLabelStackSection4",
    "mplsLabelStackSection5", "mplsLabelStackSection6", "mplsTopLabelIPv4Address", "mplsTopLabelIPv6Address",
    "mplsTopLabelPrefixLength", "mplsTopLabelType", "mplsVpnRouteDistinguisher", "sourceIPv4PrefixLength",
    "destinationIPv4PrefixLength", "sourceIPv6PrefixLength", "destinationIPv6PrefixLength", "ipNextHopIPv4Address",
    "ipNextHopIPv6Address", "bgpNextHopIPv4Address", "bgpNextHopIPv6Address", "minimumTTL", "maximumTTL", "flowEndReason",
    "fragmentIdentification", "dot1qCustomerVlanId", "dot1qPriority", "ipv6ExtensionHeaders", "ipv6ExtensionHeadersFull",
    "flowLabelIPv6", "forwardingStatus", "ingressVRFID", "egressVRFID", "VRFname", "octetDeltaSumOfSquares",
    "sourceMacAddress", "destinationMacAddress", "ethernetType", "paddingOctets", "Huawei", "srhTagIPv6", "srhFlagsIPv6",
    "srhSegmentsIPv6Left", "srhActiveSegmentIPv6", "srhSegmentIPv6ListSection", "selectorAlgorithm", "samplerName",
    "selectorName", "ipVersion"};
// clang-format on

using Element = simdjson::dom::element;

std::uint8_t protocol_number(std::string_view name) {
  static const std::map<std::string_view, std::uint8_t> kNames = {{"ICMP", 1}, {"IPv4", 4},      {"TCP", 6},
                                                                  {"UDP", 17}, {"IPv6ICMP", 58}, {"VRRP", 112}};
  const auto it = kNames.find(name);
  EXPECT_NE(it, kNames.end()) << name;
  return it == kNames.end() ? 0 : it->second;
}

std::uint8_t tcp_flags(const Element& value) {
  static constexpr const char* kBits[] = {"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"};
  std::uint8_t flags = 0;
  for (std::size_t i = 0; i < 8; ++i)
    if (value[kBits[i]].get_bool().value()) flags |= static_cast<std::uint8_t>(1 << i);
  return flags;
}

struct MessageHeader {
  std::int64_t export_us = 0;
  std::optional<std::uint32_t> uptime_ms;
  std::uint64_t domain = 0;
};

// One record of the expectation, with each field's values in order: a name may come twice.
class Expected {
 public:
  explicit Expected(const Element& fields) {
    const simdjson::dom::array array = fields;  // named, because a range-for does not keep temporaries
    for (const Element field : array) {
      const simdjson::dom::object object = field;
      for (const auto& [name, value] : object) values_[name].push_back(value);
    }
  }
  bool has(std::string_view name) {
    used_.insert(name);
    return values_.contains(name);
  }
  // The last of equal names: of a packet inside a packet.
  std::uint64_t number(std::string_view name) { return has(name) ? values_[name].back().get_uint64().value() : 0; }
  std::string_view text(std::string_view name) { return has(name) ? values_[name].back().get_string().value() : ""; }
  const Element& value(std::string_view name) { return values_[name].back(); }
  std::int64_t time(std::string_view name) { return Timestamp::parse(text(name))->us; }
  // Names that are neither read nor known to have no column.
  std::string unread() const {
    std::string out;
    for (const auto& [name, value] : values_)
      if (!used_.contains(name) && !kNoColumn.contains(name)) out.append(" ").append(name);
    return out;
  }

 private:
  std::map<std::string_view, std::vector<Element>> values_;
  std::set<std::string_view> used_;
};

void expect_times(Expected& record, const MessageHeader& header, Flow& flow) {
  if (record.has("flowStartMilliseconds")) {
    flow.start_time = record.time("flowStartMilliseconds");
    flow.end_time = record.time("flowEndMilliseconds");
    return;
  }
  const auto start = static_cast<std::int64_t>(record.number("flowStartSysUpTime"));
  const auto end = static_cast<std::int64_t>(record.number("flowEndSysUpTime"));
  if (header.uptime_ms) {
    flow.start_time = header.export_us - (*header.uptime_ms - start) * 1'000;
    flow.end_time = header.export_us - (*header.uptime_ms - end) * 1'000;
  } else if (record.has("systemInitTimeMilliseconds")) {
    flow.start_time = record.time("systemInitTimeMilliseconds") + start * 1'000;
    flow.end_time = record.time("systemInitTimeMilliseconds") + end * 1'000;
  } else {  // nothing anchors them: the flow ends with its export
    flow.end_time = header.export_us;
    flow.start_time = header.export_us - (end - start) * 1'000;
  }
}

template <typename T>
std::optional<T> known(std::uint64_t value, std::uint64_t also_unknown = 0) {
  return value == 0 || value == also_unknown ? std::nullopt : std::optional(static_cast<T>(value));
}

Flow expected_flow(Expected& record, const MessageHeader& header, std::map<std::uint64_t, std::uint32_t>& samplers) {
  Flow flow;
  expect_times(record, header, flow);
  const auto address = [&](std::string_view four, std::string_view six) {
    const std::string v4(record.text(four)), v6(record.text(six));
    return Ip::parse(v4.empty() || v4 == "0.0.0.0" ? v6 : v4).value();
  };
  flow.src = address("sourceIPv4Address", "sourceIPv6Address");
  flow.dst = address("destinationIPv4Address", "destinationIPv6Address");
  flow.proto = protocol_number(record.text("protocolIdentifier"));
  const bool icmp = flow.proto == 1 || flow.proto == 58;
  record.has("sourceTransportPort");
  flow.src_port = icmp ? std::uint16_t{0} : static_cast<std::uint16_t>(record.number("sourceTransportPort"));
  flow.dst_port = static_cast<std::uint16_t>(record.number("destinationTransportPort"));
  if (icmp && record.number("icmpTypeCodeIPv4") != 0)
    flow.dst_port = static_cast<std::uint16_t>(record.number("icmpTypeCodeIPv4"));
  if (icmp && record.number("icmpTypeCodeIPv6") != 0)
    flow.dst_port = static_cast<std::uint16_t>(record.number("icmpTypeCodeIPv6"));
  record.has("icmpTypeCodeIPv4"), record.has("icmpTypeCodeIPv6");
  if (record.has("tcpControlBits")) flow.tcp_flags = tcp_flags(record.value("tcpControlBits"));
  flow.bytes = static_cast<std::int64_t>(record.number("octetDeltaCount"));
  flow.packets = static_cast<std::int64_t>(record.number("packetDeltaCount"));
  flow.tos = static_cast<std::uint8_t>(record.number("ipClassOfService"));
  flow.input_interface = known<std::uint32_t>(record.number("ingressInterface"));
  flow.output_interface = known<std::uint32_t>(record.number("egressInterface"));
  flow.src_asn = known<std::uint32_t>(record.number("bgpSourceAsNumber"), UINT32_MAX);
  flow.dst_asn = known<std::uint32_t>(record.number("bgpDestinationAsNumber"), UINT32_MAX);
  for (const char* name : {"postVlanId", "dot1qVlanId", "vlanId"})
    if (const std::uint64_t vlan = record.number(name)) flow.vlan = static_cast<std::uint16_t>(vlan);
  if (record.has("flowDirection") && record.value("flowDirection").is_string())
    flow.direction = record.text("flowDirection") == "egress" ? 1 : 0;
  const std::uint64_t sampler = record.has("selectorId") ? record.number("selectorId") : record.number("samplerId");
  record.has("samplerId");
  flow.sampling = samplers.contains(sampler) ? samplers[sampler] : 1;
  return flow;
}

// What the other decoder made of a capture, as lines.
std::vector<std::string> expectation(const std::filesystem::path& path, const std::string& exporter) {
  std::ifstream file(path);
  simdjson::dom::parser parser;
  std::vector<std::string> out;
  std::map<std::uint64_t, std::uint32_t> samplers;
  for (std::string text; std::getline(file, text);) {
    if (text.empty()) continue;
    const Element document = parser.parse(text);
    const bool nine = document.at_key("NetFlowV9").error() == simdjson::SUCCESS;
    const Element message = document[nine ? "NetFlowV9" : "IPFIX"];
    MessageHeader header;
    header.export_us = Timestamp::parse(message[nine ? "unix_time" : "export_time"].get_string().value())->us;
    if (nine) header.uptime_ms = static_cast<std::uint32_t>(message["sys_up_time"].get_uint64().value());
    header.domain = message[nine ? "source_id" : "observation_domain_id"].get_uint64().value();
    const std::string sensor = exporter + (header.domain == 0 ? "" : "/" + std::to_string(header.domain));
    const simdjson::dom::array sets = message["sets"];
    for (const Element set : sets) {
      Element data;
      if (set.at_key("Data").get(data) != simdjson::SUCCESS) continue;
      const simdjson::dom::array records = data["records"];
      for (const Element record : records) {
        Expected fields(record["fields"]);
        const simdjson::dom::array scopes = record["scope_fields"];
        if (scopes.size() > 0) {  // options
          Expected scope(record["scope_fields"]);
          if (fields.has("samplingPopulation") && fields.number("samplingSize") > 0)
            samplers[scope.number("selectorId")] =
                static_cast<std::uint32_t>(fields.number("samplingPopulation") / fields.number("samplingSize"));
          continue;
        }
        out.push_back(line_of(expected_flow(fields, header, samplers), sensor));
        EXPECT_EQ(fields.unread(), "") << "fields that this test does not know";
      }
    }
  }
  std::ranges::sort(out);
  return out;
}

class AgainstAnotherDecoder : public ::testing::TestWithParam<const char*> {};

TEST_P(AgainstAnotherDecoder, AgreesFieldByField) {
  const auto stem = shared_data() / "flow-export" / GetParam();
  const auto capture = std::filesystem::path(stem).concat(".pcap");
  RW_NEEDS(capture);
  const auto datagrams = read_pcap(capture);
  ASSERT_FALSE(datagrams.empty());
  Session session;
  for (const Captured& datagram : datagrams) {
    EXPECT_TRUE(looks_like_flow_export(datagram.dst_port, datagram.payload));
    EXPECT_TRUE(looks_like_flow_export(40'000, datagram.payload));  // whatever the port
    EXPECT_TRUE(session.send(datagram.payload, datagram.source));
  }
  std::vector<std::string> lines;
  for (const FlowRow& flow : session.finish().flows) lines.push_back(line_of(flow, flow.sensor_text));
  std::ranges::sort(lines);
  const auto expected =
      expectation(std::filesystem::path(stem).concat(".expected.json"), datagrams[0].source.exporter.to_string());
  EXPECT_FALSE(expected.empty());
  EXPECT_EQ(lines, expected);
}

INSTANTIATE_TEST_SUITE_P(SharedData, AgainstAnotherDecoder,
                         ::testing::Values("100-IPFIXv10-CISCO", "101-NFv9-CISCO-cust_primitives",
                                           "102-NFv9-CISCO-f2rd-pretag-sampling-reload",
                                           "104-IPFIXv10-IPv6-CISCO-sampling_option", "106-IPFIXv10-HUAWEI-vrf_name"));

// Samples that come as pairs of files, templates first and in either order; all of one ingest.
struct Sample {
  const char* name;
  std::vector<const char*> files;
  std::vector<const char*> flows;  // as line_of
};

std::vector<std::string> decode_files(const std::vector<const char*>& files, Session& session) {
  for (const char* file : files) {
    for (const Captured& datagram :
         read_pcap(shared_data() / "flow-export" / (std::string("akvorado-") + file + ".pcap")))
      EXPECT_TRUE(session.send(datagram.payload, datagram.source)) << file;
    session.end_of_input();
  }
  std::vector<std::string> lines;
  for (const FlowRow& flow : session.finish().flows) lines.push_back(line_of(flow, flow.sensor_text));
  return lines;
}

TEST(SharedData, SamplesAreReadWithTemplatesAndOptionsOfOtherFiles) {
  RW_NEEDS((shared_data() / "flow-export"));
  const std::vector<Sample> samples = {
      {"sampling, template, data",
       {"options-template", "options-data", "template", "data"},
       {"2022-03-14T19:25:25.050Z 2022-03-14T19:25:25.050Z 198.38.121.178:443 > 91.170.143.87:19624 proto 6 flags 16 "
        "bytes 1500 "
        "packets 1 rate 30000 vlan - tos 0 in 335 out 450 direction 0 asn - - of 192.0.2.100"}},
      {"data first",
       {"options-template", "options-data", "data", "template"},
       {"2022-03-14T19:25:25.050Z 2022-03-14T19:25:25.050Z 198.38.121.178:443 > 91.170.143.87:19624 proto 6 flags 16 "
        "bytes 1500 "
        "packets 1 rate 30000 vlan - tos 0 in 335 out 450 direction 0 asn - - of 192.0.2.100"}},
      {"icmp",
       {"icmp-template", "icmp-data"},
       {"2023-06-04T08:39:53.216Z 2023-06-04T08:39:53.216Z 2001:db8::1:0 > 2001:db8:::33024 proto 58 flags 0 bytes 104 "
        "packets 1 "
        "rate 1 vlan - tos 0 in - out - direction 0 asn - - of 192.168.117.35"}},
      {"packet sections inside SRv6",
       {"ipfix-srv6-template", "ipfix-srv6-data"},
       {"2025-11-18T10:24:44Z 2025-11-18T10:24:44Z 8.8.8.8:0 > 213.36.140.100:0 proto 1 flags 0 bytes 64 packets 1 "
        "rate 1 "
        "vlan - tos 0 in - out - direction 0 asn - - of 10.0.0.15/65536"}},
      {"sampling rate with the flows",
       {"samplingrate-template", "samplingrate-data"},
       {"2023-08-11T09:29:58.012Z 2023-08-11T09:29:58.012Z 232.131.215.65:13245 > 142.183.180.65:10907 proto 6 flags 0 "
        "bytes 160 "
        "packets 1 rate 2048 vlan 701 tos 0 in 13 out - direction 0 asn - - of 192.168.0.1/369099009"}},
      {"MPLS",
       {"mpls"},
       {"2023-11-13T16:34:57.901Z 2023-11-13T16:36:21.901Z fd00::1:0:1:7:1:49153 > fd00::1:0:1:6:1:862 proto 17 flags "
        "0 bytes 890 "
        "packets 10 rate 10 vlan - tos 0 in - out 17 direction 1 asn - - of 10.127.100.7/16777216"}},
      {"NAT events",
       {"nat"},
       {"2025-06-04T15:09:00.450Z 2025-06-04T15:09:00.450Z 172.16.100.198:35303 > 10.89.87.1:53 proto 17 flags 0 bytes "
        "0 packets 0 "
        "rate 1 vlan - tos - in - out - direction - asn - - of 10.143.52.1/200"}},
      {"NetFlow v5",
       {"nfv5"},
       {"2023-04-04T16:44:15Z 2023-04-04T16:44:24Z 173.194.4.8:443 > 202.160.21.5:37422 proto 6 flags 16 bytes 10262 "
        "packets 7 "
        "rate 1 vlan - tos 0 in 115 out 86 direction - asn 15169 - of 10.19.144.41/3"}},
  };
  for (const Sample& sample : samples) {
    Session session;
    const auto lines = decode_files(sample.files, session);
    for (const char* flow : sample.flows) {
      if (std::ranges::find(lines, flow) != lines.end()) continue;
      ADD_FAILURE() << sample.name << ": not found: " << flow;
      for (const std::string& line : lines) ADD_FAILURE() << "  but " << line;
    }
  }
}

TEST(SharedData, EveryExportIsTakenAndGivesAsManyRowsAsItHolds) {
  RW_NEEDS((shared_data() / "flow-export"));
  const std::map<std::string, std::size_t> rows = {{"data+templates", 21},
                                                   {"mpls", 2},
                                                   {"nat", 9},
                                                   {"nfv5", 29},
                                                   {"sflow-data-1140", 5},
                                                   {"sflow-data-encap-vxlan", 1},
                                                   {"sflow-data-icmpv4", 1},
                                                   {"sflow-data-qinq", 1},
                                                   {"sflow-data-sflow-expanded-sample", 1},
                                                   {"sflow-data-sflow-raw-ipv4", 2}};
  for (const auto& [file, count] : rows) {
    Session session;
    EXPECT_EQ(decode_files({file.c_str()}, session).size(), count) << file;
  }
}

TEST(SharedData, SflowSamplesSayWhatTheirHeadersSay) {
  RW_NEEDS((shared_data() / "flow-export"));
  Session session;
  const auto lines =
      decode_files({"sflow-data-sflow-expanded-sample", "sflow-data-encap-vxlan", "sflow-data-qinq"}, session);
  const std::vector<std::string> expected = {
      "2022-12-29T15:03:48.557763Z 2022-12-29T15:03:48.557763Z 52.52.52.52:22 > 53.53.53.53:52237 proto 6 flags 24 "
      "bytes 104 "
      "packets 1 rate 1000 vlan 809 tos 8 in 29001 out 1285816721 direction - asn 203476 203361 of 49.49.49.49",
      "2025-12-31T12:30:09.178441Z 2025-12-31T12:30:09.178441Z 2001:db8:4::1:0 > 2001:db8:4::3:32768 proto 58 flags 0 "
      "bytes 104 "
      "packets 1 rate 1 vlan - tos 0 in - out - direction - asn - - of 127.0.0.1/1402",
      "2024-10-29T09:11:37.448816Z 2024-10-29T09:11:37.448816Z 49.49.49.2:32017 > 49.49.49.109:443 proto 6 flags 16 "
      "bytes 80 "
      "packets 1 rate 4096 vlan 1062 tos 0 in 369098852 out 369098851 direction - asn - - of 172.17.128.58/100"};
  EXPECT_EQ(lines, expected);
}

// A capture of data without any template: nothing can be decoded, all of it is told.
TEST(SharedData, DataWithoutTemplatesIsTold) {
  const auto path = shared_data() / "captures" / "netflowv9.pcap";
  RW_NEEDS(path);
  Session session;
  for (const Captured& datagram : read_pcap(path)) EXPECT_TRUE(session.send(datagram.payload, datagram.source));
  const auto& rows = session.finish();
  EXPECT_TRUE(rows.flows.empty());
  EXPECT_EQ(rows.count("template-missing"), 23);
}

// Ordinary traffic of all kinds is never taken for an export.
TEST(SharedData, OrdinaryDatagramsAreNoExports) {
  const auto folder = shared_data() / "captures";
  RW_NEEDS(folder);
  std::size_t seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".pcap" || entry.path().filename() == "netflowv9.pcap") continue;
    Session session;
    for (const Captured& datagram : read_pcap(entry.path())) {
      ++seen;
      EXPECT_FALSE(looks_like_flow_export(40'000, datagram.payload)) << entry.path();
      EXPECT_FALSE(session.send(datagram.payload, datagram.source)) << entry.path();
    }
  }
  EXPECT_GT(seen, 1'000u);
}

}  // namespace
}  // namespace rw::flow_export::testing
