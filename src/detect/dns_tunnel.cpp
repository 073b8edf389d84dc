// Detector dns-tunnel: data carried in DNS names and answers, from messages and from flows alone.
#include "detect/dns_tunnel.h"

#include <array>
#include <cmath>

#include "base/quantity.h"
#include "detect/episodes.h"
#include "detect/thresholds.h"
#include "store/watched.h"

namespace rw {
namespace {

namespace limits = thresholds::dns_tunnel;
using dns_tunnel::Exchange;
using dns_tunnel::Tunnel;

constexpr EvidenceKind kEvidence[] = {EvidenceKind::kBehaviour};

std::vector<Finding> decide(const DetectContext& context, std::span<const Answer> answers);

}  // namespace

extern constinit const Detector kDnsTunnelDetector{
    .id = "dns-tunnel",
    .title = "DNS tunnel",
    .technique = "T1071.004",
    .may_be_wrong_because =
        "some products send telemetry or look-ups of their own as DNS names, and a resolver that asks for many clients "
        "looks like one busy client; look at the names, and at who owns the domain, before acting",
    .evidence = kEvidence,
    .thresholds = limits::kAll,
    .quiet_gap = limits::kQuietGap,
    .doc =
        "Bytes of different names that one client asks below one registered domain in 5 minutes. Where they stand out, "
        "signs are counted: message length, mean gap (also against what else the client asks), names that never "
        "repeat, "
        "record types that carry data, names that read as encoded data, long answers. One finding for each client and "
        "domain, with the tool that its names resemble. Look-ups of block lists and antivirus products are a class of "
        "their own and no finding, unless tell_benign is 1.",
    .queries = dns_tunnel::first_questions,
    .follow_up = dns_tunnel::second_questions,
    .decide = decide,
};

namespace {

FigureValue figure(const std::optional<double>& v) { return v ? FigureValue(*v) : FigureValue(); }
FigureValue figure(const std::optional<std::int64_t>& v) { return v ? FigureValue(*v) : FigureValue(); }
FigureValue figure(const std::string& v) { return v.empty() ? FigureValue() : FigureValue(v); }
FigureValue times(const std::optional<double>& a, const std::optional<double>& b) {
  return a && b && *b > 0 ? FigureValue(*a / *b) : FigureValue();
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

std::string command_of(const Tunnel& t) {
  const auto whole = [](Timestamp time) {
    return Timestamp{time.us - ((time.us % kSecond.us) + kSecond.us) % kSecond.us};
  };
  if (t.basis == dns_tunnel::Basis::kFlows)
    return flows_command(
        "src host " + t.client->to_string() + " and dst host " + t.server->to_string() + " and udp and dst port 53",
        {whole(t.first), whole(t.last) + kSecond});
  std::string filter;
  if (t.client) filter = "client host " + t.client->to_string();
  if (!t.domain.empty()) filter += (filter.empty() ? "" : " and ") + ("domain " + t.domain);
  if (t.domain.empty() && t.server) filter += " and server host " + t.server->to_string();
  return "rangewatch dns '" + filter + "' --from " + whole(t.first).to_string() + " --to " +
         (whole(t.last) + kSecond).to_string();
}

std::vector<Entity> entities_of(const Tunnel& t) {
  std::vector<Entity> entities;
  if (t.client) entities.push_back({"client", t.client->to_string()});
  if (!t.domain.empty()) entities.push_back({"domain", t.domain});
  if (t.domain.empty() && t.server) entities.push_back({"server", t.server->to_string()});
  return entities;
}

std::vector<Figure> figures_of(const Tunnel& t) {
  std::vector<Figure> figures = {
      {"bytes", figure(t.bytes())},
      {"bytes_up", figure(t.bytes_up)},
      {"bytes_down", figure(t.bytes_down)},
      {"messages", t.messages()},
      {"queries", t.queries},
      {"names", t.basis == dns_tunnel::Basis::kFlows ? FigureValue() : FigureValue(t.names)},
      {"subdomain_bytes", figure(t.subdomain_bytes)},
      {"mean_message_bytes", figure(t.signs.mean_message_bytes)},
      {"mean_gap_seconds", figure(t.signs.mean_gap_seconds)},
      {"baseline_bytes", figure(t.baseline.bytes)},
      {"baseline_mean_message_bytes", figure(t.baseline.mean_message_bytes)},
      {"baseline_mean_gap_seconds", figure(t.baseline.mean_gap_seconds)},
      {"volume_times_baseline", times(t.signs.bytes, t.baseline.bytes)},
      {"message_length_times_baseline", times(t.signs.mean_message_bytes, t.baseline.mean_message_bytes)},
      {"mean_gap_times_baseline", times(t.signs.mean_gap_seconds, t.baseline.mean_gap_seconds)},
      {"windows", t.windows},
      {"clients", t.clients},
      {"basis", std::string(t.basis == dns_tunnel::Basis::kFlows ? "flows" : "messages")},
      {"server", t.server ? FigureValue(t.server->to_string()) : FigureValue()},
      {"signs", joined(t.reasons)},
      {"alphabet", figure(t.traits.alphabet)},
      {"tool", figure(t.traits.tool)},
      {"tool_evidence", figure(t.traits.tool_evidence)},
      {"class", t.exchange == Exchange::kNone ? std::string("tunnel") : std::string("benign data exchange")},
      {"exchange", figure(std::string(to_string(t.exchange)))},
      {"scope", figure(t.scope)},
      {"enrichment", figure(t.enrichment)},
  };
  return figures;
}

std::string summary_of(const Tunnel& t) {
  if (t.basis == dns_tunnel::Basis::kFlows)
    return t.client->to_string() + " sent " + counted(t.queries, "packet") + " to port 53 of " + t.server->to_string() +
           ", " + human_bytes(static_cast<double>(t.bytes().value_or(0))) + " both ways; signs: " + joined(t.reasons) +
           ". Judged by flows alone, names were not seen.";
  std::string text = (t.client ? t.client->to_string() : counted(t.clients, "client")) + " asked " +
                     (t.domain.empty() ? std::string() : "below " + t.domain + " ") + "for " +
                     counted(t.names, "name") + " in " + counted(t.queries, "question");
  if (const auto bytes = t.bytes()) text += ", " + human_bytes(static_cast<double>(*bytes)) + " both ways";
  if (t.exchange != Exchange::kNone) return text + ": " + std::string(to_string(t.exchange)) + " look-ups, no tunnel.";
  text += "; signs: " + joined(t.reasons) + ".";
  if (!t.enrichment.empty()) text += " The server by scans: " + t.enrichment + ".";
  if (!t.traits.tool.empty()) text += " It resembles " + t.traits.tool + ": " + t.traits.tool_evidence + ".";
  return text;
}

bool is_ours(const DetectContext& context, const std::optional<Ip>& ip) {
  if (!ip) return false;
  for (const Prefix& prefix : context.organisation.prefixes)
    if (prefix.contains(*ip)) return true;
  return false;
}

Finding finding_of(const DetectContext& context, const Tunnel& t) {
  Finding finding;
  finding.entities = entities_of(t);
  finding.first_seen = t.first;
  finding.last_seen = t.last;
  finding.figures = figures_of(t);
  finding.observations = {command_of(t), t.queries};
  finding.summary = summary_of(t);
  if (t.exchange != Exchange::kNone) {
    finding.title = "Data exchange over DNS";
    finding.severity = Severity::kInfo;
    finding.confidence = Confidence::kModerate;
    return finding;
  }
  if (t.traits.tool_proven) finding.evidence = {EvidenceKind::kPayload, EvidenceKind::kBehaviour};
  finding.severity = is_ours(context, t.client) ? Severity::kHigh : Severity::kMedium;
  if (t.basis == dns_tunnel::Basis::kFlows) {
    finding.technique = "T1572";
  }
  if (t.confidence == Confidence::kLow) finding.severity = Severity::kLow;
  finding.confidence = t.confidence;
  return finding;
}

std::vector<Finding> decide(const DetectContext& context, std::span<const Answer> answers) {
  std::vector<Finding> findings;
  for (const Tunnel& tunnel : dns_tunnel::tunnels_of(context, answers))
    if (tunnel.exchange == Exchange::kNone || context.thresholds[limits::kTellBenign] > 0)
      findings.push_back(finding_of(context, tunnel));
  return findings;
}

}  // namespace
}  // namespace rw
