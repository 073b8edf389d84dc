// The protocol: commands one after the other, answers read with their literals.
#include "mail/imap.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "message/mailbox.h"
#include "message/utf8.h"

namespace rw {
namespace {

// Bounds on what a server may send. A line is an envelope of literals and flags; a capability list has 500 bytes.
constexpr std::size_t kMaxLine = 64 << 10;
constexpr std::size_t kMaxSearchLine = std::size_t{64} << 20;  // UID SEARCH answers on one line: 10 bytes a message
constexpr std::size_t kMaxUntagged = 10'000'000;               // answers to one command
constexpr std::size_t kMaxLiterals = 16;                       // of one answer: a FETCH of ours has one
constexpr std::size_t kFetchAtOnce = 100;                      // UIDs in one command, so that its line stays short

bool no_control(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

// RFC 9051 4.3: quoted, where every character can be.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

// Mailbox names in modified UTF-7 (RFC 3501 5.1.3), which servers of both revisions take.
std::string mailbox_name(std::string_view utf8) {
  constexpr char kLetters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";
  std::string out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  bool shifted = false;
  const auto put = [&](std::uint32_t unit) {
    bits = bits << 16 | unit;
    count += 16;
    while (count >= 6) {
      out += kLetters[bits >> (count - 6) & 63];
      count -= 6;
      bits &= (1U << count) - 1;
    }
  };
  const auto leave = [&] {
    if (!shifted) return;
    if (count > 0) out += kLetters[bits << (6 - count) & 63];
    out += '-';
    bits = 0, count = 0, shifted = false;
  };
  for (std::size_t i = 0; i < utf8.size();) {
    const CodePoint point = code_point_at(utf8.substr(i));
    i += point.bytes;
    if (point.value >= 0x20 && point.value < 0x7F) {
      leave();
      out += static_cast<char>(point.value);
      if (point.value == '&') out += '-';
      continue;
    }
    if (!shifted) out += '&', shifted = true;
    if (point.value >= 0x10000) {
      put(0xD800 + ((point.value - 0x10000) >> 10));
      put(0xDC00 + ((point.value - 0x10000) & 0x3FF));
    } else {
      put(point.value);
    }
  }
  leave();
  return quoted(out);
}

bool read_number(std::string_view text, std::uint64_t& out) {
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && stop == text.data() + text.size() && !text.empty();
}

// The number that follows `word` in an answer.
bool number_after(std::string_view text, std::string_view word, std::uint64_t& out) {
  const std::size_t at = text.find(word);
  if (at == std::string_view::npos) return false;
  std::string_view rest = text.substr(at + word.size());
  return read_number(rest.substr(0, std::min(rest.find_first_not_of("0123456789"), rest.size())), out);
}

// What a server says, safe to show.
std::string shown(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 200)) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
  return out;
}

std::string base64(std::string_view bytes) {
  constexpr char kLetters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t word = 0;
    for (std::size_t k = 0; k < 3; ++k)
      word = word << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) out += i + k > bytes.size() ? '=' : kLetters[word >> (18 - 6 * k) & 63];
  }
  return out;
}

bool percent_decoded(std::string_view text, std::string& out) {
  out.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return false;
    const int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return false;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return no_control(out) && valid_utf8(out);
}

}  // namespace

std::string ImapUrl::text() const {
  return "imaps://" + user + "@" + host + (port == 993 ? "" : ":" + std::to_string(port)) + "/" + mailbox;
}

Result<ImapUrl> parse_imap_url(std::string_view text) {
  const auto wrong = [&](const std::string& why) {
    return Failure(ErrorCode::kUsage,
                   "'" + shown(text) + "' is no address of a mailbox: " + why + ". Write imaps://user@host/INBOX");
  };
  ImapUrl url;
  std::string_view rest = text;
  if (lowered(rest.substr(0, 7)) == "imap://") return wrong("imap:// would send the password unprotected");
  if (lowered(rest.substr(0, 8)) != "imaps://") return wrong("it does not begin with imaps://");
  rest.remove_prefix(8);
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  std::string_view authority = rest.substr(0, slash);
  std::string_view path = rest.substr(std::min(slash + 1, rest.size()));
  const std::size_t at = authority.rfind('@');
  if (at == std::string_view::npos || at == 0) return wrong("the user is missing");
  std::string_view user = authority.substr(0, at);
  if (const std::size_t auth = user.find(";"); auth != std::string_view::npos) user = user.substr(0, auth);
  if (user.find(':') != std::string_view::npos) return wrong("a password has no place in it, use --password-file");
  if (!percent_decoded(user, url.user)) return wrong("the user cannot be read");
  authority.remove_prefix(at + 1);
  std::size_t colon = authority.rfind(':');
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) return wrong("the host cannot be read");
    colon = authority.find(':', close);
  }
  if (colon != std::string_view::npos) {
    std::uint64_t port = 0;
    if (!read_number(authority.substr(colon + 1), port) || port == 0 || port > 65'535) return wrong("the port is none");
    url.port = static_cast<std::uint16_t>(port);
    authority = authority.substr(0, colon);
  }
  constexpr std::string_view kHost = "abcdefghijklmnopqrstuvwxyz0123456789.-_:[]";
  url.host = lowered(authority);
  if (url.host.empty() || url.host.find_first_not_of(kHost) != std::string::npos)
    return wrong("the host cannot be read");
  if (const std::size_t more = path.find(';'); more != std::string_view::npos) path = path.substr(0, more);
  if (!path.empty() && !percent_decoded(path, url.mailbox)) return wrong("the mailbox cannot be read");
  return url;
}

std::string imap_set(std::span<const std::uint32_t> uids) {
  std::string out;
  for (std::size_t i = 0; i < uids.size();) {
    std::size_t end = i;
    while (end + 1 < uids.size() && uids[end + 1] == uids[end] + 1) ++end;
    if (!out.empty()) out += ',';
    out += std::to_string(uids[i]);
    if (end > i) out += ":" + std::to_string(uids[end]);
    i = end + 1;
  }
  return out;
}

// ---- reading

Result<void> ImapMailbox::fill() {
  if (at_ > 0) buffer_.erase(0, at_), at_ = 0;
  std::array<char, 32 << 10> more;
  RW_ASSIGN(const std::size_t got, transport_->receive(more));
  buffer_.append(more.data(), got);
  return {};
}

Result<std::string> ImapMailbox::line() {
  for (std::size_t searched = at_;;) {
    const std::size_t end = buffer_.find('\n', searched);
    if (end != std::string::npos) {
      std::string text = buffer_.substr(at_, end - at_);
      at_ = end + 1;
      if (text.ends_with('\r')) text.pop_back();
      return text;
    }
    const std::size_t limit = buffer_.compare(at_, 8, "* SEARCH") == 0 ? kMaxSearchLine : kMaxLine;
    if (buffer_.size() - at_ > limit) return Failure(ErrorCode::kCorrupt, "the server sends a line without an end");
    searched = buffer_.size() - at_;
    RW_TRY(fill());
  }
}

Result<ImapMailbox::Answer> ImapMailbox::answer() {
  Answer out;
  for (;;) {
    RW_ASSIGN(const std::string text, line());
    out.text += text;
    // A literal follows: "{123}", RFC 9051 4.3 (and "{123+}", which servers do not send).
    const std::size_t open = text.ends_with('}') ? text.rfind('{') : std::string::npos;
    std::uint64_t size = 0;
    if (open == std::string::npos ||
        !read_number(std::string_view(text).substr(open + 1, text.size() - open - 2), size))
      return out;
    if (out.literals.size() >= kMaxLiterals || out.text.size() > kMaxLine)
      return Failure(ErrorCode::kCorrupt, "the server's answer has no end");
    const bool keep = size <= kMaxMessageBytes;
    std::string literal;
    while (size > 0) {
      if (at_ >= buffer_.size()) RW_TRY(fill());
      const std::size_t count = std::min<std::uint64_t>(size, buffer_.size() - at_);
      if (keep) literal.append(buffer_, at_, count);
      if (!keep) out.passed_over += count;
      at_ += count;
      size -= count;
    }
    out.literals.push_back(std::move(literal));
  }
}

Result<std::string> ImapMailbox::command(std::string_view text, const Untagged& untagged) {
  const std::string tag = "rw" + std::to_string(next_tag_++);
  RW_TRY(transport_->send(tag + " " + std::string(text) + "\r\n"));
  for (std::size_t answers = 0; answers < kMaxUntagged; ++answers) {
    RW_ASSIGN(Answer got, answer());
    if (got.text.starts_with(tag + " ")) return got.text.substr(tag.size() + 1);
    if (got.text.starts_with("* BYE"))
      return Failure(ErrorCode::kIo, "the server said goodbye: " + shown(got.text.substr(5)));
    if (got.text.starts_with("* ") && untagged) RW_TRY(untagged(got));
  }
  return Failure(ErrorCode::kCorrupt, "the server's answers have no end");
}

Result<void> ImapMailbox::must(std::string_view what, std::string_view text, const Untagged& untagged) {
  RW_ASSIGN(const std::string done, command(text, untagged));
  if (done.starts_with("OK")) return {};
  return Failure(ErrorCode::kUsage, std::string(what) + ": the server says " + shown(done));
}

// ---- opening

void ImapMailbox::take_capabilities(std::string_view text) {
  const std::size_t at = text.find("CAPABILITY ");
  if (at == std::string_view::npos) return;
  capabilities_.clear();
  std::string_view rest = text.substr(at + 11);
  rest = rest.substr(0, std::min(rest.find(']'), rest.size()));
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    capabilities_.push_back(lowered(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

bool ImapMailbox::can(std::string_view capability) const {
  return std::find(capabilities_.begin(), capabilities_.end(), capability) != capabilities_.end();
}

Result<void> ImapMailbox::log_in(const ImapLogin& login) {
  const Untagged capabilities = [this](Answer& got) -> Result<void> {
    take_capabilities(got.text);
    return {};
  };
  if (capabilities_.empty()) RW_TRY(must("cannot ask for its abilities", "CAPABILITY", capabilities));
  std::string text;
  // The initial response (RFC 4959) or LOGIN; either is inside of TLS.
  if (can("auth=plain") && can("sasl-ir"))
    text = "AUTHENTICATE PLAIN " + base64(std::string(1, '\0') + login.user + std::string(1, '\0') + login.password);
  else if (no_control(login.user) && no_control(login.password))
    text = "LOGIN " + quoted(login.user) + " " + quoted(login.password);
  else
    return Failure(ErrorCode::kUnsupported, "the password holds characters that this server's LOGIN cannot take");
  capabilities_.clear();
  RW_ASSIGN(const std::string done, command(text, capabilities));
  if (!done.starts_with("OK"))
    return Failure(ErrorCode::kUsage, "the server refused user and password: " + shown(done));
  take_capabilities(done);
  if (capabilities_.empty()) RW_TRY(must("cannot ask for its abilities", "CAPABILITY", capabilities));
  return {};
}

Result<void> ImapMailbox::select(const ImapLogin& login) {
  RW_TRY(must("cannot open " + login.mailbox, (login.change ? "SELECT " : "EXAMINE ") + mailbox_name(login.mailbox),
              [this](Answer& got) -> Result<void> {
                std::uint64_t number = 0;
                if (number_after(got.text, "UIDVALIDITY ", number)) uid_validity_ = static_cast<std::uint32_t>(number);
                if (got.text.ends_with(" EXISTS") && number_after(got.text, "* ", number))
                  messages_ = static_cast<std::uint32_t>(number);
                return {};
              }));
  if (uid_validity_ == 0)
    return Failure(ErrorCode::kUnsupported, "the server gives messages no lasting numbers (UIDVALIDITY)");
  return {};
}

Result<std::unique_ptr<ImapMailbox>> ImapMailbox::open(std::unique_ptr<ImapTransport> transport,
                                                       const ImapLogin& login) {
  std::unique_ptr<ImapMailbox> mailbox(new ImapMailbox(std::move(transport)));
  RW_ASSIGN(const Answer greeting, mailbox->answer());
  if (greeting.text.starts_with("* BYE"))
    return Failure(ErrorCode::kIo, "the server turns us away: " + shown(greeting.text.substr(5)));
  if (!greeting.text.starts_with("* OK")) return Failure(ErrorCode::kCorrupt, "no IMAP server answers there");
  mailbox->take_capabilities(greeting.text);
  RW_TRY(mailbox->log_in(login));
  RW_TRY(mailbox->select(login));
  return mailbox;
}

// ---- messages

Result<std::vector<std::uint32_t>> ImapMailbox::uids_from(std::uint32_t first) {
  std::vector<std::uint32_t> uids;
  RW_TRY(
      must("cannot list messages", "UID SEARCH UID " + std::to_string(first) + ":*", [&](Answer& got) -> Result<void> {
        std::string_view rest = got.text;
        if (!rest.starts_with("* SEARCH")) return {};
        rest.remove_prefix(8);
        while (!rest.empty()) {
          rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
          const std::size_t end = std::min(rest.find(' '), rest.size());
          std::uint64_t uid = 0;
          // "n:*" gives the last message where all are below n (RFC 9051 6.4.8).
          if (read_number(rest.substr(0, end), uid) && uid >= first && uid <= UINT32_MAX)
            uids.push_back(static_cast<std::uint32_t>(uid));
          rest.remove_prefix(end);
        }
        return {};
      }));
  std::sort(uids.begin(), uids.end());
  uids.erase(std::unique(uids.begin(), uids.end()), uids.end());
  return uids;
}

Result<void> ImapMailbox::fetch(std::span<const std::uint32_t> uids, const Visitor& visitor) {
  for (std::size_t begin = 0; begin < uids.size(); begin += kFetchAtOnce) {
    const auto some = uids.subspan(begin, std::min(kFetchAtOnce, uids.size() - begin));
    RW_TRY(must("cannot fetch messages", "UID FETCH " + imap_set(some) + " (UID BODY.PEEK[])",
                [&](Answer& got) -> Result<void> {
                  std::uint64_t uid = 0;
                  if (got.text.find(" FETCH (") == std::string::npos || got.literals.empty()) return {};
                  if (!number_after(got.text, "UID ", uid) ||
                      !std::binary_search(some.begin(), some.end(), static_cast<std::uint32_t>(uid)))
                    return {};  // nobody asked for it
                  if (got.passed_over == 0)
                    return visitor.message(static_cast<std::uint32_t>(uid), std::move(got.literals.front()));
                  if (visitor.too_large) visitor.too_large(static_cast<std::uint32_t>(uid), got.passed_over);
                  return {};
                }));
  }
  return {};
}

Result<void> ImapMailbox::mark_seen(std::span<const std::uint32_t> uids) {
  for (std::size_t begin = 0; begin < uids.size(); begin += kFetchAtOnce)
    RW_TRY(must("cannot mark messages", "UID STORE " +
                                            imap_set(uids.subspan(begin, std::min(kFetchAtOnce, uids.size() - begin))) +
                                            " +FLAGS.SILENT (\\Seen)"));
  return {};
}

Result<void> ImapMailbox::move_to(std::span<const std::uint32_t> uids, std::string_view folder) {
  const std::string name = mailbox_name(folder);
  for (std::size_t begin = 0; begin < uids.size(); begin += kFetchAtOnce) {
    const std::string set = imap_set(uids.subspan(begin, std::min(kFetchAtOnce, uids.size() - begin)));
    const bool move = can("move");
    const std::string text = (move ? "UID MOVE " : "UID COPY ") + set + " " + name;
    RW_ASSIGN(std::string done, command(text));
    if (done.find("[TRYCREATE]") != std::string::npos) {
      RW_TRY(must("cannot make the folder " + std::string(folder), "CREATE " + name));
      RW_ASSIGN(done, command(text));
    }
    if (!done.starts_with("OK"))
      return Failure(ErrorCode::kUsage,
                     "cannot move messages to " + std::string(folder) + ": the server says " + shown(done));
    if (move) continue;
    RW_TRY(must("cannot mark messages", "UID STORE " + set + " +FLAGS.SILENT (\\Deleted)"));
    // Without UIDPLUS an EXPUNGE would remove what others marked too: they stay, marked.
    if (can("uidplus")) RW_TRY(must("cannot remove messages", "UID EXPUNGE " + set));
  }
  return {};
}

void ImapMailbox::log_out() { static_cast<void>(command("LOGOUT")); }

}  // namespace rw
