// Detector vpn: virtual private networks by their payload, held against the organisation's inventory of VPNs.
#include <algorithm>
#include <array>
#include <optional>

#include "base/quantity.h"
#include "detect/detector.h"
#include "detect/episodes.h"
#include "detect/scope.h"
#include "detect/thresholds.h"

namespace rw {
namespace {

namespace limits = thresholds::vpn;

constexpr EvidenceKind kEvidence[] = {EvidenceKind::kPayload, EvidenceKind::kBehaviour};

std::vector<Query> queries(const DetectContext& context);
std::vector<Finding> decide(const DetectContext& context, std::span<const Answer> answers);

}  // namespace

extern constinit const Detector kVpnDetector{
    .id = "vpn",
    .title = "VPN outside of the inventory",
    .technique = "T1572",
    .may_be_wrong_because =
        "the inventory may lack a VPN that is meant to be there (guests, partners and suppliers bring their own), and "
        "telephones use IPsec towards their operator (Wi-Fi calling) without anybody's doing",
    .evidence = kEvidence,
    .thresholds = limits::kAll,
    .quiet_gap = limits::kQuietGap,
    .doc =
        "WireGuard, OpenVPN, IPsec (IKE, ESP), L2TP, PPTP, SoftEther, Tinc, Tailscale and WARP by their payload, on "
        "any "
        "port, and what nDPI alone calls a VPN (low confidence). An endpoint and protocol of [[organisation.vpn]] is "
        "no "
        "finding. Graded: an inventoried endpoint with another protocol or port, one of ours with a VPN outside "
        "(higher "
        "on a port that is not the protocol's own), an outsider at a VPN server of ours that is not in the inventory "
        "(T1133). Names of commercial providers in TLS are told with low confidence. A watched space is told by prefix "
        "and protocol, for information, never by address.",
    .queries = queries,
    .decide = decide,
};

namespace {

// What the payload rules call a VPN, the name in an inventory, and the ports that are ordinary for it.
struct Protocol {
  std::string_view app;
  std::string_view family;  // as [[organisation.vpn]] says it
  std::string_view name;
  std::array<std::int64_t, 3> ports;  // -1: no more
};
constexpr Protocol kProtocols[] = {
    {"wireguard", "wireguard", "WireGuard", {51820, -1, -1}},
    {"openvpn", "openvpn", "OpenVPN", {1194, -1, -1}},
    {"ike", "ipsec", "IPsec (IKE)", {500, 4500, -1}},
    {"esp", "ipsec", "IPsec (ESP)", {0, 4500, -1}},
    {"ah", "ipsec", "IPsec (AH)", {0, -1, -1}},
    {"l2tp", "l2tp", "L2TP", {1701, 0, -1}},
    {"pptp", "pptp", "PPTP", {1723, -1, -1}},
    {"softether", "softether", "SoftEther", {443, 992, 5555}},
    {"tinc", "tinc", "Tinc", {655, -1, -1}},
    {"tailscale", "tailscale", "Tailscale", {41641, 3478, -1}},
    {"warp", "warp", "Cloudflare WARP", {2408, 500, 4500}},
};

const Protocol* protocol_of(std::string_view app) {
  const auto* found =
      std::find_if(std::begin(kProtocols), std::end(kProtocols), [&](const Protocol& p) { return p.app == app; });
  return found == std::end(kProtocols) ? nullptr : found;
}

// Names that a client asks TLS for when it talks to a provider of VPNs.
struct Provider {
  std::string_view glob;
  std::string_view name;
};
constexpr Provider kProviders[] = {
    {"*.protonvpn.ch", "Proton VPN"},
    {"*.protonvpn.com", "Proton VPN"},
    {"vpn-api.proton.me", "Proton VPN"},
    {"*.nordvpn.com", "NordVPN"},
    {"*.mullvad.net", "Mullvad"},
    {"*.expressvpn.com", "ExpressVPN"},
    {"*.expressapisv2.net", "ExpressVPN"},
    {"*.surfshark.com", "Surfshark"},
    {"*.privateinternetaccess.com", "Private Internet Access"},
    {"*.windscribe.com", "Windscribe"},
    {"*.hotspotshield.com", "Hotspot Shield"},
    {"*.tunnelbear.com", "TunnelBear"},
    {"*.cyberghostvpn.com", "CyberGhost"},
    {"*.psiphon3.com", "Psiphon"},
    {"api.cloudflareclient.com", "Cloudflare WARP"},
    {"controlplane.tailscale.com", "Tailscale"},
    {"*.vpngate.net", "VPN Gate"},
    {"*.hidemyass.com", "HideMyAss"},
};

constexpr std::string_view kByDpi = "dpi";  // the protocol key of flows that only nDPI calls a VPN

ExprPtr payload_says() {
  std::vector<Value> apps;
  for (const Protocol& protocol : kProtocols) apps.emplace_back(std::string(protocol.app));
  return expr::in(expr::column("app"), std::move(apps));
}

// ---- questions: for each scope one about protocols and one about names

enum Extra : std::size_t { kPackets, kLongest, kLong };
std::vector<ExtraMeasure> extras(const DetectContext& context) {
  return {{{"packets", Measure::Kind::kSum, expr::volume_packets()}},
          {{"longest", Measure::Kind::kMax, expr::duration_us()}, ExtraMeasure::Merge::kMost},
          {{"long", Measure::Kind::kCount, nullptr,
            expr::binary(Expr::Kind::kGe, expr::duration_us(),
                         expr::number(context.thresholds.duration(limits::kLongFlow).us))}}};
}

constexpr std::size_t kKeys = 5;  // client, server, port, protocol, nDPI's name
constexpr std::size_t kNameKeys = 3;

std::vector<Query> queries(const DetectContext& context) {
  std::vector<Query> all;
  for (const Scope& scope : scopes_of(context)) {
    const ExprPtr by_dpi =
        expr::all_of({expr::is_null(expr::column("app")), expr::eq(expr::column("dpi_category"), expr::text("vpn"))});
    std::vector<Named> keys = aggregate_keys(scope);
    // Of a watched space, ports say nothing more; they would only make more rows.
    keys.push_back({"port", scope.subject ? expr::number(0) : expr::column("dst_port")});
    keys.push_back({"protocol", expr::classify({{payload_says(), expr::column("app")}}, expr::text(kByDpi))});
    keys.push_back({"dpi", expr::classify({{payload_says(), expr::text("")}}, expr::column("dpi"))});
    const auto extra = extras(context);
    all.push_back(episode_query(context.range,
                                expr::all_of({expr::any_of({payload_says(), by_dpi}), scope_condition(context, scope)}),
                                std::move(keys), expr::column("dst"), extra));

    std::vector<ExprPtr> names;
    std::vector<std::pair<ExprPtr, ExprPtr>> providers;
    for (const Provider& provider : kProviders) {
      names.push_back(expr::matches(expr::column("server_name"), provider.glob));
      providers.emplace_back(names.back(), expr::text(provider.name));
    }
    std::vector<Named> name_keys = aggregate_keys(scope);
    name_keys[1].expr = expr::text("");  // whichever of its servers it is
    name_keys.push_back({"provider", expr::classify(std::move(providers))});
    all.push_back(episode_query(context.range,
                                expr::all_of({expr::any_of(std::move(names)), scope_address(context, scope, "src")}),
                                std::move(name_keys), expr::column("dst")));
  }
  return all;
}

// ---- the inventory

struct Endpoint {
  std::string address;
  std::int64_t port = 0;  // 0: any
};
Endpoint endpoint_of(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  const bool bare_v6 = text.find(':') != colon && !text.starts_with('[');
  if (colon == std::string::npos || bare_v6) return {text, 0};
  std::string address = text.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  const auto ip = Ip::parse(address);  // canonical text, as answers have it
  return {ip ? ip->to_string() : address, std::strtoll(text.c_str() + colon + 1, nullptr, 10)};
}

std::string folded(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}
bool same_protocol(std::string_view inventoried, const Protocol& protocol) {
  const std::string name = folded(inventoried);
  if (name == protocol.app || name == protocol.family) return true;
  // L2TP is carried in IPsec as a rule, and IKEv2 is how IPsec is named in clients.
  return protocol.family == "ipsec" && (name == "l2tp" || name == "l2tp/ipsec" || name == "ikev2" || name == "ike");
}

enum class Known : std::uint8_t { kNo, kAddressOnly, kOtherProtocol, kOtherPort, kYes };

// How the inventory knows this end. Which end opened a flow is not always known, so callers ask about both.
Known known_end(const Organisation& organisation, const std::string& address, std::int64_t port,
                const Protocol* protocol) {
  Known best = Known::kNo;
  for (const VpnService& service : organisation.vpn)
    for (const std::string& text : service.endpoints) {
      const Endpoint endpoint = endpoint_of(text);
      if (endpoint.address != address) continue;
      const bool protocol_fits = protocol != nullptr && same_protocol(service.protocol, *protocol);
      // IPsec moves between 500, 4500 and no port at all.
      const bool port_fits = endpoint.port == 0 || endpoint.port == port || (protocol && protocol->family == "ipsec");
      best = std::max(best, protocol_fits && port_fits ? Known::kYes
                            : protocol_fits            ? Known::kOtherPort
                            : port_fits                ? Known::kOtherProtocol
                                                       : Known::kAddressOnly);
    }
  return best;
}

// ---- findings

void shape_figures(const Episode& episode, Finding& finding) {
  const double packets = episode.extra[kPackets];
  finding.figures.push_back(
      {"mean_packet_bytes", packets > 0 ? FigureValue(static_cast<double>(episode.bytes) / packets) : FigureValue()});
  finding.figures.push_back({"longest_flow_seconds", episode.extra[kLongest] / 1e6});
  finding.figures.push_back({"long_flows", static_cast<std::int64_t>(episode.extra[kLong])});
}

struct Grade {
  Severity severity = Severity::kLow;
  std::string why;
  std::string technique;
};

// Nothing where the inventory has it.
std::optional<Grade> grade(const DetectContext& context, const Scope& scope, const Episode& episode,
                           const Protocol* protocol) {
  const Organisation& organisation = context.organisation;
  const std::string& client = episode.key[0];
  const std::string& server = episode.key[1];
  const std::int64_t port = std::strtoll(episode.key[2].c_str(), nullptr, 10);
  const Known known = known_end(organisation, server, port, protocol);
  const Known reverse = known_end(organisation, client, 0, protocol);
  if (known == Known::kYes || reverse == Known::kYes || reverse == Known::kOtherPort) return std::nullopt;
  if (known == Known::kOtherProtocol)
    return Grade{Severity::kMedium, "an inventoried endpoint, but another protocol", ""};
  if (known == Known::kOtherPort) return Grade{Severity::kLow, "an inventoried server, but another port", ""};
  if (known == Known::kAddressOnly)
    return Grade{Severity::kMedium, "an inventoried server, but another port and protocol", ""};
  const bool usual =
      protocol != nullptr && std::find(protocol->ports.begin(), protocol->ports.end(), port) != protocol->ports.end();
  const std::string no_port = usual || protocol == nullptr ? "" : ", on a port that is not the protocol's own";
  if (!scope.ours)
    return Grade{usual ? Severity::kInfo : Severity::kLow, "no inventory to hold it against" + no_port, ""};
  const bool server_ours = is_ours(organisation, server);
  if (server_ours && is_ours(organisation, client))
    return Grade{Severity::kLow, "within the organisation" + no_port, ""};
  if (server_ours)
    return Grade{episode.answered > 0 ? Severity::kHigh : Severity::kLow,
                 "a VPN server of ours that is not in the inventory" + no_port, "T1133"};
  return Grade{usual ? Severity::kMedium : Severity::kHigh, "a server outside that is not in the inventory" + no_port,
               ""};
}

std::optional<Finding> about_use(const DetectContext& context, const Scope& scope, const Episode& episode) {
  const std::string& client = episode.key[0];
  const std::string& server = episode.key[1];
  const Protocol* protocol = protocol_of(episode.key[3]);
  const std::string id = protocol ? std::string(protocol->app) : episode.key[4];
  const std::string name = protocol ? std::string(protocol->name) : id + " (as nDPI says)";
  std::vector<Entity> entities = aggregate_entities(scope, client, server);
  entities.push_back({"protocol", id});
  const std::string app = protocol ? "app " + id + " and " : "";
  Finding finding =
      finding_of(episode, std::move(entities), episode_command(app + aggregate_filter(scope, client, server), episode));
  const std::string amount = counted(episode.flows, "flow") + ", " + human_bytes(static_cast<double>(episode.bytes));
  if (scope.subject != nullptr) {
    finding.severity = Severity::kInfo;
    finding.title = "VPN of a watched space";
    finding.summary = client + " of " + scope.subject->name + " uses " + name + ": " + amount + ", with " +
                      counted(episode.peers, "far end") + " in the busiest day.";
    finding.figures.push_back({"peers_in_busiest_day", episode.peers});
  } else {
    const auto graded = grade(context, scope, episode, protocol);
    if (!graded) return std::nullopt;
    finding.severity = graded->severity;
    finding.technique = graded->technique;
    finding.summary = client + " and " + server + " speak " + name + " on port " + episode.key[2] + ": " + graded->why +
                      "; " + amount + ".";
    finding.figures.push_back({"port", static_cast<std::int64_t>(std::strtoll(episode.key[2].c_str(), nullptr, 10))});
  }
  shape_figures(episode, finding);
  finding.evidence = {protocol ? EvidenceKind::kPayload : EvidenceKind::kBehaviour};
  finding.confidence = !protocol ? Confidence::kLow : episode.answered == 0 ? Confidence::kModerate : Confidence::kHigh;
  return finding;
}

Finding about_provider(const Scope& scope, const Episode& episode) {
  const std::string& client = episode.key[0];
  const std::string& provider = episode.key[2];
  std::vector<Entity> entities = aggregate_entities(scope, client, "");
  std::erase_if(entities, [](const Entity& entity) { return entity.kind == "server"; });
  entities.push_back({"provider", provider});
  const std::string where = scope.subject ? "src net " + client : "src host " + client;
  Finding finding = finding_of(episode, std::move(entities), episode_command(where, episode));
  finding.title = "Provider of VPNs contacted";
  finding.severity = scope.ours ? Severity::kLow : Severity::kInfo;
  finding.confidence = Confidence::kLow;
  finding.evidence = {EvidenceKind::kList};
  finding.may_be_wrong_because =
      "a name says who was asked, not that a tunnel was built: the provider's web site and other products use such "
      "names too";
  finding.summary = client + " asked for names of " + provider + " in " + counted(episode.flows, "flow") + ".";
  return finding;
}

std::vector<Finding> decide(const DetectContext& context, std::span<const Answer> answers) {
  std::vector<Finding> findings;
  const std::vector<Scope> scopes = scopes_of(context);
  const Duration gap = context.thresholds.duration(limits::kQuietGap);
  const double min_flows = context.thresholds[limits::kMinFlows];
  const auto extra = extras(context);
  for (std::size_t i = 0; i < scopes.size(); ++i) {
    for (const Episode& episode : episodes_of(answers.subspan(2 * i, 1), kKeys, gap, extra)) {
      if (static_cast<double>(episode.flows) < min_flows) continue;
      if (auto finding = about_use(context, scopes[i], episode)) findings.push_back(std::move(*finding));
    }
    for (const Episode& episode : episodes_of(answers.subspan(2 * i + 1, 1), kNameKeys, gap))
      if (static_cast<double>(episode.flows) >= min_flows) findings.push_back(about_provider(scopes[i], episode));
  }
  return joined_findings(std::move(findings), gap);  // the same pair on several ports
}

}  // namespace
}  // namespace rw
