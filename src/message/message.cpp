// Splitting a message into its header fields and its body: one pass over the header's lines.
#include "message/message.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "message/utf8.h"

namespace rw {
namespace {

constexpr std::size_t kMaxLine = 998;  // RFC 5322 2.1.1, without CRLF

// RFC 5322 2.2: printable ASCII but the colon.
bool is_name_char(char c) { return c > 32 && c < 127 && c != ':'; }

void note(Message& message, MessageDefect defect) {
  if (!message.has(defect)) message.defects.push_back(defect);
}

// What a line of a header is. Its end is told without the line end.
struct FieldStart {
  std::size_t name_end = 0;  // 0: the line begins no field
  std::size_t colon = 0;
};
FieldStart field_start(std::string_view line) {
  std::size_t end = 0;
  while (end < line.size() && is_name_char(line[end])) ++end;
  std::size_t colon = end;
  while (colon < line.size() && is_wsp(line[colon])) ++colon;
  if (end == 0 || colon == line.size() || line[colon] != ':') return {};
  return {end, colon};
}

std::string_view without_line_end(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

// Whether lines end otherwise than those before: the first LF of the other kind decides.
struct LineEnds {
  bool crlf = false, lf = false;

  void see(std::string_view line) {
    if (!line.ends_with('\n')) return;
    (line.size() > 1 && line[line.size() - 2] == '\r' ? crlf : lf) = true;
  }
  bool mixed() const { return crlf && lf; }
  void look_through(std::string_view body) {
    const char* at = body.data();
    const char* const end = at + body.size();
    const auto next = [&](char c) {
      return at == end ? nullptr : static_cast<const char*>(std::memchr(at, c, static_cast<std::size_t>(end - at)));
    };
    if (!crlf && !lf) {
      const char* const newline = next('\n');
      if (newline == nullptr) return;
      (newline > body.data() && newline[-1] == '\r' ? crlf : lf) = true;
      at = newline + 1;
    }
    if (lf && !crlf) {  // seldom any CR: quicker to look for than every LF
      for (const char* found = next('\r'); found != nullptr && !crlf; found = next('\r')) {
        crlf = found + 1 < end && found[1] == '\n';
        at = found + 1;
      }
      return;
    }
    for (const char* found = next('\n'); found != nullptr && !lf; found = next('\n')) {
      lf = found == body.data() || found[-1] != '\r';
      at = found + 1;
    }
  }
};

class HeaderParser {
 public:
  explicit HeaderParser(std::string_view bytes) : bytes_(bytes) {}

  Message parse(bool look_into_body) {
    message_.fields.reserve(32);
    while (at_ < bytes_.size() && take_line()) {
    }
    close_field(at_);
    message_.header = bytes_.substr(0, at_);
    if (!ended_) message_.body = bytes_.substr(bytes_.size());
    check_bytes();
    if (look_into_body && !ends_.mixed()) ends_.look_through(message_.body);
    if (ends_.mixed()) note(message_, MessageDefect::kMixedLineEnds);
    return std::move(message_);
  }

 private:
  // False where the header ends; at_ stays on the line that ended it.
  bool take_line() {
    const std::size_t reach = std::min(bytes_.size(), kMaxHeaderBytes + 2);
    const void* newline = at_ < reach ? std::memchr(bytes_.data() + at_, '\n', reach - at_) : nullptr;
    const std::size_t end = newline == nullptr
                                ? bytes_.size()
                                : static_cast<std::size_t>(static_cast<const char*>(newline) - bytes_.data()) + 1;
    const std::string_view raw = bytes_.substr(at_, end - at_);
    const std::string_view line = without_line_end(raw);
    if (line.empty()) {
      ends_.see(raw);
      return end_header(end);
    }
    if (end > kMaxHeaderBytes) return end_too_large();
    ends_.see(raw);
    if (line.size() > kMaxLine) note(message_, MessageDefect::kLineTooLong);
    if (is_wsp(line[0])) {
      if (!open_) return end_without_blank();
      if (line.find_first_not_of(" \t") == std::string_view::npos) note(message_, MessageDefect::kBlankFold);
    } else {
      const FieldStart start = field_start(line);
      if (start.name_end == 0) return end_without_blank();
      close_field(at_);
      if (message_.fields.size() == kMaxHeaderFields) return end_too_large();
      if (start.colon != start.name_end) note(message_, MessageDefect::kSpaceBeforeColon);
      open_ = true;
      field_at_ = at_;
      start_ = start;
    }
    at_ = end;
    return true;
  }

  bool end_header(std::size_t body) {
    ended_ = true;
    message_.body = bytes_.substr(body);
    return false;
  }
  bool end_without_blank() {
    note(message_, at_ == 0 ? MessageDefect::kNoHeader : MessageDefect::kNoBlankLine);
    return end_header(at_);
  }
  bool end_too_large() {
    note(message_, MessageDefect::kHeaderTooLarge);
    return end_header(bytes_.size());
  }

  void close_field(std::size_t end) {
    if (!open_) return;
    open_ = false;
    const std::string_view raw = bytes_.substr(field_at_, end - field_at_);
    message_.fields.push_back({raw.substr(0, start_.name_end), without_line_end(raw).substr(start_.colon + 1), raw});
  }

  void check_bytes() {
    const std::string_view header = message_.header;
    if (header.find('\0') != std::string_view::npos) note(message_, MessageDefect::kNul);
    if (!valid_utf8(header)) note(message_, MessageDefect::kEightBit);
    for (std::size_t at = header.find('\r'); at != std::string_view::npos; at = header.find('\r', at + 1)) {
      if (at + 1 < header.size() && header[at + 1] == '\n') continue;
      note(message_, MessageDefect::kBareCr);
      break;
    }
  }

  std::string_view bytes_;
  Message message_;
  LineEnds ends_;
  std::size_t at_ = 0, field_at_ = 0;
  FieldStart start_;
  bool open_ = false, ended_ = false;
};

}  // namespace

std::string_view to_string(MessageDefect defect) {
  static constexpr std::array<std::string_view, 10> kNames = {
      "no-header", "no-blank-line", "header-too-large",   "nul",       "bare-cr", "mixed-line-ends",
      "eight-bit", "line-too-long", "space-before-colon", "blank-fold"};
  return kNames[static_cast<std::size_t>(defect)];
}

const HeaderField* Message::find(std::string_view name) const {
  const auto found = std::ranges::find_if(fields, [&](const HeaderField& f) { return same_folded(f.name, name); });
  return found == fields.end() ? nullptr : &*found;
}

std::size_t Message::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(fields, [&](const HeaderField& f) { return same_folded(f.name, name); }));
}

bool Message::has(MessageDefect defect) const { return std::ranges::find(defects, defect) != defects.end(); }

Message parse_message(std::string_view bytes) { return HeaderParser(bytes).parse(true); }
Message parse_header(std::string_view bytes) { return HeaderParser(bytes).parse(false); }

std::vector<std::string_view> repeated_fields(const Message& message) {
  static constexpr std::array<std::string_view, 15> kOnce = {"from",
                                                             "sender",
                                                             "reply-to",
                                                             "to",
                                                             "cc",
                                                             "bcc",
                                                             "date",
                                                             "subject",
                                                             "message-id",
                                                             "in-reply-to",
                                                             "references",
                                                             "mime-version",
                                                             "content-type",
                                                             "content-transfer-encoding",
                                                             "content-disposition"};
  std::vector<std::string_view> repeated;
  for (const std::string_view name : kOnce)
    if (message.count(name) > 1) repeated.push_back(name);
  return repeated;
}

std::string unfolded(std::string_view body) {
  std::string out;
  body = trimmed(body);
  out.reserve(body.size());
  while (!body.empty()) {
    const std::size_t newline = body.find('\n');
    if (newline == std::string_view::npos) break;
    std::string_view line = body.substr(0, newline);
    const bool folds = newline + 1 < body.size() && is_wsp(body[newline + 1]);
    if (folds && line.ends_with('\r')) line.remove_suffix(1);
    out += line;
    if (!folds) out += '\n';  // no fold: a caller gave more than one field's body
    body.remove_prefix(newline + 1);
  }
  out += body;
  return out;
}

}  // namespace rw
