// Detector list-match: an address talks with what a threat list names: an address, a domain, a URL, a file or a TLS
// fingerprint, on the list at that time.
#include <algorithm>
#include <map>
#include <set>

#include "base/quantity.h"
#include "detect/detector.h"
#include "detect/episodes.h"
#include "detect/thresholds.h"
#include "enrich/registered_domain.h"
#include "model/indicator_text.h"
#include "store/watched.h"

namespace rw {
namespace {

namespace limits = thresholds::list_match;

constexpr EvidenceKind kEvidence[] = {EvidenceKind::kList};
constexpr std::string_view kPurpose = "threat";

// A million values do not belong into a question. Addresses are joined by a label set; for names, the distinct ones of
// the range come first, and only those that match are asked for again.
constexpr std::uint64_t kMostDistinct = 1'000'000;  // names that one answer brings into memory (about 150 MB)
constexpr std::size_t kMostMatched = 10'000;        // of them that the next question names
constexpr std::size_t kMostFindings = 10'000;       // of a run: more would be a list of the internet's scanners

enum class Step : std::uint8_t { kOut, kIn, kDomains, kServerNames, kHosts, kJa3, kJa4, kFiles };
enum class Next : std::uint8_t { kDns, kTls, kHttp, kUrl, kJa3, kJa4 };

struct Asked {
  Step step;
  Query query;
};
struct AskedNext {
  Next next;
  Query query;
  std::size_t names;  // that it asks for
};

Query distinct(const DetectContext& context, std::string_view table, std::string_view column) {
  Query query;
  query.table = table;
  query.time = context.range;
  query.where = expr::not_(expr::is_null(expr::column(column)));
  query.group_by = {{"name", expr::column(column)}};
  query.measures = {{"rows", Measure::Kind::kCount, nullptr}};
  query.limit = kMostDistinct;
  return query;
}

// Rows of one client, what was matched, day and sensor.
Query sightings(const DetectContext& context, std::string_view table, ExprPtr where, std::vector<Named> keys) {
  Query query;
  query.table = table;
  query.time = context.range;
  query.where = std::move(where);
  query.group_by = std::move(keys);
  query.group_by.push_back({"day", expr::time_bucket(expr::column("time"), kDay)});
  query.group_by.push_back({"sensor", expr::column("sensor")});
  query.measures = {{"first_seen", Measure::Kind::kMin, expr::column("time")},
                    {"last_seen", Measure::Kind::kMax, expr::column("time")},
                    {"rows", Measure::Kind::kCount, nullptr}};
  query.order_by = {{"rows", true}};
  query.limit = kMostEpisodeRows;
  return query;
}

Query flows_with(const DetectContext& context, const char* listed, const char* other, bool answered_only) {
  Query query;
  query.table = "flows";
  query.time = context.range;
  std::vector<ExprPtr> all = {context.reference->on_list(kPurpose, listed, "start_time")};
  if (answered_only)
    all.push_back(
        expr::binary(Expr::Kind::kGt, expr::coalesce({expr::column("rev_packets"), expr::number(0)}), expr::number(0)));
  query.where = expr::all_of(std::move(all));
  query.group_by = episode_keys({{"client", expr::column(other)}, {"listed", expr::column(listed)}});
  query.measures = {{"first_seen", Measure::Kind::kMin, expr::column("start_time")},
                    {"last_seen", Measure::Kind::kMax, expr::column("end_time")},
                    {"rows", Measure::Kind::kCount, nullptr},
                    {"bytes", Measure::Kind::kSum, expr::volume_bytes()}};
  query.order_by = {{"bytes", true}};
  query.limit = kMostEpisodeRows;
  return query;
}

std::vector<Asked> first_questions(const DetectContext& context) {
  std::vector<Asked> all;
  if (!context.reference || !context.reference->has(kPurpose)) return all;
  const Reference& reference = *context.reference;
  if (reference.addresses(kPurpose)) {
    all.push_back({Step::kOut, flows_with(context, "dst", "src", false)});
    all.push_back({Step::kIn, flows_with(context, "src", "dst", true)});
  }
  if (reference.has_kind("domain")) {
    all.push_back({Step::kDomains, distinct(context, "dns", "registered_domain")});
    all.push_back({Step::kServerNames, distinct(context, "tls", "server_name")});
  }
  if (reference.has_kind("domain") || reference.has_kind("url"))
    all.push_back({Step::kHosts, distinct(context, "http", "host")});
  if (reference.has_kind("ja3")) all.push_back({Step::kJa3, distinct(context, "tls", "ja3")});
  if (reference.has_kind("ja4")) all.push_back({Step::kJa4, distinct(context, "tls", "ja4")});
  if (reference.has_kind("hash")) {
    std::vector<ExprPtr> any;
    for (const char* column : {"md5", "sha1", "sha256"}) any.push_back(expr::not_(expr::is_null(expr::column(column))));
    all.push_back({Step::kFiles, sightings(context, "files", expr::any_of(std::move(any)),
                                           {{"client", expr::column("src")},
                                            {"md5", expr::column("md5")},
                                            {"sha1", expr::column("sha1")},
                                            {"sha256", expr::column("sha256")}})});
  }
  return all;
}

std::vector<Query> queries(const DetectContext& context) {
  std::vector<Query> all;
  for (Asked& asked : first_questions(context)) all.push_back(std::move(asked.query));
  return all;
}

// Host header in lower case; without its port.
std::string host_name(std::string_view host) {
  std::string name(host);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (const std::size_t colon = name.rfind(':');
      colon != std::string::npos && name.find(']', colon) == std::string::npos)
    name.resize(colon);
  if (!name.empty() && name.back() == '.') name.pop_back();
  return name;
}

template <typename Matches>
std::vector<Value> names_that(const Answer& answer, const Matches& matches) {
  std::vector<Value> names;
  for (const auto& row : answer.rows)
    if (names.size() < kMostMatched && matches(as_string(row[0]))) names.push_back(row[0]);
  return names;
}

std::vector<AskedNext> next_questions(const DetectContext& context, std::span<const Answer> answers) {
  std::vector<AskedNext> all;
  if (!context.reference) return all;
  const Reference& reference = *context.reference;
  const TimeRange range = context.range;
  const auto ask = [&](Next next, std::string_view table, const char* column, std::vector<Value> names,
                       std::vector<Named> keys) {
    if (names.empty()) return;
    const std::size_t count = names.size();
    all.push_back(
        {next, sightings(context, table, expr::in(expr::column(column), std::move(names)), std::move(keys)), count});
  };
  const Named client{"client", expr::column("src")};
  const std::vector<Asked> asked = first_questions(context);
  for (std::size_t i = 0; i < asked.size() && i < answers.size(); ++i) {
    const Answer& answer = answers[i];
    switch (asked[i].step) {
      case Step::kDomains:
        ask(Next::kDns, "dns", "registered_domain",
            names_that(answer, [&](const std::string& name) { return reference.has_domain_below(name); }),
            {{"client", expr::column("client")}, {"name", expr::column("name")}});
        break;
      case Step::kServerNames:
        ask(Next::kTls, "tls", "server_name",
            names_that(
                answer,
                [&](const std::string& name) { return !reference.domain(host_name(name), range, kPurpose).empty(); }),
            {client, {"name", expr::column("server_name")}});
        break;
      case Step::kHosts:
        ask(Next::kHttp, "http", "host",
            names_that(
                answer,
                [&](const std::string& name) { return !reference.domain(host_name(name), range, kPurpose).empty(); }),
            {client, {"name", expr::column("host")}});
        ask(Next::kUrl, "http", "host",
            names_that(answer,
                       [&](const std::string& name) {
                         // The port may stand in the header or not.
                         return reference.has_url_of(host_name(name)) || reference.has_url_of(name);
                       }),
            {client, {"name", expr::column("host")}, {"uri", expr::column("uri")}, {"port", expr::column("dst_port")}});
        break;
      case Step::kJa3:
        ask(Next::kJa3, "tls", "ja3",
            names_that(answer, [&](const std::string& name) { return !reference.ja3(name, range).empty(); }),
            {client, {"name", expr::column("ja3")}});
        break;
      case Step::kJa4:
        ask(Next::kJa4, "tls", "ja4",
            names_that(answer, [&](const std::string& name) { return !reference.ja4(name, range).empty(); }),
            {client, {"name", expr::column("ja4")}});
        break;
      default: break;
    }
  }
  return all;
}

std::vector<Query> follow_up(const DetectContext& context, std::span<const Answer> answers) {
  std::vector<Query> all;
  for (AskedNext& asked : next_questions(context, answers)) all.push_back(std::move(asked.query));
  return all;
}

// What was seen of one client and one entry in one day, by one sensor.
struct Sighting {
  Timestamp first, last;
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
};
using Days = std::map<Timestamp, std::map<std::string, Sighting>>;

struct Key {
  std::string client;
  std::string indicator;
  std::string list;
  friend auto operator<=>(const Key&, const Key&) = default;
};
struct Hit {
  ReferenceMatch match;
  std::map<std::string, Days> by_table;
  std::set<std::string> seen;  // names and addresses that were seen, a few of them
};

class Collector {
 public:
  explicit Collector(const DetectContext& context)
      : context_(context), least_(context.thresholds[limits::kMinConfidence]) {}

  // `row` ends with day, sensor, first, last, rows[, bytes], which begin at `at`.
  void add(const char* table, const std::vector<Value>& row, std::size_t at, const std::string& seen,
           std::vector<ReferenceMatch> matches) {
    constexpr std::size_t kMostSeen = 5;
    const auto time = [&](std::size_t i) {
      const auto* value = std::get_if<Timestamp>(&row[i]);
      return value == nullptr ? Timestamp{} : *value;
    };
    for (ReferenceMatch& match : matches) {
      if (match.purpose != kPurpose || (match.confidence && *match.confidence < least_)) continue;
      Key key{key_text(row[0]), match.indicator, std::string(match.list)};
      Hit& hit = hits_[key];
      if (hit.match.indicator.empty()) hit.match = std::move(match);
      Sighting& sighting = hit.by_table[table][time(at)][as_string(row[at + 1])];
      const Timestamp first = time(at + 2), last = time(at + 3);
      if (sighting.rows == 0 || first < sighting.first) sighting.first = first;
      sighting.last = std::max(sighting.last, last);
      sighting.rows += as_int(row[at + 4]);
      if (at + 5 < row.size()) sighting.bytes += as_int(row[at + 5]);
      if (hit.seen.size() < kMostSeen) hit.seen.insert(seen);
    }
  }

  static TimeRange during(const std::vector<Value>& row, std::size_t at) {
    const auto* first = std::get_if<Timestamp>(&row[at + 2]);
    const auto* last = std::get_if<Timestamp>(&row[at + 3]);
    if (first == nullptr || last == nullptr) return {};
    return {*first, Timestamp{std::max(first->us, last->us) + 1}};
  }

  std::vector<Finding> findings() const;

 private:
  Finding finding_of_part(const Key& key, const Hit& hit, const std::map<std::string, Sighting>& part) const;

  const DetectContext& context_;
  double least_;
  std::map<Key, Hit> hits_;
};

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return text;
}

std::string filter_of(const Key& key, const ReferenceMatch& match, const std::string& table) {
  if (table == "dns") return "client host " + key.client + " and domain " + match.indicator;
  if (match.kind == "prefix" && match.indicator.find('/') != std::string::npos)
    return "host " + key.client + " and net " + match.indicator;
  if (match.kind == "address") return "host " + key.client + " and host " + match.indicator;
  return "host " + key.client;
}

Finding Collector::finding_of_part(const Key& key, const Hit& hit, const std::map<std::string, Sighting>& part) const {
  const ReferenceMatch& match = hit.match;
  Finding finding;
  Sighting all;
  std::string how, table;
  for (const auto& [name, sighting] : part) {
    if (all.rows == 0 || sighting.first < all.first) all.first = sighting.first;
    all.last = std::max(all.last, sighting.last);
    all.rows += sighting.rows;
    finding.figures.push_back({name == "flows"   ? "flows"
                               : name == "files" ? "files"
                                                 : name + "_records",
                               sighting.rows});
    if (name == "flows") finding.figures.push_back({"bytes", sighting.bytes});
    (how += how.empty() ? "" : ", ") += counted(sighting.rows, name == "flows"   ? "flow"
                                                               : name == "files" ? "file"
                                                                                 : upper(name) + " record");
    if (table.empty() || name == "dns") table = name;
  }
  finding.first_seen = all.first;
  finding.last_seen = all.last;
  finding.entities = {{"address", key.client}, {"indicator", match.indicator}, {"list", key.list}};
  finding.title = "Contact with a listed " + std::string(match.kind == "ja3" || match.kind == "ja4" ? "TLS fingerprint"
                                                         : match.kind == "hash"                     ? "file"
                                                         : match.kind == "url"                      ? "URL"
                                                                                                    : match.kind);
  const double graded = match.confidence ? *match.confidence : -1;
  const bool weak = graded >= 0 && graded < context_.thresholds[limits::kWeakConfidence];
  finding.severity = graded >= context_.thresholds[limits::kSureConfidence] ? Severity::kHigh
                     : weak                                                 ? Severity::kLow
                                                                            : Severity::kMedium;
  finding.confidence = weak || match.before_first_snapshot ? Confidence::kLow : Confidence::kModerate;
  std::string seen;
  for (const std::string& one : hit.seen) (seen += seen.empty() ? "" : ", ") += one;
  finding.summary = key.client + " was in contact with " + seen + " (" + how + "); the list " + key.list + " names " +
                    (seen == match.indicator ? "it" : match.indicator) +
                    (match.label.empty() ? "" : " as " + std::string(match.label)) +
                    (match.before_first_snapshot ? ", but is younger than the contact." : ".");
  if (match.confidence) finding.figures.push_back({"list_confidence", static_cast<std::int64_t>(*match.confidence)});
  if (!match.reference.empty()) finding.figures.push_back({"reference", std::string(match.reference)});
  const std::int64_t second = kSecond.us;
  const TimeRange window{Timestamp{all.first.us / second * second}, Timestamp{all.last.us / second * second + second}};
  std::string command = flows_command(filter_of(key, match, table), window);
  if (table == "dns") command.replace(command.find("flows"), 5, "dns");
  finding.observations = {std::move(command), all.rows};
  return finding;
}

std::vector<Finding> Collector::findings() const {
  const Duration gap = context_.thresholds.duration(limits::kQuietGap);
  std::vector<Finding> all;
  for (const auto& [key, hit] : hits_) {
    // Where several sensors saw a day, the one that saw most counts.
    std::map<Timestamp, std::map<std::string, Sighting>> days;
    for (const auto& [table, by_day] : hit.by_table)
      for (const auto& [day, by_sensor] : by_day)
        days[day][table] = std::max_element(by_sensor.begin(), by_sensor.end(), [](const auto& a, const auto& b) {
                             return a.second.rows < b.second.rows;
                           })->second;
    std::map<std::string, Sighting> open;
    Timestamp last = kAllTime.from;
    for (const auto& [day, tables] : days) {
      Timestamp first = kAllTime.to;
      for (const auto& [table, sighting] : tables) first = std::min(first, sighting.first);
      if (!open.empty() && first - last >= gap) {
        all.push_back(finding_of_part(key, hit, open));
        open.clear();
      }
      for (const auto& [table, sighting] : tables) {
        Sighting& sum = open[table];
        if (sum.rows == 0) sum.first = sighting.first;
        sum.last = std::max(sum.last, sighting.last);
        sum.rows += sighting.rows;
        sum.bytes += sighting.bytes;
        last = std::max(last, sighting.last);
      }
    }
    if (!open.empty()) all.push_back(finding_of_part(key, hit, open));
  }
  if (all.size() > kMostFindings) {
    std::stable_sort(all.begin(), all.end(), [](const Finding& a, const Finding& b) {
      return a.severity != b.severity ? a.severity > b.severity : a.observations.count > b.observations.count;
    });
    all.resize(kMostFindings);
  }
  return all;
}

void add_files(const Reference& reference, const Answer& answer, Collector& collector) {
  constexpr std::size_t kDay = 4;
  for (const auto& row : answer.rows)
    for (std::size_t i = 1; i <= 3; ++i)
      if (const std::string hash = as_string(row[i]); !hash.empty())
        collector.add("files", row, kDay, hash, reference.hash(hash, Collector::during(row, kDay)));
}

void add_names(const Reference& reference, Next next, const Answer& answer, Collector& collector) {
  const std::size_t day = next == Next::kUrl ? 4 : 2;
  for (const auto& row : answer.rows) {
    const std::string name = as_string(row[1]);
    const TimeRange during = Collector::during(row, day);
    switch (next) {
      case Next::kDns: collector.add("dns", row, day, name, reference.domain(name, during, kPurpose)); break;
      case Next::kTls: collector.add("tls", row, day, name, reference.domain(host_name(name), during, kPurpose)); break;
      case Next::kHttp:
        collector.add("http", row, day, name, reference.domain(host_name(name), during, kPurpose));
        break;
      case Next::kUrl: {
        const std::string url = requested_url(name, as_string(row[2]), static_cast<std::uint16_t>(as_int(row[3])));
        if (!url.empty()) collector.add("http", row, day, url, reference.url(url, during));
        break;
      }
      case Next::kJa3: collector.add("tls", row, day, name, reference.ja3(name, during)); break;
      case Next::kJa4: collector.add("tls", row, day, name, reference.ja4(name, during)); break;
    }
  }
}

std::vector<Finding> decide(const DetectContext& context, std::span<const Answer> answers) {
  const std::vector<Asked> asked = first_questions(context);
  if (asked.empty() || answers.size() < asked.size()) return {};
  const Reference& reference = *context.reference;
  Collector collector(context);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (asked[i].step == Step::kFiles) add_files(reference, answers[i], collector);
    if (asked[i].step != Step::kOut && asked[i].step != Step::kIn) continue;
    constexpr std::size_t kDayColumn = 2;
    for (const auto& row : answers[i].rows)
      if (const auto* listed = std::get_if<Ip>(&row[1]))
        collector.add("flows", row, kDayColumn, listed->to_string(),
                      reference.address(*listed, Collector::during(row, kDayColumn), kPurpose));
  }
  const std::vector<AskedNext> next = next_questions(context, answers.first(asked.size()));
  for (std::size_t i = 0; i < next.size() && asked.size() + i < answers.size(); ++i)
    add_names(reference, next[i].next, answers[asked.size() + i], collector);
  return collector.findings();
}

const char* names_of(Step step) {
  switch (step) {
    case Step::kDomains: return "registered domains of DNS names";
    case Step::kServerNames: return "TLS server names";
    case Step::kHosts: return "HTTP hosts";
    case Step::kJa3: return "JA3 hashes";
    case Step::kJa4: return "JA4 fingerprints";
    default: return nullptr;  // rows, not names
  }
}

// The bounds above, where they were reached: an answer of just as many rows is told too, for nobody knows.
std::vector<std::string> left_out(const DetectContext& context, std::span<const Answer> answers,
                                  std::span<const Finding> findings) {
  std::vector<std::string> all;
  const auto number = [](std::uint64_t n) { return group_thousands(static_cast<std::int64_t>(n)); };
  constexpr std::string_view kShorter = "; look at a shorter time (--from, --to).";
  const std::vector<Asked> asked = first_questions(context);
  if (asked.empty() || answers.size() < asked.size()) return all;
  bool rows_cut = false;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const char* names = i < asked.size() ? names_of(asked[i].step) : nullptr;
    if (names == nullptr)
      rows_cut = rows_cut || answers[i].rows.size() >= kMostEpisodeRows;
    else if (answers[i].rows.size() >= kMostDistinct)
      all.push_back("Only " + number(kMostDistinct) + " different " + names + " were compared with the lists" +
                    std::string(kShorter));
  }
  for (const AskedNext& one : next_questions(context, answers.first(asked.size())))
    if (one.names >= kMostMatched)
      all.push_back("Only " + number(kMostMatched) + " listed names of the table " + one.query.table +
                    " were looked at" + std::string(kShorter));
  if (rows_cut)
    all.push_back("Only the " + number(kMostEpisodeRows) + " largest groups of sightings were looked at" +
                  std::string(kShorter));
  if (findings.size() >= kMostFindings)
    all.push_back("Only " + number(kMostFindings) + " findings of a run are kept, the most severe and largest" +
                  std::string(kShorter));
  return all;
}

}  // namespace

extern constinit const Detector kListMatchDetector{
    .id = "list-match",
    .title = "Contact with something on a threat list",
    .technique = "",
    .may_be_wrong_because =
        "Lists name shared addresses, parked domains and hosts that were cleaned since, and a look-up of a name is not "
        "a "
        "connection: security software looks listed names up too.",
    .evidence = kEvidence,
    .thresholds = limits::kAll,
    .quiet_gap = limits::kQuietGap,
    .doc =
        "Joins flows with the addresses, DNS, TLS and HTTP names with the domains, HTTP requests with the URLs, files "
        "with the hashes and TLS with the JA3 and JA4 of every list of purpose threat, each entry valid as of the time "
        "of "
        "the observation. Listed addresses that only knocked and were not answered are left out. One finding for each "
        "address and entry of a list; severity follows the confidence that the list gives.",
    .queries = queries,
    .follow_up = follow_up,
    .decide = decide,
    .left_out = left_out,
};

}  // namespace rw
