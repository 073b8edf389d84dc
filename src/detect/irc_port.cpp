// Detector irc-port: TCP connections to port 6667, the usual port of IRC (port evidence only).
#include "base/quantity.h"
#include "detect/port_detector.h"
#include "detect/scope.h"
#include "detect/thresholds.h"
#include "store/watched.h"

namespace rw {
namespace {

namespace limits = thresholds::irc_port;

constexpr std::int64_t kIrc[] = {6667};
constexpr PortService kServices[] = {{"irc", kIrc}};
constexpr PortTable kTable{kServices, limits::kMinFlows, limits::kMinPackets, limits::kMinSourcePort,
                           limits::kQuietGap};

constexpr EvidenceKind kEvidence[] = {EvidenceKind::kPort};

std::vector<Query> queries(const DetectContext& context);
std::vector<Finding> decide(const DetectContext& context, std::span<const Answer> answers);

}  // namespace

extern constinit const Detector kIrcPortDetector{
    .id = "irc-port",
    .title = "TCP to the IRC port",
    .technique = "T1071",
    .may_be_wrong_because =
        "a port is not a protocol: other services use 6667, IRC itself is legitimate for some, and it also runs on "
        "other ports that this "
        "detector does not see",
    .evidence = kEvidence,
    .thresholds = limits::kAll,
    .quiet_gap = limits::kQuietGap,
    .doc =
        "TCP to port 6667 with an end in the organisation or in a watched space, or anywhere when neither is "
        "configured: one finding for "
        "each pair of client and server. Never above low confidence: the port is all the evidence.",
    .queries = queries,
    .decide = decide,
};

namespace {

// Either end is ours or watched; everybody where nobody is configured.
ExprPtr in_scope(const DetectContext& context) {
  std::vector<ExprPtr> any;
  for (const char* end : {"src", "dst"}) {
    if (!context.organisation.prefixes.empty()) any.push_back(expr::in_prefixes(end, context.organisation.prefixes));
    for (const Subject& subject : context.subjects) any.push_back(watched_condition(subject, context.range, end));
  }
  return any.empty() ? expr::all_of({}) : expr::any_of(std::move(any));
}

std::vector<Query> queries(const DetectContext& context) {
  return {port_query(kTable, context, in_scope(context),
                     {{"address", expr::column("src")}, {"server", expr::column("dst")}}, nullptr)};
}

std::vector<Finding> decide(const DetectContext& context, std::span<const Answer> answers) {
  return port_findings(kTable, context, answers, 2, [&](const Episode& episode) {
    const std::string& client = episode.key[0];
    const std::string& server = episode.key[1];
    PortFinding told;
    told.entities = {{"address", client}, {"server", server}};
    told.filter = "src host " + client + " and dst host " + server + " and " + port_filter(kTable, "irc");
    told.summary = client + " opened " + counted(episode.flows, "TCP flow") + " to port 6667 of " + server + ", " +
                   human_bytes(static_cast<double>(episode.bytes)) + ".";
    if (is_ours(context.organisation, client)) told.severity = Severity::kMedium;
    return told;
  });
}

}  // namespace
}  // namespace rw
