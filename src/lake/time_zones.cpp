// Asks DuckDB's ICU for the offsets of a time zone.
#include "lake/time_zones.h"

#include <algorithm>

namespace rw {

// Offsets at every quarter of an hour in the range, reduced to where they change. Zones change at quarters only.
Result<std::vector<ZoneChange>> zone_changes(duck::Connection& connection, std::string_view name, TimeRange range) {
  const std::int64_t quarter = kHour.us / 4;
  const std::int64_t from = range.empty() ? 0 : range.from.us / quarter;
  const std::int64_t to =
      range.empty() ? 1 : std::min((range.to.us + quarter - 1) / quarter, from + 4 * 24 * 366 * 300);
  std::vector<ZoneChange> changes;
  const std::string sql = "SELECT q, epoch_us(timezone(" + duck::quote_text(name) +
                          ", make_timestamp(q)::TIMESTAMP AT TIME ZONE 'UTC')) - q AS o "
                          "FROM (SELECT unnest(range(" +
                          std::to_string(from) + ", " + std::to_string(std::max(to, from + 1)) + ")) * " +
                          std::to_string(quarter) + " AS q) ORDER BY q";
  const auto done = connection.query(sql, nullptr, [&changes](const duck::Chunk& chunk) {
    for (std::size_t i = 0; i < chunk.rows; ++i) {
      const Duration offset{chunk.columns[1].values<std::int64_t>()[i]};
      if (changes.empty() || changes.back().offset != offset)
        changes.push_back({{chunk.columns[0].values<std::int64_t>()[i]}, offset});
    }
    return true;
  });
  if (!done) {
    // ICU lists near names behind this word, each in quotes.
    constexpr std::string_view kCandidates = "Candidate time zones: \"";
    const std::string& told = done.error().message;
    const std::size_t at = told.find(kCandidates);
    std::string message = "there is no time zone '" + std::string(name) + "'";
    if (at != std::string::npos) {
      const std::size_t begin = at + kCandidates.size();
      message += "; a similar one exists: '" + told.substr(begin, told.find('"', begin) - begin) + "'";
    }
    return Failure(ErrorCode::kUsage, std::move(message));
  }
  if (changes.empty()) return Failure(ErrorCode::kInternal, "no offsets for time zone " + std::string(name));
  return changes;
}

std::string check_time_zone(std::string_view name) {
  const auto wrong = [&]() -> Result<void> {
    RW_ASSIGN(const auto engine, duck::Engine::open({.memory_bytes = 64 << 20}));
    RW_ASSIGN(const auto connection, engine->connect());
    RW_ASSIGN(const auto changes, zone_changes(*connection, name, {Timestamp{}, Timestamp{} + kDay}));
    static_cast<void>(changes);
    return {};
  }();
  return wrong ? std::string() : wrong.error().message;
}

}  // namespace rw
