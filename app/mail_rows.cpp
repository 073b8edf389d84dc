// rangewatch mail rows|messages: look at what mail reports say and at messages that were checked, or aggregate them.
#include "flags.h"
#include "listing.h"
#include "model/records.h"

namespace rw {
namespace {

using enum Measure::Kind;

ExprPtr is(std::string_view column, std::string_view value) {
  return expr::eq(expr::column(column), expr::text(value));
}
ExprPtr messages_where(ExprPtr where) {
  return expr::classify({{std::move(where), expr::column("messages")}}, expr::number(0));
}
ExprPtr aligned(bool) { return messages_where(expr::any_of({is("dkim_aligned", "pass"), is("spf_aligned", "pass")})); }
ExprPtr failed(bool) { return messages_where(expr::all_of({is("dkim_aligned", "fail"), is("spf_aligned", "fail")})); }
ExprPtr rejected(bool) { return messages_where(is("disposition", "reject")); }
ExprPtr quarantined(bool) { return messages_where(is("disposition", "quarantine")); }

// ---- rows of reports

constexpr MeasureColumn kMeasures[] = {
    {"messages", "messages", "that the rows stand for; TLS: sessions", kSum, "messages"},
    {"rows", "rows", "of reports", kCount},
    {"aligned", "messages", "those that passed DMARC", kSum, {}, aligned},
    {"failed", "messages", "those that failed DMARC", kSum, {}, failed},
    {"quarantined", "messages", "those that the receiver quarantined", kSum, {}, quarantined},
    {"rejected", "messages", "those that the receiver rejected", kSum, {}, rejected},
    {"sources", "addresses", "different sources, approximate in large groups", kDistinct, "source"},
    {"reporters", "reporters", "different reporters, approximate in large groups", kDistinct, "reporter"},
    {"first_seen", "time", "begin of the earliest period", kMin, "time"},
    {"last_seen", "time", "end of the latest period", kMax, "end_time"},
};
constexpr std::string_view kRowColumns[] = {"time",        "reporter",    "domain",       "source",
                                            "messages",    "disposition", "dkim_aligned", "spf_aligned",
                                            "header_from", "dkim_domain", "spf_domain"};
constexpr std::string_view kMeasureColumns[] = {"messages", "aligned", "failed", "first_seen", "last_seen"};
constexpr std::string_view kOrder[] = {"time", "reporter", "domain", "source", "messages", "header_from", "result"};

constexpr Listing kListing{.table = &kMailRowTable,
                           .filter = mail_row_filter,
                           .what = "rows of mail reports",
                           .extra_columns = {},
                           .extra_keys = {},
                           .measures = kMeasures,
                           .row_columns = kRowColumns,
                           .measure_columns = kMeasureColumns,
                           .order = kOrder,
                           .top_column = "messages",
                           .top_measure = "messages"};

// ---- messages

constexpr MeasureColumn kMessageMeasures[] = {
    {"messages", "messages", "that were checked", kCount},
    {"sources", "addresses", "different clients, approximate in large groups", kDistinct, "source"},
    {"authors", "addresses", "different authors, approximate in large groups", kDistinct, "from_address"},
    {"attachments", "attachments", "all together", kSum, "attachments"},
    {"macros", "documents", "with macros", kSum, "macros"},
    {"misleading_links", "links", "whose text names another domain than their target", kSum, "misleading_links"},
    {"first_seen", "time", "earliest", kMin, "time"},
    {"last_seen", "time", "latest", kMax, "time"},
};
constexpr std::string_view kMessageRowColumns[] = {"time",         "from_address", "source", "verdict",
                                                   "dmarc_policy", "impersonates", "signs",  "subject"};
constexpr std::string_view kMessageMeasureColumns[] = {"messages", "first_seen", "last_seen"};
constexpr std::string_view kMessageOrder[] = {"time", "message_id", "from_address", "source"};

constexpr Listing kMessageListing{.table = &kMessageTable,
                                  .filter = message_filter,
                                  .what = "messages",
                                  .extra_columns = {},
                                  .extra_keys = {},
                                  .measures = kMessageMeasures,
                                  .row_columns = kMessageRowColumns,
                                  .measure_columns = kMessageMeasureColumns,
                                  .order = kMessageOrder,
                                  .top_column = "time",
                                  .top_measure = "messages"};

Result<int> run_rows(const Arguments& args, Console& console) { return run_listing(kListing, args, console); }
Result<int> run_messages(const Arguments& args, Console& console) {
  return run_listing(kMessageListing, args, console);
}

constexpr const Flag* kFlags[] = {RW_LISTING_FLAGS};
constexpr std::string_view kRowExamples[] = {
    "rangewatch mail rows 'domain example.org and unaligned' --by source --top 20",
    "rangewatch mail rows 'kind tls and not result success' --by receiver,result",
    "rangewatch mail rows 'source net 175.45.176.0/22'",
};
constexpr std::string_view kMessageExamples[] = {
    "rangewatch mail messages 'verdict fail-delivered' --by from_domain --top 20",
    "rangewatch mail messages \"sign '*macros*'\"",
};
constexpr Positional kPositionals[] = {
    {.name = "FILTER", .doc = "which rows (see --help-filter); all without", .repeatable = true}};

}  // namespace

extern constinit const Command kMailRowsCommand{
    .name = "mail rows",
    .summary = "look at the rows of mail reports, or aggregate them",
    .examples = kRowExamples,
    .doc = "One row is one record of a DMARC aggregate report, one failure report, or one result of a TLS report.",
    .positionals = kPositionals,
    .flags = kFlags,
    .run = run_rows};

extern constinit const Command kMailMessagesCommand{
    .name = "mail messages",
    .summary = "look at messages that were checked, or aggregate them",
    .examples = kMessageExamples,
    .doc = "Messages come from 'mail check' and 'mail milter'. Recipients are kept as hashes.",
    .positionals = kPositionals,
    .flags = kFlags,
    .run = run_messages};

}  // namespace rw
