// Mail messages and mailboxes that carry reports: attachments are opened, within bounds, and read as the files are.
#include <algorithm>
#include <optional>
#include <string>

#include "format/dmarc_aggregate.h"
#include "format/dmarc_failure.h"
#include "format/format.h"
#include "format/smtp_tls.h"
#include "message/address.h"
#include "message/mailbox.h"
#include "message/message.h"
#include "message/mime.h"

namespace rw {
namespace {

constexpr std::size_t kMaxAttachment = std::size_t{48} << 20;  // of a message, decoded: what providers let through
constexpr std::size_t kMaxOpened = 1000;        // contents of one message's attachments that are looked at
constexpr unsigned kMaxNested = 3;              // messages in messages, as attached files
constexpr std::size_t kSmallWindow = 64 << 10;  // attachments are in memory already
constexpr std::size_t kHead = 4096;             // of a content, to tell what it is

// What one message turned out to carry.
struct Carried {
  std::size_t reports = 0;
  std::size_t broken = 0;  // attachments that were to be reports
  std::size_t opened = 0;
  std::string reason;  // of the first that was refused
};

class MessageReader {
 public:
  MessageReader(DecodeContext& context, std::uint64_t offset, std::uint64_t size, Carried& carried)
      : context_(context), offset_(offset), size_(size), carried_(carried) {}

  void read(std::string_view bytes, unsigned nested);

 private:
  ReportOrigin origin_of(const Message& message) const;
  bool worth_opening(const MimePart& part) const;
  void open(const MimePart& part, ReportOrigin origin, unsigned nested);
  void content(const std::string& name, StreamReader& input, const ReportOrigin& origin, unsigned nested);
  void refused(const ReportOrigin& origin, std::string_view code, const std::string& why);

  DecodeContext& context_;
  std::uint64_t offset_, size_;
  Carried& carried_;
};

ReportOrigin MessageReader::origin_of(const Message& message) const {
  ReportOrigin origin;
  origin.attached = true;
  origin.message_offset = offset_;
  origin.message_bytes = size_;
  std::int64_t time = 0;
  if (const HeaderField* date = message.find("Date"); date != nullptr && parse_mail_date(date->body, time))
    origin.message_time = time;
  if (const HeaderField* id = message.find("Message-ID")) {
    const std::string text = unfolded(id->body);
    std::string_view bare = trimmed(text);
    if (bare.starts_with('<')) bare.remove_prefix(1);
    if (bare.ends_with('>')) bare.remove_suffix(1);
    origin.message_id = bare;
  }
  if (const Author author = parse_author(message); !author.addresses.empty())
    origin.message_from = author.addresses.front().text();
  return origin;
}

void MessageReader::refused(const ReportOrigin& origin, std::string_view code, const std::string& why) {
  ++carried_.broken;
  if (carried_.reason.empty()) carried_.reason = (origin.name.empty() ? "its report" : origin.name) + ": " + why;
  ReportRows(context_, origin).weird(code, why);
}

// By name, type or first bytes: reporters label them in every way there is. Pictures and the like are not decoded.
bool MessageReader::worth_opening(const MimePart& part) const {
  if (part.is_multipart() || part.type.starts_with("message/")) return false;
  if (part.type.starts_with("image/") || part.type.starts_with("audio/") || part.type.starts_with("video/"))
    return false;
  if (part.type == "text/html" || (part.type == "text/plain" && !part.attachment && part.name.empty())) {
    const std::string head = part.decoded(512);
    return looks_like_dmarc_aggregate(as_bytes(head)) > 0 || looks_like_smtp_tls(as_bytes(head)) > 0;
  }
  constexpr std::string_view kTypes[] = {"application/gzip",
                                         "application/x-gzip",
                                         "application/zip",
                                         "application/x-zip",
                                         "application/x-zip-compressed",
                                         "application/octet-stream",
                                         "application/xml",
                                         "text/xml",
                                         "application/tlsrpt+json",
                                         "application/tlsrpt+gzip",
                                         "application/json",
                                         "text/plain",
                                         "multipart/x-zip",
                                         "application/gzip-compressed",
                                         "application/x-gzip-compressed",
                                         "application/x-compressed",
                                         "application/x-tar",
                                         "application/x-gtar"};
  if (std::find(std::begin(kTypes), std::end(kTypes), part.type) != std::end(kTypes)) return true;
  const std::string name = lowered(part.name);
  for (const std::string_view end : {".xml", ".gz", ".gzip", ".zip", ".json", ".eml", ".tgz", ".tar"})
    if (name.ends_with(end)) return true;
  const std::string head = part.decoded(4);
  return head.starts_with("\x1f\x8b") || head.starts_with("PK\x03\x04");
}

// Of an attachment: what calls itself a report and is none must not pass for an ordinary message.
bool named_as_report(std::string_view name) {
  const std::string small = lowered(name);
  for (const std::string_view end : {".xml", ".xml.gz", ".xml.zip", ".json.gz"})
    if (small.ends_with(end)) return true;
  return parse_report_name(name).begin.has_value();
}

void MessageReader::content(const std::string& name, StreamReader& input, const ReportOrigin& origin, unsigned nested) {
  ReportOrigin mine = origin;
  mine.name = name;
  if (++carried_.opened > kMaxOpened) {
    if (carried_.opened == kMaxOpened + 1) refused(mine, "too-many-attachments", "over 1,000 files in one message");
    return;
  }
  const Bytes head = input.peek(kHead);
  DecodeContext inner{input, context_.emitter, context_.shared, context_.options, context_.opener, context_.reports};
  std::uint64_t rows = 0;
  Result<void> done;
  if (looks_like_dmarc_aggregate(head) > 0) {
    done = decode_dmarc_aggregate(inner, mine, rows);
  } else if (looks_like_smtp_tls(head) > 0) {
    done = decode_smtp_tls(inner, mine, rows);
  } else if (nested < kMaxNested && is_mail_message(head) > 0) {
    // A message that somebody attached as a file, to hand reports on.
    const Bytes bytes = peek_all(input, kMaxAttachment);
    const std::string copy(as_text(bytes));  // the window is the reader's
    return read(copy, nested + 1);
  } else {
    if (!input.status()) return refused(mine, "attachment-broken", input.status().error().message);
    if (named_as_report(origin.name)) refused(mine, "no-report-inside", "is named like a report and holds none");
    return;  // something else: a signature, a picture, a text
  }
  if (!context_.emitter.status()) return;
  if (!done) refused(mine, "attachment-broken", done.error().message);
  if (rows > 0 || done) ++carried_.reports;
}

void MessageReader::open(const MimePart& part, ReportOrigin origin, unsigned nested) {
  bool cut = false;
  const std::string bytes = part.decoded(kMaxAttachment, &cut);
  origin.name = part.name;
  if (cut) return refused(origin, "attachment-too-large", "is over 48 MiB");
  if (bytes.empty()) return;
  if (context_.opener == nullptr) {
    MemoryStream stream(as_bytes(bytes));
    StreamReader reader(stream, kSmallWindow);
    return content(part.name, reader, origin, nested);
  }
  ContentOpener::Visitor visitor;
  visitor.content = [&](const std::string& name, ByteStream& stream) -> Result<void> {
    StreamReader reader(stream, kSmallWindow);
    content(name, reader, origin, nested);
    return context_.emitter.status();
  };
  visitor.unreadable = [&](const std::string& name, const Error& error) {
    ReportOrigin mine = origin;
    mine.name = name;
    refused(mine, "attachment-broken", error.message);
  };
  static_cast<void>(context_.opener->open(part.name, as_bytes(bytes), visitor));  // told by status() of the emitter
}

void MessageReader::read(std::string_view bytes, unsigned nested) {
  const Message message = parse_message(bytes);
  const MimeTree tree = parse_mime(message);
  const ReportOrigin origin = origin_of(message);
  const std::optional<FailureReport> failure = find_failure_report(tree);
  if (failure) {
    if (decode_dmarc_failure(context_, origin, tree, *failure))
      ++carried_.reports;
    else
      refused(origin, "failure-report-broken", "a failure report that tells too little");
  }
  std::vector<bool> foreign(tree.parts.size());  // below the message that a failure report is about
  for (std::size_t i = 0; i < tree.parts.size(); ++i) {
    const MimePart& part = tree.parts[i];
    foreign[i] = (failure && static_cast<int>(i) == failure->sample) ||
                 (part.parent >= 0 && foreign[static_cast<std::size_t>(part.parent)]);
    if (foreign[i] || (failure && static_cast<int>(i) == failure->feedback) || !worth_opening(part)) continue;
    open(part, origin, nested);
    if (!context_.emitter.status()) return;
  }
}

constexpr const char* kNoReport = "a mail message without a report: 'rangewatch mail check' reads those";

Result<void> decode_mailbox(DecodeContext& context) {
  MboxReader reader(context.input);
  std::uint64_t messages = 0, plain = 0;
  Carried last;
  bool any = false;
  for (MailboxMessage mail; reader.next(mail);) {
    ++messages;
    Carried carried;
    context.emitter.at(mail.offset);
    if (mail.cut) context.emitter.weird("message-too-large", "only its first 64 MiB are read");
    MessageReader(context, mail.offset, mail.size, carried).read(mail.bytes, 0);
    if (!context.emitter.status()) return {};
    any = any || carried.reports > 0 || carried.broken > 0;
    if (carried.reports == 0 && carried.broken == 0) {
      ++plain;
      context.emitter.at(mail.offset);
      context.emitter.skipped("message-without-report");
    }
    last = std::move(carried);
  }
  if (!context.input.status()) return Failure(context.input.status().error());
  if (messages == 0) return Failure(ErrorCode::kUnsupported, "holds no mail message");
  if (!any)
    return Failure(ErrorCode::kUnsupported,
                   messages == 1 ? kNoReport : "a mailbox without reports: 'rangewatch mail check' reads its messages");
  if (messages == 1 && last.reports == 0) return Failure(ErrorCode::kCorrupt, last.reason);
  return {};
}

int detect_mbox(Bytes head, std::string_view) { return is_mbox(head); }
int detect_message(Bytes head, std::string_view) { return is_mbox(head) > 0 ? 0 : is_mail_message(head); }

}  // namespace

extern constinit const Format kMailMessageFormat{
    "mail-message",
    "Mail message that carries reports",
    "mail_rows",
    "A message as a file (eml, or in a Maildir) with DMARC aggregate reports, failure reports (RFC 6591, and the plain "
    "texts that some send) or TLS reports: attached or as its text, plain or compressed with gzip or zip, in messages "
    "that are attached too, within bounds. A message without a report is skipped, and said so.",
    detect_message,
    decode_mailbox};

extern constinit const Format kMboxFormat{
    "mbox",
    "Mailbox of messages that carry reports (mbox)",
    "mail_rows",
    "Each message as a file of its own would be read, one at a time; messages without a report are counted.",
    detect_mbox,
    decode_mailbox};

}  // namespace rw
