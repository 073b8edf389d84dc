// The table of every sentence that a dossier can say; a language is one column.
#include "section/texts.h"

#include <fmt/args.h>
#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <span>

#include "section/texts_mail.h"

namespace rw {
namespace {

using Line = TextLine;

// In the order of id, for the search. Sentences end with a full stop, titles and words do not.
constexpr Line kLines[] = {
    {"activity.change_point", "The level changed around {0}, from about {1} to about {2} a day ({3} confidence)."},
    {"activity.fact", "carried on an average day"},
    {"activity.fact_change", "{0} on the comparison"},
    {"activity.fell", "The watched space carried {0} a day, against {2} in {4}: {1} (95 % interval {3})."},
    {"activity.few_days", "No change is told: fewer than 14 observed days in one of the two periods."},
    {"activity.figure", "Volume by local day"},
    {"activity.figure_text", "Bars for {0} local days. The mean is {1} a day; the highest day is {2} with {3}."},
    {"activity.mean", "The watched space carried {0} a day."},
    {"activity.method",
     "Bytes and packets of every flow with an end in a watched prefix that was valid at its start, counted once, "
     "forward and "
     "reverse together, scaled by sampling, IP layer. A flow belongs to the local day in which it starts. The mean is "
     "bytes "
     "over observed days (observed hours ÷ 24). The change compares daily means; its 95 % interval comes from 2,000 "
     "bootstrap rounds over days with a fixed seed. Changes of level: optimal partitioning of the logarithm of daily "
     "volumes, weekday medians taken out, levels of at least 14 days, a penalty of 3 × ln(days) × variance (which "
     "allows "
     "for day-to-day correlation), and a difference of at least 25 %."},
    {"activity.not_comparable", "No change is told: the two periods were not observed in the same way."},
    {"activity.question", "How much does this space send and receive, and is that changing?"},
    {"activity.quiet", "No flow of the watched space was recorded although sensors reported."},
    {"activity.rose", "The watched space carried {0} a day, {5} times the {2} of {4}: {1} (95 % interval {3})."},
    {"activity.steady",
     "The watched space carried {0} a day, against {2} in {4}: no clear change ({1}, 95 % interval {3})."},
    {"activity.table", "Volume in the period and in the comparison"},
    {"activity.title", "Activity"},
    {"activity.unobserved", "Nobody watched in this period: no sensor of the lake reported."},
    {"activity.was_empty", "No change is told: the comparison carried nothing."},
    {"addresses.concentration", "{0} and {1} carry {2} of all traffic; {3} watched addresses carry any."},
    {"addresses.fact", "of all traffic on two addresses"},
    {"addresses.fact_new", "addresses active for the first time"},
    {"addresses.fact_serving", "{0} of them offer a service"},
    {"addresses.fact_used", "{0} addresses carry any"},
    {"addresses.figure", "Busiest watched addresses by share of all traffic"},
    {"addresses.figure_text", "Bars for the {0} busiest of {1} addresses. The first, {2}, has {3}."},
    {"addresses.limits",
     "An address is not a machine or a person: it may be shared, or be reassigned within the period. Ports suggest a "
     "role "
     "only where no sensor named the application."},
    {"addresses.method",
     "Concentration: bytes by watched address as a share of all the subject's bytes; a flow between two watched "
     "addresses "
     "counts for both. Roles: services that the address itself answered at least {0} times as one sensor saw it (a TCP "
     "reset is no answer). Newly active: the first packet that an address sent, or the first DNS answer that named it, "
     "when neither was ever seen before the period in the whole lake, which must then hold at least {1} observed "
     "days."},
    {"addresses.new", "{0} watched addresses became active for the first time; {1} of them offer a service."},
    {"addresses.new_none", "No watched address became active for the first time."},
    {"addresses.new_table", "Addresses that became active for the first time"},
    {"addresses.new_unknown",
     "Which addresses are new is unknown: the lake holds fewer than {0} observed days from before the period."},
    {"addresses.only_one", "All traffic belongs to {0}."},
    {"addresses.question", "Which addresses are used, what do they serve, and which are new?"},
    {"addresses.roles_table", "Services that watched addresses offered"},
    {"addresses.title", "Addresses"},
    {"contacts.count", "At least {0} pairs of a watched address and a peer exchanged packets or tried to."},
    {"contacts.fact", "pairs of address and peer, at least"},
    {"contacts.fact_ours", "{0} of the organisation's addresses exchanged packets"},
    {"contacts.limits",
     "A peer behind a proxy, a cloud front or address translation is seen only as that front. A source address can be "
     "forged where nobody answered it."},
    {"contacts.method",
     "Flows grouped by watched address and peer, from the sensor that counts. The kind follows the service with most "
     "bytes; a pair in which one side never answered, with at most three packets a flow, is a scan. The organisation's "
     "own addresses come first, then the pairs with most bytes."},
    {"contacts.none", "No contact was recorded."},
    {"contacts.ours",
     "Addresses of the organisation that exchanged packets with the watched space: {0}; that were only addressed, or "
     "got no "
     "answer: {1}."},
    {"contacts.ours_none", "No address of the organisation was in contact with the watched space."},
    {"contacts.question", "Who does this space talk with?"},
    {"contacts.table", "Largest contacts"},
    {"contacts.table_ours", "Contacts; those of the organisation first, marked *"},
    {"contacts.title", "Contacts"},
    {"content.cut", "Rare names beyond a bound were left out."},
    {"content.figure", "Kinds of sites by share of all traffic"},
    {"content.figure_text", "Bars for the kinds of sites; the largest is {0}."},
    {"content.limits",
     "A name says which site, not what was done there. Flows whose site is known: {0}; the others are in no category, "
     "and encrypted names and addresses that several sites share stay unknown."},
    {"content.method",
     "Bytes of flows by the server name that the sensor saw; flows without one by the TLS server names and HTTP hosts "
     "that logs tell of the same two addresses, where most of them are of one category. The category comes from lists "
     "of purpose content, else from a small list that is built in and from names of public bodies (gov, edu, ac). The "
     "share is of all bytes of the subject."},
    {"content.most", "Most bytes that show a known site went with the category {0}: {1} of all traffic."},
    {"content.none", "No connection showed the name of a known site."},
    {"content.question", "What kinds of sites does this space use?"},
    {"content.table", "Kinds of sites"},
    {"content.title", "Content"},
    {"day.fri", "Fri"},
    {"day.mon", "Mon"},
    {"day.sat", "Sat"},
    {"day.sun", "Sun"},
    {"day.thu", "Thu"},
    {"day.tue", "Tue"},
    {"day.wed", "Wed"},
    {"dns_tunnels.count", "{0} carried {1} over DNS, {2} of them with an end in the watched space."},
    {"dns_tunnels.count_unsized",
     "{0} stood out in DNS, {1} of them with an end in the watched space; no sensor told sizes."},
    {"dns_tunnels.fact", "tunnels over DNS"},
    {"dns_tunnels.fact_subject", "{0} with an end in the watched space"},
    {"dns_tunnels.figure", "When each tunnel was seen"},
    {"dns_tunnels.figure_text",
     "A bar from first to last sight for each of {0} tunnels; the one with most bytes is {1}."},
    {"dns_tunnels.limits",
     "A resolver stands between: the client is whoever asked it, and its server is the resolver. Names that products "
     "use for telemetry can look alike. Where a sensor gives no sizes, bytes are unknown and the bytes of different "
     "names decided."},
    {"dns_tunnels.method",
     "Bytes of different names that one client asks below one registered domain in 5 minutes, from 500 on, with at "
     "least three signs: message length, mean gap, names that never repeat, record types that carry data, encoded "
     "names, long answers; each against what else the client asks. Where flows are all there is, sizes and ports of "
     "packets to port 53 decide. Look-ups of block lists and antivirus products are left out. Mean gap within active "
     "windows only; messages are questions and answers. Detector dns-tunnel, with its defaults."},
    {"dns_tunnels.none", "No tunnel over DNS was found."},
    {"dns_tunnels.question", "Is data carried over DNS, by whom and to where?"},
    {"dns_tunnels.table", "Tunnels over DNS, most bytes first"},
    {"dns_tunnels.title", "DNS tunnels"},
    {"kind.dns", "dns"},
    {"kind.mail", "mail"},
    {"kind.other", "other"},
    {"kind.scan", "scan"},
    {"kind.web", "web"},
    {"limits.attacks", "No attack detection is built in yet, so nothing is taken out as attack traffic."},
    {"limits.comparison_empty", "One of the periods holds no flow of the subject: nothing can be compared."},
    {"limits.cut", "Only {0} of {1} are listed."},
    {"limits.fallback", "In hours in which that sensor was silent, the next one was taken."},
    {"limits.gaps", "No sensor reported for {1} hours, in {0} gaps; means are over observed time."},
    {"limits.ignored", "Records of the same traffic from other sensors are left out: {0}."},
    {"limits.list_younger",
     "A list is younger than the beginning of the period: its first snapshot was used for the time before."},
    {"limits.no_flows", "No sensor recorded a flow of the subject."},
    {"limits.other_sampling", "The periods were sampled at different rates: changes between them are not told."},
    {"limits.other_sensors", "The periods were seen by different sensors: changes between them are not told."},
    {"limits.sampled", "The sensor counts samples; volumes are scaled estimates."},
    {"limits.sensor_listed", "Volumes come from the sensor that the subject file names: {0}."},
    {"limits.sensor_most", "Volumes come, for each watched prefix, from the sensor that saw most: {0}."},
    {"limits.zone_change", "The offset of {0} changed between or within the periods; local times follow it."},
    {"mining.behind", "At least {0} machines stand behind one address."},
    {"mining.change", "Change"},
    {"mining.fact", "of mining and coin traffic, by payload"},
    {"mining.fact_port", "uses of ports of coins and pools; ports are all the evidence"},
    {"mining.figure", "Volume by month"},
    {"mining.figure_text", "Bars for each of {0} uses by month. The highest is {2} in {1}."},
    {"mining.grew", "It rose to {1} times as much a day around {0}."},
    {"mining.item", "{0}: {1} (watched addresses: {2}; peers: {3})."},
    {"mining.limits",
     "Traffic cannot give a hash rate, and an address is not a machine: the number of machines is a lower bound. What "
     "rests on ports alone is never above low confidence, for other services use these ports; and whoever mines on "
     "other ports, encrypted, is seen only where a sensor saw a payload."},
    {"mining.machines", "Machines at least"},
    {"mining.method",
     "Payload decides first: logins, jobs and shares of pools (Stratum, Monero, Ethereum) and messages of the networks "
     "of Bitcoin, Litecoin and Monero, on any port. A server and port at which a payload was seen once, in the period "
     "or before it, stands for all flows to it, also those of sensors that see no payload; and a node that was seen "
     "speaking on a port stands for all its peers on that port. What is left is told by port: TCP of at least three "
     "packets to 8332, 8333, 18080, 18081, 9332, 9333 (coins) or 3333, 7777 (pools). "
     "Machines: different worker names, or sessions with pools at one time, behind one address. Messages a day: of "
     "sessions with payload, on the days that had any. The change is the clearest change of level in daily bytes from "
     "the first day of use on; its ratio compares the daily means after and before it."},
    {"mining.node_payload", "Node of {0}'s network"},
    {"mining.node_port", "Port of {0} (port only)"},
    {"mining.none", "Nothing that mines or passes on coins was seen, by payload or by port."},
    {"mining.peers", "Peers"},
    {"mining.pool_payload", "Mining of {0} at pools"},
    {"mining.pool_port", "Port of pools, {0} (port only)"},
    {"mining.question", "Does this space mine, which coins, since when and how much?"},
    {"mining.ratio", "Change, times"},
    {"mining.shrank", "It fell to {1} times as much a day around {0}."},
    {"mining.table", "Uses of coins"},
    {"mining.title", "Mining"},
    {"mining.unknown_coin", "an unknown coin"},
    {"opsec.fact", "of all traffic is hidden"},
    {"opsec.fact_before", "{0} in the comparison"},
    {"opsec.figure", "Hidden traffic by kind, as share of all traffic"},
    {"opsec.figure_text", "Bars for Tor, VPN, HTTPS and rented machines; together {0} of all bytes."},
    {"opsec.kind_https", "HTTPS"},
    {"opsec.kind_tor", "Tor"},
    {"opsec.kind_vpn", "VPN"},
    {"opsec.kind_vps", "Rented machines"},
    {"opsec.limits",
     "Where no sensor looked into packets, ports suggest VPN and HTTPS, so tunnels inside HTTPS count as HTTPS. Bytes "
     "of DNS tunnels are not in the share."},
    {"opsec.method",
     "Each flow in the first kind that fits: Tor (the application, or an end that a list of relays names when the flow "
     "starts), VPN (the application, or what nDPI says), HTTPS (TLS and QUIC of the web), rented machines (other "
     "traffic but DNS with ranges that hosting providers published, as of the flow's start). The share is the sum of "
     "the four over all bytes of the subject."},
    {"opsec.no_hosting", "No ranges of hosting providers are in the lake, so rented machines are unknown."},
    {"opsec.no_relays", "No list of Tor relays is in the lake, so only Tor that a sensor recognised is counted."},
    {"opsec.none", "No traffic was recorded, so nothing can be said about how it is hidden."},
    {"opsec.question", "How much of this traffic is hidden, and how?"},
    {"opsec.share", "{0} of all bytes were hidden by Tor, VPN, HTTPS or rented machines."},
    {"opsec.share_before", "{0} of all bytes were hidden by Tor, VPN, HTTPS or rented machines, against {1} in {2}."},
    {"opsec.table", "Hidden traffic"},
    {"opsec.title", "Operational security"},
    {"report.chart_text", "The figure in words"},
    {"report.comparability", "Comparability"},
    {"report.comparison", "compared with", "比較対象"},
    {"report.confidence", "{0} confidence", "確度：{0}"},
    {"report.confidence_explained",
     "Confidence says how sure we are of the reading, not how grave it is: high needs long, comparable observation.",
     "確度は解釈がどの程度確かかを示すもので、深刻さを示すものではありません。「高」と言うには、十分な期間にわたる観測"
     "が必要です。"},
    {"report.contents", "Contents", "目次"},
    {"report.country", "Country"},
    {"report.cut", "{0} of {1} rows", "全 {1} 行のうち {0} 行"},
    {"report.data", "The numbers of this page as data", "このページの数値データ"},
    {"report.days_of", "{0} of {1} days observed"},
    {"report.dossier", "Dossier"},
    {"report.figure", "Figure {0}", "図 {0}"},
    {"report.from_utc", "From (UTC)"},
    {"report.gaps", "Gaps in observation"},
    {"report.judgements", "Key judgements", "要点"},
    {"report.judgements_none", "The numbers support no judgement that goes beyond the sections below.",
     "以下の各節に示す数値を超える判断はありません。"},
    {"report.key_numbers", "Key numbers", "主要な数値"},
    {"report.label", "Label"},
    {"report.limits", "Limits", "限界"},
    {"report.made_by", "Made by rangewatch {0} from observations in the lake; every number names its question.",
     "rangewatch {0} が、蓄積された観測記録から作成しました。すべての数値に、その根拠となる問い合わせを示しています。"},
    {"report.method", "Method", "方法"},
    {"report.method_and_limits", "Method, limits and query", "方法、限界、問い合わせ"},
    {"report.no", "no"},
    {"report.no_gaps", "none"},
    {"report.observations", "Observations used", "使用した記録数"},
    {"report.observed", "Observed"},
    {"report.period", "Period", "対象期間"},
    {"report.prefix", "Prefix"},
    {"report.prefixes", "Watched prefixes"},
    {"report.query", "Query", "問い合わせ"},
    {"report.same_exporters", "Same sensors"},
    {"report.same_sampling", "Same sampling"},
    {"report.save", "Save the data (JSON)", "データを保存（JSON）"},
    {"report.scope", "What was watched, and how"},
    {"report.sections", "Sections", "節"},
    {"report.skip", "Skip to the content", "本文へ移動"},
    {"report.synthetic",
     "Synthetic: this lake holds scenario data. Nothing here happened, and no indicator may be used for defence.",
     "合成データ：ここにはシナリオの記録が含まれています。いずれも実際に起きたことではなく、指標を防御に使用してはなり"
     "ません。"},
    {"report.table", "Table {0}", "表 {0}"},
    {"report.time_zone", "Time zone"},
    {"report.to_utc", "To (UTC)"},
    {"report.unknown", "unknown", "不明"},
    {"report.valid", "Valid"},
    {"report.valid_always", "always"},
    {"report.valid_from", "from {0}"},
    {"report.valid_range", "{0} to {1}"},
    {"report.valid_to", "until {0}"},
    {"report.volume_limits", "Limits of all volumes"},
    {"report.work_week", "Work week"},
    {"report.yes", "yes"},
    {"rhythm.fact", "of traffic in working hours"},
    {"rhythm.fact_before", "{0} in the comparison"},
    {"rhythm.fact_even", "{0} if it were even"},
    {"rhythm.flatter",
     "Days are flatter than before: the busiest hour carries {1} times the quietest, against {0} times."},
    {"rhythm.hours_figure", "Share of the day by local hour ({0})"},
    {"rhythm.hours_table", "Bytes by hour of the day ({0})"},
    {"rhythm.hours_text", "A line over 24 local hours; the busiest hour begins at {0}, the quietest at {1}."},
    {"rhythm.leisure",
     "The space is used mostly outside working hours: they hold {0} of the week's traffic; an even week would give "
     "{1}."},
    {"rhythm.less_work", "Use moved away from working hours: their share of the week fell from {0} to {1}."},
    {"rhythm.method",
     "Bytes by local hour of the week in {0}, with the zone's history; a flow belongs to the hour in which it starts. "
     "Totals stand beside observed hours; shares and comparisons use bytes per observed hour. Working hours: {1}. Peak "
     "to "
     "trough is the busiest over the quietest hour of the day."},
    {"rhythm.more_work", "Use moved into working hours: their share of the week rose from {0} to {1}."},
    {"rhythm.question", "When is this space active, in its own local time?"},
    {"rhythm.share", "Working hours hold {0} of the week's traffic; an even week would give {1}."},
    {"rhythm.share_before", "It was {0} in {1}."},
    {"rhythm.steeper",
     "Days are steeper than before: the busiest hour carries {1} times the quietest, against {0} times."},
    {"rhythm.suppressed", "Hours whose traffic belongs to fewer than {0} far-end networks are not told."},
    {"rhythm.table", "Shares of the week (working hours {0})"},
    {"rhythm.title", "Rhythm"},
    {"rhythm.unknown",
     "The rhythm of the week is unknown: under 95 % of its hours were ever observed, or nothing was carried."},
    {"rhythm.week_figure", "Volume by hour and weekday, local time ({0})"},
    {"rhythm.week_text",
     "Bytes per observed hour, in a grid of 24 hours by 7 days; the outline marks working hours. Busiest: {0} with "
     "{1}; quietest: {2} with {3}."},
    {"rhythm.week_unknown", "Nothing is known, or may be told, about any hour."},
    {"rhythm.work",
     "The space is used like a tool of work: working hours hold {0} of the week's traffic; an even week would give "
     "{1}."},
    {"word.address", "Address"},
    {"word.basis", "Seen by"},
    {"word.bytes", "Bytes"},
    {"word.bytes_per_day", "Bytes a day"},
    {"word.bytes_per_hour", "Bytes per observed hour"},
    {"word.change_of_level", "Change of level"},
    {"word.client", "Client"},
    {"word.comparison_mean", "Comparison"},
    {"word.comparison_share", "Share before"},
    {"word.confidence", "Confidence", "確度"},
    {"word.domain", "Domain"},
    {"word.first_seen", "First seen (UTC)", "初回（UTC）"},
    {"word.flows", "Flows"},
    {"word.from_to", "{0} to {1}", "{0} から {1} まで"},
    {"word.hour", "Hour"},
    {"word.hours", "Hours"},
    {"word.kind", "Kind", "種別"},
    {"word.last_seen", "Last seen (UTC)", "最終（UTC）"},
    {"word.mean", "Mean"},
    {"word.mean_daily_bytes", "Mean a day"},
    {"word.mean_gap", "Mean gap (s)"},
    {"word.mean_message_bytes", "Mean message"},
    {"word.messages", "Messages", "通数"},
    {"word.not_told", "not observed or not told"},
    {"word.observed_days", "Observed days"},
    {"word.observed_hours", "Observed hours"},
    {"word.packets", "Packets"},
    {"word.peak_to_trough", "Peak to trough"},
    {"word.peer", "Peer"},
    {"word.period", "Period"},
    {"word.resolution", "DNS answer"},
    {"word.roles", "Roles"},
    {"word.scope", "Scope"},
    {"word.server", "Server"},
    {"word.services", "Services"},
    {"word.share", "Share", "割合"},
    {"word.share_of_day", "Share of the day"},
    {"word.tool", "Resembles"},
    {"word.traffic", "traffic"},
    {"word.weekend_share", "Days off"},
    {"word.working_hours_share", "Working hours"},
};

constexpr bool by_id(const Line& a, const Line& b) { return a.id < b.id; }
static_assert(std::is_sorted(std::begin(kLines), std::end(kLines), by_id));

const Line* find_in(std::span<const Line> lines, std::string_view id) {
  const auto line = std::lower_bound(lines.begin(), lines.end(), id,
                                     [](const Line& l, std::string_view wanted) { return l.id < wanted; });
  return line != lines.end() && line->id == id ? &*line : nullptr;
}

const Line* find(std::string_view id) {
  const Line* line = find_in(kLines, id);
  return line != nullptr ? line : find_in(mail_texts(), id);
}

}  // namespace

Result<Language> parse_language(std::string_view code) {
  if (code == "en") return Language::kEnglish;
  if (code == "ja") return Language::kJapanese;
  return Failure(ErrorCode::kUsage, "no language '" + std::string(code) + "'; there are: en, ja");
}

std::string_view to_string(Language language) { return language == Language::kJapanese ? "ja" : "en"; }

std::string say(Language language, std::string_view id, const std::vector<std::string>& args) {
  const Line* line = find(id);
  assert(line != nullptr);
  if (line == nullptr) return std::string(id);
  const std::string_view text =
      language == Language::kJapanese && !line->japanese.empty() ? line->japanese : line->english;
  fmt::dynamic_format_arg_store<fmt::format_context> store;
  for (const std::string& arg : args) store.push_back(arg);
  return fmt::vformat(fmt::string_view(text.data(), text.size()), store);
}

std::vector<std::string_view> text_ids() {
  std::vector<std::string_view> ids;
  for (const Line& line : kLines) ids.push_back(line.id);
  for (const Line& line : mail_texts()) ids.push_back(line.id);
  return ids;
}

bool has_text(Language language, std::string_view id) {
  const Line* line = find(id);
  return line != nullptr && (language == Language::kEnglish || !line->japanese.empty());
}

std::string confidence_text(Language language, Confidence confidence) {
  if (language == Language::kEnglish) return say(language, "report.confidence", {std::string(to_string(confidence))});
  const std::string_view word = confidence == Confidence::kHigh       ? "高"
                                : confidence == Confidence::kModerate ? "中"
                                                                      : "低";
  return say(language, "report.confidence", {std::string(word)});
}

std::string human_share(double share) { return fmt::format("{:.1f} %", 100 * share); }

std::string human_percent(double percent) {
  const double size = std::abs(percent);
  const char* sign = percent < 0 ? "−" : "+";
  return size >= 100 ? fmt::format("{}{:.0f} %", sign, size) : fmt::format("{}{:.1f} %", sign, size);
}

std::string human_number(double value) {
  if (std::abs(value) >= 1000 || value == std::round(value)) return fmt::format("{:.0f}", value);
  return fmt::format("{:.{}f}", value, std::abs(value) >= 100 ? 1 : 2);
}

}  // namespace rw
