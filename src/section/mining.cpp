// Section `mining`: which coins the subject mines or passes on, by what was said and by port, and how that changed.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "base/quantity.h"
#include "section/section.h"
#include "store/watched.h"

namespace rw {
namespace {

// ---- what payloads prove

constexpr std::uint64_t kMostSessions = 100'000;  // rows of table mining that are looked at, the latest
constexpr std::uint64_t kMostPairs = 50'000;      // pairs of a watched address and a peer, by bytes

struct Session {
  Ip client, server;
  std::int64_t server_port = 0;
  std::string kind, coin, worker;
  Timestamp start, end;
  std::int64_t messages = 0;
};

Result<std::vector<Session>> read_sessions(const Frame& frame) {
  const Subject& subject = frame.subject();
  Query query;
  query.table = "mining";
  // What a port at a server is was proven whenever it was seen, be it before the period.
  query.time = {kAllTime.from, frame.period().range.to};
  query.where = expr::any_of({watched_condition(subject, query.time, "client", "time"),
                              watched_condition(subject, query.time, "server", "time")});
  for (const char* name : {"client", "server", "server_port", "kind", "coin", "protocol", "worker", "time", "end_time"})
    query.select.push_back({name, expr::column(name)});
  query.select.push_back(
      {"messages", expr::binary(Expr::Kind::kAdd, expr::column("messages"), expr::column("rev_messages"))});
  query.order_by = {{"time", true}};
  query.limit = kMostSessions;
  RW_ASSIGN(const Answer answer, frame.store().run(query));
  std::vector<Session> sessions;
  for (const auto& row : answer.rows) {
    const auto* client = std::get_if<Ip>(&row[0]);
    const auto* server = std::get_if<Ip>(&row[1]);
    const auto* start = std::get_if<Timestamp>(&row[7]);
    const auto* end = std::get_if<Timestamp>(&row[8]);
    if (client == nullptr || server == nullptr || start == nullptr || end == nullptr) continue;
    std::string coin = as_string(row[4]);
    const std::string protocol = as_string(row[5]);
    if (coin.empty() && (protocol == "levin" || protocol == "bitcoin"))
      coin = protocol == "levin" ? "monero" : "bitcoin";
    sessions.push_back(
        {*client, *server, as_int(row[2]), as_string(row[3]), coin, as_string(row[6]), *start, *end, as_int(row[9])});
  }
  return sessions;
}

// Kind and coin; the coin is "" where nothing says it.
using Use = std::pair<std::string, std::string>;
using Endpoint = std::pair<Ip, std::int64_t>;

// What each server and port was proven to be: the use that most sessions show.
std::map<Endpoint, Use> proven(const std::vector<Session>& sessions) {
  std::map<Endpoint, std::map<Use, int>> votes;
  for (const Session& session : sessions) ++votes[{session.server, session.server_port}][{session.kind, session.coin}];
  std::map<Endpoint, Use> result;
  for (const auto& [endpoint, uses] : votes) {
    const auto rank = [](const auto& vote) {
      return std::pair(!vote.first.second.empty(), vote.second);
    };  // a coin first
    result[endpoint] = std::max_element(uses.begin(), uses.end(), [&](const auto& a, const auto& b) {
                         return rank(a) < rank(b);
                       })->first;
  }
  return result;
}

// ---- which flows are which use

struct Coin {
  std::string_view name;
  std::array<std::int64_t, 2> ports;
};
constexpr Coin kCoins[] = {{"bitcoin", {8332, 8333}}, {"monero", {18080, 18081}}, {"litecoin", {9332, 9333}}};
constexpr std::array<std::int64_t, 2> kPoolPorts = {3333, 7777};
constexpr std::int64_t kLeastClientPort = 1024;
constexpr std::int64_t kLeastPackets = 3;

std::string label_of(const Use& use, std::string_view evidence) {
  return use.first + "|" + use.second + "|" + std::string(evidence);
}

ExprPtr at_endpoints(const std::vector<std::vector<Value>>& tuples) {
  return expr::any_of({expr::tuple_in({expr::column("dst"), expr::column("dst_port")}, tuples),
                       expr::tuple_in({expr::column("src"), expr::column("src_port")}, tuples)});
}

// TCP to one of the ports, or a one-way sensor's record of the answer. Sensors that know the payload are believed: what
// they call something else is something else.
ExprPtr at_ports(std::span<const std::int64_t> ports) {
  const std::vector<Value> values(ports.begin(), ports.end());
  const auto least = [](std::string_view column) {
    return expr::binary(Expr::Kind::kGe, expr::column(column), expr::number(kLeastClientPort));
  };
  const ExprPtr there = expr::all_of({expr::in(expr::column("dst_port"), values), least("src_port")});
  const ExprPtr back = expr::all_of(
      {expr::in(expr::column("src_port"), values), least("dst_port"), expr::is_null(expr::column("rev_packets"))});
  return expr::all_of({expr::eq(expr::column("proto"), expr::number(6)), expr::is_null(expr::column("app")),
                       expr::binary(Expr::Kind::kGe, expr::volume_packets(), expr::number(kLeastPackets)),
                       expr::any_of({there, back})});
}

// A node has many peers, few of whose payloads are seen: on the port where it was proven, it is one with all of them.
ExprPtr from_nodes(const std::vector<std::vector<Value>>& tuples) {
  return expr::any_of({expr::tuple_in({expr::column("src"), expr::column("dst_port")}, tuples),
                       expr::tuple_in({expr::column("dst"), expr::column("src_port")}, tuples)});
}

// Null where a flow has nothing to do with coins.
ExprPtr label_expression(const Frame& frame, const std::vector<Session>& sessions,
                         const std::map<Endpoint, Use>& endpoints) {
  std::map<Use, std::vector<std::vector<Value>>> tuples, nodes;
  for (const auto& [endpoint, use] : endpoints) tuples[use].push_back({endpoint.first, endpoint.second});
  std::set<std::tuple<Use, Ip, std::int64_t>> known;
  for (const Session& session : sessions) {
    const Use& use = endpoints.at({session.server, session.server_port});
    if (use.first == "node" && frame.subject().watches(session.client, session.start) &&
        known.emplace(use, session.client, session.server_port).second)
      nodes[use].push_back({session.client, session.server_port});
  }
  std::vector<std::pair<ExprPtr, ExprPtr>> cases;
  for (const auto& [use, ends] : nodes) cases.emplace_back(from_nodes(ends), expr::text(label_of(use, "payload")));
  for (const auto& [use, ends] : tuples) cases.emplace_back(at_endpoints(ends), expr::text(label_of(use, "payload")));
  const auto by_app = [&](std::string_view app, const Use& use) {
    cases.emplace_back(expr::eq(expr::column("app"), expr::text(app)), expr::text(label_of(use, "payload")));
  };
  by_app("stratum", {"pool", ""});
  by_app("stratum2", {"pool", ""});
  by_app("bitcoin", {"node", "bitcoin"});
  by_app("levin", {"node", "monero"});
  for (const Coin& coin : kCoins)
    cases.emplace_back(at_ports(coin.ports), expr::text(label_of({"node", std::string(coin.name)}, "port")));
  cases.emplace_back(at_ports(kPoolPorts), expr::text(label_of({"pool", ""}, "port")));
  return expr::classify(std::move(cases));
}

// ---- items

struct Item {
  std::string kind, coin, evidence;
  std::map<std::int64_t, double> days;  // local day -> bytes
  std::int64_t bytes = 0;
  std::int64_t flows = 0;
  Timestamp first = kAllTime.to;
  std::map<Ip, std::int64_t> addresses;  // watched, with bytes
  std::set<Ip> peers;
  std::optional<std::int64_t> machines;
  std::optional<double> messages_per_day;
  std::optional<std::int64_t> change_day;
  std::optional<double> change_ratio;
};
using Items = std::map<std::string, Item>;  // by label

Item& item_of(Items& items, const std::string& label) {
  Item& item = items[label];
  const std::size_t one = label.find('|'), two = label.rfind('|');
  item.kind = label.substr(0, one);
  item.coin = label.substr(one + 1, two - one - 1);
  item.evidence = label.substr(two + 1);
  return item;
}

Result<void> read_days(const Frame& frame, const ExprPtr& label, const ExprPtr& where, Items& items) {
  Query query;
  query.table = "flows";
  query.time = frame.period().range;
  query.where = where;
  query.group_by = {{"label", label}, {"day", expr::time_bucket(expr::column("start_time"), kQuarter)}};
  query.measures = {{"bytes", Measure::Kind::kSum, expr::volume_bytes()},
                    {"flows", Measure::Kind::kCount, nullptr},
                    {"first", Measure::Kind::kMin, expr::column("start_time")}};
  RW_ASSIGN(const Answer answer, frame.store().run(query));
  for (const auto& row : answer.rows) {
    const auto* quarter = std::get_if<Timestamp>(&row[1]);
    const auto* first = std::get_if<Timestamp>(&row[4]);
    if (quarter == nullptr || first == nullptr) continue;
    Item& item = item_of(items, as_string(row[0]));
    item.days[frame.clock().at(*quarter).day] += as_double(row[2]);
    item.bytes += as_int(row[2]);
    item.flows += as_int(row[3]);
    item.first = std::min(item.first, *first);
  }
  return {};
}

Result<void> read_ends(const Frame& frame, const ExprPtr& label, const ExprPtr& where, Items& items) {
  const Vantage& vantage = frame.period().vantage;
  for (const bool outward : {true, false}) {
    Query query;
    query.table = "flows";
    query.time = frame.period().range;
    query.where =
        expr::all_of({where, outward ? vantage.src_watched()
                                     : expr::all_of({vantage.dst_watched(), expr::not_(vantage.src_watched())})});
    query.group_by = {{"label", label},
                      {"address", expr::column(outward ? "src" : "dst")},
                      {"peer", expr::column(outward ? "dst" : "src")}};
    query.measures = {{"bytes", Measure::Kind::kSum, expr::volume_bytes()}};
    query.order_by = {{"bytes", true}};
    query.limit = kMostPairs;
    RW_ASSIGN(const Answer answer, frame.store().run(query));
    for (const auto& row : answer.rows) {
      const auto* address = std::get_if<Ip>(&row[1]);
      const auto* peer = std::get_if<Ip>(&row[2]);
      if (address == nullptr || peer == nullptr) continue;
      Item& item = item_of(items, as_string(row[0]));
      item.addresses[*address] += as_int(row[3]);
      item.peers.insert(*peer);
    }
  }
  return {};
}

// Most sessions of one client at the same time.
std::int64_t simultaneous(std::vector<std::pair<Timestamp, Timestamp>> spans) {
  std::vector<std::pair<Timestamp, int>> edges;
  for (const auto& [start, end] : spans) {
    edges.emplace_back(start, 1);
    edges.emplace_back(end, -1);  // before a start at the same moment: one machine that reconnects
  }
  std::sort(edges.begin(), edges.end());
  std::int64_t open = 0, most = 1;
  for (const auto& [time, step] : edges) most = std::max<std::int64_t>(most, open += step);
  return most;
}

void add_sessions(const Frame& frame, const std::vector<Session>& sessions, const std::map<Endpoint, Use>& endpoints,
                  Items& items) {
  struct Seen {
    std::map<Ip, std::set<std::string>> workers;
    std::map<Ip, std::vector<std::pair<Timestamp, Timestamp>>> spans;
    std::set<std::int64_t> days;
    double messages = 0;
  };
  std::map<std::string, Seen> seen;
  for (const Session& session : sessions) {
    if (!frame.period().range.contains(session.start)) continue;
    const std::string label = label_of(endpoints.at({session.server, session.server_port}), "payload");
    Seen& use = seen[label];
    if (!session.worker.empty()) use.workers[session.client].insert(session.worker);
    use.spans[session.client].emplace_back(session.start, session.end);
    use.days.insert(frame.clock().at(session.start).day);
    use.messages += static_cast<double>(session.messages);
    Item& item = item_of(items, label);  // also where no sensor that counts saw its flows
    item.first = std::min(item.first, session.start);
    if (frame.subject().watches(session.client, session.start)) {
      item.addresses.try_emplace(session.client, 0);
      item.peers.insert(session.server);
    } else {
      item.addresses.try_emplace(session.server, 0);
      item.peers.insert(session.client);
    }
  }
  for (auto& [label, use] : seen) {
    Item& item = items[label];
    item.messages_per_day = use.messages / static_cast<double>(use.days.size());
    std::int64_t machines = 1;
    for (const auto& [client, names] : use.workers)
      machines = std::max(machines, static_cast<std::int64_t>(names.size()));
    if (item.kind == "pool")  // a node has many sessions at once
      for (const auto& [client, spans] : use.spans) machines = std::max(machines, simultaneous(spans));
    item.machines = machines;
  }
}

// The clearest change of level from the first day of use on, and the daily means on its two sides.
void find_change(const Frame& frame, Item& item) {
  if (item.days.empty()) return;
  std::vector<DayVolume> days;
  for (const Frame::Day& day : frame.days(frame.period())) {
    if (day.volume.day < item.days.begin()->first) continue;
    const auto found = item.days.find(day.volume.day);
    days.push_back({day.volume.day, found == item.days.end() ? 0 : found->second, day.volume.hours});
  }
  std::optional<ChangePoint> clearest;
  const auto size = [](const ChangePoint& point) { return std::abs(std::log(point.after / point.before)); };
  for (const ChangePoint& point : change_points(days))
    if (point.before > 0 && point.after > 0 && (!clearest || size(point) > size(*clearest))) clearest = point;
  if (!clearest) return;
  const auto split =
      std::find_if(days.begin(), days.end(), [&](const DayVolume& day) { return day.day >= clearest->day; });
  const auto before = mean_daily(std::span(days.begin(), split)), after = mean_daily(std::span(split, days.end()));
  // Levels are told by geometric means; where the arithmetic ones say that nothing changed, nothing did.
  if (!before || !after || *before <= 0 || *after <= 0) return;
  if (std::abs(std::log(*after / *before)) < std::log(ChangePointOptions().minimum_shift)) return;
  item.change_day = clearest->day;
  item.change_ratio = *after / *before;
}

// ---- what is told

std::map<std::string, std::int64_t> months_of(const Frame& frame, const Item& item) {
  std::map<std::string, std::int64_t> months;
  for (const Frame::Day& day : frame.days(frame.period())) months[format_date(day.volume.day).substr(0, 7)] += 0;
  for (const auto& [day, bytes] : item.days) months[format_date(day).substr(0, 7)] += static_cast<std::int64_t>(bytes);
  return months;
}

std::vector<std::pair<Ip, std::int64_t>> ranked(const std::map<Ip, std::int64_t>& addresses) {
  std::vector<std::pair<Ip, std::int64_t>> all(addresses.begin(), addresses.end());
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  return all;
}

std::string_view confidence_of(const Item& item) { return item.evidence == "payload" ? "high" : "low"; }

Document document_of(const Frame& frame, const Item& item) {
  Document d = Document::object();
  d.set("coin", item.coin.empty() ? Document() : Document(item.coin));
  d.set("kind", item.kind);
  d.set("evidence", item.evidence);
  d.set("confidence", confidence_of(item));
  Document addresses = Document::list();
  for (const auto& [address, bytes] : ranked(item.addresses)) addresses.push(address.to_string());
  d.set("addresses", std::move(addresses));
  d.set("machines_at_least", item.machines);
  d.set("peers", static_cast<std::int64_t>(item.peers.size()));
  const bool counted = item.flows > 0;
  d.set("bytes", counted ? Document(item.bytes) : Document());
  d.set("flows", counted ? Document(item.flows) : Document());
  d.set("messages_per_day", item.messages_per_day);
  d.set("first_seen", item.first);
  d.set("change_date", item.change_day ? Document(format_date(*item.change_day)) : Document());
  d.set("change_ratio", item.change_ratio);
  Document monthly = Document::list();
  for (const auto& [month, bytes] : months_of(frame, item)) {
    Document one = Document::object();
    one.set("month", month);
    one.set("bytes", counted ? Document(bytes) : Document());
    monthly.push(std::move(one));
  }
  d.set("monthly", std::move(monthly));
  return d;
}

std::string name_of(const Frame& frame, const Item& item) {
  const std::string coin = item.coin.empty() ? frame.say("mining.unknown_coin") : item.coin;
  return frame.say("mining." + item.kind + "_" + item.evidence, {coin});
}

SectionTable table_of(const Frame& frame, const std::vector<const Item*>& items) {
  SectionTable table;
  table.caption = frame.say("mining.table");
  table.columns = {{frame.say("word.kind"), Unit::kText},       {frame.say("word.confidence"), Unit::kText},
                   {frame.say("word.address"), Unit::kAddress}, {frame.say("mining.machines"), Unit::kCount},
                   {frame.say("mining.peers"), Unit::kCount},   {frame.say("word.flows"), Unit::kCount},
                   {frame.say("word.bytes"), Unit::kBytes},     {frame.say("word.first_seen"), Unit::kDate},
                   {frame.say("mining.change"), Unit::kDate},   {frame.say("mining.ratio"), Unit::kRatio}};
  for (const Item* item : items) {
    const auto addresses = ranked(item->addresses);
    std::string address = addresses.empty() ? "" : addresses.front().first.to_string();
    if (addresses.size() > 1) address += " +" + std::to_string(addresses.size() - 1);
    table.rows.push_back(
        {name_of(frame, *item), confidence_of(*item), address, item->machines,
         static_cast<std::int64_t>(item->peers.size()), item->flows, item->bytes, item->first.to_string().substr(0, 10),
         item->change_day ? Document(format_date(*item->change_day)) : Document(), item->change_ratio});
  }
  table.total = static_cast<std::int64_t>(table.rows.size());
  return table;
}

SectionFigure figure_of(const Frame& frame, const std::vector<const Item*>& items) {
  SectionFigure figure{"figure-mining", "monthly", frame.say("mining.figure"), {}, Document::object()};
  Document months = Document::list(), series = Document::list();
  std::string largest_month;
  std::int64_t largest = -1;
  for (const auto& [month, bytes] : months_of(frame, *items.front())) months.push(month + "-01");
  for (const Item* item : items) {
    Document one = Document::object(), values = Document::list();
    for (const auto& [month, bytes] : months_of(frame, *item)) {
      values.push(bytes);
      if (bytes > largest) {
        largest = bytes;
        largest_month = month;
      }
    }
    one.set("name", name_of(frame, *item));
    one.set("bytes", std::move(values));
    series.push(std::move(one));
  }
  figure.data.set("months", std::move(months));
  figure.data.set("series", std::move(series));
  figure.description = frame.say("mining.figure_text", {group_thousands(static_cast<std::int64_t>(items.size())),
                                                        largest_month, human_bytes(static_cast<double>(largest))});
  return figure;
}

void tell(const Frame& frame, const std::vector<const Item*>& items, SectionResult& result) {
  if (items.empty()) {
    result.sentences.push_back(frame.say("mining.none"));
    return;
  }
  std::int64_t by_payload = 0;
  for (const Item* item : items) {
    const bool payload = item->evidence == "payload";
    by_payload += payload ? item->bytes : 0;
    std::string text = frame.say("mining.item", {name_of(frame, *item), human_bytes(static_cast<double>(item->bytes)),
                                                 group_thousands(static_cast<std::int64_t>(item->addresses.size())),
                                                 group_thousands(static_cast<std::int64_t>(item->peers.size()))});
    if (item->machines.value_or(0) > 1) text += " " + frame.say("mining.behind", {group_thousands(*item->machines)});
    if (item->change_day)
      text += " " + frame.say(*item->change_ratio >= 1 ? "mining.grew" : "mining.shrank",
                              {format_date(*item->change_day), human_number(*item->change_ratio)});
    if (payload) result.judgements.push_back({text, Confidence::kHigh});
    result.sentences.push_back(std::move(text));
  }
  const bool any = by_payload > 0;
  result.facts.push_back(
      {any ? human_bytes(static_cast<double>(by_payload)) : group_thousands(static_cast<std::int64_t>(items.size())),
       frame.say(any ? "mining.fact" : "mining.fact_port"), std::string()});
  result.tables.push_back(table_of(frame, items));
  const bool counted = std::any_of(items.begin(), items.end(), [](const Item* item) { return item->flows > 0; });
  if (counted) result.figures.push_back(figure_of(frame, items));
}

Result<SectionResult> build(const Frame& frame) {
  SectionResult result;
  const Side& side = frame.period();
  RW_ASSIGN(const auto sessions, read_sessions(frame));
  const auto endpoints = proven(sessions);
  const ExprPtr label = label_expression(frame, sessions, endpoints);
  const ExprPtr where = expr::all_of({side.vantage.counted(), expr::not_(expr::is_null(label))});
  Items found;
  RW_TRY(read_days(frame, label, where, found));
  RW_TRY(read_ends(frame, label, where, found));
  add_sessions(frame, sessions, endpoints, found);
  std::vector<const Item*> items;
  for (auto& [name, item] : found) {
    find_change(frame, item);
    items.push_back(&item);
    result.observations += item.flows;
  }
  std::stable_sort(items.begin(), items.end(), [](const Item* a, const Item* b) {
    const bool proven_a = a->evidence == "payload", proven_b = b->evidence == "payload";
    return proven_a != proven_b ? proven_a : a->bytes > b->bytes;
  });
  Document list = Document::list();
  for (const Item* item : items) list.push(document_of(frame, *item));
  result.numbers.set("items", std::move(list));
  result.method = frame.say("mining.method");
  result.limits = frame.say("mining.limits");
  std::string ports;
  for (const Coin& coin : kCoins)
    for (const std::int64_t port : coin.ports) ports += "port " + std::to_string(port) + " or ";
  for (const std::int64_t port : kPoolPorts)
    ports += "port " + std::to_string(port) + (port == kPoolPorts.back() ? "" : " or ");
  result.query = flows_command("(" + filter_text(frame.subject(), side.range) + ") and tcp and (" + ports + ")",
                               side.range, "--by src,dst,dst_port --sort bytes");
  tell(frame, items, result);
  return result;
}

}  // namespace

extern constinit const Section kMiningSection{
    "mining", "mining.question", "coins that the subject mines or passes on, by payload and by port, with their change",
    build};

}  // namespace rw
