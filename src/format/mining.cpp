// Mining sessions: Stratum and its relatives in JSON lines, Bitcoin, Levin and Stratum v2 in framed messages.
#include "format/mining.h"

#include <algorithm>
#include <cctype>
#include <cstring>

#include "model/escape.h"

namespace rw {
namespace {

constexpr std::size_t kLooked = 2048;        // of a payload, by the one-sided rules
constexpr std::size_t kMaxLine = 16 * 1024;  // of JSON that is searched for names
constexpr std::size_t kBitcoinHeader = 24, kLevinHeader = 33, kStratum2Header = 6;
constexpr std::uint64_t kMaxMessage = 1ULL << 32;

bool contains(std::string_view text, std::string_view word) { return text.find(word) != std::string_view::npos; }

struct Network {
  std::uint32_t magic;
  std::string_view coin;
};
// Network magic of Bitcoin (main, test 3, test 4, signet, regression test) and of coins that took its protocol over.
constexpr std::array<Network, 13> kNetworks = {{{0xF9BEB4D9, "bitcoin"},
                                                {0x0B110907, "bitcoin"},
                                                {0x1C163F28, "bitcoin"},
                                                {0x0A03CF40, "bitcoin"},
                                                {0xFABFB5DA, {}},  // regression test: of several coins
                                                {0xFBC0B6DB, "litecoin"},
                                                {0xFDD2C8F1, "litecoin"},
                                                {0xE3E1F3E8, "bitcoin-cash"},
                                                {0xC0C0C0C0, "dogecoin"},
                                                {0xBF0C6BBD, "dash"},
                                                {0x24E92764, "zcash"},
                                                {0xF9BEB4FE, "namecoin"},
                                                {0xCEE2CAFF, "dash"}}};

const Network* network_of(std::uint32_t magic) {
  const auto* found =
      std::find_if(kNetworks.begin(), kNetworks.end(), [magic](const Network& n) { return n.magic == magic; });
  return found == kNetworks.end() ? nullptr : found;
}

// Magic, a command in lower-case letters and digits padded with zeros, a length that a message may have.
bool is_bitcoin(Bytes bytes) {
  Cursor cursor(bytes);
  if (network_of(cursor.u32()) == nullptr) return false;
  const std::string_view command = as_text(cursor.bytes(12));
  const std::uint32_t length = cursor.u32_little();
  if (!cursor.ok() || length > (64U << 20)) return false;
  const std::size_t letters = std::min(command.find('\0'), command.size());
  return letters >= 2 && std::islower(static_cast<unsigned char>(command[0])) != 0 &&
         std::all_of(command.begin(), command.begin() + static_cast<std::ptrdiff_t>(letters),
                     [](unsigned char c) { return std::islower(c) != 0 || std::isdigit(c) != 0; }) &&
         std::all_of(command.begin() + static_cast<std::ptrdiff_t>(letters), command.end(),
                     [](char c) { return c == 0; });
}

// Levin's signature, a length, and whether an answer is wanted.
bool is_levin(Bytes bytes) {
  Cursor cursor(bytes);
  if (cursor.u64() != 0x0121010101010101ULL) return false;
  const std::uint64_t length = cursor.u64_little();
  const std::uint8_t wants = cursor.u8();
  return cursor.ok() && length <= (100ULL << 20) && wants <= 1;
}

// SetupConnection of Stratum v2 in the clear (specification 5.3.1): everything in it has to fit its length.
bool is_stratum2_setup(Bytes bytes) {
  Cursor cursor(bytes);
  const std::uint16_t extension = cursor.u16_little();
  const std::uint8_t type = cursor.u8();
  std::uint32_t length = cursor.u16_little();
  length |= std::uint32_t{cursor.u8()} << 16;
  if (!cursor.ok() || extension != 0 || type != 0 || cursor.left() != length) return false;
  const std::uint8_t protocol = cursor.u8();
  const std::uint16_t lowest = cursor.u16_little(), highest = cursor.u16_little();
  cursor.u32();                                          // flags
  cursor.skip(cursor.u8());                              // endpoint's host
  cursor.u16();                                          // and port
  for (int i = 0; i < 4; ++i) cursor.skip(cursor.u8());  // vendor, hardware, firmware, device
  return cursor.ok() && cursor.left() == 0 && protocol <= 2 && lowest == 2 && highest >= lowest && highest < 16;
}

// The methods of Stratum v1, quoted: nothing else calls a method so.
bool has_stratum_method(std::string_view text) {
  constexpr std::array<std::string_view, 14> kMethods = {"subscribe\"",      "authorize\"",
                                                         "submit\"",         "notify\"",
                                                         "configure\"",      "set_difficulty\"",
                                                         "set_target\"",     "set_version_mask\"",
                                                         "set_extranonce\"", "extranonce.subscribe\"",
                                                         "set_goal\"",       "suggest_difficulty\"",
                                                         "hello\"",          "multi_version\""};
  constexpr std::string_view kPrefix = "\"mining.";
  for (std::size_t at = text.find(kPrefix); at != std::string_view::npos; at = text.find(kPrefix, at + 1)) {
    const std::string_view rest = text.substr(at + kPrefix.size());
    if (std::any_of(kMethods.begin(), kMethods.end(), [rest](std::string_view m) { return rest.starts_with(m); }))
      return true;
  }
  return false;
}

bool has_ethereum_method(std::string_view text) {
  return contains(text, "\"eth_submitLogin\"") || contains(text, "\"eth_getWork\"") ||
         contains(text, "\"eth_submitWork\"") || contains(text, "\"eth_submitHashrate\"");
}

// The text value that follows `"key":`, or null. Escapes stay as they are; they end nothing.
std::string_view string_after(std::string_view text, std::string_view key, bool first_of_array = false) {
  const auto skip_spaces = [&text](std::size_t at) {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\t')) ++at;
    return at;
  };
  for (std::size_t at = text.find(key); at != std::string_view::npos; at = text.find(key, at + 1)) {
    std::size_t value = skip_spaces(at + key.size());
    if (value >= text.size() || text[value] != ':') continue;
    value = skip_spaces(value + 1);
    if (first_of_array) {
      if (value >= text.size() || text[value] != '[') continue;
      value = skip_spaces(value + 1);
    }
    if (value >= text.size() || text[value] != '"') continue;
    const std::size_t begin = ++value;
    while (value < text.size() && text[value] != '"') value += text[value] == '\\' ? 2 : 1;
    return text.substr(begin, std::min(value, text.size()) - begin);
  }
  return {};
}

// Monero pools: a login with name, password and software; jobs with a blob; submissions with a job, nonce and result.
bool is_monero_client(std::string_view text) {
  const std::string_view method = string_after(text, "\"method\"");
  if (method == "login")
    return string_after(text, "\"login\"").data() != nullptr && string_after(text, "\"pass\"").data() != nullptr &&
           string_after(text, "\"agent\"").data() != nullptr;
  return method == "submit" && contains(text, "\"job_id\"") && contains(text, "\"nonce\"") &&
         contains(text, "\"result\"");
}
bool is_monero_job(std::string_view text) {
  return contains(text, "\"job_id\"") && contains(text, "\"blob\"") && contains(text, "\"target\"");
}

// Coins whose addresses cannot be taken for those of others.
std::string_view coin_of_address(std::string_view name) {
  const auto all = [](std::string_view text, auto test) {
    return std::all_of(text.begin(), text.end(), [test](char c) { return test(static_cast<unsigned char>(c)) != 0; });
  };
  const std::string_view address = name.substr(0, name.find_first_of(".+/"));
  if (address.size() >= 95 && address.size() <= 106 && (address[0] == '4' || address[0] == '8') &&
      all(address, [](int c) { return std::isalnum(c); }))
    return "monero";
  if (address.starts_with("bc1q") && address.size() >= 42) return "bitcoin";
  if (address.starts_with("ltc1q") && address.size() >= 43) return "litecoin";
  return {};
}

bool json_begins(Bytes bytes) { return !bytes.empty() && bytes[0] == std::byte{'{'}; }

}  // namespace

App classify_mining(Bytes bytes) {
  if (json_begins(bytes)) {
    const std::string_view text = as_text(bytes.first(std::min(bytes.size(), kLooked)));
    const bool pool =
        has_stratum_method(text) || has_ethereum_method(text) || is_monero_client(text) || is_monero_job(text);
    return pool ? App::kStratum : App::kNone;
  }
  if (is_bitcoin(bytes)) return App::kBitcoin;
  if (is_levin(bytes)) return App::kLevin;
  return is_stratum2_setup(bytes) ? App::kStratum2 : App::kNone;
}

bool app_is_mining(App app) {
  return app == App::kStratum || app == App::kStratum2 || app == App::kBitcoin || app == App::kLevin;
}

bool asks_for_work(std::string_view text) {
  if (!contains(text, "\"method\"")) return false;
  return contains(text, "\"getwork\"") || contains(text, "\"getblocktemplate\"") || contains(text, "\"eth_getWork\"") ||
         contains(text, "\"eth_submitWork\"");
}

// ---- Streams ------------------------------------------------------------------------------------------------------

void MiningWatch::clock(Timestamp time) {
  first_ = fresh_ ? time : std::min(first_, time);
  last_ = fresh_ ? time : std::max(last_, time);
  fresh_ = false;
}

void MiningWatch::payload(bool forward, Timestamp time, std::uint32_t sequence, Bytes bytes, std::size_t wire_bytes) {
  Way& way = ways_[forward ? 0 : 1];
  if (way.begun) {
    const auto behind = static_cast<std::int32_t>(way.next - sequence);
    if (behind > 0) {  // sent again, perhaps with more
      if (static_cast<std::size_t>(behind) >= wire_bytes) return;
      bytes = bytes.subspan(std::min(static_cast<std::size_t>(behind), bytes.size()));
      wire_bytes -= static_cast<std::size_t>(behind);
      sequence = way.next;
    } else if (behind < 0) {
      way.lost = true;
    }
  }
  clock(time);
  way.begun = true;
  way.next = sequence + static_cast<std::uint32_t>(wire_bytes);
  if (app_ == App::kStratum)
    json(forward, as_text(bytes));
  else
    framed(forward, bytes);
  if (bytes.size() < wire_bytes &&
      app_ != App::kStratum) {  // the capture cut it: the message may end in what is missing
    const std::uint64_t missing = wire_bytes - bytes.size();
    if (way.skip >= missing && way.head_bytes == 0)
      way.skip -= missing;
    else
      way.lost = true;
  }
}

void MiningWatch::json(bool forward, std::string_view text) {
  // A message is a line. What goes on in the next segment is counted where it ends.
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    json_line(forward, line.substr(0, kMaxLine));
    const bool whole = end != std::string_view::npos || line.ends_with('}');
    if (whole && line.size() > 1) ++messages_[forward ? 0 : 1];
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

void MiningWatch::json_line(bool forward, std::string_view line) {
  const auto protocol = [this](Protocol p) {
    if (!protocol_known_) protocol_ = p, protocol_known_ = true;
  };
  const std::string_view method = string_after(line, "\"method\"");
  if (method.starts_with("mining.")) {
    protocol(Protocol::kStratum);
    if (method == "mining.subscribe" || method == "mining.authorize" || method == "mining.submit" ||
        method == "mining.configure" || method == "mining.extranonce.subscribe") {
      set_client(forward);
      const std::string_view first = string_after(line, "\"params\"", true);
      if (method == "mining.subscribe") set_agent(first);
      if (method == "mining.authorize" || method == "mining.submit") set_worker(first);
    } else if (!client_known_) {
      set_client(!forward);
    }
  } else if (method.starts_with("eth_")) {
    protocol(Protocol::kEthProxy);
    coin_ = "ethereum";
    set_client(forward);
    if (method == "eth_submitLogin") set_worker(string_after(line, "\"params\"", true));
    if (method == "eth_submitLogin" || method == "eth_submitWork") {
      const std::string_view worker = string_after(line, "\"worker\"");
      if (worker_.empty()) set_worker(worker);
    }
  } else if (is_monero_client(line)) {
    protocol(Protocol::kMoneroLogin);
    set_client(forward);
    if (method == "login") {
      set_worker(string_after(line, "\"login\""));
      set_agent(string_after(line, "\"agent\""));
    }
  } else if (is_monero_job(line)) {
    protocol(Protocol::kMoneroLogin);
    if (!client_known_) set_client(!forward);
  }
}

std::size_t MiningWatch::header_bytes() const {
  if (app_ == App::kLevin) return kLevinHeader;
  return app_ == App::kStratum2 ? kStratum2Header : kBitcoinHeader;
}

// Messages with a header that tells their length. Sealed ones (Stratum v2 behind its Noise handshake) are counted by
// the segment: how many messages one holds is not to be seen.
void MiningWatch::framed(bool forward, Bytes bytes) {
  Way& way = ways_[forward ? 0 : 1];
  const std::size_t need = header_bytes();
  if (app_ == App::kStratum2) {
    if (is_stratum2_setup(bytes)) {
      Cursor cursor(bytes.subspan(kStratum2Header + 9));
      cursor.skip(cursor.u8() + 2U);
      const std::string_view vendor = as_text(cursor.bytes(cursor.u8()));
      const std::string_view hardware = as_text(cursor.bytes(cursor.u8()));
      set_agent(std::string(vendor) + (hardware.empty() ? "" : "/") + std::string(hardware));
      set_client(forward);
    }
    ++messages_[forward ? 0 : 1];
    return;
  }
  if (way.lost) {  // the next one that begins with a header
    if (app_ == App::kBitcoin ? !is_bitcoin(bytes) : !is_levin(bytes)) return;
    way.lost = false;
    way.skip = way.head_bytes = 0;
  }
  while (!bytes.empty()) {
    const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(way.skip, bytes.size()));
    way.skip -= skipped;
    bytes = bytes.subspan(skipped);
    const std::size_t take = std::min(need - way.head_bytes, bytes.size());
    if (take == 0) return;
    std::memcpy(way.head.data() + way.head_bytes, bytes.data(), take);
    way.head_bytes += take;
    bytes = bytes.subspan(take);
    if (way.head_bytes < need) return;
    if (!header(forward, way, bytes)) {
      way.lost = true;
      way.head_bytes = 0;
      return;
    }
    Cursor cursor(Bytes(way.head.data(), need));
    cursor.skip(app_ == App::kBitcoin ? 16 : 8);
    way.skip = app_ == App::kBitcoin ? cursor.u32_little() : std::min(cursor.u64_little(), kMaxMessage);
    way.head_bytes = 0;
  }
}

// A header is there, and `rest` behind it. False when it is none.
bool MiningWatch::header(bool forward, const Way& way, Bytes rest) {
  const Bytes head(way.head.data(), header_bytes());
  if (app_ == App::kLevin) {
    if (!is_levin(head)) return false;
    // The handshake names its network; these 15 bytes are those of Monero's main, test and stage networks.
    constexpr std::string_view kMonero("\x12\x30\xF1\x71\x61\x04\x41\x61\x17\x31\x00\x82\x16\xA1\xA1", 15);
    if (coin_.empty() && contains(as_text(rest.first(std::min<std::size_t>(rest.size(), 1024))), kMonero))
      coin_ = "monero";
    ++messages_[forward ? 0 : 1];
    return true;
  }
  if (!is_bitcoin(head)) return false;
  coin_ = network_of(Cursor(head).u32())->coin;
  ++messages_[forward ? 0 : 1];
  // The version message of the side that opened the connection: version, services, time, two addresses, nonce, agent.
  constexpr std::size_t kAgentAt = 80;
  if (forward && agent_.empty() && as_text(head.subspan(4)).starts_with("version") && rest.size() > kAgentAt) {
    Cursor cursor(rest.subspan(kAgentAt));
    const std::uint8_t length = cursor.u8();
    if (length < 0xFD && length <= cursor.left()) set_agent(as_text(cursor.bytes(length)));
  }
  return true;
}

void MiningWatch::http(bool forward, Timestamp time, std::string_view body, std::string_view user_agent) {
  clock(time);
  ++messages_[forward ? 0 : 1];
  protocol_ = Protocol::kGetwork;
  if (contains(body, "\"eth_")) coin_ = "ethereum";
  if (agent_.empty()) agent_ = std::string(user_agent.substr(0, kMaxText));  // escaped already
}

void MiningWatch::set_worker(std::string_view text) {
  if (text.empty() || !worker_.empty()) return;
  worker_ = escape_text(text, kMaxText);
  if (coin_.empty()) coin_ = coin_of_address(text);
}
void MiningWatch::set_agent(std::string_view text) {
  if (!text.empty() && agent_.empty()) agent_ = escape_text(text, kMaxText);
}

bool MiningWatch::row(MiningSession& row) const {
  if (messages_[0] + messages_[1] == 0) return false;
  Protocol protocol = protocol_;
  if (app_ == App::kBitcoin) protocol = Protocol::kBitcoin;
  if (app_ == App::kLevin) protocol = Protocol::kLevin;
  if (app_ == App::kStratum2) protocol = Protocol::kStratum2;
  switch (protocol) {
    case Protocol::kStratum: row.protocol = "stratum"; break;
    case Protocol::kStratum2: row.protocol = "stratum2"; break;
    case Protocol::kMoneroLogin: row.protocol = "monero-login"; break;
    case Protocol::kEthProxy: row.protocol = "ethproxy"; break;
    case Protocol::kGetwork: row.protocol = "getwork"; break;
    case Protocol::kLevin: row.protocol = "levin"; break;
    case Protocol::kBitcoin: row.protocol = "bitcoin"; break;
  }
  row.kind = protocol == Protocol::kLevin || protocol == Protocol::kBitcoin ? "node" : "pool";
  row.time = first_.us;
  row.end_time = last_.us;
  if (!coin_.empty()) row.coin = coin_;
  if (!worker_.empty()) row.worker = worker_;
  if (!agent_.empty()) row.agent = agent_;
  row.messages = messages_[client_is_initiator_ ? 0 : 1];
  row.rev_messages = messages_[client_is_initiator_ ? 1 : 0];
  return true;
}

}  // namespace rw
