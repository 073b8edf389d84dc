// rangewatch mail report: posture, senders, spoofing and advice for one domain, for the people who decide.
#include "section/mail_report.h"

#include <algorithm>

#include "command.h"
#include "flags.h"
#include "lake/findings.h"
#include "mail_resolver.h"
#include "message/address.h"
#include "open_lake.h"
#include "report_output.h"
#include "subjects.h"

namespace rw {
namespace {

constexpr std::string_view kLanguages[] = {"en", "ja"};
constexpr std::int64_t kDefaultDays = 90;  // without --from
constexpr std::int64_t kMostDays = 120;    // longer periods are told by week

extern constinit const Flag kFrom{
    .name = "from", .value = "TIME", .doc = "the period begins here; default 90 days before its end"};
extern constinit const Flag kTo{
    .name = "to", .value = "TIME", .doc = "and ends before this time; default the end of the last day with reports"};
extern constinit const Flag kLanguage{
    .name = "lang", .value = "LANG", .doc = "language of the report", .preset = "en", .choices = kLanguages};

Result<Timestamp> time_of(const Arguments& args, const Flag& flag) {
  auto time = Timestamp::parse(args.get(flag));
  if (time) return *time;
  return Failure(ErrorCode::kUsage, "invalid value for '--" + std::string(flag.name) + "': " + time.error().message);
}

Result<TimeRange> period_of(const Arguments& args, Store& lake) {
  TimeRange period;
  if (args.has(kTo)) {
    RW_ASSIGN(period.to, time_of(args, kTo));
  } else {
    RW_ASSIGN(const TimeRange extent, lake.extent("mail_rows"));
    const Timestamp last = extent.empty() ? Timestamp::now() : extent.to - Duration{1};
    period.to = Timestamp{(last.day() + 1) * kDay.us};
  }
  period.from = period.to - Duration{kDefaultDays * kDay.us};
  if (args.has(kFrom)) {
    RW_ASSIGN(period.from, time_of(args, kFrom));
  }
  if (period.empty())
    return Failure(ErrorCode::kUsage, "'--to' (" + period.to.to_string() + ") must be later than '--from' (" +
                                          period.from.to_string() + ")");
  return period;
}

// A finding is about the domain when one of its entities is it, or a name below it.
bool is_about(const Finding& finding, const std::string& domain) {
  return std::any_of(finding.entities.begin(), finding.entities.end(), [&](const Entity& entity) {
    return entity.value == domain || entity.value.ends_with("." + domain);
  });
}

Result<std::vector<Finding>> findings_about(const std::string& lake, const std::string& domain, TimeRange period) {
  RW_ASSIGN(const auto store, FindingStore::open(lake, false));
  FindingFilter filter;
  filter.range = period;
  RW_ASSIGN(FindingPage page, store->list(filter));
  std::vector<Finding> found;
  for (Finding& finding : page.items)
    if (finding.status != FindingStatus::kDismissed && is_about(finding, domain)) found.push_back(std::move(finding));
  return found;
}

Result<int> run(const Arguments& args, Console& console) {
  MailReportFacts facts;
  facts.domain = normalised_domain(args.positionals().front());
  if (facts.domain.empty()) return Failure(ErrorCode::kUsage, "'" + args.positionals().front() + "' is no domain");
  facts.shown = unicode_domain(facts.domain);
  RW_ASSIGN(const Renderer* renderer, report_form(args, console));
  MailReportRequest request;
  RW_ASSIGN(request.language, parse_language(args.get(kLanguage)));
  RW_ASSIGN(const auto lake, open_lake(args));
  RW_ASSIGN(request.period, period_of(args, *lake));
  RW_ASSIGN(DetectContext known, detect_context(args, *lake, request.period));
  console.progress("report: reports about " + facts.domain);
  facts.weekly = request.period.to - request.period.from > Duration{kMostDays * kDay.us};
  const SenderContext context{std::move(known.organisation), std::move(known.subjects)};
  RW_ASSIGN(facts.senders,
            find_senders(*lake, {.domain = facts.domain, .range = request.period, .weekly = facts.weekly}, context));
  RW_ASSIGN(facts.audit, newest_audit(*lake, facts.domain));
  RW_ASSIGN(facts.findings, findings_about(flags::lake_directory(args), facts.domain, request.period));
  facts.synthetic = lake->synthetic();
  // Advice needs to know what is published now: the one question of a report to the DNS.
  RW_ASSIGN(const auto resolver, make_resolver(args));
  const Timestamp now = std::min(Timestamp::now(), request.period.to);
  const std::int64_t days = (now - request.period.from).us / kDay.us;
  if (days >= 1) {
    console.progress("report: advice");
    RW_ASSIGN(facts.advice,
              advise_domain(*lake, *resolver,
                            {.domain = facts.domain, .options = {.now = now, .days = std::min(days, kDefaultDays)}},
                            context));
  }
  RW_TRY(write_report(mail_report(facts, request), *renderer, args, console));
  return 0;
}

constexpr Positional kPositionals[] = {{.name = "DOMAIN", .doc = "whose mail the report is about", .required = true}};
constexpr const Flag* kFlags[] = {&kFrom,
                                  &kTo,
                                  &kLanguage,
                                  &flags::kReportForm,
                                  &flags::kReportOutput,
                                  &flags::kSubject,
                                  RW_RESOLVER_FLAGS,
                                  &flags::kLake,
                                  &flags::kMemory,
                                  &flags::kThreads};
constexpr std::string_view kExamples[] = {
    "rangewatch mail report example.org --from 2026-09-01 --to 2026-10-01 -o report.html",
    "rangewatch mail report example.org --lang ja --format pdf -o report.pdf",
};

}  // namespace

extern constinit const Command kMailReportCommand{
    .name = "mail report",
    .summary = "write the report on a domain's mail: posture, senders, spoofing, advice",
    .examples = kExamples,
    .doc =
        "The report joins what the lake holds about one domain: the newest audit, the aggregate reports of the period, "
        "the findings that name it, and the next safe step, for which the DNS is asked what is published now. Days are "
        "of UTC, as reports count them; periods of "
        "over 120 days are told by week.\n\n"
        "html is one file that needs no network and no scripts to be read; json is for other programs; md puts its "
        "figures beside the file; pdf needs WeasyPrint and fonts with all characters of the report, and says what to "
        "install where one is missing.",
    .positionals = kPositionals,
    .flags = kFlags,
    .run = run};

}  // namespace rw
