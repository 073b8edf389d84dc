// What a check is written as: an Authentication-Results field (RFC 8601) and a row of the lake.
#include <algorithm>
#include <array>

#include "enrich/registered_domain.h"
#include "mail/check.h"
#include "model/escape.h"

namespace rw {
namespace {

// ---- Authentication-Results

constexpr std::size_t kMaxLine = 78;        // RFC 5322 2.1.1
constexpr std::size_t kMaxValue = 200;      // bytes of one value: longer ones are hostile
constexpr std::size_t kMaxSignatures = 10;  // told in one field

bool is_token(std::string_view text) {  // RFC 2045 5.1
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > 0x20 && c < 0x7F && std::string_view("()<>@,;:\\\"/[]?=").find(c) == std::string_view::npos;
  });
}

bool is_dot_atom(std::string_view text) {  // RFC 5322 3.2.3
  if (text.empty() || text.front() == '.' || text.back() == '.') return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view(".!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
  });
}

// A token, an address, or a quoted string; "" where it can be none of them.
std::string pvalue(std::string_view text) {
  if (text.empty() || text.size() > kMaxValue) return "";
  if (is_token(text)) return std::string(text);
  const std::size_t at = text.rfind('@');
  if (at != std::string_view::npos && is_token(text.substr(at + 1)) && (at == 0 || is_dot_atom(text.substr(0, at))))
    return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c < 0x20 || c > 0x7E) return "";
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

class ResultText {
 public:
  explicit ResultText(std::string_view authserv_id) : out_(authserv_id) { column_ = out_.size() + 24; }

  void method(std::string_view name, std::string_view result) {
    out_ += ";";
    ++column_;
    break_line();
    word(std::string(name) + "=" + std::string(result), false);
  }
  void property(std::string_view name, std::string_view value) {
    const std::string text = pvalue(value);
    if (!text.empty()) word(std::string(name) + "=" + text, true);
  }
  void comment(const std::string& text) { word("(" + text + ")", true); }  // of our own words only
  std::string text() && { return std::move(out_); }

 private:
  void break_line() {
    out_ += "\r\n\t";
    column_ = 8;
  }
  void word(const std::string& text, bool space) {
    if (space && column_ + 1 + text.size() > kMaxLine) {
      break_line();
    } else if (space) {
      out_ += ' ';
      ++column_;
    }
    out_ += text;
    column_ += text.size();
  }
  std::string out_;
  std::size_t column_ = 0;
};

// ---- rows

constexpr std::size_t kMaxWords = 20;     // link domains, attachment types
constexpr std::size_t kMaxText = 1000;    // of a name or address, escaped
constexpr std::size_t kMaxBody = 65'536;  // escaped

class RowText {
 public:
  explicit RowText(std::deque<std::string>& text) : text_(text) {}
  std::string_view keep(std::string value) {
    text_.push_back(std::move(value));
    return text_.back();
  }
  std::string_view escaped(std::string_view value, std::size_t limit = kMaxText) {
    return keep(escape_text(value, limit));
  }
  // Null where it is empty.
  std::string_view or_null(std::string_view value, std::size_t limit = kMaxText) {
    return value.empty() ? std::string_view() : escaped(value, limit);
  }

 private:
  std::deque<std::string>& text_;
};

std::string registered(std::string_view domain) {
  const std::string_view found = registered_domain(domain);
  return std::string(found.data() == nullptr ? domain : found);
}

std::string address_text(const MailAddress& address, const MessageRowOptions& options) {
  if (!options.hash_addresses || address.local.empty()) return address.text();
  return hashed_value(address.text(), options.seed) + "@" + address.domain;
}

std::string path_text(std::string_view path, const MessageRowOptions& options) {
  const std::size_t at = path.rfind('@');
  if (!options.hash_addresses || at == std::string_view::npos) return std::string(path);
  return hashed_value(path, options.seed) + std::string(path.substr(at));
}

template <typename List, typename Text>
std::string joined(const List& list, std::size_t most, const Text& text) {
  std::string out;
  std::size_t count = 0;
  for (const auto& item : list) {
    if (count++ == most) break;
    (out += out.empty() ? "" : " ") += text(item);
  }
  return out;
}

std::string_view overall(const std::vector<DkimVerdict>& dkim, const MessageCheck& check) {
  const DkimVerdict* best = check.best_dkim();
  return to_string(dkim.empty() || best == nullptr ? DkimResult::kNone : best->result);
}

void fill_author(const MessageCheck& check, const MessageRowOptions& options, RowText& text, MailMessage& row) {
  row.author_state = to_string(check.author.state);
  if (!check.author.addresses.empty()) {
    const MailAddress& from = check.author.addresses.front();
    row.from_address = text.or_null(address_text(from, options));
    row.from_domain = text.or_null(check.author.domain.empty() ? from.domain : check.author.domain);
    row.from_name = text.or_null(from.display_name);
  }
  if (!check.reply_to.empty()) {
    row.reply_to_address = text.or_null(address_text(check.reply_to.front(), options));
    row.reply_to_domain = text.or_null(check.reply_to.front().domain);
  }
  if (!check.recipients.empty()) {
    row.recipient = text.keep(hashed_value(check.recipients.front().text(), options.seed));
    row.recipient_domain = text.or_null(check.recipients.front().domain);
  }
  if (!check.subject.empty())
    row.subject =
        options.hash_subjects ? text.keep(hashed_value(check.subject, options.seed)) : text.escaped(check.subject);
}

void fill_authentication(const MessageCheck& check, RowText& text, MailMessage& row) {
  row.spf = to_string(check.spf.result);
  row.spf_domain = text.or_null(check.spf.domain);
  row.dkim = overall(check.dkim, check);
  if (const DkimVerdict* best = check.best_dkim()) {
    row.dkim_domain = text.or_null(best->domain);
    row.dkim_selector = text.or_null(best->selector);
  }
  row.arc = to_string(check.arc.result);
  row.dmarc = to_string(check.dmarc.result);
  row.dmarc_7489 = to_string(check.dmarc_7489.result);
  row.dmarc_domain = text.or_null(check.dmarc.discovery.domain);
  if (check.dmarc.discovery.record && check.dmarc.discovery.policy)
    row.dmarc_policy = to_string(*check.dmarc.discovery.policy);
  row.verdict = to_string(check.verdict);
  if (check.impersonation) {
    row.impersonates = text.or_null(check.impersonation->like);
    row.impersonation = to_string(check.impersonation->kind);
  }
}

void fill_content(const MessageCheck& check, const MessageRowOptions& options, RowText& text, MailMessage& row) {
  row.links = check.links.targets;
  row.misleading_links = check.links.misleading;
  row.link_domains = text.or_null(joined(check.links.domains, kMaxWords, [](const std::string& d) { return d; }), 4096);
  row.attachments = check.attachments.attachments;
  row.macros = check.attachments.macros;
  std::vector<std::string> types, malware;
  const auto add = [](std::vector<std::string>& list, const std::string& value) {
    if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
  };
  for (const AttachmentItem& item : check.attachments.items) {
    add(types, item.type);
    for (const std::string& name : item.malware) add(malware, name);
  }
  row.attachment_types = text.or_null(joined(types, kMaxWords, [](const std::string& t) { return t; }));
  row.malware = text.or_null(joined(malware, kMaxWords, [](const std::string& m) { return m; }));
  row.signs = text.keep(joined(check.signs, check.signs.size(), [](const std::string& s) { return s; }));
  row.sketch = text.or_null(check.sketch.hex);
  if (options.store_body) row.body = text.or_null(check.text, kMaxBody);
}

}  // namespace

std::string authentication_results(const MessageCheck& check, std::string_view authserv_id) {
  std::string id = pvalue(authserv_id);
  ResultText text(id.empty() ? "localhost" : id);
  text.method("spf", to_string(check.spf.result));
  if (check.client_unknown) {
    text.comment("the client is not known");
  } else if (check.spf.identity == "helo") {
    text.property("smtp.helo", check.spf.domain);
  } else {
    const std::string path = check.envelope.mail_from.value_or("");
    const std::string value = pvalue(path);
    text.property("smtp.mailfrom",
                  value.empty() || value.front() == '"' ? std::string_view(check.spf.domain) : std::string_view(path));
  }
  if (check.dkim.empty()) text.method("dkim", "none");
  for (std::size_t i = 0; i < std::min(check.dkim.size(), kMaxSignatures); ++i) {
    const DkimVerdict& signature = check.dkim[i];
    text.method("dkim", to_string(signature.result));
    if (signature.testing) text.comment("the key says t=y");
    text.property("header.d", signature.domain);
    text.property("header.s", signature.selector);
    text.property("header.a", signature.algorithm);
    text.property("header.b", signature.signature_start);
  }
  if (check.arc.result != ArcResult::kNone) {
    text.method("arc", to_string(check.arc.result));
    if (!check.arc.sets.empty()) text.property("header.oldest-pass", std::to_string(check.arc.oldest_pass));
  }
  text.method("dmarc", to_string(check.dmarc.result));
  if (check.dmarc.discovery.record && check.dmarc.discovery.policy)
    text.comment("p=" + std::string(to_string(*check.dmarc.discovery.policy)) +
                 " dis=" + std::string(to_string(check.dmarc.disposition)));
  text.property("header.from", check.author.domain);
  return std::move(text).text();
}

MessageRow message_row(const MessageCheck& check, const MessageRowOptions& options) {
  MessageRow out;
  RowText text(out.text);
  MailMessage& row = out.row;
  row.time = check.time.us;
  row.message_id = text.or_null(check.message_id);
  row.in_reply_to = text.or_null(check.in_reply_to);
  row.source = check.envelope.client;
  row.helo = text.or_null(check.envelope.helo);
  if (check.envelope.mail_from) {
    row.envelope_from = text.escaped(path_text(*check.envelope.mail_from, options));
    const std::size_t at = check.envelope.mail_from->rfind('@');
    if (at != std::string::npos) {
      const std::string domain = normalised_domain(std::string_view(*check.envelope.mail_from).substr(at + 1));
      row.envelope_domain = text.or_null(registered(domain));
    }
  }
  fill_author(check, options, text, row);
  fill_authentication(check, text, row);
  fill_content(check, options, text, row);
  row.text_bytes = static_cast<std::uint32_t>(std::min<std::size_t>(check.text_bytes, 0xFFFFFFFF));
  row.sensor = options.sensor;
  return out;
}

}  // namespace rw
