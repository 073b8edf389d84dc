// Flags that several commands share, so that each means the same everywhere.
#pragma once

#include "command.h"

namespace rw::flags {

extern const Flag kHelp;     // in every command, without being listed in its table
extern const Flag kLake;     // --lake DIR
extern const Flag kMemory;   // --memory SIZE
extern const Flag kThreads;  // --threads N
extern const Flag kFormat;   // --format table|csv|json|ndjson, for everything that lists
extern const Flag kColumns;  // --columns a,b
extern const Flag kHelpFields;
extern const Flag kFrom;  // --from T, inclusive
extern const Flag kTo;    // --to T, exclusive

// [--from, --to); kAllTime where neither is given. --to must lie after --from.
Result<TimeRange> time_range(const Arguments& args);
// --lake, else $RANGEWATCH_LAKE, else ./rangewatch.lake.
std::string lake_directory(const Arguments& args);

}  // namespace rw::flags
