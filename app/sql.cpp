// rangewatch sql: one read-only SELECT over the lake, for what nobody foresaw.
#include "command.h"
#include "flags.h"
#include "lake/lake.h"
#include "listing.h"
#include "open_lake.h"

namespace rw {
namespace {

Result<int> run(const Arguments& args, Console& console) {
  RW_ASSIGN(const auto lake, open_lake(args));
  AnswerWriter writer = listing_writer(args, console);
  bool begun = false;
  const auto piece = [&](const Answer& answer) {
    if (!begun) writer.begin(answer.columns);
    begun = true;
    return writer.add(answer);
  };
  RW_TRY(lake->sql(args.positionals().front(), piece));
  if (!begun) writer.begin({});
  writer.finish();
  return 0;
}

constexpr const Flag* kFlags[] = {&flags::kFormat, &flags::kLake, &flags::kMemory, &flags::kThreads};
constexpr Positional kPositionals[] = {
    {.name = "QUERY", .doc = "exactly one SELECT, in DuckDB's SQL", .required = true}};
constexpr std::string_view kExamples[] = {
    "rangewatch sql 'select source, format, code, count(*) from weird group by all'",
    "rangewatch sql 'select sensor, sum(bytes * sampling) from flows group by all'",
    "rangewatch sql 'describe flows'",
};

}  // namespace

extern constinit const Command kSqlCommand{
    .name = "sql",
    .summary = "read-only SQL over the lake",
    .examples = kExamples,
    .doc =
        "Tables: flows, dns, dns_answers, tls, http, alerts, interfaces, mining, files, scans, indicators, mail_rows, "
        "messages, mail_audits, weird, "
        "seen; 'describe flows' lists columns. An "
        "address (src, dst, client, ...) is text; its halves src_hi and src_lo "
        "are numbers, and faster to group by. Nothing "
        "can be changed, and no other file can be read.",
    .positionals = kPositionals,
    .flags = kFlags,
    .run = run};

}  // namespace rw
