// rangewatch detect: runs detectors over the lake, prints what is new, and stores it.
#include "detect/detector.h"

#include <algorithm>
#include <filesystem>

#include "base/nearest.h"
#include "base/quantity.h"
#include "command.h"
#include "detect_run.h"
#include "finding_listing.h"
#include "flags.h"
#include "lake/findings.h"
#include "open_lake.h"
#include "subjects.h"

namespace rw {

Result<std::vector<Finding>> found_whole(Store& store, FindingStore& state, const Detector& detector,
                                         DetectContext context, std::vector<std::string>& left_out) {
  constexpr int kMostRounds = 8;  // each adds a whole stored finding; more would be a chain of them
  for (int round = 1;; ++round) {
    RW_ASSIGN(std::vector<Finding> findings, run_detector(store, detector, context, &left_out));
    RW_ASSIGN(const TimeRange wider,
              state.range_to_cover(findings, context.thresholds.duration(detector.quiet_gap), context.range));
    if (wider == context.range || round == kMostRounds) return findings;
    context.range = wider;
    RW_ASSIGN(context.reference, Reference::load(store, wider));
  }
}

namespace {

extern constinit const Flag kOnly{.name = "only",
                                  .value = "ID,...",
                                  .doc = "run only these detectors (see 'rangewatch detectors')",
                                  .repeatable = true};

Result<std::vector<const Detector*>> chosen(const Arguments& args) {
  std::vector<const Detector*> result;
  for (const std::string& id : args.list(kOnly)) {
    const Detector* detector = find_detector(id);
    if (detector == nullptr) {
      std::vector<std::string_view> ids;
      for (const Detector* known : detectors()) ids.push_back(known->id);
      const std::string_view near = nearest(id, ids);
      return Failure(ErrorCode::kUsage, "no detector '" + id + "'" +
                                            (near.empty() ? "; list them with: rangewatch detectors"
                                                          : "; a similar one exists: '" + std::string(near) + "'"));
    }
    result.push_back(detector);
  }
  if (result.empty()) result.assign(detectors().begin(), detectors().end());
  return result;
}

Result<int> run(const Arguments& args, Console& console) {
  RW_ASSIGN(const TimeRange range, flags::time_range(args));
  RW_ASSIGN(const auto wanted, chosen(args));
  RW_ASSIGN(const auto lake, open_lake(args));
  RW_ASSIGN(DetectContext context, detect_context(args, *lake, range));
  RW_ASSIGN(const auto state, FindingStore::open(lake->directory(), true));
  if (context.subjects.empty())
    console.note(
        "no subject: nothing is watched, so watched-contact finds nothing and the port detectors look at every "
        "address; "
        "give --subject FILE or put files into " +
        flags::lake_directory(args) + "/subjects");

  std::vector<Finding> created;
  std::uint64_t extended = 0, known = 0;
  for (const Detector* detector : wanted) {
    console.progress("detecting: " + std::string(detector->id));
    std::vector<std::string> left_out;
    RW_ASSIGN(const auto findings, found_whole(*lake, *state, *detector, context, left_out));
    for (const std::string& sentence : left_out) console.note(std::string(detector->id) + ": " + sentence);
    RW_ASSIGN(auto recorded,
              state->record(findings, context.thresholds.duration(detector->quiet_gap), Timestamp::now()));
    created.insert(created.end(), std::make_move_iterator(recorded.created.begin()),
                   std::make_move_iterator(recorded.created.end()));
    extended += recorded.extended.size();
    known += recorded.known;
  }
  console.progress("");
  std::stable_sort(created.begin(), created.end(), [](const Finding& a, const Finding& b) {
    return a.severity != b.severity ? a.severity > b.severity : a.first_seen < b.first_seen;
  });
  print_findings(created, created.size(), args, console);
  console.note(group_thousands(static_cast<std::int64_t>(created.size())) + " new, " +
               group_thousands(static_cast<std::int64_t>(extended)) + " extended, " +
               group_thousands(static_cast<std::int64_t>(known)) + " known findings");
  return 0;
}

constexpr const Flag* kFlags[] = {&flags::kSubject, &kOnly,        &flags::kFrom,   &flags::kTo,
                                  &flags::kFormat,  &flags::kLake, &flags::kMemory, &flags::kThreads};
constexpr std::string_view kExamples[] = {
    "rangewatch detect --subject subjects/case-2019.toml",
    "rangewatch detect --only coin-port,irc-port --from 2019-05-01 --to 2019-06-01 --format json",
};

}  // namespace

extern constinit const Command kDetectCommand{
    .name = "detect",
    .summary = "run detectors over the lake, print new findings and store them",
    .examples = kExamples,
    .doc =
        "Subjects come from --subject, else from subjects/*.toml in the lake's folder; the organisation that is "
        "defended from "
        "rangewatch.toml there. Running it again finds nothing new: a finding is known by its detector and entities, "
        "and windows closer "
        "than the detector's quiet gap extend it. Review findings with 'rangewatch findings'.",
    .flags = kFlags,
    .run = run};

}  // namespace rw
