// A checked message in columns, as a document, and in sentences.
#include "mail_check_text.h"

#include <algorithm>

#include "model/escape.h"

namespace rw {
namespace {

Value text_or_null(std::string_view text) { return text.empty() ? Value(Null{}) : Value(escape_text(text, 1000)); }

std::string joined(const std::vector<std::string>& words, std::string_view between = " ") {
  std::string out;
  for (const std::string& word : words) (out += out.empty() ? "" : between) += word;
  return out;
}

std::string from_text(const MessageCheck& check) {
  return check.author.addresses.empty() ? "" : check.author.addresses.front().text();
}

std::vector<std::string> types_of(const MessageCheck& check) {
  std::vector<std::string> out;
  for (const AttachmentItem& item : check.attachments.items)
    if (std::find(out.begin(), out.end(), item.type) == out.end()) out.push_back(item.type);
  return out;
}

std::vector<std::string> malware_of(const MessageCheck& check) {
  std::vector<std::string> out;
  for (const AttachmentItem& item : check.attachments.items)
    out.insert(out.end(), item.malware.begin(), item.malware.end());
  return out;
}

// Every column once: its name, whether people see it in the table, and its value.
struct CheckColumn {
  std::string_view name;
  bool table = false;
  Value (*value)(const CheckedMessage& message);
};

#define RW_CHECK_COLUMN(name, table, expression)        \
  CheckColumn {                                         \
    name, table, [](const CheckedMessage& m) -> Value { \
      const MessageCheck& c = m.check;                  \
      static_cast<void>(c);                             \
      return expression;                                \
    }                                                   \
  }

const std::vector<CheckColumn>& check_fields() {
  static const auto* const kColumns = new std::vector<CheckColumn>{
      RW_CHECK_COLUMN("time", true, c.time),
      RW_CHECK_COLUMN("verdict", true, std::string(to_string(c.verdict))),
      RW_CHECK_COLUMN("from_address", true, text_or_null(from_text(c))),
      RW_CHECK_COLUMN("impersonates", true, c.impersonation ? text_or_null(c.impersonation->like) : Value(Null{})),
      RW_CHECK_COLUMN("subject", false, text_or_null(c.subject)),
      RW_CHECK_COLUMN("input", false, text_or_null(m.input)),
      RW_CHECK_COLUMN("offset", false, static_cast<std::int64_t>(m.offset)),
      RW_CHECK_COLUMN("message_id", false, text_or_null(c.message_id)),
      RW_CHECK_COLUMN("author_state", false, std::string(to_string(c.author.state))),
      RW_CHECK_COLUMN(
          "from_name", false,
          c.author.addresses.empty() ? Value(Null{}) : text_or_null(c.author.addresses.front().display_name)),
      RW_CHECK_COLUMN("from_domain", false, text_or_null(c.author.domain)),
      RW_CHECK_COLUMN("reply_to_address", false,
                      c.reply_to.empty() ? Value(Null{}) : text_or_null(c.reply_to.front().text())),
      RW_CHECK_COLUMN("source", false, c.envelope.client ? Value(*c.envelope.client) : Value(Null{})),
      RW_CHECK_COLUMN("envelope_from", false,
                      c.envelope.mail_from ? Value(escape_text(*c.envelope.mail_from, 1000)) : Value(Null{})),
      RW_CHECK_COLUMN("dmarc", false, std::string(to_string(c.dmarc.result))),
      RW_CHECK_COLUMN("dmarc_7489", false, std::string(to_string(c.dmarc_7489.result))),
      RW_CHECK_COLUMN("dmarc_domain", false, text_or_null(c.dmarc.discovery.domain)),
      RW_CHECK_COLUMN("dmarc_policy", false,
                      c.dmarc.discovery.record && c.dmarc.discovery.policy
                          ? Value(std::string(to_string(*c.dmarc.discovery.policy)))
                          : Value(Null{})),
      RW_CHECK_COLUMN("spf", false, std::string(to_string(c.spf.result))),
      RW_CHECK_COLUMN("spf_domain", false, text_or_null(c.spf.domain)),
      RW_CHECK_COLUMN("dkim", false,
                      std::string(to_string(c.best_dkim() == nullptr ? DkimResult::kNone : c.best_dkim()->result))),
      RW_CHECK_COLUMN("dkim_domain", false,
                      c.best_dkim() == nullptr ? Value(Null{}) : text_or_null(c.best_dkim()->domain)),
      RW_CHECK_COLUMN("dkim_selector", false,
                      c.best_dkim() == nullptr ? Value(Null{}) : text_or_null(c.best_dkim()->selector)),
      RW_CHECK_COLUMN("arc", false, std::string(to_string(c.arc.result))),
      RW_CHECK_COLUMN("impersonation", false,
                      c.impersonation ? Value(std::string(to_string(c.impersonation->kind))) : Value(Null{})),
      RW_CHECK_COLUMN("links", false, static_cast<std::int64_t>(c.links.targets)),
      RW_CHECK_COLUMN("misleading_links", false, static_cast<std::int64_t>(c.links.misleading)),
      RW_CHECK_COLUMN("attachments", false, static_cast<std::int64_t>(c.attachments.attachments)),
      RW_CHECK_COLUMN("macros", false, static_cast<std::int64_t>(c.attachments.macros)),
      RW_CHECK_COLUMN("attachment_types", false, text_or_null(joined(types_of(c)))),
      RW_CHECK_COLUMN("malware", false, text_or_null(joined(malware_of(c)))),
      RW_CHECK_COLUMN("signs", true, joined(c.signs)),
      RW_CHECK_COLUMN("advice", false, c.advice.empty() ? Value(Null{}) : Value(c.advice)),
      RW_CHECK_COLUMN("authentication_results", false, m.results.empty() ? Value(Null{}) : Value(m.results)),
  };
  return *kColumns;
}

Document as_document(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return {*text};
  if (const auto* number = std::get_if<std::int64_t>(&value)) return {*number};
  if (const auto* time = std::get_if<Timestamp>(&value)) return {*time};
  if (const auto* ip = std::get_if<Ip>(&value)) return {ip->to_string()};
  return {};
}

class Lines {
 public:
  void line(std::string_view name, const std::string& value) {
    constexpr std::size_t kWidth = 22;
    text_.append("  ")
        .append(name)
        .append(name.size() < kWidth ? kWidth - name.size() : 1, ' ')
        .append(value)
        .append("\n");
  }
  std::string text_;
};

std::string spf_text(const MessageCheck& check) {
  if (check.client_unknown && check.trusted_results_from.empty())
    return "not asked: no trusted field tells who handed the message over and for which reverse path";
  std::string out(to_string(check.spf.result));
  if (!check.spf.domain.empty()) out += " for " + escape_text(check.spf.domain, 300);
  if (check.envelope.client) out += " from " + check.envelope.client->to_string();
  if (!check.spf.mechanism.empty()) out += " by " + escape_text(check.spf.mechanism, 300);
  return out + (check.spf.problem.empty() ? "" : "; " + escape_text(check.spf.problem, 300));
}

std::string dmarc_text(const DmarcVerdict& dmarc) {
  std::string out(to_string(dmarc.result));
  if (dmarc.discovery.state == DnsState::kFailed) return out + "; " + escape_text(dmarc.discovery.failure, 300);
  if (!dmarc.discovery.record)
    return out + "; " + (dmarc.discovery.several ? "several records, so none counts" : "no policy");
  out += "; policy of " + escape_text(dmarc.discovery.domain, 300) + " is ";
  out += dmarc.discovery.policy ? std::string(to_string(*dmarc.discovery.policy)) : "unknown";
  return out + (dmarc.spf_aligned ? "; SPF is aligned" : "") + (dmarc.dkim_aligned ? "; DKIM is aligned" : "");
}

}  // namespace

std::vector<AnswerColumn> check_columns(bool table) {
  std::vector<AnswerColumn> out;
  for (const CheckColumn& column : check_fields())
    if (!table || column.table) out.push_back({std::string(column.name), "", false});
  return out;
}

std::vector<Value> check_row(const CheckedMessage& message, bool table) {
  std::vector<Value> out;
  for (const CheckColumn& column : check_fields())
    if (!table || column.table) out.push_back(column.value(message));
  // Nothing stood out: a person reads a dash more easily than two quotes.
  if (table && message.check.signs.empty()) out.back() = Null{};
  return out;
}

Document check_document(const CheckedMessage& message) {
  Document document = Document::object();
  for (const CheckColumn& column : check_fields())
    document.set(std::string(column.name), as_document(column.value(message)));
  return document;
}

std::string check_details(const CheckedMessage& message) {
  const MessageCheck& check = message.check;
  Lines out;
  out.text_ = "\n" + escape_text(message.input, 300) +
              (message.offset > 0 ? " at byte " + std::to_string(message.offset) : "") + ": " +
              std::string(verdict_sentence(check.verdict)) + "\n";
  for (const MailAddress& from : check.author.addresses)
    out.line("from",
             escape_text(from.display_name.empty() ? from.text() : from.display_name + " <" + from.text() + ">", 300));
  for (const AddressDefect defect : check.author.defects) out.line("author is unclear", std::string(to_string(defect)));
  for (const MailAddress& reply : check.reply_to) out.line("answers go to", escape_text(reply.text(), 300));
  if (!check.subject.empty()) out.line("subject", escape_text(check.subject, 300));
  if (check.impersonation)
    out.line("looks like", escape_text(check.impersonation->like + ": " + check.impersonation->how, 300));
  out.line("SPF", spf_text(check));
  if (check.dkim.empty()) out.line("DKIM", "none");
  for (const DkimVerdict& signature : check.dkim)
    out.line("DKIM", std::string(to_string(signature.result)) + " for " + escape_text(signature.domain, 300) +
                         ", selector " + escape_text(signature.selector, 300) +
                         (signature.problem.empty() ? "" : "; " + escape_text(signature.problem, 300)));
  if (check.arc.result != ArcResult::kNone) out.line("ARC", std::string(to_string(check.arc.result)));
  if (!check.trusted_results_from.empty())
    out.line("results trusted from", escape_text(check.trusted_results_from, 300));
  out.line("DMARC, RFC 9989", dmarc_text(check.dmarc));
  if (dmarc_text(check.dmarc) != dmarc_text(check.dmarc_7489))
    out.line("DMARC, RFC 7489", dmarc_text(check.dmarc_7489));
  for (const AttachmentItem& item : check.attachments.items) {
    std::string signs;
    for (const AttachmentSign sign : item.signs) signs += (signs.empty() ? ": " : ", ") + std::string(to_string(sign));
    for (const std::string& name : item.malware) signs += (signs.empty() ? ": " : ", ") + escape_text(name, 100);
    out.line(item.depth == 0 ? "attachment" : "  in it",
             escape_text(item.name.empty() ? "(no name)" : item.name, 300) + " (" + item.type + ")" + signs);
  }
  for (const std::string& problem : check.attachments.problems) out.line("attachment", escape_text(problem, 300));
  for (const Link& link : check.links.links) {
    if (link.signs.empty()) continue;
    std::string signs;
    for (const LinkSign sign : link.signs) signs += (signs.empty() ? "" : ", ") + std::string(to_string(sign));
    out.line("link", escape_text(link.target, 200) +
                         (link.text.empty() ? "" : " shown as " + escape_text(link.text, 100)) + ": " + signs);
  }
  if (!check.signs.empty()) out.line("signs", joined(check.signs));
  if (!message.results.empty()) out.text_ += "Authentication-Results: " + message.results + "\n";
  if (!check.advice.empty()) {
    out.text_ += "\n  To send to the owner of " + escape_text(check.author.domain, 300) + ":\n\n";
    std::string_view rest(check.advice);
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      out.text_ += end == 0 ? "\n" : "    " + escape_text(rest.substr(0, end)) + "\n";
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return out.text_;
}

}  // namespace rw
