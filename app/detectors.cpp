// rangewatch detectors: the detectors that are built in, and their thresholds.
#include "command.h"
#include "detect/detector.h"
#include "flags.h"
#include "listing.h"
#include "open_lake.h"

namespace rw {
namespace {

extern constinit const Flag kThresholds{.name = "thresholds",
                                        .doc = "list the thresholds instead: value, default, unit and bounds of each"};

std::string evidence_text(const Detector& detector) {
  std::string out;
  for (const EvidenceKind kind : detector.evidence) (out += out.empty() ? "" : ", ") += to_string(kind);
  return out;
}

// Whole numbers as such, so that no output says 3.0 packets.
Value number(double value) {
  const auto whole = static_cast<std::int64_t>(value);
  return static_cast<double>(whole) == value ? Value(whole) : Value(value);
}

// "min_bytes 1000 bytes; quiet_gap 3600 s"
std::string thresholds_text(const Detector& detector, const ThresholdValues& values) {
  std::string out;
  for (const Threshold* threshold : detector.thresholds) {
    ((out += out.empty() ? "" : "; ") += threshold->name) += ' ';
    append_csv(out, number(values[*threshold]));
    (out += ' ') += threshold->unit;
  }
  return out;
}

// One row for each threshold: all that [detectors] of rangewatch.toml may set, and what holds.
void list_thresholds(const ThresholdValues& values, AnswerWriter& writer) {
  writer.begin({{"detector", "", false},
                {"threshold", "", false},
                {"value", "", false},
                {"default", "", false},
                {"unit", "", false},
                {"least", "", false},
                {"most", "", false},
                {"doc", "", false}});
  for (const Detector* detector : detectors())
    for (const Threshold* t : detector->thresholds)
      writer.add({Value(std::string(detector->id)), Value(std::string(t->name)), number(values[*t]), number(t->value),
                  Value(std::string(t->unit)), number(t->least), number(t->most), Value(std::string(t->doc))});
  writer.finish();
}

Result<int> run(const Arguments& args, Console& console) {
  RW_ASSIGN(const Settings settings, lake_settings(args));
  AnswerWriter writer = listing_writer(args, console);
  if (args.has(kThresholds)) {
    list_thresholds(settings.thresholds, writer);
    return 0;
  }
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
                           text(detector->technique), text(thresholds_text(*detector, settings.thresholds))};
    if (!table) row.insert(row.end(), {text(detector->may_be_wrong_because), text(detector->doc)});
    writer.add(row);
  }
  writer.finish();
  return 0;
}

constexpr const Flag* kFlags[] = {&kThresholds, &flags::kFormat, &flags::kLake};
constexpr std::string_view kExamples[] = {"rangewatch detectors", "rangewatch detectors --thresholds",
                                          "rangewatch detectors --format json"};

}  // namespace

extern constinit const Command kDetectorsCommand{
    .name = "detectors",
    .summary = "list the detectors that detect runs, with their thresholds",
    .examples = kExamples,
    .doc =
        "Thresholds are those that hold in the lake. A user sets them in the lake's rangewatch.toml; the next 'detect' "
        "uses them, and 'config check' says what is wrong with them:\n\n"
        "  [detectors.coin-port]\n"
        "  min_flows = 5\n"
        "  quiet_gap = \"3d\"",
    .flags = kFlags,
    .run = run};

}  // namespace rw
