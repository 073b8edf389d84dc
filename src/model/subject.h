// What is watched (subject) and who is defended (organisation): the files that a user writes, read and checked.
//
//   RW_ASSIGN(const Subject subject, read_subject("subjects/case-2019.toml"));
//   if (subject.watches(ip, time)) …
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "base/time.h"

namespace rw {

struct WatchedPrefix {
  Prefix prefix;
  std::string label;           // "" where the file gives none
  TimeRange valid = kAllTime;  // from inclusive, to exclusive
};

// Days and hours of work in local time, for "Mon-Fri 09:00-18:00".
struct WorkWeek {
  std::array<bool, 7> days = {true, true, true, true, true, false, false};  // Monday first
  int from_minute = 9 * 60;                                                 // of the day
  int to_minute = 18 * 60;                                                  // exclusive; at most 24 * 60

  // Mon, Mon-Fri, Mon,Wed,Fri, Sun-Thu with HH:MM-HH:MM; the end lies after the start.
  static Result<WorkWeek> parse(std::string_view text);
  std::string to_string() const;
};

struct Subject {
  std::string id;  // [a-z0-9-]
  std::string name;
  std::string time_zone = "UTC";  // IANA name; whether it exists is the store's to say (Store::zone_offsets)
  std::string country;            // ISO 3166 alpha-2, or ""
  std::vector<std::uint32_t> asns;
  std::vector<std::string> domains;  // registered domains or suffixes, lower case, no leading dot
  std::vector<std::string> sensors;  // whose volumes count, in this order; empty: the one with most bytes
  WorkWeek work_week;
  std::vector<WatchedPrefix> prefixes;  // at least one

  bool watches(Ip ip, Timestamp at) const;
};

struct VpnService {
  std::string name;
  std::string protocol;
  std::vector<std::string> endpoints;  // address:port
};

struct Organisation {
  std::vector<Prefix> prefixes;
  std::vector<std::string> domains;
  std::vector<Ip> resolvers;
  std::vector<VpnService> vpn;

  bool empty() const { return prefixes.empty() && domains.empty() && resolvers.empty() && vpn.empty(); }
};

// `file` is the name that messages show. Errors are kUsage and read "FILE:LINE:COLUMN: what is wrong", with the nearest
// key for an unknown one.
// `check_zone` says what is wrong with a time zone, or "": C++ has no zone data here, a store does.
using ZoneCheck = std::function<std::string(const std::string& zone)>;
Result<Subject> parse_subject(std::string_view toml, const std::string& file, const ZoneCheck& check_zone = {});
Result<Subject> read_subject(const std::string& path, const ZoneCheck& check_zone = {});
// rangewatch.toml, whose only part so far is [organisation]. No such part: an empty organisation.
Result<Organisation> parse_organisation(std::string_view toml, const std::string& file);
// As above; a file that does not exist gives an empty organisation.
Result<Organisation> read_organisation(const std::string& path);
// The same out of a file that is being read; what is wrong is noted there.
class TomlTable;
Organisation organisation_from(TomlTable root);

}  // namespace rw
