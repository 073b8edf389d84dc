// Section `contacts`: who the subject's addresses talk with, the organisation's own addresses first.
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/quantity.h"
#include "section/section.h"

namespace rw {
namespace {

constexpr std::size_t kMostContacts = 500;  // told, by bytes, beside the organisation's own
constexpr std::uint64_t kMostPairs = 2000;  // per direction that one answer brings into memory
constexpr std::size_t kMostServices = 8;    // per contact
constexpr std::int64_t kMostPacketsOfAProbe =
    3;  // per flow and contact that nobody answered: more is an attempt to talk

struct PairKey {
  Ip address;  // watched
  Ip peer;
  friend auto operator<=>(const PairKey&, const PairKey&) = default;
};

struct Contact {
  Timestamp first = kAllTime.to;
  Timestamp last = kAllTime.from;
  std::int64_t flows = 0;
  std::int64_t bytes = 0;
  std::int64_t packets = 0;
  bool outward = false;                          // the watched address sent
  bool inward = false;                           // the peer sent
  bool ours = false;                             // the peer is the organisation's
  std::map<std::string, std::int64_t> services;  // bytes by service
};
using Contacts = std::map<PairKey, Contact>;

// Which end of a flow is the watched one. A flow between two watched addresses is a contact of its source.
struct Direction {
  const char* watched;
  const char* peer;
  ExprPtr where;
};
std::array<Direction, 2> directions(const Vantage& vantage) {
  return {Direction{"src", "dst", vantage.src_watched()},
          Direction{"dst", "src", expr::all_of({vantage.dst_watched(), expr::not_(vantage.src_watched())})}};
}

Query pair_query(const Side& side, const Direction& direction, const std::vector<Prefix>& peers) {
  Query query;
  query.table = "flows";
  query.time = side.range;
  std::vector<ExprPtr> all = {side.vantage.counted(), direction.where};
  if (!peers.empty()) all.push_back(expr::in_prefixes(direction.peer, peers));
  query.where = expr::all_of(std::move(all));
  query.group_by = {{"address", expr::column(direction.watched)}, {"peer", expr::column(direction.peer)}};
  query.measures = {{"first_seen", Measure::Kind::kMin, expr::column("start_time")},
                    {"last_seen", Measure::Kind::kMax, expr::column("end_time")},
                    {"flows", Measure::Kind::kCount, nullptr},
                    {"bytes", Measure::Kind::kSum, expr::volume_bytes()},
                    {"packets", Measure::Kind::kSum,
                     expr::binary(Expr::Kind::kAdd, expr::column("packets"),
                                  expr::coalesce({expr::column("rev_packets"), expr::number(0)}))},
                    {"sent", Measure::Kind::kSum, expr::column("packets")},
                    {"answered", Measure::Kind::kSum, expr::coalesce({expr::column("rev_packets"), expr::number(0)})}};
  query.order_by = {{"bytes", true}};
  query.limit = kMostPairs;
  query.want_total = true;
  return query;
}

struct Found {
  Contacts contacts;
  std::int64_t at_least = 0;  // pairs that there are
};

Result<void> read_pairs(const Frame& frame, const std::vector<Prefix>& peers, Found& found) {
  const Side& side = frame.period();
  const bool ours = !peers.empty();
  Contacts contacts;  // apart, so that a pair that two questions answer is not counted twice
  for (const Direction& direction : directions(side.vantage)) {
    RW_ASSIGN(const Answer answer, frame.store().run(pair_query(side, direction, peers)));
    const bool from_watched = direction.watched[0] == 's';
    for (const auto& row : answer.rows) {
      const auto* address = std::get_if<Ip>(&row[0]);
      const auto* peer = std::get_if<Ip>(&row[1]);
      if (address == nullptr || peer == nullptr) continue;
      Contact& contact = contacts[{*address, *peer}];
      if (const auto* first = std::get_if<Timestamp>(&row[2])) contact.first = std::min(contact.first, *first);
      if (const auto* last = std::get_if<Timestamp>(&row[3])) contact.last = std::max(contact.last, *last);
      contact.flows += as_int(row[4]);
      contact.bytes += as_int(row[5]);
      contact.packets += as_int(row[6]);
      const bool sent = as_int(row[7]) > 0, answered = as_int(row[8]) > 0;
      contact.outward = contact.outward || (from_watched ? sent : answered);
      contact.inward = contact.inward || (from_watched ? answered : sent);
    }
    found.at_least = std::max(found.at_least, static_cast<std::int64_t>(answer.total.value_or(answer.rows.size())));
  }
  found.at_least = std::max(found.at_least, static_cast<std::int64_t>(contacts.size()));
  for (auto& [key, contact] : contacts) {
    contact.ours = ours;
    if (ours)
      found.contacts[key] = std::move(contact);
    else
      found.contacts.try_emplace(key, std::move(contact));
  }
  return {};
}

// The organisation's contacts all stay; of the others the largest.
std::vector<PairKey> ranked(const Contacts& contacts) {
  std::vector<PairKey> keys;
  for (const auto& [key, contact] : contacts) keys.push_back(key);
  std::stable_sort(keys.begin(), keys.end(), [&](const PairKey& a, const PairKey& b) {
    const Contact& x = contacts.at(a);
    const Contact& y = contacts.at(b);
    return x.ours != y.ours ? x.ours : x.bytes > y.bytes;
  });
  if (keys.size() > kMostContacts) keys.resize(kMostContacts);
  return keys;
}

Result<void> read_services(const Frame& frame, const std::vector<PairKey>& keys, Contacts& contacts) {
  const Side& side = frame.period();
  if (keys.empty()) return {};
  std::vector<std::vector<Value>> tuples;
  for (const PairKey& key : keys) tuples.push_back({key.address, key.peer});
  for (const Direction& direction : directions(side.vantage)) {
    Query query;
    query.table = "flows";
    query.time = side.range;
    const ExprPtr address = expr::column(direction.watched);
    const ExprPtr peer = expr::column(direction.peer);
    query.where = expr::all_of({side.vantage.counted(), direction.where, expr::tuple_in({address, peer}, tuples)});
    query.group_by = {{"address", address}, {"peer", peer}, {"service", expr::app()}};
    query.measures = {{"bytes", Measure::Kind::kSum, expr::volume_bytes()}};
    RW_ASSIGN(const Answer answer, frame.store().run(query));
    for (const auto& row : answer.rows) {
      const auto* a = std::get_if<Ip>(&row[0]);
      const auto* p = std::get_if<Ip>(&row[1]);
      const std::string service = as_string(row[2]);
      if (a == nullptr || p == nullptr || service.empty()) continue;
      const auto found = contacts.find({*a, *p});
      if (found != contacts.end()) found->second.services[service] += as_int(row[3]);
    }
  }
  return {};
}

std::vector<std::string> services_of(const Contact& contact) {
  std::vector<std::pair<std::string, std::int64_t>> all(contact.services.begin(), contact.services.end());
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::vector<std::string> names;
  for (const auto& [name, bytes] : all)
    if (names.size() < kMostServices) names.push_back(name);
  return names;
}

// By the service with most bytes; probes that nobody answered are scans whatever they knocked at.
std::string_view kind_of(const Contact& contact) {
  const bool both = contact.outward && contact.inward;
  if (!both && contact.packets <= kMostPacketsOfAProbe * contact.flows) return "scan";
  static const std::map<std::string, std::string_view, std::less<>> kKinds = {
      {"http", "web"},   {"https", "web"},      {"ssl", "web"},    {"tls", "web"},
      {"quic", "web"},   {"http-proxy", "web"}, {"smtp", "mail"},  {"submission", "mail"},
      {"smtps", "mail"}, {"imap", "mail"},      {"imaps", "mail"}, {"pop3", "mail"},
      {"pop3s", "mail"}, {"dns", "dns"},        {"dot", "dns"},    {"doq", "dns"}};
  const auto names = services_of(contact);
  if (names.empty()) return "other";
  const auto kind = kKinds.find(names.front());
  return kind == kKinds.end() ? "other" : kind->second;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

void tell(const Frame& frame, const Contacts& contacts, const std::vector<PairKey>& keys, std::int64_t total,
          SectionResult& result) {
  constexpr std::size_t kTableRows = 40;
  Document items = Document::list();
  SectionTable table;
  table.caption = frame.say(frame.organisation().prefixes.empty() ? "contacts.table" : "contacts.table_ours");
  table.columns = {{frame.say("word.address"), Unit::kAddress}, {frame.say("word.peer"), Unit::kAddress},
                   {frame.say("word.kind"), Unit::kText},       {frame.say("word.services"), Unit::kText},
                   {frame.say("word.flows"), Unit::kCount},     {frame.say("word.bytes"), Unit::kBytes},
                   {frame.say("word.first_seen"), Unit::kTime}, {frame.say("word.last_seen"), Unit::kTime}};
  std::set<Ip> exchanged, touched;  // addresses of the organisation
  for (const PairKey& key : keys) {
    const Contact& contact = contacts.at(key);
    if (contact.ours) (contact.outward && contact.inward ? exchanged : touched).insert(key.peer);
    const auto services = services_of(contact);
    Document names = Document::list();
    for (const std::string& name : services) names.push(name);
    Document item = Document::object();
    item.set("address", key.address.to_string());
    item.set("peer", key.peer.to_string());
    item.set("kind", kind_of(contact));
    item.set("first_seen", contact.first);
    item.set("last_seen", contact.last);
    item.set("flows", contact.flows);
    item.set("bytes", contact.bytes);
    item.set("services", std::move(names));
    items.push(std::move(item));
    if (table.rows.size() < kTableRows)
      table.rows.push_back({key.address.to_string(), key.peer.to_string() + (contact.ours ? " *" : ""),
                            frame.say(std::string("kind.") + std::string(kind_of(contact))), joined(services),
                            contact.flows, contact.bytes, contact.first, contact.last});
  }
  table.total = total;
  result.numbers.set("items", std::move(items));
  if (keys.empty()) {
    result.sentences.push_back(frame.say("contacts.none"));
    return;
  }
  result.tables.push_back(std::move(table));
  result.sentences.push_back(frame.say("contacts.count", {group_thousands(total)}));
  for (const Ip peer : exchanged) touched.erase(peer);
  const auto count = [](const std::set<Ip>& ips) { return group_thousands(static_cast<std::int64_t>(ips.size())); };
  const bool ours = !frame.organisation().prefixes.empty();
  result.facts.push_back({group_thousands(total), frame.say("contacts.fact"),
                          ours ? frame.say("contacts.fact_ours", {count(exchanged)}) : std::string()});
  if (!ours) return;
  const bool none = exchanged.empty() && touched.empty();
  const std::string text =
      none ? frame.say("contacts.ours_none") : frame.say("contacts.ours", {count(exchanged), count(touched)});
  result.sentences.push_back(text);
  if (!none) result.judgements.push_back({text, exchanged.empty() ? Confidence::kLow : Confidence::kModerate});
}

Result<SectionResult> build(const Frame& frame) {
  SectionResult result;
  Found found;
  RW_TRY(read_pairs(frame, {}, found));
  if (!frame.organisation().prefixes.empty()) {
    RW_TRY(read_pairs(frame, frame.organisation().prefixes, found));
  }
  const auto keys = ranked(found.contacts);
  RW_TRY(read_services(frame, keys, found.contacts));
  const Side& side = frame.period();
  result.method = frame.say("contacts.method");
  result.limits = frame.say("contacts.limits");
  if (found.at_least > static_cast<std::int64_t>(keys.size()))
    result.limits += " " + frame.say("limits.cut", {group_thousands(static_cast<std::int64_t>(keys.size())),
                                                    group_thousands(found.at_least)});
  result.query = flows_command(filter_text(frame.subject(), side.range), side.range, "--by src,dst --sort bytes");
  for (const Quarter& quarter : side.quarters) result.observations += quarter.flows;
  tell(frame, found.contacts, keys, found.at_least, result);
  return result;
}

}  // namespace

extern constinit const Section kContactsSection{
    "contacts", "contacts.question", "pairs of a watched address and a peer, with what they exchange", build};

}  // namespace rw
