// One message, checked: who claims to have written it, whether that holds, whom it looks like, what it carries.
//
//   CheckOptions options;                    // own names, trusted hops, scanners
//   const MessageCheck check = check_message(resolver, bytes, envelope_from_fields(bytes, options), options);
//   authentication_results(check, "mx.example.org")   // for a milter
//   emitter.add(message_row(check, row_options).row)  // for the lake
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/time.h"
#include "mail/arc.h"
#include "mail/attachments.h"
#include "mail/dkim.h"
#include "mail/dmarc.h"
#include "mail/links.h"
#include "mail/lookalike.h"
#include "mail/sketch.h"
#include "mail/spf.h"
#include "mail/verdict.h"
#include "message/address.h"
#include "message/message.h"
#include "message/mime.h"
#include "model/records.h"
#include "resolver/resolver.h"

namespace rw {

// What the SMTP session told, or what trusted fields of a stored message tell of it.
struct Envelope {
  std::optional<Ip> client;              // null: not known, then SPF is none and `client_unknown` says so
  std::string helo;                      // "" unknown
  std::optional<std::string> mail_from;  // without < and >; "" for a bounce; null: not known
  std::vector<std::string> recipients;   // RCPT TO; empty: Delivered-To, To and Cc stand for them
  std::optional<Timestamp> received;
};

struct CheckOptions {
  Timestamp now;                      // of the check: signature ages, and the message's time where it tells none
  const Lookalikes* names = nullptr;  // must outlive the call; null: nobody is known
  std::string receiver;               // our own name, for SPF's macro r
  // Stored messages: how many Received fields from the top are our own hops', beside those from trusted_hops.
  unsigned skip_hops = 0;
  std::vector<Prefix> trusted_hops;           // clients in these are our own relays: the next Received field counts
  std::vector<std::string> trusted_authserv;  // Authentication-Results of these may stand for SPF and DKIM results
  std::vector<std::string> shorteners;        // empty: the built-in list
  AttachmentOptions attachments;
  bool content = true;  // attachments, links, sketch; false: authentication and names only
};

// The envelope of a stored message: client and HELO from the topmost Received field that is not skipped, the reverse
// path from Return-Path, recipients from Delivered-To and X-Original-To.
Envelope envelope_from_fields(const Message& message, const CheckOptions& options);

struct MessageCheck {
  Timestamp time;                                // received, else Date, else now
  std::string message_id, in_reply_to, subject;  // decoded, not escaped
  Envelope envelope;
  bool client_unknown = false;       // client or reverse path are not known: SPF could not be asked
  std::string trusted_results_from;  // authserv-id whose results were used; "" without
  Author author;
  std::vector<MailAddress> reply_to;  // where answers go, when it is not the author
  std::vector<MailAddress> recipients;
  std::vector<MessageDefect> message_defects;
  std::vector<MimeDefect> mime_defects;

  SpfVerdict spf;
  std::vector<DkimVerdict> dkim;
  ArcVerdict arc;
  DmarcVerdict dmarc;       // RFC 9989
  DmarcVerdict dmarc_7489;  // RFC 7489
  MailVerdict verdict = MailVerdict::kNoAuthor;
  std::string advice;  // what to send to the owner of the From domain; "" where nothing is to be said

  std::optional<LookalikeMatch> impersonation;
  AttachmentReport attachments;
  LinkReport links;
  TextSketch sketch;
  std::string text;            // what the author wrote, quotes left out, at most 64 KiB
  std::size_t text_bytes = 0;  // of it, uncut
  bool calendar = false;       // an invitation or the answer to one
  // All that stood out, short stable words in a fixed order (see docs/guide/mail.md): "reply-to-differs", "macros",
  // "fail-delivered", "mailing-list" …
  std::vector<std::string> signs;

  bool has_sign(std::string_view sign) const;
  // The DKIM verdict that counts: the aligned pass, else a pass, else the first; null without signatures.
  const DkimVerdict* best_dkim() const;
};

// Never fails: what cannot be read or asked is a result of its own. Any thread.
MessageCheck check_message(Resolver& resolver, std::string_view bytes, const Envelope& envelope,
                           const CheckOptions& options);
// The same with the envelope taken from the message's own fields.
MessageCheck check_message(Resolver& resolver, std::string_view bytes, const CheckOptions& options);

// The DNS questions that checking will ask first (policy, SPF, keys): for asking ahead of a batch.
std::vector<DnsQuestion> questions_ahead(std::string_view bytes, const CheckOptions& options);

// Body of an Authentication-Results field (RFC 8601), without the name and without a final line end; folded with CRLF
// and a tab below 78 columns where it can be; values of the message are quoted or left out where they cannot be.
std::string authentication_results(const MessageCheck& check, std::string_view authserv_id);
// The authserv-id of such a field body, lower case; "" where there is none. For removing forged fields (RFC 8601 5).
std::string authserv_id_of(std::string_view field_body);

struct MessageRowOptions {
  std::uint64_t seed = 0;  // the lake's secret (Lake::hash_seed), for recipient and hashed values
  bool hash_subjects = false;
  bool hash_addresses = false;  // author, Reply-To and reverse path: local parts only, domains stay
  bool store_body = false;
  std::string_view sensor;  // "milter", or the source's name; must outlive the row
};
// A row and the text that it points into; the row is valid as long as this lives and may be moved.
struct MessageRow {
  MailMessage row;
  std::deque<std::string> text;
};
MessageRow message_row(const MessageCheck& check, const MessageRowOptions& options);
// 16 hexadecimal digits of HMAC-SHA-256 under the seed, over the lower-case text.
std::string hashed_value(std::string_view text, std::uint64_t seed);

}  // namespace rw
