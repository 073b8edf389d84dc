// Master files (RFC 1035 5) to records: what a zone file says, checked as strictly as name servers check it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rw {

struct ZoneRecord {
  std::string name;  // canonical
  std::uint16_t type = 0;
  std::uint32_t ttl = 0;  // seconds
  std::string data;       // as on the wire, uncompressed
  unsigned line = 0;      // where it begins, from 1
};

struct ZoneFailure {  // ";! fail NAME [TYPE] [REASON]"
  std::string name;
  std::uint16_t type = 0;  // 0: every type
  std::string reason;
};

struct ZoneFile {
  std::vector<ZoneRecord> records;
  std::vector<ZoneFailure> failures;
  bool secure = false;                    // ";! secure": all zones of the file
  std::vector<std::string> secure_zones;  // ";! secure NAME"
  std::vector<std::string> origins;       // that $ORIGIN set
};

// Bounds: a file beyond them is no zone that somebody wrote to try a change.
inline constexpr std::size_t kMaxZoneBytes = std::size_t{64} << 20;
inline constexpr std::size_t kMaxZoneRecords = 1'000'000;
inline constexpr std::size_t kMaxZoneTokens = 4096;  // of one record: 64 KiB of data in pieces of 16 bytes

// kUsage with NAME:LINE and what is wrong there. $INCLUDE and $GENERATE are refused; records of class IN only. RRSIG
// and NSEC records are skipped: nothing is validated here.
Result<ZoneFile> parse_zone_file(std::string_view text, const std::string& name);

}  // namespace rw
