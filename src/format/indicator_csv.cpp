// Lists of indicators as CSV with a header line.
#include <algorithm>
#include <array>

#include "format/csv_line.h"
#include "format/format.h"
#include "format/indicator_rows.h"
#include "format/log_lines.h"
#include "format/text_fields.h"

namespace rw {
namespace {

using Kind = IndicatorRows::Kind;

enum class Role : std::uint8_t { kNone, kValue, kType, kFrom, kUntil, kConfidence, kLabel, kReference };

struct ColumnName {
  std::string_view name;
  Role role;
  Kind kind = Kind::kAny;
};
constexpr auto kColumns = std::to_array<ColumnName>({
    {"indicator", Role::kValue},
    {"ioc", Role::kValue},
    {"ioc_value", Role::kValue},
    {"value", Role::kValue},
    {"observable", Role::kValue},
    {"ip", Role::kValue, Kind::kAddress},
    {"ip_address", Role::kValue, Kind::kAddress},
    {"dst_ip", Role::kValue, Kind::kAddress},
    {"cidr", Role::kValue, Kind::kAddress},
    {"network", Role::kValue, Kind::kAddress},
    {"netblock", Role::kValue, Kind::kAddress},
    {"domain", Role::kValue, Kind::kDomain},
    {"hostname", Role::kValue, Kind::kDomain},
    {"fqdn", Role::kValue, Kind::kDomain},
    {"url", Role::kValue, Kind::kUrl},
    {"md5", Role::kValue, Kind::kHash},
    {"md5_hash", Role::kValue, Kind::kHash},
    {"sha1", Role::kValue, Kind::kHash},
    {"sha1_hash", Role::kValue, Kind::kHash},
    {"sha256", Role::kValue, Kind::kHash},
    {"sha256_hash", Role::kValue, Kind::kHash},
    {"hash", Role::kValue, Kind::kHash},
    {"ja3", Role::kValue, Kind::kJa3},
    {"ja3_md5", Role::kValue, Kind::kJa3},
    {"ja4", Role::kValue, Kind::kJa4},
    {"type", Role::kType},
    {"ioc_type", Role::kType},
    {"indicator_type", Role::kType},
    {"first_seen", Role::kFrom},
    {"first_seen_utc", Role::kFrom},
    {"firstseen", Role::kFrom},
    {"valid_from", Role::kFrom},
    {"date_added", Role::kFrom},
    {"dateadded", Role::kFrom},
    {"valid_until", Role::kUntil},
    {"expires", Role::kUntil},
    {"expiration", Role::kUntil},
    {"confidence", Role::kConfidence},
    {"confidence_level", Role::kConfidence},
    {"malware", Role::kLabel},
    {"malware_printable", Role::kLabel},
    {"family", Role::kLabel},
    {"threat", Role::kLabel},
    {"threat_type", Role::kLabel},
    {"category", Role::kLabel},
    {"label", Role::kLabel},
    {"listingreason", Role::kLabel},
    {"tags", Role::kLabel},
    {"id", Role::kReference},
    {"ioc_id", Role::kReference},
    {"reference", Role::kReference},
    {"uuid", Role::kReference},
});

const ColumnName* column_of(std::string_view text) {
  std::string name;
  for (const char c : text) {
    if (c >= 'A' && c <= 'Z')
      name += static_cast<char>(c - 'A' + 'a');
    else
      name += c == ' ' || c == '-' ? '_' : c;
  }
  while (!name.empty() && (name.front() == '#' || name.front() == '_')) name.erase(0, 1);
  for (const ColumnName& column : kColumns)
    if (column.name == name) return &column;
  return nullptr;
}

// The kind that a type column names ("ip:port", "sha256_hash", "domain-name", "url").
Kind kind_of(std::string_view type) {
  std::string low;
  for (const char c : type) low += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  const auto has = [&](std::string_view part) { return low.find(part) != std::string::npos; };
  if (has("ja3")) return Kind::kJa3;
  if (has("ja4")) return Kind::kJa4;
  if (has("url") || has("uri")) return Kind::kUrl;
  if (has("ip")) return Kind::kAddress;
  if (has("domain") || has("host") || has("fqdn")) return Kind::kDomain;
  if (has("md5") || has("sha") || has("hash")) return Kind::kHash;
  return Kind::kAny;
}

struct Header {
  char separator = ',';
  std::vector<const ColumnName*> columns;  // null: a column that means nothing here
};

// Whether a line is a header: it names a column of values and at least one more column that is known, or only that one
// column. Headers may be comments ("# first_seen,ioc").
bool read_header(std::string_view line, Header& header) {
  while (!line.empty() && (line.front() == '#' || line.front() == ' ')) line.remove_prefix(1);
  CsvLine csv;
  for (const char separator : {',', ';', '\t', '|'}) {
    if (line.find(separator) == std::string_view::npos || !csv.parse(line, separator)) continue;
    header = {separator, {}};
    std::size_t known = 0;
    bool value = false;
    for (std::size_t i = 0; i < csv.size(); ++i) {
      const ColumnName* column = column_of(csv[i]);
      header.columns.push_back(column);
      known += column != nullptr ? 1 : 0;
      value = value || (column != nullptr && column->role == Role::kValue);
    }
    if (value && known >= 2) return true;
  }
  return false;
}

std::optional<std::int64_t> time_of(std::string_view text) {
  std::int64_t us = 0;
  if (read_time(text, us)) return us;
  return find_date(text);
}

// "192.0.2.1:443" -> "192.0.2.1"
std::string_view without_port(std::string_view value) {
  const std::size_t colon = value.find(':');
  if (colon == std::string_view::npos || value.find(':', colon + 1) != std::string_view::npos) return value;
  return value.find('.') < colon && value.find('/') == std::string_view::npos ? value.substr(0, colon) : value;
}

void add_line(const Header& header, const CsvLine& csv, IndicatorRows& rows) {
  ListEntry entry;
  Kind type = Kind::kAny;
  for (std::size_t i = 0; i < header.columns.size(); ++i) {
    if (header.columns[i] == nullptr || csv[i].empty()) continue;
    std::int64_t percent = 0;
    switch (header.columns[i]->role) {
      case Role::kType: type = kind_of(csv[i]); break;
      case Role::kFrom: entry.valid_from = time_of(csv[i]); break;
      case Role::kUntil: entry.valid_until = time_of(csv[i]); break;
      case Role::kLabel:
        if (entry.label.empty()) entry.label = csv[i];
        break;
      case Role::kReference:
        if (entry.reference.empty()) entry.reference = csv[i];
        break;
      case Role::kConfidence:
        if (read_integer(csv[i], percent) && percent >= 0 && percent <= 100)
          entry.confidence = static_cast<std::uint8_t>(percent);
        break;
      default: break;
    }
  }
  for (std::size_t i = 0; i < header.columns.size(); ++i) {
    if (header.columns[i] == nullptr || header.columns[i]->role != Role::kValue || csv[i].empty()) continue;
    const Kind kind = header.columns[i]->kind == Kind::kAny ? type : header.columns[i]->kind;
    const std::string_view value = csv[i];
    const bool port = kind == Kind::kAddress || (kind == Kind::kAny && value.find('/') == std::string_view::npos);
    rows.add(kind, port ? without_port(value) : value, entry);
  }
}

int detect(Bytes head, std::string_view) {
  std::string_view text = as_text(head);
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  for (int i = 0; i < 100 && !text.empty(); ++i) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    Header header;
    if (read_header(line, header)) return 60;
    if (!line.empty() && line.front() != '#') return 0;
  }
  return 0;
}

Result<void> decode(DecodeContext& context) {
  IndicatorRows rows(context, "", "");
  RW_TRY(rows.need_purpose("a CSV list"));
  LogLines lines(context);
  Header header;
  CsvLine csv;
  std::string_view line;
  while (lines.next(line)) {
    if (!lines.seen_part().empty()) lines.take_as_new();
    if (line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
    if (header.columns.empty() || line.starts_with('#')) {
      Header found;
      if (read_header(line, found))
        header = std::move(found);
      else if (!line.starts_with('#'))
        context.emitter.weird("no-header", line);
      else if (const auto date = line.find("pdated") != std::string_view::npos ? find_date(line) : std::nullopt)
        rows.own_date(*date);
      continue;
    }
    if (csv.parse(line, header.separator))
      add_line(header, csv, rows);
    else
      context.emitter.weird("bad-quotes", line);
  }
  return log_status(context);
}

}  // namespace

extern constinit const Format kIndicatorCsvFormat{
    "indicator-csv",
    "List of indicators, CSV",
    "indicators",
    "Lists with a header line (also as a comment) that names a column of values (indicator, ioc, ip, cidr, domain, "
    "url, "
    "md5, sha1, sha256, ja3, ja4 …), between commas, semicolons, tabs or bars. Columns for type, first_seen or "
    "valid_from, valid_until or expires, confidence, malware or threat and id are taken where they are there. "
    "--list-purpose says what the list means, --list-name and --list-date complete it.",
    detect,
    decode};

}  // namespace rw
