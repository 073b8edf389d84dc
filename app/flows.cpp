// rangewatch flows: look at flows, or aggregate them.
#include "flags.h"
#include "listing.h"
#include "model/records.h"

namespace rw {
namespace {

ExprPtr seconds() { return expr::binary(Expr::Kind::kDiv, expr::duration_us(), expr::number(1'000'000)); }
ExprPtr scaled(std::string_view column) {
  return expr::binary(Expr::Kind::kMul, expr::column(column), expr::column("sampling"));
}
// Flags say something about TCP only: 0 for a UDP flow would look like a packet without any.
ExprPtr tcp_only(std::string_view column) {
  return expr::classify({{expr::eq(expr::column("proto"), expr::number(6)), expr::column(column)}});
}
ExprPtr tcp_flags() { return tcp_only("tcp_flags"); }
ExprPtr rev_tcp_flags() { return tcp_only("rev_tcp_flags"); }

constexpr ExtraColumn kExtraColumns[] = {
    {"app", "", "application as payload or sensor told it, else as the ports suggest; null where nothing does",
     expr::app},
    {"tcp_flags", "", "letters of all TCP flags that src sent (C E U A P R S F); null for other protocols", tcp_flags},
    {"rev_tcp_flags", "", "the same of dst; null where unidirectional", rev_tcp_flags},
    {"duration", "s", "from the first packet to the last", seconds},
    {"volume", "bytes", "forward plus reverse bytes, scaled by sampling: what filters and groups call bytes",
     expr::volume_bytes},
};

ExprPtr src() { return expr::column("src"); }
ExprPtr dst() { return expr::column("dst"); }
ExprPtr src_port() { return expr::column("src_port"); }
ExprPtr dst_port() { return expr::column("dst_port"); }
ExprPtr src_asn() { return expr::column("src_asn"); }
ExprPtr dst_asn() { return expr::column("dst_asn"); }

constexpr ExtraKey kExtraKeys[] = {
    {"host", "an address at either end: the whole volume counts at each end", src, dst},
    {"port", "a port at either end", src_port, dst_port},
    {"asn", "an AS number at either end, as the sensor told it", src_asn, dst_asn},
};

ExprPtr packets(bool sent) { return sent ? expr::sent_packets() : expr::volume_packets(); }
ExprPtr bytes(bool sent) { return sent ? expr::sent_bytes() : expr::volume_bytes(); }
ExprPtr sent_packets(bool) { return expr::sent_packets(); }
ExprPtr sent_bytes(bool) { return expr::sent_bytes(); }
ExprPtr received_packets(bool) { return scaled("rev_packets"); }
ExprPtr received_bytes(bool) { return scaled("rev_bytes"); }

using enum Measure::Kind;

constexpr MeasureColumn kMeasures[] = {
    {"flows", "flows", "records", kCount},
    {"packets", "packets", "forward plus reverse, scaled by sampling; by src: what src sent", kSum, "", packets},
    {"bytes", "bytes", "forward plus reverse, scaled by sampling; by src: what src sent", kSum, "", bytes},
    {"sent_packets", "packets", "what src sent, scaled", kSum, "", sent_packets},
    {"sent_bytes", "bytes", "what src sent, scaled", kSum, "", sent_bytes},
    {"received_packets", "packets", "what dst sent back, scaled; null where no sensor tells", kSum, "",
     received_packets},
    {"received_bytes", "bytes", "what dst sent back, scaled; null where no sensor tells", kSum, "", received_bytes},
    {"sources", "addresses", "different src, approximate in large groups", kDistinct, "src"},
    {"destinations", "addresses", "different dst, approximate in large groups", kDistinct, "dst"},
    {"first_seen", "time", "earliest start", kMin, "start_time"},
    {"last_seen", "time", "latest end", kMax, "end_time"},
};

constexpr std::string_view kRowColumns[] = {"start_time", "duration",    "proto",     "src",         "src_port",
                                            "dst",        "dst_port",    "app",       "tcp_flags",   "packets",
                                            "bytes",      "rev_packets", "rev_bytes", "server_name", "sensor"};
constexpr std::string_view kMeasureColumns[] = {"flows", "packets", "bytes"};
constexpr std::string_view kOrder[] = {"start_time", "src",   "src_port", "dst",
                                       "dst_port",   "proto", "end_time", "bytes"};

constexpr Listing kListing{.table = &kFlowTable,
                           .filter = flow_filter,
                           .what = "flows",
                           .extra_columns = kExtraColumns,
                           .extra_keys = kExtraKeys,
                           .measures = kMeasures,
                           .row_columns = kRowColumns,
                           .measure_columns = kMeasureColumns,
                           .order = kOrder,
                           .top_column = "volume",
                           .top_measure = "bytes"};

Result<int> run(const Arguments& args, Console& console) { return run_listing(kListing, args, console); }

constexpr const Flag* kFlags[] = {RW_LISTING_FLAGS};
constexpr std::string_view kExamples[] = {
    "rangewatch flows 'src net 175.45.176.0/22 and tcp and dst port 3333'",
    "rangewatch flows --by app --top 20",
    "rangewatch flows 'udp and port 53' --by dst --top 5 --format json",
    "rangewatch flows --by hour --from 2019-04-01 --to 2019-04-08",
};
constexpr Positional kPositionals[] = {{.name = "FILTER",
                                        .doc = "which flows, in the style of tcpdump (see --help-filter); all without",
                                        .repeatable = true}};

}  // namespace

extern constinit const Command kFlowsCommand{.name = "flows",
                                             .summary = "look at flows, or aggregate them",
                                             .examples = kExamples,
                                             .doc =
                                                 "Without --by, flows are listed by time; --top N lists the N largest "
                                                 "by --sort (default volume). With --by, they are "
                                                 "summed per group: flows, packets and bytes, and what else --columns "
                                                 "asks for. Bytes are IP-layer bytes, forward plus "
                                                 "reverse, scaled by sampling; grouped by src (or its network or AS) "
                                                 "without dst, they are what src sent. By host, port "
                                                 "or asn, a flow counts whole at each of its ends.\n\n"
                                                 "Where several sensors saw one connection, each told its own record: "
                                                 "name one ('sensor NAME') before adding up.",
                                             .positionals = kPositionals,
                                             .flags = kFlags,
                                             .run = run};

}  // namespace rw
