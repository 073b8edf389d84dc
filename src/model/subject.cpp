// Reads subject files and the organisation part of rangewatch.toml.
#include "model/subject.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include <fmt/format.h>

#include "model/settings.h"
#include "model/toml_file.h"

namespace rw {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::size_t kMaxNameBytes = 200;     // of a subject or label: they head pages and tables
constexpr std::size_t kMaxIdBytes = 64;        // it becomes part of file names
constexpr std::size_t kMaxDomainBytes = 253;   // RFC 1035 2.3.4, without the final dot
constexpr std::size_t kMaxLabelBytes = 63;     // RFC 1035 2.3.4
constexpr std::size_t kMaxPrefixes = 100'000;  // a country's worth; more is no subject

// ---- work week

int day_index(std::string_view text) {
  for (std::size_t i = 0; i < kDays.size(); ++i) {
    if (text.size() != 3) return -1;
    bool same = true;
    for (std::size_t c = 0; c < 3; ++c)
      same = same &&
             std::tolower(static_cast<unsigned char>(text[c])) == std::tolower(static_cast<unsigned char>(kDays[i][c]));
    if (same) return static_cast<int>(i);
  }
  return -1;
}

bool parse_days(std::string_view text, std::array<bool, 7>& days) {
  days.fill(false);
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view item = text.substr(0, comma);
    const std::size_t dash = item.find('-');
    const int first = day_index(item.substr(0, dash));
    const int last = dash == std::string_view::npos ? first : day_index(item.substr(dash + 1));
    if (first < 0 || last < 0) return false;
    for (int day = first;; day = (day + 1) % 7) {  // Sun-Thu runs over the end of the week
      days[static_cast<std::size_t>(day)] = true;
      if (day == last) break;
    }
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
}

bool parse_minute(std::string_view text, int& minute) {
  int hours = 0, minutes = 0;
  if (text.size() != 5 || text[2] != ':') return false;
  const auto whole = [](std::string_view digits, int& value) {
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return ec == std::errc{} && end == digits.data() + digits.size();
  };
  if (!whole(text.substr(0, 2), hours) || !whole(text.substr(3), minutes)) return false;
  minute = hours * 60 + minutes;
  return hours >= 0 && minutes >= 0 && minutes < 60 && minute <= 24 * 60;
}

// ---- checks of single values; an empty message is good

std::string check_id(std::string_view id) {
  if (id.empty() || id.size() > kMaxIdBytes) return "the id must have 1 to 64 characters";
  for (const char c : id)
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
      return "'" + std::string(id) + "' may hold only a-z, 0-9 and '-'";
  return "";
}

std::string check_name(std::string_view name) {
  if (name.empty()) return "it must not be empty";
  if (name.size() > kMaxNameBytes) return "it must not be longer than 200 bytes";
  for (const char c : name)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return "it must not hold control characters";
  return "";
}

std::string normal_domain(std::string domain) {
  std::transform(domain.begin(), domain.end(), domain.begin(),
                 [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
  if (!domain.empty() && domain.back() == '.') domain.pop_back();
  return domain;
}

std::string check_domain(std::string_view domain) {
  const std::string shown = "'" + std::string(domain) + "'";
  if (domain.empty() || domain.size() > kMaxDomainBytes) return shown + " is not a domain";
  if (domain.front() == '.') return shown + " begins with a dot; write '" + std::string(domain.substr(1)) + "'";
  std::size_t label = 0;  // characters of the label so far
  for (const char c : domain) {
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (c != '.' && !allowed) return shown + " is not a domain (write international names in their xn-- form)";
    if ((c == '.' && label == 0) || label == kMaxLabelBytes + 1) return shown + " is not a domain";
    label = c == '.' ? 0 : label + 1;
  }
  if (label == 0 || label > kMaxLabelBytes) return shown + " is not a domain";
  return "";
}

std::string check_endpoint(std::string_view endpoint) {
  const std::size_t colon = endpoint.rfind(':');
  const std::string message =
      "'" + std::string(endpoint) + "' is not an endpoint; write 192.0.2.10:51820 or [2001:db8::1]:51820";
  if (colon == std::string_view::npos) return message;
  std::string_view host = endpoint.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  const std::string_view digits = endpoint.substr(colon + 1);
  unsigned port = 0;
  const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (ec != std::errc{} || end != digits.data() + digits.size() || port == 0 || port > 65535) return message;
  return Ip::parse(host) ? "" : message;
}

void read_domains(TomlTable& table, std::vector<std::string>& domains) {
  for (const std::string& text : table.texts("domains")) {
    domains.push_back(normal_domain(text));
    if (const std::string wrong = check_domain(domains.back()); !wrong.empty()) table.problem("domains", wrong);
  }
}

void read_checked(TomlTable& table, std::string_view key, std::string_view value,
                  std::string (*check)(std::string_view)) {
  if (!table.has(key)) return;  // its absence is told already
  if (const std::string wrong = check(value); !wrong.empty()) table.problem(key, wrong);
}

void read_asns(TomlTable& root, Subject& subject) {
  for (const std::int64_t asn : root.integers("asns")) {
    if (asn < 1 || asn > 4'294'967'295)
      root.problem("asns", std::to_string(asn) + " is not an AS number (1 to 4294967295)");
    else
      subject.asns.push_back(static_cast<std::uint32_t>(asn));
  }
}

void read_prefixes(TomlTable& root, Subject& subject) {
  auto tables = root.tables("prefix");
  if (tables.empty()) root.problem("prefix", "a subject needs at least one [[prefix]] with prefix = \"192.0.2.0/24\"");
  if (tables.size() > kMaxPrefixes) {
    root.problem("prefix", "more than 100000 prefixes are no subject");
    return;
  }
  for (TomlTable& table : tables) {
    WatchedPrefix watched;
    watched.prefix = table.required_prefix("prefix");
    watched.label = table.text("label").value_or("");
    read_checked(table, "label", watched.label, check_name);
    watched.valid.from = table.time("from").value_or(kAllTime.from);
    watched.valid.to = table.time("to").value_or(kAllTime.to);
    if (watched.valid.empty()) table.problem("to", "the prefix is never valid: 'to' must lie after 'from'");
    for (const WatchedPrefix& other : subject.prefixes) {
      const bool same_time = other.valid.from < watched.valid.to && watched.valid.from < other.valid.to;
      if (other.prefix == watched.prefix && same_time)
        table.problem("prefix", watched.prefix.to_string() + " is listed twice for the same time");
    }
    subject.prefixes.push_back(std::move(watched));
  }
}

Subject subject_from(TomlTable root, const ZoneCheck& check_zone) {
  Subject subject;
  subject.id = root.required_text("id");
  read_checked(root, "id", subject.id, check_id);
  subject.name = root.text("name").value_or(subject.id);
  read_checked(root, "name", subject.name, check_name);
  subject.time_zone = root.text("time_zone").value_or("UTC");
  if (check_zone)
    if (const std::string wrong = check_zone(subject.time_zone); !wrong.empty()) root.problem("time_zone", wrong);
  subject.country = root.text("country").value_or("");
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (!subject.country.empty() &&
      (subject.country.size() != 2 || !std::all_of(subject.country.begin(), subject.country.end(), upper)))
    root.problem("country",
                 "'" + subject.country + "' is not a country code; write two capital letters, such as \"KP\"");
  read_asns(root, subject);
  read_domains(root, subject.domains);
  subject.sensors = root.texts("sensors");
  if (const auto text = root.text("work_week")) {
    if (auto week = WorkWeek::parse(*text))
      subject.work_week = *week;
    else
      root.problem("work_week", week.error().message);
  }
  read_prefixes(root, subject);
  return subject;
}

Result<Subject> finish_subject(TomlFile file, const ZoneCheck& check_zone) {
  Subject subject = subject_from(file.root(), check_zone);
  RW_TRY(file.finish());
  return subject;
}

Result<Organisation> finish_organisation(TomlFile file) {
  for (const std::string_view part : kSettingsParts) file.root().leave_to_others(part);
  Organisation organisation = organisation_from(file.root());
  RW_TRY(file.finish());
  return organisation;
}

}  // namespace

Organisation organisation_from(TomlTable root) {
  Organisation organisation;
  auto table = root.table("organisation");
  if (!table) return organisation;
  organisation.prefixes = table->prefixes("prefixes");
  read_domains(*table, organisation.domains);
  organisation.resolvers = table->addresses("resolvers");
  for (TomlTable& item : table->tables("vpn")) {
    VpnService service{item.required_text("name"), item.required_text("protocol"), item.texts("endpoints")};
    for (const std::string& endpoint : service.endpoints)
      if (const std::string wrong = check_endpoint(endpoint); !wrong.empty()) item.problem("endpoints", wrong);
    organisation.vpn.push_back(std::move(service));
  }
  return organisation;
}

Result<WorkWeek> WorkWeek::parse(std::string_view text) {
  WorkWeek week;
  const std::size_t space = text.find(' ');
  const Failure failure(ErrorCode::kUsage,
                        "'" + std::string(text) + "' is no work week; write \"Mon-Fri 09:00-18:00\"");
  if (space == std::string_view::npos || !parse_days(text.substr(0, space), week.days)) return failure;
  const std::string_view hours = text.substr(space + 1);
  if (hours.size() != 11 || hours[5] != '-') return failure;
  if (!parse_minute(hours.substr(0, 5), week.from_minute) || !parse_minute(hours.substr(6), week.to_minute))
    return failure;
  if (week.to_minute <= week.from_minute)
    return Failure(ErrorCode::kUsage, "the work week '" + std::string(text) + "' ends before it begins");
  return week;
}

std::string WorkWeek::to_string() const {
  std::string text;
  for (std::size_t i = 0; i < 7; ++i) {
    if (!days[i]) continue;
    std::size_t last = i;
    while (last + 1 < 7 && days[last + 1]) ++last;
    if (!text.empty()) text += ',';
    text += kDays[i];
    if (last > i) text.append("-").append(kDays[last]);
    i = last;
  }
  return text +
         fmt::format(" {:02}:{:02}-{:02}:{:02}", from_minute / 60, from_minute % 60, to_minute / 60, to_minute % 60);
}

bool Subject::watches(Ip ip, Timestamp at) const {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const WatchedPrefix& p) { return p.valid.contains(at) && p.prefix.contains(ip); });
}

Result<Subject> parse_subject(std::string_view toml, const std::string& file, const ZoneCheck& check_zone) {
  RW_ASSIGN(auto parsed, TomlFile::parse(std::string(toml), file));
  return finish_subject(std::move(parsed), check_zone);
}

Result<Subject> read_subject(const std::string& path, const ZoneCheck& check_zone) {
  RW_ASSIGN(auto file, TomlFile::read(path));
  return finish_subject(std::move(file), check_zone);
}

Result<Organisation> parse_organisation(std::string_view toml, const std::string& file) {
  RW_ASSIGN(auto parsed, TomlFile::parse(std::string(toml), file));
  return finish_organisation(std::move(parsed));
}

Result<Organisation> read_organisation(const std::string& path) {
  auto file = TomlFile::read(path);
  if (!file && file.error().code == ErrorCode::kNotFound) return Organisation{};
  if (!file) return Failure(file.error());
  return finish_organisation(std::move(*file));
}

}  // namespace rw
