// Detector weak-policy: mail that failed DMARC and was delivered because a policy is none or missing, and own domains
// that publish such a policy.
#include <algorithm>
#include <map>

#include "base/quantity.h"
#include "detect/detector.h"
#include "detect/episodes.h"
#include "detect/mail_rows.h"
#include "detect/thresholds.h"
#include "enrich/registered_domain.h"

namespace rw {
namespace {

namespace limits = thresholds::weak_policy;

constexpr EvidenceKind kEvidence[] = {EvidenceKind::kPayload};
constexpr std::uint64_t kMostRows = 200'000;

std::vector<Query> queries(const DetectContext& context);
std::vector<Finding> decide(const DetectContext& context, std::span<const Answer> answers);

}  // namespace

extern constinit const Detector kWeakPolicyDetector{
    .id = "weak-policy",
    .title = "A DMARC policy that lets forged mail through",
    .technique = "T1566",
    .may_be_wrong_because =
        "honest mail fails too: forwarders and lists that leave no trace in the header, and services that nobody "
        "entered in the domain's SPF or DKIM",
    .evidence = kEvidence,
    .thresholds = limits::kAll,
    .quiet_gap = limits::kQuietGap,
    .doc =
        "Messages with the verdict fail-delivered, by author's domain: an own domain's always, somebody else's where "
        "the "
        "message has a sign of deceit beside it (answers that go elsewhere, a name that looks like ours, content that "
        "does harm, a sender that authenticates as another domain). Mail of lists, forwarders and machines is left out "
        "unless it deceives. And own domains whose newest audit found no policy, or one of none. Each finding holds "
        "the "
        "record to publish.",
    .queries = queries,
    .decide = decide,
};

namespace {

enum Column : std::size_t { kDomain, kPlace, kPolicy, kOnDay, kMessages, kFirst, kLast, kRecipients, kSources };

ExprPtr text_is(std::string_view column, std::string_view value) {
  return expr::eq(expr::column(column), expr::text(value));
}

// SPF or DKIM pass, and since DMARC failed they do so for another domain.
ExprPtr passes_for_another() { return expr::any_of({text_is("spf", "pass"), text_is("dkim", "pass")}); }

Query messages_query(const DetectContext& context) {
  Query query;
  query.table = "messages";
  query.time = context.range;
  const ExprPtr deceit =
      expr::any_of({strong_signs(), has_sign("reply-to-differs"), has_sign("reply-to-free-mail"), passes_for_another(),
                    expr::binary(Expr::Kind::kGt, expr::column("misleading_links"), expr::number(0))});
  query.where = expr::all_of({text_is("verdict", "fail-delivered"),
                              expr::any_of({expr::not_(ordinary_traffic()), strong_signs()}),
                              expr::any_of({own_domain(context, "from_domain"), deceit})});
  query.group_by = {{"from_domain", expr::column("from_domain")},
                    {"dmarc_domain", expr::coalesce({expr::column("dmarc_domain"), expr::text("")})},
                    {"dmarc_policy", expr::coalesce({expr::column("dmarc_policy"), expr::text("")})},
                    {"day", expr::time_bucket(expr::column("time"), kDay)}};
  query.measures = {{"messages", Measure::Kind::kCount, nullptr},
                    {"first", Measure::Kind::kMin, expr::column("time")},
                    {"last", Measure::Kind::kMax, expr::column("time")},
                    {"recipients", Measure::Kind::kDistinct, expr::column("recipient")},
                    {"sources", Measure::Kind::kDistinct, expr::column("source")}};
  query.order_by = {{"first", false}};
  query.limit = kMostRows;
  return query;
}

// What audits found of own domains, oldest first.
Query audits_query(const DetectContext& context) {
  Query query;
  query.table = "mail_audits";
  query.time = context.range;
  std::vector<Value> items;
  for (const char* item : {"record", "policy", "testing", "sp"}) items.emplace_back(std::string(item));
  query.where = expr::all_of(
      {text_is("topic", "dmarc"), expr::in(expr::column("item"), std::move(items)), own_domain(context, "domain")});
  query.select = {{"time", expr::column("time")},
                  {"domain", expr::column("domain")},
                  {"item", expr::column("item")},
                  {"status", expr::column("status")},
                  {"value", expr::coalesce({expr::column("value"), expr::text("")})}};
  query.order_by = {{"time", true}};
  query.limit = kMostRows;
  return query;
}

std::vector<Query> queries(const DetectContext& context) { return {messages_query(context), audits_query(context)}; }

std::string to_publish(const std::string& place) {
  return "_dmarc." + place + " TXT \"v=DMARC1; p=quarantine; rua=mailto:dmarc-reports@" + place + "\"";
}

struct Failing {
  std::string place;
  bool own = false, missing = false;
  Timestamp first, last;
  std::int64_t messages = 0, recipients = 0, sources = 0;
};

Finding about(const Failing& f) {
  Finding finding;
  finding.first_seen = f.first;
  finding.last_seen = f.last;
  finding.entities = {{"domain", f.place}};
  finding.severity = f.own ? Severity::kHigh : Severity::kMedium;
  finding.confidence = Confidence::kModerate;
  finding.summary = counted(f.messages, "message") + " that claim to come from " + f.place +
                    " failed DMARC and were delivered: its policy is " + (f.missing ? "missing" : "none") + ". " +
                    (f.own ? "Publish: " : "Ask its owner to publish: ") + to_publish(f.place) + ".";
  finding.figures = {{"messages", f.messages},
                     {"policy", f.missing ? FigureValue() : FigureValue(std::string("none"))},
                     {"most_recipients_in_a_day", f.recipients},
                     {"most_sources_in_a_day", f.sources},
                     {"record", to_publish(f.place)}};
  finding.observations = {messages_command("verdict = 'fail-delivered' and (from_domain = " + sql_text(f.place) +
                                               " or from_domain like " + sql_text("%." + f.place) + ")",
                                           f.first, f.last),
                          f.messages};
  return finding;
}

void add_messages(const DetectContext& context, const Answer& answer, std::vector<Finding>& findings) {
  const Duration gap = context.thresholds.duration(limits::kQuietGap);
  std::map<std::string, std::vector<Failing>> all;
  for (const auto& row : answer.rows) {
    const std::string from = as_string(row[kDomain]);
    std::string place = as_string(row[kPlace]);
    if (place.empty()) {
      const std::string_view registered = registered_domain(from);
      place = registered.data() == nullptr ? from : std::string(registered);
    }
    const auto* first = std::get_if<Timestamp>(&row[kFirst]);
    const auto* last = std::get_if<Timestamp>(&row[kLast]);
    if (place.empty() || first == nullptr || last == nullptr) continue;
    auto& episodes = all[place];
    if (episodes.empty() || *first - episodes.back().last > gap)
      episodes.push_back({place, is_own_domain(context.organisation, from), true, *first, *last, 0, 0, 0});
    Failing& f = episodes.back();
    f.missing = as_string(row[kPolicy]).empty();  // as the newest message found it
    f.last = std::max(f.last, *last);
    f.messages += as_int(row[kMessages]);
    f.recipients = std::max(f.recipients, as_int(row[kRecipients]));
    f.sources = std::max(f.sources, as_int(row[kSources]));
  }
  for (const auto& [place, episodes] : all)
    for (const Failing& f : episodes)
      if (static_cast<double>(f.messages) >= context.thresholds[limits::kMinMessages]) findings.push_back(about(f));
}

void add_audits(const Answer& answer, std::vector<Finding>& findings) {
  struct State {
    Timestamp time;
    std::map<std::string, std::pair<std::string, std::string>> items;  // item -> status, value
  };
  std::map<std::string, State> newest;  // rows come newest first
  for (const auto& row : answer.rows) {
    const auto* time = std::get_if<Timestamp>(&row[0]);
    if (time == nullptr) continue;
    State& state = newest[as_string(row[1])];
    if (state.items.empty()) state.time = *time;
    if (state.time == *time) state.items[as_string(row[2])] = {as_string(row[3]), as_string(row[4])};
  }
  for (const auto& [domain, state] : newest) {
    const auto bad = [&](const char* item) {
      const auto found = state.items.find(item);
      return found != state.items.end() && (found->second.first == "bad" || found->second.first == "warning");
    };
    const bool missing = bad("record");
    if (!missing && !bad("policy") && !bad("testing") && !bad("sp")) continue;
    Finding finding;
    finding.first_seen = finding.last_seen = state.time;
    finding.entities = {{"domain", domain}, {"basis", "audit"}};
    finding.severity = missing || bad("policy") ? Severity::kMedium : Severity::kLow;
    finding.confidence = Confidence::kHigh;
    const std::string what = missing         ? "publishes no DMARC policy that receivers can use"
                             : bad("policy") ? "publishes the DMARC policy none"
                             : bad("sp")     ? "leaves its subdomains without a DMARC policy"
                                             : "says t=y, so that its DMARC policy is applied one level weaker";
    finding.summary =
        domain + " " + what + ": others can write in its name and are delivered. Publish: " + to_publish(domain) + ".";
    finding.may_be_wrong_because =
        "the record may have changed since " + state.time.date() + "; audit the domain again";
    finding.figures = {{"record", to_publish(domain)}};
    finding.observations = {"rangewatch mail audit " + domain, static_cast<std::int64_t>(state.items.size())};
    findings.push_back(std::move(finding));
  }
}

std::vector<Finding> decide(const DetectContext& context, std::span<const Answer> answers) {
  std::vector<Finding> findings;
  add_messages(context, answers[0], findings);
  add_audits(answers[1], findings);
  return findings;
}

}  // namespace
}  // namespace rw
