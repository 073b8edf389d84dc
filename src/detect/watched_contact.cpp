// Detector watched-contact: the organisation's addresses and a watched space exchange packets, or try to.
#include <algorithm>
#include <array>
#include <map>

#include "base/quantity.h"
#include "detect/detector.h"
#include "detect/episodes.h"
#include "detect/thresholds.h"
#include "store/watched.h"

namespace rw {
namespace {

namespace limits = thresholds::watched_contact;

constexpr EvidenceKind kEvidence[] = {EvidenceKind::kList};

struct Direction {
  const char* ours;
  const char* watched;
};
constexpr Direction kDirections[] = {{"src", "dst"}, {"dst", "src"}};

// Episodes of one direction, and the services that they used.
void ask(const DetectContext& context, const ExprPtr& where, const std::vector<Named>& keys, ExprPtr peer,
         std::vector<Query>& queries) {
  Query episodes;
  episodes.table = "flows";
  episodes.time = context.range;
  episodes.where = where;
  episodes.group_by = episode_keys(keys);
  episodes.measures = episode_measures(std::move(peer));
  episodes.order_by = {{"bytes", true}};
  episodes.limit = kMostEpisodeRows;
  Query services = episodes;
  services.group_by = keys;
  services.group_by.push_back({"service", expr::app()});
  services.measures = {{"flows", Measure::Kind::kCount, nullptr}};
  services.order_by = {{"flows", true}};
  queries.push_back(std::move(episodes));
  queries.push_back(std::move(services));
}

// Four questions for each subject: two with the watched space as destination, then two with it as source.
constexpr std::size_t kQuestions = 4;

std::vector<Query> queries(const DetectContext& context) {
  std::vector<Query> all;
  for (const Subject& subject : context.subjects) {
    for (const Direction& d : kDirections) {
      const ExprPtr watched = watched_condition(subject, context.range, d.watched);
      if (context.organisation.prefixes.empty()) {
        ask(context, watched, {{"prefix", watched_label(subject, d.watched)}}, expr::column(d.ours), all);
      } else {
        ask(context, expr::all_of({watched, expr::in_prefixes(d.ours, context.organisation.prefixes)}),
            {{"watched", expr::column(d.watched)}, {"address", expr::column(d.ours)}}, nullptr, all);
      }
    }
  }
  return all;
}

// Services by flows, per key of an episode.
using Services = std::map<std::vector<std::string>, std::map<std::string, std::int64_t>>;

void add_services(const Answer& answer, std::size_t keys, Services& services) {
  for (const auto& row : answer.rows) {
    std::vector<std::string> key;
    for (std::size_t i = 0; i < keys; ++i) key.push_back(key_text(row[i]));
    if (const std::string service = as_string(row[keys]); !service.empty())
      services[key][service] += as_int(row[keys + 1]);
  }
}

// " (https, dns)": the three with most flows; "" where nothing suggests any.
std::string services_part(const Services& services, const Episode& episode) {
  constexpr std::size_t kMost = 3;
  const auto found = services.find(episode.key);
  if (found == services.end()) return "";
  std::vector<std::pair<std::string, std::int64_t>> all(found->second.begin(), found->second.end());
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text;
  for (std::size_t i = 0; i < std::min(kMost, all.size()); ++i) text += (i == 0 ? " (" : ", ") + all[i].first;
  return text + ")";
}

Finding between_ours_and_watched(const Subject& subject, const Episode& episode, const std::string& services,
                                 bool both_ways) {
  const std::string& watched = episode.key[0];
  const std::string& ours = episode.key[1];
  Finding finding = finding_of(episode, {{"address", ours}, {"watched_address", watched}, {"subject", subject.id}},
                               episode_command("host " + ours + " and host " + watched, episode));
  finding.severity = both_ways ? Severity::kMedium : Severity::kLow;
  finding.confidence = both_ways ? Confidence::kModerate : Confidence::kLow;
  finding.summary = both_ways
                        ? ours + " of the organisation and " + watched + " of " + subject.name + " exchanged " +
                              human_bytes(static_cast<double>(episode.bytes)) + " in " +
                              counted(episode.flows, "flow") + services + "."
                        : "Packets between " + ours + " of the organisation and " + watched + " of " + subject.name +
                              " went one way only: " + counted(episode.flows, "flow") + services + ".";
  return finding;
}

Finding of_watched_prefix(const Subject& subject, const Episode& episode, const std::string& services, bool both_ways) {
  const std::string& prefix = episode.key[0];
  Finding finding = finding_of(episode, {{"watched_prefix", prefix}, {"subject", subject.id}},
                               episode_command("net " + prefix, episode));
  finding.figures.push_back({"peers_in_busiest_day", episode.peers});
  finding.severity = Severity::kInfo;
  finding.confidence = both_ways ? Confidence::kModerate : Confidence::kLow;
  finding.summary =
      prefix + " of " + subject.name + (both_ways ? " exchanged " : " was party to unanswered flows with ") +
      human_bytes(static_cast<double>(episode.bytes)) + " in " + counted(episode.flows, "flow") + services + ", with " +
      counted(episode.peers, "peer") +
      " in the busiest day. With [organisation] in rangewatch.toml, contacts are told for each address of ours.";
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
    .thresholds = limits::kAll,
    .quiet_gap = limits::kQuietGap,
    .doc =
        "Flows between the organisation's prefixes (rangewatch.toml) and a subject's prefixes, valid at that time: one "
        "finding for "
        "each pair of addresses. Medium when packets went both ways, low when they did not. Without an organisation "
        "every peer "
        "counts, and there is one finding for each watched prefix, for information.",
    .queries = queries,
    .decide = decide,
};

namespace {

std::vector<Finding> decide(const DetectContext& context, std::span<const Answer> answers) {
  const double minimum_flows = context.thresholds[limits::kMinFlows];
  const bool ours = !context.organisation.prefixes.empty();
  const std::size_t keys = ours ? 2 : 1;
  std::vector<Finding> findings;
  for (std::size_t i = 0; i < context.subjects.size(); ++i) {
    const std::span<const Answer> of_subject = answers.subspan(kQuestions * i, kQuestions);
    const std::array both = {of_subject[0], of_subject[2]};
    Services services;
    add_services(of_subject[1], keys, services);
    add_services(of_subject[3], keys, services);
    for (const Episode& episode : episodes_of(both, keys, context.thresholds.duration(limits::kQuietGap))) {
      if (static_cast<double>(episode.flows) < minimum_flows) continue;
      // Unidirectional sensors never say "answered"; there, records of both directions do.
      const bool both_ways = episode.answered > 0 || episode.answers == 3;
      const std::string used = services_part(services, episode);
      findings.push_back(ours ? between_ours_and_watched(context.subjects[i], episode, used, both_ways)
                              : of_watched_prefix(context.subjects[i], episode, used, both_ways));
    }
  }
  return findings;
}

}  // namespace
}  // namespace rw
