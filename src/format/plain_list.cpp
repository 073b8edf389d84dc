// Plain lists: one address, prefix, range, domain, URL or hash a line.
#include <algorithm>

#include "format/format.h"
#include "format/indicator_rows.h"
#include "format/log_lines.h"

namespace rw {
namespace {

bool blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

bool comment(std::string_view line) {
  return line.starts_with('#') || line.starts_with(';') || line.starts_with("//") || line.starts_with('!');
}

// The value of a line: what stands before a comment and before the first blank; of a hosts file ("0.0.0.0 name") the
// name.
std::string_view value_of(std::string_view line) {
  if (line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
  while (!line.empty() && blank(line.front())) line.remove_prefix(1);
  if (line.empty() || comment(line)) return {};
  for (const std::string_view sink : {"0.0.0.0", "127.0.0.1", "::1"})
    if (line.starts_with(sink) && line.size() > sink.size() + 1 && blank(line[sink.size()])) {
      line.remove_prefix(sink.size());
      while (!line.empty() && blank(line.front())) line.remove_prefix(1);
      break;
    }
  std::size_t end = 0;
  while (end < line.size() && !blank(line[end]) && line[end] != '#' && line[end] != ';') ++end;
  // A range may be written with blanks: "192.0.2.1 - 192.0.2.9".
  std::size_t dash = end;
  while (dash < line.size() && blank(line[dash])) ++dash;
  if (dash < line.size() && line[dash] == '-') {
    ++dash;
    while (dash < line.size() && blank(line[dash])) ++dash;
    while (dash < line.size() && !blank(line[dash]) && line[dash] != '#' && line[dash] != ';') ++dash;
    end = dash;
  }
  return line.substr(0, end);
}

// "# Last updated: 2019-01-31 12:00": the date in a comment that speaks of one.
std::optional<std::int64_t> date_of_comment(std::string_view line) {
  std::string low(line.substr(0, 200));
  std::transform(low.begin(), low.end(), low.begin(), [](unsigned char c) { return c < 0x80 ? std::tolower(c) : c; });
  for (const std::string_view word : {"date", "generat", "modified", "creat", "as of", "valid", "snapshot"})
    if (low.find(word) != std::string::npos) return find_date(low);
  return std::nullopt;
}

// Known files that say nothing of themselves but their name.
struct KnownFile {
  std::string_view part;
  std::string_view purpose;
  std::string_view name;
};
constexpr KnownFile kKnownFiles[] = {{"cloudflare", "cdn", "cloudflare"},
                                     {"torbulkexitlist", "tor", "tor-exits"},
                                     {"tor-exit", "tor", "tor-exits"},
                                     {"tor_exit", "tor", "tor-exits"}};

const KnownFile* known_file(std::string_view source) {
  for (const KnownFile& file : kKnownFiles)
    if (source.find(file.part) != std::string_view::npos) return &file;
  return nullptr;
}

int detect(Bytes head, std::string_view) {
  constexpr std::size_t kLook = 50;
  std::string_view text = as_text(head);
  std::size_t good = 0, bad = 0;
  while (!text.empty() && good + bad < kLook) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (end == std::string_view::npos && good + bad > 0) break;  // the head may end inside it
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.find('\0') != std::string_view::npos) return 0;
    const std::string_view value = value_of(line);
    if (value.empty()) continue;
    // A line of prose or of a table is no entry, whatever its first word is.
    const std::string_view rest = line.substr(static_cast<std::size_t>(value.data() + value.size() - line.data()));
    const std::size_t more = rest.find_first_not_of(" \t\r");
    const bool alone = more == std::string_view::npos || rest[more] == '#' || rest[more] == ';';
    ++(alone && IndicatorRows::is_indicator(value) ? good : bad);
  }
  return good > 0 && bad * 5 <= good ? 40 : 0;
}

Result<void> decode(DecodeContext& context) {
  const KnownFile* known = known_file(context.emitter.source());
  IndicatorRows rows(context, known == nullptr ? "" : known->purpose, known == nullptr ? "" : known->name);
  RW_TRY(rows.need_purpose("a plain list"));
  if (const auto date = list_date_from_input(context.emitter.source())) rows.own_date(*date);
  LogLines lines(context);
  std::string_view line;
  bool begun = false;
  while (lines.next(line)) {
    if (!lines.seen_part().empty()) lines.take_as_new();
    const std::string_view value = value_of(line);
    if (!value.empty()) {
      begun = true;
      rows.add(IndicatorRows::Kind::kAny, value);
    } else if (!begun) {
      if (const auto date = date_of_comment(line)) rows.own_date(*date);
    }
  }
  return log_status(context);
}

}  // namespace

extern constinit const Format kPlainListFormat{
    "plain-list",
    "Plain list of indicators",
    "indicators",
    "One address, prefix, range of addresses, domain, URL, MD5, SHA-1 or SHA-256 a line, with comments after # or ;, "
    "also as a hosts file. Only a person knows what it means: --list-purpose says it, or the name of the folder that "
    "it lies in, --list-name and --list-date "
    "complete it (else the input's name, and the date in a leading comment or in the name, else now). Lists of "
    "Cloudflare and of Tor exits are known by their file name.",
    detect,
    decode};

}  // namespace rw
