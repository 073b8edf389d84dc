// Detector exposed-service: UDP services of ours that answer the outside and can be abused to flood others.
#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <optional>

#include "base/quantity.h"
#include "detect/detector.h"
#include "detect/episodes.h"
#include "detect/scope.h"
#include "detect/thresholds.h"

namespace rw {
namespace {

namespace limits = thresholds::exposed_service;

constexpr EvidenceKind kEvidence[] = {EvidenceKind::kBehaviour, EvidenceKind::kPort};

std::vector<Query> queries(const DetectContext& context);
std::vector<Query> follow_up(const DetectContext& context, std::span<const Answer> answers);
std::vector<Finding> decide(const DetectContext& context, std::span<const Answer> answers);

}  // namespace

extern constinit const Detector kExposedServiceDetector{
    .id = "exposed-service",
    .title = "Service of ours answers the outside",
    .technique = "T1046",
    .may_be_wrong_because =
        "the service may be meant for partners outside, and ports and sizes do not tell what was asked; where packets "
        "are sampled, ratios are estimates",
    .evidence = kEvidence,
    .thresholds = limits::kAll,
    .quiet_gap = limits::kQuietGap,
    .doc =
        "UDP services by which others can be flooded (CLDAP, SSDP, SNMP, chargen, memcached, CoAP, WS-Discovery, mDNS, "
        "portmap; NTP and DNS where they amplify) on an address of the organisation or a watched space that answers an "
        "address outside: one finding for each address and service. Graded by how much larger the answers are than the "
        "questions, as UDP payloads (1.1 to 1.4 is an ordinary directory exchange, 56 to 70 an open rootDSE); both "
        "ratios, of mean packets and of payloads, are figures. Much sent to few targets is abuse in progress "
        "(T1498.002). A DNS server that resolves foreign names for outsiders is told as open resolver. Without an "
        "organisation or a subject nothing is ours, and nothing is found.",
    .queries = queries,
    .follow_up = follow_up,
    .decide = decide,
};

namespace {

struct Service {
  std::int64_t port;
  std::string_view id;
  std::string_view name;
  std::array<std::string_view, 2> apps;  // how payload names it
  bool meant_for_all;                    // answering outsiders is its purpose: only amplification counts
};
constexpr Service kServices[] = {
    {389, "cldap", "CLDAP", {"cldap", "ldap"}, false},
    {53, "dns", "DNS", {"dns", ""}, true},
    {123, "ntp", "NTP", {"ntp", ""}, true},
    {1900, "ssdp", "SSDP", {"ssdp", ""}, false},
    {161, "snmp", "SNMP", {"snmp", ""}, false},
    {19, "chargen", "chargen", {"chargen", ""}, false},
    {11211, "memcached", "memcached", {"memcached", ""}, false},
    {5683, "coap", "CoAP", {"coap", ""}, false},
    {3702, "ws-discovery", "WS-Discovery", {"ws-discovery", ""}, false},
    {5353, "mdns", "mDNS", {"mdns", ""}, false},
    {111, "portmap", "portmap", {"portmap", "rpc"}, false},
};

const Service* service_of(std::string_view id) {
  const auto* found =
      std::find_if(std::begin(kServices), std::end(kServices), [&](const Service& s) { return s.id == id; });
  return found == std::end(kServices) ? nullptr : found;
}

// ---- questions

constexpr std::size_t kKeys = 2;       // our address, service
constexpr std::size_t kQuestions = 3;  // of each scope: requests with answers, answers alone, foreign names resolved
constexpr std::size_t kFollowUps = 2;  // of each scope: targets of both kinds of records
constexpr std::uint64_t kMostTargets = 10'000;

enum Extra : std::size_t { kAskedPackets, kAskedBytes, kSentPackets, kSentBytes, kByPayload };

ExprPtr scaled(std::string_view column) {
  return expr::binary(Expr::Kind::kMul, expr::coalesce({expr::column(column), expr::number(0)}),
                      expr::column("sampling"));
}

// The services of one port column, and rows whose payload agrees.
ExprPtr service_by(std::string_view port) {
  std::vector<std::pair<ExprPtr, ExprPtr>> cases;
  for (const Service& service : kServices)
    cases.emplace_back(expr::eq(expr::column(port), expr::number(service.port)), expr::text(service.id));
  return expr::classify(std::move(cases));
}
ExprPtr payload_agrees(std::string_view port) {
  std::vector<ExprPtr> any;
  for (const Service& service : kServices)
    for (const std::string_view app : service.apps)
      if (!app.empty())
        any.push_back(expr::all_of({expr::eq(expr::column(port), expr::number(service.port)),
                                    expr::eq(expr::column("app"), expr::text(app))}));
  return expr::any_of(std::move(any));
}
ExprPtr of_services(std::string_view port) {
  std::vector<Value> ports;
  for (const Service& service : kServices) ports.emplace_back(service.port);
  return expr::in(expr::column(port), std::move(ports));
}

// Which end of a record serves, and what it sent.
struct Side {
  std::string_view server;
  std::string_view client;
  std::string_view port;
  bool answers_alone;  // records of a one-way sensor that hold answers
};
constexpr Side kSides[] = {{"dst", "src", "dst_port", false}, {"src", "dst", "src_port", true}};

ExprPtr condition(const DetectContext& context, const Scope& scope, const Side& side) {
  std::vector<ExprPtr> all = {expr::eq(expr::column("proto"), expr::number(17)), of_services(side.port),
                              scope_address(context, scope, side.server),
                              expr::not_(scope_address(context, scope, side.client))};
  if (side.answers_alone) {
    all.push_back(expr::is_null(expr::column("rev_packets")));
    // Otherwise two servers speak with each other, and who answers is not known.
    all.push_back(expr::binary(Expr::Kind::kGe, expr::column("dst_port"), expr::number(1024)));
    all.push_back(expr::not_(of_services("dst_port")));
  }
  return expr::all_of(std::move(all));
}

std::vector<ExtraMeasure> extras(const Side& side) {
  const auto sum = [](std::string name, ExprPtr what) {
    return ExtraMeasure{{std::move(name), Measure::Kind::kSum, std::move(what)}};
  };
  const ExprPtr none = expr::number(0);
  return {sum("asked_packets", side.answers_alone ? none : scaled("packets")),
          sum("asked_bytes", side.answers_alone ? none : scaled("bytes")),
          sum("sent_packets", scaled(side.answers_alone ? "packets" : "rev_packets")),
          sum("sent_bytes", scaled(side.answers_alone ? "bytes" : "rev_bytes")),
          {{"by_payload", Measure::Kind::kCount, nullptr, payload_agrees(side.port)}}};
}

// Header flags of an answer without error from a server that offers recursion (RFC 1035 4.1.1, RFC 4035 3.1.6): QR and
// RA set, whatever the others are.
std::vector<Value> recursive_answers() {
  std::vector<Value> flags;
  for (std::int64_t more = 0; more < 32; ++more)
    flags.emplace_back(0x8080 | ((more & 1) << 4) | ((more & 2) << 4) | ((more & 28) << 6));
  return flags;
}

Query resolver_query(const DetectContext& context, const Scope& scope) {
  std::vector<Value> own;
  const auto& domains = scope.subject ? scope.subject->domains : context.organisation.domains;
  for (const std::string& domain : domains) own.emplace_back(domain);
  std::vector<ExprPtr> all = {scope_address(context, scope, "server", "time"),
                              expr::not_(scope_address(context, scope, "client", "time")),
                              expr::in(expr::column("flags"), recursive_answers()),
                              expr::binary(Expr::Kind::kGt, expr::column("answers"), expr::number(0)),
                              expr::not_(expr::is_null(expr::column("registered_domain")))};
  if (!own.empty()) all.push_back(expr::not_(expr::in(expr::column("registered_domain"), std::move(own))));
  return event_query(
      {.table = "dns",
       .answered = expr::all_of({}),
       .amount = expr::coalesce({expr::column("response_bytes"), expr::number(0)})},
      context.range, expr::all_of(std::move(all)), {{"server", expr::column("server")}, {"service", expr::text("dns")}},
      expr::column("client"),
      std::vector<ExtraMeasure>{
          {{"domains", Measure::Kind::kDistinct, expr::column("registered_domain")}, ExtraMeasure::Merge::kMost}});
}

std::vector<Scope> owned(const DetectContext& context) {
  std::vector<Scope> scopes = scopes_of(context);
  std::erase_if(scopes, [](const Scope& scope) { return scope.subject == nullptr && !scope.ours; });
  return scopes;
}

std::vector<Query> queries(const DetectContext& context) {
  std::vector<Query> all;
  for (const Scope& scope : owned(context)) {
    for (const Side& side : kSides) {
      const auto extra = extras(side);
      all.push_back(episode_query(context.range, condition(context, scope, side),
                                  {{"server", expr::column(side.server)}, {"service", service_by(side.port)}},
                                  expr::column(side.client), extra));
    }
    all.push_back(resolver_query(context, scope));
  }
  return all;
}

// Requests and answers of both kinds of records together.
std::vector<Episode> exposures(const DetectContext& context, std::span<const Answer> of_scope) {
  const auto extra = extras(kSides[0]);
  std::vector<Episode> all =
      episodes_of(of_scope.subspan(0, 2), kKeys, context.thresholds.duration(limits::kQuietGap), extra);
  std::erase_if(all, [](const Episode& episode) { return episode.extra[kSentPackets] <= 0; });
  return all;
}

bool sends_much(const DetectContext& context, const Episode& episode) {
  return episode.extra[kSentBytes] >= context.thresholds[limits::kAbuseBytes];
}

// For services that sent much: to whom.
std::vector<Query> follow_up(const DetectContext& context, std::span<const Answer> answers) {
  std::vector<Query> all;
  const std::vector<Scope> scopes = owned(context);
  for (std::size_t i = 0; i < scopes.size(); ++i) {
    std::vector<Prefix> servers;
    for (const Episode& episode : exposures(context, answers.subspan(kQuestions * i, kQuestions)))
      if (const auto ip = Ip::parse(episode.key[0]); ip && sends_much(context, episode))
        servers.push_back(Prefix::of(*ip, 128));
    for (const Side& side : kSides) {
      Query query;
      query.table = "flows";
      query.time = context.range;
      query.where = servers.empty()
                        ? expr::any_of({})
                        : expr::all_of({condition(context, scopes[i], side), expr::in_prefixes(side.server, servers)});
      query.group_by = {{"server", expr::column(side.server)},
                        {"service", service_by(side.port)},
                        {"target", expr::column(side.client)}};
      query.measures = {{"bytes", Measure::Kind::kSum, scaled(side.answers_alone ? "bytes" : "rev_bytes")}};
      query.order_by = {{"bytes", true}};
      query.limit = kMostTargets;
      all.push_back(std::move(query));
    }
  }
  return all;
}

// ---- findings

// Most bytes to one target, by address and service.
using Targets = std::map<std::vector<std::string>, std::map<std::string, double>>;
Targets targets_of(std::span<const Answer> answers) {
  Targets targets;
  for (const Answer& answer : answers)
    for (const auto& row : answer.rows)
      targets[{key_text(row[0]), key_text(row[1])}][key_text(row[2])] += as_double(row[3]);
  return targets;
}

struct Ratios {
  std::optional<double> packets;   // mean packet that was sent ÷ mean packet that asked
  std::optional<double> payloads;  // UDP payload sent ÷ UDP payload that asked
};
Ratios ratios_of(const Episode& episode) {
  // RFC 791 and RFC 768: 20 and 8 bytes; RFC 8200: 40. Fragments have no UDP header, which makes the sum a little low.
  const double headers = episode.key[0].find(':') == std::string::npos ? 28 : 48;
  const auto& extra = episode.extra;
  Ratios ratios;
  if (extra[kAskedPackets] <= 0 || extra[kAskedBytes] <= 0) return ratios;
  ratios.packets = (extra[kSentBytes] / extra[kSentPackets]) / (extra[kAskedBytes] / extra[kAskedPackets]);
  const double asked = extra[kAskedBytes] - headers * extra[kAskedPackets];
  const double sent = extra[kSentBytes] - headers * extra[kSentPackets];
  if (asked > 0) ratios.payloads = std::max(0.0, sent / asked);
  return ratios;
}

std::string two_digits(double value) {
  char text[32];
  std::snprintf(text, sizeof text, value < 10 ? "%.1f" : "%.0f", value);
  return text;
}

std::vector<Entity> entities_of(const Scope& scope, const Episode& episode) {
  std::vector<Entity> entities = {{scope.subject ? "watched_address" : "address", episode.key[0]},
                                  {"service", episode.key[1]}};
  if (scope.subject) entities.push_back({"subject", scope.subject->id});
  return entities;
}

std::optional<Finding> about(const DetectContext& context, const Scope& scope, const Episode& episode,
                             const Targets& targets) {
  const Service& service = *service_of(episode.key[1]);
  const Ratios ratios = ratios_of(episode);
  const double ratio = ratios.payloads.value_or(1);
  double top = 0, all = 0;
  if (const auto found = targets.find(episode.key); found != targets.end())
    for (const auto& [target, bytes] : found->second) {
      top = std::max(top, bytes);
      all += bytes;
    }
  const double share = all > 0 ? top / all : 0;
  const bool amplifies = ratio >= context.thresholds[limits::kAmplifyingRatio];
  const bool abused = sends_much(context, episode) && share >= context.thresholds[limits::kAbuseShare] &&
                      (amplifies || !service.meant_for_all);
  // Public time servers and name servers answer everybody; signed names make large answers, so for DNS even a large
  // ratio is ordinary unless it goes to few.
  if (service.meant_for_all && !abused && (service.id == "dns" || ratio < context.thresholds[limits::kOrdinaryRatio]))
    return std::nullopt;
  const std::string port = std::to_string(service.port);
  Finding finding = finding_of(episode, entities_of(scope, episode),
                               episode_command("udp and host " + episode.key[0] + " and port " + port, episode));
  const bool payload = episode.extra[kByPayload] > 0;
  finding.severity = abused || amplifies                                   ? Severity::kHigh
                     : ratio >= context.thresholds[limits::kOrdinaryRatio] ? Severity::kMedium
                                                                           : Severity::kLow;
  finding.confidence = payload ? Confidence::kHigh : abused || amplifies ? Confidence::kModerate : Confidence::kLow;
  finding.evidence = {EvidenceKind::kBehaviour, payload ? EvidenceKind::kPayload : EvidenceKind::kPort};
  if (abused || amplifies) finding.technique = "T1498.002";
  if (abused) finding.title = "Service of ours is abused to flood others";
  const auto known = [](std::optional<double> value) { return value ? FigureValue(*value) : FigureValue(); };
  finding.figures.insert(finding.figures.end(),
                         {{"sent_bytes", static_cast<std::int64_t>(episode.extra[kSentBytes])},
                          {"amplification", known(ratios.packets)},
                          {"payload_amplification", known(ratios.payloads)},
                          {"sources_in_busiest_day", episode.peers},
                          {"largest_target_share", all > 0 ? FigureValue(share) : FigureValue()}});
  finding.summary = std::string(service.name) + " of " + episode.key[0] + " answered " +
                    group_thousands(episode.peers) + (episode.peers == 1 ? " address" : " addresses") +
                    " outside in the busiest day, " + human_bytes(episode.extra[kSentBytes]) +
                    (ratios.payloads ? ", " + two_digits(ratio) + " times what was asked" : "") +
                    (abused ? "; " + two_digits(100 * share) + " % of it to one target, as in abuse" : "") + ".";
  return finding;
}

Finding open_resolver(const Scope& scope, const Episode& episode) {
  Finding finding = finding_of(episode, entities_of(scope, episode),
                               episode_command("udp and host " + episode.key[0] + " and port 53", episode));
  finding.title = "Open resolver";
  finding.technique = "T1498.002";
  finding.severity = Severity::kHigh;
  finding.confidence = Confidence::kHigh;
  finding.evidence = {EvidenceKind::kPayload};
  const auto domains = static_cast<std::int64_t>(episode.extra[0]);
  finding.figures.push_back({"domains_in_busiest_day", domains});
  finding.figures.push_back({"sources_in_busiest_day", episode.peers});
  finding.summary = episode.key[0] + " resolved names of " + counted(domains, "domain") +
                    " that are not ours for clients outside, in " + counted(episode.flows, "answer") + ".";
  return finding;
}

std::vector<Finding> decide(const DetectContext& context, std::span<const Answer> answers) {
  std::vector<Finding> findings;
  const std::vector<Scope> scopes = owned(context);
  const Duration gap = context.thresholds.duration(limits::kQuietGap);
  const std::vector<ExtraMeasure> domains = {
      {{"domains", Measure::Kind::kDistinct, nullptr}, ExtraMeasure::Merge::kMost}};
  for (std::size_t i = 0; i < scopes.size(); ++i) {
    const auto of_scope = answers.subspan(kQuestions * i, kQuestions);
    const Targets targets = targets_of(answers.subspan(kQuestions * scopes.size() + kFollowUps * i, kFollowUps));
    for (const Episode& episode : exposures(context, of_scope))
      if (static_cast<double>(episode.flows) >= context.thresholds[limits::kMinFlows])
        if (auto finding = about(context, scopes[i], episode, targets)) findings.push_back(std::move(*finding));
    for (const Episode& episode : episodes_of(of_scope.subspan(2, 1), kKeys, gap, domains))
      if (episode.extra[0] >= context.thresholds[limits::kMinForeignDomains])
        findings.push_back(open_resolver(scopes[i], episode));
  }
  return joined_findings(std::move(findings), gap);
}

}  // namespace
}  // namespace rw
