// Case 2019, section 5: small, steady Bitcoin traffic since 2017; Monero mining, about equal to it in October 2018,
// twelve times as much from May 2019, by six machines behind one proxying address.
#include <algorithm>
#include <array>

#include "scenario/case_2019_shapes.h"

namespace rw::scenario::case_2019 {

namespace {

constexpr std::uint32_t kBitcoinPeers = 6;
constexpr std::uint32_t bitcoin_peer(std::uint32_t n) { return v4(198, 18, 184, 1) + n; }
// A pool with a port for ordinary and one for high-capacity machines, and a second pool as its fallback.
struct Pool {
  std::uint32_t address;
  std::uint16_t port;
};
constexpr std::array<Pool, 3> kPools{
    {{v4(198, 18, 185, 10), 3333}, {v4(198, 18, 185, 20), 3333}, {v4(198, 18, 185, 10), 7777}}};
constexpr const Pool& pool_of(std::uint32_t machine) { return kPools[machine < 3 ? 0 : machine == 3 ? 1 : 2]; }

// Machines mine day and night, every day at any scale: so many bytes, whatever the rest of the space does.
double share_of_rate(const Slot& slot, double bytes_per_day) {
  constexpr double kSlotsPerDay = kDay.to_seconds() / kSlot.to_seconds();
  return bytes_per_day / kSlotsPerDay / slot.bytes;
}
double share_bitcoin(const Slot& slot) { return share_of_rate(slot, kBitcoinBytesPerDay); }
double share_monero(const Slot& slot) {
  if (slot.start < kMoneroBegin) return 0;
  return share_of_rate(slot, kMoneroBytesPerDay * (slot.start < kMoneroGrowth ? 1 : kMoneroGrowthRatio));
}
std::uint32_t machines(Timestamp t) { return t < kMoneroGrowth ? 1 : kMoneroMachines; }

// Small messages, both ways alike, over many minutes that end within the slot: a machine has one session at a time.
void fill_session(Rng& rng, Timestamp t, std::uint64_t bytes, double down, Conversation& c) {
  bytes = std::max<std::uint64_t>(bytes, 900);
  c.proto = kTcp;
  c.client_flags = c.server_flags = kSyn | kAck | kPush | kFin;
  c.server_bytes = static_cast<std::uint64_t>(static_cast<double>(bytes) * down);
  c.client_bytes = bytes - c.server_bytes;
  c.client_packets = c.client_bytes / 120 + 2;
  c.server_packets = c.server_bytes / 220 + 2;
  const Timestamp slot{t.us - t.us % kSlot.us};
  c.start = slot + Duration{rng.below(200'000'000)};
  c.end = c.start + Duration::seconds(300 + rng.below(1'200));
  c.client_port = ephemeral(rng);
}
void make_bitcoin(Rng& rng, Timestamp t, std::uint64_t made, std::uint64_t bytes, Conversation& c) {
  fill_session(rng, t, bytes, 0.55, c);
  c.client = kBitcoinNode;
  c.server = bitcoin_peer(static_cast<std::uint32_t>(made % kBitcoinPeers));
  c.server_port = 8333;
  c.purpose = Purpose::kBitcoin;
}
void aim_at_pool(std::uint32_t machine, Conversation& c) {
  c.client = kMoneroProxy;
  c.server = pool_of(machine).address;
  c.server_port = pool_of(machine).port;
  c.purpose = Purpose::kMonero;
}
void make_monero(Rng& rng, Timestamp t, std::uint64_t made, std::uint64_t bytes, Conversation& c) {
  fill_session(rng, t, bytes, 0.65, c);
  aim_at_pool(static_cast<std::uint32_t>(made % machines(t)), c);
}

constexpr std::array<Stream, 2> kStreams{{
    {"bitcoin", 10'000, share_bitcoin, false, make_bitcoin, nullptr, 2},
    {"monero", 12'500, share_monero, false, make_monero, machines, 2},
}};

// ---- sessions with their payloads

constexpr std::array<Timestamp, 6> kWindows{at(2017, 6, 14, 4), at(2018, 4, 18, 4), at(2018, 10, 17, 4),
                                            at(2019, 3, 13, 4), at(2019, 6, 12, 4), at(2019, 9, 18, 4)};
constexpr std::array<std::string_view, kMoneroMachines> kWorkers{"unit-01", "unit-02", "unit-03",
                                                                 "unit-04", "rack-01", "rack-02"};

std::string hex(Rng& rng, std::size_t digits) {
  std::string text;
  while (text.size() < digits) text += "0123456789abcdef"[rng.below(16)];
  return text;
}

// Of the form of a Monero address, and nobody's: its checksum is wrong.
std::string wallet() { return "4SYNTHETIC" + std::string(85, 'x'); }

std::string job(Rng& rng, std::uint64_t number) {
  return "{\"blob\":\"" + hex(rng, 152) + "\",\"job_id\":\"" + std::to_string(number) +
         "\",\"target\":\"b88d0600\",\"height\":" + std::to_string(1'800'000 + number) + "}";
}

// Login, a job now and then, shares, as JSON lines (the protocol of CryptoNote pools).
void talk_to_pool(Rng& rng, std::string_view worker, Timestamp start, std::vector<TcpMessage>& messages) {
  Timestamp t = start + Duration{80'000};
  std::uint64_t id = 1, number = 1 + rng.below(100'000);
  const auto say = [&](bool client, const std::string& text) {
    messages.push_back({t, client, text + "\n"});
    t = t + Duration{40'000 + rng.below(60'000)};
  };
  say(true, "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"login\",\"params\":{\"login\":\"" + wallet() + "." +
                std::string(worker) + "\",\"pass\":\"x\",\"agent\":\"synthetic-miner/1.0\"}}");
  say(false, "{\"id\":1,\"jsonrpc\":\"2.0\",\"error\":null,\"result\":{\"id\":\"" + hex(rng, 16) +
                 "\",\"job\":" + job(rng, number) + ",\"status\":\"OK\"}}");
  for (int round = 0; round < 16; ++round) {
    t = t + Duration{15'000'000 + rng.below(20'000'000)};
    if (round % 2 == 1) say(false, "{\"jsonrpc\":\"2.0\",\"method\":\"job\",\"params\":" + job(rng, ++number) + "}");
    ++id;
    say(true, "{\"id\":" + std::to_string(id) + ",\"jsonrpc\":\"2.0\",\"method\":\"submit\",\"params\":{\"id\":\"" +
                  std::string(worker) + "\",\"job_id\":\"" + std::to_string(number) + "\",\"nonce\":\"" + hex(rng, 8) +
                  "\",\"result\":\"" + hex(rng, 64) + "\"}}");
    say(false, "{\"id\":" + std::to_string(id) + ",\"jsonrpc\":\"2.0\",\"error\":null,\"result\":{\"status\":\"OK\"}}");
  }
}

// A message of Bitcoin's network: magic, command, length, checksum (left 0: no node would take it), payload.
std::string bitcoin_message(std::string_view command, std::string_view payload) {
  std::string text("\xF9\xBE\xB4\xD9", 4);
  text += command;
  text.append(12 - command.size(), '\0');
  for (int shift = 0; shift < 32; shift += 8) text += static_cast<char>(payload.size() >> shift);
  text.append(4, '\0');
  text += payload;
  return text;
}

void talk_to_peer(Rng& rng, Timestamp start, std::vector<TcpMessage>& messages) {
  Timestamp t = start + Duration{80'000};
  const auto say = [&](bool client, std::string_view command, std::string_view payload) {
    messages.push_back({t, client, bitcoin_message(command, payload)});
    t = t + Duration{40'000 + rng.below(60'000)};
  };
  const std::string agent = "/synthetic-node:0.1/";
  const std::string version = std::string("\x7F\x11\x01\0", 4) + std::string(76, '\0') +
                              static_cast<char>(agent.size()) + agent + std::string(5, '\0');
  say(true, "version", version);
  say(false, "version", version);
  say(false, "verack", {});
  say(true, "verack", {});
  for (int round = 0; round < 20; ++round) {
    t = t + Duration{15'000'000 + rng.below(20'000'000)};
    const bool client = round % 2 == 0;
    std::string number;
    for (int i = 0; i < 8; ++i) number += static_cast<char>(rng.below(256));
    say(client, "ping", number);
    say(!client, "pong", number);
    std::string inventory("\x01\x01\0\0\0", 5);  // one transaction
    for (int i = 0; i < 32; ++i) inventory += static_cast<char>(rng.below(256));
    say(!client, "inv", inventory);
  }
}

}  // namespace

std::span<const Stream> mining_streams() { return kStreams; }

bool is_mining_window(Timestamp slot) { return std::find(kWindows.begin(), kWindows.end(), slot) != kWindows.end(); }

std::vector<MiningSession> make_mining_sessions(Rng& rng, const Slot& slot) {
  std::vector<MiningSession> sessions;
  const auto begin = [&](std::string_view coin, std::string_view kind, std::string_view worker) -> MiningSession& {
    MiningSession& session = sessions.emplace_back();
    session.coin = coin;
    session.kind = kind;
    session.worker = worker;
    session.conversation.start = slot.start + Duration{rng.below(200'000'000)};
    session.conversation.client_port = ephemeral(rng);
    return session;
  };
  for (std::uint32_t n = 0; n < 2; ++n) {
    MiningSession& session = begin("bitcoin", "node", {});
    session.conversation.client = kBitcoinNode;
    session.conversation.server = bitcoin_peer(n);
    session.conversation.server_port = 8333;
    session.conversation.purpose = Purpose::kBitcoin;
    talk_to_peer(rng, session.conversation.start, session.messages);
  }
  if (slot.start < kMoneroBegin) return sessions;
  for (std::uint32_t machine = 0; machine < machines(slot.start); ++machine) {
    MiningSession& session = begin("monero", "pool", kWorkers[machine]);
    aim_at_pool(machine, session.conversation);
    talk_to_pool(rng, session.worker, session.conversation.start, session.messages);
  }
  return sessions;
}

}  // namespace rw::scenario::case_2019
