// Sizes, packets, durations and ends of the conversations of case 2019.
#include "scenario/case_2019_shapes.h"

#include <algorithm>

namespace rw::scenario::case_2019 {

namespace {

std::uint64_t packets_for(std::uint64_t bytes, std::uint64_t packet_bytes) { return bytes / packet_bytes + 1; }

void fill(Rng& rng, Timestamp t, std::uint64_t bytes, double down, Conversation& c) {
  bytes = std::max<std::uint64_t>(bytes, 900);
  c.server_bytes = static_cast<std::uint64_t>(static_cast<double>(bytes) * down);
  c.client_bytes = bytes - c.server_bytes;
  const bool inward = down > 0.5;  // most bytes flow to the client: its packets are acknowledgements
  c.server_packets = packets_for(c.server_bytes, inward ? 1'300 : 90) + 2;
  c.client_packets = packets_for(c.client_bytes, inward ? 90 : 1'300) + 2;
  const std::uint64_t us_per_kilobyte = 200 + rng.below(1'800);
  const std::uint64_t duration = 40'000 + rng.below(800'000) + bytes / 1000 * us_per_kilobyte;
  c.start = t;
  c.end = {t.us + static_cast<std::int64_t>(std::min<std::uint64_t>(duration, 600'000'000))};
}

}  // namespace

void fill_tcp(Rng& rng, Timestamp t, std::uint64_t bytes, double down, Conversation& c) {
  fill(rng, t, bytes, down, c);
  c.proto = kTcp;
  c.client_flags = c.server_flags = kSyn | kAck | kPush | kFin;
}

void fill_udp(Rng& rng, Timestamp t, std::uint64_t bytes, double down, Conversation& c) {
  fill(rng, t, bytes, down, c);
  c.proto = kUdp;
  c.client_flags = c.server_flags = 0;
}

void browse(Rng& rng, Timestamp t, std::uint64_t bytes, std::uint32_t client, Conversation& c) {
  fill_tcp(rng, t, bytes, 0.86 + 0.10 * rng.unit(), c);
  c.client = client;
  c.server = outside(rng.skewed(40'000));
  c.client_port = ephemeral(rng);
  c.server_port = 80;
  c.service = Service::kHttp;
}

void secure(Conversation& c) {
  c.server_port = 443;
  c.service = Service::kHttps;
  c.purpose = Purpose::kHttps;
}

void serve(Rng& rng, Timestamp t, std::uint64_t bytes, std::uint32_t server, Service service, double down,
           Conversation& c) {
  fill_tcp(rng, t, bytes, down, c);
  c.client = outside(50'000 + rng.skewed(60'000));
  c.server = server;
  c.client_port = ephemeral(rng);
  c.service = service;
  c.server_port = service == Service::kSmtp ? 25 : service == Service::kFtp ? 21 : 80;
  if (service == Service::kHttps) secure(c);
}

}  // namespace rw::scenario::case_2019
