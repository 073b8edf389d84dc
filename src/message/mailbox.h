// Messages out of files: an mbox one message at a time, or a file that is one message; and how to tell them by content.
//
//   MboxReader reader(input);
//   for (MailboxMessage mail; reader.next(mail);) { const Message message = parse_message(mail.bytes); … }
//   if (!input.status()) …   // the stream was damaged: what came before has been told
//
// Memory stays flat: one message is held at a time, at most kMaxMessageBytes of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/stream.h"

namespace rw {

inline constexpr std::size_t kMaxMessageBytes = std::size_t{64} << 20;  // no provider takes over 50 MB (most: 25)

struct MailboxMessage {
  // The message without the mbox's own line and quoting. Valid until the next call of next().
  std::string_view bytes;
  std::string_view from_line;  // "From a@example.org Tue Apr 30 02:09:16 2019", "" where there is none; as bytes
  std::uint64_t offset = 0;    // of its first byte (the "From " line, where there is one) in the input
  std::uint64_t size = 0;      // in the input, what was cut off included
  bool cut = false;            // over kMaxMessageBytes: `bytes` is its beginning
  // Lines from which a quoting ">" was taken off. Only the mboxrd form undoes exactly, so a body hash that fails in
  // such a message may be the mailbox's doing.
  std::uint32_t unquoted = 0;
};

// Reads mboxo, mboxrd, mboxcl and mboxcl2. An input that does not begin with a "From " line is one message (eml, a file
// of a Maildir; a byte order mark and Apple's emlx frame are taken off).
//
// What separates messages: a line "From … hh:mm … yyyy" behind an empty line; without the empty line only when it has
// exactly the form of ctime() and a header field follows. Inside of a body that a Content-Length measures consistently
// (RFC 4155 names the practice) only the strictest form counts: a sender may write that field too, and must not hide
// messages with it.
class MboxReader {
 public:
  explicit MboxReader(StreamReader& input) : input_(input) {}

  bool next(MailboxMessage& message);     // false at the end
  bool is_mbox() const { return mbox_; }  // after the first next(): "From " lines separate

 private:
  // Part of a line that lies ahead in the input: the whole of it with its line end, or its next 64 kB.
  std::string_view ahead();
  void start();
  bool next_of_mbox(MailboxMessage& message);
  void read_single(MailboxMessage& message);
  bool separates(std::string_view line, bool behind_blank);
  void measure();
  void append(std::string_view text);

  StreamReader& input_;
  std::string bytes_;
  std::string from_text_;             // the line of the message that was handed out
  std::string from_line_;             // and of the next one
  std::uint64_t from_offset_ = 0;     // of the "From " line that opens the next message
  std::uint64_t measured_until_ = 0;  // offset where a consistent Content-Length ends
  std::uint64_t framed_ = 0;          // length that an emlx file gives, 0 without
  unsigned bad_measures_ = 0;
  bool started_ = false, mbox_ = false, open_ = false, cut_ = false;
};

// How sure the first bytes make it, 0 (not) to 100 (certain).
int is_mbox(Bytes head);
// One message as a file: begins with header fields, of which some are those of mail.
int is_mail_message(Bytes head);

// What the path of a file in a Maildir says; `in_maildir` is false where it is none.
struct MaildirName {
  bool in_maildir = false;  // the folder is "cur" or "new"
  bool temporary = false;   // the folder is "tmp": being delivered, not to be read
  std::string_view unique;  // before ":2,", the same while the message exists
  std::string_view flags;   // letters: D draft, F flagged, P passed on, R replied, S seen, T trashed
};
MaildirName parse_maildir_path(std::string_view path);

}  // namespace rw
