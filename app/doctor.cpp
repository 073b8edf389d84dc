// rangewatch doctor: why is it empty, what is wrong, and what to do next.
#include <algorithm>

#include "base/quantity.h"
#include "command.h"
#include "detect/detector.h"
#include "flags.h"
#include "lake/lake.h"
#include "listing.h"
#include "open_lake.h"

namespace rw {
namespace {

constexpr std::uint64_t kManyFiles = 64;        // of one table: beyond it queries get slower and compaction pays
constexpr std::uint64_t kSmallFile = 16 << 20;  // on average
constexpr Duration kQuiet = kDay;               // a sensor that is this far behind the newest record went quiet

class Report {
 public:
  explicit Report(AnswerWriter& writer) : writer_(writer) {
    writer_.begin({{"check", "", false},
                   {"subject", "", false},
                   {"status", "", false},
                   {"detail", "", false},
                   {"next", "", false}});
  }
  void ok(std::string_view check, std::string_view subject, std::string_view detail) {
    add(check, subject, "ok", detail, {});
  }
  void note(std::string_view check, std::string_view subject, std::string_view detail, std::string_view next) {
    add(check, subject, "note", detail, next);
  }
  void problem(std::string_view check, std::string_view subject, std::string_view detail, std::string_view next) {
    problems_ = true;
    add(check, subject, "problem", detail, next);
  }
  bool problems() const { return problems_; }

 private:
  void add(std::string_view check, std::string_view subject, std::string_view status, std::string_view detail,
           std::string_view next) {
    const auto text = [](std::string_view s) { return s.empty() ? Value(Null{}) : Value(std::string(s)); };
    writer_.add(std::vector<Value>{text(check), text(subject), text(status), text(detail), text(next)});
  }

  AnswerWriter& writer_;
  bool problems_ = false;
};

std::string counted(std::uint64_t n) { return group_thousands(static_cast<std::int64_t>(n)); }
std::string plural(std::uint64_t n, std::string_view word) {
  return counted(n) + " " + std::string(word) + (n == 1 ? "" : "s");
}
std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

void check_settings(const Arguments& args, Report& report) {
  const std::string path = flags::lake_directory(args) + "/" + std::string(Settings::kFileName);
  if (const auto settings = read_settings(path, threshold_groups()); !settings)
    report.problem("settings", path, one_line(settings.error().message.substr(0, settings.error().message.find('\n'))),
                   "rangewatch config check " + path);
  else
    report.ok("settings", path, settings->organisation.empty() ? "no organisation is set" : "an organisation is set");
}

// Reads a little of every file, so that a missing or damaged one shows.
void check_table(Lake& lake, const TableInfo& table, Report& report) {
  std::string detail = plural(table.rows, "row") + " in " + plural(table.files, "file");
  const bool when = table.table != "weird";  // whose time is that of the ingest
  if (when && !table.extent.empty())
    detail += ", " + table.extent.from.to_string() + " to " + (table.extent.to - Duration{1}).to_string();
  Query count;
  count.table = table.table;
  count.measures = {{"rows", Measure::Kind::kCount, expr::column("ingest")}};
  const auto counted_rows = lake.run(count);
  if (!counted_rows) {
    report.problem("table", table.table, one_line(counted_rows.error().message),
                   "restore the file from a copy, or ingest its inputs with --again");
    return;
  }
  if (table.files > kManyFiles && table.bytes / table.files < kSmallFile)
    report.note("table", table.table, detail, "rangewatch lake compact");
  else
    report.ok("table", table.table, detail);
}

struct SensorState {
  std::string name;
  std::int64_t records = 0;
  Timestamp last;
};

// Per sensor what it told last, in either table.
std::vector<SensorState> sensors(Lake& lake) {
  std::vector<SensorState> out;
  const auto ask = [&](std::string_view table, std::string_view time) {
    Query q;
    q.table = table;
    q.group_by = {{"sensor", expr::column("sensor")}};
    q.measures = {{"records", Measure::Kind::kCount, nullptr}, {"last", Measure::Kind::kMax, expr::column(time)}};
    const auto answer = lake.run(q);
    if (!answer) return;  // told by check_table
    for (const auto& row : answer->rows) {
      const std::string name = as_string(row[0]);
      auto it = std::find_if(out.begin(), out.end(), [&](const SensorState& s) { return s.name == name; });
      if (it == out.end()) it = out.insert(out.end(), SensorState{name, 0, kAllTime.from});
      it->records += as_int(row[1]);
      it->last = std::max(it->last, Timestamp{as_int(row[2])});
    }
  };
  ask("flows", "end_time");
  ask("dns", "time");
  std::sort(out.begin(), out.end(), [](const SensorState& a, const SensorState& b) { return a.name < b.name; });
  return out;
}

void check_sensors(Lake& lake, Report& report) {
  const std::vector<SensorState> all = sensors(lake);
  Timestamp newest = kAllTime.from;
  for (const SensorState& sensor : all) newest = std::max(newest, sensor.last);
  for (const SensorState& sensor : all) {
    const std::string detail =
        counted(static_cast<std::uint64_t>(sensor.records)) + " records, last " + sensor.last.to_string();
    const Duration behind = newest - sensor.last;
    if (behind > kQuiet)
      report.note("sensor", sensor.name, detail + ", " + human_duration(behind.to_seconds()) + " before the newest",
                  "is it still exporting, and are its files still brought here?");
    else
      report.ok("sensor", sensor.name, detail);
  }
}

void check_weird(Lake& lake, Report& report) {
  Query q;
  q.table = "weird";
  q.group_by = {{"format", expr::column("format")}, {"code", expr::column("code")}};
  q.measures = {{"records", Measure::Kind::kSum, expr::column("occurrences")},
                {"inputs", Measure::Kind::kDistinct, expr::column("source")},
                {"example", Measure::Kind::kMin, expr::column("source")}};
  q.order_by = {{"records", true}};
  const auto answer = lake.run(q);
  if (!answer) return;  // told by check_table
  for (const auto& row : answer->rows) {
    const std::string code = as_string(row[1]);
    report.note("weird", as_string(row[0]).empty() ? code : as_string(row[0]) + " " + code,
                counted(static_cast<std::uint64_t>(as_int(row[2]))) + " in " +
                    plural(static_cast<std::uint64_t>(as_int(row[3])), "input") + ", such as " + as_string(row[4]),
                "rangewatch sql \"select * from weird where code = '" + code + "'\"");
  }
}

void check_lake(const LakeInfo& info, const std::string& directory, Report& report) {
  report.ok("lake", directory,
            "schema " + std::to_string(info.schema) + ", " + plural(info.inputs, "input") + " in " +
                plural(info.ingests, "ingest"));
  std::uint64_t rows = 0;
  for (const TableInfo& table : info.tables)
    if (table.table != "weird") rows += table.rows;
  if (rows == 0)
    report.note("lake", directory, info.inputs == 0 ? "nothing was ingested yet" : "the inputs brought no records",
                info.inputs == 0 ? "rangewatch ingest PATH" : "see the weird records below, and 'rangewatch formats'");
  if (info.synthetic) report.note("lake", directory, "holds synthetic data", "indicators cannot be exported from it");
  if (info.unreferenced_bytes > 0)
    report.note("lake", directory, human_bytes(static_cast<double>(info.unreferenced_bytes)) + " wait to be unlinked",
                "rangewatch lake compact");
}

Result<int> run(const Arguments& args, Console& console) {
  AnswerWriter writer = listing_writer(args, console);
  Report report(writer);
  check_settings(args, report);
  if (report.problems()) {  // nothing else can be trusted
    writer.finish();
    return 1;
  }
  const auto lake = open_lake(args);
  if (!lake) {
    report.problem("lake", flags::lake_directory(args), one_line(lake.error().message),
                   lake.error().code == ErrorCode::kNotFound ? "rangewatch ingest PATH" : "");
    writer.finish();
    return 1;
  }
  RW_ASSIGN(const LakeInfo info, (*lake)->info());
  check_lake(info, flags::lake_directory(args), report);
  for (const TableInfo& table : info.tables)
    if (table.files > 0) check_table(**lake, table, report);
  check_sensors(**lake, report);
  check_weird(**lake, report);
  writer.finish();
  return report.problems() ? 1 : 0;
}

constexpr const Flag* kFlags[] = {&flags::kLake, &flags::kFormat, &flags::kMemory, &flags::kThreads};
constexpr std::string_view kExamples[] = {"rangewatch doctor", "rangewatch doctor --lake /srv/lake --format json"};

}  // namespace

extern constinit const Command kDoctorCommand{.name = "doctor",
                                              .summary = "why is it empty, what is wrong, and what to do next",
                                              .examples = kExamples,
                                              .doc =
                                                  "Looks at the settings, the lake's files, each sensor's last record, "
                                                  "and what could not be read, by reason. Exit "
                                                  "status 1 when something is wrong.",
                                              .flags = kFlags,
                                              .run = run};

}  // namespace rw
