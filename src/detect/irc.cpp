// Detector irc: IRC by what is said, on any port.
#include <algorithm>

#include "base/quantity.h"
#include "detect/detector.h"
#include "detect/episodes.h"
#include "detect/scope.h"
#include "detect/thresholds.h"

namespace rw {
namespace {

namespace limits = thresholds::irc;

constexpr EvidenceKind kEvidence[] = {EvidenceKind::kPayload};
constexpr std::string_view kUsualPorts[] = {"6667", "6697", "194", "994", "6660", "6665", "6666", "6668", "6669"};

std::vector<Query> queries(const DetectContext& context);
std::vector<Finding> decide(const DetectContext& context, std::span<const Answer> answers);

}  // namespace

extern constinit const Detector kIrcDetector{
    .id = "irc",
    .title = "IRC",
    .technique = "T1071",
    .may_be_wrong_because =
        "IRC is an ordinary chat for some, open-source projects above all; and a server that greets like IRC may speak "
        "something else later",
    .evidence = kEvidence,
    .thresholds = limits::kAll,
    .quiet_gap = limits::kQuietGap,
    .doc =
        "Connections that a sensor knows as IRC by their payload, on any port, with an end in the organisation or in a "
        "watched space, or anywhere when neither is configured: one finding for each pair of client and server. Medium "
        "where the client is ours, high where an outsider uses a server of ours, low otherwise.",
    .queries = queries,
    .decide = decide,
};

namespace {

constexpr std::size_t kKeys = 4;  // client, server, port, watched end

std::vector<Query> queries(const DetectContext& context) {
  std::vector<Query> all;
  for (const Scope& scope : scopes_of(context)) {
    const ExprPtr end =
        expr::classify({{scope_address(context, scope, "src"), expr::text("client")}}, expr::text("server"));
    all.push_back(
        episode_query(context.range,
                      expr::all_of({expr::eq(expr::column("app"), expr::text("irc")), scope_condition(context, scope)}),
                      {{"client", expr::column("src")},
                       {"server", expr::column("dst")},
                       {"port", expr::column("dst_port")},
                       {"end", end}},
                      nullptr));
  }
  return all;
}

Finding about(const DetectContext& context, const Scope& scope, const Episode& episode) {
  const std::string& client = episode.key[0];
  const std::string& server = episode.key[1];
  const std::string& port = episode.key[2];
  Finding finding = finding_of(episode, pair_entities(scope, client, server, episode.key[3] == "client"),
                               episode_command("app irc and src host " + client + " and dst host " + server, episode));
  const bool usual = std::find(std::begin(kUsualPorts), std::end(kUsualPorts), port) != std::end(kUsualPorts);
  finding.severity = Severity::kLow;
  if (scope.ours) {
    const bool served = is_ours(context.organisation, server) && !is_ours(context.organisation, client);
    finding.severity = served ? Severity::kHigh : Severity::kMedium;
  }
  finding.confidence = Confidence::kHigh;
  finding.summary = client + " spoke IRC with " + server + " on port " + port + (usual ? "" : ", no port of IRC") +
                    ": " + counted(episode.flows, "flow") + ", " + human_bytes(static_cast<double>(episode.bytes)) +
                    ".";
  finding.figures.push_back({"port", static_cast<std::int64_t>(std::stoll(port))});
  return finding;
}

std::vector<Finding> decide(const DetectContext& context, std::span<const Answer> answers) {
  std::vector<Finding> findings;
  const std::vector<Scope> scopes = scopes_of(context);
  for (std::size_t i = 0; i < scopes.size(); ++i)
    for (const Episode& episode :
         episodes_of(answers.subspan(i, 1), kKeys, context.thresholds.duration(limits::kQuietGap)))
      if (static_cast<double>(episode.flows) >= context.thresholds[limits::kMinFlows])
        findings.push_back(about(context, scopes[i], episode));
  // The same pair on several ports.
  return joined_findings(std::move(findings), context.thresholds.duration(limits::kQuietGap));
}

}  // namespace
}  // namespace rw
