// Zeek's own log format: tab-separated values under a header that says how to read them.
#include <algorithm>
#include <cstring>

#include "format/format.h"
#include "format/log_lines.h"
#include "format/zeek_rows.h"

namespace rw {
namespace {

constexpr std::size_t kMaxColumns = 1'024;    // Zeek's widest logs have under a hundred
constexpr std::size_t kMaxListItems = 1'024;  // a DNS message over TCP holds a few thousand records at most
constexpr std::uint8_t kNotWanted = 0xFF;

std::uint8_t field_of(std::string_view name) {
  const auto names = zeek_field_names();
  const auto it = std::find(names.begin(), names.end(), name);
  return it == names.end() ? kNotWanted : static_cast<std::uint8_t>(it - names.begin());
}

class TsvDecoder {
 public:
  explicit TsvDecoder(DecodeContext& context) : context_(context), lines_(context), rows_(context) {}

  Result<void> run() {
    std::string_view line;
    while (lines_.next(line)) {
      if (line[0] == '#')
        header(line);
      else
        record(line);
    }
    RW_TRY(log_status(context_));
    if (read_ == 0 && !unread_.empty()) return Failure(ErrorCode::kUnsupported, zeek_log_not_read(unread_));
    return {};
  }

 private:
  void header(std::string_view line);
  void fields(std::string_view line);
  void record(std::string_view line);
  bool split(std::string_view line);
  void split_list(std::string_view text, std::vector<std::string_view>& items) const;
  std::size_t column_count(std::string_view line) const {
    return static_cast<std::size_t>(std::count(line.begin(), line.end(), separator_)) + 1;
  }

  DecodeContext& context_;
  LogLines lines_;
  ZeekRows rows_;
  char separator_ = '\t';
  char set_separator_ = ',';
  std::string unset_ = "-";
  std::string empty_ = "(empty)";
  std::string path_;
  std::vector<std::uint8_t> plan_;  // per column the field that it is, or kNotWanted
  ZeekLog log_ = ZeekLog::kUnknown;
  ZeekValues values_;
  std::array<std::vector<std::string_view>, kZeekFieldCount - kZeekFirstList> lists_;
  std::uint64_t read_ = 0;
  std::string unread_;  // the first log that is not read
};

// "#separator \x09", "#path<separator>conn" … A header may come again, and differ, in logs that were put together.
void TsvDecoder::header(std::string_view line) {
  constexpr std::string_view kSeparator = "#separator ";
  if (line.starts_with(kSeparator)) {
    const std::string_view value = line.substr(kSeparator.size());
    unsigned code = 0;
    if (value.starts_with("\\x") &&
        std::from_chars(value.data() + 2, value.data() + value.size(), code, 16).ec == std::errc{} && code < 256)
      separator_ = static_cast<char>(code);
    else if (value.size() == 1)
      separator_ = value[0];
    else
      context_.emitter.weird("bad-header", line);
    path_.clear();
    plan_.clear();
    return;
  }
  const std::size_t gap = std::min(line.find(separator_), line.size());
  const std::string_view key = line.substr(0, gap);
  const std::string_view value = line.substr(std::min(gap + 1, line.size()));
  if (key == "#set_separator" && value.size() == 1)
    set_separator_ = value[0];
  else if (key == "#empty_field")
    empty_ = value;
  else if (key == "#unset_field")
    unset_ = value;
  else if (key == "#path")
    path_ = value;
  else if (key == "#fields")
    fields(value);
}

void TsvDecoder::fields(std::string_view names) {
  plan_.clear();
  values_ = {};
  std::array<bool, kZeekFieldCount> present{};
  for (std::size_t begin = 0; begin <= names.size() && plan_.size() < kMaxColumns;) {
    const std::size_t end = std::min(names.find(separator_, begin), names.size());
    std::uint8_t field = field_of(names.substr(begin, end - begin));
    if (field != kNotWanted && present[field]) field = kNotWanted;  // named twice: the first counts
    if (field != kNotWanted) present[field] = true;
    plan_.push_back(field);
    begin = end + 1;
  }
  log_ = zeek_log_from_path(path_);
  if (path_.empty())
    log_ = zeek_log_from_fields([&](ZeekField field) { return present[static_cast<std::size_t>(field)]; });
  if (log_ == ZeekLog::kUnknown && unread_.empty()) unread_ = path_.empty() ? kZeekLogUnnamed : path_;
}

void TsvDecoder::split_list(std::string_view text, std::vector<std::string_view>& items) const {
  items.clear();
  if (text.data() == nullptr || text == empty_) return;
  for (std::size_t begin = 0; begin <= text.size() && items.size() < kMaxListItems;) {
    const std::size_t end = std::min(text.find(set_separator_, begin), text.size());
    const std::string_view item = text.substr(begin, end - begin);
    items.push_back(item == unset_ ? std::string_view() : item);
    begin = end + 1;
  }
}

// Puts the wanted columns into values_. False when the line has more or fewer columns than its header.
bool TsvDecoder::split(std::string_view line) {
  const char* at = line.data();
  const char* const end = at + line.size();
  for (std::size_t column = 0; column < plan_.size(); ++column) {
    if (at == nullptr) return false;
    const auto* stop = static_cast<const char*>(std::memchr(at, separator_, static_cast<std::size_t>(end - at)));
    const std::uint8_t field = plan_[column];
    if (field != kNotWanted) {
      std::string_view text(at, static_cast<std::size_t>((stop == nullptr ? end : stop) - at));
      if (text == unset_) text = {};
      if (field >= kZeekFirstList) {
        const std::size_t list = field - kZeekFirstList;
        split_list(text, lists_[list]);
        values_.lists[list] = lists_[list];
      } else {
        values_.texts[field] = text == empty_ ? text.substr(0, 0) : text;
      }
    }
    at = stop == nullptr ? nullptr : stop + 1;
  }
  return at == nullptr;
}

void TsvDecoder::record(std::string_view line) {
  if (plan_.empty()) return context_.emitter.weird("no-header", line.substr(0, 200));
  if (!lines_.seen_part().empty() && column_count(lines_.seen_part()) != plan_.size()) lines_.take_as_new();
  if (log_ == ZeekLog::kUnknown) return context_.emitter.skipped(path_.empty() ? kZeekLogUnnamed : path_);
  ++read_;
  if (!split(line) || lines_.broken_off()) {
    const bool growing = lines_.broken_off() || (lines_.unfinished() && column_count(line) < plan_.size());
    return context_.emitter.weird(growing ? "unfinished-line" : "wrong-column-count", line.substr(0, 200));
  }
  rows_.add(log_, values_);
}

int detect(Bytes head, std::string_view) {
  const std::string_view text = as_text(head);
  if (text.starts_with("#separator ")) return 100;
  if (!text.starts_with("#")) return 0;
  return text.find("\n#fields\t") != std::string_view::npos || text.starts_with("#fields\t") ? 90 : 0;
}

Result<void> decode(DecodeContext& context) { return TsvDecoder(context).run(); }

}  // namespace

extern constinit const Format kZeekTsvFormat{
    "zeek-tsv",
    "Zeek logs, tab-separated",
    "flows, dns, dns_answers, tls, http, files",
    "conn, dns, ssl, http and files logs as Zeek writes them, in any column order, "
    "with any separator, and with headers that change "
    "inside the file. Bytes are the IP-layer counts (orig_ip_bytes, "
    "resp_ip_bytes). Other logs are named and passed over.",
    detect,
    decode};

}  // namespace rw
