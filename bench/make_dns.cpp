// Makes a lake with a day of DNS messages, as a large network has them, with tunnels in it:  make_dns COUNT LAKE
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "ingest/domain_filler.h"
#include "lake/lake.h"
#include "model/emitter.h"
#include "scenario/rng.h"

namespace {

using rw::Dns;
using rw::scenario::Rng;

constexpr std::int64_t kDayStart = 1'551'398'400'000'000;  // 2019-03-01
constexpr std::uint32_t kClients = 20'000;
constexpr std::uint32_t kDomains = 300'000;

[[noreturn]] void fail(const std::string& message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  std::exit(1);
}

std::string random_text(Rng& rng, std::size_t length) {
  static constexpr char kAlphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
  std::string text;
  for (std::size_t i = 0; i < length; ++i) {
    if (i > 0 && i % 60 == 0) text += '.';
    text += kAlphabet[rng.below(32)];
  }
  return text;
}

// A name, and what its question is for.
std::string ordinary_name(Rng& rng, Dns& row) {
  static constexpr std::array<const char*, 12> kHosts = {"www.", "",   "api.",   "cdn.",  "mail.",   "static.",
                                                         "img.", "m.", "login.", "news.", "edge-7.", "eu-west.assets."};
  static constexpr std::array<const char*, 6> kSuffixes = {".com", ".net", ".org", ".de", ".co.uk", ".io"};
  const std::uint32_t kind = rng.below(100);
  if (kind < 5) {
    row.type = 12;
    return std::to_string(rng.below(256)) + "." + std::to_string(rng.below(256)) + ".0.10.in-addr.arpa";
  }
  row.type = kind < 60 ? 1 : kind < 92 ? 28 : kind < 97 ? 65 : kind < 99 ? 16 : 15;
  const std::uint32_t domain = rng.skewed(kDomains / 10) * 10 + rng.skewed(10);
  std::string name = kHosts[rng.skewed(12)];
  if (rng.below(40) == 0) name = "d" + std::to_string(rng.below(100'000)) + "." + name;
  return name + "site-" + std::to_string(domain) + kSuffixes[domain % 6];
}

// Three tunnels: one of 100 questions a second for an hour, one a second all day, one of five a minute all day.
struct Tunnel {
  std::int64_t from, to, gap;
  std::size_t length;
  std::uint16_t type;
  const char* base;
  std::uint32_t client;
  std::int64_t next;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return std::fprintf(stderr, "usage: make_dns COUNT LAKE\n"), 2;
  const auto count = std::strtoull(argv[1], nullptr, 10);
  rw::LakeOptions options;
  options.create = options.write = true;
  auto lake = rw::Lake::open(argv[2], options);
  if (!lake) fail(lake.error().message);
  auto transaction = (*lake)->begin_ingest();
  if (!transaction) fail(transaction.error().message);
  rw::DomainFiller filler(**transaction);
  rw::Emitter emitter(filler, "day-of-dns", "made", rw::Timestamp::now());
  Rng rng(11);
  constexpr std::int64_t kHour = 3'600'000'000, kDay = 24 * kHour;
  Tunnel tunnels[] = {{9 * kHour, 10 * kHour, 10'000, 180, 10, ".t.fast-tunnel.example", 77, 0},
                      {0, kDay, 1'000'000, 60, 16, ".t.slow-tunnel.example", 4'711, 0},
                      {0, kDay, 12'000'000, 40, 5, ".t.quiet-tunnel.example", 12'345, 0}};
  Dns row;
  row.server_port = 53;
  row.transport = "udp";
  row.sensor = "resolver-1";
  const auto add = [&](std::int64_t us, std::uint32_t client, const std::string& name) {
    row.time = kDayStart + us;
    row.client = rw::Ip::v4(0x0A000000 + client);
    row.server = rw::Ip::v4(0x0AFF0035 + (client & 3));
    row.client_port = static_cast<std::uint16_t>(1'024 + rng.below(60'000));
    row.id = static_cast<std::uint16_t>(rng.below(65'536));
    row.name = name;
    row.name_bytes = static_cast<std::uint16_t>(name.size() + 2);
    row.rcode = rng.below(20) == 0 ? 3 : 0;
    row.query_bytes = static_cast<std::uint32_t>(name.size() + 29);
    row.response_bytes = static_cast<std::uint32_t>(name.size() + 45 + rng.below(120));
    row.response_time = row.time + 500 + rng.below(60'000);
    row.flags = 0x8180;
    row.answers = 1;
    emitter.add(row);
  };
  for (unsigned long long i = 0; i < count; ++i) {
    const auto us = static_cast<std::int64_t>(static_cast<double>(i) / static_cast<double>(count) * 86'400e6);
    for (Tunnel& t : tunnels)
      while (t.next <= us && t.from + t.next < t.to && us >= t.from + t.next) {
        row.type = t.type;
        add(t.from + t.next, t.client, random_text(rng, t.length) + t.base);
        t.next += t.gap;
      }
    add(us, rng.skewed(kClients), ordinary_name(rng, row));
    if (!emitter.status()) fail(emitter.status().error().message);
  }
  if (auto finished = emitter.finish(); !finished) fail(finished.error().message);
  rw::InputIdentity input;
  input.name = "day-of-dns";
  if (auto done = (*transaction)->commit(input, emitter.counts()); !done) fail(done.error().message);
  return 0;
}
