// What is asked of the store about DNS tunnels, and the window table read back from its answers.
#include <algorithm>
#include <map>
#include <set>

#include "detect/dns_tunnel.h"
#include "detect/dns_tunnel_parts.h"
#include "detect/thresholds.h"
#include "store/watched.h"

namespace rw::dns_tunnel {
namespace {

namespace limits = thresholds::dns_tunnel;
using Kind = Measure::Kind;

constexpr std::uint64_t kMostGroups = 200'000;      // windows that one answer may bring into memory
constexpr std::size_t kMostKeys = 5'000;            // clients and domains that are looked at closely, loudest first
constexpr std::int64_t kMostSliceRows = 2'000'000;  // messages per close look: their names lie in memory at once
constexpr std::uint64_t kMostSamples = 200'000;
// A name of each length, and two: those of one tunnel differ in kind as they differ in length.
constexpr Duration kSampleWindow = Duration::seconds(5);

ExprPtr column(std::string_view name) { return expr::column(name); }
ExprPtr at_least(ExprPtr what, ExprPtr than) { return expr::binary(Expr::Kind::kGe, std::move(what), std::move(than)); }

// Multicast names are asked of everybody on the link, and carry services, not tunnels.
ExprPtr asked_a_server() {
  return expr::all_of({expr::in(column("transport"), {std::string("udp"), std::string("tcp")}),
                       expr::not_(expr::is_null(column("name")))});
}
ExprPtr has_domain() { return expr::not_(expr::is_null(column("registered_domain"))); }

std::vector<Named> window_keys(Duration width) {
  return {{"client", column("client")},
          {"domain", column("registered_domain")},
          {"window", expr::time_bucket(column("time"), width)},
          {"sensor", column("sensor")}};
}

// The first look takes names that can show one of the signs without which nothing is a tunnel (is_tunnel), because most
// of a day's names are shorter than this and would cost twenty times as much: encoded data of 16 characters
// (kDataBytes) has 23 bytes on the wire below the shortest of registered domains, and so has whatever the known tools
// send for an address; shorter names are taken where their type carries data or where they hold bytes that no host name
// has. The close look takes all.
constexpr std::int64_t kLongName = 23;
ExprPtr can_carry_data() {
  return expr::any_of(
      {at_least(column("name_bytes"), expr::number(kLongName)), data_type(), expr::matches(column("name"), "*\\*")});
}

// Of a tunnel's names, what share the first look takes at least: the others may show no sign.
double least_share(const DetectContext& context) {
  constexpr double kLeast = 0.25;
  return std::max(
      kLeast, std::min({1.0, context.thresholds[limits::kMinTypeShare], context.thresholds[limits::kMinDataShare]}));
}

// Windows that could stand out, cheaply: counts and sums, and how many names.
Query loud_windows(const DetectContext& context) {
  Query query;
  query.table = "dns";
  query.time = context.range;
  query.where =
      expr::all_of({can_carry_data(), asked_a_server(), has_domain(), in_scope(context, "client", "server", "time")});
  query.group_by = window_keys(kHistoryWindow);
  query.measures = {{kQueries, Kind::kCount, nullptr},
                    {kNameBytes, Kind::kSum, column("name_bytes")},
                    {std::string(kLoudNames), Kind::kDistinct, column("name")}};
  const auto taken = [&](const Threshold& threshold) {
    return expr::number(static_cast<std::int64_t>(context.thresholds[threshold] * least_share(context)));
  };
  query.having = expr::all_of(
      {at_least(column(kLoudNames), taken(limits::kMinNames)), at_least(column(kNameBytes), taken(limits::kMinBytes))});
  query.order_by = {{std::string(kLoudNames), true}};
  query.limit = kMostGroups;
  return query;
}

struct LoudKey {
  Ip client;
  std::string domain;
  friend auto operator<=>(const LoudKey&, const LoudKey&) = default;
};
struct Loud {
  double bytes = 0;  // of different names before the domain, about, in the loudest window
  Timestamp first;
  Timestamp loudest;
};

// The loudest keys of the first answer; `rows` gets how many messages fell into each of their windows.
std::map<LoudKey, Loud> loud_keys(const DetectContext& context, const Answer& answer,
                                  std::map<Timestamp, std::int64_t>& rows) {
  std::map<LoudKey, Loud> all;
  std::vector<std::pair<Timestamp, std::int64_t>> windows;
  for (const auto& row : answer.rows) {
    const auto* client = std::get_if<Ip>(&row[0]);
    const auto* start = std::get_if<Timestamp>(&row[2]);
    if (client == nullptr || start == nullptr) continue;
    const std::string domain = as_string(row[1]);
    const double queries = std::max(1.0, as_double(row[4]));
    const double each = as_double(row[5]) / queries - 1 - static_cast<double>(wire_bytes(domain));
    const double bytes = each * as_double(row[6]);
    if (bytes < context.thresholds[limits::kMinBytes] * least_share(context) / 4)
      continue;  // an estimate: names differ in length
    rows[*start] += as_int(row[4]);
    const auto [found, fresh] = all.try_emplace({*client, domain}, Loud{bytes, *start, *start});
    Loud& loud = found->second;
    loud.first = std::min(loud.first, *start);
    if (!fresh && bytes > loud.bytes) loud.bytes = bytes, loud.loudest = *start;
  }
  if (all.size() <= kMostKeys) return all;
  std::vector<double> sizes;
  for (const auto& [key, loud] : all) sizes.push_back(loud.bytes);
  std::nth_element(sizes.begin(), sizes.begin() + kMostKeys, sizes.end(), std::greater<>());
  std::erase_if(all, [least = sizes[kMostKeys]](const auto& entry) { return entry.second.bytes <= least; });
  return all;
}

Query samples_question(TimeRange time, std::vector<std::vector<Value>> windows) {
  Query query;
  query.table = "dns";
  query.time = time;
  query.where = expr::all_of({asked_a_server(), expr::tuple_in({column("client"), column("registered_domain"),
                                                                expr::time_bucket(column("time"), kHistoryWindow)},
                                                               std::move(windows))});
  query.group_by = {{"client", column("client")},
                    {"domain", column("registered_domain")},
                    {"sample", expr::time_bucket(column("time"), kSampleWindow)},
                    {"type", column("type")},
                    {"name_bytes", column("name_bytes")}};
  query.measures = {{std::string(kLowestName), Kind::kMin, column("name")},
                    {"highest_name", Kind::kMax, column("name")}};
  query.order_by = {{"sample", false}};
  query.limit = kMostSamples;
  return query;
}

Query baseline_question(const DetectContext& context, std::vector<std::vector<Value>> clients) {
  Query query;
  query.table = "dns";
  query.time = context.range;
  query.where = expr::all_of({asked_a_server(), expr::tuple_in({column("client")}, std::move(clients))});
  query.group_by = {{"client", column("client")}, {"sensor", column("sensor")}};
  const ExprPtr window = expr::time_bucket(column("time"), kHistoryWindow);
  Measure pairs{std::string(kDomainWindows), Kind::kDistinct, nullptr};
  pairs.tuple = {column("registered_domain"), window};
  query.measures = {pairs,
                    {"windows", Kind::kDistinct, window},
                    {"queries", Kind::kCount, nullptr},
                    {"name_bytes", Kind::kSum, column("name_bytes")},
                    {"query_bytes", Kind::kSum, column("query_bytes")},
                    {"sized_queries", Kind::kCount, column("query_bytes")},
                    {"response_bytes", Kind::kSum, column("response_bytes")},
                    {"sized_responses", Kind::kCount, column("response_bytes")}};
  return query;
}

}  // namespace

Query windows_question(TimeRange time, Duration width, ExprPtr where) {
  Query names;
  names.table = "dns";
  names.time = time;
  names.where = expr::all_of({asked_a_server(), has_domain(), where ? std::move(where) : expr::all_of({})});
  names.group_by = window_keys(width);
  names.group_by.push_back({"name", column("name")});
  names.measures = {{"first", Kind::kMin, column("time")},
                    {"last", Kind::kMax, column("time")},
                    {"queries", Kind::kCount, nullptr},
                    {"responses", Kind::kCount, column("rcode")},
                    {"name_bytes", Kind::kMax, column("name_bytes")},
                    {"query_bytes", Kind::kSum, column("query_bytes")},
                    {"sized_queries", Kind::kCount, column("query_bytes")},
                    {"response_bytes", Kind::kSum, column("response_bytes")},
                    {"sized_responses", Kind::kCount, column("response_bytes")},
                    {"data_queries", Kind::kCount, nullptr, data_type()},
                    {"first_server", Kind::kMin, column("server")},
                    {"last_server", Kind::kMax, column("server")}};
  Query query;
  query.from = std::make_shared<const Query>(std::move(names));
  for (const char* key : {"client", "domain", "window", "sensor"}) query.group_by.push_back({key, column(key)});
  query.measures = {{"first", Kind::kMin, column("first")},
                    {"last", Kind::kMax, column("last")},
                    {"queries", Kind::kSum, column("queries")},
                    {"responses", Kind::kSum, column("responses")},
                    {"names", Kind::kCount, nullptr},
                    {std::string(kUniqueNameBytes), Kind::kSum, column("name_bytes")},
                    {"query_bytes", Kind::kSum, column("query_bytes")},
                    {"sized_queries", Kind::kSum, column("sized_queries")},
                    {"response_bytes", Kind::kSum, column("response_bytes")},
                    {"sized_responses", Kind::kSum, column("sized_responses")},
                    {"data_queries", Kind::kSum, column("data_queries")},
                    {"first_server", Kind::kMin, column("first_server")},
                    {"last_server", Kind::kMax, column("last_server")}};
  return query;
}

std::vector<Window> windows_of(const Answer& answer) {
  std::vector<Window> windows;
  windows.reserve(answer.rows.size());
  for (const auto& row : answer.rows) {
    const auto* client = std::get_if<Ip>(&row[0]);
    const auto* start = std::get_if<Timestamp>(&row[2]);
    const auto* first = std::get_if<Timestamp>(&row[4]);
    const auto* last = std::get_if<Timestamp>(&row[5]);
    if (client == nullptr || start == nullptr || first == nullptr || last == nullptr) continue;
    Window w{.client = *client,
             .domain = as_string(row[1]),
             .start = *start,
             .sensor = as_string(row[3]),
             .first = *first,
             .last = *last};
    std::int64_t* const counts[] = {&w.queries,           &w.responses,       &w.names,
                                    &w.unique_name_bytes, &w.query_bytes,     &w.sized_queries,
                                    &w.response_bytes,    &w.sized_responses, &w.data_queries};
    for (std::size_t i = 0; i < std::size(counts); ++i) *counts[i] = as_int(row[6 + i]);
    if (const auto* server = std::get_if<Ip>(&row[15])) w.first_server = *server;
    if (const auto* server = std::get_if<Ip>(&row[16])) w.last_server = *server;
    windows.push_back(std::move(w));
  }
  return windows;
}

namespace {

// A close look at the keys that could stand out: their windows, names of theirs, and what else their clients ask.
std::vector<Query> second_message_questions(const DetectContext& context, std::span<const Answer> first) {
  const Answer* loud = answer_with(first, kLoudNames);
  if (loud == nullptr) return {};
  std::map<Timestamp, std::int64_t> rows;
  const auto keys = loud_keys(context, *loud, rows);
  if (keys.empty()) return {};
  std::vector<std::vector<Value>> pairs, windows;
  std::set<Ip> clients;
  for (const auto& [key, at] : keys) {
    pairs.push_back({key.client, key.domain});
    windows.push_back({key.client, key.domain, at.first});
    if (at.loudest != at.first) windows.push_back({key.client, key.domain, at.loudest});
    clients.insert(key.client);
  }
  std::vector<Query> queries;
  const ExprPtr where = expr::tuple_in({column("client"), column("registered_domain")}, pairs);
  TimeRange slice{rows.begin()->first, rows.begin()->first};
  const TimeRange whole{rows.begin()->first, rows.rbegin()->first + kHistoryWindow};
  std::int64_t messages = 0;
  for (const auto& [start, count] : rows) {
    if (messages > 0 && messages + count > kMostSliceRows) {
      queries.push_back(windows_question({slice.from, start}, kHistoryWindow, where));
      slice.from = start;
      messages = 0;
    }
    messages += count;
  }
  queries.push_back(windows_question({slice.from, whole.to}, kHistoryWindow, where));
  queries.push_back(samples_question(whole, std::move(windows)));
  std::vector<std::vector<Value>> who;
  for (const Ip client : clients) who.push_back({client});
  queries.push_back(baseline_question(context, std::move(who)));
  return queries;
}

}  // namespace

ExprPtr in_scope(const DetectContext& context, std::string_view client, std::string_view server,
                 std::string_view time) {
  std::vector<ExprPtr> any;
  for (const std::string_view end : {client, server}) {
    if (!context.organisation.prefixes.empty()) any.push_back(expr::in_prefixes(end, context.organisation.prefixes));
    for (const Subject& subject : context.subjects) any.push_back(watched_condition(subject, context.range, end, time));
  }
  return any.empty() ? expr::all_of({}) : expr::any_of(std::move(any));
}

bool is_in_scope(const DetectContext& context, const Ip& client, const Ip& server, Timestamp time) {
  if (context.organisation.prefixes.empty() && context.subjects.empty()) return true;
  for (const Ip& end : {client, server}) {
    for (const Prefix& prefix : context.organisation.prefixes)
      if (prefix.contains(end)) return true;
    for (const Subject& subject : context.subjects)
      if (subject.watches(end, time)) return true;
  }
  return false;
}

ExprPtr data_type() {
  std::vector<Value> types;
  for (const std::uint16_t type : {kTypeCname, kTypeNull, kTypeMx, kTypeTxt, kTypeKey, kTypeSrv})
    types.emplace_back(std::int64_t{type});
  return expr::any_of(
      {expr::in(column("type"), std::move(types)), at_least(column("type"), expr::number(kFirstPrivateType))});
}

const Answer* answer_with(std::span<const Answer> answers, std::string_view column) {
  for (const Answer& answer : answers)
    if (answer.column(column) >= 0) return &answer;
  return nullptr;
}

std::vector<Query> first_questions(const DetectContext& context) {
  std::vector<Query> queries = {loud_windows(context), unknown_places_question(context),
                                shared_domains_question(context)};
  for (Query& query : first_flow_questions(context)) queries.push_back(std::move(query));
  return queries;
}

std::vector<Query> second_questions(const DetectContext& context, std::span<const Answer> first) {
  std::vector<Query> queries = second_message_questions(context, first);
  for (Query& query : unknown_names_questions(context, first)) queries.push_back(std::move(query));
  for (Query& query : shared_samples_questions(context, first)) queries.push_back(std::move(query));
  for (Query& query : second_flow_questions(context, first)) queries.push_back(std::move(query));
  return queries;
}

}  // namespace rw::dns_tunnel
