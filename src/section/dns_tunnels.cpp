// Section `dns_tunnels`: data carried over DNS by or to the subject or the organisation (contract.md).
#include <algorithm>
#include <set>

#include "base/quantity.h"
#include "detect/dns_tunnel.h"
#include "enrich/reference.h"
#include "section/section.h"
#include "section/tunnels.h"

namespace rw {
namespace {

using dns_tunnel::Tunnel;

constexpr std::size_t kMostItems = 500;  // told, most bytes first
constexpr std::size_t kTableRows = 30;
constexpr std::size_t kFigureRows = 20;

Document text_or_null(const std::string& text) { return text.empty() ? Document() : Document(text); }
Document address_or_null(const std::optional<Ip>& ip) { return ip ? Document(ip->to_string()) : Document(); }

Document signs(const dns_tunnel::Signs& s) {
  Document d = Document::object();
  d.set("bytes", s.bytes);
  d.set("mean_message_bytes", s.mean_message_bytes);
  d.set("mean_gap_seconds", s.mean_gap_seconds);
  return d;
}

Document item_of(const Tunnel& t) {
  Document item = Document::object();
  item.set("client", address_or_null(t.client));
  item.set("server", address_or_null(t.server));
  item.set("domain", text_or_null(t.domain));
  item.set("scope", text_or_null(t.scope));
  item.set("first_seen", t.first);
  item.set("last_seen", t.last);
  item.set("bytes", t.bytes());
  item.set("messages", t.messages());
  item.set("mean_message_bytes", t.signs.mean_message_bytes);
  item.set("mean_gap_seconds", t.signs.mean_gap_seconds);
  item.set("baseline", signs(t.baseline));
  item.set("tool", text_or_null(t.traits.tool));
  item.set("confidence", to_string(t.confidence));
  item.set("enrichment", text_or_null(t.enrichment));
  return item;
}

std::string name_of(const Tunnel& t) {
  const std::string client = t.client ? t.client->to_string() : "";
  return client + " → " + (!t.domain.empty() ? t.domain : t.server ? t.server->to_string() : "");
}

SectionTable table_of(const Frame& frame, const std::vector<Tunnel>& tunnels) {
  SectionTable table;
  table.caption = frame.say("dns_tunnels.table");
  table.columns = {{frame.say("word.client"), Unit::kAddress},
                   {frame.say("word.domain"), Unit::kText},
                   {frame.say("word.server"), Unit::kAddress},
                   {frame.say("word.tool"), Unit::kText},
                   {frame.say("word.bytes"), Unit::kBytes},
                   {frame.say("word.messages"), Unit::kCount},
                   {frame.say("word.mean_message_bytes"), Unit::kBytes},
                   {frame.say("word.mean_gap"), Unit::kRatio},
                   {frame.say("word.first_seen"), Unit::kDate},
                   {frame.say("word.last_seen"), Unit::kDate}};
  const auto day = [](Timestamp t) { return Document(t.to_string().substr(0, 10)); };
  for (const Tunnel& t : tunnels) {
    if (table.rows.size() == kTableRows) break;
    table.rows.push_back({address_or_null(t.client), text_or_null(t.domain), address_or_null(t.server),
                          text_or_null(t.traits.tool), t.bytes(), t.messages(), t.signs.mean_message_bytes,
                          t.signs.mean_gap_seconds, day(t.first), day(t.last)});
  }
  table.total = static_cast<std::int64_t>(tunnels.size());
  return table;
}

SectionFigure figure_of(const Frame& frame, const std::vector<Tunnel>& tunnels) {
  Document names = Document::list(), first = Document::list(), last = Document::list(), bytes = Document::list();
  for (std::size_t i = 0; i < std::min(kFigureRows, tunnels.size()); ++i) {
    const Tunnel& t = tunnels[i];
    names.push(name_of(t));
    first.push(static_cast<double>(t.first.us) / 1e6);
    last.push(static_cast<double>(t.last.us) / 1e6);
    bytes.push(t.bytes());
  }
  SectionFigure figure{
      "figure-dns-tunnels", "spans", frame.say("dns_tunnels.figure"),
      frame.say("dns_tunnels.figure_text", {std::to_string(names.items()->size()), name_of(tunnels.front())}),
      Document::object()};
  figure.data.set("names", std::move(names));
  figure.data.set("first", std::move(first));
  figure.data.set("last", std::move(last));
  figure.data.set("bytes", std::move(bytes));
  return figure;
}

void tell(const Frame& frame, const std::vector<Tunnel>& tunnels, SectionResult& result) {
  Document items = Document::list();
  std::int64_t bytes = 0, watched = 0;
  bool sized = false, sure = false;
  for (std::size_t i = 0; i < tunnels.size(); ++i) {
    const Tunnel& t = tunnels[i];
    if (i < kMostItems) items.push(item_of(t));
    bytes += t.bytes().value_or(0);
    sized = sized || t.bytes().has_value();
    watched += t.scope == "subject" ? 1 : 0;
    sure = sure || t.confidence == Confidence::kHigh;
    result.observations += t.queries;
  }
  result.numbers.set("items", std::move(items));
  if (tunnels.empty()) {
    result.sentences.push_back(frame.say("dns_tunnels.none"));
    return;
  }
  const auto n = static_cast<std::int64_t>(tunnels.size());
  const std::string count = group_thousands(n) + (n == 1 ? " tunnel" : " tunnels");
  const std::string text =
      sized ? frame.say("dns_tunnels.count", {count, human_bytes(static_cast<double>(bytes)), group_thousands(watched)})
            : frame.say("dns_tunnels.count_unsized", {count, group_thousands(watched)});
  result.sentences.push_back(text);
  result.judgements.push_back({text, sure ? Confidence::kHigh : Confidence::kModerate});
  result.facts.push_back({group_thousands(n), frame.say("dns_tunnels.fact"),
                          frame.say("dns_tunnels.fact_subject", {group_thousands(watched)})});
  result.tables.push_back(table_of(frame, tunnels));
  result.figures.push_back(figure_of(frame, tunnels));
}

Result<SectionResult> build(const Frame& frame) {
  SectionResult result;
  const Side& side = frame.period();
  RW_ASSIGN(const auto found, tunnels_of_period(frame));
  std::vector<Tunnel> tunnels = *found;
  std::stable_sort(tunnels.begin(), tunnels.end(),
                   [](const Tunnel& a, const Tunnel& b) { return a.bytes().value_or(0) > b.bytes().value_or(0); });
  result.method = frame.say("dns_tunnels.method");
  result.limits = frame.say("dns_tunnels.limits");
  if (tunnels.size() > kMostItems)
    result.limits += " " + frame.say("limits.cut", {group_thousands(kMostItems),
                                                    group_thousands(static_cast<std::int64_t>(tunnels.size()))});
  result.query = "rangewatch detect --only dns-tunnel --from " + side.range.from.to_string() + " --to " +
                 side.range.to.to_string();
  tell(frame, tunnels, result);
  return result;
}

}  // namespace

Result<std::shared_ptr<const std::vector<Tunnel>>> tunnels_of_period(const Frame& frame) {
  return frame.shared<std::vector<Tunnel>>("dns_tunnels", [&frame]() -> Result<std::vector<Tunnel>> {
    DetectContext context;
    context.subjects = {frame.subject()};
    context.organisation = frame.organisation();
    context.range = frame.period().range;
    context.thresholds = frame.request().thresholds;
    RW_ASSIGN(context.reference, Reference::load(frame.store(), context.range));
    RW_ASSIGN(std::vector<Tunnel> tunnels, dns_tunnel::find_tunnels(frame.store(), context));
    std::erase_if(tunnels, [](const Tunnel& t) { return t.exchange != dns_tunnel::Exchange::kNone; });
    return tunnels;
  });
}

extern constinit const Section kDnsTunnelsSection{
    "dns_tunnels", "dns_tunnels.question", "data carried over DNS: by whom, to where, how much, and what it resembles",
    build};

}  // namespace rw
