// The inventory of senders: its questions to the store, and its answers put together.
#include "mail/senders.h"

#include <algorithm>
#include <array>
#include <set>

#include "enrich/registered_domain.h"
#include "store/watched.h"

namespace rw {
namespace {

using enum Measure::Kind;

// Rows of one answer that are brought into memory, those with most messages; a report about more is cut there.
constexpr std::uint64_t kMostRows = 1'000'000;

// The answers in the order of the questions; one more for each subject behind them.
enum Asked : std::size_t {
  kSources,
  kSpf,
  kDkim,
  kOthers,
  kOverrides,
  kHeaderFrom,
  kTrend,
  kReporters,
  kDispositions,
  kWhole,
  kPolicy,
  kWatched
};

ExprPtr is(std::string_view column, std::string_view value) {
  return expr::eq(expr::column(column), expr::text(value));
}
ExprPtr known(std::string_view column) { return expr::not_(expr::is_null(expr::column(column))); }

ExprPtr about(std::string_view domain) {
  std::string below = "*.";
  for (const char c : domain) {  // a name holds no wild cards; what is none matches nothing else
    if (c != '*' && c != '?') below += c;
  }
  return expr::all_of({is("kind", "aggregate"), expr::any_of({is("domain", domain), is("header_from", domain),
                                                              expr::matches(expr::column("header_from"), below)})});
}

ExprPtr passed() { return expr::any_of({is("dkim_aligned", "pass"), is("spf_aligned", "pass")}); }
ExprPtr not_told() {
  return expr::all_of({expr::not_(passed()), expr::any_of({expr::is_null(expr::column("dkim_aligned")),
                                                           expr::is_null(expr::column("spf_aligned"))})});
}

Measure sum_where(std::string name, ExprPtr where) {
  return {.name = std::move(name), .kind = kSum, .arg = expr::column("messages"), .where = std::move(where)};
}

// In the order in which counts_of reads them.
std::vector<Measure> count_measures() {
  return {{.name = "messages", .kind = kSum, .arg = expr::column("messages")},
          sum_where("aligned", passed()),
          sum_where("dkim", is("dkim_aligned", "pass")),
          sum_where("spf", is("spf_aligned", "pass")),
          sum_where("quarantined", is("disposition", "quarantine")),
          sum_where("rejected", is("disposition", "reject")),
          sum_where("overridden", known("override_reason")),
          sum_where("failed_delivered",
                    expr::all_of({expr::not_(passed()), expr::not_(not_told()),
                                  expr::any_of({is("disposition", "none"), is("disposition", "pass")})})),
          sum_where("unknown_result", not_told())};
}
constexpr std::size_t kCounts = 9;

SenderCounts counts_of(const std::vector<Value>& row, std::size_t at) {
  SenderCounts counts;
  std::int64_t* const fields[kCounts] = {&counts.messages,    &counts.aligned,          &counts.dkim_aligned,
                                         &counts.spf_aligned, &counts.quarantined,      &counts.rejected,
                                         &counts.overridden,  &counts.failed_delivered, &counts.unknown_result};
  for (std::size_t i = 0; i < kCounts; ++i) *fields[i] = as_int(row[at + i]);
  return counts;
}

Query grouped(const SenderQuestion& question, std::vector<Named> keys, std::vector<Measure> measures,
              ExprPtr also = nullptr) {
  Query query;
  query.table = "mail_rows";
  query.time = question.range;
  query.where = also ? expr::all_of({about(question.domain), std::move(also)}) : about(question.domain);
  query.group_by = std::move(keys);
  query.measures = std::move(measures);
  query.order_by = {{"messages", true}};
  query.limit = kMostRows;
  return query;
}

Query identities(const SenderQuestion& question, std::initializer_list<std::string_view> columns, ExprPtr also) {
  std::vector<Named> keys = {{"source", expr::column("source")}};
  for (const std::string_view column : columns) keys.push_back({std::string(column), expr::column(column)});
  return grouped(question, std::move(keys), {{.name = "messages", .kind = kSum, .arg = expr::column("messages")}},
                 std::move(also));
}

std::optional<Ip> address_of(const Value& value) {
  const auto* ip = std::get_if<Ip>(&value);
  return ip == nullptr ? std::nullopt : std::optional(*ip);
}
Timestamp time_of(const Value& value) {
  const auto* time = std::get_if<Timestamp>(&value);
  return time == nullptr ? Timestamp{} : *time;
}
std::optional<std::string> text_of(const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  return text == nullptr ? std::nullopt : std::optional(*text);
}

class Gatherer {
 public:
  Gatherer(const SenderQuestion& question, const SenderContext& context, std::span<const Answer> answers)
      : question_(question), context_(context), answers_(answers) {}

  Senders run();

 private:
  SenderSource* find(const Value& address) {
    const auto it = index_.find(address_of(address));
    return it == index_.end() ? nullptr : &out_.sources[it->second];
  }
  void sources();
  void details();
  void others();
  void watched();
  std::vector<std::string> own_selectors() const;
  void trend();
  void groups();
  void whole();

  const SenderQuestion& question_;
  const SenderContext& context_;
  std::span<const Answer> answers_;
  Senders out_;
  std::map<std::optional<Ip>, std::size_t> index_;
};

void Gatherer::sources() {
  for (const auto& row : answers_[kSources].rows) {
    if (out_.sources.size() >= question_.max_sources) {
      out_.cut = true;
      break;
    }
    SenderSource source;
    source.address = address_of(row[0]);
    source.counts = counts_of(row, 1);
    source.days = as_int(row[1 + kCounts]);
    source.first_seen = time_of(row[2 + kCounts]);
    source.last_seen = time_of(row[3 + kCounts]);
    index_.emplace(source.address, out_.sources.size());
    out_.sources.push_back(std::move(source));
  }
}

void Gatherer::details() {
  const auto add = [](std::vector<SenderIdentity>& to, SenderIdentity one) {
    if (to.size() < SenderSource::kMaxIdentities) to.push_back(std::move(one));
  };
  for (const auto& row : answers_[kSpf].rows)
    if (SenderSource* source = find(row[0]))
      add(source->spf, {as_string(row[1]), "", as_string(row[2]), as_int(row[3])});
  for (const auto& row : answers_[kDkim].rows)
    if (SenderSource* source = find(row[0]))
      add(source->dkim, {as_string(row[1]), as_string(row[2]), as_string(row[3]), as_int(row[4])});
  for (const auto& row : answers_[kOverrides].rows)
    if (SenderSource* source = find(row[0])) source->overrides[as_string(row[1])] += as_int(row[2]);
  for (const auto& row : answers_[kHeaderFrom].rows)
    if (SenderSource* source = find(row[0]);
        source != nullptr && source->header_from.size() < SenderSource::kMaxIdentities)
      source->header_from.push_back(as_string(row[1]));
}

// "mailer.example/s1=pass domain/selector=result …": the domains that passed, and broken signatures of our own.
void Gatherer::others() {
  const std::string_view ours = registered_domain(question_.domain);
  for (const auto& row : answers_[kOthers].rows) {
    SenderSource* source = find(row[0]);
    if (source == nullptr) continue;
    const std::string text = as_string(row[1]);
    for (std::string_view rest = text; !rest.empty();) {
      const std::size_t end = std::min(rest.find(' '), rest.size());
      const std::string_view one = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      const std::size_t slash = one.find('/'), equals = one.rfind('=');
      if (slash == std::string_view::npos || equals == std::string_view::npos || equals < slash) continue;
      const std::string domain(one.substr(0, slash));
      const std::string result(one.substr(equals + 1));
      if (!ours.empty() && registered_domain(domain) == ours) {
        if (source->dkim.size() < SenderSource::kMaxIdentities)
          source->dkim.push_back(
              {domain, std::string(one.substr(slash + 1, equals - slash - 1)), result, as_int(row[2])});
      } else if (result == "pass" && source->other_signers.size() < SenderSource::kMaxIdentities &&
                 std::find(source->other_signers.begin(), source->other_signers.end(), domain) ==
                     source->other_signers.end()) {
        source->other_signers.push_back(domain);
      }
    }
  }
}

void Gatherer::watched() {
  for (std::size_t i = 0; i < context_.subjects.size() && kWatched + i < answers_.size(); ++i)
    for (const auto& row : answers_[kWatched + i].rows)
      if (SenderSource* source = find(row[0]))
        source->watched.push_back({context_.subjects[i].id, as_string(row[1]), as_int(row[2])});
}

// Selectors of signatures that passed on mail from sources that SPF names, or that are inside.
std::vector<std::string> Gatherer::own_selectors() const {
  std::set<std::string> selectors;
  const std::string_view ours = registered_domain(question_.domain);
  for (const SenderSource& source : out_.sources) {
    const bool inside =
        source.address && std::any_of(context_.organisation.prefixes.begin(), context_.organisation.prefixes.end(),
                                      [&](const Prefix& prefix) { return prefix.contains(*source.address); });
    if (!inside && source.counts.spf_aligned * 2 < source.counts.messages) continue;
    for (const SenderIdentity& one : source.dkim)
      if (one.result == "pass" &&
          (one.domain == question_.domain || (!ours.empty() && registered_domain(one.domain) == ours)))
        selectors.insert(one.selector);
  }
  return {selectors.begin(), selectors.end()};
}

void Gatherer::trend() {
  std::map<Timestamp, SenderBucket> buckets;
  std::map<std::pair<Timestamp, std::optional<Ip>>, bool> seen;
  for (const auto& row : answers_[kTrend].rows) {
    Timestamp day = time_of(row[0]);
    out_.daily.push_back({day, address_of(row[1]), counts_of(row, 2)});
    if (question_.weekly) {
      const std::int64_t since_monday = (day.day() + 3) % 7;  // 1970-01-01 was a Thursday
      day = day - Duration{since_monday * kDay.us};
    }
    SenderBucket& bucket = buckets[day];
    bucket.begin = day;
    const SenderCounts counts = counts_of(row, 2);
    bucket.counts += counts;
    const SenderSource* source = find(row[1]);
    if (source != nullptr && source->kind == SenderKind::kSpoofing) bucket.spoofed += counts.messages;
    if (seen.emplace(std::pair(day, address_of(row[1])), true).second) ++bucket.sources;
  }
  for (auto& [day, bucket] : buckets) out_.trend.push_back(bucket);
}

void Gatherer::groups() {
  std::map<std::string, std::size_t> by_name;
  for (std::size_t i = 0; i < out_.sources.size(); ++i) {
    const SenderSource& source = out_.sources[i];
    const auto [it, fresh] = by_name.try_emplace(source.organisation, out_.groups.size());
    if (fresh) {
      out_.groups.push_back({});
      out_.groups.back().organisation = source.organisation;
      out_.groups.back().kind = source.kind;  // the source with most messages comes first
      out_.groups.back().first_seen = source.first_seen;
    }
    SenderGroup& group = out_.groups[it->second];
    group.counts += source.counts;
    group.sources.push_back(i);
    group.first_seen = std::min(group.first_seen, source.first_seen);
    group.last_seen = std::max(group.last_seen, source.last_seen);
  }
  std::stable_sort(out_.groups.begin(), out_.groups.end(),
                   [](const SenderGroup& a, const SenderGroup& b) { return a.counts.messages > b.counts.messages; });
}

void Gatherer::whole() {
  if (!answers_[kWhole].rows.empty()) {
    const auto& row = answers_[kWhole].rows.front();
    out_.counts = counts_of(row, 0);
    out_.days = as_int(row[kCounts]);
    out_.reports = as_int(row[kCounts + 3]);
    if (out_.counts.messages > 0 || out_.days > 0) out_.period = {time_of(row[kCounts + 1]), time_of(row[kCounts + 2])};
  }
  for (const auto& row : answers_[kReporters].rows) out_.reporters.emplace_back(as_string(row[0]), as_int(row[1]));
  for (const auto& row : answers_[kDispositions].rows)
    out_.dispositions.emplace_back(as_string(row[0]), as_int(row[1]));
  if (!answers_[kPolicy].rows.empty()) {
    const auto& row = answers_[kPolicy].rows.front();
    out_.policy = text_of(row[1]);
    out_.policy_subdomains = text_of(row[2]);
    out_.policy_missing = text_of(row[3]);
  }
}

Senders Gatherer::run() {
  out_.domain = question_.domain;
  if (answers_.size() < kWatched) return out_;
  whole();
  sources();
  details();
  others();
  watched();
  const std::vector<std::string> selectors = own_selectors();
  out_.signs = !selectors.empty();
  const SenderEvidence evidence{context_.organisation, question_.domain, selectors};
  for (SenderSource& source : out_.sources) classify_sender(evidence, source);
  trend();
  groups();
  return std::move(out_);
}

}  // namespace

std::string_view to_string(SenderKind kind) {
  constexpr std::array<std::string_view, 6> kNames = {"own",          "service", "forwarder",
                                                      "mailing-list", "unknown", "spoofing"};
  return kNames[static_cast<std::size_t>(kind)];
}

SenderCounts& SenderCounts::operator+=(const SenderCounts& other) {
  messages += other.messages;
  aligned += other.aligned;
  dkim_aligned += other.dkim_aligned;
  spf_aligned += other.spf_aligned;
  quarantined += other.quarantined;
  rejected += other.rejected;
  overridden += other.overridden;
  failed_delivered += other.failed_delivered;
  unknown_result += other.unknown_result;
  return *this;
}

std::vector<Query> sender_queries(const SenderQuestion& question, const SenderContext& context) {
  const ExprPtr source = expr::column("source");
  const ExprPtr day = expr::time_bucket(expr::column("time"), kDay);
  std::vector<Query> all(kWatched);
  std::vector<Measure> measures = count_measures();
  measures.push_back({.name = "days", .kind = kDistinct, .arg = day});
  measures.push_back({.name = "first", .kind = kMin, .arg = expr::column("time")});
  measures.push_back({.name = "last", .kind = kMax, .arg = expr::column("end_time")});
  all[kSources] = grouped(question, {{"source", source}}, measures);
  all[kSpf] = identities(question, {"spf_domain", "spf_result"}, known("spf_domain"));
  all[kDkim] = identities(question, {"dkim_domain", "dkim_selector", "dkim_result"}, known("dkim_domain"));
  all[kOthers] = identities(question, {"dkim_others"}, known("dkim_others"));
  all[kOverrides] = identities(question, {"override_reason"}, known("override_reason"));
  all[kHeaderFrom] = identities(question, {"header_from"}, known("header_from"));
  all[kTrend] = grouped(question, {{"day", day}, {"source", source}}, count_measures());
  all[kReporters] = grouped(question, {{"reporter", expr::column("reporter")}},
                            {{.name = "messages", .kind = kSum, .arg = expr::column("messages")}});
  all[kDispositions] = grouped(question, {{"disposition", expr::column("disposition")}},
                               {{.name = "messages", .kind = kSum, .arg = expr::column("messages")}});
  measures.push_back({.name = "reports",
                      .kind = kDistinct,
                      .tuple = {expr::column("reporter"), expr::coalesce({expr::column("report_id"), expr::text("")}),
                                expr::column("time")}});
  all[kWhole] = grouped(question, {}, measures);
  all[kWhole].order_by.clear();
  Query& policy = all[kPolicy];
  policy.table = "mail_rows";
  policy.time = question.range;
  policy.where = expr::all_of({is("kind", "aggregate"), is("domain", question.domain), known("policy")});
  for (const char* column : {"time", "policy", "policy_subdomains", "policy_missing"})
    policy.select.push_back({column, expr::column(column)});
  policy.order_by = {{"time", true}};
  policy.limit = 1;
  for (const Subject& subject : context.subjects)
    all.push_back(grouped(question, {{"source", source}, {"prefix", watched_label(subject, "source", "time")}},
                          {{.name = "messages", .kind = kSum, .arg = expr::column("messages")}},
                          watched_condition(subject, question.range, "source", "time")));
  return all;
}

Senders senders_of(const SenderQuestion& question, const SenderContext& context, std::span<const Answer> answers) {
  return Gatherer(question, context, answers).run();
}

Result<Senders> find_senders(Store& store, const SenderQuestion& question, const SenderContext& context) {
  const std::vector<Query> queries = sender_queries(question, context);
  RW_ASSIGN(const std::vector<Answer> answers, store.run(queries));
  return senders_of(question, context, answers);
}

}  // namespace rw
