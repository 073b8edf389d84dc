// Section `opsec`: how much of the traffic is hidden, and by what: Tor, VPN, HTTPS and rented machines.
#include <array>
#include <map>

#include "base/quantity.h"
#include "enrich/reference.h"
#include "section/section.h"
#include "section/tunnels.h"

namespace rw {
namespace {

constexpr std::array<std::string_view, 4> kKinds = {"tor", "vpn", "https", "vps"};

ExprPtr is_one_of(const ExprPtr& what, std::initializer_list<const char*> names) {
  std::vector<Value> values;
  for (const char* name : names) values.push_back(std::string(name));
  return expr::in(what, std::move(values));
}

// True where either end is on a list of the purpose when the flow starts; null without lists.
ExprPtr on_list(const Reference& reference, std::string_view purpose) {
  const ExprPtr dst = reference.on_list(purpose, "dst", "start_time");
  return dst ? expr::any_of({dst, reference.on_list(purpose, "src", "start_time")}) : nullptr;
}

// Each flow in the first kind that fits (contract.md).
ExprPtr kind_of(const Reference& reference) {
  const ExprPtr app = expr::app(), dpi = expr::column("dpi");
  std::vector<ExprPtr> tor = {is_one_of(app, {"tor"}), is_one_of(dpi, {"tor"})};
  if (const ExprPtr relays = on_list(reference, "tor")) tor.push_back(relays);
  const ExprPtr vpn =
      expr::any_of({is_one_of(app, {"openvpn", "wireguard", "ike", "esp", "ah", "ipsec", "l2tp", "l2tpv3", "pptp",
                                    "sstp", "softether", "tinc", "tailscale", "warp", "openconnect", "zerotier"}),
                    is_one_of(dpi, {"openvpn", "wireguard", "ipsec", "pptp", "l2tp", "tailscale", "softether", "tinc"}),
                    is_one_of(expr::column("dpi_category"), {"vpn"})});
  std::vector<std::pair<ExprPtr, ExprPtr>> cases = {
      {expr::any_of(std::move(tor)), expr::text("tor")},
      {vpn, expr::text("vpn")},
      {is_one_of(app, {"https", "tls", "quic", "http3"}), expr::text("https")}};
  if (const ExprPtr hosting = on_list(reference, "hosting"))
    cases.emplace_back(expr::all_of({hosting, expr::not_(is_one_of(app, {"dns", "dot", "doq", "doh"}))}),
                       expr::text("vps"));
  return expr::classify(std::move(cases), expr::text("open"));
}

struct Shares {
  std::int64_t all = 0;
  std::map<std::string, std::int64_t, std::less<>> bytes;
  std::int64_t flows = 0;
  bool relays = false, hosting = false;  // lists that there were
  bool before = false;                   // a list is younger than the period's beginning
  std::vector<std::string> notes;

  std::int64_t of(std::string_view kind) const {
    const auto found = bytes.find(kind);
    return found == bytes.end() ? 0 : found->second;
  }
  std::int64_t hidden() const {
    std::int64_t sum = 0;
    for (const std::string_view kind : kKinds) sum += of(kind);
    return sum;
  }
  std::optional<double> share(std::int64_t part) const {
    if (all <= 0) return std::nullopt;
    return static_cast<double>(part) / static_cast<double>(all);
  }
};

Result<Shares> read(Store& store, const Side& side) {
  RW_ASSIGN(const auto reference, Reference::load(store, side.range));
  Query query;
  query.table = "flows";
  query.time = side.range;
  query.where = side.vantage.counted();
  query.group_by = {{"hidden_by", kind_of(*reference)}};
  query.measures = {{"bytes", Measure::Kind::kSum, expr::volume_bytes()}, {"flows", Measure::Kind::kCount, nullptr}};
  RW_ASSIGN(const Answer answer, store.run(query));
  Shares shares;
  shares.relays = reference->addresses("tor") != nullptr;
  shares.hosting = reference->addresses("hosting") != nullptr;
  shares.notes = reference->notes();
  for (const ReferenceList& list : reference->lists())
    if (list.purpose == "tor" || list.purpose == "hosting")
      shares.before = shares.before || (list.first_snapshot && *list.first_snapshot > side.range.from);
  for (const auto& row : answer.rows) {
    shares.bytes[as_string(row[0])] += as_int(row[1]);
    shares.all += as_int(row[1]);
    shares.flows += as_int(row[2]);
  }
  return shares;
}

void add_figure(const Frame& frame, const Shares& shares, SectionResult& result) {
  SectionFigure figure{"figure-opsec", "ranking", frame.say("opsec.figure"), {}, Document::object()};
  Document names = Document::list(), bytes = Document::list(), parts = Document::list();
  for (const std::string_view kind : kKinds) {
    names.push(frame.say("opsec.kind_" + std::string(kind)));
    bytes.push(shares.of(kind));
    parts.push(*shares.share(shares.of(kind)));
  }
  figure.description = frame.say("opsec.figure_text", {human_share(*shares.share(shares.hidden()))});
  figure.data.set("names", std::move(names));
  figure.data.set("bytes", std::move(bytes));
  figure.data.set("shares", std::move(parts));
  Document labels = Document::object();
  labels.set("bytes", frame.say("word.bytes"));
  labels.set("share", frame.say("word.share"));
  figure.data.set("labels", std::move(labels));
  result.figures.push_back(std::move(figure));
}

void add_table(const Frame& frame, const Shares& now, const std::optional<Shares>& before, SectionResult& result) {
  SectionTable table;
  table.caption = frame.say("opsec.table");
  table.columns = {{frame.say("word.kind"), Unit::kText},
                   {frame.say("word.bytes"), Unit::kBytes},
                   {frame.say("word.share"), Unit::kShare}};
  if (before) table.columns.push_back({frame.say("word.comparison_share"), Unit::kShare});
  for (const std::string_view kind : kKinds) {
    const auto known = [&](const Shares& shares,
                           Document value) {  // without ranges nobody knows what is a rented machine
      return kind == "vps" && !shares.hosting ? Document() : std::move(value);
    };
    std::vector<Document> row = {frame.say("opsec.kind_" + std::string(kind)), known(now, now.of(kind)),
                                 known(now, now.share(now.of(kind)))};
    if (before) row.push_back(known(*before, before->share(before->of(kind))));
    table.rows.push_back(std::move(row));
  }
  table.total = static_cast<std::int64_t>(table.rows.size());
  result.tables.push_back(std::move(table));
}

std::string limits_of(const Frame& frame, const Shares& shares) {
  std::string text = frame.say("opsec.limits");
  if (!shares.relays) text += " " + frame.say("opsec.no_relays");
  if (!shares.hosting) text += " " + frame.say("opsec.no_hosting");
  if (shares.before) text += " " + frame.say("limits.list_younger");
  for (const std::string& note : shares.notes) text += " " + note;
  return text;
}

// What the flows between the ends of the period's tunnels carried on port 53; where no flow was seen of a tunnel, what
// its messages did. Null where neither is known of any.
Result<std::optional<std::int64_t>> tunnel_bytes(const Frame& frame) {
  RW_ASSIGN(const auto tunnels, tunnels_of_period(frame));
  std::optional<std::int64_t> total;
  for (const dns_tunnel::Tunnel& tunnel : *tunnels) {
    if (tunnel.scope != "subject") continue;
    std::optional<std::int64_t> carried = tunnel.bytes();
    if (tunnel.client && tunnel.server) {
      Query q;
      q.table = "flows";
      q.time = {std::max(tunnel.first - kQuarter, frame.period().range.from),
                std::min(tunnel.last + kQuarter, frame.period().range.to)};
      const ExprPtr src = expr::column("src"), dst = expr::column("dst");
      q.where = expr::all_of(
          {frame.period().vantage.counted(),
           expr::tuple_in({src, dst}, {{*tunnel.client, *tunnel.server}, {*tunnel.server, *tunnel.client}}),
           expr::any_of({expr::eq(expr::column("dst_port"), expr::number(53)),
                         expr::eq(expr::column("src_port"), expr::number(53))})});
      q.measures = {{"bytes", Measure::Kind::kSum, expr::volume_bytes()}};
      RW_ASSIGN(const Answer answer, frame.store().run(q));
      if (!answer.rows.empty() && !is_null(answer.rows[0][0])) carried = as_int(answer.rows[0][0]);
    }
    if (carried) total = total.value_or(0) + *carried;
  }
  return total;
}

Result<SectionResult> build(const Frame& frame) {
  SectionResult result;
  const Side& side = frame.period();
  RW_ASSIGN(const Shares now, read(frame.store(), side));
  std::optional<Shares> before;
  if (const Side* other = frame.comparison()) {
    RW_ASSIGN(before, read(frame.store(), *other));
  }
  const auto share = now.share(now.hidden());
  const auto comparison_share = before ? before->share(before->hidden()) : std::nullopt;
  Document by_kind = Document::list();
  for (const std::string_view kind : kKinds) {
    Document item = Document::object();
    item.set("kind", kind);
    // Without ranges nobody knows what is a rented machine.
    const bool unknown = kind == "vps" && !now.hosting;
    item.set("bytes", unknown ? Document() : Document(now.of(kind)));
    item.set("share", unknown ? Document() : Document(now.share(now.of(kind))));
    by_kind.push(std::move(item));
  }
  result.numbers.set("share", share);
  result.numbers.set("by_kind", std::move(by_kind));
  RW_ASSIGN(const auto dns_tunnel_bytes, tunnel_bytes(frame));
  result.numbers.set("dns_tunnel_bytes", dns_tunnel_bytes);
  result.numbers.set("comparison_share", comparison_share);

  result.method = frame.say("opsec.method");
  result.limits = limits_of(frame, now);
  result.query = flows_command(filter_text(frame.subject(), side.range), side.range, "--by app");
  result.observations = now.flows;
  if (!share) {
    result.sentences.push_back(frame.say("opsec.none"));
    return result;
  }
  result.facts.push_back(
      {human_share(*share), frame.say("opsec.fact"),
       comparison_share ? frame.say("opsec.fact_before", {human_share(*comparison_share)}) : std::string()});
  const std::string text = comparison_share
                               ? frame.say("opsec.share_before", {human_share(*share), human_share(*comparison_share),
                                                                  frame.period_text(frame.comparison()->range)})
                               : frame.say("opsec.share", {human_share(*share)});
  result.sentences.push_back(text);
  result.judgements.push_back({text, now.relays && now.hosting ? Confidence::kModerate : Confidence::kLow});
  add_table(frame, now, before, result);
  add_figure(frame, now, result);
  return result;
}

}  // namespace

extern constinit const Section kOpsecSection{"opsec", "opsec.question",
                                             "share of traffic that Tor, VPN, HTTPS and rented machines hide", build};

}  // namespace rw
