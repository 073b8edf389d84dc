// Time zones as DuckDB's ICU knows them: the only zone data there is here (ADR 0010).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lake/engine.h"
#include "lake/expression.h"

namespace rw {

// The offsets of an IANA zone within `range`. kUsage for a name that is none; the message names a near one.
Result<std::vector<ZoneChange>> zone_changes(duck::Connection& connection, std::string_view name, TimeRange range);

// What is wrong with a zone's name, or "". Needs no lake: it opens an engine of its own (tens of milliseconds).
std::string check_time_zone(std::string_view name);

}  // namespace rw
