// Real captures, where there are any: every one is read, and packets, bytes, DNS messages and server names agree with
// tshark's count.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "format/capture_testing.h"

namespace rw {
namespace {

namespace fs = std::filesystem;
using testing::Row;

struct Counts {
  std::int64_t packets = 0, bytes = 0;  // IP, the innermost
  std::int64_t queries = 0, responses = 0;
  std::set<std::string> names;  // TLS and QUIC server names
};

// Where we count otherwise, and why. A difference that is not here fails; so does one that is here and is gone.
struct Difference {
  std::int64_t packets = 0, bytes = 0, queries = 0, responses = 0;  // ours minus tshark's
  const char* reason = "";
};
const std::map<std::string, Difference> kDifferences = {
    {"fuzz-2006-06-26-2594.pcap",
     {-1, -27778, -47, -12,
      "one fuzzed frame says IPv4 in its Ethernet type and 6 in its version: tshark follows the version, here it is "
      "ip-version; DNS "
      "messages whose header or question is broken are weird here, and dissected as far as it goes there"}},
    {"netflowv9.pcap",
     {-10, -13748, 0, 0, "NetFlow datagrams become the flows that they export and are not traffic themselves"}},
    {"500-ipfix-and-bgp.pcap", {-40, -9448, 0, 0, "IPFIX datagrams, likewise"}},
    {"badpackets.pcap", {0, 0, 0, -8, "eight messages are cut off by the snap length before their question ends"}},
    {"dnscrypt-v2.pcap", {0, 0, -3, -3, "encrypted queries on port 53, shown as malformed DNS there"}},
    {"doq.pcapng", {0, 0, -14, 0, "DNS over QUIC, decrypted there with the secrets that the file carries"}},
};

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> out;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    out.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

bool have_tshark() { return std::system("tshark --version >/dev/null 2>&1") == 0; }

// The length of the innermost IP packet of a frame; what an ICMP error quotes is not one.
std::int64_t innermost(const std::string& protocols, const std::string& v4, const std::string& v6) {
  const auto four = split(v4, ','), six = split(v6, ',');
  std::size_t next_four = 0, next_six = 0;
  std::int64_t length = -1;
  for (const std::string& protocol : split(protocols, ':')) {
    if (protocol == "icmp" || protocol == "icmpv6") break;
    if (protocol == "ip" && next_four < four.size() && !four[next_four].empty()) length = std::stoll(four[next_four++]);
    if (protocol == "ipv6" && next_six < six.size() && !six[next_six].empty())
      length = 40 + std::stoll(six[next_six++]);
  }
  return length;
}

Counts tshark_counts(const fs::path& path) {
  const std::string command = "tshark -n -r '" + path.string() +
                              "' -T fields -E occurrence=a -E aggregator=, -e frame.protocols -e ip.len -e ipv6.plen "
                              "-e dns.flags.response -e tls.handshake.extensions_server_name 2>/dev/null";
  std::string output;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return {};
  std::array<char, 65536> buffer;
  for (std::size_t got; (got = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) output.append(buffer.data(), got);
  pclose(pipe);
  Counts counts;
  for (const std::string& line : split(output, '\n')) {
    auto fields = split(line, '\t');
    fields.resize(5);
    if (const std::int64_t length = innermost(fields[0], fields[1], fields[2]); length >= 0)
      ++counts.packets, counts.bytes += length;
    const bool netbios = fields[0].find("nbns") != std::string::npos;
    for (const std::string& response : split(fields[3], ','))
      if (!netbios && !response.empty()) ++(response == "1" || response == "True" ? counts.responses : counts.queries);
    for (const std::string& name : split(fields[4], ','))
      if (!name.empty()) counts.names.insert(name);
  }
  return counts;
}

Counts our_counts(testing::Decoded& decoded, const std::string& sensor) {
  Counts counts;
  for (const Row& row : decoded["flows"]) {
    if (row.at("sensor") != sensor) continue;  // exported by another sensor
    counts.packets += std::stoll(row.at("packets")) + std::stoll(row.at("rev_packets"));
    counts.bytes += std::stoll(row.at("bytes")) + std::stoll(row.at("rev_bytes"));
  }
  for (const Row& row : decoded["dns"])
    counts.queries += row.contains("query_bytes"), counts.responses += row.contains("response_bytes");
  for (const Row& row : decoded["tls"])
    if (row.contains("server_name")) counts.names.insert(row.at("server_name"));
  return counts;
}

std::vector<fs::path> captures(const std::vector<std::string>& folders) {
  std::vector<fs::path> out;
  const fs::path root = testing::shared_data();
  for (const std::string& folder : folders) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(root / folder, error))
      if (entry.path().extension() == ".pcap" || entry.path().extension() == ".pcapng") out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

testing::Decoded read(const fs::path& path) {
  return testing::run_capture(testing::file_text(path.string()), {.name = path.string()});
}

TEST(CaptureData, EveryCaptureIsRead) {
  if (testing::shared_data().empty()) GTEST_SKIP() << "no shared data";
  const auto paths = captures({"captures", "flow-export", "bmp"});
  ASSERT_GE(paths.size(), 60U);
  for (const fs::path& path : paths) {
    testing::Decoded decoded = read(path);
    EXPECT_TRUE(decoded.status) << path << ": " << decoded.status.error().message;
    EXPECT_EQ(decoded.weird("unsupported-link-type"), 0U) << path;
  }
}

TEST(CaptureData, AgreesWithAnIndependentReader) {
  if (testing::shared_data().empty()) GTEST_SKIP() << "no shared data";
  if (!have_tshark()) GTEST_SKIP() << "tshark is not installed";
  std::set<std::string> seen;
  for (const fs::path& path : captures({"captures", "bmp"})) {
    testing::Decoded decoded = read(path);
    const Counts ours = our_counts(decoded, path.stem().string()), theirs = tshark_counts(path);
    const std::string name = path.filename().string();
    seen.insert(name);
    const auto known = kDifferences.find(name);
    const Difference difference = known == kDifferences.end() ? Difference{} : known->second;
    EXPECT_EQ(ours.packets - theirs.packets, difference.packets) << name << ' ' << difference.reason;
    EXPECT_EQ(ours.bytes - theirs.bytes, difference.bytes) << name << ' ' << difference.reason;
    EXPECT_EQ(ours.queries - theirs.queries, difference.queries) << name << ' ' << difference.reason;
    EXPECT_EQ(ours.responses - theirs.responses, difference.responses) << name << ' ' << difference.reason;
    EXPECT_EQ(ours.names, theirs.names) << name;
  }
  for (const auto& [name, difference] : kDifferences) EXPECT_TRUE(seen.contains(name)) << name;
}

// What each labelled capture is known to hold, and what must not be found in benign ones.
TEST(CaptureData, FindsTheApplicationsOfLabelledCaptures) {
  const std::string data = testing::shared_data();
  if (data.empty()) GTEST_SKIP() << "no shared data";
  const std::map<std::string, std::set<std::string>> expected = {
      {"443-curl.pcap", {"tls"}},
      {"bad-dns-traffic.pcap", {"dns"}},
      {"bitcoin.pcap", {"bitcoin"}},
      {"cldap.pcap", {"cldap"}},
      {"dns-tcp.pcap", {"dns"}},
      {"dns-tunnel-iodine.pcap", {"dns"}},
      {"dns_doh.pcap", {"doh"}},
      {"dns_dot.pcap", {"dot"}},
      {"dnscrypt-v2.pcap", {"dnscrypt"}},
      {"doq.pcapng", {"doq"}},
      {"ftp.pcap", {"ftp"}},
      {"irc-basic.pcap", {"irc"}},
      {"irc.pcap", {"irc"}},
      {"mdns.pcap", {"mdns"}},
      {"mining.pcapng", {"stratum"}},
      {"ntp.pcap", {"ntp"}},
      {"ocsp.pcapng", {"http"}},
      {"pop3.pcap", {"pop3"}},
      {"quic-29.pcap", {"quic"}},
      {"smtp.pcap", {"smtp"}},
      {"ssh.pcap", {"ssh"}},
      {"avast_securedns.pcapng", {"dns"}},
      {"wireguard.pcap", {"wireguard"}},
      {"jsonrpc.pcap", {"http"}},
      {"windowsupdate_over_http.pcap", {"http"}},
      {"synscan.pcap", {}},
      {"whatsapp.pcap", {}},
      {"tailscale.pcap", {"tailscale"}},
      {"cloudflare-warp.pcap", {"tls", "warp"}},
      {"openvpn.pcap", {"openvpn"}},
      {"openvpn_nohmac_tcp.pcapng", {"openvpn"}},
      {"ovpn-10100.pcap", {"openvpn"}},
      {"protonvpn.pcap", {"tls", "wireguard"}},
  };
  for (const auto& [name, apps] : expected) {
    testing::Decoded decoded = read(fs::path(data) / "captures" / name);
    std::set<std::string> found;
    for (const Row& row : decoded["flows"])
      if (row.contains("app")) found.insert(row.at("app"));
    EXPECT_EQ(found, apps) << name;
  }
}

// Fingerprints of clients and servers, against tshark's. Left out: a server that asks the client to try again says
// hello twice, of which only the first is kept here (steam.pcapng).
TEST(CaptureData, FingerprintsAgreeWithTshark) {
  const std::string data = testing::shared_data();
  if (data.empty()) GTEST_SKIP() << "no shared data";
  if (!have_tshark()) GTEST_SKIP() << "no tshark";
  std::size_t compared = 0;
  for (const char* name : {"443-curl.pcap", "chrome.pcap", "firefox.pcap", "safari.pcap", "http_ipv6.pcap", "tor.pcap",
                           "zoom2.pcap", "facebook.pcap", "vxlan.pcap", "dns_doh.pcap", "zeek-smtp.pcap"}) {
    const fs::path path = fs::path(data) / "captures" / name;
    std::array<std::set<std::string>, 2> ours, theirs;
    testing::Decoded decoded = read(path);
    for (const Row& row : decoded["tls"]) {
      if (row.contains("ja3")) ours[0].insert(row.at("ja3"));
      if (row.contains("ja3s")) ours[1].insert(row.at("ja3s"));
    }
    const std::string command = "tshark -n -r '" + path.string() +
                                "' -Y tls.handshake -T fields -e tls.handshake.ja3 -e tls.handshake.ja3s 2>/dev/null";
    std::string output;
    FILE* pipe = popen(command.c_str(), "r");
    ASSERT_NE(pipe, nullptr);
    std::array<char, 65536> buffer;
    for (std::size_t got; (got = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) output.append(buffer.data(), got);
    pclose(pipe);
    for (const std::string& line : split(output, '\n')) {
      const auto fields = split(line, '\t');
      for (std::size_t i = 0; i < fields.size() && i < 2; ++i)
        for (const std::string& value : split(fields[i], ','))
          if (!value.empty()) theirs[i].insert(value);
    }
    EXPECT_EQ(ours[0], theirs[0]) << name;
    EXPECT_EQ(ours[1], theirs[1]) << name << ", servers";
    compared += theirs[0].size() + theirs[1].size();
  }
  EXPECT_GE(compared, 20U);
}

// Every capture by its label in the manifest: what is said to be a VPN, Tor, IRC or mining is found, and none of them
// in what is said to be benign.
TEST(CaptureData, AgreesWithTheManifest) {
  const std::string data = testing::shared_data();
  if (data.empty()) GTEST_SKIP() << "no shared data";
  const std::set<std::string> vpn = {"wireguard", "openvpn", "ike",  "esp",  "ah",        "l2tp",
                                     "pptp",      "gre",     "tinc", "warp", "softether", "tailscale"};
  const std::set<std::string> miners = {"stratum", "stratum2", "bitcoin", "levin"};
  std::ifstream manifest(data + "/MANIFEST.tsv");
  std::size_t benign = 0, labelled = 0;
  for (std::string line; std::getline(manifest, line);) {
    const auto fields = split(line, '\t');
    if (fields.size() < 3 || !fields[0].starts_with("captures/")) continue;
    testing::Decoded decoded = read(fs::path(data) / fields[0]);
    std::set<std::string> kinds;
    for (const Row& row : decoded["flows"]) {
      if (!row.contains("app")) continue;
      const std::string& app = row.at("app");
      if (vpn.contains(app)) kinds.insert("vpn");
      if (miners.contains(app)) kinds.insert("mining");
      if (app == "tor" || app == "irc" || app == "socks" || app == "http-proxy") kinds.insert(app);
    }
    if (!decoded["mining"].empty()) kinds.insert("mining");
    const std::string label = fields[2].substr(0, fields[2].find(':'));
    std::set<std::string> wanted;
    if (label == "vpn" || label == "tor" || label == "irc" || label == "mining") wanted = {label};
    if (label == "bitcoin p2p") wanted = {"mining"};
    EXPECT_EQ(kinds, wanted) << fields[0] << " is " << fields[2];
    ++(label == "benign" ? benign : labelled);
  }
  EXPECT_GE(benign, 25U);
  EXPECT_GE(labelled, 20U);
}

}  // namespace
}  // namespace rw
