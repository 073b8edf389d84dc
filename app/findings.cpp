// rangewatch findings: list, show and review what detectors found.
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "command.h"
#include "detect/detector.h"
#include "finding_listing.h"
#include "flags.h"
#include "lake/findings.h"
#include "listing.h"
#include "report/json_text.h"

namespace rw {
namespace {

constexpr std::array<std::string_view, 3> kStatuses{"new", "confirmed", "dismissed"};
constexpr std::uint64_t kTableRows = 100;  // as other listings

extern constinit const Flag kDetector{
    .name = "detector", .value = "ID,...", .doc = "only findings of these detectors", .repeatable = true};
extern constinit const Flag kStatus{
    .name = "status", .value = "STATUS", .doc = "only findings with this status", .choices = kStatuses};
extern constinit const Flag kConfirm{.name = "confirm", .doc = "the finding is right"};
extern constinit const Flag kDismiss{.name = "dismiss", .doc = "the finding is wrong, or does not matter"};
extern constinit const Flag kReopen{.name = "reopen", .doc = "the finding is new again"};
extern constinit const Flag kNote{
    .name = "note", .value = "TEXT", .doc = "why; kept with the finding and in the audit trail"};

Result<int> list(const Arguments& args, Console& console) {
  FindingFilter filter;
  RW_ASSIGN(filter.range, flags::time_range(args));
  filter.detectors = args.list(kDetector);
  for (const std::string& id : filter.detectors)
    if (find_detector(id) == nullptr)
      return Failure(ErrorCode::kUsage, "no detector '" + id + "'; list them with: rangewatch detectors");
  if (args.has(kStatus)) {
    RW_ASSIGN(filter.status, parse_finding_status(args.get(kStatus)));
  }
  RW_ASSIGN(filter.limit, args.number(flags::kLimit));
  if (filter.limit == 0 && args.get(flags::kFormat) == "table") filter.limit = kTableRows;
  RW_ASSIGN(const auto store, FindingStore::open(flags::lake_directory(args), false));
  RW_ASSIGN(const FindingPage page, store->list(filter));
  print_findings(page.items, page.total, args, console);
  return 0;
}

Result<int> show(const Arguments& args, Console& console) {
  RW_ASSIGN(const auto store, FindingStore::open(flags::lake_directory(args), false));
  std::vector<Finding> findings;
  for (const std::string& id : args.positionals()) {
    RW_ASSIGN(Finding finding, store->find(id));
    findings.push_back(std::move(finding));
  }
  if (args.get(flags::kFormat) != "table") {
    print_findings(findings, findings.size(), args, console);
    return 0;
  }
  for (std::size_t i = 0; i < findings.size(); ++i) {
    if (i > 0) console.out("\n");
    console.out(finding_for_people(findings[i]));
    RW_ASSIGN(const auto reviews, store->reviews(findings[i].id));
    if (!reviews.empty()) console.out("\nReviews\n");
    for (const auto& review : reviews)
      console.out("  " + review.time.to_string() + "  " + std::string(to_string(review.status)) + "  " + review.who +
                  (review.note.empty() ? "" : "  " + review.note) + "\n");
  }
  return 0;
}

std::string who() {
  for (const char* name : {"SUDO_USER", "USER", "LOGNAME"})
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
  return "uid " + std::to_string(getuid());
}

Result<int> review(const Arguments& args, Console& console) {
  const int decisions = (args.has(kConfirm) ? 1 : 0) + (args.has(kDismiss) ? 1 : 0) + (args.has(kReopen) ? 1 : 0);
  if (decisions != 1) return Failure(ErrorCode::kUsage, "say one of --confirm, --dismiss and --reopen");
  const FindingStatus status = args.has(kConfirm)   ? FindingStatus::kConfirmed
                               : args.has(kDismiss) ? FindingStatus::kDismissed
                                                    : FindingStatus::kNew;
  RW_ASSIGN(const auto store, FindingStore::open(flags::lake_directory(args), true));
  std::vector<Finding> reviewed;
  for (const std::string& id : args.positionals()) {  // all are looked up before any is changed
    RW_ASSIGN(const Finding finding, store->find(id));
    reviewed.push_back(finding);
  }
  for (Finding& finding : reviewed) {
    RW_ASSIGN(finding, store->review(finding.id, status, args.get(kNote), who(), Timestamp::now()));
  }
  print_findings(reviewed, reviewed.size(), args, console);
  return 0;
}

constexpr const Flag* kListFlags[] = {&kDetector,     &kStatus,        &flags::kFrom, &flags::kTo,
                                      &flags::kLimit, &flags::kFormat, &flags::kLake};
constexpr const Flag* kShowFlags[] = {&flags::kFormat, &flags::kLake};
constexpr const Flag* kReviewFlags[] = {&kConfirm, &kDismiss, &kReopen, &kNote, &flags::kFormat, &flags::kLake};
constexpr std::string_view kListExamples[] = {
    "rangewatch findings", "rangewatch findings list --status new --detector coin-port --format json"};
constexpr std::string_view kShowExamples[] = {"rangewatch findings show 5f0c2a91"};
constexpr std::string_view kReviewExamples[] = {
    "rangewatch findings review 5f0c2a91 --dismiss --note 'our own test node'"};
constexpr Positional kIds[] = {
    {.name = "ID", .doc = "a finding's id, or the beginning of it", .required = true, .repeatable = true}};

}  // namespace

extern constinit const Command kFindingsListCommand{
    .name = "findings list",
    .summary = "list what detectors found, latest activity first",
    .examples = kListExamples,
    .doc = "--from and --to keep findings that were active in that time.",
    .flags = kListFlags,
    .group_default = true,
    .run = list};
extern constinit const Command kFindingsShowCommand{.name = "findings show",
                                                    .summary = "show findings in full",
                                                    .examples = kShowExamples,
                                                    .positionals = kIds,
                                                    .flags = kShowFlags,
                                                    .run = show};
extern constinit const Command kFindingsReviewCommand{
    .name = "findings review",
    .summary = "confirm or dismiss findings",
    .examples = kReviewExamples,
    .doc = "The decision stays with a finding when it is extended later, and is kept in the audit trail.",
    .positionals = kIds,
    .flags = kReviewFlags,
    .run = review};

}  // namespace rw
