// Detector watched-contact: the organisation's addresses and a watched space exchange packets, or try to.
#include "base/quantity.h"
#include "detect/detector.h"
#include "detect/episodes.h"
#include "store/watched.h"

namespace rw {
namespace {

constexpr EvidenceKind kEvidence[] = {EvidenceKind::kList};
constexpr Threshold kThresholds[] = {
    {"minimum_flows", 1, "flows", "fewer in an episode are no finding"},
};
constexpr Duration kQuietGap = Duration::seconds(7 * 86'400);

struct Direction {
  const char* ours;
  const char* watched;
};
constexpr Direction kDirections[] = {{"src", "dst"}, {"dst", "src"}};

Query query_of(const DetectContext& context, ExprPtr where, std::vector<Named> keys, ExprPtr peer) {
  Query query;
  query.table = "flows";
  query.time = context.range;
  query.where = std::move(where);
  query.group_by = episode_keys(std::move(keys));
  query.measures = episode_measures(std::move(peer));
  query.order_by = {{"bytes", true}};
  query.limit = kMostEpisodeRows;
  return query;
}

// Two questions for each subject: the organisation (or, without one, anybody) as source, then the watched space as
// source.
std::vector<Query> queries(const DetectContext& context) {
  std::vector<Query> all;
  for (const Subject& subject : context.subjects) {
    for (const Direction& d : kDirections) {
      const ExprPtr watched = watched_condition(subject, context.range, d.watched);
      if (context.organisation.prefixes.empty()) {
        all.push_back(query_of(context, watched, {{"watched", expr::column(d.watched)}}, expr::column(d.ours)));
      } else {
        all.push_back(query_of(context,
                               expr::all_of({watched, expr::in_prefixes(d.ours, context.organisation.prefixes)}),
                               {{"watched", expr::column(d.watched)}, {"address", expr::column(d.ours)}}, nullptr));
      }
    }
  }
  return all;
}

std::string services_part(const Episode& episode) {
  const std::string services = episode.service_text();
  return services.empty() ? "" : " (" + services + ")";
}

Finding between_ours_and_watched(const Subject& subject, const Episode& episode, bool both_ways) {
  const std::string& watched = episode.key[0];
  const std::string& ours = episode.key[1];
  Finding finding = finding_of(episode, {{"address", ours}, {"watched_address", watched}, {"subject", subject.id}},
                               episode_command("host " + ours + " and host " + watched, episode));
  finding.severity = both_ways ? Severity::kMedium : Severity::kLow;
  finding.confidence = both_ways ? Confidence::kModerate : Confidence::kLow;
  finding.summary = both_ways ? ours + " of the organisation and " + watched + " of " + subject.name + " exchanged " +
                                    human_bytes(static_cast<double>(episode.bytes)) + " in " +
                                    group_thousands(episode.flows) + " flows" + services_part(episode) + "."
                              : "Packets between " + ours + " of the organisation and " + watched + " of " +
                                    subject.name + " went one way only: " + group_thousands(episode.flows) + " flows" +
                                    services_part(episode) + ".";
  return finding;
}

Finding of_watched_address(const Subject& subject, const Episode& episode, bool both_ways) {
  const std::string& watched = episode.key[0];
  Finding finding = finding_of(episode, {{"watched_address", watched}, {"subject", subject.id}},
                               episode_command("host " + watched, episode));
  finding.figures.push_back({"peers_in_busiest_day", episode.peers});
  finding.severity = Severity::kInfo;
  finding.confidence = both_ways ? Confidence::kModerate : Confidence::kLow;
  finding.summary =
      watched + " of " + subject.name + (both_ways ? " exchanged " : " was party to unanswered flows with ") +
      human_bytes(static_cast<double>(episode.bytes)) + " in " + group_thousands(episode.flows) + " flows" +
      services_part(episode) + ", with up to " + group_thousands(episode.peers) + " peers a day.";
  return finding;
}

std::vector<Finding> decide(const DetectContext& context, std::span<const Answer> answers);

}  // namespace

extern constinit const Detector kWatchedContactDetector{
    .id = "watched-contact",
    .title = "Contact with a watched space",
    .technique = "",
    .may_be_wrong_because =
        "ranges are reassigned and addresses shared, a source address can be forged where nobody answered it, and a "
        "scan that "
        "touches everybody touches the watched space too",
    .evidence = kEvidence,
    .thresholds = kThresholds,
    .quiet_gap = kQuietGap,
    .doc =
        "Flows between the organisation's prefixes (rangewatch.toml) and a subject's prefixes, valid at that time: one "
        "finding for "
        "each pair of addresses. Medium when packets went both ways, low when they did not. Without an organisation "
        "every peer "
        "counts, and there is one finding for each watched address, for information.",
    .queries = queries,
    .decide = decide,
};

namespace {

std::vector<Finding> decide(const DetectContext& context, std::span<const Answer> answers) {
  const double minimum_flows = threshold(kWatchedContactDetector, "minimum_flows");
  const bool ours = !context.organisation.prefixes.empty();
  const std::size_t keys = ours ? 2 : 1;
  std::vector<Finding> findings;
  for (std::size_t i = 0; i < context.subjects.size() && 2 * i + 1 < answers.size(); ++i) {
    for (const Episode& episode : episodes_of(answers.subspan(2 * i, 2), keys, kQuietGap)) {
      if (static_cast<double>(episode.flows) < minimum_flows) continue;
      // Unidirectional sensors never say "answered"; there, records of both directions do.
      const bool both_ways = episode.answered > 0 || episode.answers == 3;
      findings.push_back(ours ? between_ours_and_watched(context.subjects[i], episode, both_ways)
                              : of_watched_address(context.subjects[i], episode, both_ways));
    }
  }
  return findings;
}

}  // namespace
}  // namespace rw
