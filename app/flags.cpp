// The shared flags and what their values mean.
#include "flags.h"

#include <array>
#include <cstdlib>

namespace rw::flags {
namespace {

constexpr std::array<std::string_view, 4> kListingFormats{"table", "csv", "json", "ndjson"};

}  // namespace

extern constinit const Flag kHelp{.name = "help", .letter = 'h', .doc = "show this help"};
extern constinit const Flag kLake{
    .name = "lake", .value = "DIR", .doc = "the lake's folder; default $RANGEWATCH_LAKE, else ./rangewatch.lake"};
extern constinit const Flag kMemory{.name = "memory",
                                    .value = "SIZE",
                                    .doc =
                                        "memory for queries, such as 512M or 2G, beyond which they spill to disk; "
                                        "default half of the machine's, at most 8 GiB"};
extern constinit const Flag kThreads{.name = "threads", .value = "N", .doc = "threads for queries; default all cores"};
extern constinit const Flag kFormat{.name = "format",
                                    .value = "FORMAT",
                                    .doc = "how to print: table for people; csv, json or ndjson for programs",
                                    .preset = "table",
                                    .choices = kListingFormats};
extern constinit const Flag kColumns{.name = "columns",
                                     .value = "COL,...",
                                     .doc = "print these columns, in this order (see --help-fields)",
                                     .repeatable = true};
extern constinit const Flag kHelpFields{.name = "help-fields", .doc = "list the names of all columns, and leave"};
extern constinit const Flag kFrom{.name = "from",
                                  .value = "TIME",
                                  .doc = "only what starts at this time or later: a date or RFC 3339, UTC unless said"};
extern constinit const Flag kTo{.name = "to", .value = "TIME", .doc = "only what starts before this time"};

Result<TimeRange> time_range(const Arguments& args) {
  TimeRange range = kAllTime;
  if (args.has(kFrom)) {
    auto from = Timestamp::parse(args.get(kFrom));
    if (!from) return Failure(ErrorCode::kUsage, "invalid value for '--from': " + from.error().message);
    range.from = *from;
  }
  if (args.has(kTo)) {
    auto to = Timestamp::parse(args.get(kTo));
    if (!to) return Failure(ErrorCode::kUsage, "invalid value for '--to': " + to.error().message);
    range.to = *to;
  }
  if (range.empty())
    return Failure(ErrorCode::kUsage, "'--to' (" + range.to.to_string() + ") must be later than '--from' (" +
                                          range.from.to_string() + ")");
  return range;
}

std::string lake_directory(const Arguments& args) {
  if (args.has(kLake)) return std::string(args.get(kLake));
  if (const char* directory = std::getenv("RANGEWATCH_LAKE"); directory != nullptr && *directory != '\0')
    return directory;
  return "./rangewatch.lake";
}

}  // namespace rw::flags
