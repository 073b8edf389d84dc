// Tor's dated lists: network-status consensus documents (dir-spec 3) and exit lists of TorDNSEL.
#include <array>

#include "format/format.h"
#include "format/indicator_rows.h"
#include "format/log_lines.h"
#include "format/text_fields.h"

namespace rw {
namespace {

// The next word of a line of words between single spaces.
std::string_view word(std::string_view& line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view first = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return first;
}

bool has_line(std::string_view text, std::string_view beginning) {
  if (text.starts_with(beginning)) return true;
  return text.find("\n" + std::string(beginning)) != std::string_view::npos;
}

// A relay of a consensus: its "r" line, and what follows it.
struct Relay {
  std::string address;
  std::string more;         // of its first "a" line: an IPv6 address
  std::string fingerprint;  // base 64, as it is there
  std::string flags;
  void clear() { *this = {}; }
};

void add_relay(const Relay& relay, IndicatorRows& rows) {
  if (relay.address.empty()) return;
  ListEntry entry;
  entry.label = relay.flags.empty() ? "relay" : std::string_view(relay.flags);
  entry.reference = relay.fingerprint;
  rows.add(IndicatorRows::Kind::kAddress, relay.address, entry);
  if (!relay.more.empty()) rows.add(IndicatorRows::Kind::kAddress, relay.more, entry);
}

// "exit guard": the flags that say what a relay is used for.
std::string flags_of(std::string_view line) {
  bool exit = false, bad = false, guard = false;
  while (!line.empty()) {
    const std::string_view flag = word(line);
    exit = exit || flag == "Exit";
    bad = bad || flag == "BadExit";
    guard = guard || flag == "Guard";
  }
  std::string flags = exit && !bad ? "exit" : "";
  if (guard) flags += flags.empty() ? "guard" : " guard";
  return flags.empty() ? "relay" : flags;
}

int detect_consensus(Bytes head, std::string_view) {
  const std::string_view text = as_text(head);
  return has_line(text, "network-status-version 3") && has_line(text, "valid-after ") ? 95 : 0;
}

// r nickname identity [digest] date time address or-port directory-port: only in the microdescriptor flavour there is
// no digest (dir-spec 3.4.1, 3.9.1).
bool read_relay(std::string_view line, Relay& relay) {
  std::array<std::string_view, 8> words;
  std::size_t count = 0;
  while (!line.empty() && count < words.size()) words[count++] = word(line);
  if (count < 7) return false;
  relay.fingerprint = words[1];
  relay.address = words[count == 7 ? 4 : 5];
  return true;
}

void read_more(std::string_view line, Relay& relay) {
  const std::size_t end = line.find(']');
  if (relay.more.empty() && line.starts_with('[') && end != std::string_view::npos)
    relay.more = line.substr(1, end - 1);
}

Result<void> decode_consensus(DecodeContext& context) {
  IndicatorRows rows(context, "tor", "tor-relays");
  LogLines lines(context);
  Relay relay;
  std::uint64_t begun = 0;
  std::string_view line;
  while (lines.next(line)) {
    std::string_view rest = line;
    const std::string_view first = word(rest);
    const std::uint64_t here = context.emitter.offset();
    const bool ends = first == "r" || first == "directory-footer" || first == "network-status-version";
    if (ends && !relay.address.empty()) {
      context.emitter.at(begun);
      add_relay(relay, rows);
      context.emitter.at(here);
      relay.clear();
    }
    if (first == "valid-after") {
      const auto date = find_date(rest);
      if (date)
        rows.own_date(*date);
      else
        context.emitter.weird("bad-time", rest);
    } else if (first == "r") {
      begun = here;
      if (!read_relay(rest, relay)) context.emitter.weird("bad-relay", line);
    } else if (first == "a") {
      read_more(rest, relay);
    } else if (first == "s") {
      relay.flags = flags_of(rest);
    }
  }
  context.emitter.at(begun);
  add_relay(relay, rows);
  return log_status(context);
}

int detect_exits(Bytes head, std::string_view) {
  const std::string_view text = as_text(head);
  return has_line(text, "ExitNode ") && has_line(text, "ExitAddress ") ? 95 : 0;
}

Result<void> decode_exits(DecodeContext& context) {
  IndicatorRows rows(context, "tor", "tor-exits");
  LogLines lines(context);
  std::string node;
  std::string_view line;
  while (lines.next(line)) {
    if (!lines.seen_part().empty()) lines.take_as_new();
    std::string_view rest = line;
    const std::string_view first = word(rest);
    if (first == "Downloaded" || (first == "LastStatus" && !rows.has_date())) {
      if (const auto date = find_date(rest)) rows.own_date(*date);
    } else if (first == "ExitNode") {
      node = rest.substr(0, 64);
    } else if (first == "ExitAddress") {
      ListEntry entry;
      entry.label = "exit";
      entry.reference = node;
      rows.add(IndicatorRows::Kind::kAddress, word(rest), entry);
    }
  }
  return log_status(context);
}

}  // namespace

extern constinit const Format kTorConsensusFormat{
    "tor-consensus",
    "Tor network-status consensus",
    "indicators",
    "Consensus documents of the Tor network, both flavours, as directory authorities and CollecTor give them: the "
    "addresses of all relays (purpose tor), labelled exit, guard, exit guard or relay, dated by valid-after. Several "
    "consensuses make a history: a relay counts while a consensus holds it.",
    detect_consensus,
    decode_consensus};

extern constinit const Format kTorExitListFormat{"tor-exit-list",
                                                 "Tor exit list (TorDNSEL)",
                                                 "indicators",
                                                 "ExitAddress lines of exit lists, dated by their Downloaded line, "
                                                 "else by the first LastStatus. The bulk exit list, "
                                                 "which is bare addresses, is a plain list.",
                                                 detect_exits,
                                                 decode_exits};

}  // namespace rw
