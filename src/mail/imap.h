// An IMAP mailbox to fetch messages from and to file them in (RFC 9051 and 3501; UIDPLUS 4315, MOVE 6851), over TLS
// only.
//
//   RW_ASSIGN(const ImapUrl url, parse_imap_url("imaps://reports@mail.example.org/INBOX"));
//   RW_ASSIGN(auto transport, connect_imap(url, tls));
//   RW_ASSIGN(auto mailbox, ImapMailbox::open(std::move(transport), {.user = url.user, .password = …}));
//   RW_ASSIGN(const auto uids, mailbox->uids_from(1));
//   RW_TRY(mailbox->fetch(uids, [&](std::uint32_t uid, std::string&& bytes) { …; return Result<void>(); }));
//
// A server is as hostile as any input: lines, literals and counts are bounded, and nothing that a message holds is
// taken for an answer of the server.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace rw {

// imaps://user@host[:993]/mailbox (RFC 5092). The user and mailbox are percent-decoded; a password in it is refused:
// other people see command lines.
struct ImapUrl {
  std::string user;
  std::string host;
  std::uint16_t port = 993;
  std::string mailbox = "INBOX";
  std::string text() const;  // without anything secret
};
Result<ImapUrl> parse_imap_url(std::string_view text);

// A connection over which the protocol is spoken. Not thread-safe.
class ImapTransport {
 public:
  virtual ~ImapTransport() = default;
  virtual Result<void> send(std::string_view bytes) = 0;
  // At least one byte; kIo when the connection ended or nothing came in time.
  virtual Result<std::size_t> receive(std::span<char> buffer) = 0;
};

struct ImapTls {
  std::string ca_file;                       // of authorities to trust; empty: the system's. Names are always verified.
  Duration timeout = Duration::seconds(60);  // of connecting, and of each wait for the server
};
// kIo with the reason: no such host, refused, certificate not trusted. kUnsupported where libcurl is not installed.
Result<std::unique_ptr<ImapTransport>> connect_imap(const ImapUrl& url, const ImapTls& tls);

struct ImapLogin {
  std::string user;
  std::string password;
  std::string mailbox = "INBOX";
  bool change = false;  // messages will be filed: else the mailbox is opened for reading only
};

class ImapMailbox {
 public:
  // kUsage: the server refused user and password, or there is no such mailbox; kIo: the connection; kCorrupt: not IMAP.
  static Result<std::unique_ptr<ImapMailbox>> open(std::unique_ptr<ImapTransport> transport, const ImapLogin& login);

  // While this number stays the same, UIDs mean the same messages (RFC 9051 2.3.1.1).
  std::uint32_t uid_validity() const { return uid_validity_; }
  std::uint32_t messages() const { return messages_; }

  // In rising order.
  Result<std::vector<std::uint32_t>> uids_from(std::uint32_t first);
  // Calls `message` for each that still exists, in the server's order; neither sets \Seen nor any other flag. A message
  // over kMaxMessageBytes is passed over, and `too_large` told.
  struct Visitor {
    std::function<Result<void>(std::uint32_t uid, std::string&& bytes)> message;
    std::function<void(std::uint32_t uid, std::uint64_t bytes)> too_large;
  };
  Result<void> fetch(std::span<const std::uint32_t> uids, const Visitor& visitor);

  // kUsage where the folder does not exist and cannot be made.
  Result<void> move_to(std::span<const std::uint32_t> uids, std::string_view folder);
  Result<void> mark_seen(std::span<const std::uint32_t> uids);
  void log_out();

 private:
  explicit ImapMailbox(std::unique_ptr<ImapTransport> transport) : transport_(std::move(transport)) {}

  // One answer: its line with literals taken out, each of which left "{n}" at its place.
  struct Answer {
    std::string text;
    std::vector<std::string> literals;
    std::uint64_t passed_over = 0;  // bytes of a literal that was too large
  };
  using Untagged = std::function<Result<void>(Answer&)>;
  Result<std::string> line();
  Result<Answer> answer();
  Result<void> fill();
  // Sends, and reads up to the tagged answer, which is returned without its tag: "OK …", "NO …", "BAD …".
  Result<std::string> command(std::string_view text, const Untagged& untagged = {});
  Result<void> must(std::string_view what, std::string_view text, const Untagged& untagged = {});
  Result<void> log_in(const ImapLogin& login);
  Result<void> select(const ImapLogin& login);
  void take_capabilities(std::string_view text);
  bool can(std::string_view capability) const;

  std::unique_ptr<ImapTransport> transport_;
  std::string buffer_;
  std::size_t at_ = 0;
  unsigned next_tag_ = 1;
  std::vector<std::string> capabilities_;
  std::uint32_t uid_validity_ = 0;
  std::uint32_t messages_ = 0;
};

// "1:3,7" for rising numbers.
std::string imap_set(std::span<const std::uint32_t> uids);

}  // namespace rw
