// Detector proxy: SOCKS and HTTP proxies by what is said, used across the border of a network.
#include <set>
#include <utility>

#include "base/quantity.h"
#include "detect/detector.h"
#include "detect/episodes.h"
#include "detect/scope.h"
#include "detect/thresholds.h"

namespace rw {
namespace {

namespace limits = thresholds::proxy;

constexpr EvidenceKind kEvidence[] = {EvidenceKind::kPayload};

std::vector<Query> queries(const DetectContext& context);
std::vector<Finding> decide(const DetectContext& context, std::span<const Answer> answers);

}  // namespace

extern constinit const Detector kProxyDetector{
    .id = "proxy",
    .title = "Proxy across the border",
    .technique = "T1090",
    .may_be_wrong_because =
        "a proxy can be a contracted service (a cloud web filter, say), and whoever asks one only once may be a "
        "scanner "
        "that looks for open proxies",
    .evidence = kEvidence,
    .thresholds = limits::kAll,
    .quiet_gap = limits::kQuietGap,
    .doc =
        "Connections that a sensor knows as SOCKS or HTTP proxying by their payload where client and server lie on "
        "different sides of the border of the organisation or of a watched space; without either, where a private and "
        "a public address meet. A proxy that is used within the network is none of them. High where outsiders get "
        "answers from a proxy of ours, medium where one of ours uses a proxy outside. A watched space is told by "
        "prefix, never by address.",
    .queries = queries,
    .decide = decide,
};

namespace {

constexpr std::size_t kKeys = 4;       // client, server, protocol, direction
constexpr std::size_t kQuestions = 2;  // of each scope: flows, and requests in logs of HTTP

// Over the border from inside, and from outside.
std::pair<ExprPtr, ExprPtr> crossings(const DetectContext& context, const Scope& scope, std::string_view time) {
  const bool everybody = scope.subject == nullptr && !scope.ours;
  const auto inside = [&](std::string_view end) {
    return everybody ? expr::in_prefixes(end, internal_prefixes()) : scope_address(context, scope, end, time);
  };
  return {expr::all_of({inside("src"), expr::not_(inside("dst"))}),
          expr::all_of({inside("dst"), expr::not_(inside("src"))})};
}

std::vector<Query> queries(const DetectContext& context) {
  std::vector<Query> all;
  for (const Scope& scope : scopes_of(context)) {
    const auto [outward, inward] = crossings(context, scope, "start_time");
    const ExprPtr across = expr::any_of({outward, inward});
    const auto keys = [&](const Ends& ends, ExprPtr protocol, ExprPtr out) {
      std::vector<Named> named = aggregate_keys(scope, ends);
      named.push_back({"protocol", std::move(protocol)});
      named.push_back({"direction", expr::classify({{std::move(out), expr::text("out")}}, expr::text("in"))});
      return named;
    };
    all.push_back(episode_query(
        context.range,
        expr::all_of(
            {expr::in(expr::column("app"), {Value(std::string("socks")), Value(std::string("http-proxy"))}), across}),
        keys({}, expr::column("app"), outward), expr::column("dst")));
    // Logs of HTTP know a proxy by the method (RFC 9110 9.3.6) or the absolute form of the target (RFC 9112 3.2.2).
    const ExprPtr asked = expr::any_of(
        {expr::eq(expr::column("method"), expr::text("CONNECT")), expr::matches(expr::column("uri"), "http://*")});
    const auto [request_outward, request_inward] = crossings(context, scope, "time");
    all.push_back(event_query({.table = "http",
                               .answered = expr::not_(expr::is_null(expr::column("status"))),
                               .amount = expr::coalesce({expr::column("response_body_bytes"), expr::number(0)})},
                              context.range, expr::all_of({asked, expr::any_of({request_outward, request_inward})}),
                              keys({.time = "time"}, expr::text("http-proxy"), request_outward), expr::column("dst")));
  }
  return all;
}

Finding about(const Scope& scope, const Episode& episode) {
  const std::string& client = episode.key[0];
  const std::string& server = episode.key[1];
  const std::string& protocol = episode.key[2];
  const bool outward = episode.key[3] == "out";
  std::vector<Entity> entities = aggregate_entities(scope, client, server);
  entities.push_back({"protocol", protocol});
  entities.push_back({"direction", outward ? "outward" : "inward"});
  Finding finding =
      finding_of(episode, std::move(entities),
                 episode_command("app " + protocol + " and " + aggregate_filter(scope, client, server), episode));
  const std::string name = protocol == "socks" ? "SOCKS" : "HTTP";
  const std::string amount =
      counted(episode.flows, "flow") + ", " + human_bytes(static_cast<double>(episode.bytes)) + ".";
  if (scope.subject != nullptr) {
    finding.severity = Severity::kInfo;
    finding.summary = client + " of " + scope.subject->name + (outward ? " uses " : " serves ") + name +
                      " proxies across its border: " + amount;
  } else {
    finding.severity = !scope.ours ? Severity::kLow : outward ? Severity::kMedium : Severity::kHigh;
    if (episode.answered == 0 && !outward) finding.severity = Severity::kLow;  // asked, and nobody answered
    finding.summary = client + " used " + server + " as " + name + " proxy: " + amount;
  }
  finding.confidence = episode.answered > 0 ? Confidence::kHigh : Confidence::kModerate;
  return finding;
}

std::vector<Finding> decide(const DetectContext& context, std::span<const Answer> answers) {
  std::vector<Finding> findings;
  const std::vector<Scope> scopes = scopes_of(context);
  const Duration gap = context.thresholds.duration(limits::kQuietGap);
  for (std::size_t i = 0; i < scopes.size(); ++i) {
    std::vector<Episode> episodes = episodes_of(answers.subspan(kQuestions * i, 1), kKeys, gap);
    std::set<std::vector<std::string>> told;  // requests add nothing where flows say it already
    for (const Episode& episode : episodes) told.insert(episode.key);
    for (Episode& episode : episodes_of(answers.subspan(kQuestions * i + 1, 1), kKeys, gap))
      if (!told.contains(episode.key)) episodes.push_back(std::move(episode));
    for (const Episode& episode : episodes)
      if (static_cast<double>(episode.flows) >= context.thresholds[limits::kMinFlows])
        findings.push_back(about(scopes[i], episode));
  }
  return findings;
}

}  // namespace
}  // namespace rw
