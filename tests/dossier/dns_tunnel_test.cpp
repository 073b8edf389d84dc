// dns-tunnel over lakes: made by hand, and of real captures where there are any; from messages, from flows alone, and
// live, where the window table must be the store's.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>

#include "detect/detector.h"
#include "detect/dns_tunnel_live.h"
#include "format/format.h"
#include "ingest/domain_filler.h"
#include "small_lake.h"

namespace rw {
namespace {

namespace fs = std::filesystem;
using dns_tunnel::Detection;
using dns_tunnel::LiveWindows;
using dns_tunnel::Tunnel;
using dns_tunnel::Window;

// ---- captures

// Passes on what a test wants of the batches.
class Tee : public BatchSink {
 public:
  Tee(BatchSink* lake, LiveWindows* live, bool flows_alone) : lake_(lake), live_(live), flows_alone_(flows_alone) {}
  Result<void> take(Batch&& batch) override {
    if (live_ != nullptr)
      for (Detection& d : live_->take(batch)) detections.push_back(std::move(d));
    if (lake_ == nullptr || (flows_alone_ && &batch.table() != &kFlowTable)) return {};
    return lake_->take(std::move(batch));
  }
  std::vector<Detection> detections;

 private:
  BatchSink* lake_;
  LiveWindows* live_;
  bool flows_alone_;
};

fs::path data_folder() {
  const char* set = std::getenv("RW_SHARED_DATA");
  return set != nullptr ? fs::path(set) : fs::path(RW_SOURCE_DIR).parent_path() / "shared/data";
}

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream out;
  out << file.rdbuf();
  return out.str();
}

void decode(const std::vector<fs::path>& files, Lake& lake, LiveWindows* live, bool flows_alone,
            std::vector<Detection>* detections = nullptr) {
  auto transaction = lake.begin_ingest();
  ASSERT_TRUE(transaction);
  for (const fs::path& path : files) {
    Tee tee(transaction->get(), live, flows_alone);
    DomainFiller filler(tee);
    const std::string text = contents(path);
    const Bytes bytes{reinterpret_cast<const std::byte*>(text.data()), text.size()};
    MemoryStream stream(bytes);
    StreamReader reader(stream);
    const Format* format = detect_format(bytes.first(std::min<std::size_t>(bytes.size(), 4096)), path.string());
    ASSERT_NE(format, nullptr) << path;
    Emitter emitter(filler, path.string(), std::string(format->name), Timestamp::now());
    SharedState shared;
    const DecodeOptions options;
    DecodeContext context{reader, emitter, shared, options};
    static_cast<void>(format->decode(context));  // some captures are damaged, which is theirs
    ASSERT_TRUE(emitter.finish());
    InputIdentity input;
    input.name = path.string();
    ASSERT_TRUE((*transaction)->end_input(input, emitter.counts()));
    if (detections != nullptr) detections->insert(detections->end(), tee.detections.begin(), tee.detections.end());
  }
  ASSERT_TRUE((*transaction)->commit());
}

std::vector<Finding> detect(Lake& lake, DetectContext context = {}) {
  auto findings = run_detector(lake, *find_detector("dns-tunnel"), context);
  EXPECT_TRUE(findings) << findings.error().message;
  return findings ? *findings : std::vector<Finding>{};
}

std::string said(const Finding& finding, std::string_view name) {
  for (const Figure& f : finding.figures)
    if (f.name == name) {
      if (const auto* text = std::get_if<std::string>(&f.value)) return *text;
      if (const auto* n = std::get_if<std::int64_t>(&f.value)) return std::to_string(*n);
    }
  return "";
}

struct Labelled {
  fs::path path;
  std::string label;
};

// Captures and recordings with their labels.
std::vector<Labelled> labelled() {
  std::vector<Labelled> all;
  for (const fs::path& folder : {data_folder(), fs::path(RW_SOURCE_DIR) / "lab"}) {
    std::ifstream manifest(folder / "MANIFEST.tsv");
    for (std::string line; std::getline(manifest, line);) {
      std::stringstream fields(line);
      std::string path, bytes, label;
      std::getline(fields, path, '\t');
      std::getline(fields, bytes, '\t');
      std::getline(fields, label, '\t');
      const std::string end = fs::path(path).extension();
      if ((end == ".pcap" || end == ".pcapng") && fs::exists(folder / path)) all.push_back({folder / path, label});
    }
  }
  return all;
}

// Tunnels in these; "dns edge case" is dns2tcp by its names.
bool is_tunnel(const Labelled& file) {
  if (file.path.filename() == "dns-bug-1158.pcap") return true;
  return file.label.starts_with("dns-tunnel");
}

std::vector<fs::path> without_tunnels(const std::vector<Labelled>& files) {
  std::vector<fs::path> paths;
  for (const Labelled& file : files)
    if (!is_tunnel(file)) paths.push_back(file.path);
  return paths;
}

void expect_nothing(Lake& lake) {
  for (const Finding& f : detect(lake)) ADD_FAILURE() << f.first_seen.to_string() << " " << f.summary;
}

TEST(DnsTunnelData, MessagesFindTunnelsAndNothingElse) {
  const auto files = labelled();
  if (files.empty()) GTEST_SKIP() << "no captures: " << data_folder() << " is absent (set RW_SHARED_DATA)";
  SmallLake rest;
  decode(without_tunnels(files), rest.lake(), nullptr, false);
  expect_nothing(rest.lake());
  for (const Labelled& file : files) {
    if (!is_tunnel(file)) continue;
    SmallLake small;
    decode({file.path}, small.lake(), nullptr, false);
    const auto findings = detect(small.lake());
    ASSERT_EQ(findings.size(), 1U) << file.path << " (" << file.label << ")";
    EXPECT_NE(findings[0].confidence, Confidence::kLow) << file.path;
    if (!file.label.starts_with("dns-tunnel: ")) continue;
    EXPECT_EQ(said(findings[0], "tool"), file.label.substr(12)) << file.path << said(findings[0], "tool_evidence");
  }
}

TEST(DnsTunnelData, FlowsAloneFindMostAndNothingElse) {
  const auto files = labelled();
  if (files.empty()) GTEST_SKIP() << "no captures: " << data_folder() << " is absent (set RW_SHARED_DATA)";
  SmallLake rest;
  decode(without_tunnels(files), rest.lake(), nullptr, true);
  expect_nothing(rest.lake());
  int tunnels = 0, found = 0;
  for (const Labelled& file : files) {
    if (!is_tunnel(file)) continue;
    SmallLake small;
    decode({file.path}, small.lake(), nullptr, true);
    const auto findings = detect(small.lake());
    ++tunnels;
    found += findings.empty() ? 0 : 1;
    if (findings.empty()) std::printf("missed by flows alone: %s\n", file.path.c_str());
  }
  std::printf("flows alone: %d of %d tunnels\n", found, tunnels);
  EXPECT_GE(found * 10, tunnels * 9);
}

// Tunnels by other keys than client and domain; a registered domain has a dot.
std::vector<Tunnel> by_other_keys(std::vector<Tunnel> tunnels) {
  std::erase_if(tunnels, [](const Tunnel& t) {
    return t.basis == dns_tunnel::Basis::kMessages && t.client && t.domain.find('.') != std::string::npos;
  });
  return tunnels;
}

void expect_live_is_history(const LiveWindows& live, Lake& lake, const DetectContext& context,
                            const std::string& what) {
  auto stored = dns_tunnel::find_tunnels(lake, context);
  ASSERT_TRUE(stored) << stored.error().message;
  const auto history = by_other_keys(*stored);
  const auto now = live.keyed_tunnels();
  EXPECT_EQ(now.size(), history.size()) << what;
  EXPECT_TRUE(now == history) << what;
}

TEST(DnsTunnelData, LiveTableIsTheStoresAndTellsInTime) {
  const auto files = labelled();
  if (files.empty()) GTEST_SKIP() << "no captures: " << data_folder() << " is absent (set RW_SHARED_DATA)";
  std::vector<double> seconds, leaked;
  for (const Labelled& file : files) {
    SmallLake small;
    dns_tunnel::LiveOptions options;
    options.lateness = options.keys.lateness = kDay;  // equality is about rows, not about late ones
    LiveWindows live({}, options);
    std::vector<Detection> detections;
    decode({file.path}, small.lake(), &live, false, &detections);
    expect_live_is_history(live, small.lake(), {}, file.path);
    for (Detection& d : live.look_at_keys()) detections.push_back(std::move(d));
    auto answer = small.lake().run(dns_tunnel::windows_question(kAllTime, dns_tunnel::kLiveWindow, nullptr));
    ASSERT_TRUE(answer) << answer.error().message;
    auto stored = dns_tunnel::windows_of(*answer);
    const auto rows = live.closed(true);
    if (live.dropped() > 0) continue;  // times that jump by days
    std::sort(stored.begin(), stored.end(), [](const Window& a, const Window& b) {
      return std::tie(a.start, a.client, a.domain, a.sensor) < std::tie(b.start, b.client, b.domain, b.sensor);
    });
    EXPECT_EQ(rows.size(), stored.size()) << file.path;
    EXPECT_TRUE(rows == stored) << file.path;
    EXPECT_EQ(detections.size(), is_tunnel(file) ? 1U : 0U) << file.path;
    for (const Detection& d : detections) {
      seconds.push_back((d.time - d.tunnel.first).to_seconds());
      leaked.push_back(static_cast<double>(d.leaked_bytes));
      std::printf("%-28s told after %7.3f s, %5.0f bytes leaked\n", file.path.filename().c_str(), seconds.back(),
                  leaked.back());
      EXPECT_LE(seconds.back(), 60) << file.path;
      EXPECT_LE(leaked.back(), 64'000) << file.path;
    }
  }
  ASSERT_FALSE(seconds.empty());
  std::sort(seconds.begin(), seconds.end());
  std::sort(leaked.begin(), leaked.end());
  std::printf("median: %.3f s, %.0f bytes\n", seconds[seconds.size() / 2], leaked[leaked.size() / 2]);
}

// ---- by hand

Dns lookup(Timestamp time, std::string_view client, std::string_view server, std::string_view name,
           std::string_view domain, std::uint16_t type) {
  Dns row;
  row.time = time.us;
  row.client = ip(client);
  row.server = ip(server);
  row.client_port = 40'000;
  row.server_port = 53;
  row.transport = "udp";
  row.name = name;
  row.name_bytes = static_cast<std::uint16_t>(dns_tunnel::wire_bytes(name) + 1);
  row.registered_domain = domain;
  row.type = type;
  row.rcode = 0;
  row.query_bytes = static_cast<std::uint32_t>(name.size() + 30);
  row.response_bytes = static_cast<std::uint32_t>(name.size() + 60);
  row.sensor = "border-1";
  return row;
}

std::vector<std::string> hex_names(int count, std::string_view domain) {
  std::vector<std::string> names;
  for (unsigned i = 0; i < static_cast<unsigned>(count); ++i) {
    char text[128];
    std::snprintf(text, sizeof text, "%04x011f2e%08x%08x.", (i * 40'503U) & 0xFFFFU, i * 2'654'435U, i * 97'531'357U);
    names.push_back(text + std::string(domain));
  }
  return names;
}

TEST(DnsTunnelLake, OneFindingOfSeveralSensorsWithBaseline) {
  const auto names = hex_names(120, "example.net");
  const std::vector<std::string_view> ordinary = {"www.example.org", "mail.example.org", "news.example.com"};
  std::vector<Dns> rows;
  const Timestamp start = at("2019-07-01T10:00:00Z");
  for (std::size_t i = 0; i < names.size(); ++i)
    for (const char* sensor : {"border-1", "border-2"}) {
      if (sensor == std::string_view("border-2") && i % 2 == 0) continue;  // saw half
      rows.push_back(lookup(start + Duration::seconds(static_cast<std::int64_t>(i)), "192.0.2.20", "192.0.2.53",
                            names[i], "example.net", dns_tunnel::kTypeTxt));
      rows.back().sensor = sensor;
    }
  for (int i = 0; i < 60; ++i) {
    const std::string_view name = ordinary[static_cast<std::size_t>(i) % 3];
    rows.push_back(lookup(start + Duration::seconds(60 * i), "192.0.2.20", "192.0.2.53", name,
                          name.substr(name.find('.') + 1), dns_tunnel::kTypeA));
  }
  SmallLake small;
  small.add({}, rows);
  DetectContext context;
  context.organisation.prefixes = {*Prefix::parse("192.0.2.0/24")};
  const auto findings = detect(small.lake(), context);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].entities, (std::vector<Entity>{{"client", "192.0.2.20"}, {"domain", "example.net"}}));
  EXPECT_EQ(said(findings[0], "queries"), "120");
  EXPECT_EQ(said(findings[0], "messages"), "240");
  EXPECT_EQ(said(findings[0], "tool"), "dnscat2");
  EXPECT_EQ(said(findings[0], "scope"), "organisation");
  EXPECT_EQ(said(findings[0], "server"), "192.0.2.53");
  EXPECT_EQ(findings[0].severity, Severity::kHigh);
  EXPECT_EQ(findings[0].first_seen, start);
  // Nobody's traffic but that of those whom somebody watches.
  context.organisation.prefixes = {*Prefix::parse("198.51.100.0/24")};
  EXPECT_TRUE(detect(small.lake(), context).empty());
}

// History looks first at names that are long, for speed; these are all shorter.
TEST(DnsTunnelLake, HistoryFindsATunnelOfShortNamesOnly) {
  const Timestamp start = at("2019-07-01T10:00:00Z");
  std::vector<Dns> by_type, by_bytes, ordinary;
  std::vector<std::string> typed, bytes, words;
  for (unsigned i = 0; i < 150; ++i) {
    char text[64];
    std::snprintf(text, sizeof text, "%03x%06x.ab.io", i, (i * 2'654'435U) & 0xFFFFFFU);
    typed.emplace_back(text);
    std::snprintf(text, sizeof text, "a%c%c\\%03u\\%03u\\%03u.ab.io", static_cast<char>('a' + i % 26),
                  static_cast<char>('a' + i / 26), 160 + i % 90, 250 - i % 80, 128 + i * 7 % 120);
    bytes.emplace_back(text);
    words.push_back("host-" + std::to_string(i) + ".ab.io");
  }
  for (std::size_t i = 0; i < typed.size(); ++i) {
    const Timestamp time = start + Duration::seconds(static_cast<std::int64_t>(i));
    by_type.push_back(lookup(time, "192.0.2.20", "192.0.2.53", typed[i], "ab.io", dns_tunnel::kTypeTxt));
    by_bytes.push_back(lookup(time, "192.0.2.20", "192.0.2.53", bytes[i], "ab.io", dns_tunnel::kTypeA));
    ordinary.push_back(lookup(time, "192.0.2.20", "192.0.2.53", words[i], "ab.io", dns_tunnel::kTypeA));
    for (const Dns* row : {&by_type.back(), &by_bytes.back()}) ASSERT_LT(row->name_bytes, 20);
  }
  for (const auto* rows : {&by_type, &by_bytes}) {
    SmallLake small;
    small.add({}, *rows);
    const auto findings = detect(small.lake());
    ASSERT_EQ(findings.size(), 1U) << (rows == &by_type ? "TXT" : "8-bit names");
    EXPECT_EQ(findings[0].entities, (std::vector<Entity>{{"client", "192.0.2.20"}, {"domain", "ab.io"}}));
    EXPECT_EQ(said(findings[0], "names"), "150");
  }
  SmallLake small;
  small.add({}, ordinary);
  EXPECT_TRUE(detect(small.lake()).empty());
}

TEST(DnsTunnelLake, SeveralClientsThatCarryLittleEach) {
  const auto names = hex_names(200, "example.net");
  const Timestamp start = at("2019-07-01T10:00:00Z");
  std::vector<Dns> rows;
  for (std::size_t i = 0; i < names.size(); ++i)  // 40 clients, 5 names an hour each
    rows.push_back(lookup(start + Duration::seconds(15 * static_cast<std::int64_t>(i)),
                          "192.0.2." + std::to_string(1 + i % 40), "192.0.2.253", names[i], "example.net",
                          dns_tunnel::kTypeTxt));
  SmallLake small;
  small.add({}, rows);
  const auto findings = detect(small.lake());
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].entities, (std::vector<Entity>{{"domain", "example.net"}}));
  EXPECT_EQ(findings[0].confidence, Confidence::kLow);
  EXPECT_EQ(said(findings[0], "clients"), "40");
  EXPECT_EQ(said(findings[0], "queries"), "200");
}

TEST(DnsTunnelLake, WithoutADomainTheKeyIsClientAndServer) {
  std::vector<std::string> names = hex_names(150, "");
  std::vector<Dns> rows;
  const Timestamp start = at("2019-07-01T10:00:00Z");
  for (std::size_t i = 0; i < names.size(); ++i) {
    names[i].pop_back();  // the dot
    names[i] = "dnscat." + names[i];
    rows.push_back(lookup(start + Duration::seconds(static_cast<std::int64_t>(i)), "192.0.2.20", "203.0.113.9",
                          names[i], names[i], dns_tunnel::kTypeMx));  // two labels: each its own registered domain
  }
  const std::vector<std::string> mail = [] {
    std::vector<std::string> domains;
    for (int i = 0; i < 150; ++i) domains.push_back("quite-a-long-company-name-" + std::to_string(i) + ".com");
    return domains;
  }();
  for (std::size_t i = 0; i < mail.size(); ++i)  // a mail server asks where to deliver
    rows.push_back(lookup(start + Duration::seconds(static_cast<std::int64_t>(i)), "192.0.2.25", "192.0.2.53", mail[i],
                          mail[i], dns_tunnel::kTypeMx));
  SmallLake small;
  small.add({}, rows);
  const auto findings = detect(small.lake());
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].entities, (std::vector<Entity>{{"client", "192.0.2.20"}, {"server", "203.0.113.9"}}));
  EXPECT_EQ(said(findings[0], "tool"), "dnscat2");
  EXPECT_EQ(said(findings[0], "names"), "150");
}

Flow dns_flow(Timestamp time, std::uint16_t port, std::int64_t packets, std::int64_t bytes, std::int64_t back) {
  Flow flow = tcp("2019-07-01T10:00:00Z", "192.0.2.30", "203.0.113.53", 53, 0);
  flow.start_time = time.us;
  flow.end_time = time.us + 20'000'000;
  flow.src_port = port;
  flow.proto = 17;
  flow.tcp_flags = 0;
  flow.rev_tcp_flags = 0;
  flow.packets = packets;
  flow.bytes = bytes;
  flow.rev_packets = packets;
  flow.rev_bytes = back;
  return flow;
}

TEST(DnsTunnelLake, FlowsAloneWhereNoMessagesAre) {
  const Timestamp start = at("2019-07-01T10:00:00Z");
  std::vector<Flow> flows;
  for (int i = 0; i < 5; ++i)  // one port, 60 packets of 150 bytes a minute
    flows.push_back(dns_flow(start + Duration::seconds(60 * i), 50'000, 60, 60 * 150, 60 * 300));
  for (int i = 0; i < 600; ++i)  // ordinary: a port for each, one packet
    flows.push_back(
        dns_flow(start + Duration::seconds(i), static_cast<std::uint16_t>(20'000 + i), 1, 60 + i % 17, 130));
  for (std::size_t i = 5; i < flows.size(); ++i) flows[i].src = ip("192.0.2.31");
  SmallLake small;
  small.add(flows);
  const auto findings = detect(small.lake());
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].entities, (std::vector<Entity>{{"client", "192.0.2.30"}, {"server", "203.0.113.53"}}));
  EXPECT_EQ(said(findings[0], "basis"), "flows");
  EXPECT_EQ(said(findings[0], "bytes_up"), std::to_string(5 * 60 * 150));
  EXPECT_EQ(said(findings[0], "bytes_down"), std::to_string(5 * 60 * 300));
  EXPECT_EQ(said(findings[0], "messages"), "600");
  EXPECT_EQ(findings[0].confidence, Confidence::kModerate);
  EXPECT_EQ(findings[0].technique, "T1572");
  // The same with messages in the lake: they decide, and say that it is none.
  small.add({}, {lookup(start, "192.0.2.30", "203.0.113.53", "www.example.org", "example.org", 1)});
  EXPECT_TRUE(detect(small.lake()).empty());
}

TEST(DnsTunnelLake, OneSizeInThreeMinutesRunning) {
  const Timestamp start = at("2019-07-01T10:00:00Z");
  std::vector<Flow> flows;
  for (int minute = 0; minute < 3; ++minute)  // a port for each, short, 40 of 60 of one size
    for (int i = 0; i < 60; ++i)
      flows.push_back(dns_flow(start + Duration::seconds(60 * minute + i), static_cast<std::uint16_t>(20'000 + i), 1,
                               i % 3 == 0 ? 60 + i : 77, 120));
  SmallLake two;
  two.add({flows.begin(), flows.begin() + 120});
  EXPECT_TRUE(detect(two.lake()).empty());
  SmallLake three;
  three.add(flows);
  const auto findings = detect(three.lake());
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].confidence, Confidence::kLow);
  EXPECT_EQ(said(findings[0], "signs"), "one size of request, minute after minute");
}

// ---- live by the other keys

// Rows of every key and of nobody's tunnel: what both must say the same of.
struct Mixture {
  std::vector<std::string> keep;  // text of the rows
  std::vector<Dns> dns;
  std::vector<Flow> flows;
};

Mixture mixture() {
  Mixture m;
  const Timestamp start = at("2019-07-01T10:00:00Z");
  const auto shared = hex_names(200, "example.net"), alone = hex_names(150, "");
  for (const std::string& name : shared) m.keep.push_back(name);
  for (const std::string& name : alone) m.keep.push_back("dnscat." + name.substr(0, name.size() - 1));
  for (std::size_t i = 0; i < m.keep.size(); ++i) {
    const bool of_many = i < shared.size();
    const Timestamp time = start + Duration::seconds(static_cast<std::int64_t>(of_many ? 15 * i : i));
    for (const char* sensor : {"border-1", "border-2"}) {
      if (sensor == std::string_view("border-2") && i % 3 == 0) continue;  // saw less
      m.dns.push_back(of_many ? lookup(time, "192.0.2." + std::to_string(1 + i % 40), "192.0.2.253", m.keep[i],
                                       "example.net", dns_tunnel::kTypeTxt)
                              : lookup(time, "192.0.2.120", "203.0.113.9", m.keep[i], m.keep[i], dns_tunnel::kTypeMx));
      m.dns.back().sensor = sensor;
    }
  }
  for (int i = 0; i < 5; ++i)  // one port
    m.flows.push_back(dns_flow(start + Duration::seconds(60 * i), 50'000, 60, 60 * 150, 60 * 300));
  m.flows.back().end_time += 200'000'000;  // lasts longer than a minute
  for (int i = 0; i < 300; ++i) {          // one size, a port for each, and what answers is told apart
    Flow flow =
        dns_flow(start + Duration::seconds(i), static_cast<std::uint16_t>(20'000 + i), 1, i % 3 == 0 ? 60 + i : 77, 0);
    flow.src = ip("192.0.2.131");
    flow.rev_packets.reset();
    flow.rev_bytes.reset();
    flow.sampling = 2;
    m.flows.push_back(flow);
    std::swap(flow.src, flow.dst);
    std::swap(flow.src_port, flow.dst_port);
    flow.bytes = 260;
    m.flows.push_back(flow);
  }
  for (int i = 0; i < 600; ++i) {  // ordinary, of one of them too: the baseline
    m.flows.push_back(
        dns_flow(start + Duration::seconds(i), static_cast<std::uint16_t>(20'000 + i), 1, 60 + i % 17, 130));
    m.flows.back().src = ip(i % 2 == 0 ? "192.0.2.30" : "192.0.2.132");
    m.flows.back().dst = ip("192.0.2.53");
  }
  return m;
}

class LiveSink : public BatchSink {
 public:
  explicit LiveSink(LiveWindows& live) : live_(live) {}
  Result<void> take(Batch&& batch) override {
    live_.take(batch);
    return {};
  }

 private:
  LiveWindows& live_;
};

void feed(LiveWindows& live, const std::function<void(Emitter&)>& rows) {
  LiveSink sink(live);
  EmitterOptions options;
  options.batch_rows = 100;  // many batches
  Emitter emitter(sink, "live", "made", Timestamp::now(), options);
  rows(emitter);
  ASSERT_TRUE(emitter.finish());
}

TEST(DnsTunnelLive, IsOneDetectorWithHistoryByEveryKey) {
  const Mixture m = mixture();
  const auto rows = [&m](Emitter& emitter) {
    for (const Dns& row : m.dns) emitter.add(row);
    for (const Flow& row : m.flows) emitter.add(row);
  };
  SmallLake small;
  small.add_rows(rows);
  DetectContext everybody, ours;
  ours.organisation.prefixes = {*Prefix::parse("192.0.2.128/25")};
  for (const DetectContext* context : {&everybody, &ours}) {
    LiveWindows live(*context);
    feed(live, rows);
    EXPECT_EQ(live.keyed_tunnels().size(), context == &ours ? 2U : 4U);
    expect_live_is_history(live, small.lake(), *context, "made by hand");
  }
}

TEST(DnsTunnelLive, TellsAKeyOnceAndForgetsInTime) {
  const Mixture m = mixture();
  LiveWindows live({});
  feed(live, [&m](Emitter& emitter) {
    for (const Dns& row : m.dns) emitter.add(row);
    for (const Flow& row : m.flows) emitter.add(row);
  });
  EXPECT_EQ(live.look_at_keys().size(), 4U);
  EXPECT_EQ(live.look_at_keys().size(), 0U);
  const std::size_t before = live.remembered_of_keys();
  EXPECT_GT(before, 500U);
  std::vector<Dns> later = {lookup(at("2019-09-01T10:00:00Z"), "192.0.2.1", "192.0.2.53", "www.example.org",
                                   "example.org", dns_tunnel::kTypeA)};
  feed(live, [&later](Emitter& emitter) { emitter.add(later[0]); });
  EXPECT_TRUE(live.look_at_keys().empty());
  EXPECT_LE(live.remembered_of_keys(), 2U);  // the hour of the last row
}

TEST(DnsTunnelLive, KeysAreBoundedAndSayWhatTheyDropped) {
  const Mixture m = mixture();
  dns_tunnel::LiveOptions options;
  options.keys.most_entries = 100;
  LiveWindows live({}, options);
  feed(live, [&m](Emitter& emitter) {
    for (const Flow& row : m.flows) emitter.add(row);
  });
  EXPECT_LE(live.remembered_of_keys(), 100U);
  EXPECT_GT(live.dropped(), 0U);
}

}  // namespace
}  // namespace rw
