// Builds the report on a domain's mail: one function a section, all from facts that are there already.
#include "section/mail_report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <tuple>

#include "base/quantity.h"

namespace rw {
namespace {

constexpr std::size_t kMostSenders = 100;       // rows of the table
constexpr std::size_t kMostBars = 12;           // senders in the figure
constexpr std::size_t kMostSpoofers = 100;      // rows of the table
constexpr std::size_t kMostFindings = 50;       // rows of the table
constexpr std::size_t kMostReporters = 5;       // named
constexpr std::int64_t kMostBuckets = 800;      // of the trend: two years of days
constexpr double kLowShare = 0.9;               // a sender of ours below this has to be set up
constexpr double kLowShareMessages = 20;        // and has sent at least so many
constexpr double kChange = 1.5;                 // between halves of the period, to be told
constexpr std::int64_t kMostAuditRows = 2'000;  // one audit of a domain has some dozen

class Builder {
 public:
  Builder(const MailReportFacts& facts, const MailReportRequest& request)
      : facts_(facts), senders_(facts.senders), request_(request), policy_(mail_policy(facts)) {}

  Dossier take() {
    Dossier dossier;
    dossier.request.period = request_.period;
    dossier.request.language = request_.language;
    dossier.period_text = say("word.from_to", {request_.period.from.date(), last_day()});
    dossier.synthetic = facts_.synthetic;
    dossier.about = about();
    for (SectionResult& section : all_sections()) {
      const std::string id(section.id);
      int number = 0;
      for (const KeyJudgement& judgement : section.judgements)
        dossier.judgements.push_back({id + "-" + std::to_string(++number), judgement.text, judgement.confidence, {id}});
      dossier.sections.push_back(std::move(section));
    }
    return dossier;
  }

 private:
  std::string say(std::string_view id, const std::vector<std::string>& args = {}) const {
    return rw::say(request_.language, id, args);
  }
  std::string counted(std::int64_t n, std::string_view word) const {
    const std::string id = "mail.n." + std::string(word);
    return n == 1 ? say(id) : say(id + "s", {group_thousands(n)});
  }
  const std::string& shown() const { return facts_.shown.empty() ? facts_.domain : facts_.shown; }
  // The period's end is exclusive: its last day is the one before a midnight.
  std::string last_day() const { return (request_.period.to - Duration{1}).date(); }

  SectionResult section(std::string_view id) const {
    SectionResult result;
    result.id = id;
    const std::string prefix = "mail." + std::string(id) + ".";
    result.title = say(prefix + "title");
    result.question = say(prefix + "question");
    result.method = say(prefix + "method");
    result.limits = say(prefix + "limits");
    return result;
  }
  std::string reports_query() const {
    return "rangewatch sql \"select * from mail_rows where kind = 'aggregate' and domain = '" + facts_.domain +
           "' and time >= '" + request_.period.from.to_string() + "' and time < '" + request_.period.to.to_string() +
           "'\"";
  }

  std::vector<SectionResult> all_sections() const {
    std::vector<SectionResult> all = {posture(), senders(), spoofing()};
    if (facts_.advice) all.push_back(advice(*facts_.advice));
    return all;
  }
  DossierAbout about() const;
  SectionResult advice(const Advice& advice) const;
  std::string advice_sentence(const Advice& advice) const;
  void advice_tables(const Advice& advice, SectionResult& result) const;
  SectionResult posture() const;
  SectionFigure policy_ladder() const;
  SectionTable audit_table() const;
  SectionResult senders() const;
  SectionFigure sender_figure() const;
  SectionTable sender_table() const;
  SectionResult spoofing() const;
  void spoofing_trend(SectionResult& result) const;
  SectionFigure result_figure() const;
  SectionTable spoofer_table() const;
  SectionTable finding_table() const;
  std::string group_name(const SenderGroup& group) const {
    return group.organisation.empty() ? say("mail.senders.nameless") : group.organisation;
  }
  std::vector<const SenderSource*> spoofers() const;

  const MailReportFacts& facts_;
  const Senders& senders_;
  const MailReportRequest& request_;
  std::string policy_;
};

// Null where no result is known: a share of nothing is unknown.
std::optional<double> passed_share(const SenderCounts& counts) {
  const std::int64_t known = counts.messages - counts.unknown_result;
  if (known <= 0) return std::nullopt;
  return static_cast<double>(counts.aligned) / static_cast<double>(known);
}
// For people: what is not all must not be rounded to all.
std::optional<double> shown_share(const SenderCounts& counts) {
  const std::optional<double> share = passed_share(counts);
  constexpr double kAlmost = 0.999;
  return share && *share < 1 && *share > kAlmost ? kAlmost : share;
}
std::string share_text(const std::optional<double>& share) { return share ? human_share(*share) : "–"; }

// The day of the last report: the end of its time is exclusive.
std::string last_date(Timestamp end) { return (end - Duration{1}).date(); }

Document counts_document(const SenderCounts& counts) {
  Document d = Document::object();
  d.set("messages", counts.messages);
  d.set("passed", counts.aligned);
  d.set("dkim_aligned", counts.dkim_aligned);
  d.set("spf_aligned", counts.spf_aligned);
  d.set("failed", counts.failed());
  d.set("failed_delivered", counts.failed_delivered);
  d.set("quarantined", counts.quarantined);
  d.set("rejected", counts.rejected);
  d.set("overridden", counts.overridden);
  d.set("unknown_result", counts.unknown_result);
  d.set("passed_share", passed_share(counts));
  return d;
}

DossierAbout Builder::about() const {
  DossierAbout about;
  about.id = "mail-" + facts_.domain;
  about.kicker = say("mail.kicker");
  about.title = shown();
  about.scope_title = say("mail.scope.title");
  about.scope.emplace_back(say("mail.scope.domain"), facts_.domain);
  about.scope.emplace_back(say("mail.scope.reports"), group_thousands(senders_.reports));
  about.scope.emplace_back(say("mail.scope.days"), group_thousands(senders_.days));
  std::string names;
  for (std::size_t i = 0; i < std::min(kMostReporters, senders_.reporters.size()); ++i)
    names += (names.empty() ? "" : ", ") + senders_.reporters[i].first;
  if (!names.empty()) about.scope.emplace_back(say("mail.scope.reporters"), names);
  if (!senders_.period.empty())
    about.scope.emplace_back(say("mail.scope.covered"),
                             say("word.from_to", {senders_.period.from.date(), last_date(senders_.period.to)}));
  about.scope.emplace_back(say("mail.scope.audited"),
                           facts_.audit ? facts_.audit->time.date() : say("mail.scope.never"));
  about.head.set("report", "mail");
  about.head.set("domain", facts_.domain);
  Document period = Document::object();
  period.set("from", request_.period.from);
  period.set("to", request_.period.to);
  about.head.set("period", std::move(period));
  return about;
}

// ---- posture

constexpr std::array<std::string_view, 4> kSteps = {"missing", "none", "quarantine", "reject"};
int step_of(std::string_view policy) {
  const auto found = std::find(kSteps.begin(), kSteps.end(), policy);
  return found == kSteps.end() ? -1 : static_cast<int>(found - kSteps.begin());
}

SectionFigure Builder::policy_ladder() const {
  const int current = step_of(policy_);
  int next = current >= 0 && current + 1 < static_cast<int>(kSteps.size()) ? current + 1 : -1;
  // Where there is advice the next step is the advised one, and none is marked that would do harm.
  if (facts_.advice && facts_.advice->kind != AdviceKind::kUnknown) {
    const bool go = facts_.advice->kind == AdviceKind::kStart || facts_.advice->kind == AdviceKind::kStep;
    next = go && facts_.advice->next ? step_of(to_string(facts_.advice->next->policy)) : -1;
    if (next <= current) next = -1;
  }
  const auto name = [&](int step) { return say("mail.step." + std::string(kSteps[static_cast<std::size_t>(step)])); };
  SectionFigure figure{"figure-policy", "ladder", say("mail.posture.figure"), "", Document::object()};
  figure.description = current < 0 ? say("mail.posture.figure_text_unknown")
                       : current + 1 == static_cast<int>(kSteps.size())
                           ? say("mail.posture.figure_text_done", {name(current)})
                       : next < 0 ? say("mail.posture.figure_text_stay", {name(current)})
                                  : say("mail.posture.figure_text", {name(current), name(next)});
  Document steps = Document::list(), labels = Document::object();
  for (int i = 0; i < static_cast<int>(kSteps.size()); ++i) steps.push(name(i));
  labels.set("current", say("mail.step.current"));
  labels.set("next", say("mail.step.next"));
  figure.data.set("steps", std::move(steps));
  figure.data.set("current", current);
  figure.data.set("next", next);
  figure.data.set("labels", std::move(labels));
  return figure;
}

// Known words become words of the language; others stay.
std::string status_text(Language language, const std::string& status) {
  const std::string id = "mail.status." + status;
  return has_text(Language::kEnglish, id) ? say(language, id) : status;
}

SectionTable Builder::audit_table() const {
  SectionTable table;
  table.caption = say("mail.posture.table");
  table.columns = {{say("mail.posture.topic"), Unit::kText},
                   {say("mail.posture.check"), Unit::kText},
                   {say("mail.posture.status"), Unit::kText},
                   {say("mail.posture.found"), Unit::kText}};
  for (const AuditRow& row : facts_.audit->rows)
    if (row.topic != "grade")
      table.rows.push_back({row.topic, row.item, status_text(request_.language, row.status),
                            row.value.empty() ? Document() : Document(row.value)});
  table.total = static_cast<std::int64_t>(table.rows.size());
  return table;
}

SectionResult Builder::posture() const {
  SectionResult result = section("posture");
  result.query =
      "rangewatch sql \"select * from mail_audits where domain = '" + facts_.domain + "' order by time desc\"";
  result.sentences.push_back(
      say("mail.posture.policy_" + (policy_.empty() ? std::string("unknown") : policy_), {shown()}));
  if (policy_ == "missing" || policy_ == "none")
    result.judgements.push_back({result.sentences.back(), Confidence::kHigh});
  result.facts.push_back({policy_.empty()        ? "–"
                          : policy_ == "missing" ? say("mail.step.missing")
                                                 : "p=" + policy_,
                          say("mail.posture.fact_policy"), ""});
  result.figures.push_back(policy_ladder());
  result.numbers.set("policy", policy_.empty() ? Document() : Document(policy_));
  if (!facts_.audit) {
    result.sentences.push_back(say("mail.posture.not_audited", {facts_.domain}));
    result.numbers.set("audit", Document());
    return result;
  }
  std::map<std::string, std::int64_t> by_status;
  Document rows = Document::list();
  for (const AuditRow& row : facts_.audit->rows) {
    if (row.topic == "grade") {
      result.facts.push_back({row.value, say("mail.posture.fact_grade"), facts_.audit->time.date()});
      result.numbers.set("grade", row.value);
      continue;
    }
    ++by_status[row.status];
    Document item = Document::object();
    item.set("topic", row.topic);
    item.set("item", row.item);
    item.set("status", row.status);
    item.set("value", row.value.empty() ? Document() : Document(row.value));
    rows.push(std::move(item));
  }
  result.sentences.push_back(
      say("mail.posture.audited",
          {facts_.audit->time.date(), group_thousands(by_status["good"]), group_thousands(by_status["warning"]),
           group_thousands(by_status["bad"]), group_thousands(by_status["unknown"])}));
  Document audit = Document::object();
  audit.set("time", facts_.audit->time);
  audit.set("checks", std::move(rows));
  result.numbers.set("audit", std::move(audit));
  result.observations = static_cast<std::int64_t>(facts_.audit->rows.size());
  result.tables.push_back(audit_table());
  return result;
}

// ---- senders

SectionFigure Builder::sender_figure() const {
  SectionFigure figure{"figure-senders", "parts", say("mail.senders.figure"), "", Document::object()};
  Document names = Document::list(), good = Document::list(), bad = Document::list(), unknown = Document::list();
  const std::size_t bars = std::min(kMostBars, senders_.groups.size());
  for (std::size_t i = 0; i < bars; ++i) {
    const SenderGroup& group = senders_.groups[i];
    names.push(group_name(group));
    good.push(group.counts.aligned);
    bad.push(group.counts.failed());
    unknown.push(group.counts.unknown_result);
  }
  Document labels = Document::object();
  labels.set("good", say("mail.result.passed"));
  labels.set("bad", say("mail.result.failed"));
  labels.set("unknown", say("mail.result.unknown"));
  figure.data.set("names", std::move(names));
  figure.data.set("good", std::move(good));
  figure.data.set("bad", std::move(bad));
  figure.data.set("unknown", std::move(unknown));
  figure.data.set("labels", std::move(labels));
  const SenderGroup& first = senders_.groups.front();
  figure.description = say("mail.senders.figure_text",
                           {group_thousands(static_cast<std::int64_t>(bars)), group_name(first),
                            counted(first.counts.messages, "message"), share_text(shown_share(first.counts))});
  return figure;
}

SectionTable Builder::sender_table() const {
  SectionTable table;
  table.caption = say("mail.senders.table");
  table.columns = {{say("mail.senders.sender"), Unit::kText},
                   {say("word.kind"), Unit::kText},
                   {say("word.messages"), Unit::kCount},
                   {say("mail.senders.passed"), Unit::kShare},
                   {say("mail.senders.delivered"), Unit::kCount},
                   {say("mail.senders.addresses"), Unit::kCount},
                   {say("mail.first"), Unit::kDate},
                   {say("mail.last"), Unit::kDate}};
  for (const SenderGroup& group : senders_.groups) {
    if (table.rows.size() == kMostSenders) break;
    table.rows.push_back({group_name(group), say("mail.kind." + std::string(to_string(group.kind))),
                          group.counts.messages, shown_share(group.counts), group.counts.failed_delivered,
                          static_cast<std::int64_t>(group.sources.size()), group.first_seen.date(),
                          last_date(group.last_seen)});
  }
  table.total = static_cast<std::int64_t>(senders_.groups.size());
  return table;
}

SectionResult Builder::senders() const {
  SectionResult result = section("senders");
  result.query = reports_query();
  result.observations = senders_.counts.messages;
  result.numbers.set("totals", counts_document(senders_.counts));
  result.numbers.set("reports", senders_.reports);
  result.numbers.set("days", senders_.days);
  Document groups = Document::list();
  for (const SenderGroup& group : senders_.groups) {
    if (groups.items()->size() == kMostSenders) break;
    Document item = Document::object();
    item.set("organisation", group.organisation.empty() ? Document() : Document(group.organisation));
    item.set("kind", to_string(group.kind));
    item.set("addresses", static_cast<std::int64_t>(group.sources.size()));
    item.set("counts", counts_document(group.counts));
    item.set("first_seen", group.first_seen);
    item.set("last_seen", group.last_seen);
    groups.push(std::move(item));
  }
  result.numbers.set("groups", std::move(groups));
  if (senders_.counts.messages == 0) {
    result.sentences.push_back(say("mail.senders.none", {shown()}));
    return result;
  }
  const SenderCounts& all = senders_.counts;
  result.sentences.push_back(
      say("mail.senders.count",
          {counted(all.messages, "message"), counted(senders_.reports, "report"), share_text(shown_share(all))}));
  result.facts.push_back(
      {group_thousands(all.messages), say("mail.senders.fact"), counted(senders_.reports, "report")});
  result.facts.push_back(
      {share_text(shown_share(all)), say("mail.senders.fact_aligned"),
       say("mail.senders.fact_aligned_note", {group_thousands(all.dkim_aligned), group_thousands(all.spf_aligned)})});
  for (const SenderGroup& group : senders_.groups) {
    const std::optional<double> share = shown_share(group.counts);
    const bool ours = group.kind == SenderKind::kOwn || group.kind == SenderKind::kService;
    if (!ours || !share || *share >= kLowShare || static_cast<double>(group.counts.messages) < kLowShareMessages)
      continue;
    std::string text =
        say("mail.senders.fix", {group_name(group), counted(group.counts.messages, "message"), share_text(share)});
    result.judgements.push_back({text, Confidence::kModerate});
    result.sentences.push_back(std::move(text));
  }
  if (!senders_.groups.empty()) {
    result.figures.push_back(sender_figure());
    result.tables.push_back(sender_table());
  }
  if (senders_.cut) result.limits += (request_.language == Language::kJapanese ? "" : " ") + say("mail.scope.cut");
  return result;
}

// ---- spoofing

std::vector<const SenderSource*> Builder::spoofers() const {
  std::vector<const SenderSource*> found;
  for (const SenderSource& source : senders_.sources)
    if (source.kind == SenderKind::kSpoofing) found.push_back(&source);
  return found;
}

// Every day or week from the first to the last bucket, so that days without a report can be seen.
struct Trend {
  std::vector<std::string> dates;
  std::vector<const SenderBucket*> buckets;  // null: no report
};
Trend whole_trend(const Senders& senders, bool weekly) {
  Trend trend;
  if (senders.trend.empty()) return trend;
  const std::int64_t step = weekly ? 7 : 1;
  std::map<std::int64_t, const SenderBucket*> by_day;
  for (const SenderBucket& bucket : senders.trend) by_day[bucket.begin.day()] = &bucket;
  const std::int64_t first = by_day.begin()->first, last = by_day.rbegin()->first;
  for (std::int64_t day = first; day <= last && (day - first) / step < kMostBuckets; day += step) {
    trend.dates.push_back(Timestamp{day * kDay.us}.date());
    const auto found = by_day.find(day);
    trend.buckets.push_back(found == by_day.end() ? nullptr : found->second);
  }
  return trend;
}

// Failed messages that the three known treatments do not cover.
std::int64_t failed_otherwise(const SenderCounts& counts) {
  return std::max<std::int64_t>(0, counts.failed() - counts.failed_delivered - counts.quarantined - counts.rejected);
}

SectionFigure Builder::result_figure() const {
  const Trend trend = whole_trend(senders_, facts_.weekly);
  SectionFigure figure{"figure-results", "stacked",
                       say(facts_.weekly ? "mail.spoofing.figure_weekly" : "mail.spoofing.figure"), "",
                       Document::object()};
  struct Part {
    std::string_view text, role;
    std::int64_t (*of)(const SenderCounts&);
  };
  constexpr std::array<Part, 6> kParts = {
      Part{"mail.result.passed", "good", [](const SenderCounts& c) { return c.aligned; }},
      Part{"mail.result.rejected", "stopped", [](const SenderCounts& c) { return c.rejected; }},
      Part{"mail.result.quarantined", "held", [](const SenderCounts& c) { return c.quarantined; }},
      Part{"mail.result.delivered", "bad", [](const SenderCounts& c) { return c.failed_delivered; }},
      Part{"mail.result.other", "other", failed_otherwise},
      Part{"mail.result.unknown", "unknown", [](const SenderCounts& c) { return c.unknown_result; }}};
  Document dates = Document::list(), months = Document::list(), series = Document::list();
  for (const std::string& date : trend.dates) dates.push(date);
  for (const Part& part : kParts) {
    const bool always = part.role != "other" && part.role != "unknown";
    if (!always && part.of(senders_.counts) == 0) continue;
    Document one = Document::object(), values = Document::list();
    for (const SenderBucket* bucket : trend.buckets)
      values.push(bucket ? Document(part.of(bucket->counts)) : Document());
    one.set("name", say(part.text));
    one.set("role", part.role);
    one.set("values", std::move(values));
    series.push(std::move(one));
  }
  if (request_.language == Language::kJapanese) {
    std::string names = say("mail.spoofing.months");
    for (std::size_t at = 0; at <= names.size();) {
      const std::size_t comma = std::min(names.find(',', at), names.size());
      months.push(names.substr(at, comma - at));
      at = comma + 1;
    }
  }
  figure.data.set("dates", std::move(dates));
  figure.data.set("months", std::move(months));
  figure.data.set("series", std::move(series));

  const SenderBucket* worst = nullptr;
  for (const SenderBucket& bucket : senders_.trend)
    if (bucket.counts.failed() > (worst ? worst->counts.failed() : 0)) worst = &bucket;
  const std::string span = counted(static_cast<std::int64_t>(trend.dates.size()), facts_.weekly ? "week" : "day");
  figure.description =
      worst ? say("mail.spoofing.figure_text", {span, worst->begin.date(), counted(worst->counts.failed(), "message")})
            : say("mail.spoofing.figure_text_clean", {span});
  return figure;
}

SectionTable Builder::spoofer_table() const {
  SectionTable table;
  table.caption = say("mail.spoofing.table");
  table.columns = {{say("mail.spoofing.address"), Unit::kAddress},
                   {say("mail.spoofing.network"), Unit::kText},
                   {say("mail.spoofing.country"), Unit::kText},
                   {say("word.messages"), Unit::kCount},
                   {say("mail.spoofing.delivered"), Unit::kCount},
                   {say("mail.spoofing.quarantined"), Unit::kCount},
                   {say("mail.spoofing.rejected"), Unit::kCount},
                   {say("mail.first"), Unit::kDate},
                   {say("mail.last"), Unit::kDate}};
  const std::vector<const SenderSource*> all = spoofers();
  for (const SenderSource* source : all) {
    if (table.rows.size() == kMostSpoofers) break;
    std::string network = source->as_name;
    if (network.empty() && source->asn) network = "AS" + std::to_string(*source->asn);
    if (network.empty()) network = source->organisation;
    table.rows.push_back(
        {source->address ? Document(source->address->to_string()) : Document(say("mail.senders.nameless")),
         network.empty() ? Document() : Document(network), source->country ? Document(*source->country) : Document(),
         source->counts.messages, source->counts.failed_delivered, source->counts.quarantined, source->counts.rejected,
         source->first_seen.date(), last_date(source->last_seen)});
  }
  table.total = static_cast<std::int64_t>(all.size());
  return table;
}

SectionTable Builder::finding_table() const {
  SectionTable table;
  table.caption = say("mail.spoofing.findings");
  table.columns = {{say("mail.spoofing.finding_id"), Unit::kAddress},
                   {say("mail.spoofing.finding"), Unit::kText},
                   {say("mail.spoofing.severity"), Unit::kText},
                   {say("word.confidence"), Unit::kText},
                   {say("mail.first"), Unit::kDate},
                   {say("mail.last"), Unit::kDate}};
  for (const Finding& finding : facts_.findings) {
    if (table.rows.size() == kMostFindings) break;
    table.rows.push_back({finding.id, finding.title, say("mail.severity." + std::string(to_string(finding.severity))),
                          say("mail.confidence." + std::string(to_string(finding.confidence))),
                          finding.first_seen.date(), finding.last_seen.date()});
  }
  table.total = static_cast<std::int64_t>(facts_.findings.size());
  return table;
}

// Means over the days (or weeks) with reports in each half; told when they differ clearly.
void Builder::spoofing_trend(SectionResult& result) const {
  constexpr std::size_t kEnough = 4;  // buckets in each half
  std::array<double, 2> sums{};
  std::array<std::size_t, 2> known{};
  const Trend trend = whole_trend(senders_, facts_.weekly);
  for (std::size_t i = 0; i < trend.buckets.size(); ++i) {
    if (trend.buckets[i] == nullptr) continue;
    const std::size_t half = 2 * i < trend.buckets.size() ? 0 : 1;
    sums[half] += static_cast<double>(trend.buckets[i]->spoofed);
    ++known[half];
  }
  if (known[0] < kEnough || known[1] < kEnough) return;
  const double days = facts_.weekly ? 7 : 1;
  const double before = sums[0] / static_cast<double>(known[0]) / days;
  const double after = sums[1] / static_cast<double>(known[1]) / days;
  result.numbers.set("spoofed_per_day_first_half", before);
  result.numbers.set("spoofed_per_day_second_half", after);
  if (after >= kChange * before && after >= 1)
    result.sentences.push_back(say("mail.spoofing.rose", {human_number(before), human_number(after)}));
  else if (before >= kChange * after && before >= 1)
    result.sentences.push_back(say("mail.spoofing.fell", {human_number(before), human_number(after)}));
}

SectionResult Builder::spoofing() const {
  SectionResult result = section("spoofing");
  result.query = reports_query();
  result.observations = senders_.counts.messages;
  SenderCounts spoofed;
  const std::vector<const SenderSource*> all = spoofers();
  std::int64_t watched = 0;
  std::string ranges;
  for (const SenderSource* source : all) spoofed += source->counts;
  for (const SenderSource& source : senders_.sources)
    for (const WatchedSource& range : source.watched) {
      watched += range.messages;
      if (ranges.find(range.prefix) == std::string::npos) ranges += (ranges.empty() ? "" : ", ") + range.prefix;
    }
  result.numbers.set("sources", static_cast<std::int64_t>(all.size()));
  result.numbers.set("spoofed", counts_document(spoofed));
  result.numbers.set("failed", counts_document(senders_.counts));
  result.numbers.set("from_watched_ranges", watched);
  Document findings = Document::list();
  for (const Finding& finding : facts_.findings) findings.push(finding.id);
  result.numbers.set("findings", std::move(findings));
  if (senders_.counts.messages == 0) {
    result.sentences.push_back(say("mail.senders.none", {shown()}));
  } else {
    const auto n = [&](std::int64_t value) { return counted(value, "message"); };
    result.facts.push_back({group_thousands(spoofed.messages), say("mail.spoofing.fact"),
                            say("mail.spoofing.fact_note", {n(spoofed.failed_delivered)})});
    result.sentences.push_back(
        all.empty()
            ? say("mail.spoofing.none")
            : say("mail.spoofing.count", {n(spoofed.messages), counted(static_cast<std::int64_t>(all.size()), "source"),
                                          n(spoofed.failed_delivered)}));
    const SenderCounts& total = senders_.counts;
    if (total.failed() > 0)
      result.sentences.push_back(say("mail.spoofing.failed", {n(total.failed()), n(total.failed_delivered),
                                                              n(total.quarantined), n(total.rejected)}));
    if (spoofed.failed_delivered > 0)
      result.judgements.push_back(
          {say("mail.spoofing.got_through", {group_thousands(spoofed.failed_delivered), n(spoofed.messages)}),
           Confidence::kModerate});
    spoofing_trend(result);
    if (watched > 0) result.sentences.push_back(say("mail.spoofing.watched", {n(watched), ranges}));
    if (!senders_.trend.empty()) result.figures.push_back(result_figure());
    if (!all.empty()) result.tables.push_back(spoofer_table());
  }
  if (!facts_.findings.empty()) result.tables.push_back(finding_table());
  return result;
}

// ---- advice

std::string Builder::advice_sentence(const Advice& advice) const {
  const std::string now = advice.now ? to_string(*advice.now) : say("mail.step.missing");
  const std::string next = advice.next ? to_string(*advice.next) : "";
  const std::string id = "mail.advice." + std::string(to_string(advice.kind));
  const auto n = [&](std::int64_t value) { return counted(value, "message"); };
  const auto bound = [](const std::optional<double>& share) { return share ? advice_percent(*share) : "–"; };
  switch (advice.kind) {
    case AdviceKind::kStep:
      return say(id, {now, next, n(advice.legitimate), n(advice.legitimate_hit), bound(advice.upper_share),
                      advice_percent(advice.allowed_share)});
    case AdviceKind::kHold:
      return say(id, {now, next, group_thousands(advice.legitimate_hit), n(advice.legitimate),
                      bound(advice.upper_share), advice_percent(advice.allowed_share)});
    case AdviceKind::kRefuse:
      return say(id, {counted(advice.days, "day"), group_thousands(advice.reporters), n(advice.legitimate),
                      std::to_string(kAdviceDays), std::to_string(kAdviceReporters), std::to_string(kAdviceMessages)});
    default: return say(id, {shown()});
  }
}

void Builder::advice_tables(const Advice& advice, SectionResult& result) const {
  if (advice.record) {
    SectionTable table;
    table.caption = say("mail.advice.record");
    table.columns = {{say("mail.advice.record_name"), Unit::kAddress},
                     {say("mail.advice.record_type"), Unit::kText},
                     {say("mail.advice.record_value"), Unit::kAddress}};
    table.rows.push_back({advice.record->name, advice.record->type, advice.record->value});
    table.total = 1;
    result.tables.push_back(std::move(table));
  }
  // What to do first is written in English, as the advice itself gives it.
  const bool english = request_.language == Language::kEnglish;
  SectionTable table;
  table.caption = say("mail.advice.senders");
  table.columns = {{say("mail.senders.sender"), Unit::kText},
                   {say("word.kind"), Unit::kText},
                   {say("word.messages"), Unit::kCount},
                   {say("mail.advice.hit"), Unit::kCount},
                   {say("mail.advice.blocks"), Unit::kText}};
  if (english) table.columns.push_back({say("mail.advice.fix"), Unit::kText});
  for (const AdvisedSender& sender : advice.senders) {
    if (sender.hit == 0) continue;
    ++table.total;
    if (table.rows.size() == kMostSenders) continue;
    table.rows.push_back({sender.organisation.empty() ? say("mail.senders.nameless") : sender.organisation,
                          say("mail.kind." + std::string(to_string(sender.kind))), sender.messages, sender.hit,
                          say(sender.blocks ? "mail.advice.first" : "mail.advice.no_need")});
    if (english) table.rows.back().push_back(sender.fix.empty() ? Document() : Document(sender.fix));
  }
  if (!table.rows.empty()) result.tables.push_back(std::move(table));
}

SectionResult Builder::advice(const Advice& advice) const {
  SectionResult result = section("advice");
  result.query = "rangewatch mail advise " + facts_.domain;
  result.observations = advice.messages;
  result.numbers.set("advice", advice_document(advice));
  result.sentences.push_back(advice_sentence(advice));
  if (advice.kind == AdviceKind::kHold)
    for (const AdvisedSender& sender : advice.senders)
      if (sender.blocks)
        result.sentences.push_back(
            say("mail.advice.mend", {sender.organisation.empty() ? say("mail.senders.nameless") : sender.organisation,
                                     group_thousands(sender.hit), counted(sender.messages, "message")}));
  if (advice.forwarded_hit > 0)
    result.sentences.push_back(say("mail.advice.forwarded", {counted(advice.forwarded_hit, "message")}));
  if (request_.language == Language::kEnglish)
    for (const std::string& note : advice.notes) result.sentences.push_back(note + (note.ends_with('.') ? "" : "."));
  if (advice.look_again) result.sentences.push_back(say("mail.advice.look_again", {advice.look_again->date()}));
  const bool sure =
      advice.kind == AdviceKind::kStep || advice.kind == AdviceKind::kHold || advice.kind == AdviceKind::kStart;
  if (sure)
    result.judgements.push_back(
        {result.sentences.front(), advice.kind == AdviceKind::kStart ? Confidence::kHigh : Confidence::kModerate});
  advice_tables(advice, result);
  return result;
}

}  // namespace

const AuditRow* MailAuditFacts::find(std::string_view topic, std::string_view item) const {
  for (const AuditRow& row : rows)
    if (row.topic == topic && row.item == item) return &row;
  return nullptr;
}

Result<std::optional<MailAuditFacts>> newest_audit(Store& store, std::string_view domain, Timestamp before) {
  Query query;
  query.table = "mail_audits";
  query.time = {kAllTime.from, before};
  query.where = expr::eq(expr::column("domain"), expr::text(domain));
  for (const char* column : {"time", "topic", "item", "status", "value"})
    query.select.push_back({column, expr::column(column)});
  query.order_by = {{"time", true}};
  query.limit = kMostAuditRows;
  RW_ASSIGN(const Answer answer, store.run(query));
  if (answer.rows.empty()) return std::optional<MailAuditFacts>();
  MailAuditFacts facts;
  if (const auto* time = std::get_if<Timestamp>(&answer.rows.front()[0])) facts.time = *time;
  for (const auto& row : answer.rows) {
    const auto* time = std::get_if<Timestamp>(&row[0]);
    if (time == nullptr || *time != facts.time) break;
    facts.rows.push_back({as_string(row[1]), as_string(row[2]), as_string(row[3]), as_string(row[4])});
  }
  // The order within one time is chance: good ones last, then by name.
  const auto rank = [](const AuditRow& row) {
    return row.status == "bad"       ? 0
           : row.status == "warning" ? 1
           : row.status == "unknown" ? 2
           : row.status == "info"    ? 3
                                     : 4;
  };
  std::sort(facts.rows.begin(), facts.rows.end(), [&](const AuditRow& a, const AuditRow& b) {
    return std::tuple(rank(a), std::string_view(a.topic), std::string_view(a.item), std::string_view(a.value)) <
           std::tuple(rank(b), std::string_view(b.topic), std::string_view(b.item), std::string_view(b.value));
  });
  return std::optional<MailAuditFacts>(std::move(facts));
}

std::string mail_policy(const MailReportFacts& facts) {
  if (facts.audit) {
    // "p=none", or "sp=reject" where a domain further up speaks for this one.
    if (const AuditRow* row = facts.audit->find("dmarc", "policy")) {
      const std::string policy = row->value.substr(std::min(row->value.size(), row->value.find('=') + 1));
      if (step_of(policy) > 0) return policy;
    }
    if (const AuditRow* row = facts.audit->find("dmarc", "record"))
      if (row->status == "bad" && row->value.empty()) return "missing";
  }
  const std::string policy = facts.senders.policy.value_or("");
  return step_of(policy) > 0 ? policy : "";
}

Dossier mail_report(const MailReportFacts& facts, const MailReportRequest& request) {
  return Builder(facts, request).take();
}

}  // namespace rw
