// Detector impersonation: authors that look like our or our partners' domains and people.
#include <algorithm>
#include <map>
#include <set>

#include "base/quantity.h"
#include "detect/detector.h"
#include "detect/episodes.h"
#include "detect/mail_rows.h"
#include "detect/thresholds.h"

namespace rw {
namespace {

namespace limits = thresholds::impersonation;

constexpr EvidenceKind kEvidence[] = {EvidenceKind::kPayload};
constexpr std::uint64_t kMostRows = 200'000;

std::vector<Query> queries(const DetectContext& context);
std::vector<Finding> decide(const DetectContext& context, std::span<const Answer> answers);

}  // namespace

extern constinit const Detector kImpersonationDetector{
    .id = "impersonation",
    .title = "Mail from somebody who looks like one of ours",
    .technique = "T1656",
    .may_be_wrong_because =
        "a regional branch, an event or a namesake may use such a domain or name honestly; list what is right in "
        "allowed_lookalikes and people of [mail] in rangewatch.toml",
    .evidence = kEvidence,
    .thresholds = limits::kAll,
    .quiet_gap = limits::kQuietGap,
    .doc =
        "Messages whose author, display name or Reply-To was found to look like an own or partner domain, or like one "
        "of the people in [mail] of rangewatch.toml, when the message was checked: one finding for each deceiver and "
        "whom it looks like. Characters of other alphabets, an own address inside of a display name and an own domain "
        "as somebody's subdomain are deliberate (high); one letter, added words and borrowed names are medium; another "
        "top-level domain alone is low.",
    .queries = queries,
    .decide = decide,
};

namespace {

enum Column : std::size_t {
  kWho,
  kAddress,
  kLike,
  kKind,
  kOnDay,
  kMessages,
  kFirst,
  kLast,
  kRecipients,
  kMacros,
  kLinks,
  kOrdinary,
  kPassed
};

std::vector<Query> queries(const DetectContext& context) {
  Query query;
  query.table = "messages";
  query.time = context.range;
  query.where = expr::not_(expr::is_null(expr::column("impersonates")));
  // A sign "like-…" says that the author deceives; else it is the address for answers.
  const ExprPtr author =
      expr::any_of({expr::matches(expr::column("signs"), "like-*"), expr::matches(expr::column("signs"), "* like-*")});
  query.group_by = {
      {"who", expr::classify({{author, expr::column("from_domain")}}, expr::column("reply_to_domain"))},
      {"address", expr::classify({{author, expr::column("from_address")}}, expr::column("reply_to_address"))},
      {"like", expr::column("impersonates")},
      {"kind", expr::column("impersonation")},
      {"day", expr::time_bucket(expr::column("time"), kDay)}};
  query.measures = {{"messages", Measure::Kind::kCount, nullptr},
                    {"first", Measure::Kind::kMin, expr::column("time")},
                    {"last", Measure::Kind::kMax, expr::column("time")},
                    {"recipients", Measure::Kind::kDistinct, expr::column("recipient")},
                    {"macros", Measure::Kind::kSum, expr::column("macros")},
                    {"misleading_links", Measure::Kind::kSum, expr::column("misleading_links")}};
  Measure ordinary{.name = "ordinary", .kind = Measure::Kind::kCount, .arg = nullptr, .where = ordinary_traffic()};
  Measure passed{.name = "passed",
                 .kind = Measure::Kind::kCount,
                 .arg = nullptr,
                 .where = expr::eq(expr::column("dmarc"), expr::text("pass"))};
  query.measures.push_back(std::move(ordinary));
  query.measures.push_back(std::move(passed));
  query.order_by = {{"first", false}};
  query.limit = kMostRows;
  return {query};
}

bool is_name_kind(std::string_view kind) { return kind == "display-name" || kind == "address-in-name"; }

// Days of one deceiver.
struct Deceiver {
  std::string who, like;
  bool by_name = false;
  std::set<std::string> kinds, addresses;
  Timestamp first, last;
  std::int64_t messages = 0, recipients = 0, macros = 0, misleading = 0, ordinary = 0, passed = 0;
};

std::string joined(const std::set<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

Finding about(const Deceiver& d) {
  Finding finding;
  finding.first_seen = d.first;
  finding.last_seen = d.last;
  finding.entities = {{d.by_name ? "mail_address" : "domain", d.who}, {"impersonates", d.like}};
  const auto any = [&](std::initializer_list<const char*> kinds) {
    return std::any_of(kinds.begin(), kinds.end(), [&](const char* kind) { return d.kinds.contains(kind); });
  };
  const bool deliberate = any({"confusable", "subdomain", "address-in-name", "combined"});
  const bool only_suffix = d.kinds == std::set<std::string>{"other-suffix"};
  const bool all_ordinary = d.ordinary == d.messages;
  finding.severity = d.macros > 0 || deliberate    ? Severity::kHigh
                     : only_suffix || all_ordinary ? Severity::kLow
                                                   : Severity::kMedium;
  finding.confidence = deliberate                    ? Confidence::kHigh
                       : only_suffix || all_ordinary ? Confidence::kLow
                                                     : Confidence::kModerate;
  finding.summary = d.who + " wrote " + counted(d.messages, "message") + " and looks like " + d.like + " (" +
                    joined(d.kinds) + ")" +
                    (d.macros > 0 ? ", with " + counted(d.macros, "document") + " that hold macros" : "") + ".";
  finding.figures = {{"messages", d.messages},   {"most_recipients_in_a_day", d.recipients},
                     {"kinds", joined(d.kinds)}, {"addresses", static_cast<std::int64_t>(d.addresses.size())},
                     {"macros", d.macros},       {"misleading_links", d.misleading},
                     {"passed_dmarc", d.passed}};
  finding.observations = {
      messages_command("impersonates = " + sql_text(d.like) + " and " + sql_text(d.who) + " in (" +
                           (d.by_name ? "from_address, reply_to_address)" : "from_domain, reply_to_domain)"),
                       d.first, d.last),
      d.messages};
  return finding;
}

std::vector<Finding> decide(const DetectContext& context, std::span<const Answer> answers) {
  const Duration gap = context.thresholds.duration(limits::kQuietGap);
  std::map<std::pair<std::string, std::string>, std::vector<Deceiver>> all;
  for (const auto& row : answers[0].rows) {
    const std::string kind = as_string(row[kKind]);
    const bool by_name = is_name_kind(kind);
    const std::string who = as_string(row[by_name ? kAddress : kWho]);
    const auto* first = std::get_if<Timestamp>(&row[kFirst]);
    const auto* last = std::get_if<Timestamp>(&row[kLast]);
    if (who.empty() || first == nullptr || last == nullptr) continue;
    auto& episodes = all[{who, as_string(row[kLike])}];
    if (episodes.empty() || *first - episodes.back().last > gap) {
      episodes.emplace_back();
      episodes.back().who = who, episodes.back().like = as_string(row[kLike]);
      episodes.back().by_name = by_name;
      episodes.back().first = *first, episodes.back().last = *last;
    }
    Deceiver& d = episodes.back();
    d.kinds.insert(kind);
    d.addresses.insert(as_string(row[kAddress]));
    d.last = std::max(d.last, *last);
    d.messages += as_int(row[kMessages]);
    d.recipients = std::max(d.recipients, as_int(row[kRecipients]));
    d.macros += as_int(row[kMacros]);
    d.misleading += as_int(row[kLinks]);
    d.ordinary += as_int(row[kOrdinary]);
    d.passed += as_int(row[kPassed]);
  }
  std::vector<Finding> findings;
  for (const auto& [key, episodes] : all)
    for (const Deceiver& d : episodes)
      if (static_cast<double>(d.messages) >= context.thresholds[limits::kMinMessages]) findings.push_back(about(d));
  return findings;
}

}  // namespace
}  // namespace rw
