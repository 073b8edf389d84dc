// Puts the parts together: envelope, authentication, names, content, and the signs that they give.
#include "mail/check.h"

#include <nettle/hmac.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "enrich/registered_domain.h"
#include "mail/check_fields.h"
#include "message/html.h"

namespace rw {
namespace {

constexpr std::size_t kMaxTextKept = std::size_t{64} << 10;   // of what the author wrote
constexpr std::size_t kMaxTextRead = std::size_t{512} << 10;  // of one part: links stand at a mail's beginning
constexpr std::size_t kMaxTextParts = 20;
constexpr std::size_t kMaxRecipients = 100;

std::string_view registered_or_all(std::string_view domain) {
  const std::string_view registered = registered_domain(domain);
  return registered.data() == nullptr ? domain : registered;
}

void read_addresses(const Message& message, MessageCheck& check) {
  check.author = parse_author(message);
  for (const HeaderField& field : message.fields) {  // each of them: answers go where some reader finds it
    if (field.name.size() != 8 || !std::equal(field.name.begin(), field.name.end(), "reply-to",
                                              [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; }))
      continue;
    const AddressList list = parse_addresses(field.body);
    for (const MailAddress& address : list.addresses) {
      const bool same = std::any_of(
          check.author.addresses.begin(), check.author.addresses.end(),
          [&](const MailAddress& from) { return from.domain == address.domain && from.local == address.local; });
      if (!same && check.reply_to.size() < kMaxRecipients) check.reply_to.push_back(address);
    }
  }
  const auto add_recipient = [&](MailAddress address) {
    if (check.recipients.size() < kMaxRecipients && !address.domain.empty())
      check.recipients.push_back(std::move(address));
  };
  for (const std::string& text : check.envelope.recipients)
    for (MailAddress& address : parse_addresses(text).addresses) add_recipient(std::move(address));
  if (!check.recipients.empty()) return;
  for (const std::string_view name : {"to", "cc"})
    if (const HeaderField* field = message.find(name))
      for (MailAddress& address : parse_addresses(field->body).addresses) add_recipient(std::move(address));
}

void read_times_and_ids(const Message& message, const CheckOptions& options, MessageCheck& check) {
  check.time = options.now;
  std::int64_t us = 0;
  if (check.envelope.received)
    check.time = *check.envelope.received;
  else if (const HeaderField* date = message.find("date"); date != nullptr && parse_mail_date(date->body, us))
    check.time = {us};
  // A clock that runs ahead, or a sender who writes one: such a row would lie outside of every question.
  if (check.time > options.now + kDay) check.time = options.now;
  const auto id = [&](std::string_view name) {
    const HeaderField* field = message.find(name);
    if (field == nullptr) return std::string();
    const std::string text = unfolded(field->body);
    const std::size_t open = text.find('<');
    const std::size_t close = text.find('>', open == std::string::npos ? 0 : open);
    return open == std::string::npos || close == std::string::npos
               ? text.substr(0, 998)
               : text.substr(open + 1, close - open - 1).substr(0, 998);
  };
  check.message_id = id("message-id");
  check.in_reply_to = id("in-reply-to");
  if (const HeaderField* subject = message.find("subject")) check.subject = decoded_text(subject->body);
}

void authenticate(Resolver& resolver, const Message& message, const CheckOptions& options, MessageCheck& check) {
  // Signatures expire, and mail is checked long after it came: the time of a trusted Received counts, no Date.
  const Timestamp when = check.envelope.received ? std::min(*check.envelope.received, options.now) : options.now;
  const Envelope& envelope = check.envelope;
  if (envelope.client && envelope.mail_from) {
    check.spf = check_spf(resolver, {.client = *envelope.client,
                                     .helo = envelope.helo,
                                     .mail_from = envelope.mail_from.value_or(""),
                                     .receiver = options.receiver,
                                     .now = when});
  } else {
    check.client_unknown = true;
  }
  check.dkim = verify_dkim(resolver, message, when);
  check.arc = verify_arc(resolver, message, when);
  if (!options.trusted_authserv.empty()) use_trusted_results(message, options, check);
  const DmarcRequest request{.from_domain = check.author.domain, .spf = check.spf, .dkim = check.dkim};
  check.dmarc = evaluate_dmarc(resolver, request, DmarcStandard::kRfc9989);
  check.dmarc_7489 = evaluate_dmarc(resolver, request, DmarcStandard::kRfc7489);
}

// Where there is no policy DMARC ends early; whether an identifier is aligned all the same makes the verdict.
bool aligned_without_policy(Resolver& resolver, MessageCheck& check) {
  if (check.author.domain.empty() || check.dmarc.result != DmarcResult::kNone) return false;
  const auto is_aligned = [&](const std::string& domain) {
    return !domain.empty() && aligned(resolver, check.author.domain, domain, false, DmarcStandard::kRfc9989);
  };
  if (check.spf.result == SpfResult::kPass && is_aligned(check.spf.domain)) return true;
  return std::any_of(check.dkim.begin(), check.dkim.end(), [&](const DkimVerdict& signature) {
    return signature.result == DkimResult::kPass && is_aligned(signature.domain);
  });
}

void find_impersonation(const CheckOptions& options, MessageCheck& check) {
  if (options.names == nullptr || options.names->empty()) return;
  for (const MailAddress& from : check.author.addresses) {
    check.impersonation = options.names->domain(from.domain);
    if (!check.impersonation)
      check.impersonation = options.names->display_name(from.display_name, from.text(), from.domain);
    if (check.impersonation) return;
  }
  for (const MailAddress& reply : check.reply_to)
    if ((check.impersonation = options.names->domain(reply.domain))) {
      check.impersonation->how = "Reply-To: " + check.impersonation->how;
      return;
    }
}

void read_content(const MimeTree& tree, const CheckOptions& options, MessageCheck& check) {
  std::string plain, from_html;
  std::vector<HtmlLink> links;
  std::size_t read = 0;
  for (const MimePart& part : tree.parts) {
    if (part.attachment || !part.type.starts_with("text/") || ++read > kMaxTextParts) continue;
    if (part.type == "text/html") {
      const HtmlText html = read_html(part.text(kMaxTextRead));
      from_html += html.text + "\n";
      links.insert(links.end(), html.links.begin(), html.links.end());
    } else if (part.type == "text/plain") {
      const std::string text = part.text(kMaxTextRead);
      const std::vector<HtmlLink> found = plain_text_links(text);
      links.insert(links.end(), found.begin(), found.end());
      plain += text + "\n";
    }
  }
  check.text = authored_text(plain.find_first_not_of(" \t\r\n") == std::string::npos ? from_html : plain);
  check.text_bytes = check.text.size();
  check.sketch = sketch_of(check.text);
  if (check.text.size() > kMaxTextKept) check.text.resize(kMaxTextKept);
  check.links = check_links(links, {.names = options.names, .shorteners = &options.shorteners});
  check.attachments = check_attachments(tree, options.attachments);
}

void add(MessageCheck& check, std::string_view sign) {
  if (!check.has_sign(sign)) check.signs.emplace_back(sign);
}

// The others are common in honest mail: comments, names that should be quoted, groups.
bool stands_out(AddressDefect defect) {
  switch (defect) {
    case AddressDefect::kEmpty:
    case AddressDefect::kComment:
    case AddressDefect::kObsolete:
    case AddressDefect::kUnquotedName:
    case AddressDefect::kBadLocal:
    case AddressDefect::kGroup: return false;
    default: return true;
  }
}

void add_reply_signs(const CheckOptions& options, MessageCheck& check) {
  const Lookalikes* names = options.names;
  for (const MailAddress& reply : check.reply_to) {
    const std::string_view reply_domain = registered_or_all(reply.domain);
    const bool differs =
        std::none_of(check.author.addresses.begin(), check.author.addresses.end(),
                     [&](const MailAddress& from) { return registered_or_all(from.domain) == reply_domain; });
    const bool free = names != nullptr && names->is_free_mail(reply.domain);
    const bool from_free =
        names != nullptr && std::any_of(check.author.addresses.begin(), check.author.addresses.end(),
                                        [&](const MailAddress& a) { return names->is_free_mail(a.domain); });
    if (differs) add(check, "reply-to-differs");
    if (free && (differs || from_free)) add(check, "reply-to-free-mail");
    if (names != nullptr && names->domain(reply.domain)) add(check, "reply-to-lookalike");
  }
}

// Defects of the structure that make readers see different parts, or leave parts that nobody here has looked at.
bool hides_parts(MimeDefect defect) {
  switch (defect) {
    case MimeDefect::kTooManyParts:
    case MimeDefect::kTooDeep:
    case MimeDefect::kSeveralTypes:
    case MimeDefect::kPartAfterClose:
    case MimeDefect::kBoundaryPrefix:
    case MimeDefect::kEncodedContainer: return true;
    default: return false;
  }
}

void add_signs(const Message& message, const CheckOptions& options, MessageCheck& check) {
  if (check.verdict != MailVerdict::kPass) add(check, to_string(check.verdict));
  if (check.client_unknown) add(check, "client-unknown");
  for (const MessageDefect defect : check.message_defects)
    if (defect != MessageDefect::kEightBit && defect != MessageDefect::kLineTooLong) add(check, to_string(defect));
  for (const AddressDefect defect : check.author.defects)
    if (stands_out(defect)) add(check, "from-" + std::string(to_string(defect)));
  // Put on top of signed ones they are shown and not covered; behind l= anything may stand.
  for (const std::string_view name : repeated_fields(message)) add(check, "repeated-" + std::string(name));
  for (const DkimVerdict& signature : check.dkim)
    if (signature.result == DkimResult::kPass && signature.body_length_limited) add(check, "dkim-length");
  for (const MimeDefect defect : check.mime_defects)
    if (hides_parts(defect)) add(check, "mime-" + std::string(to_string(defect)));
  const bool by_author = check.impersonation && !check.impersonation->how.starts_with("Reply-To: ");
  if (by_author) add(check, "like-" + std::string(to_string(check.impersonation->kind)));
  add_reply_signs(options, check);
  for (const AttachmentSign sign : check.attachments.signs()) add(check, to_string(sign));
  for (const LinkSign sign : {LinkSign::kTextDiffers, LinkSign::kUserinfo, LinkSign::kIpHost, LinkSign::kPunycode,
                              LinkSign::kLookalike, LinkSign::kShortener, LinkSign::kDataUri})
    if (check.links.has(sign)) add(check, "link-" + std::string(to_string(sign)));
  for (const std::string_view sign : traffic_signs(message, check)) add(check, sign);
}

}  // namespace

bool MessageCheck::has_sign(std::string_view sign) const {
  return std::find(signs.begin(), signs.end(), sign) != signs.end();
}

const DkimVerdict* MessageCheck::best_dkim() const {
  if (dkim.empty()) return nullptr;
  const DkimVerdict* best = &dkim.front();
  for (const DkimVerdict& signature : dkim) {
    if (signature.result != DkimResult::kPass) continue;
    if (best->result != DkimResult::kPass) best = &signature;
    if (dmarc.dkim_aligned && signature.domain == dmarc.dkim_domain && signature.selector == dmarc.dkim_selector)
      return &signature;
  }
  return best;
}

MessageCheck check_message(Resolver& resolver, std::string_view bytes, const Envelope& envelope,
                           const CheckOptions& options) {
  const Message message = parse_message(bytes);
  MessageCheck check;
  check.envelope = envelope;
  check.message_defects = message.defects;
  read_addresses(message, check);
  read_times_and_ids(message, options, check);
  authenticate(resolver, message, options, check);
  check.verdict = verdict_of(check.author, check.dmarc, check.spf, check.dkim, aligned_without_policy(resolver, check));
  if (check.verdict == MailVerdict::kFailDelivered) check.advice = advice_to_owner(check.author.domain, check.dmarc);
  find_impersonation(options, check);
  if (options.content) {
    const MimeTree tree = parse_mime(message);
    check.mime_defects = tree.defects;
    read_content(tree, options, check);
    check.calendar = std::any_of(tree.parts.begin(), tree.parts.end(),
                                 [](const MimePart& part) { return part.type == "text/calendar"; });
  }
  add_signs(message, options, check);
  return check;
}

MessageCheck check_message(Resolver& resolver, std::string_view bytes, const CheckOptions& options) {
  return check_message(resolver, bytes, envelope_from_fields(parse_message(bytes), options), options);
}

std::string hashed_value(std::string_view text, std::uint64_t seed) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  std::array<std::uint8_t, 8> key{};
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(seed >> (8 * i));
  hmac_sha256_ctx context;
  hmac_sha256_set_key(&context, key.size(), key.data());
  hmac_sha256_update(&context, lower.size(), reinterpret_cast<const std::uint8_t*>(lower.data()));
  std::array<std::uint8_t, 8> digest{};
  hmac_sha256_digest(&context, digest.size(), digest.data());
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (const std::uint8_t byte : digest) (out += kHex[byte >> 4]) += kHex[byte & 15];
  return out;
}

}  // namespace rw
