// Detector spoofing: campaigns of mail in a domain's name that fails DMARC, as receivers report it.
#include <algorithm>
#include <map>
#include <set>

#include "base/quantity.h"
#include "detect/detector.h"
#include "detect/episodes.h"
#include "detect/thresholds.h"
#include "enrich/registered_domain.h"
#include "mail/senders.h"

namespace rw {
namespace {

namespace limits = thresholds::spoofing;

constexpr EvidenceKind kEvidence[] = {EvidenceKind::kBehaviour};
constexpr std::size_t kMostDomains = 50;      // asked about where none is configured: the busiest
constexpr std::size_t kShownSources = 10;     // addresses in a finding, those with most messages
constexpr std::string_view kNobody = "none";  // what a campaign's mail authenticates as, where nothing passes

// The first question: which domains there are reports about.
std::vector<Query> queries(const DetectContext& context) {
  Query query;
  query.table = "mail_rows";
  query.time = context.range;
  query.where = expr::eq(expr::column("kind"), expr::text("aggregate"));
  query.group_by = {{"domain", expr::column("domain")}};
  query.measures = {{.name = "messages", .kind = Measure::Kind::kSum, .arg = expr::column("messages")}};
  query.order_by = {{"messages", true}, {"domain", false}};
  query.limit = 10'000;
  return {query};
}

// Those of the organisation and of the subjects; where neither names any, all that reports are about, since reports go
// to a domain's owner.
std::vector<std::string> domains_of(const DetectContext& context, std::span<const Answer> answers) {
  std::set<std::string> ours(context.organisation.domains.begin(), context.organisation.domains.end());
  for (const Subject& subject : context.subjects) ours.insert(subject.domains.begin(), subject.domains.end());
  std::vector<std::string> out;
  if (answers.empty()) return out;
  for (const auto& row : answers[0].rows) {
    const std::string domain = as_string(row[0]);
    const std::string registered(registered_domain(domain));
    const bool wanted = ours.empty() || ours.contains(domain) || ours.contains(registered);
    if (wanted && !registered.empty() && out.size() < kMostDomains) out.push_back(domain);
  }
  return out;
}

SenderQuestion question_of(const DetectContext& context, const std::string& domain) {
  return {.domain = domain, .range = context.range};
}
SenderContext senders_context(const DetectContext& context) { return {context.organisation, context.subjects}; }

std::vector<Query> follow_up(const DetectContext& context, std::span<const Answer> answers) {
  std::vector<Query> all;
  for (const std::string& domain : domains_of(context, answers)) {
    std::vector<Query> some = sender_queries(question_of(context, domain), senders_context(context));
    all.insert(all.end(), std::make_move_iterator(some.begin()), std::make_move_iterator(some.end()));
  }
  return all;
}

// Mail of sources like these, from one pause to the next.
struct Campaign {
  Timestamp first, last;
  SenderCounts counts;
  std::set<Timestamp> days;
  std::map<std::size_t, std::int64_t> sources;  // index -> messages
};

// Sources that are few messages each may be a campaign together.
bool takes_part(const SenderSource& source) {
  constexpr std::int64_t kRegularDays = 7;  // see classify_sender: then it may be a machine of ours
  if (source.kind == SenderKind::kSpoofing) return true;
  return source.kind == SenderKind::kUnknown && source.overrides.empty() && source.days < kRegularDays &&
         source.counts.failed() == source.counts.messages;
}

// What its mail authenticates as: that is what ties a campaign's sources together.
std::string identity_of(const SenderSource& source, std::string_view domain) {
  const std::string_view own = registered_domain(domain);
  for (const auto* identities : {&source.spf, &source.dkim})
    for (const SenderIdentity& one : *identities) {
      const std::string_view registered = registered_domain(one.domain);
      if (one.result == "pass" && !registered.empty() && registered != own) return std::string(registered);
    }
  return std::string(kNobody);
}

std::vector<Campaign> campaigns_of(const Senders& senders, const std::set<std::size_t>& members, Duration gap) {
  std::map<std::optional<Ip>, std::size_t> index;
  for (const std::size_t i : members) index.emplace(senders.sources[i].address, i);
  std::multimap<Timestamp, const SenderDay*> days;
  for (const SenderDay& day : senders.daily)
    if (index.contains(day.source)) days.emplace(day.day, &day);
  std::vector<Campaign> out;
  for (const auto& [day, one] : days) {
    if (out.empty() || day - out.back().last >= gap) {
      out.push_back({});
      out.back().first = day;
    }
    Campaign& campaign = out.back();
    campaign.last = day + kDay;
    campaign.counts += one->counts;
    campaign.days.insert(day);
    campaign.sources[index.at(one->source)] += one->counts.messages;
  }
  return out;
}

std::string percent(double share) { return std::to_string(static_cast<int>(share * 100 + 0.5)) + " %"; }

Finding finding_about(const DetectContext& context, const Senders& senders, const std::string& identity,
                      const Campaign& campaign) {
  const std::int64_t messages = campaign.counts.messages;
  const double delivered = static_cast<double>(campaign.counts.failed_delivered) / static_cast<double>(messages);
  std::vector<std::pair<std::int64_t, std::string>> addresses;
  std::int64_t unknown = 0;
  std::set<std::string> watched;
  for (const auto& [i, count] : campaign.sources) {
    const SenderSource& source = senders.sources[i];
    if (source.address) addresses.emplace_back(-count, source.address->to_string());
    if (source.kind == SenderKind::kUnknown) unknown += count;
    for (const WatchedSource& contact : source.watched) watched.insert(contact.subject);
  }
  std::sort(addresses.begin(), addresses.end());
  std::string shown;
  for (std::size_t i = 0; i < std::min(kShownSources, addresses.size()); ++i)
    (shown += i == 0 ? "" : " ") += addresses[i].second;

  Finding finding;
  finding.first_seen = campaign.first;
  finding.last_seen = campaign.last;
  finding.entities = {{"domain", senders.domain}, {"sender", identity}};
  for (const std::string& subject : watched) finding.entities.push_back({"subject", subject});
  const bool got_through = delivered >= context.thresholds[limits::kDeliveredShare];
  const bool many = static_cast<double>(campaign.counts.failed_delivered) >= context.thresholds[limits::kManyMessages];
  finding.severity = got_through && (many || !watched.empty()) ? Severity::kHigh
                     : got_through || !watched.empty()         ? Severity::kMedium
                                                               : Severity::kLow;
  // Where the domain signs its own mail, an unsigned message was never its own.
  finding.confidence = unknown * 2 > messages                              ? Confidence::kLow
                       : senders.signs && identity != std::string(kNobody) ? Confidence::kHigh
                                                                           : Confidence::kModerate;
  const bool open_policy = senders.policy && *senders.policy == "none";
  finding.summary = counted(messages, "message") + " in the name of " + senders.domain + " failed DMARC, from " +
                    counted(static_cast<std::int64_t>(campaign.sources.size()), "source") +
                    (identity == kNobody ? " that nothing authenticates" : " that authenticate as " + identity) +
                    "; receivers delivered " + percent(delivered) + " of them" +
                    (campaign.counts.failed_delivered > 0 && open_policy ? ", since the policy is none" : "") + "." +
                    (watched.empty() ? "" : " Some come from a watched space.");
  finding.figures = {{"messages", messages},
                     {"sources", static_cast<std::int64_t>(campaign.sources.size())},
                     {"days", static_cast<std::int64_t>(campaign.days.size())},
                     {"delivered", campaign.counts.failed_delivered},
                     {"delivered_share", delivered},
                     {"quarantined", campaign.counts.quarantined},
                     {"rejected", campaign.counts.rejected},
                     {"policy", senders.policy ? FigureValue(*senders.policy) : FigureValue()},
                     {"unclear_messages", unknown},
                     {"busiest_sources", shown.empty() ? FigureValue() : FigureValue(shown)}};
  const std::string filter =
      "domain " + senders.domain + " and unaligned" + (identity == kNobody ? "" : " and spf_domain *" + identity);
  finding.observations = {"rangewatch mail rows '" + filter + "' --from " + campaign.first.to_string() + " --to " +
                              campaign.last.to_string(),
                          messages};
  return finding;
}

std::vector<Finding> decide(const DetectContext& context, std::span<const Answer> answers) {
  std::vector<Finding> findings;
  const std::vector<std::string> domains = domains_of(context, answers);
  std::size_t at = 1;
  for (const std::string& domain : domains) {
    const SenderQuestion question = question_of(context, domain);
    const SenderContext known = senders_context(context);
    const std::size_t count = sender_queries(question, known).size();
    if (at + count > answers.size()) break;
    const Senders senders = senders_of(question, known, answers.subspan(at, count));
    at += count;
    std::map<std::string, std::set<std::size_t>> by_identity;
    for (std::size_t i = 0; i < senders.sources.size(); ++i)
      if (takes_part(senders.sources[i])) by_identity[identity_of(senders.sources[i], domain)].insert(i);
    for (const auto& [identity, members] : by_identity)
      for (const Campaign& campaign : campaigns_of(senders, members, context.thresholds.duration(limits::kQuietGap)))
        if (static_cast<double>(campaign.counts.messages) >= context.thresholds[limits::kMinMessages])
          findings.push_back(finding_about(context, senders, identity, campaign));
  }
  return findings;
}

}  // namespace

extern constinit const Detector kSpoofingDetector{
    .id = "spoofing",
    .title = "Mail in the name of a domain that fails DMARC",
    .technique = "T1672",
    .may_be_wrong_because =
        "a service that sends for the domain and was never set up, and a forwarder that breaks signatures, fail in the "
        "same way; reporters see only their own mail, and some count what they filter before DMARC not at all",
    .evidence = kEvidence,
    .thresholds = limits::kAll,
    .quiet_gap = limits::kQuietGap,
    .doc =
        "DMARC aggregate reports about domains of the organisation or of a subject (about all, where neither names "
        "any): mail that passed neither by SPF nor by DKIM from sources that are not the organisation's, no known "
        "service, forwarder or mailing list (the inventory of 'mail reports' says why), together where it "
        "authenticates as the same other domain. Medium where receivers delivered most of it, high from many messages "
        "on or where a watched space sends; low where they refused it.",
    .queries = queries,
    .follow_up = follow_up,
    .decide = decide,
};

}  // namespace rw
