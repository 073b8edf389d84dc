// What list formats share: canonical values, dates, names.
#include "format/indicator_rows.h"

#include <algorithm>

#include "format/text_fields.h"
#include "model/escape.h"
#include "model/indicator_text.h"

namespace rw {
namespace {

constexpr std::size_t kMaxLabel = 128;
constexpr std::size_t kMaxName = 128;
constexpr std::size_t kMaxFingerprint = 64;

bool digit(char c) { return c >= '0' && c <= '9'; }

bool digits_at(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return false;
  return std::all_of(text.begin() + static_cast<std::ptrdiff_t>(at),
                     text.begin() + static_cast<std::ptrdiff_t>(at + count), digit);
}

// A folder may say what the lists in it are for: "lists/hosting/some.txt".
std::string_view purpose_of_folder(std::string_view input_name) {
  const std::size_t end = input_name.find_last_of("/!");
  if (end == std::string_view::npos || end == 0) return {};
  const std::size_t begin = input_name.find_last_of("/!", end - 1);
  const std::string_view folder = input_name.substr(0, end).substr(begin == std::string_view::npos ? 0 : begin + 1);
  const auto found = std::find(kListPurposes.begin(), kListPurposes.end(), folder);
  return found == kListPurposes.end() ? std::string_view() : *found;
}

bool fits(std::int64_t us) { return us > 0 && us < Timestamp::from_seconds(7'258'118'400).us; }  // until 2200

}  // namespace

std::optional<std::int64_t> list_date_from_input(std::string_view input_name) {
  if (const std::size_t cut = input_name.find_last_of("/!"); cut != std::string_view::npos)
    input_name.remove_prefix(cut + 1);
  return find_date(input_name);
}

std::string list_name_from_input(std::string_view input_name) {
  if (const std::size_t cut = input_name.find_last_of("/!"); cut != std::string_view::npos)
    input_name.remove_prefix(cut + 1);
  for (bool again = true; again;) {
    again = false;
    for (const std::string_view ending : {".txt", ".csv", ".json", ".jsonl", ".ndjson", ".list", ".ioc", ".gz", ".bz2",
                                          ".xz", ".zst", ".lz4", ".netset", ".ipset", ".dat", ".xml", ".stix", ".misp"})
      if (input_name.size() > ending.size() && input_name.ends_with(ending)) {
        input_name.remove_suffix(ending.size());
        again = true;
      }
  }
  // A date and what follows it goes, and the punctuation before it.
  for (std::size_t i = 1; i < input_name.size(); ++i) {
    if (!digit(input_name[i]) || digit(input_name[i - 1]) || !find_date(input_name.substr(i, 10))) continue;
    input_name = input_name.substr(0, i);
    while (input_name.size() > 1 && (input_name.back() == '-' || input_name.back() == '_' || input_name.back() == '.'))
      input_name.remove_suffix(1);
  }
  return input_name.empty() || input_name == "-" ? "list" : escape_text(input_name, kMaxName);
}

std::optional<std::int64_t> find_date(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!digit(text[i]) || (i > 0 && digit(text[i - 1]))) continue;
    std::string day;
    std::size_t end = 0;
    if (digits_at(text, i, 4) && i + 10 <= text.size() && (text[i + 4] == '-' || text[i + 4] == '/') &&
        digits_at(text, i + 5, 2) && text[i + 7] == text[i + 4] && digits_at(text, i + 8, 2)) {
      day = std::string(text.substr(i, 4)) + "-" + std::string(text.substr(i + 5, 2)) + "-" +
            std::string(text.substr(i + 8, 2));
      end = i + 10;
    } else if (digits_at(text, i, 8) && !digits_at(text, i + 8, 1)) {
      day = std::string(text.substr(i, 4)) + "-" + std::string(text.substr(i + 4, 2)) + "-" +
            std::string(text.substr(i + 6, 2));
      end = i + 8;
    } else {
      continue;
    }
    std::string with_time = day;
    if (end + 6 <= text.size() && (text[end] == 'T' || text[end] == ' ' || text[end] == '-') &&
        digits_at(text, end + 1, 2) && (text[end + 3] == ':' || text[end + 3] == '-') && digits_at(text, end + 4, 2)) {
      with_time += "T" + std::string(text.substr(end + 1, 2)) + ":" + std::string(text.substr(end + 4, 2));
      if (end + 9 <= text.size() && text[end + 6] == text[end + 3] && digits_at(text, end + 7, 2))
        with_time += ":" + std::string(text.substr(end + 7, 2));
    }
    for (const std::string& one : {with_time, day})
      if (const auto time = Timestamp::parse(one); time && fits(time->us)) return time->us;
  }
  return std::nullopt;
}

IndicatorRows::IndicatorRows(DecodeContext& context, std::string_view purpose, std::string_view name)
    : emitter_(context.emitter) {
  const ListOptions& list = context.options.list;
  purpose_given_ = !list.purpose.empty();
  purpose_ =
      purpose_given_ ? list.purpose : std::string(purpose.empty() ? purpose_of_folder(emitter_.source()) : purpose);
  name_given_ = !list.name.empty();
  name_ = name_given_    ? escape_text(list.name, kMaxName)
          : name.empty() ? list_name_from_input(emitter_.source())
                         : escape_text(name, kMaxName);
  date_given_ = dated_ = list.date.has_value();
  time_ = list.date ? list.date->us : (list.read.us != 0 ? list.read.us : emitter_.now().us);
}

void IndicatorRows::own_purpose(std::string_view purpose) {
  if (!purpose_given_) purpose_ = purpose;
}
void IndicatorRows::own_name(std::string_view name) {
  if (!name_given_ && !name.empty()) name_ = escape_text(name, kMaxName);
}
void IndicatorRows::own_date(std::int64_t us) {
  if (date_given_ || !fits(us)) return;
  time_ = us;
  dated_ = true;
}

Result<void> IndicatorRows::need_purpose(std::string_view what) const {
  if (!purpose_.empty()) return {};
  return Failure(ErrorCode::kUnsupported,
                 std::string(what) +
                     " does not say what it is for; read it with --list-purpose threat (or tor, hosting, "
                     "cdn, vpn, proxy, pool, content)");
}

bool IndicatorRows::is_indicator(std::string_view value) {
  AddressSpan span;
  return read_address_span(value, span) || !canonical_url(value).empty() || !canonical_hash(value).empty() ||
         !canonical_domain(value).empty();
}

bool IndicatorRows::fill(Kind kind, std::string_view value, Indicator& row) {
  const bool any = kind == Kind::kAny;
  AddressSpan span;
  if ((any || kind == Kind::kAddress || kind == Kind::kDomain) && read_address_span(value, span)) {
    row.kind = span.single ? "address" : "prefix";
    row.first = span.first;
    row.last = span.last;
    text_ = span.text;
  } else if ((any || kind == Kind::kUrl) && !(text_ = canonical_url(value)).empty()) {
    row.kind = "url";
  } else if ((any || kind == Kind::kHash) && !(text_ = canonical_hash(value)).empty()) {
    row.kind = "hash";
  } else if ((any || kind == Kind::kDomain) && !(text_ = canonical_domain(value)).empty()) {
    row.kind = "domain";
  } else if (kind == Kind::kJa3 && (text_ = canonical_hash(value)).size() == 32) {
    row.kind = "ja3";
  } else if (kind == Kind::kJa4 && value.size() >= 10 && value.size() <= kMaxFingerprint &&
             value.find('_') != std::string_view::npos) {
    row.kind = "ja4";
    text_ = escape_text(value, kMaxFingerprint);
  } else {
    return false;
  }
  row.indicator = text_;
  return true;
}

bool IndicatorRows::add(Kind kind, std::string_view value, const ListEntry& entry) {
  Indicator row;
  if (!fill(kind, value, row)) {
    emitter_.weird("bad-indicator", value);
    return false;
  }
  row.time = entry.time && !date_given_ ? *entry.time : time_;
  row.purpose = purpose_given_ || entry.purpose.empty() ? std::string_view(purpose_) : entry.purpose;
  list_ = name_given_ || entry.list.empty() ? name_ : escape_text(entry.list, kMaxName);
  row.source_list = list_;
  label_ = escape_text(entry.label, kMaxLabel);
  if (!label_.empty()) row.label = label_;
  reference_ = escape_text(entry.reference, kMaxName);
  if (!reference_.empty()) row.reference = reference_;
  if (entry.valid_from && fits(*entry.valid_from)) row.valid_from = entry.valid_from;
  if (entry.valid_until && fits(*entry.valid_until)) row.valid_until = entry.valid_until;
  row.confidence = entry.confidence;
  emitter_.add(row);
  return true;
}

}  // namespace rw
