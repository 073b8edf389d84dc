// rangewatch dns: look at DNS transactions or their answers, or aggregate them.
#include "flags.h"
#include "listing.h"
#include "model/records.h"

namespace rw {
namespace {

constexpr Flag kAnswers{.name = "answers",
                        .doc = "look at the records in the answers, one row each, in place of the transactions"};

ExprPtr client() { return expr::column("client"); }
ExprPtr server() { return expr::column("server"); }
ExprPtr delay() {
  return expr::binary(Expr::Kind::kDiv,
                      expr::binary(Expr::Kind::kSub, expr::column("response_time"), expr::column("time")),
                      expr::number(1'000'000));
}

constexpr ExtraColumn kExtraColumns[] = {
    {"delay", "s", "from the query to the response; null where either was not seen", delay}};
constexpr ExtraKey kExtraKeys[] = {{"host", "an address at either end: who asked or who was asked", client, server}};

using enum Measure::Kind;

constexpr MeasureColumn kMeasures[] = {
    {"transactions", "transactions", "queries with their responses, or either alone", kCount},
    {"answered", "transactions", "those whose response was seen", kCount, "response_time"},
    {"query_bytes", "bytes", "DNS message bytes asked", kSum, "query_bytes"},
    {"response_bytes", "bytes", "DNS message bytes answered", kSum, "response_bytes"},
    {"names", "names", "different names, approximate in large groups", kDistinct, "name"},
    {"clients", "addresses", "different clients, approximate in large groups", kDistinct, "client"},
    {"servers", "addresses", "different servers, approximate in large groups", kDistinct, "server"},
    {"first_seen", "time", "earliest", kMin, "time"},
    {"last_seen", "time", "latest", kMax, "time"},
};
constexpr std::string_view kRowColumns[] = {"time",  "client",      "server",         "transport", "name",  "type",
                                            "rcode", "query_bytes", "response_bytes", "answers",   "delay", "sensor"};
constexpr std::string_view kMeasureColumns[] = {"transactions", "query_bytes", "response_bytes"};
constexpr std::string_view kOrder[] = {"time", "client", "client_port", "server", "id", "name", "type"};

constexpr Listing kListing{.table = &kDnsTable,
                           .filter = dns_filter,
                           .what = "DNS transactions",
                           .extra_columns = kExtraColumns,
                           .extra_keys = kExtraKeys,
                           .measures = kMeasures,
                           .row_columns = kRowColumns,
                           .measure_columns = kMeasureColumns,
                           .order = kOrder,
                           .top_column = "response_bytes",
                           .top_measure = "transactions"};

// ---- answers

constexpr MeasureColumn kAnswerMeasures[] = {
    {"answers", "answers", "records", kCount},
    {"names", "names", "different owner names, approximate in large groups", kDistinct, "name"},
    {"addresses", "addresses", "different addresses, approximate in large groups", kDistinct, "address"},
    {"clients", "addresses", "different clients, approximate in large groups", kDistinct, "client"},
    {"first_seen", "time", "earliest", kMin, "time"},
    {"last_seen", "time", "latest", kMax, "time"},
};
constexpr std::string_view kAnswerRowColumns[] = {"time", "client",  "server", "question", "name",
                                                  "type", "address", "target", "ttl",      "sensor"};
constexpr std::string_view kAnswerMeasureColumns[] = {"answers", "first_seen", "last_seen"};
constexpr std::string_view kAnswerOrder[] = {"time", "client", "server",  "question",
                                             "name", "type",   "address", "target"};

constexpr Listing kAnswerListing{.table = &kDnsAnswerTable,
                                 .filter = dns_answer_filter,
                                 .what = "DNS answers",
                                 .extra_columns = {},
                                 .extra_keys = {},
                                 .measures = kAnswerMeasures,
                                 .row_columns = kAnswerRowColumns,
                                 .measure_columns = kAnswerMeasureColumns,
                                 .order = kAnswerOrder,
                                 .top_column = "time",
                                 .top_measure = "answers"};

Result<int> run(const Arguments& args, Console& console) {
  return run_listing(args.has(kAnswers) ? kAnswerListing : kListing, args, console);
}

constexpr const Flag* kFlags[] = {RW_LISTING_FLAGS, &kAnswers};
constexpr std::string_view kExamples[] = {
    "rangewatch dns 'domain example.org and rcode NXDOMAIN'",
    "rangewatch dns --by registered_domain --top 20",
    "rangewatch dns --answers 'address net 175.45.176.0/22' --by name,address",
};
constexpr Positional kPositionals[] = {
    {.name = "FILTER", .doc = "which transactions (see --help-filter); all without", .repeatable = true}};

}  // namespace

extern constinit const Command kDnsCommand{.name = "dns",
                                           .summary = "look at DNS transactions or answers, or aggregate them",
                                           .examples = kExamples,
                                           .doc =
                                               "A name is shown as it is stored: lower case, bytes that are not "
                                               "printable as \\DDD (RFC 1035 5.1), a backslash or "
                                               "a dot inside a label with a backslash before it.",
                                           .positionals = kPositionals,
                                           .flags = kFlags,
                                           .run = run};

}  // namespace rw
