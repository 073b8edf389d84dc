// Makes Zeek's conn.log as tab-separated text and as JSON lines, the same connections in both:  make_zeek COUNT TSV
// JSON
#include <array>
#include <string>

#include "scenario/conversation.h"
#include "scenario/rng.h"
#include "scenario/zeek_writer.h"
#include "wire.h"

namespace {

using rw::scenario::Conversation;
using rw::scenario::Rng;
using rw::scenario::Service;

Conversation make(Rng& rng, std::int64_t us) {
  Conversation c;
  c.start = {us};
  c.client = rw::bench::v4(10, 1, 0, 0) + rng.skewed(60'000);
  c.server = rw::bench::v4(100, 64, 0, 0) + rng.skewed(400'000) * 7;
  c.client_port = static_cast<std::uint16_t>(32'768 + rng.below(28'000));
  const std::uint32_t kind = rng.below(10);
  c.service = kind < 4 ? Service::kHttps : kind < 5 ? Service::kHttp : kind < 9 ? Service::kDns : Service::kSmtp;
  constexpr std::array<std::uint16_t, 6> kPorts{0, 53, 25, 21, 80, 443};
  c.server_port = kPorts[static_cast<std::size_t>(c.service)];
  c.proto = c.service == Service::kDns ? rw::scenario::kUdp : rw::scenario::kTcp;
  c.client_packets = c.service == Service::kDns ? 1 : 4 + static_cast<std::uint64_t>(rng.heavy() * 4);
  c.server_packets = rng.chance(0.03) ? 0 : c.client_packets;
  c.client_bytes = c.client_packets * (60 + rng.below(100));
  c.server_bytes = c.server_packets * (100 + rng.below(1'200));
  c.end = {us + 300 + rng.below(90'000'000)};
  return c;
}

void add_json(std::string& line, const Conversation& c, unsigned long long row) {
  const auto address = [](std::uint32_t a) {
    return std::to_string(a >> 24) + "." + std::to_string(a >> 16 & 255) + "." + std::to_string(a >> 8 & 255) + "." +
           std::to_string(a & 255);
  };
  const std::string_view service = c.service == Service::kHttps  ? "ssl"
                                   : c.service == Service::kHttp ? "http"
                                   : c.service == Service::kDns  ? "dns"
                                                                 : "smtp";
  const bool tcp = c.proto == rw::scenario::kTcp;
  const std::uint64_t header = tcp ? 40 : 28;
  char text[700];
  const int size =
      std::snprintf(text, sizeof text,
                    "{\"ts\":%lld.%06lld,\"uid\":\"CB%llu\",\"id.orig_h\":\"%s\",\"id.orig_p\":%u,\"id.resp_h\":\"%s\","
                    "\"id.resp_p\":%u,\"proto\":\"%s\","
                    "\"service\":\"%s\",\"duration\":%.6f,\"orig_bytes\":%llu,\"resp_bytes\":%llu,\"conn_state\":\"%"
                    "s\",\"missed_bytes\":0,\"history\":\"%s\","
                    "\"orig_pkts\":%llu,\"orig_ip_bytes\":%llu,\"resp_pkts\":%llu,\"resp_ip_bytes\":%llu}\n",
                    static_cast<long long>(c.start.us / 1'000'000), static_cast<long long>(c.start.us % 1'000'000), row,
                    address(c.client).c_str(), c.client_port, address(c.server).c_str(), c.server_port,
                    tcp ? "tcp" : "udp", service.data(), (c.end - c.start).to_seconds(),
                    static_cast<unsigned long long>(c.client_bytes - c.client_packets * header),
                    static_cast<unsigned long long>(c.server_bytes - c.server_packets * header),
                    c.server_packets ? "SF" : "S0", tcp ? "ShADadFf" : "Dd",
                    static_cast<unsigned long long>(c.client_packets), static_cast<unsigned long long>(c.client_bytes),
                    static_cast<unsigned long long>(c.server_packets), static_cast<unsigned long long>(c.server_bytes));
  line.assign(text, static_cast<std::size_t>(size));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return std::fprintf(stderr, "usage: make_zeek COUNT TSV JSON\n"), 2;
  const auto count = std::strtoull(argv[1], nullptr, 10);
  constexpr std::int64_t kDayStart = 1'551'398'400'000'000;  // 2019-03-01
  rw::scenario::ZeekConnWriter tsv;
  rw::bench::check(tsv.open(argv[2], {kDayStart}));
  rw::scenario::FileWriter json;
  rw::bench::check(json.open(argv[3]));
  Rng rng(7);
  std::string line;
  for (unsigned long long i = 0; i < count; ++i) {
    const Conversation c = make(
        rng, kDayStart + static_cast<std::int64_t>(static_cast<double>(i) / static_cast<double>(count) * 86'400e6));
    tsv.add(c);
    add_json(line, c, i);
    json.write(line);
  }
  rw::bench::check(tsv.close());
  rw::bench::check(json.close());
  return 0;
}
