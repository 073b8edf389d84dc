// rangewatch detectors: the detectors that are built in, with their thresholds.
#include "command.h"
#include "detect/detector.h"
#include "flags.h"
#include "listing.h"

namespace rw {
namespace {

std::string evidence_text(const Detector& detector) {
  std::string out;
  for (const EvidenceKind kind : detector.evidence) (out += out.empty() ? "" : ", ") += to_string(kind);
  return out;
}

// "min_bytes 1000 bytes; gap 3600 s"
std::string thresholds_text(const Detector& detector) {
  std::string out, number;
  for (const Threshold& threshold : detector.thresholds) {
    number.clear();
    append_csv(number, Value(threshold.value));
    ((out += out.empty() ? "" : "; ") += threshold.name) += ' ' + number;
    if (!threshold.unit.empty()) (out += ' ') += threshold.unit;
  }
  return out;
}

Result<int> run(const Arguments& args, Console& console) {
  AnswerWriter writer = listing_writer(args, console);
  const bool table = args.get(flags::kFormat) == "table";
  std::vector<AnswerColumn> columns{{"id", "", false},
                                    {"title", "", false},
                                    {"evidence", "", false},
                                    {"technique", "", false},
                                    {"thresholds", "", false}};
  // Paragraphs are too long for a table.
  if (!table) columns.insert(columns.end(), {{"may_be_wrong_because", "", false}, {"doc", "", false}});
  writer.begin(std::move(columns));
  const auto text = [](std::string_view s) { return s.empty() ? Value(Null{}) : Value(std::string(s)); };
  for (const Detector* detector : detectors()) {
    std::vector<Value> row{text(detector->id), text(detector->title), text(evidence_text(*detector)),
                           text(detector->technique), text(thresholds_text(*detector))};
    if (!table) row.insert(row.end(), {text(detector->may_be_wrong_because), text(detector->doc)});
    writer.add(row);
  }
  writer.finish();
  return 0;
}

constexpr const Flag* kFlags[] = {&flags::kFormat};
constexpr std::string_view kExamples[] = {"rangewatch detectors", "rangewatch detectors --format json"};

}  // namespace

extern constinit const Command kDetectorsCommand{
    .name = "detectors",
    .summary = "list the detectors that detect runs, with their thresholds",
    .examples = kExamples,
    .flags = kFlags,
    .run = run};

}  // namespace rw
