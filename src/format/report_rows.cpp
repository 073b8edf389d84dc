// Names, places and identities of mail reports.
#include "format/report_rows.h"

#include <algorithm>

#include "message/address.h"

namespace rw {
namespace {

constexpr std::int64_t kMicroseconds = 1'000'000;
constexpr std::size_t kMaxDomain = 253;  // RFC 1035 2.3.4, as text

}  // namespace

std::string_view one_of(std::string_view text, std::span<const std::string_view> values) {
  for (const std::string_view value : values)
    if (value.size() == text.size() &&
        std::equal(text.begin(), text.end(), value.begin(), [](char a, char b) { return lower(a) == b; }))
      return value;
  return {};
}

Bytes peek_all(StreamReader& input, std::size_t limit) {
  Bytes bytes = input.peek(1);
  for (std::size_t before = 0; bytes.size() > before && bytes.size() <= limit;) {
    before = bytes.size();
    bytes = input.peek(std::min(limit + 1, before * 2));
  }
  return bytes;
}

bool report_domain(std::string_view text, std::string& out) {
  out.clear();
  text = trimmed(text);
  while (!text.empty() && (text.front() == '<' || text.front() == '"')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == '>' || text.back() == '"' || text.back() == '.')) text.remove_suffix(1);
  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) text.remove_prefix(at + 1);
  if (text.empty() || text.size() > kMaxDomain * 4) return false;
  bool plain = text.size() <= kMaxDomain && text.front() != '.';
  char before = '.';
  for (const char c : text) {
    const char small = lower(c);
    const bool good = (small >= 'a' && small <= 'z') || (small >= '0' && small <= '9') || small == '-' ||
                      small == '_' || (small == '.' && before != '.');
    if (!good) {
      plain = false;
      break;
    }
    out += small;
    before = small;
  }
  if (plain) return true;
  out.clear();
  // Only what is not ASCII can still be a name: an internationalised one that the reporter did not encode.
  if (std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }))
    return false;
  out = normalised_domain(text);
  return !out.empty();
}

ReportName parse_report_name(std::string_view name) {
  ReportName out;
  if (const std::size_t slash = name.find_last_of("/\\"); slash != std::string_view::npos)
    name.remove_prefix(slash + 1);
  // A path of ours may go before the name ("mails.zip!google.com!example.org!…"): the times say where the rest is.
  std::array<std::string_view, 16> parts{};
  std::size_t count = 0;
  while (count < parts.size()) {
    const std::size_t end = std::min(name.find('!'), name.size());
    parts[count++] = name.substr(0, end);
    if (end == name.size()) break;
    name.remove_prefix(end + 1);
  }
  for (std::size_t i = 2; i + 1 < count; ++i) {
    const std::string_view end = parts[i + 1].substr(0, parts[i + 1].find('.'));
    std::int64_t from = 0, to = 0;
    if (parts[i].size() < 9 || parts[i].size() > 10 || !read_integer(parts[i], from) || !read_integer(end, to))
      continue;
    if (to < from || !report_domain(parts[i - 1], out.domain)) continue;
    report_domain(parts[i - 2], out.receiver);
    out.begin = from * kMicroseconds;
    out.end = to * kMicroseconds;
    break;
  }
  return out;
}

ReportRows::ReportRows(DecodeContext& context, const ReportOrigin& origin) : context_(context), origin_(origin) {
  if (!origin.attached) return;
  const std::uint64_t resume = context.emitter.resume_offset();
  // A message that was cut off when the input was read before is read anew, and what is known of it is left out by the
  // memory of reports.
  const bool cut_before = origin.message_offset < resume && resume < origin.message_offset + origin.message_bytes;
  context.emitter.at(cut_before ? resume : origin.message_offset);
  old_ = context.emitter.offset() < resume;
}

void ReportRows::at(std::uint64_t offset) {
  if (!origin_.attached) context_.emitter.at(offset);
}

void ReportRows::weird(std::string_view code, std::string_view detail) {
  if (!origin_.attached || origin_.name.empty()) return context_.emitter.weird(code, detail);
  std::string text = origin_.name;
  if (!detail.empty()) (text += ": ") += detail;
  context_.emitter.weird(code, text);
}

void ReportRows::add(const MailRow& row) {
  if (rows_++ == 0) {
    begins_ = row.time;
    old_ = old_ || context_.emitter.offset() < context_.emitter.resume_offset();
    // Some reporters number several reports alike: what the first row says belongs to the identity.
    const auto part = [this](std::string_view text) { (identity_ += text) += '\0'; };
    part(row.source ? row.source->to_string() : "");
    for (const std::string_view text : {row.kind, row.domain, row.header_from, row.disposition, row.dkim_aligned,
                                        row.spf_aligned, row.result, row.receiver})
      part(text);
    part(std::to_string(row.messages));
    part(std::to_string(row.time));
    part(std::to_string(row.end_time));
    if (context_.reports != nullptr && !old_) known_ = context_.reports->taken(identity_);
  }
  if (rows_ <= known_)
    context_.emitter.skipped("repeated-row");
  else
    context_.emitter.add(row);
}

void ReportRows::finish() {
  // What lies in a message before the new part of a grown input was remembered when it was taken.
  if (context_.reports != nullptr && rows_ > known_ && !(old_ && origin_.attached))
    context_.reports->take(identity_, rows_, Timestamp{begins_});
}

}  // namespace rw
