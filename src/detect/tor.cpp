// Detector tor: connections into the Tor network, by payload, by lists of relays, and by names drawn by lot.
#include <algorithm>
#include <map>
#include <set>

#include "base/quantity.h"
#include "detect/detector.h"
#include "detect/episodes.h"
#include "detect/scope.h"
#include "detect/thresholds.h"
#include "detect/tor_names.h"

namespace rw {
namespace {

namespace limits = thresholds::tor;

constexpr EvidenceKind kEvidence[] = {EvidenceKind::kPayload, EvidenceKind::kList, EvidenceKind::kBehaviour};

std::vector<Query> queries(const DetectContext& context);
std::vector<Query> follow_up(const DetectContext& context, std::span<const Answer> answers);
std::vector<Finding> decide(const DetectContext& context, std::span<const Answer> answers);

}  // namespace

extern constinit const Detector kTorDetector{
    .id = "tor",
    .title = "Connection into the Tor network",
    .technique = "T1090.003",
    .may_be_wrong_because =
        "a relay's address can serve other things too and changes hands, lists have dates, and software that makes up "
        "names of its own looks like Tor where names are all the evidence",
    .evidence = kEvidence,
    .thresholds = limits::kAll,
    .quiet_gap = limits::kQuietGap,
    .doc =
        "Four signs, told by name: what a sensor knows as Tor by its payload; a certificate of the form that only "
        "relays "
        "show; an address that a list of Tor relays had at the time (stronger where TLS asked for a name of Tor's "
        "form); and several names of that form, drawn by lot, at several servers, that nobody asked a resolver for. "
        "The "
        "form of a name alone is never a finding: www.facebook.com has it. One finding for each client; a watched "
        "space "
        "is told by prefix, never by address. Medium where the client is ours.",
    .queries = queries,
    .follow_up = follow_up,
    .decide = decide,
};

namespace {

// ---- questions

constexpr std::size_t kQuestions = 3;  // of each scope: payload, list, names
constexpr std::size_t kKeys = 2;       // client, server
constexpr std::uint64_t kMostNameRows = 200'000;
constexpr std::size_t kMostNamesAsked = 5'000;  // of a resolver, in the follow-up

const std::vector<ExtraMeasure>& list_extras() {
  static const auto* const kExtras = new std::vector<ExtraMeasure>{
      {{"named", Measure::Kind::kCount, nullptr, expr::matches(expr::column("server_name"), "www.*.com")}}};
  return *kExtras;
}

// Names with a digit of base32 in them: four of five that Tor draws, and few that people write.
Query names_query(const DetectContext& context, const Scope& scope) {
  std::vector<ExprPtr> digits;
  for (char digit = '2'; digit <= '7'; ++digit)
    digits.push_back(expr::matches(expr::column("server_name"), std::string("www.*") + digit + "*.com"));
  const ExprPtr certificate = expr::all_of(
      {expr::matches(expr::column("subject"), "CN=www.*.net"), expr::matches(expr::column("issuer"), "CN=www.*.com")});
  Query query;
  query.table = "tls";
  query.time = context.range;
  query.where = expr::all_of(
      {expr::any_of({expr::any_of(std::move(digits)), certificate}), scope_address(context, scope, "src", "time")});
  query.group_by = {{"client", expr::column("src")},       {"server", expr::column("dst")},
                    {"name", expr::column("server_name")}, {"subject", expr::column("subject")},
                    {"issuer", expr::column("issuer")},    {"day", expr::time_bucket(expr::column("time"), kDay)}};
  query.measures = {{"first", Measure::Kind::kMin, expr::column("time")},
                    {"last", Measure::Kind::kMax, expr::column("time")},
                    {"hellos", Measure::Kind::kCount, nullptr}};
  query.order_by = {{"hellos", false}};  // a name drawn by lot is used once
  query.limit = kMostNameRows;
  return query;
}

std::vector<Query> queries(const DetectContext& context) {
  std::vector<Query> all;
  for (const Scope& scope : scopes_of(context)) {
    const ExprPtr near = scope_condition(context, scope);
    all.push_back(episode_query(context.range, expr::all_of({expr::eq(expr::column("app"), expr::text("tor")), near}),
                                aggregate_keys(scope), expr::column("dst")));
    ExprPtr relay = context.reference ? context.reference->on_list("tor", "dst", "start_time") : nullptr;
    // A relay's machine serves other things too: whatever payload says is no TLS is not Tor.
    const ExprPtr tls =
        expr::any_of({expr::is_null(expr::column("app")),
                      expr::in(expr::column("app"),
                               {Value(std::string("tls")), Value(std::string("ssl")), Value(std::string("tor"))})});
    const ExprPtr answered = expr::binary(Expr::Kind::kGe, expr::volume_packets(),
                                          expr::number(context.thresholds.whole(limits::kMinPackets)));
    all.push_back(episode_query(context.range,
                                relay
                                    ? expr::all_of({expr::eq(expr::column("proto"), expr::number(6)), std::move(relay),
                                                    tls, answered, scope_address(context, scope, "src")})
                                    : expr::any_of({}),
                                aggregate_keys(scope), expr::column("dst"), list_extras()));
    all.push_back(names_query(context, scope));
  }
  return all;
}

// ---- names

// What TLS hellos of one client in one day show.
struct NameDay {
  std::set<std::string> names;  // drawn by lot, by their looks
  std::set<std::string> servers;
  std::int64_t hellos = 0;
  std::int64_t certificates = 0;  // of the form of relays
  Timestamp first = kAllTime.to;
  Timestamp last = kAllTime.from;
};
using NameDays = std::map<std::pair<std::string, Timestamp>, NameDay>;

// `resolved`: names that a resolver was asked for, which Tor never does.
NameDays name_days(const DetectContext& context, const Answer& answer, const std::set<std::string>& resolved) {
  NameDays days;
  for (const auto& row : answer.rows) {
    const auto* day = std::get_if<Timestamp>(&row[5]);
    const auto* first = std::get_if<Timestamp>(&row[6]);
    const auto* last = std::get_if<Timestamp>(&row[7]);
    if (day == nullptr || first == nullptr || last == nullptr) continue;
    const std::string name = as_string(row[2]);
    const bool certificate = tor_certificate(as_string(row[3]), as_string(row[4]));
    const bool lot = !resolved.contains(name) && lot_score(tor_form(name)) >= context.thresholds[limits::kMinNameScore];
    if (!certificate && !lot) continue;
    NameDay& seen = days[{key_text(row[0]), *day}];
    if (lot) seen.names.insert(name);
    seen.servers.insert(key_text(row[1]));
    seen.hellos += as_int(row[8]);
    if (certificate) seen.certificates += as_int(row[8]);
    seen.first = std::min(seen.first, *first);
    seen.last = std::max(seen.last, *last);
  }
  const auto enough = [&](const NameDay& day) {
    return day.certificates > 0 || (static_cast<double>(day.names.size()) >= context.thresholds[limits::kMinNames] &&
                                    static_cast<double>(day.servers.size()) >= context.thresholds[limits::kMinServers]);
  };
  std::erase_if(days, [&](const auto& entry) { return !enough(entry.second); });
  return days;
}

// Whether anybody asked a resolver for the candidates' names, and whether their questions are seen at all.
std::vector<Query> follow_up(const DetectContext& context, std::span<const Answer> answers) {
  std::vector<Value> names;
  std::set<std::string> clients;
  for (std::size_t i = 2; i < answers.size(); i += kQuestions)
    for (const auto& [key, day] : name_days(context, answers[i], {})) {
      clients.insert(key.first);
      for (const std::string& name : day.names)
        if (names.size() < kMostNamesAsked) names.emplace_back(name);
    }
  Query asked;
  asked.table = "dns";
  asked.time = context.range;
  asked.where = names.empty() ? expr::any_of({}) : expr::in(expr::column("name"), std::move(names));
  asked.group_by = {{"name", expr::column("name")}};
  asked.measures = {{"queries", Measure::Kind::kCount, nullptr}};
  Query seen = asked;
  std::vector<Prefix> addresses;
  for (const std::string& client : clients)
    if (const auto ip = Ip::parse(client)) addresses.push_back(Prefix::of(*ip, 128));
  seen.where = addresses.empty() ? expr::any_of({}) : expr::in_prefixes("client", std::move(addresses));
  seen.group_by = {{"client", expr::column("client")}};
  return {asked, seen};
}

// ---- findings

std::vector<Entity> entities_of(const Scope& scope, const std::string& client) {
  if (scope.subject != nullptr) return {{"watched_prefix", client}, {"subject", scope.subject->id}};
  return {{"address", client}};
}

Severity severity_of(const Scope& scope) {
  return scope.subject != nullptr ? Severity::kInfo : scope.ours ? Severity::kMedium : Severity::kLow;
}

std::string who(const Scope& scope, const std::string& client) {
  return scope.subject ? client + " of " + scope.subject->name : client;
}

std::string host_filter(const Scope& scope, const std::string& client) {
  return (scope.subject ? "src net " : "src host ") + client;
}

Finding by_payload(const Scope& scope, const Episode& episode) {
  const std::string& client = episode.key[0];
  Finding finding = finding_of(episode, entities_of(scope, client),
                               episode_command("app tor and " + host_filter(scope, client), episode));
  finding.severity = severity_of(scope);
  finding.confidence = Confidence::kHigh;
  finding.evidence = {EvidenceKind::kPayload};
  finding.summary = who(scope, client) + " spoke Tor" + (episode.key[1].empty() ? "" : " with " + episode.key[1]) +
                    ": " + counted(episode.flows, "flow") + ", " + human_bytes(static_cast<double>(episode.bytes)) +
                    ".";
  return finding;
}

Finding by_list(const Scope& scope, const Episode& episode) {
  const std::string& client = episode.key[0];
  const auto named = static_cast<std::int64_t>(episode.extra[0]);
  Finding finding =
      finding_of(episode, entities_of(scope, client), episode_command(host_filter(scope, client), episode));
  finding.severity = severity_of(scope);
  finding.confidence = named > 0 ? Confidence::kHigh : Confidence::kModerate;
  finding.evidence = {EvidenceKind::kList};
  if (named > 0) finding.evidence.push_back(EvidenceKind::kPayload);
  finding.figures.push_back({"flows_with_names_of_tor", named});
  finding.summary = who(scope, client) + " opened " + counted(episode.flows, "connection") + " to " +
                    (episode.key[1].empty() ? std::string("Tor relays") : episode.key[1] + ", a Tor relay") +
                    " by the lists of that time" +
                    (named > 0 ? ", " + group_thousands(named) + " with names of Tor's form" : "") + ": " +
                    human_bytes(static_cast<double>(episode.bytes)) + ".";
  return finding;
}

Finding by_names(const Scope& scope, const std::string& client, const NameDay& day, bool dns_seen) {
  Finding finding;
  std::string told = client;
  if (scope.subject != nullptr)
    for (const WatchedPrefix& watched : scope.subject->prefixes)
      if (watched.prefix.contains(*Ip::parse(client))) told = watched.prefix.to_string();
  finding.entities = entities_of(scope, told);
  finding.first_seen = day.first;
  finding.last_seen = day.last;
  finding.severity = severity_of(scope);
  const bool certificate = day.certificates > 0;
  finding.confidence = certificate ? Confidence::kHigh : dns_seen ? Confidence::kModerate : Confidence::kLow;
  finding.evidence = {certificate ? EvidenceKind::kPayload : EvidenceKind::kBehaviour};
  const auto names = static_cast<std::int64_t>(day.names.size());
  const auto servers = static_cast<std::int64_t>(day.servers.size());
  finding.figures = {{"flows", day.hellos}, {"names", names}, {"servers", servers}, {"certificates", day.certificates}};
  finding.summary = who(scope, told) + " asked " + counted(servers, "server") + " for " + counted(names, "name") +
                    " that look drawn by lot, as Tor's do" +
                    (certificate ? ", and " + counted(day.certificates, "certificate") + " of relays came back"
                     : dns_seen  ? "; it asks resolvers, but asked none for these"
                                 : "; no sensor saw what it asks resolvers") +
                    ".";
  Episode window;
  window.first = day.first;
  window.last = day.last;
  finding.observations = {episode_command(host_filter(scope, told), window), day.hellos};
  return finding;
}

std::vector<Finding> decide(const DetectContext& context, std::span<const Answer> answers) {
  const std::vector<Scope> scopes = scopes_of(context);
  std::set<std::string> resolved, asking;
  for (const auto& row : answers[answers.size() - 2].rows) resolved.insert(as_string(row[0]));
  for (const auto& row : answers[answers.size() - 1].rows) asking.insert(key_text(row[0]));
  const Duration gap = context.thresholds.duration(limits::kQuietGap);
  const double min_flows = context.thresholds[limits::kMinFlows];
  std::vector<Finding> findings;
  for (std::size_t i = 0; i < scopes.size(); ++i) {
    const auto of_scope = answers.subspan(kQuestions * i, kQuestions);
    for (const Episode& episode : episodes_of(of_scope.subspan(0, 1), kKeys, gap))
      if (static_cast<double>(episode.flows) >= min_flows) findings.push_back(by_payload(scopes[i], episode));
    for (const Episode& episode : episodes_of(of_scope.subspan(1, 1), kKeys, gap, list_extras()))
      if (static_cast<double>(episode.flows) >= min_flows) findings.push_back(by_list(scopes[i], episode));
    for (const auto& [key, day] : name_days(context, of_scope[2], resolved))
      findings.push_back(by_names(scopes[i], key.first, day, asking.contains(key.first)));
  }
  return joined_findings(std::move(findings), gap);
}

}  // namespace
}  // namespace rw
