// rangewatch lake info|compact|drop: look after the lake.
#include "lake/lake.h"

#include "base/quantity.h"
#include "command.h"
#include "flags.h"
#include "listing.h"
#include "open_lake.h"

namespace rw {
namespace {

// ---- info

std::string plural(std::uint64_t n, std::string_view word) {
  return group_thousands(static_cast<std::int64_t>(n)) + " " + std::string(word) + (n == 1 ? "" : "s");
}

// The first and the last time in a range whose end is exclusive; null where it is empty.
Value first_time(const TimeRange& extent) { return extent.empty() ? Value(Null{}) : Value(extent.from); }
Value last_time(const TimeRange& extent) { return extent.empty() ? Value(Null{}) : Value(extent.to - Duration{1}); }

Result<int> run_info(const Arguments& args, Console& console) {
  RW_ASSIGN(const auto lake, open_lake(args));
  RW_ASSIGN(const LakeInfo info, lake->info());
  AnswerWriter writer = listing_writer(args, console);
  writer.begin({{"table", "", false},
                {"rows", "rows", true},
                {"files", "files", true},
                {"bytes", "bytes", true},
                {"first_time", "", false},
                {"last_time", "", false}});
  const auto count = [](std::uint64_t n) { return Value(static_cast<std::int64_t>(n)); };
  for (const TableInfo& table : info.tables)
    writer.add(std::vector<Value>{table.table, count(table.rows), count(table.files), count(table.bytes),
                                  first_time(table.extent), last_time(table.extent)});
  writer.finish();
  if (args.get(flags::kFormat) != "table") return 0;
  console.out("\nlake " + flags::lake_directory(args) + ": schema " + std::to_string(info.schema) + ", " +
              plural(info.inputs, "input") + " in " + plural(info.ingests, "ingest") +
              (info.unreferenced_bytes > 0
                   ? ", " + human_bytes(static_cast<double>(info.unreferenced_bytes)) + " to be unlinked"
                   : "") +
              "\n");
  if (info.synthetic) console.out("it holds synthetic data: indicators cannot be exported\n");
  return 0;
}

// ---- compact and drop

void tell(const CompactReport& report, const std::string& did, Console& console) {
  std::string line = did + ": " + plural(report.files_before, "file") + " became " +
                     group_thousands(static_cast<std::int64_t>(report.files_after));
  if (report.unlinked > 0) line += "; " + plural(report.unlinked, "old file") + " unlinked";
  console.out(line + "\n");
}

Result<int> run_compact(const Arguments& args, Console& console) {
  RW_ASSIGN(const auto lake, open_lake(args, {.write = true}));
  RW_ASSIGN(const CompactReport report, lake->compact());
  tell(report, "compacted " + plural(report.rows, "row"), console);
  return 0;
}

constexpr Flag kBefore{
    .name = "before",
    .value = "TIME",
    .doc = "drop rows from before this time; default retention_months (25) ago, at the start of that month"};

Timestamp months_ago(Timestamp now, int months) {
  const CivilDate today = civil_from_days(now.day());
  const int index = today.year * 12 + static_cast<int>(today.month) - 1 - months;
  return {days_from_civil({index / 12, static_cast<unsigned>(index % 12 + 1), 1}) * kDay.us};
}

Result<int> run_drop(const Arguments& args, Console& console) {
  RW_ASSIGN(const Settings settings, lake_settings(args));
  Timestamp before = months_ago(Timestamp::now(), static_cast<int>(settings.retention_months));
  if (args.has(kBefore)) {
    auto given = Timestamp::parse(args.get(kBefore));
    if (!given) return Failure(ErrorCode::kUsage, "invalid value for '--before': " + given.error().message);
    before = *given;
  }
  RW_ASSIGN(const auto lake, open_lake(args, {.write = true}));
  RW_ASSIGN(const CompactReport report, lake->drop(before));
  tell(report, "dropped " + plural(report.rows, "row") + " from before " + before.to_string(), console);
  return 0;
}

constexpr const Flag* kInfoFlags[] = {&flags::kLake, &flags::kFormat};
constexpr const Flag* kCompactFlags[] = {&flags::kLake};
constexpr const Flag* kDropFlags[] = {&flags::kLake, &kBefore};
constexpr std::string_view kInfoExamples[] = {"rangewatch lake info",
                                              "rangewatch lake info --lake /srv/lake --format json"};
constexpr std::string_view kCompactExamples[] = {"rangewatch lake compact"};
constexpr std::string_view kDropExamples[] = {"rangewatch lake drop", "rangewatch lake drop --before 2019-01-01"};

}  // namespace

extern constinit const Command kLakeInfoCommand{.name = "lake info",
                                                .summary = "show what the lake holds, table by table",
                                                .examples = kInfoExamples,
                                                .flags = kInfoFlags,
                                                .run = run_info};
extern constinit const Command kLakeCompactCommand{
    .name = "lake compact",
    .summary = "merge small files, and unlink what nobody reads any more",
    .examples = kCompactExamples,
    .doc = "Readers and ingests may go on meanwhile. Files that were replaced are unlinked after an hour.",
    .flags = kCompactFlags,
    .run = run_compact};
extern constinit const Command kLakeDropCommand{
    .name = "lake drop",
    .summary = "drop rows that are older than the retention time",
    .examples = kDropExamples,
    .doc = "When an address was first and last seen is kept for good, so that 'never seen before' stays true.",
    .flags = kDropFlags,
    .run = run_drop};

}  // namespace rw
