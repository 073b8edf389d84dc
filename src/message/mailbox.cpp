// Reading mailboxes: where a message begins, what the mailbox added, and how files of mail look.
#include "message/mailbox.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "message/message.h"
#include "message/utf8.h"

namespace rw {
namespace {

constexpr std::size_t kLineAhead = 64 << 10;  // a line is looked at in pieces of this
constexpr std::size_t kFieldAhead = 1024;     // bytes of the line behind a separator: enough for a field's name
constexpr std::size_t kMaxSeparator = 1024;   // a "From " line holds an address and a date
constexpr std::size_t kMeasureAhead = StreamReader::kDefaultWindow - 4096;  // so that the window does not grow for it
constexpr unsigned kMaxBadMeasures = 16;      // then the field is not believed any more: looking ahead costs
constexpr std::size_t kKeptBuffer = 8 << 20;  // a larger buffer goes back once its message has been read
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool is_blank(std::string_view line) { return line == "\n" || line == "\r\n"; }

bool begins_field(std::string_view line) {
  std::size_t end = 0;
  while (end < line.size() && line[end] > 32 && line[end] < 127 && line[end] != ':') ++end;
  return end > 0 && end < line.size() && line[end] == ':';
}

// The next word of a "From " line.
std::string_view take_word(std::string_view& text) {
  while (!text.empty() && is_wsp(text[0])) text.remove_prefix(1);
  const std::size_t end = std::min(text.find_first_of(" \t\r\n"), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}
bool is_time(std::string_view word) {  // 2:09, 02:09, 02:09:16
  const std::size_t colon = word.find(':');
  if (colon == 0 || colon > 2 || word.size() < colon + 3) return false;
  return is_digit(word[0]) && is_digit(word[colon + 1]) && is_digit(word[colon + 2]);
}
bool is_year(std::string_view word) {
  return word.size() == 4 && std::ranges::all_of(word, is_digit) && (word[0] == '1' || word[0] == '2');
}
bool is_one_of(std::string_view word, std::string_view names) {  // three letters each
  for (std::size_t i = 0; word.size() == 3 && i < names.size(); i += 3)
    if (same_folded(word, names.substr(i, 3))) return true;
  return false;
}

enum class Separator : std::uint8_t { kNone, kDated, kExact };
// kExact: weekday, month, day, time and year in the order of ctime(); kDated: a time and a year.
Separator separator_kind(std::string_view line) {
  if (!line.starts_with("From ") || line.size() > kMaxSeparator) return Separator::kNone;
  std::string_view rest = line.substr(5);
  unsigned step = 0;  // of ctime(): weekday, month, day, time, and after any zone the year
  bool time = false, year = false;
  for (std::string_view word = take_word(rest); !word.empty(); word = take_word(rest)) {
    time |= is_time(word);
    year |= is_year(word);
    if (step == 0 || (step < 4 && is_one_of(word, "SunMonTueWedThuFriSat")))
      step = is_one_of(word, "SunMonTueWedThuFriSat") ? 1 : 0;
    else if (step == 1)
      step = is_one_of(word, "JanFebMarAprMayJunJulAugSepOctNovDec") ? 2 : 0;
    else if (step == 2)
      step = word.size() <= 2 && std::ranges::all_of(word, is_digit) ? 3 : 0;
    else if (step == 3)
      step = is_time(word) ? 4 : 0;
    else if (step == 4 && is_year(word))
      step = 5;
  }
  if (step == 5) return Separator::kExact;
  return time && year ? Separator::kDated : Separator::kNone;
}

std::string_view first_line(std::string_view text) { return text.substr(0, std::min(text.find('\n'), text.size())); }
std::string_view behind_line(std::string_view text) {
  return text.substr(std::min(text.find('\n'), text.size() - 1) + 1);
}

// Apple's emlx: the first line is the message's length, a property list follows it.
bool is_emlx(std::string_view head, std::uint64_t& length) {
  const std::string_view line = trimmed(first_line(head));
  if (line.empty() || line.size() > 10 || !std::ranges::all_of(line, is_digit) || line.size() == head.size())
    return false;
  if (!begins_field(first_line(behind_line(head)))) return false;
  length = 0;
  for (const char c : line) length = length * 10 + static_cast<std::uint64_t>(c - '0');
  return length > 0;
}

std::string_view skipped_blank(std::string_view text) {
  while (text.starts_with('\n') || text.starts_with("\r\n")) text.remove_prefix(text[0] == '\n' ? 1 : 2);
  return text;
}

}  // namespace

std::string_view MboxReader::ahead() {
  std::string_view window = as_text(input_.peek(1));
  std::size_t searched = 0;
  for (;;) {
    const void* newline =
        window.size() == searched ? nullptr : std::memchr(window.data() + searched, '\n', window.size() - searched);
    if (newline != nullptr)
      return window.substr(0, static_cast<std::size_t>(static_cast<const char*>(newline) - window.data()) + 1);
    searched = window.size();
    if (searched >= kLineAhead) return window.substr(0, kLineAhead);
    window = as_text(input_.peek(searched + 1));
    if (window.size() == searched) return window;  // the input ends here
  }
}

void MboxReader::start() {
  started_ = true;
  std::string_view head = as_text(input_.peek(4096));
  if (head.starts_with(kByteOrderMark)) {
    input_.consume(kByteOrderMark.size());
    head.remove_prefix(kByteOrderMark.size());
  }
  if (rw::is_mbox(as_bytes(head)) > 0) {
    input_.consume(head.size() - skipped_blank(head).size());
    mbox_ = open_ = true;
    from_offset_ = input_.offset();
    const std::string_view line = ahead();
    from_line_ = trimmed(line);
    input_.consume(line.size());
    return;
  }
  if (is_emlx(head, framed_)) input_.consume(head.size() - behind_line(head).size());
  open_ = !input_.at_end();
}

bool MboxReader::next(MailboxMessage& message) {
  if (bytes_.capacity() > kKeptBuffer) bytes_ = std::string();
  bytes_.clear();
  message = {};
  cut_ = false;
  if (!started_) start();
  if (!open_) return false;
  if (mbox_) return next_of_mbox(message);
  read_single(message);
  open_ = false;
  return true;
}

void MboxReader::append(std::string_view text) {
  const std::size_t room = kMaxMessageBytes - bytes_.size();
  cut_ |= text.size() > room;
  bytes_ += text.substr(0, room);
}

void MboxReader::read_single(MailboxMessage& message) {
  message.offset = input_.offset();
  while (framed_ == 0 || message.size < framed_) {
    const std::string_view window = as_text(input_.peek(1));
    if (window.empty()) break;
    const std::size_t taken =
        framed_ == 0 ? window.size()
                     : static_cast<std::size_t>(std::min<std::uint64_t>(window.size(), framed_ - message.size));
    append(window.substr(0, taken));
    message.size += taken;
    input_.consume(taken);
  }
  message.bytes = bytes_;
  // A message out of an mbox, saved with its line: that is none of its header.
  if (message.bytes.starts_with("From ") && begins_field(first_line(behind_line(message.bytes)))) {
    message.from_line = trimmed(first_line(message.bytes));
    message.bytes = behind_line(message.bytes);
  }
  message.cut = cut_;
}

// Whether a field follows the line that lies ahead.
bool MboxReader::separates(std::string_view line, bool behind_blank) {
  const Separator kind = separator_kind(line);
  if (kind == Separator::kNone) return false;
  const bool measured = input_.offset() < measured_until_;
  const bool at_measure = measured_until_ != 0 && input_.offset() == measured_until_;
  if ((behind_blank || at_measure) && !measured) return true;
  if (kind != Separator::kExact || (measured && !behind_blank)) return false;
  const std::size_t length = line.size();
  const std::string_view window = as_text(input_.peek(length + kFieldAhead));
  std::string_view behind = window.substr(std::min(length, window.size()));
  if (behind.starts_with(">From ")) behind = behind_line(behind);
  return begins_field(first_line(behind));
}

// At the end of a header: a Content-Length that ends right at the end or at a separator is believed.
void MboxReader::measure() {
  if (bad_measures_ >= kMaxBadMeasures) return;
  const Message header = parse_header(bytes_);
  const HeaderField* const field = header.find("content-length");
  if (field == nullptr) return;
  const std::string_view digits = trimmed(field->body);
  if (digits.empty() || digits.size() > 9 || !std::ranges::all_of(digits, is_digit)) return;
  std::size_t length = 0;
  for (const char c : digits) length = length * 10 + static_cast<std::size_t>(c - '0');
  if (length == 0 || length > kMeasureAhead) return;
  const std::string_view window = as_text(input_.peek(length + kFieldAhead));
  const std::string_view behind = window.size() < length ? "?" : skipped_blank(window.substr(length));
  if (behind.empty() || separator_kind(first_line(behind)) != Separator::kNone)
    measured_until_ = input_.offset() + length;
  else
    ++bad_measures_;
}

bool MboxReader::next_of_mbox(MailboxMessage& message) {
  message.offset = from_offset_;
  std::string from_line = std::move(from_line_);
  bool behind_blank = false, in_line = false, in_header = true;
  open_ = false;
  measured_until_ = 0;
  for (;;) {
    std::string_view line = ahead();
    if (line.empty()) break;
    const std::size_t length = line.size();
    if (!in_line && line[0] == 'F' && separates(line, behind_blank)) {
      open_ = true;
      message.size = input_.offset() - message.offset;
      from_offset_ = input_.offset();
      line = ahead();  // looking ahead may have moved it
      from_line_ = trimmed(line);
      input_.consume(length);
      break;
    }
    line = ahead();
    const bool blank = !in_line && is_blank(line);
    if (!in_line && line[0] == '>') {
      const std::size_t quotes = line.find_first_not_of('>');
      if (quotes != std::string_view::npos && line.substr(quotes).starts_with("From ")) {
        ++message.unquoted;
        // In front of the header it is an old relay's trace, which is no field.
        line = in_header && bytes_.empty() ? std::string_view() : line.substr(1);
      }
    }
    append(line);
    in_line = line.empty() ? false : line.back() != '\n';
    behind_blank = blank;
    input_.consume(length);
    if (blank && in_header) {
      in_header = false;
      measure();
    }
  }
  if (!open_) message.size = input_.offset() - message.offset;
  // The mailbox's own empty line behind each message.
  std::string_view bytes = bytes_;
  if (!cut_ && behind_blank && bytes.size() > 1 && !is_blank(bytes)) {
    const std::string_view shorter = bytes.substr(0, bytes.size() - (bytes.ends_with("\r\n") ? 2 : 1));
    // The only empty line of a message is what ends its header.
    if (shorter.ends_with('\n') && (shorter.ends_with("\n\n") || shorter.ends_with("\n\r\n") || !in_header))
      bytes = shorter;
  }
  from_line.swap(from_text_);
  message.from_line = from_text_;
  message.bytes = bytes;
  message.cut = cut_;
  return true;
}

int is_mbox(Bytes head) {
  std::string_view text = as_text(head);
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  text = skipped_blank(text);
  if (!text.starts_with("From ")) return 0;
  const std::string_view line = first_line(text);
  std::string_view behind = line.size() < text.size() ? text.substr(line.size() + 1) : std::string_view();
  if (behind.starts_with(">From ")) behind = behind_line(behind);
  const bool field = begins_field(first_line(behind));
  switch (separator_kind(line)) {
    case Separator::kExact: return field ? 99 : 90;
    case Separator::kDated: return field ? 90 : 50;
    case Separator::kNone: return 0;
  }
  return 0;
}

int is_mail_message(Bytes head) {
  static constexpr std::array<std::string_view, 18> kNames = {"from",           "to",          "cc",
                                                              "subject",        "date",        "received",
                                                              "message-id",     "return-path", "mime-version",
                                                              "reply-to",       "sender",      "delivered-to",
                                                              "dkim-signature", "x-mailer",    "authentication-results",
                                                              "in-reply-to",    "references",  "envelope-to"};
  std::string_view text = as_text(head);
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::uint64_t length = 0;
  if (is_emlx(text, length)) text = behind_line(text);
  if (text.starts_with("From ") || text.starts_with(">From ")) text = behind_line(text);
  // What lies behind the last line end may be half a line.
  if (text.find('\n') == std::string_view::npos) return 0;
  const Message message = parse_header(text.substr(0, text.rfind('\n') + 1));
  if (message.has(MessageDefect::kNoHeader) || message.has(MessageDefect::kNul)) return 0;
  const auto known =
      std::ranges::count_if(kNames, [&](std::string_view name) { return message.find(name) != nullptr; });
  const bool author = message.find("from") != nullptr, trace = message.find("received") != nullptr;
  int sure = known >= 3 ? 95 : known == 2 ? 75 : known == 1 && (author || trace) ? 40 : 0;
  if (sure == 95 && !author && !trace) sure = 60;
  return message.has(MessageDefect::kNoBlankLine) ? sure / 2 : sure;
}

MaildirName parse_maildir_path(std::string_view path) {
  MaildirName name;
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return name;
  std::string_view file = path.substr(slash + 1), folder = path.substr(0, slash);
  folder = folder.substr(folder.rfind('/') + 1);  // npos + 1 is 0
  name.temporary = folder == "tmp";
  name.in_maildir = folder == "cur" || folder == "new";
  const std::size_t info = file.find(":2,");
  name.unique = file.substr(0, info);
  if (info != std::string_view::npos) name.flags = file.substr(info + 3);
  return name;
}

}  // namespace rw
