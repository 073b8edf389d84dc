// rangewatch report: the dossier of a subject, as a page, text or data.
#include "command.h"
#include "flags.h"
#include "open_lake.h"
#include "report_output.h"
#include "section/local_time.h"
#include "subjects.h"

namespace rw {
namespace {

constexpr std::string_view kLanguages[] = {"en"};

extern constinit const Flag kSubject{
    .name = "subject", .value = "FILE", .doc = "the subject file: whom the dossier is about"};
extern constinit const Flag kFrom{
    .name = "from", .value = "TIME", .doc = "the period begins here: a date in the subject's time zone, or RFC 3339"};
extern constinit const Flag kTo{.name = "to", .value = "TIME", .doc = "and ends before this time"};
extern constinit const Flag kCompareFrom{
    .name = "compare-from", .value = "TIME", .doc = "compare with the period that starts here"};
extern constinit const Flag kCompareTo{.name = "compare-to", .value = "TIME", .doc = "and ends before this time"};
extern constinit const Flag kLanguage{
    .name = "lang", .value = "LANG", .doc = "language of the sentences", .preset = "en", .choices = kLanguages};
// The clock of the subject's zone around a time: a date is never further from UTC than this.
Result<LocalClock> clock_around(Store& lake, const Subject& subject, Timestamp time) {
  return LocalClock::make(lake, subject.time_zone, {time - kDay - kDay, time + kDay + kDay});
}

// RFC 3339 is exact; a date is a day of the subject's, so that the first and last day of a period are whole.
Result<Timestamp> time_of(const Arguments& args, const Flag& flag, Store& lake, const Subject& subject) {
  constexpr std::size_t kDateLength = 10;  // 2019-01-01
  const std::string_view text = args.get(flag);
  const auto time = Timestamp::parse(text);
  if (!time)
    return Failure(ErrorCode::kUsage, "invalid value for '--" + std::string(flag.name) + "': " + time.error().message);
  if (text.size() != kDateLength) return *time;
  RW_ASSIGN(const LocalClock clock, clock_around(lake, subject, *time));
  return clock.begin_of(time->day());
}

Result<TimeRange> range_of(const Arguments& args, const Flag& from, const Flag& to, Store& lake,
                           const Subject& subject) {
  TimeRange range = kAllTime;
  if (args.has(from)) {
    RW_ASSIGN(range.from, time_of(args, from, lake, subject));
  }
  if (args.has(to)) {
    RW_ASSIGN(range.to, time_of(args, to, lake, subject));
  }
  if (range.empty())
    return Failure(ErrorCode::kUsage, "'--" + std::string(to.name) + "' (" + std::string(args.get(to)) +
                                          ") must be later than '--" + std::string(from.name) + "' (" +
                                          std::string(args.get(from)) + ")");
  return range;
}

// --from and --to, else all that the lake holds, to whole days of the subject's.
Result<TimeRange> period_of(const Arguments& args, Store& lake, const Subject& subject) {
  RW_ASSIGN(TimeRange period, range_of(args, kFrom, kTo, lake, subject));
  if (args.has(kFrom) && args.has(kTo)) return period;
  RW_ASSIGN(const TimeRange extent, lake.extent("flows"));
  if (extent.empty())
    return Failure(ErrorCode::kNotFound, "the lake holds no flows; say what to look at with --from and --to");
  if (!args.has(kFrom)) {
    RW_ASSIGN(const LocalClock clock, clock_around(lake, subject, extent.from));
    period.from = clock.begin_of(clock.at(extent.from).day);
  }
  if (!args.has(kTo)) {
    RW_ASSIGN(const LocalClock clock, clock_around(lake, subject, extent.to));
    period.to = clock.begin_of(clock.at(extent.to).day + 1);
  }
  if (period.empty())
    return Failure(ErrorCode::kUsage, "the lake holds flows from " + extent.from.to_string() + " to " +
                                          extent.to.to_string() + ", none in the period that was asked for");
  return period;
}

Result<DossierRequest> request_of(const Arguments& args, Store& lake, const Subject& subject) {
  DossierRequest request;
  RW_ASSIGN(request.language, parse_language(args.get(kLanguage)));
  if (args.has(kCompareFrom) != args.has(kCompareTo))
    return Failure(ErrorCode::kUsage, "a comparison needs both --compare-from and --compare-to");
  if (args.has(kCompareFrom)) {
    RW_ASSIGN(request.comparison, range_of(args, kCompareFrom, kCompareTo, lake, subject));
  }
  RW_ASSIGN(request.period, period_of(args, lake, subject));
  return request;
}

Result<int> run(const Arguments& args, Console& console) {
  if (!args.has(kSubject)) return Failure(ErrorCode::kUsage, "say whom the dossier is about with --subject FILE");
  RW_ASSIGN(const Renderer* renderer, report_form(args, console));
  RW_ASSIGN(const auto lake, open_lake(args));
  RW_ASSIGN(const Subject subject, checked_subject(std::string(args.get(kSubject)), *lake));
  RW_ASSIGN(Settings settings, lake_settings(args));
  const Organisation organisation = std::move(settings.organisation);
  RW_ASSIGN(DossierRequest request, request_of(args, *lake, subject));
  request.thresholds = std::move(settings.thresholds);
  RW_ASSIGN(const Dossier dossier, build_dossier(*lake, subject, organisation, request, [&](std::string_view title) {
              console.progress("dossier: " + std::string(title));
            }));
  RW_TRY(write_report(dossier, *renderer, args, console));
  return 0;
}

constexpr const Flag* kFlags[] = {&kSubject,
                                  &kFrom,
                                  &kTo,
                                  &kCompareFrom,
                                  &kCompareTo,
                                  &kLanguage,
                                  &flags::kReportForm,
                                  &flags::kReportOutput,
                                  &flags::kLake,
                                  &flags::kMemory,
                                  &flags::kThreads};
constexpr std::string_view kExamples[] = {
    "rangewatch report --subject case.toml --from 2019-01-01 --to 2019-11-01 --format html -o dossier.html",
    "rangewatch report --subject case.toml --from 2019-01-01 --to 2019-11-01 --compare-from 2017-04-01 --compare-to "
    "2018-01-01",
};

}  // namespace

extern constinit const Command kReportCommand{
    .name = "report",
    .summary = "write the dossier of a subject",
    .examples = kExamples,
    .doc =
        "The dossier answers, for one subject and period, what 'rangewatch sections' lists: with numbers, figures, the "
        "method, the limits, and the "
        "question to the lake behind each. Without --from and --to it covers all flows of the lake, to whole days.\n\n"
        "A date is a day of the subject's, in its time zone with the zone's history, so that the first and the last "
        "day of a period are whole: --from 2019-01-01 for Asia/Pyongyang is 2018-12-31T15:00:00Z. RFC 3339 is taken as "
        "it stands, UTC where it says no offset.\n\n"
        "html is one file that needs no network and no scripts to be read; json is the contract for other programs; md "
        "puts its figures "
        "beside the file.",
    .flags = kFlags,
    .run = run};

}  // namespace rw
